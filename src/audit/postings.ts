/** Keeps, for each facet, which leaves of a block have it: written with the tree, so that what is sealed can be found. */
import type { Client } from '../postgres.js';
import { facetsOf } from './facets.js';
import { TILE_WIDTH } from './merkle.js';
import type { IntegratedEntry, Integration } from './sequencer.js';

/** Blocks a segment; see 0009_trail.sql. */
export const SEGMENT_BLOCKS = 256;

/** Which leaves of a block have a facet: a bit each, the first leaf's is the highest of the first byte. */
export type Places = Buffer;
export interface Posting {
  readonly facet: string;
  readonly block: number;
  readonly places: Places;
}

/** Rows a statement; bounds memory where an entry names a thousand enterprises. */
const MOST_TOGETHER = 20_000;
const WRITE = `
insert into audit_posting (segment, facet, block, places)
  select block / ${SEGMENT_BLOCKS}, facet, block, ('x' || places)::bit(${TILE_WIDTH}) from unnest($1::text[], $2::int[], $3::text[]) as added (facet, block, places)
on conflict (segment, facet, block) do update set places = audit_posting.places | excluded.places`;

export function openPostings(): Integration {
  return {
    async integrate(client: Client, entries: readonly IntegratedEntry[]) {
      for (const together of chunked(postingsOf(entries))) {
        const values = [together.map(({ facet }) => facet), together.map(({ block }) => block), together.map(({ places }) => places.toString('hex'))];
        await client.query({ name: 'write postings', text: WRITE, values });
      }
    },
  };
}

/** The postings of entries in the order of their leaves, block by block; within a block in the order of the index. */
export function* postingsOf(entries: Iterable<Pick<IntegratedEntry, 'leaf' | 'entry'>>): Generator<Posting> {
  let block = -1;
  let found = new Map<string, Places>();
  for (const { leaf, entry } of entries) {
    const its = Math.floor(leaf / TILE_WIDTH);
    if (its !== block) {
      yield* inOrder(found, block);
      [block, found] = [its, new Map()];
    }
    const place = leaf % TILE_WIDTH;
    for (const facet of readableFacets(entry)) {
      let places = found.get(facet);
      if (!places) found.set(facet, (places = Buffer.alloc(TILE_WIDTH / 8)));
      places[place >> 3] = (places[place >> 3] as number) | (0x80 >> (place & 7));
    }
  }
  yield* inOrder(found, block);
}

function inOrder(found: ReadonlyMap<string, Places>, block: number): Posting[] {
  return [...found.keys()].sort().map((facet) => ({ facet, block, places: found.get(facet) as Places }));
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

/** The places whose bit is set, the last first. */
export function placesIn(bits: Buffer): number[] {
  const places: number[] = [];
  for (let place = TILE_WIDTH - 1; place >= 0; place--) if ((bits[place >> 3] as number) & (0x80 >> (place & 7))) places.push(place);
  return places;
}
