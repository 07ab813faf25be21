import { appendFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import ExcelJS from 'exceljs';
import iconv from 'iconv-lite';
import { readCatalogueFiles } from '../../src/catalogue/files.js';
import { buildCatalogue } from '../../src/catalogue/load.js';
import { type DeliveryOrder, deliver } from '../../src/delivery/deliver.js';
import { type EmbeddedPostgres, openEmbeddedPostgres } from '../../src/embedded.js';
import { migrate } from '../../src/migrations.js';
import { openPostgres, type Postgres } from '../../src/postgres.js';
import { usccCheckCharacter } from '../../src/terms.js';

const files = readCatalogueFiles('schema');
const catalogue = buildCatalogue(
  files.categories.map(({ content }) => content),
  files.codeLists.map(({ content }) => content),
);
const home = mkdtempSync(join(tmpdir(), 'zone-delivery-'));
const NOW = new Date('2022-05-17T00:00:00Z');
const MAPPING = 'tests/fixtures/delivery/registrations.yaml';
const REAL = '../shared/real/beijing-registrations-1980-1999.csv';

let embedded: EmbeddedPostgres;
let owner: Postgres;
let postgres: Postgres;

beforeAll(async () => {
  embedded = await openEmbeddedPostgres(home);
  await migrate(embedded.url, 'schema', catalogue);
  owner = openPostgres({ url: embedded.url, role: 'owner', poolSize: 2, limitMs: 60_000 });
  postgres = openPostgres({ url: embedded.url, role: 'zone_delivery', poolSize: 4, limitMs: 60_000 });
}, 120_000);
afterAll(async () => {
  await postgres?.close();
  await owner?.close();
  await embedded?.close();
  rmSync(home, { recursive: true, force: true });
});
beforeEach(async () => {
  await owner.query({ text: 'truncate record, enterprise, enterprise_gram, quarantine, delivery' });
  await owner.query({ text: 'update category set generation = 1' });
});

const uscc = (number: number) => {
  const body = `91110108MA${String(number).padStart(7, '0')}`;
  return body + usccCheckCharacter(body);
};
const place = (name: string, content: string | Buffer) => {
  const path = join(home, name);
  writeFileSync(path, content);
  return path;
};
const send = (order: Omit<DeliveryOrder, 'category'> & { category?: string }, now = () => NOW) =>
  deliver({ postgres, catalogue, now }, { category: 'registration.basic', ...order });
const records = () =>
  owner.query<{ uscc: string; payload: string; version: number; delivery: number; data_time: Date }>({
    text: 'select uscc, payload, version, delivery, data_time from record order by uscc',
  });
const generationOf = async (category: string) =>
  (await owner.query<{ generation: number }>({ text: 'select generation from category where code = $1', values: [category] }))[0]?.generation;
const countOf = async (table: string) => (await owner.query<{ count: number }>({ text: `select count(*) from ${table}` }))[0]?.count;

const HEADER = ['代码', '名称', '成立日期', '类型', '资本', '区', '人数', '电话', '范围', '省份'];
const ROWS = [
  [uscc(1), '北京甲子贸易有限公司', '2020-01-31', '集体所有制', '500(万元人民币)', '朝阳', '12', '010-60000000', '销售"甲"，\n零售乙', '北京'],
  [uscc(2), '北京乙丑Ａ科技中心', '2019/2/3', '国有企业', '30(万美元)', '崇文区', 'N/A', '', '无', '北京'],
  [uscc(3), '北京丙寅饭店', '2001年5月6日', '某种类型', '７７．５(万)', '亦庄', '1,204', '13800000000', '住宿', 'N/A'],
];
const quoted = (cell: string) => `"${cell.replaceAll('"', '""')}"`;
const csvOf = (rows: readonly (readonly string[])[], header = HEADER) => `${[header, ...rows].map((row) => row.map(quoted).join(',')).join('\r\n')}\r\n`;

const EXPECTED = [
  {
    enterpriseName: '北京甲子贸易有限公司',
    entityType: '3200',
    establishmentDate: '2020-01-31',
    registeredCapital: '5000000',
    registeredCapitalCurrency: 'CNY',
    businessScope: '销售"甲"，\n零售乙',
    division: '110105',
    contactPhone: '010-60000000',
    employeeCount: 12,
  },
  {
    enterpriseName: '北京乙丑Ａ科技中心',
    entityType: '3100',
    establishmentDate: '2019-02-03',
    registeredCapital: '300000',
    registeredCapitalCurrency: 'USD',
    division: '110101',
  },
  {
    enterpriseName: '北京丙寅饭店',
    establishmentDate: '2001-05-06',
    registeredCapital: '775000',
    registeredCapitalCurrency: 'CNY',
    businessScope: '住宿',
    division: '110302',
    contactPhone: '13800000000',
    employeeCount: 1204,
  },
];

async function workbook(name: string): Promise<string> {
  const book = new ExcelJS.Workbook();
  const sheet = book.addWorksheet('first');
  sheet.addRow(HEADER);
  // Dates and numbers as a spreadsheet holds them.
  for (const [code, title, day, type, capital, division, staff, ...rest] of ROWS) {
    const [year, month, date] = [...(day as string).matchAll(/\d+/g)].map(Number) as [number, number, number];
    sheet.addRow([code, title, new Date(Date.UTC(year, month - 1, date)), type, capital, division, staff === '12' ? 12 : staff, ...rest]);
  }
  book.addWorksheet('second').addRow(['nothing of this']);
  const path = join(home, name);
  await book.xlsx.writeFile(path);
  return path;
}
const jsonLines = () =>
  ROWS.map((row) => JSON.stringify(Object.fromEntries(row.map((cell, at) => [HEADER[at], cell === '12' ? 12 : cell === '' ? null : cell])))).join('\n');

describe('the forms of a file', () => {
  test.each<[string, () => string | Promise<string>]>([
    ['CSV in UTF-8', () => place('utf8.csv', csvOf(ROWS))],
    ['CSV in UTF-8 with a byte order mark', () => place('bom.csv', `\uFEFF${csvOf(ROWS)}`)],
    ['CSV in GB18030', () => place('gb.csv', iconv.encode(csvOf(ROWS), 'gb18030'))],
    ['tab-separated text', () => place('tabs.tsv', csvOf(ROWS).replaceAll('","', '"\t"'))],
    ['JSON Lines', () => place('rows.jsonl', jsonLines())],
    ['a workbook', () => workbook('book.xlsx')],
  ])('%s gives the same records', async (_, file) => {
    const report = await send({ file: await file(), mapping: MAPPING });
    expect(report).toMatchObject({ read: 3, accepted: 3, changed: 3, unchanged: 0, enterprises: 3, quarantined: { total: 0, byReason: {} } });
    expect(report.warnings).toEqual({
      total: 2,
      byColumn: { 类型: { LEFT_OUT: 1 }, 资本: { CURRENCY_ASSUMED: 1 } },
      leftOut: [{ column: '类型', value: '某种类型', rows: 1 }],
    });
    const loaded = await records();
    expect(loaded.map((record) => record.uscc)).toEqual([uscc(1), uscc(2), uscc(3)].sort());
    expect(loaded.map(({ payload }) => JSON.parse(payload))).toEqual(EXPECTED);
    expect(loaded[0]?.data_time).toEqual(new Date('2020-01-31T16:00:00Z'));
  });

  test('numbers of JSON Lines keep every digit', async () => {
    const file = place('exact.jsonl', `{"uscc":"${uscc(1)}","taxPeriodStart":"2020-01-01","taxPeriodEnd":"2020-01-31","taxableSales":12345678901234567890.12}`);
    await send({ category: 'tax.valueAddedTaxReturn', file });
    expect(JSON.parse((await records())[0]?.payload as string)[0].taxableSales).toBe('12345678901234567890.12');
  });
});

describe('a file is refused before a row is loaded', () => {
  const broken = Buffer.concat([Buffer.from(csvOf(ROWS)), Buffer.alloc(70_000, 'x'), Buffer.from([0xe4, 0xff])]);
  test.each<[string, () => Omit<DeliveryOrder, 'category'>, RegExp]>([
    [
      'a column that is neither mapped nor ignored',
      () => ({ file: place('a.csv', csvOf([], [...HEADER, '备注'])), mapping: MAPPING }),
      /column 备注 is neither mapped nor ignored/,
    ],
    ['a mapped column that is missing', () => ({ file: place('b.csv', csvOf([], HEADER.slice(0, 8))), mapping: MAPPING }), /column 范围.* is missing/],
    ['a column twice', () => ({ file: place('c.csv', csvOf([], [...HEADER, '名称'])), mapping: MAPPING }), /column 名称 occurs twice/],
    ['an unknown key on a later line', () => ({ file: place('d.jsonl', `{"uscc":"${uscc(1)}","enterpriseName":"甲"}\n{"other":1}`) }), /row 2: column other/],
    ['bytes of no encoding', () => ({ file: place('e.csv', Buffer.from([0x61, 0x2c, 0xff, 0xfe, 0x0a, 0x81])) }), /neither UTF-8 .* nor GB18030/],
    ['UTF-8 with a fault far down', () => ({ file: place('f.csv', broken), mapping: MAPPING }), /is UTF-8 but for a fault/],
    ['UTF-16', () => ({ file: place('g.csv', Buffer.from('\uFEFFuscc', 'utf16le')) }), /UTF-16/],
    ['an old workbook', () => ({ file: place('h.xls', Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0])) }), /old or encrypted Excel/],
    ['text named .xlsx', () => ({ file: place('i.xlsx', 'uscc') }), /no workbook/],
    ['an archive that is no workbook', () => ({ file: place('j.xlsx', Buffer.from('PK\u0003\u0004nothing')) }), /not readable as \.xlsx|no readable first row/],
    ['an empty file', () => ({ file: place('k.csv', '') }), /is empty/],
    ['no file', () => ({ file: join(home, 'nowhere.csv') }), /no readable file nowhere\.csv/],
    ['a quote that is never closed', () => ({ file: place('l.csv', `uscc,enterpriseName\n${uscc(1)},"甲\n${uscc(2)},乙\n`) }), /never closed/],
  ])('%s', async (_, order, message) => {
    await expect(send(order())).rejects.toMatchObject({ code: 'DELIVERY_REFUSED', message: expect.stringMatching(message) });
    expect([await countOf('record'), await countOf('delivery'), await countOf('quarantine'), await countOf('enterprise')]).toEqual([0, 0, 0, 0]);
  });
});

describe('repeating and failing', () => {
  test('the same file twice changes nothing the second time', async () => {
    const file = place('twice.csv', csvOf(ROWS));
    await send({ file, mapping: MAPPING });
    const before = await records();
    const second = await send({ file, mapping: MAPPING, dataTime: new Date('2023-01-01T00:00:00Z') });
    expect(second).toMatchObject({ read: 3, accepted: 3, changed: 0, unchanged: 3, enterprises: 3 });
    expect(await records()).toEqual(before);
    expect(await generationOf('registration.basic')).toBe(2);
    expect(await countOf('delivery')).toBe(2);
  });

  test('only the records that differ take the new version', async () => {
    await send({ file: place('one.csv', csvOf(ROWS)), mapping: MAPPING });
    const [first, ...rest] = ROWS as [string[], ...string[][]];
    const report = await send({ file: place('two.csv', csvOf([[first[0] as string, '北京甲子集团', ...first.slice(2)], ...rest])), mapping: MAPPING });
    expect(report).toMatchObject({ changed: 1, unchanged: 2 });
    expect((await records()).map(({ version, delivery }) => [version, delivery === report.delivery])).toEqual([
      [3, true],
      [2, false],
      [2, false],
    ]);
    const [enterprise] = await owner.query<{ name: string; division: string; grams: string[] }>({
      text: 'select name, division, grams from enterprise where uscc = $1',
      values: [uscc(1)],
    });
    expect(enterprise).toMatchObject({ name: '北京甲子集团', division: '110105', grams: expect.arrayContaining(['集', '集团', '子集']) });
    // It is found under these and no longer under those of its former name; the others stay as they were.
    expect(await owner.query({ text: 'select gram, uscc from enterprise_gram order by uscc, gram' })).toEqual(
      await owner.query({ text: "select unnest(grams) as gram, uscc from enterprise where uscc not like '92%' order by uscc, gram" }),
    );
    expect(await owner.query({ text: "select from enterprise_gram where gram = '集团'" })).toHaveLength(1);
  });

  test('a delivery that fails in the middle leaves nothing', async () => {
    const rows = Array.from({ length: 5_000 }, (_, number) => JSON.stringify({ uscc: uscc(number), enterpriseName: `北京${number}` }));
    const file = place('middle.jsonl', `${rows.join('\n')}\n{"surprise":1}\n`);
    const progress: number[] = [];
    await expect(send({ file, onProgress: (read) => progress.push(read) })).rejects.toThrow(/row 5001: column surprise/);
    expect(progress).toEqual([1_000, 2_000, 3_000, 4_000, 5_000]);
    expect([await countOf('record'), await countOf('delivery'), await countOf('quarantine'), await countOf('enterprise')]).toEqual([0, 0, 0, 0]);
    expect(await generationOf('registration.basic')).toBe(1);
  });

  test('a file that grows while it is read is refused', async () => {
    const rows = Array.from({ length: 3_000 }, (_, number) => JSON.stringify({ uscc: uscc(number), enterpriseName: `北京${number}` }));
    const file = place('growing.jsonl', `${rows.join('\n')}\n`);
    await expect(send({ file, onProgress: () => appendFileSync(file, '\n') })).rejects.toThrow(/changed while it was read/);
    expect(await countOf('record')).toBe(0);
  });

  test('two deliveries of one category come one after the other', async () => {
    const orders = ['甲', '乙', '丙', '丁'].map((name, at) => ({
      file: place(`at-once-${at}.jsonl`, JSON.stringify({ uscc: uscc(1), enterpriseName: name })),
    }));
    const reports = await Promise.all(orders.map((order) => send(order)));
    expect(reports.map(({ changed }) => changed)).toEqual([1, 1, 1, 1]);
    expect(await generationOf('registration.basic')).toBe(5);
    expect((await records()).map(({ version }) => version)).toEqual([5]);
  });

  test('a category that the database does not know is refused', async () => {
    await owner.query({ text: "delete from category where code = 'registration.basic'" });
    try {
      await expect(send({ file: place('unknown.csv', csvOf(ROWS)), mapping: MAPPING })).rejects.toThrow(/does not know registration\.basic/);
    } finally {
      await migrate(embedded.url, 'schema', catalogue);
    }
  });
});

describe('quarantine', () => {
  test('holds every bad cell with its place, value and reason, and the good rows are loaded', async () => {
    const [good] = ROWS as [string[]];
    const lines = [
      good,
      [
        uscc(4)
          .toLowerCase()
          .replace(/.$/, (check) => (check === '1' ? '2' : '1')),
        ...good.slice(1),
      ],
      [uscc(5), 'N/A', '2020-02-30', '集体所有制', '五百', '浦东', '一', '138****', '无', ''],
      [uscc(6), ...good.slice(1, 6), '1.5', '', '', ''],
      ['短', ...good.slice(1, 8), `长${'乙'.repeat(300)}`, ''],
    ];
    const file = place('bad.csv', `${csvOf(lines)}${uscc(7)},only,three\r\n`);
    const report = await send({ file, mapping: MAPPING });
    expect(report).toMatchObject({
      read: 6,
      accepted: 1,
      enterprises: 1,
      quarantined: {
        total: 5,
        byReason: {
          NOT_AN_INTEGER: 1,
          NOT_A_DATE: 1,
          NOT_A_NUMBER: 2,
          NOT_IN_CODE_LIST: 1,
          NOT_THE_FORM: 1,
          REQUIRED_MISSING: 1,
          ROW_UNREADABLE: 1,
          USCC_CHECK: 1,
          USCC_LENGTH: 1,
        },
      },
    });
    const held = await owner.query({
      text: 'select row_number, column_name, value, reason from quarantine where delivery = $1 order by row_number, column_name collate "C"',
      values: [report.delivery],
    });
    expect(held.filter(({ row_number }) => row_number === 3)).toEqual([
      { row_number: 3, column_name: '人数', value: '一', reason: 'NOT_A_NUMBER' },
      { row_number: 3, column_name: '区', value: '浦东', reason: 'NOT_IN_CODE_LIST' },
      { row_number: 3, column_name: '名称', value: 'N/A', reason: 'REQUIRED_MISSING' },
      { row_number: 3, column_name: '成立日期', value: '2020-02-30', reason: 'NOT_A_DATE' },
      { row_number: 3, column_name: '电话', value: '138****', reason: 'NOT_THE_FORM' },
      { row_number: 3, column_name: '资本', value: '五百', reason: 'NOT_A_NUMBER' },
    ]);
    expect(held.map(({ row_number }) => row_number)).toEqual([2, 3, 3, 3, 3, 3, 3, 4, 5, 6]);
    expect(held.at(-1)).toMatchObject({ column_name: '*', reason: 'ROW_UNREADABLE' });
    const [delivery] = await owner.query({ text: 'select rows_read, accepted, quarantined, changed, file_name, length(file_digest) as digest from delivery' });
    expect(delivery).toEqual({ rows_read: 6, accepted: 1, quarantined: 5, changed: 1, file_name: 'bad.csv', digest: 64 });
  });

  test('a value is cut to 200 characters, never within one', async () => {
    const file = place('long.jsonl', JSON.stringify({ uscc: '𠮷'.repeat(300), enterpriseName: '甲' }));
    await send({ file });
    const [held] = await owner.query<{ value: string }>({ text: 'select value from quarantine' });
    expect(held?.value).toBe('𠮷'.repeat(200));
  });

  test('a bad record of a CSV does not take the next with it', async () => {
    const lines = [
      'uscc,enterpriseName',
      `${uscc(1)},甲`,
      `${uscc(2)},"乙"丙`,
      `${uscc(3)},"""丁""戊"`,
      `${uscc(4)},"己`,
      `${uscc(5)},"庚"`,
      `${uscc(6)},辛 "壬"`,
    ];
    const file = place('quotes.csv', lines.join('\n'));
    // Row 4 opens a quote that swallows row 5: both are out, and seen to be.
    expect(await send({ file })).toMatchObject({ read: 5, accepted: 3, quarantined: { total: 2, byReason: { ROW_UNREADABLE: 2 } } });
    expect(await owner.query({ text: 'select row_number from quarantine order by 1' })).toEqual([{ row_number: 2 }, { row_number: 4 }]);
    expect((await records()).map(({ payload }) => JSON.parse(payload).enterpriseName).sort()).toEqual(['甲', '"丁"戊', '辛 "壬"'].sort());
  });

  test('of rows that repeat each other the first is loaded; of rows that contradict each other none', async () => {
    const line = (number: number, name: string) => JSON.stringify({ uscc: uscc(number), enterpriseName: name });
    const file = place('again.jsonl', [line(1, '甲'), line(2, '乙'), line(1, '甲'), line(2, '丙'), line(3, '丁')].join('\n'));
    expect(await send({ file })).toMatchObject({ read: 5, accepted: 2, enterprises: 2, quarantined: { total: 3, byReason: { DUPLICATE_ROW: 3 } } });
    expect((await records()).map(({ payload }) => JSON.parse(payload).enterpriseName)).toEqual(['甲', '丁']);
    const held = await owner.query<{ row_number: number; detail: string }>({ text: 'select row_number, detail from quarantine order by row_number' });
    expect(held.map(({ row_number }) => row_number)).toEqual([2, 3, 4]);
    expect(held[0]?.detail).toMatch(/rows 2, 4 .* contradict/);
    expect(held[1]?.detail).toMatch(/row 1/);
  });
});

describe('categories of many rows', () => {
  const category = 'tax.valueAddedTaxReturn';
  const line = (firm: number, month: string, sales: string) => ({
    uscc: uscc(firm),
    taxPeriodStart: `2020-${month}-01`,
    taxPeriodEnd: `2020-${month}-28`,
    taxableSales: sales,
  });
  const file = (name: string, ...lines: object[]) => place(`${name}.jsonl`, lines.map((row) => JSON.stringify(row)).join('\n'));
  const listFor = async (firm: number) => {
    const payload = (await records()).find((record) => record.uscc === uscc(firm))?.payload ?? '[]';
    return (JSON.parse(payload) as { taxPeriodEnd: string; taxableSales: string }[]).map((row) => `${row.taxPeriodEnd.slice(5, 7)}:${row.taxableSales}`);
  };
  const start = () => send({ category, file: file('start', line(1, '01', '1'), line(1, '02', '2'), line(2, '01', '5')) });

  test('MERGE replaces rows of the same identity and keeps the others', async () => {
    expect(await start()).toMatchObject({ read: 3, changed: 2, enterprises: 2 });
    const report = await send({ category, file: file('more', line(1, '02', '20'), line(1, '03', '30')) });
    expect(report).toMatchObject({ read: 2, accepted: 2, changed: 1, unchanged: 0, enterprises: 1 });
    expect(await listFor(1)).toEqual(['03:30', '02:20', '01:1']);
    expect(await listFor(2)).toEqual(['01:5']);
  });

  test('REPLACE takes the file for all there is of the enterprises it names', async () => {
    await start();
    await send({ category, mode: 'REPLACE', file: file('all', line(1, '03', '30')) });
    expect(await listFor(1)).toEqual(['03:30']);
    expect(await listFor(2)).toEqual(['01:5']);
  });

  test('REPLACE keeps what there was where the file has a refused row of the enterprise', async () => {
    await start();
    await send({ category, mode: 'REPLACE', file: file('part', line(1, '03', '30'), line(1, '02', 'many'), line(2, '03', '7')) });
    expect(await listFor(1)).toEqual(['03:30', '02:2', '01:1']);
    expect(await listFor(2)).toEqual(['03:7']);
  });

  test('a row twice is refused by its identity', async () => {
    const report = await send({ category, file: file('same', line(1, '01', '1'), line(1, '01', '2'), line(1, '02', '3')) });
    expect(report).toMatchObject({ read: 3, accepted: 1, quarantined: { byReason: { DUPLICATE_ROW: 2 } } });
    expect(await listFor(1)).toEqual(['02:3']);
  });

  test('an enterprise whose rows span several chunks has one list, and enterprises without a registration are accepted', async () => {
    const days = Array.from({ length: 7_000 }, (_, at) => new Date(Date.UTC(2000, 0, 1 + at)).toISOString().slice(0, 10));
    const rows = days.map((day) => ({ uscc: uscc(1), taxPeriodStart: day, taxPeriodEnd: day }));
    const report = await send({ category, file: file('long', { ...line(2, '01', '1') }, ...rows, { ...line(3, '01', '1') }) });
    expect(report).toMatchObject({ read: 7_002, accepted: 7_002, changed: 3, enterprises: 3 });
    const list = JSON.parse((await records()).find((record) => record.uscc === uscc(1))?.payload as string) as { taxPeriodEnd: string }[];
    expect(list.map(({ taxPeriodEnd }) => taxPeriodEnd)).toEqual([...days].reverse());
    expect(await countOf('enterprise')).toBe(0);
  });
});

describe('the real file', () => {
  const isHere = existsSync(REAL);
  (isHere ? test : test.skip)(
    `loads all but its two codes in lower case${isHere ? '' : ` (skipped: ${REAL} is missing)`}`,
    async () => {
      const report = await send({ file: REAL, mapping: 'seeds/mappings/beijing-registrations.yaml' });
      expect(report).toMatchObject({
        read: 31_561,
        accepted: 31_559,
        enterprises: 31_559,
        changed: 31_559,
        quarantined: { total: 2, byReason: { USCC_CHARACTER: 2 } },
      });
      expect(report.warnings.byColumn).toEqual({ 注册资金: { CURRENCY_ASSUMED: 328, LEFT_OUT: 1 }, 企业类型: { LEFT_OUT: 6 } });
      const held = await owner.query<{ value: string }>({ text: 'select value from quarantine order by row_number' });
      expect(held.map(({ value }) => value.replace(/[^a-z]/g, ''))).toEqual(['x', 'x']);
    },
    120_000,
  );
});
