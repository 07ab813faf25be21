/**
 * What a document may cost before any work is done on it. Looks at the text once per distinct document; what passed is
 * remembered by its hash.
 */
import { hash } from 'node:crypto';
import { type DocumentNode, type FieldNode, GraphQLError, Kind, Lexer, parse, type SelectionSetNode, Source, TokenKind } from 'graphql';
import { LRUCache } from 'lru-cache';
import { Fault } from '../faults.js';

export const LIMITS = Object.freeze({
  /** Tokens of a document; a query of every item of the zone has about 6,000. */
  tokens: 12_000,
  /** Levels of selection sets; the introspection query of GraphiQL has 15. */
  depth: 16,
  /** Brackets of any kind that may stand open at once. */
  nesting: 64,
  /** Aliases of a document, all fragments together. */
  aliases: 60,
  directives: 60,
  /** How often one response key may be repeated in a selection set. */
  repeats: 8,
  /** Enterprises of one batch. */
  enterprises: 1_000,
  /** Records an operation may answer: enterprises times categories, each as often as it is named. */
  cost: 20_000,
  /** Values that catalogue, access and introspection may give, as estimated by `USUAL_LENGTH`; the whole catalogue has about 60,000. */
  values: 200_000,
  /** Values of records an operation may answer, as estimated: a batch of 1,000 firms may ask 300 values of each. */
  recordValues: 300_000,
  /** Rows of a list that are given at once, and where nobody says how many. */
  rows: 100,
  /** Fields an operation may have when its fragments are unfolded. */
  unfolded: 20_000,
  /** Errors told of one request. */
  errors: 5,
});

/** Fields that go through the log, or weigh whole operations: one of them an operation, under whatever alias. */
const STUDIES = new Set(['explainDecision', 'enterpriseStatement', 'previewQuery', 'simulatePolicy', 'leastPrivilege', 'comparePolicies', 'myPolicy', 'usage']);

/** Lists that are no records: how long they usually are. Lists of categories below their provider count like all of them. */
const USUAL_LENGTH = Object.freeze({
  categories: 256,
  items: 13,
  codes: 100,
  myAccess: 3_158,
  types: 100,
  fields: 13,
  explainDecision: 20,
  enterpriseStatement: 100,
  lines: 100,
  previewQuery: 2_000,
  auditTrail: 50,
  usage: 100,
});

export interface Admission {
  /** SHA-256 (hex) of the document, as the audit log keeps it. */
  readonly operation: string;
}

export interface Limits {
  /** @throws Fault GRAPHQL_PARSE_FAILED, TOO_MANY_TOKENS, QUERY_TOO_DEEP, TOO_MANY_ALIASES, TOO_MANY_DIRECTIVES, QUERY_TOO_COSTLY */
  admit(document: string): Admission;
}

/** What the log keeps of a document, admitted or not. */
export function hashOf(document: string): string {
  return hash('sha256', document, 'hex');
}

export function openLimits(): Limits {
  const admitted = new LRUCache<string, Admission>({ max: 5_000 });
  return {
    admit(document) {
      const operation = hashOf(document);
      const known = admitted.get(operation);
      if (known) return known;
      checkDocument(parsed(document));
      const admission = { operation };
      admitted.set(operation, admission);
      return admission;
    },
  };
}

function parsed(document: string): DocumentNode {
  try {
    checkTokens(document);
    return parse(document, { noLocation: true });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    throw new Fault('GRAPHQL_PARSE_FAILED', { detail: error.message.slice(0, 200), facts: { locations: error.locations } });
  }
}

/** Before parsing, and without a stack: the parser, validation and execution all go as deep as brackets stand open. */
function checkTokens(document: string): void {
  const lexer = new Lexer(new Source(document));
  let open = 0;
  for (let count = 1, { kind } = lexer.advance(); kind !== TokenKind.EOF; count++, { kind } = lexer.advance()) {
    if (count > LIMITS.tokens) throw new Fault('TOO_MANY_TOKENS', { detail: `> ${LIMITS.tokens}` });
    if ('([{'.includes(kind)) open++;
    else if (')]}'.includes(kind)) open--;
    if (open > LIMITS.nesting) throw new Fault('QUERY_TOO_DEEP', { detail: `> ${LIMITS.nesting}` });
  }
}

interface Measure {
  readonly depth: number;
  readonly values: number;
}

function lengthOf({ name, arguments: given }: FieldNode): number {
  // Of one category, access is told of its items only.
  if (name.value === 'myAccess' && given?.some((argument) => argument.name.value === 'category')) return USUAL_LENGTH.items;
  return Object.hasOwn(USUAL_LENGTH, name.value) ? USUAL_LENGTH[name.value as keyof typeof USUAL_LENGTH] : 1;
}

function checkDocument(document: DocumentNode): void {
  const counted = { aliases: 0, directives: 0, studies: 0 };
  const fragments = new Map<string, SelectionSetNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition.selectionSet);
    if ('directives' in definition) counted.directives += definition.directives?.length ?? 0;
    if ('variableDefinitions' in definition) for (const { directives } of definition.variableDefinitions ?? []) counted.directives += directives?.length ?? 0;
  }
  const measured = new Map<SelectionSetNode, Measure>();
  const measure = (set: SelectionSetNode): Measure => {
    const known = measured.get(set);
    if (known !== undefined) return known;
    // A set met again while it is being measured belongs to a circle of fragments, which validation will name.
    measured.set(set, { depth: 0, values: 0 });
    let deepest = 0;
    let values = 0;
    const repeats = new Map<string, number>();
    for (const selection of set.selections) {
      counted.directives += selection.directives?.length ?? 0;
      if (selection.kind === Kind.FIELD) {
        if (selection.alias) counted.aliases++;
        if (STUDIES.has(selection.name.value)) counted.studies++;
        const key = (selection.alias ?? selection.name).value;
        repeats.set(key, (repeats.get(key) ?? 0) + 1);
        if ((repeats.get(key) as number) > LIMITS.repeats) throw new Fault('QUERY_TOO_COSTLY', { detail: `> ${LIMITS.repeats} × one field` });
        const below = selection.selectionSet ? measure(selection.selectionSet) : { depth: -1, values: 0 };
        deepest = Math.max(deepest, 1 + below.depth);
        values += lengthOf(selection) * (1 + below.values);
      } else {
        const inner = selection.kind === Kind.INLINE_FRAGMENT ? selection.selectionSet : fragments.get(selection.name.value);
        const below = inner && measure(inner);
        deepest = Math.max(deepest, below?.depth ?? 0);
        values += below?.values ?? 0;
      }
    }
    const found = { depth: deepest, values };
    measured.set(set, found);
    return found;
  };
  for (const definition of document.definitions) {
    if (!('selectionSet' in definition) || !definition.selectionSet) continue;
    const { depth, values } = measure(definition.selectionSet);
    if (depth > LIMITS.depth) throw new Fault('QUERY_TOO_DEEP', { detail: `> ${LIMITS.depth}` });
    if (values > LIMITS.values) throw new Fault('QUERY_TOO_COSTLY', { detail: `${values} > ${LIMITS.values}` });
  }
  if (counted.aliases > LIMITS.aliases) throw new Fault('TOO_MANY_ALIASES', { detail: `> ${LIMITS.aliases}` });
  if (counted.studies > 1) throw new Fault('QUERY_TOO_COSTLY', { detail: `1 × ${[...STUDIES].join(' | ')}` });
  if (counted.directives > LIMITS.directives) throw new Fault('TOO_MANY_DIRECTIVES', { detail: `> ${LIMITS.directives}` });
}
