/** What an export is made of, without a database: cells, filters, and which entries fit them. */
import { describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import ExcelJS from 'exceljs';
import fc from 'fast-check';
import { type AuditEntry, canonical } from '../../src/audit/entry.js';
import { csvCell } from '../../src/audit/export/delimited.js';
import { readFilter } from '../../src/audit/export/filterText.js';
import type { ExportedEntry } from '../../src/audit/export/source.js';
import { workbookOf } from '../../src/audit/export/workbook.js';
import type { TrailFilter } from '../../src/audit/filter.js';
import { matches } from '../../src/audit/matches.js';
import { loadCatalogue } from '../../src/catalogue/load.js';
import { readConfig } from '../../src/config.js';
import type { Fault } from '../../src/faults.js';
import { entryAt } from '../harness/months.js';

const catalogue = loadCatalogue(readConfig({}).schemaFolder);

describe('a cell of CSV', () => {
  test.each([
    '=1+1',
    '+1',
    '-1',
    '@SUM(A1)',
    '\t=1',
    '\r=1',
    '\n=1',
    '＝1+1',
    '＋1',
    '－1',
    '＠x',
    ' =1',
    '\u00a0=1',
    '\ufeff=1',
    '\u200b@x',
    '\u0000=1',
    '\tx',
  ])('that begins like a formula (%j) is text', (value) => {
    expect(csvCell(value)).toBe(`"'${value}"`);
  });
  test.each(['', 'bank-01', '案件-1', '2026-11-22T08:00:00.000Z', "'=1", 'a=1', '1,2', '张三'])('of anything else (%j) is as it was', (value) => {
    expect(csvCell(value)).toBe(`"${value}"`);
  });
  test('comes back from a reader of CSV as it was, but for the apostrophe', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 5 }), (cells) => {
        const text = `${cells.map(csvCell).join(',')}\r\n`;
        const [row] = parse(text, { relax_column_count: true, skip_empty_lines: false, bom: false }) as string[][];
        expect(row?.map((cell, position) => (cell === `'${cells[position]}` ? cell.slice(1) : cell))).toEqual(cells);
      }),
    );
  });
});

describe('a filter', () => {
  const codeOf = (typed: string) => {
    try {
      return readFilter(typed);
    } catch (error) {
      return (error as Fault).code;
    }
  };
  test('is read with every part in its form', () => {
    expect(
      readFilter('{"institution":"bank-01","enterprise":" 91350100m000100y43 ","from":"2026-04-01T00:00:00+08:00","policyVersion":3,"reason":null}'),
    ).toEqual({
      institution: 'bank-01',
      enterprise: '91350100M000100Y43',
      from: new Date('2026-03-31T16:00:00Z'),
      policyVersion: 3,
    });
    expect(readFilter(undefined)).toEqual({});
  });
  test.each([
    ['{', 'BAD_USER_INPUT'],
    ['[]', 'BAD_USER_INPUT'],
    ['null', 'BAD_USER_INPUT'],
    ['{"institutions":"bank-01"}', 'BAD_USER_INPUT'],
    ['{"__proto__":"x"}', 'BAD_USER_INPUT'],
    ['{"purpose":"CURIOSITY"}', 'BAD_USER_INPUT'],
    ['{"institution":7}', 'BAD_USER_INPUT'],
    ['{"from":"yesterday"}', 'BAD_USER_INPUT'],
    ['{"policyVersion":-1}', 'BAD_USER_INPUT'],
    ['{"enterprise":"91350100M000100Y44"}', 'INVALID_USCC'],
  ])('%s is refused', (typed, code) => {
    expect(codeOf(typed)).toBe(code);
  });

  const entry = entryAt(new Date('2026-05-01T00:00:00Z'), {
    operator: 'zhang.san',
    caseNumber: 'C-1',
    purpose: 'LOAN_APPROVAL',
    policyVersion: 4,
    reads: [
      {
        field: 'enterprises',
        enterprises: ['91350100M000100Y43', '91110302562134916R'],
        consents: [{ id: 'consent-1', enterprise: 0 }],
        categories: [
          { category: 'tax.valueAddedTaxReturn', enterprises: [0], clear: ['outputTax'], denied: { CONSENT_REQUIRED: ['filer'] } },
          { category: 'registration.basic', enterprises: [1], masked: ['legalRepresentative'] },
        ],
      },
    ],
  } as Partial<AuditEntry>);
  const provider = catalogue.category('tax.valueAddedTaxReturn')?.provider as string;
  test.each<[object, boolean]>([
    [{}, true],
    [{ institution: 'bank-01', client: 'bank-01-core', operator: 'zhang.san', caseNumber: 'C-1', purpose: 'LOAN_APPROVAL', outcome: 'ANSWERED' }, true],
    [{ institution: 'bank-02' }, false],
    [{ operator: 'zhang' }, false],
    [{ outcome: 'REFUSED' }, false],
    [{ policyVersion: 4 }, true],
    [{ policyVersion: 5 }, false],
    [{ from: new Date('2026-05-01T00:00:00Z') }, true],
    [{ until: new Date('2026-05-01T00:00:00Z') }, false],
    [{ enterprise: '91110302562134916R' }, true],
    [{ enterprise: '91350203M0001QKT19' }, false],
    [{ category: 'registration.basic' }, true],
    [{ category: 'registration.basic', enterprise: '91110302562134916R' }, true],
    [{ category: 'registration.basic', enterprise: '91350100M000100Y43' }, false],
    [{ provider }, true],
    [{ provider: 'nobody' }, false],
    [{ item: 'tax.valueAddedTaxReturn.filer' }, true],
    [{ item: 'tax.valueAddedTaxReturn.filer', reason: 'CONSENT_REQUIRED' }, true],
    [{ item: 'tax.valueAddedTaxReturn.outputTax', reason: 'CONSENT_REQUIRED' }, false],
    [{ item: 'tax.valueAddedTaxReturn.inputTax' }, false],
    [{ reason: 'CONSENT_REQUIRED' }, true],
    [{ reason: 'NO_GRANT' }, false],
    [{ consent: 'consent-1' }, true],
    [{ consent: 'consent-2' }, false],
  ])('%j fits an entry: %s', (filter, fits) => {
    expect(matches(entry, filter as TrailFilter, catalogue)).toBe(fits);
  });
});

describe('a workbook', () => {
  const exported = (changes: Partial<AuditEntry>): ExportedEntry => {
    const entry = entryAt(new Date('2026-05-01T00:00:00Z'), changes);
    return { entry, text: canonical(entry) };
  };
  async function read(pages: readonly (readonly ExportedEntry[])[], rowsASheet?: number): Promise<ExcelJS.Workbook> {
    const chunks: Buffer[] = [];
    async function* given() {
      yield* pages;
    }
    for await (const chunk of workbookOf(given(), rowsASheet === undefined ? {} : { rowsASheet })) chunks.push(chunk);
    const workbook = new ExcelJS.Workbook();
    await workbook.xlsx.load(Buffer.concat(chunks) as unknown as ArrayBuffer);
    return workbook;
  }
  test('goes on in another sheet where one is full', async () => {
    const entries = Array.from({ length: 7 }, (_, number) => exported({ caseNumber: `C-${number}` }));
    const { worksheets } = await read([entries.slice(0, 2), entries.slice(2)], 3);
    const cases = worksheets.map((sheet) => sheet.getColumn(8).values.slice(1));
    const title = '案件编号 case number';
    expect(cases).toEqual([
      [title, 'C-0', 'C-1', 'C-2'],
      [title, 'C-3', 'C-4', 'C-5'],
      [title, 'C-6'],
    ]);
  });
  test('says where a cell is too long for one', async () => {
    const [sheet] = (await read([[exported({ changes: [{ mutation: 'm', state: 'DONE', detail: '张'.repeat(40_000) }] })]])).worksheets;
    const cell = String(sheet?.getRow(2).getCell(21).value);
    expect(cell).toHaveLength(32_767);
    expect(cell).toMatch(/cut: JSON Lines has all of it）$/);
  });
  test('of nothing has its titles', async () => {
    const [sheet] = (await read([])).worksheets;
    expect(sheet?.rowCount).toBe(1);
  });
});
