/**
 * The beginning of filling a zone: whether there is anything to do, and all that rows need before they come. Promises: from here
 * until `finish` no policy is in force, so that nobody is shown a zone that is not whole.
 */
import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { Catalogue } from '../catalogue/model.js';
import { Fault } from '../faults.js';
import { dataTimeOf } from './freshness.js';
import { type PolicySeed, writeInstitutions } from './policy.js';
import type { Opened } from './recordRows.js';

/** What a run was asked for. */
export interface Order {
  readonly policy: PolicySeed;
  readonly catalogue: Catalogue;
  readonly seed: number;
  readonly now: Date;
  /** Tells seed and number; the policy version says it. */
  readonly reason: string;
  readonly replace: boolean;
  /** What is large has its names indexed when all are in: at once, and in half the room. */
  readonly inChunks: boolean;
}
/** A zone that is being filled. */
export interface Begun {
  /** The policy version that it gets when it is whole. */
  readonly version: number;
  /** By the place of the category in the catalogue. */
  readonly opened: readonly Opened[];
}

const DAY_MS = 86_400_000;

/**
 * Empties where it may, and opens a delivery a category; or finds what a run before began.
 * @returns null where the zone is seeded already. @throws Fault ZONE_NOT_EMPTY
 */
export async function begin(client: pg.PoolClient, order: Order): Promise<Begun | null> {
  const { reason, replace } = order;
  const { rows: begun } = await client.query<{ version: number; reason: string }>('select version, reason from seeding');
  if (begun[0]?.reason === reason) return { version: begun[0].version, opened: await openedBefore(client, order) };
  const { rows: seeded } = await client.query<{ reason: string }>("select reason from policy_version where author = 'seed' order by version desc limit 1");
  if (seeded[0]?.reason === reason && !begun[0]) return null;
  const { rows: held } = await client.query<{ filled: boolean; latest: number }>(
    `select exists (select from record) or exists (select from enterprise) or exists (select from institution) or exists (select from policy_version where version > 0) as filled,
            greatest((select coalesce(max(version), 0) from policy_version), (select coalesce(max(version), 1) - 1 from seeding)) as latest`,
  );
  const { filled, latest } = held[0] as { filled: boolean; latest: number };
  if (filled && !replace) {
    const what = begun[0] ? `a part of "${begun[0].reason}", which was broken off` : seeded[0] ? `"${seeded[0].reason}"` : 'data of another origin';
    throw new Fault('ZONE_NOT_EMPTY', {
      detail: `the zone already holds ${what}, not "${reason}"; seed the same again, take an empty database, or ask to replace what it holds`,
    });
  }
  if (filled) {
    // Institutions stay, with the systems registered for them; without a residence they are not resident.
    await client.query(`truncate record, enterprise, enterprise_gram, quarantine, delivery, consent, access_grant, agreement, residence, item_setting,
      allowance, policy_version, policy_proposal, policy_proposal_decision, access_request, access_request_decision, idempotency,
      registered_operation, case_report, canary_enterprise, disclosure_delay, seeding, seeding_chunk`);
  }
  // Whoever writes records raises the generations: caches and replicas are judged by nothing else.
  await client.query('update category set generation = generation + 1');
  await client.query('insert into seeding (reason, version) values ($1, $2)', [reason, latest + 1]);
  if (order.inChunks) await client.query('drop index if exists enterprise_gram_found');
  await writeInstitutions(client, order.policy);
  return { version: latest + 1, opened: await openDeliveries(client, order) };
}

/** One delivery a category: who asks for provenance finds it like any other. */
async function openDeliveries(client: pg.PoolClient, { catalogue, seed, now }: Order): Promise<Opened[]> {
  const { rows: known } = await client.query<{ code: string; id: number; generation: number }>('select code, id, generation from category');
  const byCode = new Map(known.map((row) => [row.code, row]));
  const digest = createHash('sha256').update(`synthetic ${seed}`).digest('hex');
  const opened: Opened[] = [];
  for (const category of catalogue.categories) {
    const row = byCode.get(category.code);
    if (!row) throw new Fault('CONFIG_FAULTY', { detail: `the database does not know the category ${category.code}; run the migrations first` });
    const dataTime = new Date(dataTimeOf(category, now) * DAY_MS);
    const received = new Date(Math.min(now.getTime(), dataTime.getTime() + DAY_MS / 4));
    const { rows } = await client.query<{ id: number }>(
      `insert into delivery (category, file_name, file_digest, data_time, started_at, finished_at, rows_read, accepted, changed, unchanged, quarantined)
       values ($1, 'synthetic', $2, $3, $4, $4, 0, 0, 0, 0, 0) returning id`,
      [category.code, digest, dataTime, received],
    );
    opened.push({ id: row.id, generation: row.generation, delivery: (rows[0] as { id: number }).id });
  }
  return opened;
}

async function openedBefore(client: pg.PoolClient, { catalogue }: Order): Promise<Opened[]> {
  const { rows } = await client.query<Opened & { code: string }>(
    `select c.code, c.id, c.generation, d.id as delivery from delivery d join category c on c.code = d.category where d.file_name = 'synthetic'`,
  );
  const byCode = new Map(rows.map(({ code, ...opened }) => [code, opened]));
  return catalogue.categories.map(({ code }) => {
    const found = byCode.get(code);
    // The catalogue has grown since.
    if (!found) throw new Fault('ZONE_NOT_EMPTY', { detail: `a part of the zone was filled without ${code}; it can be replaced, not continued` });
    return found;
  });
}
