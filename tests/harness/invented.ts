/** Small invented catalogues and evidence, so that a test says only what matters to it. */
import type { Agreement, Consent, Grant, Grounds, Standing } from '../../src/access/evidence.js';
import type { Inquiry } from '../../src/access/inquiry.js';
import type { Question } from '../../src/access/rules/rule.js';
import type { CatalogueFiles, CategoryFile, CodeListFile, ItemFile } from '../../src/catalogue/files.js';
import { buildCatalogue } from '../../src/catalogue/load.js';
import type { Catalogue, Category, Item } from '../../src/catalogue/model.js';
import { type InstitutionId, PURPOSES, type Uscc, usccCheckCharacter } from '../../src/terms.js';

/** When everything invented happens. */
export const NOW = new Date('2026-11-22T02:00:00.000Z');
export const BEFORE = new Date('2026-01-01T00:00:00.000Z');
export const AFTER = new Date('2028-01-01T00:00:00.000Z');

/** A valid code with these 17 characters in front, filled up with noughts. */
export const usccOf = (front: string): Uscc => `${front.padEnd(17, '0')}${usccCheckCharacter(front.padEnd(17, '0'))}` as Uscc;
export const FIRM = usccOf('91110108MA01');
export const PERSON = usccOf('92110108MA01');

/* ---- catalogue ---- */

export const inventedItem = (item: Partial<ItemFile> & { name: string }): ItemFile => ({
  title: `标题${item.name}`,
  type: 'string',
  ...(item.type === undefined || ['string', 'text'].includes(item.type) ? { example: '样例' } : {}),
  ...(['integer', 'decimal'].includes(item.type ?? '') ? { unit: 'CNY' } : {}),
  ...item,
});

/** A category of MANY rows, identified and ordered by its period, that breaks no rule. */
export function inventedCategory(category: Partial<CategoryFile> = {}): CategoryFile {
  const { code = 'tax.inventedReturn' } = category;
  const field = code.split('.')[1] as string;
  return {
    code,
    title: { zh: `虚构${field}`, en: `Invented ${field}` },
    type: `${field[0]?.toUpperCase()}${field.slice(1)}`,
    field,
    provider: 'tax',
    cardinality: 'MANY',
    identifiedBy: ['period'],
    orderedBy: 'period',
    updateCycle: 'MONTHLY',
    sharing: { type: 'UNCONDITIONAL' },
    basis: '虚构条例',
    description: { zh: '虚构的信息类', en: 'An invented category' },
    grade: 2,
    version: 1,
    released: '2026-01-01',
    typical: { coverage: 0.5, rows: '1..3' },
    items: [
      inventedItem({ name: 'period', type: 'date', required: true }),
      inventedItem({ name: 'taxableSales', type: 'decimal' }),
      inventedItem({ name: 'office' }),
      inventedItem({ name: 'filer', type: 'personName', personal: true, mask: 'name' }),
    ],
    ...category,
  };
}

/** One row an enterprise. */
export function inventedRecord(category: Partial<CategoryFile> = {}): CategoryFile {
  const { identifiedBy: _by, orderedBy: _order, ...rest } = inventedCategory({ code: 'registration.inventedBasis', ...category });
  return { ...rest, cardinality: 'ONE', typical: { coverage: 1 } };
}

const listOf = (name: string, codes: readonly string[]): CodeListFile => ({
  name,
  title: { zh: `代码${name}`, en: name },
  codes: codes.map((code) => ({ code, zh: `义${code}`, en: `Meaning of ${code}` })),
});
export const INVENTED_LISTS: readonly CodeListFile[] = [
  listOf('provider', ['tax', 'customs']),
  listOf('domain', ['registration', 'tax', 'customs']),
  listOf('industry', ['A', 'C']),
  listOf('tax-kind', ['01', '02']),
];

export const inventedCatalogue = (...categories: CategoryFile[]): Catalogue => buildCatalogue(categories, INVENTED_LISTS);

export const inventedFiles = (categories: CategoryFile[], more: Partial<CatalogueFiles> = {}): CatalogueFiles => ({
  categories: categories.map((content) => ({ path: `catalogue/${content.code.replace('.', '/')}.yaml`, content })),
  codeLists: INVENTED_LISTS.map((content) => ({ path: `codes/${content.name}.yaml`, content })),
  faults: [],
  ...more,
});

/* ---- evidence ---- */

let made = 0;
const term = () => ({ id: `id-${++made}`, purposes: PURPOSES, validFrom: BEFORE, validUntil: AFTER });
export const agreement = (part: Partial<Agreement> = {}): Agreement => ({ ...term(), highestGrade: 4, ...part });
export const grant = (part: Partial<Grant> = {}): Grant => ({ ...term(), scope: ['*'], effect: 'CLEAR', ...part });
export const consent = (part: Partial<Consent> = {}): Consent => ({ ...term(), scope: ['*'], struck: [], personal: 'CLEAR', withdrawnAt: null, ...part });

/** An active institution with an agreement and a grant for everything. */
export const standing = (part: Partial<Standing> = {}): Standing => ({
  institution: 'bank-01' as InstitutionId,
  kind: 'BANK',
  active: true,
  safelist: false,
  agreements: [agreement()],
  grants: [grant()],
  settings: new Map(),
  allowances: new Map(),
  policyVersion: 7,
  epoch: 3,
  ...part,
});
export const grounds = (of: Standing, consents: Readonly<Record<string, readonly Consent[]>> = {}): Grounds => ({
  standing: of,
  consentsOf: (uscc) => consents[uscc] ?? [],
});
export const inquiry = (part: Partial<Inquiry> & { purpose?: Inquiry['cause']['purpose'] } = {}): Inquiry => ({
  caller: { kind: 'INSTITUTION', institution: 'bank-01' as InstitutionId, client: 'bank-01-loans' },
  cause: { purpose: part.purpose ?? 'PRE_LOAN_REVIEW', caseNumber: 'C-1', operator: null },
  time: NOW,
  reads: [],
  ...part,
});

/** A category with this one item, and the item. */
export function onlyItem(item: Partial<ItemFile> = {}, category: Partial<CategoryFile> = {}): { catalogue: Catalogue; category: Category; item: Item } {
  const catalogue = inventedCatalogue(inventedRecord({ code: 'tax.inventedBasis', items: [inventedItem({ name: 'matter', ...item })], ...category }));
  return { catalogue, category: catalogue.categories[0] as Category, item: catalogue.items[0] as Item };
}

/** What a rule is asked: about an item that nothing speaks against, but for what the test says. */
export const question = ({
  item,
  category,
  ...part
}: Partial<Omit<Question, 'item' | 'category'>> & { item?: Partial<ItemFile>; category?: Partial<CategoryFile> } = {}): Question => {
  const only = onlyItem(item, category);
  return {
    category: only.category,
    item: only.item,
    standing: standing(),
    purpose: 'PRE_LOAN_REVIEW',
    time: NOW,
    consent: 'PERSONAL_CLEAR',
    subject: 'FIRM',
    ...part,
  };
};
