/** Whether an entry is what was looked for: the one truth, which every index only narrows towards. */
import type { Catalogue } from '../catalogue/model.js';
import { namesIn } from './asked.js';
import type { AuditEntry, CategoryOutcome, ReadEntry } from './entry.js';
import { subjectOf } from './facets.js';
import type { TrailFilter } from './filter.js';

/** Whether an entry fits all parts of a filter. Enterprise, category, item, reason and consent must be true of one and the same read. */
export function matches(entry: AuditEntry, filter: TrailFilter, catalogue: Pick<Catalogue, 'category'>): boolean {
  return headFits(entry, filter) && contentFits(entry, filter, catalogue);
}

const isOrAny = <T>(wanted: T | undefined, found: T | null | undefined): boolean => wanted === undefined || wanted === found;

function headFits(entry: AuditEntry, filter: TrailFilter): boolean {
  const { institution, client, staff, operator, outcome, caseNumber, purpose, policyVersion, from, until } = filter;
  const { questions = [], changes = [] } = entry;
  const time = Date.parse(entry.time);
  return (
    isOrAny<string>(institution, entry.institution) &&
    isOrAny(client, entry.client) &&
    isOrAny(staff, entry.staff) &&
    isOrAny(operator, entry.operator) &&
    isOrAny(outcome, entry.outcome) &&
    (isOrAny(caseNumber, entry.caseNumber) || questions.some((question) => subjectOf(question).caseNumber === caseNumber)) &&
    (isOrAny<string>(purpose, entry.purpose) || questions.some((question) => subjectOf(question).purpose === purpose)) &&
    (isOrAny(policyVersion, entry.policyVersion) || changes.some((change) => change.policyVersion === policyVersion)) &&
    (from === undefined || time >= from.getTime()) &&
    (until === undefined || time < until.getTime())
  );
}

type Categories = Pick<Catalogue, 'category'>;

function contentFits(entry: AuditEntry, filter: TrailFilter, catalogue: Categories): boolean {
  const { enterprise, provider, category, item, reason, consent } = filter;
  const asksCategory = provider !== undefined || category !== undefined;
  const asksItem = item !== undefined || reason !== undefined;
  if (enterprise === undefined && consent === undefined && !asksCategory && !asksItem) return true;
  if (entry.reads?.some((read) => readFits(read, filter, catalogue))) return true;
  // Questions tell nothing of items and consents, changes nothing of categories, and who acts is an enterprise and no more.
  if (asksItem) return false;
  if (consent === undefined && entry.questions?.some((question) => questionFits(subjectOf(question), filter, catalogue))) return true;
  if (asksCategory) return false;
  if (entry.changes?.some((change) => isOrAny<string>(enterprise, change.enterprise) && isOrAny(consent, change.consent))) return true;
  return consent === undefined && entry.enterprise === enterprise;
}

function readFits(read: ReadEntry, filter: TrailFilter, catalogue: Categories): boolean {
  const { enterprise, provider, category, item, reason, consent } = filter;
  const places = enterprise === undefined ? null : placesOf(enterprise, read.enterprises);
  if (places?.length === 0) return false;
  const consents =
    consent === undefined ? null : (read.consents ?? []).filter(({ id, enterprise: place }) => id === consent && (places?.includes(place) ?? true));
  if (consents?.length === 0) return false;
  if (provider === undefined && category === undefined && item === undefined && reason === undefined) return true;
  return read.categories.some(
    (group) =>
      isOrAny<string>(category, group.category) &&
      (provider === undefined || catalogue.category(group.category)?.provider === provider) &&
      (places === null || !group.enterprises || group.enterprises.some((place) => places.includes(place))) &&
      (consents === null || consents.some((use) => useFits(use, group))) &&
      itemFits(group, filter),
  );
}

/** Under a consent of one enterprise only what that one was given stands. */
function useFits({ enterprise, categories }: NonNullable<ReadEntry['consents']>[number], group: CategoryOutcome): boolean {
  return (categories?.includes(group.category) ?? true) && (group.enterprises?.includes(enterprise) ?? true);
}

function itemFits(group: CategoryOutcome, { item, reason }: TrailFilter): boolean {
  if (reason !== undefined && !group.denied?.[reason]) return false;
  if (item === undefined) return true;
  const names = reason === undefined ? namesIn(group) : (group.denied?.[reason] ?? []);
  return names.some((name) => `${group.category}.${name}` === item);
}

function questionFits({ enterprises, categories }: ReturnType<typeof subjectOf>, filter: TrailFilter, catalogue: Categories): boolean {
  const { enterprise, provider, category } = filter;
  if (enterprise !== undefined && !enterprises.includes(enterprise)) return false;
  if (provider === undefined && category === undefined) return true;
  return categories.some((code) => isOrAny<string>(category, code) && (provider === undefined || catalogue.category(code)?.provider === provider));
}

function placesOf(enterprise: string, enterprises: readonly string[]): number[] {
  return enterprises.flatMap((uscc, place) => (uscc === enterprise ? [place] : []));
}
