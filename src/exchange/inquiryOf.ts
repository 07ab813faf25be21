/**
 * What an operation asks, before it runs: which items of which enterprises, and why. Unfolds fragments, aliases, @skip and
 * @include exactly as execution does, so that what is decided is what is asked.
 */
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLIncludeDirective,
  type GraphQLSchema,
  GraphQLSkipDirective,
  getArgumentValues,
  getDirectiveValues,
  getVariableValues,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import type { Cause, Read } from '../access/inquiry.js';
import type { Catalogue, Category, Item } from '../catalogue/model.js';
import { Fault } from '../faults.js';
import type { Uscc } from '../terms.js';
import { LIMITS } from './limits.js';
import type { TypedUscc } from './scalars.js';
import type { InquiryInput } from './types.js';

export interface AskedOperation {
  readonly reads: readonly AskedRead[];
  /** null where the operation reads no record. */
  readonly cause: Cause | null;
  /** Root fields asked, by their names. */
  readonly fields: readonly string[];
  /** Records it answers at most: enterprises times categories, each as often as it is named, for each time is written out. */
  readonly cost: number;
  /** Values it answers, as estimated: lists without `first` count as ten rows. */
  readonly values: number;
}
export interface AskedRead extends Read {
  readonly field: 'enterprise' | 'enterprises';
  /** Codes of a batch that are not valid. */
  readonly invalid: number;
}

export interface OperationSource {
  readonly schema: GraphQLSchema;
  readonly catalogue: Catalogue;
  readonly operation: OperationDefinitionNode;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Reads one operation of a validated document, with the fragments that stand beside it. @throws as `inquiryOf` does */
export function askedBy({ document, ...rest }: Omit<OperationSource, 'fragments'> & { readonly document: DocumentNode }): AskedOperation {
  const fragments = Object.fromEntries(
    document.definitions.flatMap((definition) => (definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition]] : [])),
  );
  return inquiryOf({ ...rest, fragments });
}

/**
 * Reads a validated operation.
 * @throws Fault BAD_USER_INPUT, INVALID_USCC, INVALID_INQUIRY, BATCH_TOO_LARGE, MIXED_INQUIRIES, MANY_MUTATIONS, QUERY_TOO_COSTLY
 */
export function inquiryOf(source: OperationSource): AskedOperation {
  const walk = new Walk(source);
  if (source.operation.operation === 'mutation') return { reads: [], cause: null, fields: mutationOf(walk, source), cost: 0, values: 0 };
  const { root, selections } = unfolded(walk, source);
  const reads: AskedRead[] = [];
  let cause: Cause | null = null;
  let cost = 0;
  let values = 0;
  for (const { key, field, node, asked, name, selected, size } of selections) {
    const args = walk.argumentsOf(node, field);
    const stated = causeOf(args.inquiry as InquiryInput);
    if (cause && JSON.stringify(cause) !== JSON.stringify(stated)) throw new Fault('MIXED_INQUIRIES');
    cause = stated;
    const { usccs, invalid, places } = enterprisesOf(field, args);
    reads.push({ key, field, usccs, invalid, asked, name });
    // An enterprise of which no record is asked is looked up all the same.
    cost += places * Math.max(1, selected);
    values += places * size;
  }
  if (cost > LIMITS.cost) throw new Fault('QUERY_TOO_COSTLY', { detail: `${cost} > ${LIMITS.cost}`, facts: { cost, limit: LIMITS.cost } });
  if (values > LIMITS.recordValues)
    throw new Fault('QUERY_TOO_COSTLY', { detail: `~${values} > ${LIMITS.recordValues}: first`, facts: { values, limit: LIMITS.recordValues } });
  return { reads, cause, fields: root, cost, values };
}

/** What an operation selects, whatever the variables say. */
interface Unfolded {
  readonly root: readonly string[];
  readonly selections: readonly (Pick<AskedRead, 'key' | 'field' | 'asked' | 'name'> & {
    readonly node: FieldNode;
    readonly selected: number;
    readonly size: number;
  })[];
}

/** Operations come from Apollo's document store, so the same text is the same node. */
const unfoldedOf = new WeakMap<OperationDefinitionNode, Unfolded>();

function unfolded(walk: Walk, { operation }: OperationSource): Unfolded {
  const known = unfoldedOf.get(operation);
  if (known) return known;
  const root = walk.fieldsOf([operation.selectionSet], ['Query']);
  const selections = [...root].flatMap(([key, nodes]) => {
    const node = nodes[0] as FieldNode;
    const field = node.name.value;
    return field === 'enterprise' || field === 'enterprises' ? [{ key, field, node, ...walk.askedOf(nodes) } as const] : [];
  });
  const found = { root: [...root.values()].map((nodes) => (nodes[0] as FieldNode).name.value), selections };
  if (!walk.metDirectives) unfoldedOf.set(operation, found);
  return found;
}

/** A mutation and its audit entry are one transaction, so there is one of them an operation. */
function mutationOf(walk: Walk, { operation }: OperationSource): string[] {
  const fields = [...walk.fieldsOf([operation.selectionSet], ['Mutation']).values()].map((nodes) => (nodes[0] as FieldNode).name.value);
  if (fields.length > 1) throw new Fault('MANY_MUTATIONS', { detail: `${fields.length}` });
  return fields;
}

/** What the audit log can show: no control, no invisible and no unassigned character, and no break of line. */
const PRINTABLE = /^[^\p{C}\p{Zl}\p{Zp}]{1,64}$/u;

function causeOf({ purpose, caseNumber, operator }: InquiryInput): Cause {
  const stated = caseNumber.trim();
  if (!PRINTABLE.test(stated)) throw new Fault('INVALID_INQUIRY', { detail: 'caseNumber: 1 - 64' });
  const who = operator?.trim() || null;
  if (who !== null && !PRINTABLE.test(who)) throw new Fault('INVALID_INQUIRY', { detail: 'operator: 1 - 64' });
  return { purpose, caseNumber: stated, operator: who };
}

function enterprisesOf(field: AskedRead['field'], args: Record<string, unknown>): { usccs: Uscc[]; invalid: number; places: number } {
  if (field === 'enterprise') {
    const typed = args.uscc as TypedUscc;
    if (!typed.ok) throw new Fault('INVALID_USCC', { detail: typed.reason, facts: { reason: typed.reason } });
    return { usccs: [typed.uscc], invalid: 0, places: 1 };
  }
  const typed = args.usccs as TypedUscc[];
  if (typed.length > LIMITS.enterprises) throw new Fault('BATCH_TOO_LARGE', { detail: `${typed.length} > ${LIMITS.enterprises}` });
  const valid = typed.flatMap((code) => (code.ok ? [code.uscc] : []));
  return { usccs: [...new Set(valid)], invalid: typed.length - valid.length, places: valid.length };
}

class Walk {
  readonly #variables: Record<string, unknown>;
  #unfolded = 0;
  /** Whether @skip or @include was met, so that what is selected depends on the variables. */
  metDirectives = false;

  constructor(private readonly source: OperationSource) {
    const read = getVariableValues(source.schema, source.operation.variableDefinitions ?? [], source.variables, { maxErrors: LIMITS.errors });
    if (read.errors) throw new Fault('BAD_USER_INPUT', { detail: read.errors[0]?.message.slice(0, 200) ?? '' });
    this.#variables = read.coerced;
  }

  argumentsOf(node: FieldNode, field: string): Record<string, unknown> {
    const definition = this.source.schema.getQueryType()?.getFields()[field];
    if (!definition) throw new Fault('GRAPHQL_VALIDATION_FAILED');
    return getArgumentValues(definition, node, this.#variables);
  }

  /** Items asked of each category below an enterprise; `selected` counts categories and `size` values, each alias for itself. */
  askedOf(nodes: readonly FieldNode[]): Pick<Read, 'asked' | 'name'> & { selected: number; size: number } {
    const { catalogue } = this.source;
    const asked = new Map<Category, Item[]>();
    const enterprise = this.fieldsOf(selectionsOf(nodes), ['Enterprise', 'EnterpriseResult']);
    let name = false;
    let selected = 0;
    let size = 1;
    for (const domainNodes of enterprise.values()) {
      const domain = (domainNodes[0] as FieldNode).name.value;
      if (domain === 'name') name = true;
      const ofDomain = catalogue.categories.filter((category) => category.domain === domain);
      if (ofDomain.length === 0) continue;
      for (const categoryNodes of this.fieldsOf(selectionsOf(domainNodes), null).values()) {
        const category = ofDomain.find(({ field }) => field === (categoryNodes[0] as FieldNode).name.value);
        if (!category) continue;
        selected++;
        const items = new Set(asked.get(category));
        const fields = this.fieldsOf(selectionsOf(categoryNodes), null);
        size += rowsOf(category, categoryNodes[0] as FieldNode) * fields.size;
        for (const itemNodes of fields.values()) {
          const item = category.itemsByName.get((itemNodes[0] as FieldNode).name.value);
          if (item) items.add(item);
        }
        asked.set(category, [...items]);
      }
    }
    return { asked, name, selected, size };
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
    return this.source.fragments[name];
  }

  #included(node: { readonly directives?: FieldNode['directives'] }): boolean {
    if (!node.directives || node.directives.length === 0) return true;
    this.metDirectives = true;
    if (getDirectiveValues(GraphQLSkipDirective, node, this.#variables)?.if === true) return false;
    return getDirectiveValues(GraphQLIncludeDirective, node, this.#variables)?.if !== false;
  }
}

function selectionsOf(nodes: readonly FieldNode[]): SelectionSetNode[] {
  return nodes.flatMap(({ selectionSet }) => (selectionSet ? [selectionSet] : []));
}

/** Rows a list has where nobody says how many are wanted. */
const USUAL_ROWS = 10;

function rowsOf(category: Category, node: FieldNode): number {
  if (category.cardinality === 'ONE') return 1;
  const first = node.arguments?.find(({ name }) => name.value === 'first')?.value;
  return first?.kind === Kind.INT ? Math.max(1, Math.min(100, Number(first.value))) : USUAL_ROWS;
}
