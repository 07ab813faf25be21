/**
 * The proof of a statement as a file, `zone-statement/1`: pure. It shows the end of the enterprise's chain, from before the
 * span on, and the way from the chain to the root that a checkpoint carries. Whoever has it needs nothing of the zone.
 */
import type { SubjectPath } from './subjectMap.js';
import { DEPTH, digestOf, EMPTY, leafBytes, NO_CHAIN } from './subjectTree.js';

/** Reads within the span of one proof: more are asked for by a shorter span. */
export const MOST_ITEMS = 10_000;
/** Items of one proof, most of them of after the span and known by their time and hash alone: about 14 MB. */
export const MOST_PROVEN = 100_000;

/** A row of `audit_subject_item`. */
export interface ItemRow {
  readonly ordinal: number;
  readonly time: Date;
  readonly latest: number;
  readonly extractHash: Buffer;
  readonly head: Buffer;
  /** What the entry says; null where it is not shown. */
  readonly extract: string | null;
}
/** The last item that is left away: all before it and itself are of days before the span's first. */
export interface ChainStart {
  readonly ordinal: number;
  readonly latest: number;
  /** The chain before it. */
  readonly before: Buffer;
  readonly digest: Buffer;
}
export type ProofItem =
  | { readonly kind: 'WITHIN'; readonly row: ItemRow }
  /** Its time and nothing else is told. */
  | { readonly kind: 'OUTSIDE'; readonly row: ItemRow }
  | { readonly kind: 'DELAYED'; readonly row: ItemRow; readonly until: Date }
  /** Its entry is in a file of a month; nothing else is told. */
  | { readonly kind: 'ARCHIVED'; readonly row: ItemRow; readonly month: string };
export interface StatementProof {
  readonly uscc: string;
  readonly from: Date;
  readonly until: Date;
  readonly count: number;
  readonly start: ChainStart | null;
  readonly items: readonly ProofItem[];
  readonly path: SubjectPath;
  readonly note: string;
}

/** Leaves away what lies before a day, where it can be told that it does. @param rows the end of a chain, oldest first */
export function startOf<Row extends ItemRow>(rows: readonly Row[], day: number): { start: ChainStart | null; items: readonly Row[] } {
  const place = rows.findLastIndex(({ latest }) => latest < day);
  const row = rows[place];
  const before = row?.ordinal === 1 ? NO_CHAIN.head : rows[place - 1]?.head;
  if (!row || !before) return { start: null, items: rows };
  const { ordinal, latest, time, extractHash } = row;
  return { start: { ordinal, latest, before, digest: digestOf(time.getTime(), extractHash) }, items: rows.slice(place + 1) };
}

export function proofText({ uscc, from, until, count, start, items, path, note }: StatementProof): string {
  const text = {
    kind: 'zone-statement/1',
    uscc,
    from: from.toISOString(),
    until: until.toISOString(),
    count,
    start: start && { ordinal: start.ordinal, latest: start.latest, before: start.before.toString('hex'), digest: start.digest.toString('hex') },
    items: items.map(itemOf),
    path: { siblings: shortened(path.siblings), beside: path.beside.map((leaf) => leafBytes(leaf).toString('hex')) },
    checkpoint: note,
  };
  return `${JSON.stringify(text)}\n`;
}

function itemOf(item: ProofItem): Readonly<Record<string, unknown>> {
  const { ordinal, time, latest, extractHash, extract } = item.row;
  switch (item.kind) {
    case 'WITHIN':
      return { ordinal, time: time.toISOString(), extract };
    case 'OUTSIDE':
      return { ordinal, time: time.toISOString(), extractHash: extractHash.toString('hex') };
    case 'DELAYED':
      return { ordinal, latest, digest: digestOf(time.getTime(), extractHash).toString('hex'), until: item.until.toISOString() };
    case 'ARCHIVED':
      return { ordinal, latest, digest: digestOf(time.getTime(), extractHash).toString('hex'), archived: item.month };
  }
}

/** From the bottom up; a number stands for so many hashes of empty subtrees. */
function shortened(siblings: readonly Buffer[]): (string | number)[] {
  const short: (string | number)[] = [];
  for (const [height, sibling] of siblings.entries()) {
    const last = short.at(-1);
    if (!sibling.equals(EMPTY[DEPTH - height] as Buffer)) short.push(sibling.toString('hex'));
    else if (typeof last === 'number') short[short.length - 1] = last + 1;
    else short.push(1);
  }
  return short;
}
