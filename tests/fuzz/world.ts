/**
 * The zone that the fuzz asks: a real database with a few real categories, the invented records, and gateways whose clock
 * is turned by hand. Policy is written as governance writes it: new rows, and last the epoch, in one transaction.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { parse } from 'yaml';
import type { CategoryFile, CodeListFile } from '../../src/catalogue/files.js';
import { buildCatalogue } from '../../src/catalogue/load.js';
import type { Catalogue } from '../../src/catalogue/model.js';
import type { Config } from '../../src/config.js';
import { migrate } from '../../src/migrations.js';
import type { Postgres } from '../../src/postgres.js';
import type { Database } from '../../src/zone/database.js';
import { type Gateway, openGateway } from '../../src/zone.js';
import type { StoredRecord, Zone } from '../oracle/answer.js';
import { type CategoryFacts, readCategories } from '../oracle/catalogue.js';
import type { Policy } from '../oracle/policy.js';
import { changed } from './changed.js';
import { INSERTS } from './inserts.js';
import { BASE, CATEGORIES, INSTITUTIONS, NOBODY } from './place.js';
import type { Change } from './policies.js';
import { type Holding, recordsOf } from './records.js';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}
export interface Asked extends Gateway {
  send(institution: string, body: { query: string; variables: unknown }): Promise<Reply>;
}
export interface World {
  readonly categories: ReadonlyMap<string, CategoryFacts>;
  readonly holding: Holding;
  readonly owner: Postgres;
  /** What the oracle is told: as it stands now. */
  readonly zone: Zone;
  /** Lines that gateways have logged since they were last taken. */
  takeLog(): string;
  /** Versions that an institution may be told of: from the last that concerned it to the newest. */
  versionsFor(institution: string): { readonly from: number; readonly to: number };
  openGateway(redisUrl: string | null): Promise<Asked>;
  /** Forgets all policy and begins with this one. */
  begin(policy: Policy, time: number): Promise<void>;
  apply(change: Change): Promise<void>;
  /** A delivery takes a row from one record; returns when every gateway must know. */
  deliver(round: number): Promise<void>;
  /** An entry of Redis that is more than a record as delivered, or a key that says more than whose record of what; null: none. */
  strangeInRedis(url: string): Promise<string | null>;
  close(): Promise<void>;
}

/** The catalogue of the fuzz: some of the real one. Files of others are not even read. */
export function catalogueOfFuzz({ schemaFolder }: Config): Catalogue {
  const read = (path: string) => parse(readFileSync(join(schemaFolder, path), 'utf8'));
  return buildCatalogue(
    CATEGORIES.map((code) => read(`catalogue/${code.replace('.', '/')}.yaml`) as CategoryFile),
    ['provider', 'domain', 'industry'].map((name) => read(`codes/${name}.yaml`) as CodeListFile),
  );
}

const SHED = /"(OVERLOADED|ZONE_UNAVAILABLE|AUDIT_UNAVAILABLE)"/;
const MOST_ATTEMPTS = 12;

/** Opens the world in a database; what it finds there from an earlier time it uses or clears away. */
export async function openWorld(config: Config, database: Database): Promise<World> {
  const catalogue = catalogueOfFuzz(config);
  await migrate(database.ownerUrl, config.schemaFolder, catalogue);
  const owner = database.open('owner');
  const categories = readCategories(join(config.schemaFolder, 'catalogue'), CATEGORIES);
  const holding = recordsOf(categories);
  const whole = new Map(holding.records);
  await prepare(owner, holding);
  const [clock] = await owner.query<{ now: Date; version: number }>({ text: 'select now(), (select max(version) from policy_version) as version' });
  if (!clock) throw new Error('the database tells no time');
  let version = clock.version;
  let time = BASE;
  let policy: Policy = { residence: [], agreements: [], grants: [], settings: [], consents: [] };
  let lines: string[] = [];
  /** The version of the last change that concerned an institution, or all of them. */
  const concernedAt = new Map<string, number>();
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
  const gateways = new Set<() => Promise<void>>();
  const tokens = new Map<string, { token: Promise<string>; at: number }>();

  /** Versions of the policy made up begin at nought; those of the database go on. */
  async function write(added: Policy, from: number, reason: string, concerned: string): Promise<void> {
    const rows = [...added.residence, ...added.agreements, ...added.grants, ...added.settings];
    const base = version + 1;
    const last = rows.length === 0 ? version : Math.max(...rows.map((row) => row.version - from + base));
    await owner.transaction(async (client) => {
      await client.query(
        "insert into policy_version (version, author, reason, time) select v, 'fuzz', $3, now() from generate_series($1::bigint, $2::bigint) v",
        [base, last, reason],
      );
      const shifted = <Row extends { version: number }>(rows: readonly Row[]) => rows.map((row) => ({ ...row, version: row.version - from + base }));
      for (const [table, own] of [
        ['residence', shifted(added.residence)],
        ['agreement', shifted(added.agreements)],
        ['access_grant', shifted(added.grants)],
        ['item_setting', shifted(added.settings)],
        ['consent', added.consents.map((row) => ({ ...row, evidenceHash: 'fuzz' }))],
      ] as const) {
        if (own.length > 0) await client.query(INSERTS[table], [JSON.stringify(own)]);
      }
      await client.query('select raise_policy_epoch($1)', [concerned]);
    });
    version = last;
    concernedAt.set(concerned, last);
  }

  return {
    categories,
    holding,
    owner,
    get zone() {
      const kinds = new Map<string, string>(INSTITUTIONS.map(({ code, kind }) => [code, kind]));
      return { categories, names: holding.names, records: holding.records, policy, kinds, time, databaseTime: clock.now.getTime() };
    },
    versionsFor: (institution) => ({ from: Math.max(concernedAt.get('*') ?? 0, concernedAt.get(institution) ?? 0), to: version }),
    takeLog() {
      const taken = lines.join('');
      lines = [];
      return taken;
    },
    async openGateway(redisUrl) {
      const pools: Postgres[] = [];
      const own: Database = {
        ...database,
        open(role, options) {
          const pool = database.open(role, options);
          pools.push(pool);
          return pool;
        },
      };
      const gateway = await openGateway({ ...config, redisUrl, poolSize: 4 }, own, catalogue, log, () => new Date(time));
      const close = async () => {
        if (!gateways.delete(close)) return;
        await gateway.close();
        for (const pool of pools) await pool.close();
      };
      gateways.add(close);
      const tokenOf = (institution: string) => {
        const known = tokens.get(institution);
        if (known && Date.now() - known.at < 120_000) return known.token;
        const token = gateway.issuer?.tokenFor(institution) as Promise<string>;
        tokens.set(institution, { token, at: Date.now() });
        return token;
      };
      return {
        ...gateway,
        close,
        async send(institution, body) {
          const headers = { 'content-type': 'application/json', authorization: `Bearer ${await tokenOf(institution)}` };
          // On a machine that is busy with other things a gateway sheds load; a client comes again after a while.
          for (let attempts = 1; ; attempts++) {
            const response = await gateway.server.inject({ method: 'POST', url: '/graphql', headers, payload: JSON.stringify(body) });
            const shed = response.statusCode === 503 && SHED.test(response.body);
            if (!shed || attempts === MOST_ATTEMPTS) return { status: response.statusCode, headers: response.headers, text: response.body };
            await sleep(1_000);
          }
        },
      };
    },
    async begin(first, at) {
      await owner.withClient((client) =>
        client.query('delete from residence; delete from agreement; delete from access_grant; delete from item_setting; delete from consent'),
      );
      time = at;
      policy = first;
      await write(first, 0, 'begin', '*');
    },
    async apply(change) {
      if (change.change === 'CLOCK') {
        time = change.time;
        return;
      }
      const highest = Math.max(0, ...[...policy.residence, ...policy.agreements, ...policy.grants, ...policy.settings].map((row) => row.version));
      const { policy: next, concerned } = changed(policy, change, highest + 1);
      const fresh = <Row>(rows: readonly Row[], known: readonly Row[]) => rows.slice(known.length);
      const added: Policy = {
        residence: fresh(next.residence, policy.residence),
        agreements: fresh(next.agreements, policy.agreements),
        grants: fresh(next.grants, policy.grants),
        settings: fresh(next.settings, policy.settings),
        consents: fresh(next.consents, policy.consents),
      };
      policy = next;
      await write(added, highest + 1, change.change, concerned);
    },
    async deliver(round) {
      const listed = [...whole].filter(([, { rows }]) => rows.length > 1);
      const chosen = new Set(Array.from({ length: DELIVERED }, (_, place) => listed[(round * 13 + place * 29) % listed.length]?.[0] as string));
      for (const key of chosen) {
        const record = holding.records.get(key) as StoredRecord;
        const [uscc, code] = key.split(' ') as [string, string];
        // A list loses its first row, and has them all again when it has lost all but one.
        const rows = record.rows.length > 1 ? record.rows.slice(1) : (whole.get(key) as StoredRecord).rows;
        await owner.transaction(async (client) => {
          const { rows: raised } = await client.query<{ generation: number }>(
            'update category set generation = generation + 1 where code = $1 returning generation',
            [code],
          );
          const version = raised[0]?.generation as number;
          await client.query('update record set payload = $3, version = $4 where uscc = $1 and category = (select id from category where code = $2)', [
            uscc,
            code,
            JSON.stringify(rows),
            version,
          ]);
          holding.records.set(key, { ...record, rows, version });
        });
      }
      // By now every gateway has looked.
      await sleep(1_050);
    },
    async strangeInRedis(url) {
      const redis = new Redis(url, { maxRetriesPerRequest: null });
      redis.on('error', () => undefined);
      try {
        return await strangeEntry(redis, holding, owner);
      } finally {
        redis.disconnect();
      }
    },
    async close() {
      for (const close of [...gateways]) await close();
    },
  };
}

/** Records of one delivery. */
const DELIVERED = 8;

/** Institutions, enterprises and records, written once; nobody waits for the disk of a database that nobody keeps. */
async function prepare(owner: Postgres, holding: Pick<Holding, 'records' | 'names'>): Promise<void> {
  await owner.query({ text: 'alter system set synchronous_commit = off' });
  await owner.query({ text: 'select pg_reload_conf()' });
  const institutions = [...INSTITUTIONS, { code: NOBODY, kind: 'BANK' }];
  for (const { code, kind } of institutions) {
    await owner.query({ text: 'insert into institution values ($1, $1, $1, $2) on conflict do nothing', values: [code, kind] });
    await owner.query({
      text: `insert into allowance (institution, purpose, version, cost_per_minute, enterprises_a_day, at_once)
        select $1, p, 0, 2000000000, 2000000000, 1000000 from unnest('{PRE_LOAN_REVIEW,LOAN_APPROVAL,POST_LOAN_MONITORING,RISK_DISPOSAL}'::text[]) p on conflict do nothing`,
      values: [code],
    });
  }
  await store(owner, holding);
}

/** Puts these records in the place of all others. */
export async function store(owner: Postgres, { records, names }: Pick<Holding, 'records' | 'names'>): Promise<void> {
  await owner.withClient((client) => client.query('delete from record; delete from enterprise; update category set generation = 1'));
  await owner.query({
    text: `insert into enterprise (uscc, name, grams) select uscc, name, '{}' from unnest($1::text[], $2::text[]) as e(uscc, name)`,
    values: [[...names.keys()], [...names.values()]],
  });
  const lines = [...records].map(([key, { rows, ...rest }]) => {
    const [uscc, code] = key.split(' ') as [string, string];
    return { ...rest, uscc, code, payload: JSON.stringify(ONE_OF.has(code) ? rows[0] : rows) };
  });
  await owner.query({
    text: `insert into record select uscc, id, payload, "dataTime", "receivedAt", delivery, version
      from json_to_recordset($1) as r(uscc text, code text, payload text, "dataTime" timestamptz, "receivedAt" timestamptz, delivery bigint, version bigint)
      join category using (code)`,
    values: [JSON.stringify(lines)],
  });
}
/** Categories of which an enterprise has one record. */
const ONE_OF = new Set(['registration.basic', 'registration.statePropertyRight', 'tax.registration']);

async function strangeEntry(redis: Redis, { records, names }: Holding, owner: Postgres): Promise<string | null> {
  const [zone] = await owner.query<{ zone: string }>({
    text: "select left(md5(concat(system_identifier, '.', d.oid)), 8) as zone from pg_control_system(), pg_database d where d.datname = current_database()",
  });
  const codes = await owner.query<{ code: string; id: number; generation: number }>({ text: 'select code, id, generation from category' });
  const keys = await redis.keys(`zone:${zone?.zone}:*`);
  if (keys.length === 0) return 'Redis was not used';
  for (const key of keys) {
    const text = await redis.get(key);
    const [, textOf] = /^zone:[0-9a-f]{8}:\{([0-9A-Z]{18})\}:text:[\w-]{87}$/.exec(key) ?? [];
    if (textOf && text !== null) {
      const told = JSON.parse(text.replace(/^\d+\|\d+\|/, '').replace(/^-$/, 'null'));
      if ((told === null) === names.has(textOf)) return `a text in Redis of a firm that is there and is not: ${key}`;
      continue;
    }
    const found = /^zone:[0-9a-f]{8}:\{([0-9A-Z]{18})\}:(\d+):(\d+)$/.exec(key);
    if (!found || text === null) return `a strange key in Redis: ${key}`;
    const [, uscc, id, generation] = found as unknown as [string, string, string, string];
    const category = codes.find((one) => one.id === Number(id));
    // What an earlier generation left is never asked for again.
    if (text === '-' || (category && category.generation !== Number(generation))) continue;
    const payload = JSON.stringify(JSON.parse(text.replace(/^(\d+\|){4}/, '')));
    const rows = category ? records.get(`${uscc} ${category.code}`)?.rows : [{ name: names.get(uscc) }];
    if (payload !== JSON.stringify(rows) && payload !== JSON.stringify(rows?.[0])) return `an entry of Redis is not the record as delivered: ${key}`;
  }
  return null;
}

/** The seed of the committed short run, so that a failure elsewhere can be told from one of chance. */
export const SHORT_RUN_SEED = 20_270_701;
