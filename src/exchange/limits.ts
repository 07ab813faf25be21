/**
 * What a document may cost before any work is done on it. Looks at the text once per distinct document; what passed is
 * remembered by its hash.
 */
import { createHash } from 'node:crypto';
import { type DocumentNode, GraphQLError, Kind, parse, type SelectionSetNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import { Fault } from '../faults.js';

export const LIMITS = Object.freeze({
  /** Tokens of a document; a query of every item of the zone has about 6,000. */
  tokens: 12_000,
  /** Levels of selection sets; the introspection query of GraphiQL has 15. */
  depth: 16,
  /** Aliases of a document, all fragments together. */
  aliases: 60,
  directives: 60,
  /** How often one response key may be repeated in a selection set. */
  repeats: 8,
  /** Enterprises of one batch. */
  enterprises: 1_000,
  /** Records an operation may look up: enterprises times categories. */
  cost: 20_000,
  /** Fields an operation may have when its fragments are unfolded. */
  unfolded: 20_000,
  /** Errors told of one request. */
  errors: 5,
});

export interface Admission {
  /** SHA-256 (hex) of the document, as the audit log keeps it. */
  readonly operation: string;
}

export interface Limits {
  /** @throws Fault GRAPHQL_PARSE_FAILED, TOO_MANY_TOKENS, QUERY_TOO_DEEP, TOO_MANY_ALIASES, TOO_MANY_DIRECTIVES, QUERY_TOO_COSTLY */
  admit(document: string): Admission;
}

export function openLimits(): Limits {
  const admitted = new LRUCache<string, Admission>({ max: 5_000 });
  return {
    admit(document) {
      const operation = createHash('sha256').update(document).digest('hex');
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
    return parse(document, { maxTokens: LIMITS.tokens, noLocation: true });
  } catch (error) {
    // Deeply nested lists and objects exhaust the parser's stack before they reach the limit of tokens.
    if (error instanceof RangeError) throw new Fault('QUERY_TOO_DEEP');
    if (!(error instanceof GraphQLError)) throw error;
    if (error.message.includes('tokens')) throw new Fault('TOO_MANY_TOKENS', { detail: `> ${LIMITS.tokens}` });
    throw new Fault('GRAPHQL_PARSE_FAILED', { detail: error.message.slice(0, 200), facts: { locations: error.locations } });
  }
}

function checkDocument(document: DocumentNode): void {
  const counted = { aliases: 0, directives: 0 };
  const fragments = new Map<string, SelectionSetNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition.selectionSet);
    if ('directives' in definition) counted.directives += definition.directives?.length ?? 0;
  }
  const depths = new Map<SelectionSetNode, number>();
  const depthOf = (set: SelectionSetNode): number => {
    const known = depths.get(set);
    if (known !== undefined) return known;
    // A set met again while it is being measured belongs to a circle of fragments, which validation will name.
    depths.set(set, 0);
    let deepest = 0;
    const repeats = new Map<string, number>();
    for (const selection of set.selections) {
      counted.directives += selection.directives?.length ?? 0;
      if (selection.kind === Kind.FIELD) {
        if (selection.alias) counted.aliases++;
        const key = (selection.alias ?? selection.name).value;
        repeats.set(key, (repeats.get(key) ?? 0) + 1);
        if ((repeats.get(key) as number) > LIMITS.repeats) throw new Fault('QUERY_TOO_COSTLY', { detail: `> ${LIMITS.repeats} × one field` });
        if (selection.selectionSet) deepest = Math.max(deepest, 1 + depthOf(selection.selectionSet));
      } else {
        const inner = selection.kind === Kind.INLINE_FRAGMENT ? selection.selectionSet : fragments.get(selection.name.value);
        if (inner) deepest = Math.max(deepest, depthOf(inner));
      }
    }
    depths.set(set, deepest);
    return deepest;
  };
  for (const definition of document.definitions) {
    if ('selectionSet' in definition && definition.selectionSet && depthOf(definition.selectionSet) > LIMITS.depth) {
      throw new Fault('QUERY_TOO_DEEP', { detail: `> ${LIMITS.depth}` });
    }
  }
  if (counted.aliases > LIMITS.aliases) throw new Fault('TOO_MANY_ALIASES', { detail: `> ${LIMITS.aliases}` });
  if (counted.directives > LIMITS.directives) throw new Fault('TOO_MANY_DIRECTIVES', { detail: `> ${LIMITS.directives}` });
}
