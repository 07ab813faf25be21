/**
 * Every one of the zone's items through the gateway: clear, masked and denied. Each leaf is compared with what lies in the
 * database, and what must not leave is looked for everywhere it could have leaked to.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Category, Item, MaskRule } from '../../src/catalogue/model.js';
import { type FullEnterprise, insertConsent, insertFullEnterprise, type PayloadRow, queryOfEverything, type Value } from '../harness/fullEnterprise.js';
import { entryOf, NOW, openWatchedGateway, type WatchedGateway } from '../harness/watched.js';
import { type Answered, openTestZone, type TestZone } from '../harness/zone.js';

const CLEAR_BANK = 'bank-01';
const MASKED_BANK = 'bank-22';
const NO_GRANT_BANK = 'bank-12';

let zone: TestZone;
let gateway: WatchedGateway;
let company: FullEnterprise;
let stranger: FullEnterprise;
let business: FullEnterprise;
beforeAll(async () => {
  zone = await openTestZone({ enterprises: 1 });
  company = await insertFullEnterprise(zone, { serial: 1 });
  stranger = await insertFullEnterprise(zone, { serial: 2 });
  business = await insertFullEnterprise(zone, { serial: 3, kind: '92' });
  for (const institution of [CLEAR_BANK, MASKED_BANK, NO_GRANT_BANK]) await insertConsent(zone, { uscc: company.uscc, institution, personal: 'CLEAR' });
  await insertConsent(zone, { uscc: business.uscc, institution: CLEAR_BANK, personal: 'MASKED' });
  gateway = await openWatchedGateway(zone);
});
afterAll(async () => {
  await gateway?.close();
  await zone?.close();
});

type Effect = 'CLEAR' | 'MASKED' | { readonly denied: string };
/** What the design says of an item, told anew from the catalogue alone. */
type Law = (item: Item, category: Category) => Effect;

const isAnnounced = ({ inForceFrom }: Item) => inForceFrom !== null && NOW < new Date(`${inForceFrom}T00:00:00+08:00`);
/** Nobody is given these, whatever was granted. */
const closed = (item: Item): Effect | null =>
  isAnnounced(item) ? { denied: 'ITEM_NOT_IN_FORCE' } : item.sharing === 'NOT_SHARED' ? { denied: 'ITEM_NOT_SHARED' } : null;
const needsConsent = ({ sharing, grade }: Item) => sharing === 'CONDITIONAL' || grade >= 3;

/** Masks as the design describes them, each written from its description, not from the code. */
const MASKS: Record<MaskRule, (value: Value) => Value | null> = {
  name: (value) => `${String(value)[0]}**`,
  idNumber: (value) => `${String(value)[0]}${'*'.repeat(15)}${String(value).slice(16)}`,
  phone: (value) => `${String(value).slice(0, 3)}****${String(value).slice(7)}`,
  accountNumber: (value) => `${String(value).slice(0, 4)}********${String(value).slice(-4)}`,
  address: () => '北京市海淀区***',
  email: (value) => `${String(value)[0]}***@canary.example`,
  redact: () => '***',
  round: (value) => {
    const rounded = Math.round(Number(value) / 1e9) * 1e9;
    return typeof value === 'number' ? rounded : String(rounded);
  },
  year: (value) => String(value).replace(/^(\d{4})-..-..(T.+)?$/, (_all, year, time) => `${year}-01-01${time ? 'T00:00:00Z' : ''}`),
  uscc: (value) => (String(value).startsWith('92') ? null : value),
  withhold: () => null,
};

const canMaskToItself = (item: Item, value: Value) => item.mask === 'uscc' && !String(value).startsWith('92');

async function everything(uscc: string, institution: string): Promise<Answered> {
  const answered = await gateway.ask(queryOfEverything(zone.catalogue), { institution, variables: { uscc } });
  expect([answered.status, answered.body.data ? null : answered.text]).toEqual([200, null]);
  return answered;
}

/** Compares an answer leaf by leaf with the payloads; returns how many leaves there were of each effect. */
function compare(answered: Answered, enterprise: FullEnterprise, law: Law): { CLEAR: number; MASKED: number; DENIED: number } {
  const counts = { CLEAR: 0, MASKED: 0, DENIED: 0 };
  const wrong: string[] = [];
  const masked: string[] = [];
  const denied: { coordinate: string; reason: string }[] = [];
  for (const [category, payload] of enterprise.rowsOf) {
    const effects = new Map(category.items.map((item) => [item, law(item, category)]));
    const given = answered.body.data.enterprise[category.domain][category.field];
    if ([...effects.values()].every((effect) => typeof effect === 'object')) {
      if (given !== null) wrong.push(`${category.code} is not null`);
    } else {
      const rows = category.cardinality === 'ONE' ? [given] : given;
      const ordering = category.itemsByName.get(category.orderedBy ?? '');
      // Where the ordering item does not go out clear, the order of the rows is not that of the payload.
      const inOrder = ordering === undefined || effects.get(ordering) === 'CLEAR';
      wrong.push(...differences(category, rows, expectedRows(payload, effects), inOrder));
    }
    for (const [item, effect] of effects) {
      counts[typeof effect === 'object' ? 'DENIED' : effect]++;
      if (effect === 'MASKED') masked.push(item.coordinate);
      if (typeof effect === 'object') denied.push({ coordinate: item.coordinate, reason: effect.denied });
      if (effect !== 'MASKED') continue;
      for (const row of payload) {
        const value = row[item.name] as Value;
        if (!canMaskToItself(item, value) && MASKS[item.mask](value) === value) wrong.push(`${item.code} is not changed by its mask`);
      }
    }
  }
  expect(wrong).toEqual([]);
  expect([...answered.body.extensions.access.masked].sort()).toEqual(masked.sort());
  const byCoordinate = (left: { coordinate: string }, right: { coordinate: string }) => (left.coordinate < right.coordinate ? -1 : 1);
  expect([...answered.body.extensions.access.denied].sort(byCoordinate)).toEqual(denied.sort(byCoordinate));
  expect(
    (answered.body.errors ?? []).map(({ extensions }) => ({ coordinate: String(extensions.coordinate), reason: extensions.reason })).sort(byCoordinate),
  ).toEqual(denied);
  return counts;
}

function expectedRows(payload: readonly PayloadRow[], effects: ReadonlyMap<Item, Effect>): Record<string, Value | null>[] {
  return payload.map((row) =>
    Object.fromEntries(
      [...effects].map(([item, effect]) => {
        const value = row[item.name] as Value;
        return [item.name, effect === 'CLEAR' ? value : effect === 'MASKED' ? MASKS[item.mask](value) : null];
      }),
    ),
  );
}

function differences(category: Category, rows: Record<string, unknown>[], expected: Record<string, Value | null>[], inOrder: boolean): string[] {
  if (rows?.length !== expected.length) return [`${category.code} has ${rows?.length} rows`];
  const told = (row: Record<string, unknown>) => JSON.stringify(category.items.map(({ name }) => row[name]));
  const sorted = (texts: string[]) => (inOrder ? texts : [...texts].sort());
  const [found, wanted] = [sorted(rows.map(told)), sorted(expected.map(told))];
  const unproven = rows.filter(({ provenance }) => (provenance as { provider?: string } | undefined)?.provider !== category.provider).length;
  return [
    ...found.flatMap((text, index) => (text === wanted[index] ? [] : [`${category.code}: ${text} instead of ${wanted[index]}`])),
    ...(unproven > 0 ? [`${category.code} without provenance`] : []),
  ];
}

/** Nothing that is not clear stands anywhere in the answer; nothing at all stands in log and audit. */
async function expectNoLeak(answered: Answered, enterprise: FullEnterprise, law: Law): Promise<void> {
  const entry = JSON.stringify(await entryOf(zone, answered.body.extensions.receipt.id));
  const logged = gateway.logged();
  const headers = JSON.stringify(answered.headers);
  const categoryOf = new Map(zone.catalogue.categories.flatMap((category) => category.items.map((item) => [item, category])));
  const leaks: string[] = [];
  for (const [index, { item, text }] of enterprise.canaries.entries()) {
    // The gateway lives in this process and must not take the search for a standstill of its own.
    if (index % 200 === 0) await breathe();
    const effect = law(item, categoryOf.get(item) as Category);
    const mayShow = effect === 'CLEAR' || (effect === 'MASKED' && canMaskToItself(item, text));
    if (!mayShow && answered.text.includes(text)) leaks.push(`${item.code} in the answer`);
    if (headers.includes(text)) leaks.push(`${item.code} in the headers`);
    if (entry.includes(text)) leaks.push(`${item.code} in the audit log`);
    if (logged.includes(text)) leaks.push(`${item.code} in the log`);
  }
  expect(leaks).toEqual([]);
}

test('the catalogue has 3,158 items, and the enterprise of this test a value of each that is nowhere else', () => {
  expect(zone.catalogue.items).toHaveLength(3158);
  expect(company.rowsOf.size).toBe(256);
  const texts = [company, stranger, business].flatMap(({ canaries }) => canaries.map(({ text }) => text));
  expect(new Set(texts).size).toBe(texts.length);
});

describe('Granted clear, with a consent that lets personal data go out clear', () => {
  const law: Law = (item) => closed(item) ?? (item.grade === 4 ? 'MASKED' : 'CLEAR');
  let answered: Answered;
  beforeAll(async () => {
    answered = await everything(company.uscc, CLEAR_BANK);
  });

  test('every item is what lies in the database, but exactly those of grade 4, not shared, or not in force', () => {
    expect(answered.status).toBe(200);
    const counts = compare(answered, company, law);
    const never = zone.catalogue.items.filter((item) => item.grade === 4 || item.sharing === 'NOT_SHARED' || isAnnounced(item));
    expect(counts.CLEAR).toBe(3158 - never.length);
    expect(never.length).toBeGreaterThan(20);
    expect(counts.MASKED).toBeGreaterThan(0);
  });

  test('what is not given is nowhere in answer, headers, audit log and log', () => expectNoLeak(answered, company, law));

  test('answered again from the cache it is the same, and reads no record', async () => {
    const before = gateway.recordStatements().length;
    const again = await everything(company.uscc, CLEAR_BANK);
    expect(again.body.data).toEqual(answered.body.data);
    expect(again.body.extensions.access).toEqual(answered.body.extensions.access);
    expect(gateway.recordStatements()).toHaveLength(before);
  });

  test('the audit entry names all 3,158 items, each as it went out', async () => {
    const [read] = (await entryOf(zone, answered.body.extensions.receipt.id)).reads ?? [];
    const told = (read?.categories ?? []).flatMap(({ category, clear = [], masked = [], denied = {} }) => [
      ...clear.map((name) => `${category}.${name} CLEAR`),
      ...masked.map((name) => `${category}.${name} MASKED`),
      ...Object.entries(denied).flatMap(([reason, names]) => (names ?? []).map((name) => `${category}.${name} ${reason}`)),
    ]);
    const expected = zone.catalogue.categories.flatMap((category) =>
      category.items.map((item) => {
        const effect = law(item, category);
        return `${item.code} ${typeof effect === 'object' ? effect.denied : effect}`;
      }),
    );
    expect(told.sort()).toEqual(expected.sort());
  });
});

describe('Granted masked', () => {
  const law: Law = (item) => closed(item) ?? 'MASKED';
  let answered: Answered;
  beforeAll(async () => {
    answered = await everything(company.uscc, MASKED_BANK);
  });

  test('every item is masked by its rule, and none is what lies in the database', () => {
    expect(answered.status).toBe(200);
    const { CLEAR, MASKED, DENIED } = compare(answered, company, law);
    expect([CLEAR, MASKED + DENIED]).toEqual([0, 3158]);
  });

  test('no value is anywhere in answer, headers, audit log and log', () => expectNoLeak(answered, company, law));

  test('the name of the enterprise is masked like the item that it is', () => {
    expect(answered.body.data.enterprise.name).toBe('***');
  });
});

describe('Granted nothing', () => {
  const law: Law = (item) => closed(item) ?? { denied: 'NO_GRANT' };

  test('every item is denied with its reason, every category is null, and no record is read', async () => {
    const fresh = await openWatchedGateway(zone);
    try {
      const answered = await fresh.ask(queryOfEverything(zone.catalogue), { institution: NO_GRANT_BANK, variables: { uscc: company.uscc } });
      expect(answered.status).toBe(200);
      expect(compare(answered, company, law)).toEqual({ CLEAR: 0, MASKED: 0, DENIED: 3158 });
      expect(answered.body.data.enterprise.name).toBeNull();
      expect(answered.body.extensions.cost.actual).toBe(0);
      expect(fresh.recordStatements()).toEqual([]);
      await expectNoLeak(answered, company, law);
    } finally {
      await fresh.close();
    }
  });
});

describe('Granted clear, of an enterprise that consented to nothing', () => {
  const law: Law = (item) => closed(item) ?? (needsConsent(item) ? { denied: 'CONSENT_REQUIRED' } : item.personal ? 'MASKED' : 'CLEAR');

  test('exactly what is shared without condition and below grade 3 goes out, personal data masked', async () => {
    const answered = await everything(stranger.uscc, CLEAR_BANK);
    const { CLEAR, MASKED, DENIED } = compare(answered, stranger, law);
    expect(Math.min(CLEAR, MASKED, DENIED)).toBeGreaterThan(5);
    await expectNoLeak(answered, stranger, law);
  });
});

describe("Of an individual's business that lets personal data go out masked only", () => {
  const identifying = new Set(['personName', 'idNumber', 'phone', 'address', 'accountNumber', 'email']);
  const law: Law = (item) =>
    closed(item) ?? (item.grade === 4 || item.personal || identifying.has(item.type) || item.code === 'registration.basic.enterpriseName' ? 'MASKED' : 'CLEAR');

  test('whatever identifies it is taken for personal data', async () => {
    const answered = await everything(business.uscc, CLEAR_BANK);
    const { MASKED } = compare(answered, business, law);
    expect(MASKED).toBeGreaterThan(100);
    expect(answered.body.data.enterprise.name).toBe('***');
    await expectNoLeak(answered, business, law);
  });
});
