import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { maskValue } from '../../src/access/masks.js';
import { CLEAR, MASKED, REASONS, toByte } from '../../src/access/outcome.js';
import type { Category, Item } from '../../src/catalogue/model.js';
import { ABSENT, type Fact, firstRows, fromText, type Line, type Row, toFact, toText } from '../../src/records/fact.js';
import { provenanceOf } from '../../src/records/provenance.js';
import { fromCursor, type ReleasedRow, release, toCursor } from '../../src/records/release.js';
import { UPDATE_CYCLES } from '../../src/terms.js';
import { inventedCatalogue, inventedCategory, inventedItem, inventedRecord, NOW } from '../harness/invented.js';

const DENIED = toByte({ effect: 'DENIED', reason: 'CONSENT_REQUIRED' });
type Byte = typeof CLEAR | typeof MASKED | typeof DENIED;

const catalogue = inventedCatalogue(
  inventedCategory({
    identifiedBy: ['number'],
    items: [
      inventedItem({ name: 'period', type: 'date' }),
      inventedItem({ name: 'taxableSales', type: 'decimal' }),
      inventedItem({ name: 'filer', type: 'personName', personal: true, mask: 'name' }),
      inventedItem({ name: 'paid', type: 'boolean' }),
      inventedItem({ name: 'pages', type: 'integer' }),
      // Last, so that among equals the text of the others decides where delivery lays a row.
      inventedItem({ name: 'number', required: true, mask: 'redact' }),
    ],
  }),
  inventedRecord({ items: [inventedItem({ name: 'seat', type: 'address', mask: 'address' }), inventedItem({ name: 'office' })] }),
);
const [basis, returns] = catalogue.categories as [Category, Category];
const itemsOf = (category: Category, ...names: string[]): Item[] => names.map((name) => category.itemsByName.get(name) as Item);

/** Outcomes of all items, CLEAR but for those named. */
const outcomes = (others: Readonly<Record<string, number>> = {}): Uint8Array => Uint8Array.from(catalogue.items, ({ name }) => others[name] ?? CLEAR);
const fact = (rows: readonly Row[], version = 5): Fact => ({
  known: true,
  rows,
  dataTime: new Date('2026-10-31T16:00:00Z'),
  receivedAt: new Date('2026-11-03T01:00:00Z'),
  delivery: 12,
  version,
});

/** A row with what is made on demand, made. */
const made = (row: ReleasedRow): Record<string, unknown> =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, typeof value === 'function' ? value() : value]));
/** Everything an answer can show of a record. */
function shown(record: Fact, category: Category, asked: readonly Item[], given: Uint8Array): Record<string, unknown>[] | null {
  return release(record, category, asked, given, NOW)?.rows(0, Number.POSITIVE_INFINITY).map(made) ?? null;
}
/** Values alone. */
function values(record: Fact, category: Category, asked: readonly Item[], given: Uint8Array): Record<string, unknown>[] | undefined {
  return shown(record, category, asked, given)?.map(({ provenance: _provenance, cursor: _cursor, ...row }) => row);
}

const ROWS: readonly Row[] = [
  { number: 'C', period: '2026-10-01', taxableSales: '5234567.89', filer: '王小明', paid: false, pages: 0 },
  { number: 'A', period: '2026-09-01', taxableSales: '0', filer: '李明' },
  { number: 'B', period: '2026-08-01', taxableSales: '77', paid: true, pages: 12 },
];

describe('what is released of a record', () => {
  test('is nothing where the zone has none', () => {
    expect(release(ABSENT, returns, returns.items, outcomes(), NOW)).toBeNull();
  });

  test('is a list without rows where the record has none', () => {
    expect(shown(fact([]), returns, returns.items, outcomes())).toEqual([]);
  });

  test('is what was asked and nothing more, though more be allowed', () => {
    expect(values(fact(ROWS), returns, itemsOf(returns, 'number', 'paid'), outcomes())).toEqual([
      { number: 'C', paid: false },
      { number: 'A', paid: null },
      { number: 'B', paid: true },
    ]);
  });

  test('is null where nothing was recorded, and what it is where that is nought, false or empty', () => {
    const row = { number: '', paid: false, pages: 0, taxableSales: '0' };
    expect(values(fact([row]), returns, returns.items, outcomes())).toEqual([{ ...row, period: null, filer: null }]);
  });

  test.each([0, 3, 15, 255, ...REASONS.map((reason) => toByte({ effect: 'DENIED', reason }))])('has no trace of an item whose outcome is %i', (byte) => {
    const out = values(fact(ROWS), returns, itemsOf(returns, 'period', 'filer'), outcomes({ filer: byte }));
    expect(out).toEqual([{ period: '2026-10-01' }, { period: '2026-09-01' }, { period: '2026-08-01' }]);
  });

  test('has no trace of an item for which there is no outcome at all', () => {
    expect(values(fact(ROWS), returns, returns.items, new Uint8Array(0))).toEqual([{}, {}, {}]);
  });

  test('is masked where it is to be masked, and null where nothing was recorded', () => {
    const given = outcomes({ taxableSales: MASKED, filer: MASKED });
    expect(values(fact(ROWS), returns, itemsOf(returns, 'period', 'taxableSales', 'filer'), given)).toEqual([
      { period: '2026-10-01', taxableSales: '5000000', filer: '王**' },
      { period: '2026-09-01', taxableSales: '0', filer: '李**' },
      { period: '2026-08-01', taxableSales: '80', filer: null },
    ]);
  });

  test('is one row of a category of one, without an order to hide', () => {
    const record = fact([{ seat: '北京市海淀区中关村大街1号', office: '甲局' }]);
    expect(values(record, basis, basis.items, outcomes({ seat: MASKED }))).toEqual([{ seat: '北京市海淀区***', office: '甲局' }]);
  });

  test('leaves the fact as it was, for the next who asks with other leave', () => {
    const rows = structuredClone(ROWS);
    shown(fact(rows), returns, returns.items, outcomes({ period: DENIED, filer: MASKED }));
    expect(rows).toEqual(ROWS);
  });

  test('carries provenance in every row, the same for all, and the version of the record', () => {
    const rows = shown(fact(ROWS), returns, [], outcomes());
    expect(rows?.map(({ provenance }) => provenance)).toEqual(Array(3).fill(provenanceOf(fact(ROWS) as Extract<Fact, { known: true }>, returns, NOW)));
    expect(release(fact(ROWS, 9), returns, [], outcomes(), NOW)?.version).toBe(9);
  });
});

describe('a part of a list', () => {
  const given = [outcomes(), outcomes({ period: DENIED })] as const;
  test.each([
    [0, 2],
    [1, 3],
    [2, 9],
    [3, 4],
    [1, 1],
  ])('from %i until %i is that part of the whole, in any order, with the cursors of the whole', (begin, end) => {
    for (const leave of given) {
      const whole = shown(fact(ROWS), returns, returns.items, leave) ?? [];
      const found = release(fact(ROWS), returns, returns.items, leave, NOW);
      const part = found?.rows(begin, end).map(made);
      expect(part).toEqual(whole.slice(begin, end));
    }
  });

  test('has cursors that tell the place after each row', () => {
    const cursors = shown(fact(ROWS, 41), returns, [], outcomes())?.map(({ cursor }) => fromCursor(String(cursor)));
    expect(cursors).toEqual([1, 2, 3].map((position) => ({ version: 41, position })));
  });
});

describe('the order of a list', () => {
  const numbers = (rows: readonly Row[], given: Uint8Array, asked = itemsOf(returns, 'number')) =>
    values(fact(rows), returns, asked, given)?.map(({ number }) => number);

  test('is that of the record where the item that orders it is clear, asked or not', () => {
    expect(numbers(ROWS, outcomes())).toEqual(['C', 'A', 'B']);
    expect(numbers(ROWS, outcomes(), itemsOf(returns, 'number', 'period'))).toEqual(['C', 'A', 'B']);
  });

  test.each([
    ['denied', DENIED],
    ['masked', MASKED],
    ['without outcome', 0],
  ])('is that of what is visible where the item that orders it is %s', (_what, byte) => {
    expect(numbers(ROWS, outcomes({ period: byte }))).toEqual(['A', 'B', 'C']);
  });

  test('tells nothing between two records that differ in a denied ordering item only', () => {
    const other: Row[] = [
      { ...ROWS[1], period: '2026-12-01' } as Row,
      { ...ROWS[2], period: '2026-11-01' } as Row,
      { ...ROWS[0], period: '2026-01-01' } as Row,
    ];
    const given = outcomes({ period: DENIED });
    expect(shown(fact(other), returns, returns.items, given)).toEqual(shown(fact(ROWS), returns, returns.items, given));
    expect(shown(fact(other), returns, returns.items, outcomes())).not.toEqual(shown(fact(ROWS), returns, returns.items, outcomes()));
  });

  test('tells nothing of a denied item among rows that the ordering item does not part', () => {
    const rows = (first: string, second: string): Row[] =>
      [
        { number: 'A', period: '2026-10-01', taxableSales: first },
        { number: 'B', period: '2026-10-01', taxableSales: second },
      ].sort((left, right) => (JSON.stringify({ ...left, number: '' }) < JSON.stringify({ ...right, number: '' }) ? -1 : 1));
    const given = outcomes({ taxableSales: DENIED });
    expect(rows('1', '2')[0]?.number).not.toBe(rows('2', '1')[0]?.number);
    expect(numbers(rows('1', '2'), given)).toEqual(numbers(rows('2', '1'), given));
  });
});

/* ---- nothing of what is not given can be told from what is ---- */

const CHOICES: Readonly<Record<string, readonly (string | number | boolean)[]>> = {
  period: ['2026-10-01', '2026-09-01', '2025-09-01'],
  taxableSales: ['1000', '1200', '90'],
  filer: ['王明', '王小明', '李明'],
  paid: [true, false],
  pages: [1000, 1200, 7],
};
const rowsOfAll = fc
  .array(fc.record(Object.fromEntries(Object.entries(CHOICES).map(([name, choices]) => [name, fc.constantFrom(...choices)])), { requiredKeys: [] }), {
    maxLength: 5,
  })
  .map((rows) => rows.map((row, place): Row => ({ ...row, number: `N${place}` }) as Row));
const leave = fc.record(Object.fromEntries(returns.items.map(({ name }) => [name, fc.constantFrom<Byte>(CLEAR, CLEAR, MASKED, DENIED)])));

/** In the order in which delivery lays rows down: newest first, among equals by their text. */
const delivered = (rows: readonly Row[]): Row[] =>
  [...rows].sort((left, right) => {
    const [first, second] = [String(left.period ?? ''), String(right.period ?? '')];
    return first === second ? (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1) : first < second ? 1 : -1;
  });

/** Other values in the place of those that are not given, and in the place of masked ones others of the same mask. */
function disguised(row: Row, given: Readonly<Record<string, Byte>>, pick: (most: number) => number): Row {
  const out: Record<string, string | number | boolean> = {};
  for (const item of returns.items) {
    const value = row[item.name];
    const choices = CHOICES[item.name];
    let likely: readonly (string | number | boolean | undefined)[] = [value];
    if (choices && given[item.name] === DENIED) likely = [undefined, ...choices];
    if (choices && given[item.name] === MASKED && value !== undefined) likely = choices.filter((one) => maskValue(item, one) === maskValue(item, value));
    const chosen = likely[pick(likely.length)];
    if (chosen !== undefined) out[item.name] = chosen;
  }
  return out;
}

test('two records that differ only in what is not given are released alike, in whatever order they lie', () => {
  let differed = 0;
  fc.assert(
    fc.property(rowsOfAll, leave, fc.subarray([...returns.items]), fc.infiniteStream(fc.nat(1_000)), (rows, given, asked, stream) => {
      const pick = (most: number) => (stream.next().value as number) % most;
      const [one, other] = [delivered(rows), delivered(rows.map((row) => disguised(row, given, pick)))];
      if (JSON.stringify(one) !== JSON.stringify(other)) differed++;
      expect(shown(fact(other), returns, asked, outcomes(given))).toEqual(shown(fact(one), returns, asked, outcomes(given)));
    }),
    { numRuns: 2_000 },
  );
  expect(differed).toBeGreaterThan(500);
});

describe('a cursor', () => {
  test('is read back as it was written', () => {
    fc.assert(
      fc.property(fc.nat(999_999_999), fc.nat(999_999_999), (version, position) => {
        expect(fromCursor(toCursor(version, position))).toEqual({ version, position });
      }),
    );
  });

  test.each([
    '',
    'x',
    '1.2',
    Buffer.from('1').toString('base64url'),
    Buffer.from('1.2.3').toString('base64url'),
    Buffer.from('-1.2').toString('base64url'),
    Buffer.from('1.-2').toString('base64url'),
    'A'.repeat(10_000),
  ])('is not what reads "%.20s"', (text) => {
    expect(fromCursor(text)).toBeNull();
  });
});

describe('a record as a line of text', () => {
  const line = (payload: string): Line => ({ dataTime: 1_730_000_000_000, receivedAt: 1_730_000_001_000, delivery: 12, version: 5, payload });

  test('is read back as it was written, whatever its payload holds', () => {
    const lines: fc.Arbitrary<Line> = fc.record({
      dataTime: fc.nat(),
      receivedAt: fc.nat(),
      delivery: fc.nat(),
      version: fc.nat(),
      payload: fc.string({ unit: 'binary' }),
    });
    fc.assert(
      fc.property(lines, (one) => {
        expect(fromText(toText(one))).toEqual(one);
      }),
    );
  });

  test.each(['{"a":"|"}', '[]', '{"a":"line\\nline"}', '|||||', ''])('keeps the payload %s', (payload) => {
    expect(fromText(toText(line(payload)))?.payload).toBe(payload);
  });

  test('tells a record known to be absent from one that is not known', () => {
    expect(fromText(toText(null))).toBeNull();
    expect(toFact(null)).toEqual({ known: false });
    for (const text of ['', '--', '{}', '1|2|3', '1|2|3|4', 'a|b|c|d|{}', '1|2|3|x|{}', ' 1|2|3|4|{}']) expect(fromText(text)).toBeUndefined();
  });

  test.each([
    ['[{"a":1},{"a":2},{"a":3}]', 2, true],
    // That there is no more is not known from the front.
    ['[{"a":1},{"a":2},{"a":3}]', 3, false],
    ['[{"a":1},{"a":2},{"a":3}]', 9, false],
    ['[{"a":1},{"a":2},{"a":"cut in the mid', 2, true],
    // What looks like the end of a row stands at the end of a text.
    ['[{"a":"x},{"},{"a":2},{"a":3}]', 1, false],
    ['[{"a":"x},{","b":1},{"a":2},{"a":3}]', 2, false],
    ['[{"a":"\\"},{\\""},{"a":2},{"a":3}]', 1, true],
    ['[]', 1, false],
    ['{"a":"},{"}', 1, false],
  ])('of which only the first rows are wanted: %s, %d', (payload, most, told) => {
    const first = firstRows(payload, most);
    expect(first !== null).toBe(told);
    if (!first) return;
    expect(first.rows).toHaveLength(most);
    // As far as they were read, and no further: what is behind may be missing.
    expect(firstRows(payload.slice(0, first.characters), most)).toEqual(first);
    expect(JSON.parse(`${payload.slice(0, first.characters).slice(0, -4)}}]`)).toEqual(first.rows);
  });

  test('becomes a fact of one row or of many, with its times', () => {
    expect(toFact(line('{"office":"甲局"}'))).toEqual({
      known: true,
      rows: [{ office: '甲局' }],
      dataTime: new Date(1_730_000_000_000),
      receivedAt: new Date(1_730_000_001_000),
      delivery: 12,
      version: 5,
    });
    expect(toFact(line('[{"office":"甲局"},{"office":"乙局"}]'))).toMatchObject({ rows: [{ office: '甲局' }, { office: '乙局' }] });
    expect(toFact(line('[]'))).toMatchObject({ known: true, rows: [] });
  });
});

describe('provenance', () => {
  const of = (updateCycle: (typeof UPDATE_CYCLES)[number], dataTime: string) => {
    const category = inventedCatalogue(inventedRecord({ updateCycle })).categories[0] as Category;
    return provenanceOf({ ...(fact([]) as Extract<Fact, { known: true }>), dataTime: new Date(dataTime) }, category, NOW);
  };

  test.each(UPDATE_CYCLES)('of a record updated %s names provider, times, delivery and cycle', (updateCycle) => {
    expect(of(updateCycle, '2026-11-01T00:00:00Z')).toMatchObject({
      provider: 'tax',
      dataTime: '2026-11-01T00:00:00.000Z',
      receivedAt: '2026-11-03T01:00:00.000Z',
      delivery: '12',
      updateCycle,
    });
  });

  test.each(UPDATE_CYCLES.filter((cycle) => cycle !== 'ON_DEMAND'))(
    'of a record updated %s is fresh until newer data were due, and overdue after',
    (updateCycle) => {
      const { dueBy } = of(updateCycle, '2026-11-01T00:00:00Z');
      const dueAfter = Date.parse(String(dueBy)) - Date.parse('2026-11-01T00:00:00Z');
      expect(dueAfter).toBeGreaterThan(0);
      expect(of(updateCycle, new Date(NOW.getTime() - dueAfter).toISOString()).freshness).toBe('FRESH');
      expect(of(updateCycle, new Date(NOW.getTime() - dueAfter - 1).toISOString()).freshness).toBe('OVERDUE');
    },
  );

  test('of a record delivered on demand is never said to be fresh or overdue', () => {
    expect(of('ON_DEMAND', '1990-01-01T00:00:00Z')).toMatchObject({ dueBy: null, freshness: 'UNKNOWN' });
  });

  test('gives a longer cycle more time', () => {
    const due = UPDATE_CYCLES.filter((cycle) => cycle !== 'ON_DEMAND').map((cycle) => Date.parse(String(of(cycle, '2026-01-01T00:00:00Z').dueBy)));
    expect([...due].sort((left, right) => left - right)).toEqual(due);
  });
});
