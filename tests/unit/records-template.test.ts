/** Texts from released rows: every character as graphql-js and JSON would write it, or not at all. */
import { describe, expect, test } from '@jest/globals';
import { CLEAR, MASKED } from '../../src/access/outcome.js';
import type { Category, DataType, Item } from '../../src/catalogue/model.js';
import type { Fact } from '../../src/records/fact.js';
import { release } from '../../src/records/release.js';
import { type CategoryField, openTemplate, type RowField, type Template, Unwritable } from '../../src/records/template.js';
import { FIRM, inventedCatalogue, inventedCategory, inventedItem, inventedRecord, NOW } from '../harness/invented.js';

const catalogue = inventedCatalogue(
  inventedRecord({
    items: [
      inventedItem({ name: 'seat' }),
      inventedItem({ name: 'staff', type: 'integer' }),
      inventedItem({ name: 'listed', type: 'boolean' }),
      inventedItem({ name: 'capital', type: 'decimal' }),
    ],
  }),
  inventedCategory(),
);
const [basis, returns] = catalogue.categories as [Category, Category];
const item = (category: Category, name: string): Item => category.itemsByName.get(name) as Item;

const factOf = (...rows: unknown[]): Fact => ({
  known: true,
  rows: rows as Extract<Fact, { known: true }>['rows'],
  dataTime: new Date('2026-10-31T16:00:00Z'),
  receivedAt: new Date('2026-11-03T01:00:00Z'),
  delivery: 12,
  version: 5,
});
const column = (category: Category, name: string, key = name): RowField => ({ kind: 'ITEM', key, item: item(category, name) });
const field = (category: Category, fields: readonly RowField[], part: Partial<CategoryField> = {}): CategoryField => ({
  ...{ kind: 'CATEGORY', key: category.field, category, first: category.cardinality === 'ONE' ? 1 : 100, fields },
  ...part,
});
const itemsOf = (...fields: readonly CategoryField[]) =>
  new Map(fields.map(({ category, fields: inner }) => [category, inner.flatMap((one) => (one.kind === 'ITEM' ? [one.item] : []))]));
const template = (...fields: readonly CategoryField[]): Template =>
  openTemplate({ asked: itemsOf(...fields), name: false, fields: [{ kind: 'DOMAIN', key: 'd', fields }] });
const allClear = () => new Uint8Array(catalogue.items.length).fill(CLEAR);
function textOf(made: Template, fact: Fact, outcomes = allClear()): string {
  return made.write(FIRM, null, (category) => release(fact, category, made.asked.get(category) ?? [], outcomes, NOW));
}

describe('a value', () => {
  test.each<[string]>([['"引\\号"'], ['行\n列\t\b\f\r'], ['\u0000\u001f\u007f'], ['\ud800'], ['好\udfff'], ['\u2028\u2029'], ['😀'], [''], ['__proto__']])(
    'that is text stands as JSON has it: %j',
    (value) => {
      expect(textOf(template(field(basis, [column(basis, 'seat')])), factOf({ seat: value }))).toBe(
        `{"d":{"${basis.field}":{"seat":${JSON.stringify(value)}}}}`,
      );
    },
  );

  test.each<[name: string, value: unknown, text: string]>([
    ['staff', 0, '0'],
    ['staff', -0, '0'],
    ['staff', 2 ** 31 - 1, '2147483647'],
    ['staff', -(2 ** 31), '-2147483648'],
    ['listed', true, 'true'],
    ['listed', false, 'false'],
    ['capital', '10.50', '"10.50"'],
    ['seat', null, 'null'],
    ['staff', undefined, 'null'],
  ])('of %s, %j, stands as %s', (name, value, text) => {
    expect(textOf(template(field(basis, [column(basis, name, 'x')])), factOf({ [name]: value }))).toBe(`{"d":{"${basis.field}":{"x":${text}}}}`);
  });

  test.each<[name: string, value: unknown]>([
    ['staff', '12'],
    ['staff', 1.5],
    ['staff', 2 ** 31],
    ['staff', -(2 ** 31) - 1],
    ['staff', Number.POSITIVE_INFINITY],
    ['staff', true],
    ['listed', 1],
    ['listed', 'true'],
    ['seat', 5],
    ['seat', false],
    ['seat', { a: 1 }],
    ['seat', ['x']],
    ['capital', 10.5],
  ])('of %s that is not as its type has it is not written: %j', (name, value) => {
    expect(() => textOf(template(field(basis, [column(basis, name)])), factOf({ [name]: value }))).toThrow(Unwritable);
  });

  test('that is not asked, or denied, keeps nothing from being written', () => {
    const outcomes = allClear();
    outcomes[item(basis, 'staff').index] = 0;
    const made = template(field(basis, [column(basis, 'staff'), column(basis, 'listed')]));
    expect(textOf(made, factOf({ staff: 'many', seat: 5, listed: true }), outcomes)).toBe(`{"d":{"${basis.field}":{"staff":null,"listed":true}}}`);
  });
});

describe('a list', () => {
  const rows = (count: number) =>
    factOf(...Array.from({ length: count }, (_, place) => ({ period: `2026-${String(12 - place).padStart(2, '0')}-01`, office: `o${place}` })));
  const offices = (first: number) => template(field(returns, [column(returns, 'office')], { first }));
  const told = (first: number, fact: Fact) => JSON.parse(textOf(offices(first), fact)).d[returns.field];

  test('has as many rows as are wanted, and there are', () => {
    expect(told(2, rows(5))).toEqual([{ office: 'o0' }, { office: 'o1' }]);
    expect(told(100, rows(3))).toHaveLength(3);
  });
  test('that is empty is a list, and one that is not there is none', () => {
    expect(told(5, factOf())).toEqual([]);
    expect(told(5, { known: false })).toBeNull();
  });
  test('of which only the place and the type are asked has them row for row', () => {
    const made = template(
      field(returns, [
        { kind: 'TYPE', key: 't', type: returns.type },
        { kind: 'CURSOR', key: 'c' },
      ]),
    );
    const told = JSON.parse(textOf(made, rows(2))).d[returns.field];
    expect(told).toEqual(['5.1', '5.2'].map((place) => ({ t: returns.type, c: Buffer.from(place).toString('base64url') })));
  });
  test('of which one value is not as its type has it is written where that row is not wanted', () => {
    const fact = factOf({ period: '2026-02-01', office: 'o' }, { period: '2026-01-01', office: 7 });
    expect(told(1, fact)).toEqual([{ office: 'o' }]);
    expect(() => told(2, fact)).toThrow(Unwritable);
  });
});

test('a record of which there is one is null where it has no row', () => {
  expect(textOf(template(field(basis, [column(basis, 'seat')])), factOf())).toBe(`{"d":{"${basis.field}":null}}`);
});

test('what is masked stands masked', () => {
  const outcomes = allClear();
  outcomes[item(returns, 'filer').index] = MASKED;
  expect(textOf(template(field(returns, [column(returns, 'filer')])), factOf({ filer: '欧阳小明' }), outcomes)).toContain('"filer":"欧阳**"');
});

describe('the hash of a template', () => {
  const base = () => field(returns, [column(returns, 'office'), column(returns, 'period')], { first: 5 });
  const hashOf = (...fields: readonly CategoryField[]) => template(...fields).hash;

  test('is the same for the same outline', () => expect(hashOf(base())).toBe(hashOf(base())));
  test.each<[what: string, other: () => string]>([
    ['another response key of an item', () => hashOf(field(returns, [column(returns, 'office', 'o'), column(returns, 'period')], { first: 5 }))],
    ['another response key of a category', () => hashOf({ ...base(), key: 'k' })],
    ['another order', () => hashOf(field(returns, [column(returns, 'period'), column(returns, 'office')], { first: 5 }))],
    ['another length', () => hashOf({ ...base(), first: 6 })],
    ['fewer items', () => hashOf(field(returns, [column(returns, 'office')], { first: 5 }))],
    ['the category twice', () => hashOf(base(), { ...base(), key: 'k' })],
    ['another category', () => hashOf(field(basis, [column(basis, 'seat')]))],
    ['the type of a row', () => hashOf(field(returns, [...base().fields, { kind: 'TYPE', key: 't', type: returns.type }], { first: 5 }))],
    ['the name of the enterprise', () => openTemplate({ asked: itemsOf(base()), name: true, fields: [{ kind: 'DOMAIN', key: 'd', fields: [base()] }] }).hash],
    [
      'another response key of a domain',
      () => openTemplate({ asked: itemsOf(base()), name: false, fields: [{ kind: 'DOMAIN', key: 'e', fields: [base()] }] }).hash,
    ],
    [
      'where it comes from',
      () => hashOf(field(returns, [...base().fields, { kind: 'PROVENANCE', key: 'p', fields: [{ kind: 'SOURCE', key: 'x', name: 'dueBy' }] }])),
    ],
  ])('differs with %s', (_, other) => expect(other()).not.toBe(hashOf(base())));

  test.each<[what: string, part: Partial<Item>]>([
    ['type', { type: 'integer' as DataType }],
    ['mask', { mask: 'withhold' }],
  ])('differs where an item has another %s', (_, part) => {
    const changed: RowField = { kind: 'ITEM', key: 'office', item: { ...item(returns, 'office'), ...part } };
    expect(hashOf(field(returns, [changed, column(returns, 'period')], { first: 5 }))).not.toBe(hashOf(base()));
  });
});

test('only what tells freshness changes with time', () => {
  const source = (name: 'freshness' | 'dueBy'): RowField => ({ kind: 'PROVENANCE', key: 'p', fields: [{ kind: 'SOURCE', key: 'f', name }] });
  expect(template(field(returns, [source('freshness')])).dated).toEqual([returns]);
  expect(template(field(returns, [source('dueBy')]), field(basis, [source('freshness')])).dated).toEqual([basis]);
  expect(template(field(returns, [column(returns, 'office')])).dated).toEqual([]);
});
