/**
 * Entries beside leaves: every text is hashed again and held against the leaf hashes of the tree, in the order of places.
 * As long as both run side by side that is a comparison of bytes; where they do not, entries and leaves are aligned, and
 * what stays alone on either side is kept for `judge`.
 */
import { hash } from 'node:crypto';
import type { Client } from '../postgres.js';
import { align } from './alignment.js';
import { disagreementOf, malformationOf } from './entryText.js';
import type { Finding } from './findings.js';
import { openIdSet } from './ids.js';
import { HASH_BYTES } from './merkle.js';
import { copyRows, type RowView } from './rows.js';
import { readLeaves } from './tree.js';

/** An entry as it was met. */
export interface Seen {
  readonly place: number;
  readonly id: string;
  /** In ms. */
  readonly time: number;
  /** In latin1. */
  readonly hash: string;
  /** What is wrong with the row by itself. */
  readonly flaw?: Flaw;
}
/** `stored` is the leaf hash that the row claims, where it is not that of its text. */
export type Flaw = Pick<Finding, 'kind' | 'detail'> & { readonly stored?: string };
/** What has no counterpart; things with one `gap` lie between the same two neighbours that have one. */
export interface LonelyLeaf {
  readonly leaf: number;
  readonly leaves: number;
  /** In latin1; empty for a range. */
  readonly hash: string;
  readonly gap: number;
}
export interface LonelyEntry extends Seen {
  readonly gap: number;
}
export interface EntriesRead {
  readonly entries: number;
  /** Entries that are a leaf. */
  readonly matched: number;
  readonly lonelyLeaves: readonly LonelyLeaf[];
  readonly lonelyEntries: readonly LonelyEntry[];
  /** Ids that came again, perhaps. */
  readonly again: readonly string[];
  readonly samePlace: readonly Seen[];
  /** More stood alone than can be told apart. */
  readonly overflowed: boolean;
}
/** Told of each entry that is a leaf, in order. */
export type Matched = (leaf: number, place: number, time: number) => void;

const PAGE = 65_536;
/** Leaves that are looked through for those of a window, at first and at most. */
const AHEAD = 4_096;
const MOST_AHEAD = 1 << 20;
const MOST_LONELY = 200_000;
/** Leaves side by side without entries that are told as a range. */
const LONG = 32_768;

const BLOCK_OF = 'select block from audit_block where first_sequence <= $1 order by first_sequence desc limit 1';

export interface EntriesParts {
  readonly client: Client;
  /** What rows are read from. */
  readonly source: string;
  /** The first leaf, and the place after which its entry stands. */
  readonly leaf: number;
  readonly after: number;
  /** The place of the last leaf, as the newest checkpoint's row has it: what stands behind it is not sealed yet. */
  readonly lastPlace: number;
  /** Leaves of the tree. */
  readonly size: number;
  readonly matched: Matched;
  /** Whether the form of every entry is looked at; otherwise only of those that are not sealed yet, and `verifyIndex` does it. */
  readonly thorough?: boolean;
  /** A row that is a leaf and has a flaw all the same. */
  readonly flawed: (leaf: number, seen: Seen, flaw: Flaw) => void;
  /** An entry that is not sealed yet. */
  readonly unsealed: (seen: Seen) => void;
  /** Rows that are read at once. */
  readonly rows?: number;
  /** Told after each page. */
  readonly progress: (entries: number, leaves: number) => Promise<void>;
}

export async function readEntries(parts: EntriesParts): Promise<EntriesRead> {
  const { client, size, matched, flawed } = parts;
  const { rows = PAGE } = parts;
  const page = openPage(rows, parts);
  const nearby = Math.min(AHEAD, rows);
  const lonelyLeaves: LonelyLeaf[] = [];
  const lonelyEntries: LonelyEntry[] = [];
  let window: Seen[] = [];
  let leaf = parts.leaf;
  let gap = leaf - 1;
  let entries = 0;
  let matches = 0;
  let overflowed = false;

  const loseLeaves = (from: number, hashes: readonly string[]) => {
    // So long a stretch has been taken out as a whole, as a month that was archived.
    if (hashes.length > LONG) {
      lonelyLeaves.push({ leaf: from, leaves: hashes.length, hash: '', gap });
      return;
    }
    for (const [position, alone] of hashes.entries()) lonelyLeaves.push({ leaf: from + position, leaves: 1, hash: alone, gap });
  };
  const settle = (seen: Seen, at: number) => {
    matches++;
    gap = at;
    matched(at, seen.place, seen.time);
    if (seen.flaw) flawed(at, seen, seen.flaw);
  };
  /** Entries and leaves side by side for as long as they are equal; @returns how many entries of the page that were */
  const runAlong = async (): Promise<number> => {
    const count = Math.min(page.count, size - leaf);
    const leaves = await readLeaves(client, leaf, leaf + count);
    let same = 0;
    if (page.hashes.compare(leaves, 0, count * HASH_BYTES, 0, count * HASH_BYTES) === 0) same = count;
    else while (page.hashes.compare(leaves, same * HASH_BYTES, (same + 1) * HASH_BYTES, same * HASH_BYTES, (same + 1) * HASH_BYTES) === 0) same++;
    for (let at = 0; at < same; at++) matched(leaf + at, page.places[at] as number, page.times[at] as number);
    for (const [at, flaw] of page.flaws) if (at < same) flawed(leaf + at, page.seen(at), flaw);
    leaf += same;
    matches += same;
    gap = leaf - 1;
    return same;
  };
  /** Aligns the window with the leaves ahead, further and further, until it has found itself again or there is no more. */
  const alignWindow = async (last: boolean): Promise<void> => {
    // Few entries may all be in the wrong place: the next page tells more.
    if (!last && window.length < nearby) return;
    for (let ahead = nearby; window.length > 0 && leaf < size; ahead *= 16) {
      const until = Math.min(leaf + window.length + ahead, size);
      const hashes = hashesIn(await readLeaves(client, leaf, until));
      const found = align(hashes, namesIn(window));
      if (found.entries > 0) {
        let at = 0;
        for (const [position, seen] of window.slice(0, found.entries).entries()) {
          const here = found.leafOf[position] as number;
          if (here < 0) {
            lonelyEntries.push({ ...seen, gap });
            continue;
          }
          loseLeaves(leaf + at, hashes.slice(at, here));
          settle(seen, leaf + here);
          at = here + 1;
        }
        leaf += at;
        window = window.slice(found.entries);
        if (!last) return;
        ahead = nearby / 16;
        continue;
      }
      if (until === size || (window.length < rows && !last && ahead >= nearby * 16)) return;
      if (ahead < MOST_AHEAD) continue;
      const far = await farLeaf(client, window, leaf, size);
      if (far === null) return;
      lonelyLeaves.push({ leaf, leaves: far - leaf, hash: '', gap });
      leaf = far;
      ahead = nearby / 16;
    }
  };

  for (let more = true; more; ) {
    more = await page.read(client, parts.after);
    entries += page.count;
    const same = window.length === 0 ? await runAlong() : 0;
    for (let at = same; at < page.count; at++) window.push(page.seen(at));
    await alignWindow(!more);
    if (lonelyLeaves.length + lonelyEntries.length + window.length > MOST_LONELY && leaf < size) {
      overflowed = true;
      break;
    }
    // Once the leaves have run out, what follows is not sealed yet; it is kept only where it might be a leaf that is missing.
    if (leaf >= size) {
      for (const seen of window) {
        if (lonelyLeaves.length === 0 && seen.place > parts.lastPlace && !seen.flaw) parts.unsealed(seen);
        else lonelyEntries.push({ ...seen, gap });
      }
      window = [];
    }
    await parts.progress(entries, leaf);
  }
  lonelyEntries.push(...window.map((seen) => ({ ...seen, gap })));
  for (let from = leaf; from < size && !overflowed; from += PAGE) {
    const until = Math.min(from + PAGE, size);
    if (lonelyLeaves.length > MOST_LONELY) lonelyLeaves.push({ leaf: from, leaves: until - from, hash: '', gap });
    else loseLeaves(from, hashesIn(await readLeaves(client, from, until)));
  }
  return { entries, matched: matches, lonelyLeaves, lonelyEntries, again: page.again, samePlace: page.samePlace, overflowed };
}

/** Where a window goes on when very much lies between, as the index of places says and the hashes there confirm. */
async function farLeaf(client: Client, window: readonly Seen[], leaf: number, size: number): Promise<number | null> {
  for (const seen of window.slice(0, 64)) {
    const [row] = (await client.query<{ block: number }>(BLOCK_OF, [seen.place])).rows;
    const begins = (row?.block ?? 0) * 256;
    if (begins <= leaf || begins >= size) continue;
    const position = hashesIn(await readLeaves(client, begins, Math.min(begins + 256, size))).indexOf(seen.hash);
    if (position >= 0) return begins;
  }
  return null;
}

/** Hashes of entries; a copy under another id is not to take the leaf of what it was copied from. */
function namesIn(window: readonly Seen[]): string[] {
  const sound = new Set(window.filter(({ flaw }) => !flaw).map((seen) => seen.hash));
  return window.map((seen) => (seen.flaw && sound.has(seen.hash) ? `copy of ${seen.hash}` : seen.hash));
}

function hashesIn(bytes: Buffer): string[] {
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, at) => bytes.toString('latin1', at * HASH_BYTES, (at + 1) * HASH_BYTES));
}

/** Rows of a page, of which only so much is kept as is needed to compare them. */
function openPage(rows: number, { source, lastPlace, thorough = false }: Pick<EntriesParts, 'source' | 'lastPlace' | 'thorough'>) {
  const places = new Float64Array(rows);
  const times = new Float64Array(rows);
  const ids: string[] = new Array(rows);
  const hashes = Buffer.alloc(rows * HASH_BYTES);
  const flaws = new Map<number, Flaw>();
  const again: string[] = [];
  const samePlace: Seen[] = [];
  const known = openIdSet();
  // Rows of one place may lie on both sides of a page's end.
  let edge: { place: number; ids: Set<string> } | null = null;
  let count = 0;
  const seen = (at: number): Seen => ({
    place: places[at] as number,
    id: ids[at] as string,
    time: times[at] as number,
    hash: hashes.toString('latin1', at * HASH_BYTES, (at + 1) * HASH_BYTES),
    ...(flaws.has(at) ? { flaw: flaws.get(at) as Flaw } : {}),
  });
  const take = (row: RowView): void => {
    const { bytes, place } = row;
    const id = bytes.toString('latin1', row.id, row.idEnd);
    if (place === edge?.place) {
      if (edge.ids.has(id)) return;
      edge.ids.add(id);
    }
    const at = count++;
    // The byte before the text belongs to its length, which has been read: it becomes the 0x00 that leaves begin with.
    const kept = bytes[row.text - 1] as number;
    bytes[row.text - 1] = 0;
    const derived = hash('sha256', bytes.subarray(row.text - 1, row.textEnd), 'binary');
    bytes[row.text - 1] = kept;
    places[at] = place;
    times[at] = row.micros / 1_000;
    ids[at] = id;
    hashes.write(derived, at * HASH_BYTES, HASH_BYTES, 'latin1');
    const stored = bytes.toString('latin1', row.hash, row.hashEnd);
    const disagreement = disagreementOf(row) ?? (thorough || place > lastPlace ? malformationOf(row) : null);
    if (stored !== derived) flaws.set(at, { kind: 'EDITED', detail: 'its text does not have the leaf hash that its row claims', stored });
    else if (disagreement) flaws.set(at, disagreement);
    if (known.add(id)) again.push(id);
    if (at > 0 ? places[at - 1] === place : edge?.place === place) samePlace.push(seen(at));
  };
  return {
    places,
    times,
    hashes,
    flaws,
    again,
    samePlace,
    seen,
    get count() {
      return count;
    },
    /** Reads the next page. @returns whether there may be more */
    async read(client: Client, after: number): Promise<boolean> {
      const met = edge;
      count = 0;
      flaws.clear();
      const came = await copyRows(client, source, met ? met.place : after + 1, rows, take);
      if (count === 0 && came === rows) throw new Error(`more than ${rows} rows stand at place ${met?.place}`);
      const last = count > 0 ? (places[count - 1] as number) : null;
      if (last !== null) {
        const within = new Set<string>(last === met?.place ? met.ids : []);
        for (let at = count - 1; at >= 0 && places[at] === last; at--) within.add(ids[at] as string);
        edge = { place: last, ids: within };
      }
      return came === rows;
    },
  };
}
