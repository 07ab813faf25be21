import { describe, expect, test } from '@jest/globals';
import { readCatalogueFiles } from '../../src/catalogue/files.js';
import { buildCatalogue } from '../../src/catalogue/load.js';
import type { Category } from '../../src/catalogue/model.js';
import { listOf } from '../../src/delivery/manyRows.js';
import { impliedMapping, resolveMapping } from '../../src/delivery/mapping.js';
import { rowReader } from '../../src/delivery/rows.js';
import { openTally } from '../../src/delivery/tally.js';
import { usccCheckCharacter } from '../../src/terms.js';

const files = readCatalogueFiles('schema');
const catalogue = buildCatalogue(
  files.categories.map(({ content }) => content),
  files.codeLists.map(({ content }) => content),
);
const basic = catalogue.category('registration.basic') as Category;
const vat = catalogue.category('tax.valueAddedTaxReturn') as Category;
const good = { category: 'registration.basic', uscc: 'code', columns: { name: 'enterpriseName' } };

describe('a mapping is refused as a whole', () => {
  test.each<[string, object, RegExp]>([
    ['with an unknown key', { ...good, colums: {} }, /additional properties.*colums/],
    ['for another category', { ...good, category: 'tax.valueAddedTaxReturn' }, /is for tax\.valueAddedTaxReturn/],
    ['naming no item', { ...good, columns: { name: 'enterpriseName', x: 'nothing' } }, /column x names nothing/],
    ['feeding an item twice', { ...good, columns: { name: 'enterpriseName', other: 'enterpriseName' } }, /enterpriseName is fed by two columns/],
    ['that loads and ignores a column', { ...good, ignore: ['name'] }, /column name is both mapped and ignored/],
    ['that uses the code as an item', { ...good, columns: { code: 'enterpriseName' } }, /column code is the code of the enterprise/],
    ['without a required item', { ...good, columns: { d: 'establishmentDate' } }, /no column feeds enterpriseName/],
    ['with a parser that does not fit', { ...good, columns: { name: { item: 'enterpriseName', parse: 'date' } } }, /parser date does not fit enterpriseName/],
    ['with an option of another parser', { ...good, columns: { name: { item: 'enterpriseName', aliases: { a: 'b' } } } }, /aliases is no option/],
    [
      'with an alias beyond the list',
      { ...good, columns: { name: 'enterpriseName', t: { item: 'entityType', parse: 'codeTitle', aliases: { a: '0' } } } },
      /alias code 0 is not in the list/,
    ],
    [
      'with a capital without currency',
      { ...good, columns: { name: 'enterpriseName', c: { item: 'registeredCapital', parse: 'capital' } } },
      /currencyItem MUST name/,
    ],
    ['with a moment that is none', { ...good, dataTime: '2020-02-30' }, /dataTime/],
  ])('%s', (_, content, message) => {
    expect(() => resolveMapping(content, basic, catalogue, 'm.yaml')).toThrow(message);
  });

  test('a good one is taken', () => {
    expect(resolveMapping(good, basic, catalogue, 'm.yaml').columns.map(({ column }) => column)).toEqual(['name']);
  });
});

describe('a row', () => {
  const body = '91110108MA0000011';
  const uscc = body + usccCheckCharacter(body);

  test('becomes a payload in the order of the catalogue, whatever the order of the columns', () => {
    const columns = ['registeredCapital', 'employeeCount', 'uscc', 'enterpriseName', 'establishmentDate'];
    const readRow = rowReader(impliedMapping(basic, catalogue), columns, openTally().note);
    const outcome = readRow(['5000000.00', '012', uscc, ' 北京甲乙公司 ', '2020/1/31']);
    expect(outcome.ok && outcome.row.payload).toBe(
      '{"enterpriseName":"北京甲乙公司","establishmentDate":"2020-01-31","registeredCapital":"5000000","employeeCount":12}',
    );
  });

  test('is refused with every one of its faults', () => {
    const readRow = rowReader(impliedMapping(basic, catalogue), ['uscc', 'enterpriseName', 'establishmentDate', 'division'], openTally().note);
    const outcome = readRow(['123', '', '2020-02-30', '999999']);
    expect(outcome.ok ? [] : outcome.refusals.map(({ column, reason }) => `${column} ${reason}`)).toEqual([
      'uscc USCC_LENGTH',
      'enterpriseName REQUIRED_MISSING',
      'establishmentDate NOT_A_DATE',
      'division NOT_IN_CODE_LIST',
    ]);
  });

  test('loses an unreadable value only where the mapping says so, and is counted', () => {
    const tally = openTally();
    const content = {
      category: 'registration.basic',
      uscc: 'code',
      columns: { name: { item: 'enterpriseName', onUnreadable: 'WARN' }, day: { item: 'establishmentDate', onUnreadable: 'WARN' } },
    };
    const readRow = rowReader(resolveMapping(content, basic, catalogue, 'm'), ['code', 'name', 'day'], tally.note);
    const outcome = readRow([uscc, '甲', 'long ago']);
    expect(outcome.ok && outcome.row.payload).toBe('{"enterpriseName":"甲"}');
    // A required value is never left out.
    expect(readRow([uscc, '甲\u0001', '2020-01-01']).ok).toBe(false);
    expect(tally.warnings()).toEqual({ total: 1, byColumn: { day: { LEFT_OUT: 1 } }, leftOut: [{ column: 'day', value: 'long ago', rows: 1 }] });
  });
});

describe('a list', () => {
  const row = (start: string, end: string, sales?: string) =>
    JSON.stringify({ taxPeriodStart: start, taxPeriodEnd: end, ...(sales ? { taxableSales: sales } : {}) });
  test('is ordered newest first, ties by text, and rows of the same identity are replaced', () => {
    const existing = `[${row('2020-02-01', '2020-02-29', '1')},${row('2020-01-01', '2020-01-31', '1')}]`;
    const list = JSON.parse(listOf(vat, existing, [row('2020-01-01', '2020-01-31', '2'), row('2020-01-01', '2020-03-31'), row('2020-03-01', '2020-03-31')]));
    expect(list).toEqual([
      { taxPeriodStart: '2020-01-01', taxPeriodEnd: '2020-03-31' },
      { taxPeriodStart: '2020-03-01', taxPeriodEnd: '2020-03-31' },
      { taxPeriodStart: '2020-02-01', taxPeriodEnd: '2020-02-29', taxableSales: '1' },
      { taxPeriodStart: '2020-01-01', taxPeriodEnd: '2020-01-31', taxableSales: '2' },
    ]);
  });

  test('orders decimals by value and puts rows without one last', () => {
    const byAmount = { ...vat, identifiedBy: ['taxPeriodStart'], orderedBy: 'taxableSales' };
    const rows = ['9', '10', undefined, '-1'].map((sales, day) => row(`2020-01-0${day + 1}`, '2020-12-31', sales));
    expect(JSON.parse(listOf(byAmount, undefined, rows)).map((entry: { taxableSales?: string }) => entry.taxableSales)).toEqual(['10', '9', '-1', undefined]);
  });
});
