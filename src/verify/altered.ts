/**
 * Where tiles and entries agree with each other and not with what was signed, somebody has rebuilt the tree. What was done
 * lies between the last root that holds and the first that does not; what it was is found by undoing it: if the root
 * comes out as it was signed, that was it.
 */
import type { Client } from '../postgres.js';
import type { Finding } from './findings.js';
import { startAt } from './tree.js';

interface Row {
  readonly place: number;
  readonly id: string;
  readonly time: Date;
  readonly hash: Buffer;
}
interface Range {
  /** What rows are read from. */
  readonly source: string;
  /** The size of the last root that holds, and of the first that does not. */
  readonly from: number;
  readonly until: number;
  readonly root: Buffer;
  /** Entries in the tree beyond those that the newest checkpoint counts; less than 0 where they are fewer. */
  readonly surplus: number;
  /** The place after which reading began, and the leaf there. */
  readonly after: number;
  readonly leaf: number;
  /** Places of entries that stand out by their time in the whole log. */
  readonly conspicuous: readonly number[];
}

/** Entries in such a range that are tried out; beyond it only the range is told. */
const MOST_TRIED = 600;
/** Entries that stand out by their time, which are tried in pairs. */
const MOST_CONSPICUOUS = 40;

const COLUMNS = 'select sequence as place, id, time, leaf_hash as hash';
const rowsOf = (source: string) => `${COLUMNS} from ${source} where sequence > $1 order by sequence offset $2 limit $3`;
const atPlaces = (source: string) => `${COLUMNS} from ${source} where sequence = any($1::bigint[])`;

export async function findAltered(client: Client, { source, from, until, root, surplus, after, leaf, conspicuous }: Range): Promise<Finding> {
  const range = { leaf: from, leaves: until - from };
  const between = `between the signed sizes ${from} and ${until}`;
  if (surplus < 0)
    return { kind: 'MISSING', ...range, detail: `${-surplus} of the entries ${between} are gone, and tree and places were made again without them` };
  const count = until - from;
  const { rows } = await client.query<Row>(rowsOf(source), [after, from - leaf, Math.min(count + Math.max(surplus, 0), MOST_TRIED + 1)]);
  const start = await startAt(client, from);
  const comesOut = (tried: readonly Row[]): boolean => {
    if (tried.length < count) return false;
    const frontier = start.frontier();
    for (const row of tried.slice(0, count)) frontier.push(row.hash, 0);
    return frontier.root().equals(root);
  };
  if (rows.length <= MOST_TRIED) {
    if (surplus > 0) {
      const put = rows.find((row) => comesOut(rows.filter((other) => other !== row)));
      if (put) {
        const detail = `it was put among the entries ${between} after they were sealed, and the tree was made again`;
        return { kind: 'BACKDATED', leaf: from + rows.indexOf(put), place: put.place, id: put.id, detail };
      }
    }
    const known = new Set(rows.map(({ place }) => place));
    const others = (await client.query<Row>(atPlaces(source), [conspicuous.filter((place) => !known.has(place))])).rows;
    const moved = findMoved(rows, comesOut) ?? findExchanged(rows, others, comesOut);
    if (moved) {
      const detail = `it and others ${between} were put into another order, and the tree was made again`;
      return { kind: 'REORDERED', leaf: from + rows.indexOf(moved), place: moved.place, id: moved.id, detail };
    }
  }
  if (surplus > 0) return { kind: 'BACKDATED', ...range, detail: `${surplus} entries more than were sealed stand ${between}, and the tree was made again` };
  return { kind: 'EDITED', ...range, detail: `one or more entries ${between} are not those that were sealed, and the tree was made again` };
}

/** An entry that stands here in the place of one that stands far away. */
function findExchanged(rows: readonly Row[], others: readonly Row[], comesOut: (tried: readonly Row[]) => boolean): Row | null {
  const moments = rows.map(({ time }) => time.getTime());
  // Whichever came from later or earlier is out of order with its neighbours.
  const conspicuous = rows.filter(
    (_, at) => (moments[at - 1] ?? 0) > (moments[at] as number) || (moments[at] as number) > (moments[at + 1] ?? Number.POSITIVE_INFINITY),
  );
  for (const one of new Set([...conspicuous, ...rows.slice(-1)]))
    for (const other of others) if (comesOut(rows.map((row) => (row === one ? other : row)))) return one;
  return null;
}

/** An entry that, when it is exchanged with another or put elsewhere, makes the root come out. */
function findMoved(rows: readonly Row[], comesOut: (tried: readonly Row[]) => boolean): Row | null {
  const keys = rows.map(({ time, id }) => `${String(time.getTime()).padStart(15, '0')} ${id}`);
  const isConspicuous = (at: number) => (keys[at - 1] ?? '') > (keys[at] as string) || (keys[at] as string) > (keys[at + 1] ?? '~');
  const conspicuous = rows.flatMap((_, at) => (isConspicuous(at) ? [at] : [])).slice(0, MOST_CONSPICUOUS);
  for (const [turn, one] of conspicuous.entries()) {
    for (const other of conspicuous.slice(turn + 1)) {
      const exchanged = [...rows];
      exchanged[one] = rows[other] as Row;
      exchanged[other] = rows[one] as Row;
      if (comesOut(exchanged)) return rows[one] as Row;
      const without = (at: number) => rows.filter((_, position) => position !== at);
      if (comesOut(without(one).toSpliced(other, 0, rows[one] as Row)) || comesOut(without(one).toSpliced(other - 1, 0, rows[one] as Row)))
        return rows[one] as Row;
      if (comesOut(without(other).toSpliced(one, 0, rows[other] as Row))) return rows[other] as Row;
    }
  }
  return null;
}
