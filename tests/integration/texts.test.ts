/** Texts of enterprises as they are kept: in memory and in Redis, under keys that hold all they depend on. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { decide, type Permit } from '../../src/access/decide.js';
import type { Category, Item } from '../../src/catalogue/model.js';
import type { Postgres } from '../../src/postgres.js';
import { IDENTITY } from '../../src/records/fact.js';
import type { Look } from '../../src/records/generations.js';
import { openTemplate, type RowField, type Template, Unwritable } from '../../src/records/template.js';
import { openTexts, type Texts } from '../../src/records/texts.js';
import { type Cache, openRedis } from '../../src/redis.js';
import type { InstitutionId, Uscc } from '../../src/terms.js';
import { grant, grounds, inquiry, standing } from '../harness/invented.js';
import { openTestRedis, type TestRedis } from '../harness/redis.js';
import { firm, openTestZone, type TestZone } from '../harness/zone.js';

const DAY_MS = 86_400_000;
const DATA_TIME = Date.parse('2026-10-01T00:00:00Z');
const STRANGER = '91110108700000011' as Uscc;

let zone: TestZone;
let redis: TestRedis;
let cache: Cache;
let postgres: Postgres;
let basic: Category;
let contracts: Category;
let ids: Map<string, number>;
let raised: Record<string, number> = {};
/** Every test has generations of its own, and so its own keys. */
let epoch = 0;

beforeAll(async () => {
  [zone, redis] = await Promise.all([openTestZone({ enterprises: 12 }), openTestRedis()]);
  postgres = zone.database.open('zone_gateway', { limitMs: 10_000 });
  cache = openRedis([redis.url], { cluster: false });
  while (cache.state !== 'READY') await sleep(20);
  basic = zone.catalogue.category('registration.basic') as Category;
  contracts = zone.catalogue.category('procurement.contract') as Category;
  const rows = await zone.owner.query<{ id: number; code: string }>({ text: 'select id, code from category' });
  ids = new Map(rows.map(({ id, code }) => [code, id]));
  await zone.owner.query({
    text: `update record set data_time = $1, payload = (payload::jsonb || jsonb_build_object('registeredCapital', (hashtext(uscc) & 65535)::text || '15.50'))::text
      where category = $2`,
    values: [new Date(DATA_TIME), ids.get(basic.code)],
  });
}, 120_000);
afterAll(async () => {
  await cache?.close();
  await redis?.close();
  await zone?.close();
});
beforeEach(() => {
  raised = {};
  epoch++;
});

const look = (): Look => {
  const now = { ...raised };
  const base = epoch * 1_000;
  return {
    zone: 'texttest',
    codeOf: (category) => (category === IDENTITY ? basic.code : category.code),
    idOf: (category) => (category === IDENTITY ? 0 : (ids.get(category.code) ?? -1)),
    generationOf: (category) => base + (now[category === IDENTITY ? basic.code : category.code] ?? 0),
  };
};
/** One process's worth of texts. */
const openProcess = (): Texts =>
  openTexts({
    stores: { primary: postgres, replica: null },
    cache,
    generations: { current: async () => look(), close: () => undefined },
    catalogue: zone.catalogue,
    keptBytes: 8_000_000,
  });

const item = (category: Category, name: string): Item => category.itemsByName.get(name) as Item;
const column = (category: Category, name: string): RowField => ({ kind: 'ITEM', key: name, item: item(category, name) });
const FRESHNESS: RowField = { kind: 'PROVENANCE', key: 'p', fields: [{ kind: 'SOURCE', key: 'freshness', name: 'freshness' }] };
const basicTemplate = (more: readonly RowField[] = [], name = false): Template =>
  openTemplate({
    asked: new Map([[basic, [item(basic, 'registeredCapital')]]]),
    name,
    fields: [
      ...(name ? [{ kind: 'NAME', key: 'name' } as const] : []),
      { kind: 'DOMAIN', key: 'r', fields: [{ kind: 'CATEGORY', key: 'b', category: basic, first: 1, fields: [column(basic, 'registeredCapital'), ...more] }] },
    ],
  });
const permitAt = (time: number | Date = DATA_TIME, part: Parameters<typeof standing>[0] = {}): Permit =>
  decide(inquiry({ time: new Date(time) }), grounds(standing(part)), zone.catalogue);
async function textOf(texts: Texts, template: Template, uscc: string = firm(0), permit = permitAt()): Promise<string | null | undefined> {
  const { texts: found } = await texts.fetch(permit, [{ template, usccs: [uscc as Uscc] }]);
  const text = found[0]?.get(uscc as Uscc);
  return text ? text.toString() : (text as null | undefined);
}
const keysOf = async (uscc: string = firm(0)) => (await redis.client.keys(`zone:texttest:{${uscc}}:text:*`)).sort();
/** Writing is not waited for. */
async function keysWritten(uscc: string, count: number): Promise<string[]> {
  for (let tries = 0; tries < 200; tries++) {
    const keys = await keysOf(uscc);
    if (keys.length >= count) return keys;
    await sleep(10);
  }
  throw new Error('nothing came to Redis');
}

describe('a text', () => {
  test('is written once, then comes from memory, and in another process from Redis', async () => {
    const [first, second] = [openProcess(), openProcess()];
    const template = basicTemplate();
    const before = (await keysOf()).length;
    const text = await textOf(first, template);
    expect(text).toMatch(/^\{"r":\{"b":\{"registeredCapital":"[0-9.]+"\}\}\}$/);
    expect(await textOf(first, template)).toBe(text);
    await keysWritten(firm(0), before + 1);
    expect(await textOf(second, template)).toBe(text);
    expect(first.counts).toMatchObject({ written: 1, local: 1, redis: 0 });
    expect(second.counts).toMatchObject({ written: 0, local: 0, redis: 1 });
    expect(first.counts.bytes).toBeGreaterThan((text as string).length);
  });

  test('is shared by all to whom the same is given, whoever they are, and by nobody else', async () => {
    const texts = openProcess();
    const template = basicTemplate();
    await textOf(texts, template, firm(0), permitAt(DATA_TIME, { institution: 'bank-01' as InstitutionId }));
    await textOf(texts, template, firm(0), permitAt(DATA_TIME, { institution: 'bank-07' as InstitutionId, grants: [grant(), grant()] }));
    expect(texts.counts).toMatchObject({ written: 1, local: 1 });
    const masked = await textOf(texts, template, firm(0), permitAt(DATA_TIME, { grants: [grant({ effect: 'MASKED' })] }));
    expect(texts.counts).toMatchObject({ written: 2, local: 1 });
    expect(masked).not.toBe(await textOf(texts, template));
    const other = await textOf(texts, template, firm(1));
    expect(texts.counts.written).toBe(3);
    expect(other).not.toBe(await textOf(texts, template));
    for (const key of await keysOf()) expect(key).not.toMatch(/bank/);
  });

  test('that tells of a record and of none of its items is not shared with whom all of the record is denied', async () => {
    const texts = openProcess();
    const rights = zone.catalogue.categories.find(
      (category) => category !== basic && category.cardinality === 'ONE' && permitAt().fetches(firm(6) as Uscc, category, []),
    ) as Category;
    await zone.owner.query({
      text: `insert into record (uscc, category, payload, data_time, received_at, delivery, version) values ($1, $2, '{}', now(), now(), 1, 1)
        on conflict (uscc, category) do nothing`,
      values: [firm(6), ids.get(rights.code)],
    });
    const template = openTemplate({
      asked: new Map([
        [basic, [item(basic, 'registeredCapital')]],
        [rights, []],
      ]),
      name: false,
      fields: [
        { kind: 'DOMAIN', key: 'r', fields: [{ kind: 'CATEGORY', key: 'b', category: basic, first: 1, fields: [column(basic, 'registeredCapital')] }] },
        { kind: 'DOMAIN', key: 'p', fields: [{ kind: 'CATEGORY', key: 'a', category: rights, first: 1, fields: [{ kind: 'TYPE', key: 't', type: 'Right' }] }] },
      ],
    });
    const some = permitAt(DATA_TIME, { grants: [grant({ scope: [basic.code] })] });
    for (let time = 0; time < 2; time++) {
      expect(await textOf(texts, template, firm(6))).toMatch(/"p":\{"a":\{"t":"Right"\}\}/);
      expect(await textOf(texts, template, firm(6), some)).toMatch(/"p":\{"a":null\}/);
    }
  });

  test('is written anew after a delivery of what it asks, and of nothing else', async () => {
    const texts = openProcess();
    const template = basicTemplate();
    await textOf(texts, template);
    raised = { [contracts.code]: 1 };
    await textOf(texts, template);
    expect(texts.counts).toMatchObject({ written: 1, local: 1 });
    raised = { [basic.code]: 1 };
    await textOf(texts, template);
    expect(texts.counts).toMatchObject({ written: 2, local: 1 });
  });

  test('of a name alone is written anew after a delivery of the registration', async () => {
    const texts = openProcess();
    const template = openTemplate({ asked: new Map(), name: true, fields: [{ kind: 'NAME', key: 'n' }] });
    await textOf(texts, template);
    raised = { [basic.code]: 1 };
    expect(await textOf(texts, template)).toMatch(/^\{"n":"/);
    expect(texts.counts).toMatchObject({ written: 2, local: 0 });
  });

  test('is null of an enterprise that the zone does not hold, and not so told to whom nothing is given', async () => {
    const [first, second] = [openProcess(), openProcess()];
    const template = basicTemplate();
    const before = (await keysOf(STRANGER)).length;
    expect(await textOf(first, template, STRANGER)).toBeNull();
    await keysWritten(STRANGER, before + 1);
    expect(await textOf(second, template, STRANGER)).toBeNull();
    expect(second.counts.redis).toBe(1);
    const nothing = permitAt(DATA_TIME, { grants: [] });
    for (const uscc of [STRANGER, firm(0)]) expect(await textOf(second, template, uscc, nothing)).toBe('{"r":{"b":null}}');
    expect(second.counts).toMatchObject({ written: 0, redis: 1 });
  });

  test('counts each record once, however many reads ask it, and where it was taken from', async () => {
    const texts = openProcess();
    const wanted = [
      { template: basicTemplate(), usccs: [firm(0), firm(1)] as Uscc[] },
      { template: basicTemplate([FRESHNESS]), usccs: [firm(1), firm(2)] as Uscc[] },
    ];
    expect(await texts.fetch(permitAt(), wanted)).toMatchObject({ lookedUp: 3, sources: { memory: 0, redis: 0, postgres: 3 } });
    expect(await texts.fetch(permitAt(), wanted)).toMatchObject({ lookedUp: 3, sources: { memory: 3, redis: 0, postgres: 0 } });
  });
});

describe('freshness', () => {
  const days = { REAL_TIME: 1, DAILY: 2, WEEKLY: 9, MONTHLY: 46, QUARTERLY: 121, YEARLY: 426 } as Record<string, number>;
  const due = () => DATA_TIME + (days[basic.updateCycle] as number) * DAY_MS;
  const told = async (texts: Texts, time: number) =>
    /"freshness":"(\w+)"/.exec(String(await textOf(texts, basicTemplate([FRESHNESS]), firm(3), permitAt(time))))?.[1];

  test('that is kept in memory is told only while it holds, on whichever side', async () => {
    const texts = openProcess();
    const asked = [due(), due() + 1, due(), due() - DAY_MS, due() + DAY_MS, due() + 1];
    const found: (string | undefined)[] = [];
    for (const time of asked) found.push(await told(texts, time));
    expect(found).toEqual(['FRESH', 'OVERDUE', 'FRESH', 'FRESH', 'OVERDUE', 'OVERDUE']);
    expect(texts.counts.local).toBeGreaterThan(0);
  });

  test('that is kept in Redis is told only while it holds', async () => {
    const before = (await keysOf(firm(3))).length;
    expect(await told(openProcess(), due())).toBe('FRESH');
    await keysWritten(firm(3), before + 1);
    const [early, late] = [openProcess(), openProcess()];
    expect(await told(early, due() - 5)).toBe('FRESH');
    expect(early.counts).toMatchObject({ redis: 1, written: 0 });
    expect(await told(late, due() + 1)).toBe('OVERDUE');
    expect(late.counts).toMatchObject({ redis: 0, written: 1 });
  });

  test('where none is told, a text holds for ever', async () => {
    const texts = openProcess();
    for (const time of [DATA_TIME, due(), due() + 400 * DAY_MS, DATA_TIME - DAY_MS])
      await textOf(texts, basicTemplate(), firm(3), permitAt(time, { grants: [grant({ validFrom: new Date(0), validUntil: new Date('2100-01-01') })] }));
    expect(texts.counts.written).toBe(1);
  });
});

describe('a line of Redis that is not ours', () => {
  test.each([
    [''],
    ['x'],
    ['-'],
    ['0|9'],
    ['0|9|'],
    ['|9|{}'],
    ['-1|9999999999999999|{}'],
    ['0|99999999999999999|{}'],
    ['0|9007199254740991|"text"'],
    ['0|9007199254740991|{'],
    ['0|9007199254740991|null'],
    ['0|9007199254740991|[]'],
    ['1.5|9007199254740991|{}'],
  ])('is a miss: %j', async (line) => {
    const template = basicTemplate();
    const before = new Set(await keysOf(firm(4)));
    const right = await textOf(openProcess(), template, firm(4));
    const key = (await keysWritten(firm(4), before.size + 1)).find((one) => !before.has(one)) as string;
    await redis.client.set(key, line);
    const texts = openProcess();
    expect(await textOf(texts, template, firm(4))).toBe(right);
    expect(texts.counts).toMatchObject({ redis: 0, written: 1 });
  });
});

test('what cannot be written is left, leaves nothing in Redis and is tried again', async () => {
  const uscc = firm(5);
  const template = basicTemplate();
  const [kept] = await zone.owner.query<{ payload: string }>({
    text: 'select payload from record where uscc = $1 and category = $2',
    values: [uscc, ids.get(basic.code)],
  });
  const store = (payload: string) =>
    zone.owner.query({ text: 'update record set payload = $3 where uscc = $1 and category = $2', values: [uscc, ids.get(basic.code), payload] });
  await store(JSON.stringify({ ...JSON.parse(String(kept?.payload)), registeredCapital: 5 }));
  const texts = openProcess();
  const before = (await keysOf(uscc)).length;
  await expect(textOf(texts, template, uscc)).rejects.toThrow(Unwritable);
  await expect(textOf(texts, template, uscc)).rejects.toThrow(Unwritable);
  expect(texts.counts).toMatchObject({ written: 0, local: 0 });
  await store(String(kept?.payload));
  expect(await textOf(texts, template, uscc)).toMatch(/"registeredCapital":"/);
  expect(await keysWritten(uscc, before + 1)).toHaveLength(before + 1);
});
