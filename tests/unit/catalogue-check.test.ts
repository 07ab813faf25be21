import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CATALOGUE_RULES, checkCatalogue, PROMISED } from '../../src/catalogue/check.js';
import { type CatalogueFiles, type CategoryFile, type ItemFile, readCatalogueFiles } from '../../src/catalogue/files.js';
import { buildCatalogue } from '../../src/catalogue/load.js';
import { schemaOf } from '../../src/exchange/schema.js';
import { PROJECT } from '../harness/house.js';
import { INVENTED_LISTS, inventedCategory, inventedFiles, inventedItem, inventedRecord } from '../harness/invented.js';

/** Three small categories that differ, of two domains. */
const SOUND: readonly CategoryFile[] = [
  inventedCategory(),
  inventedCategory({
    code: 'tax.inventedArrears',
    items: ['period', 'arrearsOwed', 'arrearsPaid', 'arrearsWaived'].map((name, place) =>
      inventedItem({ name, type: place ? 'decimal' : 'date', required: place === 0 }),
    ),
  }),
  inventedRecord({ items: ['entityKind', 'entityScope', 'entityStanding', 'entitySeat'].map((name) => inventedItem({ name })) }),
];

/** The sound files with the first category changed. */
const changed = (change: (category: CategoryFile) => Partial<CategoryFile>): CatalogueFiles => {
  const [first, ...others] = SOUND as [CategoryFile, ...CategoryFile[]];
  const files = inventedFiles([{ ...first, ...change(first) }, ...others]);
  return { ...files, categories: files.categories.map(({ content }, place) => ({ path: inventedFiles([...SOUND]).categories[place]?.path ?? '', content })) };
};
/** With one more item in the first category. */
const withItem = (item: Partial<ItemFile> & { name: string }): CatalogueFiles => changed(({ items }) => ({ items: [...items, inventedItem(item)] }));
/** With one more category. */
const withCategory = (category: CategoryFile): CatalogueFiles => inventedFiles([...SOUND, category]);
const other = (category: Partial<CategoryFile>): CategoryFile =>
  inventedCategory({
    code: 'customs.inventedOther',
    items: ['period', 'otherOwed', 'otherPaid', 'otherSum'].map((name, place) =>
      inventedItem({ name, type: place ? 'decimal' : 'date', required: place === 0 }),
    ),
    ...category,
  });

/** Faults but for the totals, which no small catalogue keeps. */
const faultsOf = (files: CatalogueFiles): string[] => checkCatalogue(files).filter((fault) => !fault.startsWith('the zone has'));

const REFUSED: readonly (readonly [what: string, files: CatalogueFiles, told: RegExp])[] = [
  ['a code that is not its path', changed(() => ({ code: 'tax.elsewhere' })), /code tax\.elsewhere is not the file's path/],
  ['a provider that is not in the list', changed(() => ({ provider: 'weather' })), /provider weather is not in codes/],
  ['a domain that is not in the list', withCategory(other({ code: 'weather.forecast' })), /domain weather is not in codes/],
  ['an industry that is not in the list', changed(() => ({ typical: { coverage: 0.1, rows: '1..2', industries: ['A', 'Z'] } })), /industry Z is not in codes/],
  [
    'two categories of one GraphQL type',
    withCategory(other({ type: 'InventedReturn' })),
    /GraphQL type InventedReturn occurs twice \(also in catalogue\/tax\/inventedReturn\.yaml\)/,
  ],
  [
    'two categories of one GraphQL field in a domain',
    withCategory(other({ code: 'tax.inventedOther', field: 'inventedReturn' })),
    /GraphQL field tax\.inventedReturn occurs twice/,
  ],
  ['a GraphQL type that the schema itself has', changed(() => ({ type: 'Purpose' })), /GraphQL type Purpose is reserved/],
  ['a GraphQL type that a domain will have', changed(() => ({ type: 'TaxRecords' })), /GraphQL type TaxRecords is reserved/],
  [
    'two categories of one title',
    withCategory(other({ title: { zh: '虚构inventedReturn', en: 'Another' } })),
    /category title 虚构inventedReturn occurs twice/,
  ],
  [
    'two categories of one English title',
    withCategory(other({ title: { zh: '另一个', en: 'Invented inventedReturn' } })),
    /category title Invented inventedReturn occurs twice/,
  ],
  ['a numbered category', changed(() => ({ title: { zh: '纳税申报2', en: 'Tax return' } })), /category title 纳税申报2 is numbered/],
  ['two items of one name', withItem({ name: 'office', title: '另一机关' }), /item name office .* occurs twice/],
  ['two items of one title', withItem({ name: 'authority', title: '标题office' }), /item title 标题office .* occurs twice/],
  ['an item named after nothing', withItem({ name: 'field' }), /item field has a name that says nothing/],
  ['an item named value', withItem({ name: 'value' }), /item value has a name that says nothing/],
  ['an item named otherInformation', withItem({ name: 'otherInformation' }), /item otherInformation has a name that says nothing/],
  ['a numbered item', withItem({ name: 'address2' }), /item address2 has a numbered name/],
  ['a numbered title', withItem({ name: 'authority', title: '其他信息2' }), /item authority has a numbered name/],
  ['a numbered title, full-width', withItem({ name: 'authority', title: '其他信息２' }), /item authority has a numbered name/],
  ['an item that hides the provenance', withItem({ name: 'provenance' }), /item provenance has a reserved name/],
  ['an item that hides the cursor', withItem({ name: 'cursor' }), /item cursor has a reserved name/],
  ['an item that every object of JavaScript has', withItem({ name: 'constructor' }), /item constructor has a reserved name/],
  [
    'a code list that does not exist',
    withItem({ name: 'kind', type: 'code(no-such-list)' }),
    /item kind names the code list no-such-list, which does not exist/,
  ],
  [
    'a personal item of grade 1',
    withItem({ name: 'owner', type: 'personName', personal: true, mask: 'name', grade: 1 }),
    /item owner is personal and of grade 1/,
  ],
  ['a personal item of a category of grade 1', changed(() => ({ grade: 1 })), /item filer is personal and of grade 1/],
  [
    "a person's name that does not say it is personal",
    withItem({ name: 'owner', type: 'personName', mask: 'name' }),
    /item owner is a personName without "personal: true"/,
  ],
  [
    'an identity number below grade 4',
    withItem({ name: 'ownerNumber', type: 'idNumber', personal: true, mask: 'idNumber', grade: 3 }),
    /item ownerNumber is an identity number below grade 4/,
  ],
  ['a phone without its mask', withItem({ name: 'telephone', type: 'phone', personal: true }), /item telephone is a phone and needs "mask: phone"/],
  ['an address with the mask of a name', withItem({ name: 'seat', type: 'address', mask: 'name' }), /item seat is a address and needs "mask: address"/],
  ['an account without its mask', withItem({ name: 'account', type: 'accountNumber' }), /needs "mask: accountNumber"/],
  ['an e-mail address without its mask', withItem({ name: 'mailbox', type: 'email' }), /needs "mask: email"/],
  [
    'an item of grade 4 without a mask',
    withItem({ name: 'secretSum', type: 'decimal', grade: 4 }),
    /item secretSum is of grade 4 and needs a mask \(round or withhold\)/,
  ],
  [
    'a mask that does not fit the type',
    withItem({ name: 'secretDay', type: 'date', mask: 'round' }),
    /item secretDay cannot have "mask: round" \(year or withhold\)/,
  ],
  ['a USCC that would be redacted', withItem({ name: 'holder', type: 'uscc', mask: 'redact' }), /item holder cannot have "mask: redact" \(uscc\)/],
  ['an item not shared below grade 3', withItem({ name: 'inner', sharing: 'NOT_SHARED' }), /item inner is NOT_SHARED below grade 3/],
  ['a category not shared below grade 3', changed(() => ({ sharing: { type: 'NOT_SHARED' } })), /item period is NOT_SHARED below grade 3/],
  ['a number without a unit', withItem({ name: 'headcount', type: 'integer', unit: '' }), /item headcount is a number without a unit/],
  ['a text without an example', withItem({ name: 'remarkable', example: '' }), /item remarkable is a string without an example/],
  ['rows identified by what is no item', changed(() => ({ identifiedBy: ['number'] })), /identifiedBy names number, which is not an item/],
  ['rows identified by what may be absent', changed(() => ({ identifiedBy: ['period', 'office'] })), /identifies rows by office, which is not required/],
  [
    'rows identified by a person',
    changed(({ items }) => ({ identifiedBy: ['filer'], items: items.map((item) => ({ ...item, required: true })) })),
    /identifies rows by filer, which is personal/,
  ],
  ['rows ordered by a name', changed(() => ({ orderedBy: 'office' })), /orderedBy office is no date or number/],
  ['rows ordered by what is no item', changed(() => ({ orderedBy: 'number' })), /orderedBy number is no date or number/],
  ['many rows without a usual number', changed(() => ({ typical: { coverage: 0.1 } })), /typical\.rows is missing/],
  ['a hint nobody can read', withItem({ name: 'sum', type: 'decimal', typical: 'about a hundred' }), /item sum typical "about a hundred" is not readable/],
  ['a hint on a day without its start', withItem({ name: 'day', type: 'date', typical: '1..2' }), /item day typical "1\.\.2" is not readable/],
  ['a hint that names nothing', withItem({ name: 'sum', type: 'decimal', typical: '0..1 of sales' }), /item sum typical names sales, which is neither/],
  [
    'hints that run in a circle',
    changed(({ items }) => ({
      items: [
        ...items,
        inventedItem({ name: 'low', type: 'decimal', typical: '0..1 of high' }),
        inventedItem({ name: 'high', type: 'decimal', typical: '1..2 of low' }),
      ],
    })),
    /item low typical runs in a circle/,
  ],
  [
    'two categories that share three of four items',
    withCategory(
      other({
        items: ['period', 'taxableSales', 'office', 'harbour'].map((name) => ({
          ...(SOUND[0]?.items.find((item) => item.name === name) ?? inventedItem({ name })),
        })),
      }),
    ),
    /share more than half of their items: period, taxableSales, office/,
  ],
  ['a file that could not be read', inventedFiles([...SOUND], { faults: ['catalogue/tax/broken.yaml: not readable as YAML'] }), /broken\.yaml: not readable/],
];

describe('a small catalogue', () => {
  test('that keeps every rule has no fault but its totals', () => {
    expect(faultsOf(inventedFiles([...SOUND]))).toEqual([]);
    expect(checkCatalogue(inventedFiles([...SOUND]))).toHaveLength(3);
  });

  test.each(REFUSED)('is refused for %s', (_what, files, told) => {
    expect(faultsOf(files)).toEqual(expect.arrayContaining([expect.stringMatching(told)]));
  });

  test('is refused by every single rule in one case or another', () => {
    const idle = CATALOGUE_RULES.filter((rule) => !REFUSED.some(([, files]) => [...rule(files)].some((fault) => !fault.startsWith('the zone has'))));
    // The rule of totals has tests of its own below, on the real catalogue.
    expect(idle).toHaveLength(1);
    expect([...(idle[0]?.(inventedFiles([])) ?? [])]).toHaveLength(3);
  });

  test.each<[what: string, files: CatalogueFiles]>([
    ['a grade-4 USCC, which is never masked', withItem({ name: 'holder', type: 'uscc', grade: 4 })],
    ['an item not shared of grade 3', withItem({ name: 'inner', sharing: 'NOT_SHARED', grade: 3 })],
    [
      'categories that share exactly half of their items',
      withCategory(
        other({
          items: ['period', 'office', 'harbour', 'quay'].map((name) => ({ ...(SOUND[0]?.items.find((item) => item.name === name) ?? inventedItem({ name })) })),
        }),
      ),
    ],
    [
      'one field name in two domains',
      withCategory(other({ code: 'customs.inventedReturn', type: 'CustomsReturn', title: { zh: '海关申报', en: 'Customs return' } })),
    ],
    ['a known code list', withItem({ name: 'kind', type: 'code(tax-kind)' })],
    ['a mask that fits', withItem({ name: 'secretSum', type: 'decimal', grade: 4, mask: 'withhold' })],
    ['a word that only begins like one that says nothing', withItem({ name: 'valueAddedTax', type: 'decimal' })],
    [
      'hints on a measure of the firm and on another item',
      changed(({ items }) => ({
        items: [
          ...items,
          inventedItem({ name: 'low', type: 'decimal', typical: '0.1..0.2 of revenue' }),
          inventedItem({ name: 'high', type: 'decimal', typical: '1..2 of low' }),
        ],
      })),
    ],
  ])('is not refused for %s', (_what, files) => {
    expect(faultsOf(files)).toEqual([]);
  });
});

describe('the catalogue of the zone', () => {
  const files = readCatalogueFiles(join(PROJECT, 'schema'));
  const catalogue = buildCatalogue(
    files.categories.map(({ content }) => content),
    files.codeLists.map(({ content }) => content),
  );

  test('keeps every rule', () => {
    expect(checkCatalogue(files)).toEqual([]);
  });

  test('has exactly 27 providers, 256 categories and 3,158 items', () => {
    expect(PROMISED).toEqual({ providers: 27, categories: 256, items: 3158 });
    expect(files.categories).toHaveLength(256);
    expect(catalogue.items).toHaveLength(3158);
    expect(new Set(catalogue.categories.map(({ provider }) => provider)).size).toBe(27);
    expect(catalogue.providers).toHaveLength(27);
  });

  test.each<[what: string, change: (categories: CategoryFile[]) => CategoryFile[], told: string]>([
    [
      'an item less',
      ([first, ...rest]) => [{ ...(first as CategoryFile), items: (first as CategoryFile).items.slice(0, -1) }, ...rest],
      'the zone has 3157 items; it must have 3158',
    ],
    ['a category less', (categories) => categories.slice(1), 'the zone has 255 categories; it must have 256'],
    ['a provider more', ([first, ...rest]) => [{ ...(first as CategoryFile), provider: 'weather' }, ...rest], 'the zone has 28 providers; it must have 27'],
  ])('is refused with %s', (_what, change, told) => {
    const contents = change(files.categories.map(({ content }) => content));
    expect(checkCatalogue(inventedFiles(contents, { codeLists: files.codeLists }))).toContain(told);
  });

  test('leaves every name of the schema that is not its own to the schema', () => {
    const own = new Set(catalogue.categories.map(({ type }) => type));
    const taken = Object.keys(schemaOf(catalogue).getTypeMap()).filter((name) => !own.has(name) && !name.startsWith('__'));
    expect(taken).toEqual(expect.arrayContaining(['Query', 'Enterprise', 'TaxRecords', 'BilingualText', 'Reason', 'USCC']));
    const colliding = taken.filter((type) => !faultsOf(withCategory(other({ type }))).some((fault) => fault.endsWith(`GraphQL type ${type} is reserved`)));
    expect(colliding).toEqual([]);
  });

  test('has no code list that nothing uses, but those that the zone itself reads', () => {
    const used = new Set(catalogue.items.map(({ codeList }) => codeList));
    const unused = files.codeLists.map(({ content }) => content.name).filter((name) => !used.has(name));
    expect(unused.filter((name) => !INVENTED_LISTS.some((list) => list.name === name))).toEqual([]);
  });
});
