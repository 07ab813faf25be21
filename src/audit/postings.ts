/** Keeps, for each facet, which leaves of a block have it: written with the tree, so that what is sealed can be found. */
import type { Client } from '../postgres.js';
import { facetHash, facetsOf } from './facets.js';
import { TILE_WIDTH } from './merkle.js';
import { addPacked, addPlace, noPlaces, type Places, packed } from './places.js';
import type { IntegratedEntry, Integration } from './sequencer.js';

/** Blocks a segment; see 0009_trail.sql. */
export const SEGMENT_BLOCKS = 256;

export interface Posting {
  /** Hash of the facet, as a decimal number. */
  readonly facet: string;
  readonly block: number;
  readonly places: Places;
}

/** Rows a statement; bounds memory where an entry names a thousand enterprises. */
const MOST_TOGETHER = 20_000;
const KEPT = 'select facet::text, places from audit_posting where segment = $1 and block = $2 and facet = any($3::bigint[])';
const WRITE = `
insert into audit_posting (segment, facet, block, places)
  select block / ${SEGMENT_BLOCKS}, facet, block, places from unnest($1::bigint[], $2::int[], $3::bytea[]) as added (facet, block, places)
on conflict (segment, facet, block) do update set places = excluded.places`;

export function openPostings(): Integration {
  return {
    async integrate(client: Client, entries: readonly IntegratedEntry[]) {
      // Only the first block can have been begun before.
      const begun = Math.floor((entries[0]?.leaf ?? 0) / TILE_WIDTH);
      for (const together of chunked(postingsOf(entries))) {
        await addKept(client, begun, together);
        const values = [together.map(({ facet }) => facet), together.map(({ block }) => block), together.map(({ places }) => packed(places))];
        await client.query({ name: 'write postings', text: WRITE, values });
      }
    },
  };
}

/** Adds what the begun block already has; nobody else writes while this transaction does. */
async function addKept(client: Client, begun: number, postings: readonly Posting[]): Promise<void> {
  const its = new Map(postings.flatMap(({ facet, block, places }) => (block === begun ? [[facet, places] as const] : [])));
  if (its.size === 0) return;
  const { rows } = await client.query<{ facet: string; places: Buffer }>({
    name: 'kept postings',
    text: KEPT,
    values: [Math.floor(begun / SEGMENT_BLOCKS), begun, [...its.keys()]],
  });
  for (const { facet, places } of rows) addPacked(its.get(facet) as Places, places);
}

/** The postings of entries in the order of their leaves, block by block. */
export function* postingsOf(entries: Iterable<Pick<IntegratedEntry, 'leaf' | 'entry'>>): Generator<Posting> {
  let block = -1;
  let found = new Map<string, Places>();
  for (const { leaf, entry } of entries) {
    const its = Math.floor(leaf / TILE_WIDTH);
    if (its !== block) {
      yield* hashed(found, block);
      [block, found] = [its, new Map()];
    }
    for (const facet of readableFacets(entry)) {
      let places = found.get(facet);
      if (!places) found.set(facet, (places = noPlaces()));
      addPlace(places, leaf % TILE_WIDTH);
    }
  }
  yield* hashed(found, block);
}

/** By their hashes: two facets of one hash are one, whose entries are told apart when they are read. */
function hashed(found: ReadonlyMap<string, Places>, block: number): Posting[] {
  const byHash = new Map<string, Places>();
  for (const [facet, places] of found) {
    const hash = facetHash(facet);
    const other = byHash.get(hash);
    if (other) addPacked(other, places);
    else byHash.set(hash, places);
  }
  return [...byHash].map(([facet, places]) => ({ facet, block, places }));
}

/** What somebody wrote past the gateway may have any form; it must not keep others from being found. */
function readableFacets(entry: IntegratedEntry['entry']): Iterable<string> {
  try {
    return facetsOf(entry);
  } catch {
    return [];
  }
}

function* chunked(postings: Iterable<Posting>): Generator<Posting[]> {
  let together: Posting[] = [];
  for (const posting of postings) {
    together.push(posting);
    if (together.length === MOST_TOGETHER) {
      yield together;
      together = [];
    }
  }
  if (together.length > 0) yield together;
}
