/**
 * A document understood and not run: what it would ask, or everything that is wrong with it. The same steps, in the same
 * order, that an operation goes through before it is decided.
 */
import { type DocumentNode, type GraphQLSchema, getOperationAST, NoSchemaIntrospectionCustomRule, parse, specifiedRules, validate } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Catalogue } from '../catalogue/model.js';
import { Fault } from '../faults.js';
import { type AskedOperation, askedBy } from './inquiryOf.js';
import { LIMITS, type Limits } from './limits.js';

export interface Place {
  readonly line: number;
  readonly column: number;
}
/** What is wrong with a document, and where. */
export interface Problem {
  readonly fault: Fault;
  readonly locations: readonly Place[];
}
export type Understood =
  | { readonly ok: true; readonly asked: AskedOperation }
  /** At least one problem. */
  | { readonly ok: false; readonly problems: readonly Problem[] };

export interface Documents {
  understand(document: string, variables: Readonly<Record<string, unknown>>, operationName: string | null): Understood;
}

export interface DocumentsParts {
  readonly limits: Limits;
  readonly catalogue: Catalogue;
  /** The schema as it exists for the caller. */
  readonly view: GraphQLSchema;
  /** Nothing of the schema is told to who does not know it. */
  readonly production: boolean;
}

type Checked = { readonly document: DocumentNode; readonly problems: readonly Problem[] };

export function openDocuments({ limits, catalogue, view, production }: DocumentsParts): Documents {
  const rules = production ? [...specifiedRules, NoSchemaIntrospectionCustomRule] : specifiedRules;
  const known = new LRUCache<string, Checked>({ max: 200 });
  function check(text: string): Checked {
    const { operation } = limits.admit(text);
    let checked = known.get(operation);
    if (checked) return checked;
    const document = parse(text, { maxTokens: LIMITS.tokens });
    const problems = validate(view, document, rules, { maxErrors: LIMITS.errors }).map(({ message, locations = [] }) => {
      const told = production ? message.replace(/ ?Did you mean(.+?)\?$/, '') : message;
      return { fault: new Fault('GRAPHQL_VALIDATION_FAILED', { detail: told.slice(0, 300) }), locations };
    });
    checked = { document, problems: problems.slice(0, LIMITS.errors) };
    known.set(operation, checked);
    return checked;
  }
  return {
    understand(text, variables, operationName) {
      try {
        const { document, problems } = check(text);
        if (problems.length > 0) return { ok: false, problems };
        const operation = getOperationAST(document, operationName);
        if (!operation || !view.getRootType(operation.operation)) throw new Fault('OPERATION_NOT_SUPPORTED');
        return { ok: true, asked: askedBy({ schema: view, catalogue, document, operation, variables }) };
      } catch (error) {
        if (!(error instanceof Fault) || error.status >= 500) throw error;
        return { ok: false, problems: [{ fault: error, locations: (error.facts.locations as readonly Place[] | undefined) ?? [] }] };
      }
    },
  };
}
