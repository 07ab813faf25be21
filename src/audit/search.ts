/**
 * A search over the log, the newest first. Promises: gives what `matches` says, sealed in the tree or not yet, each once;
 * never works without a bound: what was not reached is told by a cursor that goes on from there.
 */
import type { Catalogue } from '../catalogue/model.js';
import type { Postgres } from '../postgres.js';
import { type Candidate, type Look, looksInto, rangeOf } from './candidates.js';
import type { AuditEntry } from './entry.js';
import { facetHash, facetsIn } from './facets.js';
import type { TrailFilter } from './filter.js';
import { matches } from './matches.js';
import { isSuccessorText } from './successor.js';
import { leafIn } from './tiles.js';

export interface FoundEntry {
  readonly entry: AuditEntry;
  /** The bytes that were hashed. */
  readonly text: string;
  readonly leafHash: string;
  /** Number of its leaf; null until it stands in the tree. */
  readonly leaf: number | null;
  /** Its place in the log, which orders what is found. */
  readonly sequence: number;
  /** The answer was thrown away: nobody got it. */
  readonly superseded: boolean;
}
export interface FoundPage {
  readonly nodes: readonly FoundEntry[];
  /** Where to go on: older than this place; null where everything has been looked at. A page may be short all the same. */
  readonly next: number | null;
}
export interface SearchedPage {
  readonly first: number;
  /** Older than this place; null: from the newest. */
  readonly after: number | null;
}

/** Entries that are not in the tree yet, looked at one by one: as many as a page looks at, and together. */
const MOST_UNSEALED = 2_000;
const UNSEALED_TOGETHER = 250;
/** Entries read and found not to fit, a page. */
const MOST_READ = 1_000;
const FEWEST_TOGETHER = 16;
/** After so long no further look is taken. */
const LONG_MS = 60;

const REACHED = 'select last_sequence as sequence from audit_checkpoint order by number desc limit 1';
const ENTRY_COLUMNS = `sequence, entry as text, encode(leaf_hash, 'hex') as "leafHash"`;
const UNSEALED = `select ${ENTRY_COLUMNS} from audit_entry where sequence > $1 and sequence < $2 order by sequence desc limit ${UNSEALED_TOGETHER}`;
const AT = `select ${ENTRY_COLUMNS} from audit_entry where sequence = any($1::bigint[]) order by sequence desc`;
const TILES = 'select tile, hashes from audit_tile where level = 0 and tile = any($1::bigint[])';
const FIRST_IN = 'select first_sequence as sequence from audit_block where block = $1';
/** The index of 0007_evidence_log.sql finds successors. */
const SUPERSEDED = `
select substring(entry from '"supersedes":"([0-9a-f-]{36})"') as id, entry from audit_entry
where entry like '%"supersedes":"%' and substring(entry from '"supersedes":"([0-9a-f-]{36})"') = any($1::text[])`;

interface Row {
  readonly sequence: number;
  readonly text: string;
  readonly leafHash: string;
}
type Found = Omit<FoundEntry, 'superseded'>;
interface Parts {
  readonly postgres: Postgres;
  readonly catalogue: Catalogue;
}

/** One page of what fits a filter. `first` is at least 1. */
export async function search(parts: Parts, filter: TrailFilter, { first, after }: SearchedPage): Promise<FoundPage> {
  const found: Found[] = [];
  const next = await fill(found, parts, filter, first, after ?? Number.MAX_SAFE_INTEGER);
  const nodes = found.slice(0, first);
  const superseded = await supersededAmong(parts.postgres, nodes);
  const told = nodes.map((one) => ({ ...one, superseded: superseded.has(one.entry.id) }));
  // One more than was asked for is looked for, to know whether there is another page.
  return { nodes: told, next: found.length > first ? (nodes.at(-1) as Found).sequence : next };
}

/** Finds one more than `first` if there are so many. @returns where to go on, null where all was looked at */
async function fill(found: Found[], { postgres, catalogue }: Parts, filter: TrailFilter, first: number, below: number): Promise<number | null> {
  const [reached] = await postgres.query<{ sequence: number }>({ name: 'trail reached', text: REACHED });
  const sealed = reached?.sequence ?? 0;
  const enough = () => found.length > first;

  let looked = 0;
  for (let before = below; before > sealed + 1; ) {
    const rows = await postgres.query<Row>({ name: 'trail unsealed', text: UNSEALED, values: [sealed, before] });
    found.push(...rows.flatMap((row) => fitting(row, null)));
    if (enough()) return null;
    if (rows.length < UNSEALED_TOGETHER) break;
    before = (rows.at(-1) as Row).sequence;
    looked += rows.length;
    if (looked >= MOST_UNSEALED) return before;
  }

  const groups = facetsIn(filter, catalogue).map((facets) => facets.map(facetHash));
  if (groups.some((facets) => facets.length === 0)) return null;
  const times: [Date, Date] = [filter.from ?? EARLIEST, filter.until ?? LATEST];
  const limit = Math.min(below, sealed + 1);
  const range = await rangeOf(postgres, limit, times);
  if (!range) return null;
  const begun = performance.now();
  let read = 0;
  for await (const look of looksInto(postgres, range, groups, times)) {
    const candidates = look.candidates.filter(({ sequence }) => sequence < limit);
    for (let place = 0; place < candidates.length; ) {
      const together = candidates.slice(place, place + Math.max(FEWEST_TOGETHER, first + 1 - found.length));
      await take(together);
      if (enough()) return null;
      place += together.length;
      read += together.length;
      if (read >= MOST_READ) return (together.at(-1) as Candidate).sequence;
    }
    if (look.reached > range.oldest && performance.now() - begun > LONG_MS) return endOf(look);
  }
  return null;

  async function take(candidates: readonly Candidate[]): Promise<void> {
    const bySequence = new Map(candidates.map((candidate) => [candidate.sequence, candidate]));
    const rows = await postgres.query<Row>({ name: 'trail entries', text: AT, values: [[...bySequence.keys()]] });
    const fit = rows.flatMap((row) => fitting(row, bySequence.get(row.sequence)?.leaf ?? null));
    const unplaced = fit.filter(({ leaf }) => leaf === null);
    if (unplaced.length === 0) return void found.push(...fit);
    const blocks = new Set(unplaced.map(({ sequence }) => (bySequence.get(sequence) as Candidate).block));
    const tiles = await postgres.query<{ tile: number; hashes: Buffer }>({ name: 'trail tiles', text: TILES, values: [[...blocks]] });
    const hashesOf = new Map(tiles.map(({ tile, hashes }) => [tile, hashes]));
    found.push(
      ...fit.map((one) => {
        const block = bySequence.get(one.sequence)?.block ?? -1;
        const hashes = hashesOf.get(block);
        return one.leaf !== null || !hashes ? one : { ...one, leaf: leafIn(hashes, Buffer.from(one.leafHash, 'hex'), block) };
      }),
    );
  }
  async function endOf({ reached }: Look): Promise<number | null> {
    return (await postgres.query<{ sequence: number }>({ name: 'trail block', text: FIRST_IN, values: [reached] }))[0]?.sequence ?? null;
  }
  function fitting(row: Row, leaf: number | null): Found[] {
    const entry = entryIn(row.text, (one) => matches(one, filter, catalogue));
    return entry ? [{ ...row, entry, leaf }] : [];
  }
}

const EARLIEST = new Date(0);
const LATEST = new Date('9999-12-31T00:00:00Z');

/** The entry where it fits; what somebody wrote past the gateway may have any form and then fits nothing. */
function entryIn(text: string, fits: (entry: AuditEntry) => boolean): AuditEntry | null {
  try {
    const entry = JSON.parse(text) as AuditEntry;
    return fits(entry) ? entry : null;
  } catch {
    return null;
  }
}

async function supersededAmong(postgres: Postgres, found: readonly Found[]): Promise<Set<string>> {
  if (found.length === 0) return new Set();
  const textOf = new Map(found.map(({ entry, text }) => [entry.id, text]));
  const rows = await postgres.query<{ id: string; entry: string }>({
    name: 'trail superseded',
    text: SUPERSEDED,
    values: [found.map(({ entry }) => entry.id)],
  });
  return new Set(rows.flatMap(({ id, entry }) => (isSuccessorText(entry, textOf.get(id) as string) ? [id] : [])));
}
