/** Keeps, for each facet, which leaves of a block have it: written with the tree, so that what is sealed can be found. */
import type { Client } from '../postgres.js';
import { rest } from '../rest.js';
import { numbers } from './columns.js';
import type { AuditEntry, CategoryOutcome } from './entry.js';
import { facetHash, facetsOfGroup, groupsIn, ownFacetsOf } from './facets.js';
import { groupText } from './groupText.js';
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

/** Rows a statement; bounds memory where an entry names a thousand enterprises, and how long the thread is kept. */
const MOST_TOGETHER = 5_000;
const KEPT = 'select facet::text, places from audit_posting where segment = $1 and block = $2 and facet = any($3::bigint[])';
const WRITE = `
insert into audit_posting (segment, facet, block, places)
  select block / ${SEGMENT_BLOCKS}, facet, block, places from (
    select facet, block, substr($4::bytea, (sum(width) over (order by n) - width + 1)::int, width) as places
    from unnest($1::bigint[], $2::int[], $3::int[]) with ordinality as written (facet, block, width, n)) as added
on conflict (segment, facet, block) do update set places = excluded.places`;

export function openPostings(): Integration {
  return {
    async integrate(client: Client, entries: readonly IntegratedEntry[]) {
      // Only the first block can have been begun before.
      const begun = Math.floor((entries[0]?.leaf ?? 0) / TILE_WIDTH);
      for (const together of chunked(postingsOf(entries))) {
        await rest();
        await addKept(client, begun, together);
        const kept = together.map(({ places }) => packed(places));
        const values = [
          `{${together.map(({ facet }) => facet).join()}}`,
          numbers(together.map(({ block }) => block)),
          numbers(kept.map(({ length }) => length)),
          Buffer.concat(kept),
        ];
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
    values: [Math.floor(begun / SEGMENT_BLOCKS), begun, `{${[...its.keys()].join()}}`],
  });
  for (const { facet, places } of rows) addPacked(its.get(facet) as Places, places);
}

/** The postings of entries in the order of their leaves, block by block. */
export function* postingsOf(entries: Iterable<Pick<IntegratedEntry, 'leaf' | 'entry'>>): Generator<Posting> {
  let block = -1;
  let met = noneMet();
  for (const { leaf, entry } of entries) {
    const its = Math.floor(leaf / TILE_WIDTH);
    if (its !== block) {
      yield* hashed(met, block);
      [block, met] = [its, noneMet()];
    }
    meet(met, entry, leaf % TILE_WIDTH);
  }
  yield* hashed(met, block);
}

/** What entries of a block have: facets of their own, and groups of outcomes, which many have in common, by their text. */
interface Met {
  readonly own: Map<string, Places>;
  readonly groups: Map<string, { readonly group: CategoryOutcome; readonly places: Places }>;
}
function noneMet(): Met {
  return { own: new Map(), groups: new Map() };
}

/** What somebody wrote past the gateway may have any form; it must not keep others from being found. */
function meet({ own, groups }: Met, entry: AuditEntry, place: number): void {
  try {
    // All of it is read before any of it counts.
    const facets = ownFacetsOf(entry);
    const itsGroups = groupsIn(entry).map((group) => ({ group, text: groupText(group) }));
    for (const { group, text } of itsGroups) if (!groups.has(text)) facetsOfGroup(group);
    for (const facet of facets) addPlace(placesAt(own, facet), place);
    for (const { group, text } of itsGroups) {
      let known = groups.get(text);
      if (!known) groups.set(text, (known = { group, places: noPlaces() }));
      addPlace(known.places, place);
    }
  } catch {
    // It is found by nothing.
  }
}

function placesAt(found: Map<string, Places>, name: string): Places {
  let places = found.get(name);
  if (!places) found.set(name, (places = noPlaces()));
  return places;
}

/** By their hashes: two facets of one hash are one, whose entries are told apart when they are read. */
function hashed({ own, groups }: Met, block: number): Posting[] {
  for (const { group, places } of groups.values()) for (const facet of facetsOfGroup(group)) addPacked(placesAt(own, facet), places);
  const byHash = new Map<string, Places>();
  for (const [facet, places] of own) {
    const hash = facetHash(facet);
    const other = byHash.get(hash);
    if (other) addPacked(other, places);
    else byHash.set(hash, places);
  }
  return [...byHash].map(([facet, places]) => ({ facet, block, places }));
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
