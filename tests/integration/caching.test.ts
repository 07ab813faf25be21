/** The cached read: how many statements it takes, what its keys hold, and how soon a delivery is seen. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { deliver } from '../../src/delivery/deliver.js';
import { migrate } from '../../src/migrations.js';
import { openPostgres } from '../../src/postgres.js';
import { seedZone } from '../../src/synthetic/seed.js';
import { openTestRedis, type TestRedis } from '../harness/redis.js';
import { NOW, openWatchedGateway, payloadOf, type WatchedGateway } from '../harness/watched.js';
import { firm, openTestZone, SEED, type TestZone } from '../harness/zone.js';

let zone: TestZone;
let redis: TestRedis;
const opened: WatchedGateway[] = [];

beforeAll(async () => {
  [zone, redis] = await Promise.all([openTestZone({ enterprises: 110 }), openTestRedis()]);
}, 120_000);
afterAll(async () => {
  for (const gateway of opened) await gateway.close();
  await redis?.close();
  await zone?.close();
});
/** A Redis that was named belongs to somebody, who may keep more in it and would not like it emptied. */
const ownRedis = !process.env.REDIS_URL;
const withOwnRedis = ownRedis ? test : test.skip;
beforeEach(async () => {
  if (ownRedis) await redis.client.flushall();
});

async function open(redisUrl: string | null = null, planning = true): Promise<WatchedGateway> {
  const gateway = await openWatchedGateway(zone, { redisUrl, planning });
  opened.push(gateway);
  if (redisUrl) await until(async () => (await gateway.server.inject('/health')).json().redis === 'ok');
  return gateway;
}

const INQUIRY = 'inquiry: { purpose: PRE_LOAN_REVIEW, caseNumber: "C-1" }';
/** Free to all with a grant, so that every enterprise is fetched in every category. */
const FREE = `name registration { basic { establishmentDate registeredCapital } } procurement { contracts { contractAmount } awards { provenance { dataTime } } }
  judicial { judgments { provenance { dataTime } } } intellectualProperty { trademarks { provenance { dataTime } } patents { applicationNumber legalStatus } }`;
/** As a bank would ask: three of them need a consent, which most firms have not given. */
const MIXED = `name registration { basic { registeredCapital } } tax { valueAddedTaxReturns { taxableSales } incomeStatements { provenance { dataTime } } }
  socialSecurity { insuredHeadcounts { pensionInsured } } intellectualProperty { patents { applicationNumber } } procurement { contracts { contractAmount } }`;
const FREE_CATEGORIES = [
  'registration.basic',
  'procurement.contract',
  'procurement.award',
  'judicial.judgment',
  'intellectualProperty.trademark',
  'intellectualProperty.patent',
];
const MIXED_CATEGORIES = [
  'registration.basic',
  'tax.valueAddedTaxReturn',
  'tax.incomeStatement',
  'socialSecurity.insuredHeadcount',
  'intellectualProperty.patent',
  'procurement.contract',
];

const hundred = Array.from({ length: 100 }, (_, index) => firm(index));
const batch = (selection: string) => `query Batch($usccs: [USCC!]!) { enterprises(usccs: $usccs, ${INQUIRY}) { ... on Enterprise { uscc ${selection} } } }`;
const one = (uscc: string, selection: string) => `{ enterprise(uscc: "${uscc}", ${INQUIRY}) { uscc ${selection} } }`;

/** Statements of one answer: neither the append, which every answer has, nor what the background looks at every second. */
async function statementsOf(gateway: WatchedGateway, work: () => Promise<unknown>): Promise<string[]> {
  const before = gateway.statements.length;
  await work();
  return gateway.statements
    .slice(before)
    .map(({ name }) => name ?? 'unnamed')
    .filter((name) => name !== 'append' && name !== 'generations' && name !== 'issuer-dismissed');
}

/** Keys of records; what institutions asked is counted beside them. */
const recordKeys = async () => (await redis.client.keys('*')).filter((key) => !key.startsWith('zone:{bank-'));

async function categoryIds(codes: readonly string[]): Promise<Map<number, string>> {
  const rows = await zone.owner.query<{ id: number; code: string }>({ text: 'select id, code from category where code = any($1)', values: [codes] });
  return new Map(rows.map(({ id, code }) => [id, code]));
}

/** Enterprise and category of every record that a statement may bring, by its parameters. */
function pairsOf({ values = [] }: { values?: unknown[] }, categories: Map<number, string>): string[] {
  const [usccs, ids, pairUsccs, pairIds] = values as [string[], number[], string[]?, number[]?];
  // Without pairs, what stands there is how much is fetched of each category, or names.
  if (typeof pairIds?.[0] === 'number') return (pairUsccs as string[]).map((uscc, position) => `${uscc} ${categories.get(pairIds[position] as number)}`);
  return usccs.flatMap((uscc) => ids.map((id) => `${uscc} ${categories.get(id)}`));
}

describe('statements of a batch of 100 enterprises and 6 categories', () => {
  test.each([
    ['that are all free', FREE, FREE_CATEGORIES],
    ['of which some need a consent', MIXED, MIXED_CATEGORIES],
  ])('cold it takes two in all, warm none: categories %s', async (_, selection, categories) => {
    const gateway = await open();
    let cold = { body: {} as Record<string, unknown> };
    const coldStatements = await statementsOf(gateway, async () => {
      cold = await gateway.ask(batch(selection), { variables: { usccs: hundred } });
    });
    expect(coldStatements).toHaveLength(2);
    expect(coldStatements[0]).toBe('grounds');
    expect(coldStatements[1]).toMatch(/^records/);
    const firms = (cold.body.data as { enterprises: { uscc: string; name: string; registration: { basic: { registeredCapital: string | null } } }[] })
      .enterprises;
    for (const { uscc, registration } of firms) {
      const [payload] = (await payloadOf(zone, uscc, 'registration.basic')) as [Record<string, string>];
      expect([uscc, registration.basic.registeredCapital]).toEqual([uscc, payload.registeredCapital ?? null]);
    }
    expect(firms.filter(({ name }) => typeof name === 'string')).toHaveLength(100);
    // All six were asked of the store for at least one enterprise.
    const ids = await categoryIds(categories);
    const fetched = new Set(gateway.recordStatements().flatMap((statement) => pairsOf(statement, ids).map((pair) => pair.split(' ')[1])));
    expect([...fetched].sort()).toEqual([...categories].sort());

    let warm = { body: {} as Record<string, unknown> };
    const warmStatements = await statementsOf(gateway, async () => {
      warm = await gateway.ask(batch(selection), { variables: { usccs: hundred } });
    });
    expect(warmStatements).toEqual([]);
    expect(warm.body.data).toEqual(cold.body.data);
  });

  withOwnRedis('from Redis alone no record is read: a gateway that has just started reads the grounds and nothing else', async () => {
    const first = await open(redis.url);
    const { body } = await first.ask(batch(MIXED), { variables: { usccs: hundred } });
    // Writing is not waited for; it is done when the number of keys stays.
    await until(async () => {
      const before = await redis.client.dbsize();
      await sleep(50);
      return before > 0 && before === (await redis.client.dbsize());
    });
    let statements: string[] = [];
    // Redis has 50 ms to answer, which a busy machine may miss once; it is then a miss, and rightly so.
    for (let tries = 0; tries < 3 && statements.length !== 1; tries++) {
      const second = await open(redis.url);
      statements = await statementsOf(second, async () => {
        expect((await second.ask(batch(MIXED), { variables: { usccs: hundred } })).body.data).toEqual(body.data);
      });
    }
    expect(statements).toEqual(['grounds']);
  });

  test('a warm cache decides nothing: what one institution may see is masked or denied to the next', async () => {
    const gateway = await open(redis.url);
    const item = one(firm(0), 'registration { basic { contactPhone } } tax { valueAddedTaxReturns { taxableSales } }');
    const [payload] = (await payloadOf(zone, firm(0), 'registration.basic')) as [Record<string, string>];
    const clear = await gateway.ask(item, { institution: 'bank-01' });
    expect(clear.body.data.enterprise.registration.basic.contactPhone).toBe(payload.contactPhone);
    const statements = await statementsOf(gateway, () => gateway.ask(item, { institution: 'bank-09' }));
    expect(statements).toEqual(['grounds']);
    const other = await gateway.ask(item, { institution: 'bank-09' });
    expect(other.body.data.enterprise).toMatchObject({ registration: { basic: null }, tax: { valueAddedTaxReturns: null } });
    expect(other.text).not.toContain(payload.contactPhone);
  });
});

describe('one fetch a request', () => {
  test('all root fields and aliases of a request share one statement, which names nothing twice', async () => {
    const gateway = await open();
    const [a, b, c] = [firm(0), firm(11), firm(12)];
    const statements = await statementsOf(gateway, () =>
      gateway.ask(`{
        a: enterprise(uscc: "${a}", ${INQUIRY}) { name registration { basic { registeredCapital } } }
        b: enterprise(uscc: "${b}", ${INQUIRY}) { name again: registration { basic { establishmentDate } } procurement { contracts { contractAmount } } }
        c: enterprises(usccs: ["${a}", "${b}", "${c}"], ${INQUIRY}) { ... on Enterprise { name registration { basic { industry } } procurement { contracts { contractName } } } }
      }`),
    );
    expect(statements).toEqual(['grounds', expect.stringMatching(/^records/)]);
    const ids = await categoryIds(['registration.basic', 'procurement.contract']);
    const pairs = pairsOf(gateway.recordStatements()[0] as { values?: unknown[] }, ids);
    expect(new Set(pairs).size).toBe(pairs.length);
    expect([...pairs].sort()).toEqual([a, b, c].flatMap((uscc) => [`${uscc} procurement.contract`, `${uscc} registration.basic`]).sort());
  });

  test('enterprises with different consents are fetched in the categories that each permits, and in no other', async () => {
    const gateway = await open();
    // Firm 0 consents to everything, 4 to nothing, 5 to the domain tax, 6 to one category of it.
    const [all, nothing, tax, vat] = [firm(0), firm(4), firm(5), firm(6)];
    const selection =
      'name tax { valueAddedTaxReturns { taxableSales } incomeStatements { provenance { dataTime } } } socialSecurity { insuredHeadcounts { pensionInsured } }';
    const { body } = await gateway.ask(batch(selection), { variables: { usccs: [all, nothing, tax, vat] } });
    expect(body.data.enterprises[0].tax.valueAddedTaxReturns).not.toBeNull();
    expect(body.data.enterprises[1].tax).toEqual({ valueAddedTaxReturns: null, incomeStatements: null });
    const ids = await categoryIds(['tax.valueAddedTaxReturn', 'tax.incomeStatement', 'socialSecurity.insuredHeadcount']);
    expect(gateway.recordStatements()).toHaveLength(1);
    expect(pairsOf(gateway.recordStatements()[0] as { values?: unknown[] }, ids).sort()).toEqual(
      [
        `${all} tax.valueAddedTaxReturn`,
        `${all} tax.incomeStatement`,
        `${all} socialSecurity.insuredHeadcount`,
        `${tax} tax.valueAddedTaxReturn`,
        `${tax} tax.incomeStatement`,
        `${vat} tax.valueAddedTaxReturn`,
      ].sort(),
    );
  });

  withOwnRedis('where everything asked is denied, nothing is read', async () => {
    const gateway = await open(redis.url);
    const statements = await statementsOf(gateway, () => gateway.ask(one(firm(4), 'tax { valueAddedTaxReturns { taxableSales } }')));
    expect(statements).toEqual(['grounds']);
    expect(await recordKeys()).toEqual([]);
  });
});

describe('keys in Redis', () => {
  withOwnRedis('of a text holds the enterprise as hash tag, and shares nothing with that of other generations, effects or selections', async () => {
    const gateway = await open(redis.url);
    const seen = new Set<string>();
    const keysOf = async (institution: string, selection: string) => {
      await gateway.ask(batch(selection), { institution, variables: { usccs: [firm(0), firm(1)] } });
      await until(async () => (await recordKeys()).some((key) => !seen.has(key)));
      const fresh = (await recordKeys()).filter((key) => !seen.has(key));
      for (const key of fresh) seen.add(key);
      return fresh;
    };
    const first = await keysOf('bank-01', 'name registration { basic { industry } }');
    expect(first).toHaveLength(2);
    for (const uscc of [firm(0), firm(1)]) expect(first.filter((key) => key.includes(`{${uscc}}:text:`))).toHaveLength(1);
    for (const key of first) expect(await redis.client.ttl(key)).toBeGreaterThan(0);
    expect(await keysOf('bank-01', 'name registration { basic { industry establishmentDate } }')).toHaveLength(2);
    // Another bank that is given the same finds what was written for the first.
    const before = seen.size;
    await gateway.ask(batch('name registration { basic { industry } }'), { institution: 'bank-03', variables: { usccs: [firm(0), firm(1)] } });
    await sleep(200);
    expect(await recordKeys()).toHaveLength(before);
    await zone.owner.query({ text: "update category set generation = generation + 1 where code = 'registration.basic'" });
    await sleep(1_500);
    expect(await keysOf('bank-01', 'name registration { basic { industry } }')).toHaveLength(2);
  });

  withOwnRedis('of a fact holds the enterprise as hash tag, the category and its generation', async () => {
    const gateway = await open(redis.url, false);
    await zone.owner.query({ text: "update category set generation = 7001 where code = 'registration.basic'" });
    await zone.owner.query({ text: "update category set generation = 7002 where code = 'procurement.contract'" });
    await sleep(2_000);
    await gateway.ask(batch('name registration { basic { industry } } procurement { contracts { contractName } }'), {
      variables: { usccs: [firm(0), firm(1)] },
    });
    await until(async () => (await redis.client.dbsize()) >= 6);
    const keys = await recordKeys();
    const [basic] = [...(await categoryIds(['registration.basic'])).keys()];
    const [contract] = [...(await categoryIds(['procurement.contract'])).keys()];
    for (const uscc of [firm(0), firm(1)]) {
      const ofFirm = keys.filter((key) => key.includes(`{${uscc}}`)).map((key) => key.slice(key.indexOf('}') + 1));
      // 0 is the identity of the enterprise, whose name changes with its registration.
      expect(ofFirm.sort()).toEqual([':0:7001', `:${basic}:7001`, `:${contract}:7002`].sort());
    }
    expect(keys).toHaveLength(6);
    for (const key of keys) expect(await redis.client.ttl(key)).toBeGreaterThan(0);
  });

  withOwnRedis('rubbish under a key is a miss, not an answer and not a failure', async () => {
    const gateway = await open(redis.url);
    await gateway.ask(one(firm(0), 'registration { basic { industry } }'));
    await until(async () => (await redis.client.dbsize()) >= 2);
    const [payload] = (await payloadOf(zone, firm(0), 'registration.basic')) as [Record<string, string>];
    const keys = await recordKeys();
    for (const rubbish of ['', 'rubbish', '1|1|1|1|{"industry":', '1|1|1|1|null', '1|1|1|1|']) {
      for (const key of keys) await redis.client.set(key, rubbish);
      const fresh = await open(redis.url);
      const { status, text, body } = await fresh.ask(one(firm(0), 'registration { basic { industry } }'));
      expect([rubbish, status, text]).toEqual([rubbish, 200, expect.anything()]);
      expect(body.data.enterprise.registration.basic.industry).toBe(payload.industry);
    }
  });

  withOwnRedis('two zones that share one Redis never see a record of the other', async () => {
    await zone.owner.query({ text: 'create database other' });
    const url = new URL(zone.database.ownerUrl);
    url.pathname = '/other';
    const other = openPostgres({ url: url.href, role: 'owner', poolSize: 2, limitMs: 60_000 });
    const gateway = await open(redis.url);
    const opening = open.bind(null, redis.url);
    try {
      await migrate(url.href, zone.config.schemaFolder, zone.catalogue);
      await seedZone({ postgres: other, catalogue: zone.catalogue }, { enterprises: 1, seed: SEED, seedsFolder: zone.config.seedsFolder });
      const category = "(select id from category where code = 'registration.basic')";
      await other.query({ text: `update record set payload = '{"registeredCapital":"424242"}' where category = ${category}` });
      // The same generation in both databases, as after a start from scratch.
      await zone.owner.query({ text: 'update category set generation = 5' });
      await other.query({ text: 'update category set generation = 5' });
      await sleep(2_000);
      const query = one(firm(0), 'registration { basic { registeredCapital } }');
      const here = await gateway.ask(query);
      expect(here.body.data.enterprise.registration.basic.registeredCapital).not.toBe('424242');
      await until(async () => (await redis.client.dbsize()) >= 2);

      const there = await openWatchedGateway({ ...zone, database: databaseAt(url.href) }, { redisUrl: redis.url });
      try {
        const { body } = await there.ask(query);
        expect(body.data.enterprise.registration.basic.registeredCapital).toBe('424242');
      } finally {
        await there.close();
      }
      const { body } = await (await opening()).ask(query);
      expect(body.data.enterprise.registration.basic.registeredCapital).toBe(here.body.data.enterprise.registration.basic.registeredCapital);
    } finally {
      await other.close();
      for (const postgres of elsewhere.splice(0)) await postgres.close();
    }
  });
});

const elsewhere: { close(): Promise<void> }[] = [];
function databaseAt(url: string): TestZone['database'] {
  return {
    ownerUrl: url,
    open(role, { poolSize = 2, limitMs = 60_000 } = {}) {
      const postgres = openPostgres({ url, role, poolSize, limitMs });
      elsewhere.push(postgres);
      return postgres;
    },
    openReplica(at, { poolSize, limitMs }) {
      return this.open('zone_gateway', { poolSize, limitMs: at === url ? limitMs : 1 });
    },
    close: async () => undefined,
  };
}

describe('after a delivery commits', () => {
  /** What a gateway saw, with the times at which each read began and ended. */
  interface Seen {
    readonly begun: number;
    readonly ended: number;
    readonly value: unknown;
  }
  async function watch(gateway: WatchedGateway, query: string, seenIn: (data: never) => unknown, stop: AbortSignal): Promise<Seen[]> {
    const seen: Seen[] = [];
    while (!stop.aborted) {
      const begun = performance.now();
      const { status, body } = await gateway.ask(query);
      expect(status).toBe(200);
      seen.push({ begun, ended: performance.now(), value: seenIn(body.data as never) });
      await sleep(20);
    }
    return seen;
  }
  async function deliverLines(category: string, lines: readonly object[]): Promise<void> {
    const file = join(zone.config.zoneHome, `${category}.jsonl`);
    writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const postgres = zone.database.open('zone_delivery');
    const report = await deliver({ postgres, catalogue: zone.catalogue, now: () => NOW }, { category, file });
    expect(report).toMatchObject({ accepted: lines.length, changed: lines.length });
  }

  test('no reader of any gateway sees the old value longer than two seconds, and none goes back to it', async () => {
    const uscc = firm(11);
    const [payload] = (await payloadOf(zone, uscc, 'registration.basic')) as [Record<string, string | number>];
    const query = one(uscc, 'name registration { basic { enterpriseName employeeCount provenance { delivery } } }');
    const seenIn = ({ enterprise }: { enterprise: { name: string; registration: { basic: { enterpriseName: string; employeeCount: number } } } }) =>
      [enterprise.name, enterprise.registration.basic.enterpriseName, enterprise.registration.basic.employeeCount].join(' ');
    const gateways = [await open(redis.url), await open()];
    const before = [payload.enterpriseName, payload.enterpriseName, payload.employeeCount].join(' ');
    const after = ['北京壬寅改名有限公司', '北京壬寅改名有限公司', 987_654].join(' ');

    const stop = new AbortController();
    const watching = gateways.map((gateway) => watch(gateway, query, seenIn as never, stop.signal));
    await sleep(700);
    const began = performance.now();
    await deliverLines('registration.basic', [{ uscc, ...payload, enterpriseName: '北京壬寅改名有限公司', employeeCount: 987_654 }]);
    const committed = performance.now();
    await sleep(3_000);
    stop.abort();
    for (const seen of await Promise.all(watching)) {
      expect(new Set(seen.map(({ value }) => value))).toEqual(new Set([before, after]));
      expect(seen.filter(({ ended, value }) => ended < began && value !== before)).toEqual([]);
      expect(seen.filter(({ begun, value }) => begun > committed + 2_000 && value !== after)).toEqual([]);
      expect(seen.filter(({ begun }) => begun > committed + 2_000).length).toBeGreaterThan(1);
      const first = seen.findIndex(({ value }) => value === after);
      expect(seen.slice(first).filter(({ value }) => value !== after)).toEqual([]);
    }
  });

  test('a record that was not there is remembered as absent, and appears', async () => {
    const [row] = await zone.owner.query<{ uscc: string }>({
      text: `select uscc from enterprise where uscc not like '92%' and uscc not in
               (select uscc from record join category on category.id = record.category where code = 'talent.labourDispatchLicence') order by uscc limit 1`,
    });
    const uscc = row?.uscc as string;
    const gateways = [await open(redis.url), await open()];
    const query = one(uscc, 'talent { labourDispatchLicence { dispatchLicenceNumber dispatchedWorkers } }');
    for (const gateway of gateways) {
      const { body } = await gateway.ask(query);
      expect([body.data.enterprise.talent.labourDispatchLicence, body.errors]).toEqual([null, undefined]);
      expect(await statementsOf(gateway, () => gateway.ask(query))).toEqual([]);
    }
    const status = zone.catalogue.codeLists.get('human-resource-licence-status')?.codes[0]?.code;
    await deliverLines('talent.labourDispatchLicence', [
      { uscc, dispatchLicenceNumber: '京劳派110105202101999', dispatchLicenceStatus: status, dispatchedWorkers: 17 },
    ]);
    await sleep(2_000);
    for (const gateway of gateways) {
      const { body } = await gateway.ask(query);
      expect(body.data.enterprise.talent.labourDispatchLicence).toEqual({ dispatchLicenceNumber: '京劳派110105202101999', dispatchedWorkers: 17 });
    }
  });

  test('an enterprise that was not there is unknown at first, and appears with its name', async () => {
    const uscc = '91110108MA00000070';
    const gateways = [await open(redis.url), await open()];
    const query = one(uscc, 'name registration { basic { enterpriseName } }');
    for (const gateway of gateways) {
      expect((await gateway.ask(query)).body.data).toEqual({ enterprise: null });
      expect(await statementsOf(gateway, () => gateway.ask(query))).toEqual([]);
    }
    const [payload] = (await payloadOf(zone, firm(0), 'registration.basic')) as [Record<string, string>];
    await deliverLines('registration.basic', [{ uscc, ...payload, enterpriseName: '北京新立有限公司' }]);
    await sleep(2_000);
    for (const gateway of gateways) {
      const { body } = await gateway.ask(query);
      expect(body.data.enterprise).toMatchObject({ name: '北京新立有限公司', registration: { basic: { enterpriseName: '北京新立有限公司' } } });
    }
  });

  test('a delivery that is not committed is not seen, and one that fails never is', async () => {
    const uscc = firm(12);
    const gateway = await open(redis.url);
    const query = one(uscc, 'registration { basic { employeeCount } }');
    const seen = async () => (await gateway.ask(query)).body.data.enterprise.registration.basic.employeeCount;
    const before = await seen();
    await expect(
      zone.owner.transaction(async (client) => {
        const category = "(select id from category where code = 'registration.basic')";
        await client.query(`update category set generation = generation + 1 where code = 'registration.basic'`);
        await client.query(`update record set payload = '{"employeeCount":123456}' where uscc = $1 and category = ${category}`, [uscc]);
        await sleep(1_800);
        expect(await seen()).toBe(before);
        throw new Error('the delivery fails');
      }),
    ).rejects.toThrow('the delivery fails');
    await sleep(1_000);
    expect(await seen()).toBe(before);
  });
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (await holds()) return;
    await sleep(50);
  }
  throw new Error('it did not come about');
}
