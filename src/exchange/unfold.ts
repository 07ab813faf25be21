/**
 * An operation unfolded: fragments, aliases, @skip and @include taken apart exactly as execution does it, so that what is
 * decided, and what is written by plan, is what is asked.
 */
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLFieldMap,
  GraphQLIncludeDirective,
  type GraphQLSchema,
  GraphQLSkipDirective,
  getArgumentValues,
  getDirectiveValues,
  getVariableValues,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  visit,
} from 'graphql';
import type { Catalogue } from '../catalogue/model.js';
import { Fault } from '../faults.js';
import { LIMITS } from './limits.js';

export interface OperationSource {
  readonly schema: GraphQLSchema;
  readonly catalogue: Catalogue;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** One operation with the variables of one request. */
export class Unfolding {
  readonly #variables: Record<string, unknown>;
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  #unfolded = 0;

  /** @throws Fault BAD_USER_INPUT where the variables do not fit */
  constructor(readonly source: OperationSource) {
    const { schema, document, operation, variables } = source;
    const read = getVariableValues(schema, operation.variableDefinitions ?? [], variables, { maxErrors: LIMITS.errors });
    if (read.errors) throw new Fault('BAD_USER_INPUT', { detail: read.errors[0]?.message.slice(0, 200) ?? '' });
    this.#variables = read.coerced;
    this.#fragments = fragmentsIn(document);
  }

  /** Arguments of a field of a type, with defaults and variables filled in. @throws Fault BAD_USER_INPUT where a null may not stand */
  argumentsOf(fields: GraphQLFieldMap<unknown, unknown> | undefined, node: FieldNode): Record<string, unknown> {
    const definition = fields?.[node.name.value];
    if (!definition) throw new Fault('GRAPHQL_VALIDATION_FAILED');
    return used(() => getArgumentValues(definition, node, this.#variables));
  }

  /** Values of variables in one word: under the same word the operation unfolds alike. */
  wordOf(names: readonly string[]): string {
    return names.length === 0 ? '' : JSON.stringify(names.map((name) => this.#variables[name] ?? null));
  }

  /**
   * Fields of selection sets by response key, as execution merges them. `types` are the names a fragment may be on;
   * null where the type is concrete and validation has seen to it that every fragment fits.
   */
  fieldsOf(sets: readonly SelectionSetNode[], types: readonly string[] | null): Map<string, FieldNode[]> {
    const fields = new Map<string, FieldNode[]>();
    const visited = new Set<string>();
    const collect = (set: SelectionSetNode): void => {
      for (const selection of set.selections) {
        if (++this.#unfolded > LIMITS.unfolded) throw new Fault('QUERY_TOO_COSTLY', { detail: `> ${LIMITS.unfolded}` });
        if (!this.#included(selection)) continue;
        if (selection.kind === Kind.FIELD) {
          const key = (selection.alias ?? selection.name).value;
          const same = fields.get(key);
          if (same) same.push(selection);
          else fields.set(key, [selection]);
          continue;
        }
        const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : this.#fragment(selection.name.value, visited);
        const on = fragment?.typeCondition?.name.value;
        if (fragment && (on === undefined || types === null || types.includes(on))) collect(fragment.selectionSet);
      }
    };
    for (const set of sets) collect(set);
    return fields;
  }

  #fragment(name: string, visited: Set<string>): FragmentDefinitionNode | undefined {
    if (visited.has(name)) return undefined;
    visited.add(name);
    return this.#fragments.get(name);
  }

  #included(node: { readonly directives?: FieldNode['directives'] }): boolean {
    if (!node.directives || node.directives.length === 0) return true;
    return used(() => {
      if (getDirectiveValues(GraphQLSkipDirective, node, this.#variables)?.if === true) return false;
      return getDirectiveValues(GraphQLIncludeDirective, node, this.#variables)?.if !== false;
    });
  }
}

/** A variable with a default may be given as null, which is found wrong only where it is used. */
function used<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof GraphQLError ? new Fault('BAD_USER_INPUT', { detail: error.message.slice(0, 200) }) : error;
  }
}

export function selectionsOf(nodes: readonly FieldNode[]): SelectionSetNode[] {
  return nodes.flatMap(({ selectionSet }) => (selectionSet ? [selectionSet] : []));
}

/** Names of variables that decide what an operation selects, and those that page its lists. */
export interface Deciding {
  readonly selects: readonly string[];
  readonly pages: readonly string[];
}

/** Documents come from Apollo's store, so the same text is the same node. */
const decidingOf = new WeakMap<DocumentNode, Deciding>();
const fragmentsOf = new WeakMap<DocumentNode, ReadonlyMap<string, FragmentDefinitionNode>>();

export function decidingIn(document: DocumentNode): Deciding {
  const known = decidingOf.get(document);
  if (known) return known;
  const selects = new Set<string>();
  const pages = new Set<string>();
  visit(document, {
    Directive({ arguments: given }) {
      for (const { value } of given ?? []) if (value.kind === Kind.VARIABLE) selects.add(value.name.value);
    },
    Argument({ name, value }) {
      if (PAGING.has(name.value) && value.kind === Kind.VARIABLE) pages.add(value.name.value);
    },
  });
  const found = { selects: [...selects], pages: [...pages] };
  decidingOf.set(document, found);
  return found;
}
const PAGING: ReadonlySet<string> = new Set(['first', 'after']);

function fragmentsIn(document: DocumentNode): ReadonlyMap<string, FragmentDefinitionNode> {
  let known = fragmentsOf.get(document);
  if (!known) {
    known = new Map(
      document.definitions.flatMap((definition) => (definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition] as const] : [])),
    );
    fragmentsOf.set(document, known);
  }
  return known;
}
