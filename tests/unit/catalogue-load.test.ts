import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type CategoryFile, type CodeListFile, readCatalogueFiles } from '../../src/catalogue/files.js';
import { gramsOf } from '../../src/catalogue/grams.js';
import { buildCatalogue, loadCatalogue } from '../../src/catalogue/load.js';
import { readable, recordsTypeName } from '../../src/catalogue/naming.js';
import { Fault } from '../../src/faults.js';
import { PROJECT } from '../harness/house.js';
import { INVENTED_LISTS, inventedCatalogue, inventedCategory, inventedItem, inventedRecord } from '../harness/invented.js';

describe('files of a catalogue', () => {
  let root: string;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'catalogue-'));
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  let folders = 0;
  /** A schema folder with these files beside the invented lists; JSON is YAML. */
  function folderWith(files: Readonly<Record<string, string | object>>): string {
    const folder = join(root, String(++folders));
    const all = { ...Object.fromEntries(INVENTED_LISTS.map((list) => [`codes/${list.name}.yaml`, list])), 'catalogue/.keep': '', ...files };
    for (const [path, content] of Object.entries(all)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content));
    }
    cpSync(join(PROJECT, 'schema', 'catalogue.schema.json'), join(folder, 'catalogue.schema.json'));
    return folder;
  }
  const faultsWith = (files: Readonly<Record<string, string | object>>) => readCatalogueFiles(folderWith(files)).faults;
  const PATH = 'catalogue/tax/inventedReturn.yaml';
  const without = (key: string, category: CategoryFile) => Object.fromEntries(Object.entries(category).filter(([name]) => name !== key));
  const items = (count: number) =>
    Array.from({ length: count }, (_, place) =>
      inventedItem({ name: `sumOf${'abcdefghijklmnopqrstuvwxyz'[place % 26]}${'xyz'[Math.floor(place / 26)]}`, type: 'decimal' }),
    );

  test.each([4, 40])('of %i items are read', (count) => {
    const { faults, categories } = readCatalogueFiles(folderWith({ [PATH]: inventedCategory({ items: items(count) }) }));
    expect(faults).toEqual([]);
    expect(categories.map(({ path, content }) => [path, content.items.length])).toEqual([[PATH, count]]);
  });

  test.each<[what: string, content: string | object, told: RegExp]>([
    ['3 items', inventedCategory({ items: items(3) }), /items must NOT have fewer than 4 items/],
    ['41 items', inventedCategory({ items: items(41) }), /items must NOT have more than 40 items/],
    ['no description', without('description', inventedCategory()), /must have required property 'description'/],
    ['no basis', without('basis', inventedCategory()), /must have required property 'basis'/],
    ['no update cycle', without('updateCycle', inventedCategory()), /must have required property 'updateCycle'/],
    ['a title in Chinese only', { ...inventedCategory(), title: { zh: '虚构' } }, /title must have required property 'en'/],
    [
      'a condition missing where it is shared on condition',
      inventedCategory({ sharing: { type: 'CONDITIONAL' } }),
      /sharing must have required property 'condition'/,
    ],
    ['many rows that nothing identifies', without('identifiedBy', inventedCategory()), /must have required property 'identifiedBy'/],
    ['many rows that nothing orders', without('orderedBy', inventedCategory()), /must have required property 'orderedBy'/],
    ['one record that is ordered', { ...inventedRecord({ code: 'tax.inventedReturn' }), orderedBy: 'period' }, /must NOT be valid/],
    ['a key nobody knows', { ...inventedCategory(), colour: 'red' }, /must NOT have additional properties \(colour\)/],
    ['a grade of 5', { ...inventedCategory(), grade: 5 }, /grade must be <= 4/],
    ['an update cycle nobody knows', { ...inventedCategory(), updateCycle: 'HOURLY' }, /updateCycle must be equal to one of the allowed values/],
    [
      'an item of a type nobody knows',
      inventedCategory({ items: [...items(3), inventedItem({ name: 'matter', type: 'money' })] }),
      /item matter type must match pattern/,
    ],
    [
      'an item whose name is no GraphQL name',
      inventedCategory({ items: [...items(3), inventedItem({ name: 'Matter-1' })] }),
      /item Matter-1 name must match pattern/,
    ],
    ['an item with a note in Chinese only', inventedCategory({ items: [...items(3), inventedItem({ name: 'matter', note: '说明' })] }), /item matter/],
    [
      'an item with a mask nobody knows',
      inventedCategory({ items: [...items(3), { ...inventedItem({ name: 'matter' }), mask: 'blur' as 'redact' }] }),
      /item matter mask must be equal/,
    ],
    ['a day that is none', inventedCategory({ released: '2026-1-1' }), /released must match pattern/],
    ['text that is not YAML', '{ code: [', /not readable as YAML/],
    ['nothing', '', /must be object/],
  ])('with %s become a fault that names the file', (_what, content, told) => {
    const { faults, categories } = readCatalogueFiles(folderWith({ [PATH]: content }));
    expect(faults).toEqual(expect.arrayContaining([expect.stringMatching(told)]));
    expect(faults.every((fault) => fault.startsWith(`${PATH}: `))).toBe(true);
    expect(categories).toEqual([]);
  });

  test.each<[what: string, content: string, told: string]>([
    ['no codes', 'name: colour\ntitle: { zh: 颜色, en: Colour }\ncodes: []', 'has no codes'],
    ['no title', 'name: colour\ncodes: [{ code: "1", zh: 红, en: red }]', 'needs name, title {zh, en} and codes'],
    ['the name of another file', 'name: color\ntitle: { zh: 颜色, en: Colour }\ncodes: [{ code: "1", zh: 红, en: red }]', "name color is not the file's name"],
    [
      'a code twice',
      'name: colour\ntitle: { zh: 颜色, en: Colour }\ncodes: [{ code: "1", zh: 红, en: red }, { code: "1", zh: 蓝, en: blue }]',
      'code 1 occurs twice',
    ],
    ['an unquoted number', 'name: colour\ntitle: { zh: 颜色, en: Colour }\ncodes: [{ code: 1, zh: 红, en: red }]', 'code 1 needs a quoted code, zh and en'],
    ['a code without English', 'name: colour\ntitle: { zh: 颜色, en: Colour }\ncodes: [{ code: "1", zh: 红 }]', 'code "1" needs a quoted code, zh and en'],
    [
      'a comma that ends a text',
      'name: colour\ntitle: { zh: 颜色, en: Colour }\ncodes: [{ code: "1", zh: 红, en: red, deep }]',
      'code 1 has "deep" (quote a text that holds a comma)',
    ],
    [
      'a parent that is a number',
      'name: colour\ntitle: { zh: 颜色, en: Colour }\ncodes: [{ code: "1", zh: 红, en: red, parent: 2 }]',
      'code 1 has a parent that is no text',
    ],
  ])('a code list with %s is refused', (_what, content, told) => {
    expect(faultsWith({ 'codes/colour.yaml': content })).toEqual([`codes/colour.yaml: ${told}`]);
  });

  test('that are faulty do not make a catalogue: every fault is told at once', () => {
    const folder = folderWith({ [PATH]: inventedCategory({ provider: 'weather', code: 'tax.elsewhere' }) });
    const load = () => loadCatalogue(folder);
    expect(load).toThrow(Fault);
    expect(load).toThrow(/code tax\.elsewhere is not the file's path[\s\S]*provider weather is not in[\s\S]*the zone has 1 categories/);
  });
});

describe('the catalogue built', () => {
  const built = inventedCatalogue(
    inventedCategory({
      items: [
        inventedItem({ name: 'period', type: 'date', required: true }),
        inventedItem({
          name: 'taxableSales',
          type: 'decimal',
          unit: 'CNY',
          note: '不含税',
          en: 'Without tax',
          grade: 3,
          sharing: 'CONDITIONAL',
          inForce: '2027-01-01',
          typical: '1..2 of revenue',
        }),
        inventedItem({ name: 'kind', type: 'code(tax-kind)' }),
        inventedItem({ name: 'filer', type: 'personName', personal: true, mask: 'name' }),
        inventedItem({ name: 'office', example: '甲局 | 乙局' }),
      ],
    }),
    inventedRecord(),
  );

  test('numbers its items in the order of their codes, without gaps', () => {
    expect(built.categories.map(({ code }) => code)).toEqual(['registration.inventedBasis', 'tax.inventedReturn']);
    expect(built.items.map(({ index }) => index)).toEqual(built.items.map((_, place) => place));
    expect(built.categories.flatMap(({ items }) => items)).toEqual(built.items);
  });

  test('finds categories and items by code, and nothing by another word', () => {
    const category = built.category('tax.inventedReturn');
    expect(category?.itemsByName.get('kind')).toBe(built.item('tax.inventedReturn.kind'));
    expect(built.item('tax.inventedReturn.kind')).toMatchObject({ type: 'code', codeList: 'tax-kind', coordinate: 'InventedReturn.kind' });
    for (const code of ['tax', 'constructor', '__proto__', 'tax.inventedReturn.nothing', '']) {
      expect([built.category(code), built.item(code)]).toEqual([undefined, undefined]);
    }
  });

  test('gives an item what it says itself, and else what its category or type says', () => {
    expect(built.item('tax.inventedReturn.taxableSales')).toMatchObject({
      title: { zh: '标题taxableSales', en: 'Taxable sales' },
      unit: 'CNY',
      note: { zh: '不含税', en: 'Without tax' },
      grade: 3,
      sharing: 'CONDITIONAL',
      mask: 'round',
      personal: false,
      required: false,
      inForceFrom: '2027-01-01',
    });
    expect(built.item('tax.inventedReturn.period')).toMatchObject({
      grade: 2,
      sharing: 'UNCONDITIONAL',
      mask: 'year',
      required: true,
      inForceFrom: null,
      note: null,
    });
    expect(built.item('tax.inventedReturn.filer')).toMatchObject({ personal: true, mask: 'name' });
    expect(built.item('tax.inventedReturn.office')?.example).toEqual(['甲局', '乙局']);
  });

  test('gives a category where it belongs, how it is ordered, and how many rows are usual', () => {
    expect(built.category('tax.inventedReturn')).toMatchObject({
      domain: 'tax',
      identifiedBy: ['period'],
      orderedBy: 'period',
      typical: { rows: [1, 3], industries: [] },
    });
    expect(built.category('registration.inventedBasis')).toMatchObject({
      domain: 'registration',
      identifiedBy: [],
      orderedBy: null,
      typical: { rows: [1, 1] },
    });
  });

  test('lists providers and domains from their code lists', () => {
    expect(built.providers.map(({ code }) => code)).toEqual(['tax', 'customs']);
    expect(built.domains.map(({ code }) => code)).toEqual(['registration', 'tax', 'customs']);
    expect(built.codeLists.get('tax-kind')?.byCode.get('02')).toMatchObject({ zh: '义02', parent: null });
  });

  test('cannot be changed', () => {
    for (const part of [built, built.items, built.categories, built.items[0], built.categories[0], built.codeLists.get('tax-kind')])
      expect(Object.isFrozen(part)).toBe(true);
  });
});

describe('the digest', () => {
  const digest = (category: Partial<CategoryFile> = {}, lists: readonly CodeListFile[] = INVENTED_LISTS) =>
    buildCatalogue([inventedCategory(category)], lists).digest;

  test('is a SHA-256 and the same for the same content, whatever the order of its keys', () => {
    const reversed = Object.fromEntries(Object.entries(inventedCategory()).reverse()) as unknown as CategoryFile;
    expect(digest()).toMatch(/^[0-9a-f]{64}$/);
    expect(digest()).toBe(digest());
    expect(buildCatalogue([reversed], INVENTED_LISTS).digest).toBe(digest());
  });

  test.each<[what: string, changed: () => string]>([
    ['a title', () => digest({ title: { zh: '改名', en: 'Renamed' } })],
    ['a grade', () => digest({ grade: 3 })],
    ['a version', () => digest({ version: 2 })],
    ['an item less', () => digest({ items: inventedCategory().items.slice(1) })],
    ['an item in another place', () => digest({ items: [...inventedCategory().items].reverse() })],
    [
      'a mask',
      () => digest({ items: inventedCategory().items.map((item) => ({ ...item, ...(item.type === 'decimal' ? { mask: 'withhold' as const } : {}) })) }),
    ],
    ['a code in a list', () => digest({}, INVENTED_LISTS.slice(1))],
  ])('changes with %s', (_what, changed) => {
    expect(changed()).not.toBe(digest());
  });
});

test.each([
  ['tax', 'TaxRecords'],
  ['intellectualProperty', 'IntellectualPropertyRecords'],
])('the records of the domain %s are of the type %s', (domain, type) => {
  expect(recordsTypeName(domain)).toBe(type);
});

test.each([
  ['taxPeriodStart', 'Tax period start'],
  ['office', 'Office'],
])('the name %s reads "%s"', (name, title) => {
  expect(readable(name)).toBe(title);
});

test.each<[name: string, grams: string[]]>([
  ['北京', ['北', '京', '北京']],
  ['ＡＢ b', ['A', 'B', 'AB', 'BB']],
  ['aa', ['A', 'AA']],
  ['𠮷野', ['𠮷', '野', '𠮷野']],
  ['', []],
])('the name "%s" is found by %j', (name, grams) => {
  expect(gramsOf(name)).toEqual(grams);
});
