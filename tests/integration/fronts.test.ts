/** Of long lists only the front is fetched: the same facts as from the whole, for fewer characters, whatever stands in them. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Category } from '../../src/catalogue/model.js';
import type { Postgres, Statement } from '../../src/postgres.js';
import { type Fact, IDENTITY, type Row } from '../../src/records/fact.js';
import { type FrontReader, openFrontReader } from '../../src/records/front.js';
import type { Look } from '../../src/records/generations.js';
import type { Given } from '../../src/records/given.js';
import type { Uscc } from '../../src/terms.js';
import { firm, openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
let contracts: Category;
let categoryId: number;
let statements = 0;
let characters = 0;
let primary: Postgres;

beforeAll(async () => {
  zone = await openTestZone({ enterprises: 6 });
  contracts = zone.catalogue.category('procurement.contract') as Category;
  const [row] = await zone.owner.query<{ id: number }>({ text: 'select id from category where code = $1', values: [contracts.code] });
  categoryId = row?.id as number;
  const postgres = zone.database.open('zone_gateway', { limitMs: 10_000 });
  primary = {
    ...postgres,
    async query<R extends object>(statement: Statement) {
      const rows = await postgres.query<R & { payload: string }>(statement);
      statements++;
      characters = rows.reduce((sum, { payload }) => sum + payload.length, 0);
      return rows;
    },
  } as Postgres;
}, 120_000);
afterAll(async () => zone?.close());

const look = {
  zone: 'fronttest',
  codeOf: (category) => (category === IDENTITY ? 'registration.basic' : category.code),
  idOf: (category) => (category === IDENTITY ? 0 : categoryId),
  generationOf: () => 1,
} satisfies Look;
const given = (rows?: number): Given => ({ hash: '', fetched: [contracts], frontRows: new Map(rows === undefined ? [] : [[contracts, rows]]), looksUp: true });
const openReader = () => openFrontReader({ primary, replica: null });

const ordering = () => contracts.orderedBy as string;
const rowsOf = (count: number, more: (place: number) => Row = () => ({})): Row[] =>
  Array.from({ length: count }, (_, place) => ({ [ordering()]: `2026-01-${String(60 - place)}`, contractName: `甲${place}`, ...more(place) }));

async function factOf(reader: FrontReader, rows: readonly Row[], ...givens: Given[]): Promise<Extract<Fact, { known: true }>> {
  const uscc = firm(0) as Uscc;
  await zone.owner.query({ text: 'delete from record where uscc = $1 and category = $2', values: [uscc, categoryId] });
  await zone.owner.query({
    text: `insert into record (uscc, category, payload, data_time, received_at, delivery, version) values ($1, $2, $3, now(), now(), 1, 1)`,
    values: [uscc, categoryId, JSON.stringify(rows)],
  });
  statements = 0;
  const factFor = await reader.fetch(
    look,
    givens.map((one) => ({ uscc, given: one })),
  );
  return factFor(uscc, contracts) as Extract<Fact, { known: true }>;
}

test('the front is enough, and is all that is fetched', async () => {
  const rows = rowsOf(40, () => ({ contractContent: '供货'.repeat(40) }));
  const fact = await factOf(openReader(), rows, given(2));
  expect(fact).toMatchObject({ rows: rows.slice(0, 2) });
  expect(statements).toBe(1);
  expect(characters).toBeLessThan(JSON.stringify(rows).length / 3);
  // Two ask: the longer front is fetched for both, and all where one wants all.
  expect(await factOf(openReader(), rows, given(2), given(5), given(3))).toMatchObject({ rows: rows.slice(0, 5) });
  expect(await factOf(openReader(), rows, given(2), given())).toMatchObject({ rows });
  expect(statements).toBe(1);
});

test('rows that are longer than was thought are fetched whole, and the next time at once', async () => {
  const reader = openReader();
  const rows = rowsOf(10, () => ({ contractContent: '长'.repeat(1_500) }));
  expect(await factOf(reader, rows, given(3))).toMatchObject({ rows: rows.slice(0, 3) });
  expect(statements).toBe(2);
  expect(await factOf(reader, rows, given(3))).toMatchObject({ rows: rows.slice(0, 3) });
  expect(statements).toBe(1);
  // One row beyond all bounds is fetched whole each time, and no other for its sake.
  const huge = rowsOf(3, (place): Row => (place === 0 ? { contractContent: '长'.repeat(60_000) } : {}));
  for (let time = 0; time < 2; time++) expect(await factOf(reader, huge, given(2))).toMatchObject({ rows: huge.slice(0, 2) });
  expect(statements).toBe(2);
  await factOf(reader, rowsOf(200), given(2));
  expect(characters).toBeLessThan(20_000);
});

test('lists that are shorter than what is wanted of them tell as well what a row needs', async () => {
  const reader = openReader();
  const rows = rowsOf(3, () => ({ contractContent: '长'.repeat(1_000) }));
  expect(await factOf(reader, rows, given(11))).toMatchObject({ rows });
  const before = statements;
  expect(await factOf(reader, rows, given(11))).toMatchObject({ rows });
  expect([before <= 2, statements]).toEqual([true, 1]);
});

test('where rows at the front are equal, all are there to be put in order', async () => {
  const rows = rowsOf(60, () => ({ contractContent: '供货'.repeat(60) })).map((row) => ({ ...row, [ordering()]: '2026-01-01' }));
  expect(await factOf(openReader(), rows, given(2))).toMatchObject({ rows });
});

test.each([
  ['what looks like the end of a row', '},{"'],
  ['quotes and backslashes', '\\"},{\\"'],
  ['signs beyond the basic plane', '𠮷𠮷𠮷😀'.repeat(300)],
  ['the end of a list', '}]'.repeat(400)],
])('%s inside a text misleads nobody', async (_, text) => {
  const reader = openReader();
  for (const count of [1, 2, 3, 30]) {
    const rows = rowsOf(count, () => ({ contractContent: text }));
    const fact = await factOf(reader, rows, given(2));
    expect(fact.rows).toEqual(rows.slice(0, fact.rows.length));
    expect(fact.rows.length).toBeGreaterThanOrEqual(Math.min(2, count));
  }
});

test('a record that is no JSON, or no record, is told as broken', async () => {
  const reader = openReader();
  const broken = `[${'x'.repeat(5_000)}`;
  await factOf(reader, [], given(2));
  for (const payload of [broken, '[{"a":', '"text"', '[', '7']) {
    await zone.owner.query({ text: 'update record set payload = $3 where uscc = $1 and category = $2', values: [firm(0), categoryId, payload] });
    await expect(reader.fetch(look, [{ uscc: firm(0) as Uscc, given: given(2) }])).rejects.toThrow(/^a (record is not JSON|payload is an object)/);
  }
});
