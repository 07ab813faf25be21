/**
 * Fills a zone with synthetic firms, their records and the policy about them. Promises: the same bytes for the same seed
 * and number; a larger zone contains the smaller one; one transaction, so that a killed run leaves nothing; memory that
 * does not grow with the number of firms. MUST NOT read the clock for anything that is stored, `finished_at` included.
 */
import { createHash } from 'node:crypto';
import type pg from 'pg';
import { gramsOf } from '../catalogue/grams.js';
import type { Catalogue } from '../catalogue/model.js';
import { Fault } from '../faults.js';
import { LOCKS } from '../locks.js';
import type { Postgres } from '../postgres.js';
import { isoMoment } from './calendar.js';
import { arrayField, copyInto, field } from './copy.js';
import { drawFirm, LAST_EVENT } from './firm.js';
import { drawRecords, type Plan, planCategories } from './plan.js';
import { type PolicySeed, readPolicy, writePolicy } from './policy.js';
import { hashText, Random } from './random.js';

/** The time of the synthetic zone, whatever the day: the zone is the same every day. */
export const ZONE_TIME = new Date('2026-11-01T00:00:00Z');

export interface SeedReport {
  readonly enterprises: number;
  readonly records: number;
  /** Rows of consent written; 0 where skipped. */
  readonly consents: number;
  readonly byCategory: Readonly<Record<string, number>>;
  /** Length of all payloads written; 0 where skipped. */
  readonly payloadCharacters: number;
  readonly milliseconds: number;
  readonly recordsPerSecond: number;
  /** True when the zone held exactly this before and nothing was done. */
  readonly skipped: boolean;
}
export interface SeedOptions {
  readonly enterprises: number;
  readonly seed: number;
  readonly seedsFolder: string;
  /** Empties a zone that holds anything else first; the audit log stays. */
  readonly replace?: boolean;
  /** Firms done, of how many; every 500 firms and at the end. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** A category as the database knows it. */
interface Opened {
  readonly plan: Plan;
  readonly id: number;
  readonly generation: number;
  readonly delivery: number;
}

const DAY_MS = 86_400_000;
const REPORT_EVERY = 500;

/**
 * Seeds the zone, or does nothing where the same seed and number were seeded before.
 * @throws Fault ZONE_NOT_EMPTY when the zone holds something else and `replace` is not set, CONFIG_FAULTY when a seed file is faulty.
 */
export async function seedZone(
  { postgres, catalogue, now = ZONE_TIME }: { postgres: Postgres; catalogue: Catalogue; now?: Date },
  { enterprises, seed, seedsFolder, replace = false, onProgress }: SeedOptions,
): Promise<SeedReport> {
  const started = performance.now();
  if (!Number.isInteger(enterprises) || enterprises < 1)
    throw new Fault('CONFIG_FAULTY', { detail: `the number of enterprises is ${enterprises}; give a whole number from 1` });
  if (now.getTime() / DAY_MS <= LAST_EVENT) throw new Fault('CONFIG_FAULTY', { detail: 'the synthetic zone cannot be dated before 2026-10-01' });
  const policy = readPolicy(seedsFolder);
  const reason = `synthetic zone seed=${seed} enterprises=${enterprises}`;
  const plans = planCategories(catalogue, seed, now);
  let consents = 0;
  let characters = 0;
  const skipped = await postgres.transaction(async (client) => {
    await client.query('select pg_advisory_xact_lock($1)', [LOCKS.SEED]);
    const version = await prepareZone(client, reason, replace);
    if (version === null) return true;
    await client.query("insert into policy_version (version, author, reason, time, institutions) values ($1, 'seed', $2, $3, '{*}')", [version, reason, now]);
    await writePolicy(client, policy, version);
    const opened = await openDeliveries(client, plans, seed, now);
    characters = await copyRecords(client, opened, { seed, enterprises, onProgress });
    await copyEnterprises(client, seed, enterprises);
    consents = await copyConsents(client, policy, { seed, enterprises, now });
    await plantCanaries(client, seed, enterprises);
    await closeDeliveries(client, opened);
    await client.query('analyze record, enterprise, consent');
    return false;
  });
  const milliseconds = performance.now() - started;
  // Of a zone seeded before, the deliveries tell what it got then.
  const held = skipped ? await heldBefore(postgres) : new Map(plans.map(({ category, records: count }) => [category.code as string, count]));
  const records = [...held.values()].reduce((sum, count) => sum + count, 0);
  return {
    enterprises,
    records,
    consents,
    byCategory: Object.fromEntries(held),
    payloadCharacters: characters,
    milliseconds: Math.round(milliseconds),
    recordsPerSecond: skipped ? 0 : Math.round((records / milliseconds) * 1000),
    skipped,
  };
}

async function heldBefore(postgres: Postgres): Promise<Map<string, number>> {
  const rows = await postgres.query<{ category: string; accepted: number }>({ text: "select category, accepted from delivery where file_name = 'synthetic'" });
  return new Map(rows.map(({ category, accepted }) => [category, accepted]));
}

/** The version the policy gets, or null where the zone is seeded already. */
async function prepareZone(client: pg.PoolClient, reason: string, replace: boolean): Promise<number | null> {
  const { rows: seeded } = await client.query<{ version: number; reason: string }>(
    "select version, reason from policy_version where author = 'seed' order by version desc limit 1",
  );
  if (seeded[0]?.reason === reason) return null;
  const { rows: held } = await client.query<{ filled: boolean; latest: number }>(
    `select exists (select from record) or exists (select from enterprise) or exists (select from institution) or exists (select from policy_version where version > 0) as filled,
            (select coalesce(max(version), 0) from policy_version) as latest`,
  );
  const { filled, latest } = held[0] as { filled: boolean; latest: number };
  if (filled && !replace) {
    const what = seeded[0] ? `"${seeded[0].reason}"` : 'data of another origin';
    throw new Fault('ZONE_NOT_EMPTY', {
      detail: `the zone already holds ${what}, not "${reason}"; seed the same again, take an empty database, or ask to replace what it holds`,
    });
  }
  if (filled) {
    // Institutions stay, with the systems registered for them; without a residence they are not resident.
    await client.query(`truncate record, enterprise, quarantine, delivery, consent, access_grant, agreement, residence, item_setting, allowance,
      policy_version, policy_proposal, policy_proposal_decision, access_request, access_request_decision, idempotency, registered_operation,
      case_report, canary_enterprise, disclosure_delay`);
  }
  // Whoever writes records raises the generations in the same transaction: caches and replicas are judged by nothing else.
  await client.query('update category set generation = generation + 1');
  return latest + 1;
}

/** One delivery a category: who asks for provenance finds it like any other. */
async function openDeliveries(client: pg.PoolClient, plans: Plan[], seed: number, now: Date): Promise<Opened[]> {
  const { rows: known } = await client.query<{ code: string; id: number; generation: number }>('select code, id, generation from category');
  const byCode = new Map(known.map((row) => [row.code, row]));
  const digest = createHash('sha256').update(`synthetic ${seed}`).digest('hex');
  const opened: Opened[] = [];
  for (const plan of plans) {
    const row = byCode.get(plan.category.code);
    if (!row) throw new Fault('CONFIG_FAULTY', { detail: `the database does not know the category ${plan.category.code}; run the migrations first` });
    const dataTime = new Date(plan.dataTime * DAY_MS);
    const received = new Date(Math.min(now.getTime(), dataTime.getTime() + DAY_MS / 4));
    const { rows } = await client.query<{ id: number }>(
      `insert into delivery (category, file_name, file_digest, data_time, started_at, finished_at, rows_read, accepted, changed, unchanged, quarantined)
       values ($1, 'synthetic', $2, $3, $4, $4, 0, 0, 0, 0, 0) returning id`,
      [plan.category.code, digest, dataTime, received],
    );
    opened.push({ plan, id: row.id, generation: row.generation, delivery: (rows[0] as { id: number }).id });
  }
  return opened;
}

async function copyRecords(
  client: pg.PoolClient,
  opened: Opened[],
  { seed, enterprises, onProgress }: Pick<SeedOptions, 'seed' | 'enterprises' | 'onProgress'>,
): Promise<number> {
  const random = new Random();
  const tails = new Map(opened.map(({ plan, delivery, generation }) => [plan, `\t${delivery}\t${generation}\n`]));
  const heads = new Map(opened.map(({ plan, id }) => [plan, `\t${id}\t`]));
  const plans = opened.map(({ plan }) => plan);
  let characters = 0;
  await copyInto(client, 'record (uscc, category, payload, data_time, received_at, delivery, version)', async (write) => {
    let full: Promise<void> | undefined;
    for (let index = 0; index < enterprises; index++) {
      drawRecords(plans, seed, index, random, ({ plan, firm, payload, dataTime, receivedAt }) => {
        plan.records++;
        characters += payload.length;
        const text = plan.escapes ? field(payload) : payload;
        full = write(`${firm.uscc}${heads.get(plan)}${text}\t${isoMoment(dataTime)}\t${isoMoment(receivedAt)}${tails.get(plan)}`) ?? full;
      });
      if (full) await full;
      full = undefined;
      if ((index + 1) % REPORT_EVERY === 0 || index + 1 === enterprises) onProgress?.(index + 1, enterprises);
    }
  });
  return characters;
}

async function copyEnterprises(client: pg.PoolClient, seed: number, enterprises: number): Promise<void> {
  const random = new Random();
  await copyInto(client, 'enterprise (uscc, name, division, industry, grams)', async (write) => {
    for (let index = 0; index < enterprises; index++) {
      const { uscc, name, district, industry } = drawFirm(seed, index, random);
      const full = write(`${uscc}\t${name}\t${district.code}\t${industry}\t${arrayField(gramsOf(name))}\n`);
      if (full) await full;
    }
  });
}

async function copyConsents(
  client: pg.PoolClient,
  policy: PolicySeed,
  { seed, enterprises, now }: { seed: number; enterprises: number; now: Date },
): Promise<number> {
  const random = new Random();
  let consents = 0;
  await copyInto(
    client,
    'consent (uscc, id, institution, purposes, scope, personal, valid_from, valid_until, withdrawn_at, evidence_hash, recorded_at)',
    async (write) => {
      for (let index = 0; index < enterprises; index++) {
        const lines = policy.consentLines(seed, index, drawFirm(seed, index, random).uscc, now);
        if (lines === '') continue;
        consents += lines.split('\n').length - 1;
        const full = write(lines);
        if (full) await full;
      }
    },
  );
  return consents;
}

/** The firms of the demonstration are read by everybody; canaries are none of them, and nobody has their consent. */
const FIRST_CANARY = 100;
const ONE_CANARY_IN = 200;

async function plantCanaries(client: pg.PoolClient, seed: number, enterprises: number): Promise<void> {
  const random = new Random();
  const drawn: string[] = [];
  for (let index = FIRST_CANARY; index < enterprises; index++)
    if (hashText(`canary ${seed} ${index}`) % ONE_CANARY_IN === 0) drawn.push(drawFirm(seed, index, random).uscc);
  await client.query(
    `insert into canary_enterprise (uscc, reason)
     select uscc, 'synthetic' from unnest($1::text[]) as drawn (uscc) where not exists (select from consent c where c.uscc = drawn.uscc)`,
    [drawn],
  );
}

async function closeDeliveries(client: pg.PoolClient, opened: Opened[]): Promise<void> {
  await client.query(
    `update delivery set rows_read = held.records, accepted = held.records, changed = held.records
       from unnest($1::bigint[], $2::bigint[]) as held (id, records) where delivery.id = held.id`,
    [opened.map(({ delivery }) => delivery), opened.map(({ plan }) => plan.records)],
  );
}
