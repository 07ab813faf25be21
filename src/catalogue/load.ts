/** Loads the catalogue, refuses a faulty one, and freezes it into the indexed form everything else reads. */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { Fault } from '../faults.js';
import type { CategoryCode, ItemCode } from '../terms.js';
import { checkCatalogue } from './check.js';
import { type CategoryFile, type CodeListFile, type ItemFile, readCatalogueFiles } from './files.js';
import type { Catalogue, Category, CodeList, DataType, Item, MaskRule } from './model.js';
import { readable } from './naming.js';

/** Masks of types that name none of their own, where a grant says MASKED. */
const MASK_BY_TYPE: Record<DataType, MaskRule> = {
  string: 'redact',
  text: 'redact',
  integer: 'round',
  decimal: 'round',
  date: 'year',
  datetime: 'year',
  boolean: 'withhold',
  code: 'withhold',
  uscc: 'uscc',
  personName: 'name',
  idNumber: 'idNumber',
  phone: 'phone',
  address: 'address',
  accountNumber: 'accountNumber',
  email: 'email',
};

/**
 * The catalogue below `schemaFolder`, checked, indexed and frozen.
 * @throws Fault CATALOGUE_FAULTY with the first twenty faults (`catalogue check` tells all); a faulty zone does not start.
 */
export function loadCatalogue(schemaFolder: string): Catalogue {
  const files = readCatalogueFiles(schemaFolder);
  const faults = checkCatalogue(files);
  if (faults.length > 0) throw new Fault('CATALOGUE_FAULTY', { detail: faults.slice(0, 20).join('\n') });
  return buildCatalogue(
    files.categories.map(({ content }) => content),
    files.codeLists.map(({ content }) => content),
  );
}

/** Indexes contents that were checked before; tests build small catalogues with it. */
export function buildCatalogue(categoryFiles: readonly CategoryFile[], codeListFiles: readonly CodeListFile[]): Catalogue {
  const items: Item[] = [];
  const categories = [...categoryFiles]
    .sort((left, right) => (left.code < right.code ? -1 : 1))
    .map((file) => {
      const own = file.items.map((item) => {
        const built = buildItem(item, file, items.length);
        items.push(built);
        return built;
      });
      return buildCategory(file, own);
    });
  const codeLists = new Map(codeListFiles.map((file) => [file.name, buildCodeList(file)]));
  const categoriesByCode = new Map<string, Category>(categories.map((category) => [category.code, category]));
  const itemsByCode = new Map<string, Item>(items.map((item) => [item.code, item]));

  return Object.freeze({
    providers: codeLists.get('provider')?.codes ?? [],
    domains: codeLists.get('domain')?.codes ?? [],
    categories: Object.freeze(categories),
    items: Object.freeze(items),
    codeLists,
    category: (code: string) => categoriesByCode.get(code),
    item: (code: string) => itemsByCode.get(code),
    digest: createHash('sha256')
      .update(canonicalize({ categoryFiles, codeListFiles }) as string)
      .digest('hex'),
  });
}

function buildItem(file: ItemFile, category: CategoryFile, index: number): Item {
  const [, type, codeList] = /^(\w+)(?:\((.+)\))?$/.exec(file.type) as unknown as [string, DataType, string | undefined];
  return Object.freeze({
    code: `${category.code}.${file.name}` as ItemCode,
    index,
    name: file.name,
    coordinate: `${category.type}.${file.name}`,
    title: { zh: file.title, en: readable(file.name) },
    type,
    codeList: codeList ?? null,
    unit: file.unit ?? null,
    note: file.note && file.en ? { zh: file.note, en: file.en } : null,
    grade: file.grade ?? category.grade,
    personal: file.personal ?? false,
    sharing: file.sharing ?? category.sharing.type,
    mask: file.mask ?? MASK_BY_TYPE[type],
    required: file.required ?? false,
    inForceFrom: file.inForce ?? null,
    example: file.example?.split(' | ') ?? [],
    typical: file.typical ?? null,
  });
}

function buildCategory(file: CategoryFile, items: Item[]): Category {
  const [least, most] = (file.typical.rows ?? '1..1').split('..').map(Number) as [number, number];
  return Object.freeze({
    code: file.code as CategoryCode,
    domain: file.code.split('.')[0] as string,
    provider: file.provider,
    title: file.title,
    description: file.description,
    type: file.type,
    field: file.field,
    cardinality: file.cardinality,
    identifiedBy: file.identifiedBy ?? [],
    orderedBy: file.orderedBy ?? null,
    updateCycle: file.updateCycle,
    sharing: file.sharing.type,
    condition: file.sharing.condition ?? null,
    basis: file.basis,
    grade: file.grade,
    version: file.version,
    released: file.released,
    typical: {
      coverage: file.typical.coverage,
      rows: [least, most] as const,
      period: file.typical.period ?? null,
      industries: file.typical.industries ?? [],
    },
    items: Object.freeze(items),
    itemsByName: new Map(items.map((item) => [item.name, item])),
  });
}

function buildCodeList(file: CodeListFile): CodeList {
  const codes = file.codes.map(({ code, zh, en, parent }) => Object.freeze({ code, zh, en, parent: parent ?? null }));
  return Object.freeze({
    name: file.name,
    title: file.title,
    codes: Object.freeze(codes),
    byCode: new Map(codes.map((code) => [code.code, code])),
  });
}
