// What is asked, before it is put into anybody's words: an ask names enterprises or a name; a dialect makes a request of it.
import { queryA, queryB, querySearch } from '../workloads.mjs';

/** How many enterprises a request of each workload names; the mix is 80 % A, 15 % B, 5 % searches. */
const SIZE = { A: 1, B: 100, B1000: 1_000 };
const MIX = ['A', 'A', 'B', 'A', 'A', 'A', 'A', 'A', 'B', 'A', 'A', 'A', 'S', 'A', 'A', 'B', 'A', 'A', 'A', 'A'];
export const WORKLOADS = [...Object.keys(SIZE), 'mix'];
export const SEARCH_FIRST = 20;

/** Asks that name each enterprise once at most, until the enterprises are used up. */
export function asksOf(workload, usccs, names) {
  const asks = [];
  let from = 0;
  for (let position = 0; ; position++) {
    const kind = workload === 'mix' ? MIX[position % MIX.length] : workload;
    if (kind === 'S') {
      asks.push({ kind, name: names[position % names.length] });
      continue;
    }
    const batch = usccs.slice(from, (from += SIZE[kind]));
    if (batch.length < SIZE[kind]) return asks;
    asks.push({ kind, usccs: batch });
  }
}

/** What is asked of a server that knows our schema, or the part of it that a peer is given. */
export function graphqlDialect(catalogue) {
  const texts = { A: queryA(catalogue), B: queryB(catalogue), B1000: queryB(catalogue), S: querySearch() };
  return ({ kind, usccs, name }) => {
    const variables = kind === 'S' ? { name, first: SEARCH_FIRST } : kind === 'A' ? { uscc: usccs[0] } : { usccs };
    return { body: JSON.stringify({ query: texts[kind], variables }) };
  };
}

/** The floor with a statement is told what to fetch and nothing else. */
export const bareDialect = ({ usccs, name }) => ({ body: JSON.stringify(usccs ? { usccs } : { name }) });

/** The floor without one answers as many bytes as our answer has, to the same bytes of question. */
export function constantDialect(graphql, bytes) {
  return (ask) => ({ path: `/${bytes[ask.kind] ?? bytes.A}`, ...graphql(ask) });
}

export function operationsOf(catalogue) {
  return [queryA(catalogue), queryB(catalogue), querySearch()];
}
