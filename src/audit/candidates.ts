/** Which leaves may be what is looked for: blocks from the newest on, by the facets that their entries have. */
import type { Postgres } from '../postgres.js';
import { TILE_WIDTH } from './merkle.js';
import { addPacked, keepShared, noPlaces, placesIn } from './places.js';
import { SEGMENT_BLOCKS } from './postings.js';

/** An entry that may fit: its place in the log, and its leaf. */
export interface Candidate {
  readonly sequence: number;
  readonly block: number;
  /** null where places do not tell it, as after somebody took one away: then its hash in the tile does. */
  readonly leaf: number | null;
}
/** What a look into some blocks gave; all above `reached` has been looked at. */
export interface Look {
  /** The newest first. */
  readonly candidates: readonly Candidate[];
  /** The lowest block looked into. */
  readonly reached: number;
}
/** Blocks that may hold entries below a place and between two times: from the newest down to the oldest. */
export interface Range {
  readonly newest: number;
  readonly oldest: number;
}

/** Blocks a statement gives at most. */
const MOST_BLOCKS = 256;
/** Where nothing narrows but time, every entry of a block is looked at. */
const MOST_WHOLE_BLOCKS = 4;
/** Blocks looked through in one statement: few at first, since the newest page is what is asked most. */
const FIRST_SPAN = 16;
const GROWTH = 8;
const MOST_SPAN = 32 * SEGMENT_BLOCKS;
/** Rows counted to tell which facet is rare. */
const COUNTED = 1_000;

const RANGE = `
select (select block from audit_block where first_sequence < $1 order by first_sequence desc limit 1) as newest,
  (select max(block) from audit_block where first_time < $3) as until,
  (select min(block) from audit_block where last_time >= $2) as oldest`;

interface BlockRow {
  readonly block: number;
  /** Of each group of facets, what is kept of those that the block has; null where none is asked. */
  readonly groups: readonly (readonly Buffer[])[] | null;
  readonly first: number;
  readonly last: number;
  readonly entries: number;
}
const BLOCK_COLUMNS = 'b.block, b.first_sequence as first, b.last_sequence as last, b.entries';
const OF_TIME = 'b.last_time >= $3 and b.first_time < $4';
const ALL = `
select ${BLOCK_COLUMNS} from audit_block b where b.block between $1 and $2 and ${OF_TIME} order by b.block desc limit ${MOST_WHOLE_BLOCKS}`;

const COUNT = `
select (select count(*) from (
    select from generate_series($2::int / ${SEGMENT_BLOCKS}, $1::int / ${SEGMENT_BLOCKS}, -1) as s (segment)
    cross join lateral (select from audit_posting p where p.segment = s.segment and p.facet = any(g.facets) offset 0) as hit limit ${COUNTED}) as counted) as count
from (select string_to_array(facets, ' ')::bigint[] as facets from unnest($3::text[]) with ordinality as t (facets, number) order by number) as g`;

/** Places of blocks, those too of entries that have left with their month while others of the block stayed. */
const SEQUENCES = `
select b.block, array_agg(p.sequence order by p.sequence) as sequences from audit_block b
cross join lateral (
  select sequence from audit_entry where sequence between b.first_sequence and b.last_sequence
  union all select sequence from audit_archived_edge where block = b.block
) p where b.block = any($1::bigint[]) group by b.block`;

/**
 * The statement for so many groups of facets: in each segment blocks of the first group, and for each of these what the
 * others have. Segments are gone through from the newest, in the order of the nested loop, only until the limit is met.
 */
function joining(groups: number): string {
  const others = Array.from(
    { length: groups - 1 },
    (_, at) => `
cross join lateral (select array_agg(p.places) as places from audit_posting p
  where p.segment = s.segment and p.facet = any($${at + 6}::bigint[]) and p.block = p0.block having count(*) > 0 offset 0) as p${at + 1}`,
  );
  return `
select ${BLOCK_COLUMNS}, ${Array.from({ length: groups }, (_, at) => `p${at}.places as g${at}`).join(', ')}
from generate_series($2::int / ${SEGMENT_BLOCKS}, $1::int / ${SEGMENT_BLOCKS}, -1) as s (segment)
cross join lateral (select p.block, array_agg(p.places) as places from audit_posting p
  where p.segment = s.segment and p.facet = any($5::bigint[]) and p.block between $1 and $2 group by p.block order by p.block desc offset 0) as p0${others.join('')}
cross join lateral (select * from audit_block b where b.block = p0.block and ${OF_TIME} offset 0) as b
limit ${MOST_BLOCKS}`;
}

/** Blocks that may hold what is older than a place and of a span of time; null where there are none. */
export async function rangeOf(postgres: Postgres, below: number, times: readonly [Date, Date]): Promise<Range | null> {
  const [row] = await postgres.query<{ newest: number | null; until: number | null; oldest: number | null }>({
    name: 'trail range',
    text: RANGE,
    values: [below, ...times],
  });
  if (!row || row.newest === null || row.until === null || row.oldest === null) return null;
  const newest = Math.min(row.newest, row.until);
  return row.oldest <= newest ? { newest, oldest: row.oldest } : null;
}

/** Looks, each a bounded amount of work, until the range is done; candidates need not fit, but what fits is among them. */
export async function* looksInto(
  postgres: Postgres,
  { newest, oldest }: Range,
  groups: readonly (readonly string[])[],
  times: readonly [Date, Date],
): AsyncGenerator<Look, void, void> {
  const ordered = groups.length > 1 ? await rarestFirst(postgres, { newest, oldest }, groups) : groups;
  let span = FIRST_SPAN;
  for (let high = newest; high >= oldest; ) {
    // Without facets every block counts, and the limit is met soon.
    const low = ordered.length === 0 ? oldest : Math.max(oldest, high - span + 1);
    const rows = await blocksIn(postgres, [low, high], times, ordered);
    const most = ordered.length === 0 ? MOST_WHOLE_BLOCKS : MOST_BLOCKS;
    const reached = rows.length === most ? (rows.at(-1) as BlockRow).block : low;
    yield { candidates: await candidatesIn(postgres, rows), reached };
    high = reached - 1;
    span = Math.min(GROWTH * span, MOST_SPAN);
  }
}

async function blocksIn(
  postgres: Postgres,
  [low, high]: readonly [number, number],
  times: readonly [Date, Date],
  groups: readonly (readonly string[])[],
): Promise<BlockRow[]> {
  const rows = await postgres.query<Omit<BlockRow, 'groups'> & Record<`g${number}`, Buffer[]>>({
    name: `trail blocks ${groups.length}`,
    text: groups.length === 0 ? ALL : joining(groups.length),
    values: [low, high, ...times, ...groups],
  });
  // A limit over the newest blocks is right only where they come in order.
  if (rows.some(({ block }, at) => at > 0 && block >= (rows[at - 1]?.block ?? 0))) throw new Error('blocks of the trail came out of order');
  return rows.map((row) => ({ ...row, groups: groups.length === 0 ? null : groups.map((_, at) => row[`g${at}`] as Buffer[]) }));
}

/** What is rare leads: then little is intersected. */
async function rarestFirst(postgres: Postgres, { newest, oldest }: Range, groups: readonly (readonly string[])[]): Promise<(readonly string[])[]> {
  const counts = await postgres.query<{ count: number }>({
    name: 'trail facets',
    text: COUNT,
    values: [oldest, newest, groups.map((facets) => facets.join(' '))],
  });
  return groups
    .map((facets, place) => ({ facets, count: counts[place]?.count ?? 0 }))
    .sort((left, right) => left.count - right.count)
    .map(({ facets }) => facets);
}

/** A leaf's place: its rank among the places of its block, which is told at once where those have no gaps. */
async function candidatesIn(postgres: Postgres, rows: readonly BlockRow[]): Promise<Candidate[]> {
  const met = rows.map((row) => ({ ...row, places: metIn(row) })).filter(({ places }) => places.length > 0);
  const gapped = met.filter(({ first, last, entries }) => last - first + 1 !== entries).map(({ block }) => block);
  const found =
    gapped.length === 0 ? [] : await postgres.query<{ block: number; sequences: string[] }>({ name: 'trail places', text: SEQUENCES, values: [gapped] });
  const sequences = new Map(found.map((row) => [row.block, row.sequences.map(Number)]));
  const isGapped = new Set(gapped);
  return met.flatMap(({ block, places, first, entries }): Candidate[] => {
    if (!isGapped.has(block)) return places.map((place) => ({ block, leaf: block * TILE_WIDTH + place, sequence: first + place }));
    const its = sequences.get(block) ?? [];
    // Where rows are missing, as after somebody took one away, ranks say nothing: then all that are left may fit.
    if (its.length !== entries) return its.toReversed().map((sequence) => ({ block, leaf: null, sequence }));
    return places.map((place) => ({ block, leaf: block * TILE_WIDTH + place, sequence: its[place] as number }));
  });
}

/** The leaves of a block that have something of each group, the last first. */
function metIn({ groups, entries }: BlockRow): number[] {
  if (groups === null) return Array.from({ length: entries }, (_, place) => entries - 1 - place);
  const [first, ...others] = groups.map((kept) => {
    const places = noPlaces();
    for (const one of kept) addPacked(places, one);
    return places;
  });
  const shared = first ?? noPlaces();
  for (const places of others) keepShared(shared, places);
  return placesIn(shared);
}
