/** The end of filling a zone: the deliveries tell what came, policy comes into force, and the zone is whole. In one transaction. */
import type pg from 'pg';
import type { Begun, Order } from './begin.js';
import { writePolicy } from './policy.js';

/** What all chunks brought together. */
export interface Held {
  /** By the place of the category in the catalogue. */
  readonly records: readonly number[];
  readonly consents: number;
  readonly characters: number;
}

export async function finish(client: pg.PoolClient, { policy, reason, now, inChunks }: Order, { version, opened }: Begun): Promise<Held> {
  const held = await sumChunks(client, opened.length);
  await client.query(
    `update delivery set rows_read = held.records, accepted = held.records, changed = held.records
       from unnest($1::bigint[], $2::bigint[]) as held (id, records) where delivery.id = held.id`,
    [opened.map(({ delivery }) => delivery), held.records],
  );
  await client.query("insert into policy_version (version, author, reason, time, institutions) values ($1, 'seed', $2, $3, '{*}')", [version, reason, now]);
  await writePolicy(client, policy, version);
  // As migrations made it; in a zone that came in chunks it is not there yet.
  await client.query("set local maintenance_work_mem = '256MB'");
  await client.query('create index if not exists enterprise_gram_found on enterprise_gram (gram, uscc)');
  // What came in chunks came after the generations were raised.
  if (inChunks) await client.query('update category set generation = generation + 1');
  await client.query('delete from seeding_chunk');
  await client.query('delete from seeding');
  await client.query('analyze record, enterprise, enterprise_gram, consent');
  return held;
}

async function sumChunks(client: pg.PoolClient, categories: number): Promise<Held> {
  const { rows: records } = await client.query<{ place: number; records: number }>(
    'select place::integer, sum(held) as records from seeding_chunk, unnest(records) with ordinality as one (held, place) group by place',
  );
  const { rows: sums } = await client.query<{ consents: number; characters: number }>(
    'select coalesce(sum(consents), 0)::bigint as consents, coalesce(sum(characters), 0)::bigint as characters from seeding_chunk',
  );
  const byPlace = new Map(records.map((row) => [row.place, row.records]));
  const { consents, characters } = sums[0] as { consents: number; characters: number };
  return { records: Array.from({ length: categories }, (_, place) => byPlace.get(place + 1) ?? 0), consents, characters };
}
