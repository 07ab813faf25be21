/**
 * What an entry can be found by. Promise: an entry that fits a filter has, of each group of facets that the filter asks,
 * at least one. Facets know nothing of the catalogue, which may change: the provider of a category is looked up when it is asked.
 */
import { hash } from 'node:crypto';
import type { Catalogue } from '../catalogue/model.js';
import { namesIn } from './asked.js';
import type { AccessQuestion, AuditEntry, CategoryOutcome } from './entry.js';
import type { TrailFilter } from './filter.js';

/** One letter each: a facet is written very often. */
const LETTERS = {
  institution: 'b',
  client: 's',
  staff: 'l',
  operator: 'o',
  caseNumber: 'n',
  purpose: 'p',
  enterprise: 'e',
  category: 'c',
  item: 'i',
  outcome: 'a',
  reason: 'r',
  consent: 'k',
  policyVersion: 'v',
} as const;
type Kind = keyof typeof LETTERS;

function facetOf(kind: Kind, value: string): string {
  return `${LETTERS[kind]}:${value}`;
}

const digest = Buffer.alloc(32);

/** A facet as it is kept: 8 bytes of its hash, as a decimal number. Two of one hash are told apart when the entry is read. */
export function facetHash(facet: string): string {
  digest.write(hash('sha256', facet, 'binary'), 'latin1');
  return digest.readBigInt64BE(0).toString();
}

/** All facets of an entry, each once. */
export function facetsOf(entry: AuditEntry): Set<string> {
  const found = ownFacetsOf(entry);
  for (const group of groupsIn(entry)) for (const facet of facetsOfGroup(group)) found.add(facet);
  return found;
}

export function groupsIn({ reads = [] }: AuditEntry): CategoryOutcome[] {
  return reads.flatMap(({ categories }) => categories);
}

/** Facets of what was asked of a category and what came of it: the same for many entries. */
export function facetsOfGroup(group: CategoryOutcome): string[] {
  const names = namesIn(group).map((name) => facetOf('item', `${group.category}.${name}`));
  return [facetOf('category', group.category), ...Object.keys(group.denied ?? {}).map((reason) => facetOf('reason', reason)), ...names];
}

/** All facets of an entry but those of its groups. */
export function ownFacetsOf(entry: AuditEntry): Set<string> {
  const found = new Set<string>();
  const add = (kind: Kind, value: string | number | null | undefined) => {
    if (value !== null && value !== undefined) found.add(facetOf(kind, String(value)));
  };
  add('institution', entry.institution);
  add('client', entry.client);
  add('staff', entry.staff);
  add('operator', entry.operator);
  add('caseNumber', entry.caseNumber);
  add('purpose', entry.purpose);
  add('enterprise', entry.enterprise);
  add('outcome', entry.outcome);
  add('policyVersion', entry.policyVersion);
  for (const read of entry.reads ?? []) {
    for (const uscc of read.enterprises) add('enterprise', uscc);
    for (const { id } of read.consents ?? []) add('consent', id);
  }
  for (const question of entry.questions ?? []) {
    const { purpose, caseNumber, enterprises, categories } = subjectOf(question);
    add('purpose', purpose);
    add('caseNumber', caseNumber);
    for (const uscc of enterprises) add('enterprise', uscc);
    for (const category of categories) add('category', category);
  }
  for (const change of entry.changes ?? []) {
    add('enterprise', change.enterprise);
    add('consent', change.consent);
    add('policyVersion', change.policyVersion);
  }
  return found;
}

/** What a filter asks, but for time: of each group an entry has at least one. An empty group fits nothing. */
export function facetsIn(filter: TrailFilter, { categories }: Pick<Catalogue, 'categories'>): string[][] {
  const groups: string[][] = [];
  for (const kind of Object.keys(LETTERS) as Kind[]) {
    const value = filter[kind];
    if (value !== undefined) groups.push([facetOf(kind, String(value))]);
  }
  if (filter.provider !== undefined) {
    groups.push(categories.filter(({ provider }) => provider === filter.provider).map(({ code }) => facetOf('category', code)));
  }
  return groups;
}

/** What a question was about, whatever its form. */
export function subjectOf(question: AccessQuestion): {
  readonly purpose: string | undefined;
  readonly caseNumber: string | undefined;
  readonly enterprises: readonly string[];
  readonly categories: readonly string[];
} {
  if ('receipt' in question) return { purpose: undefined, caseNumber: undefined, enterprises: [], categories: [] };
  if ('preview' in question) {
    const { purpose, caseNumber, enterprises = [], categories = [] } = question;
    return { purpose, caseNumber, enterprises, categories };
  }
  const { purpose, enterprise, category } = question;
  return { purpose, caseNumber: undefined, enterprises: enterprise === null ? [] : [enterprise], categories: category === null ? [] : [category] };
}
