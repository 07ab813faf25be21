/** Whether an entry is looked for: a filter held against one entry, as whoever has no index does. Pure. */
import type { Catalogue } from '../../catalogue/model.js';
import { namesIn } from '../asked.js';
import type { AuditEntry, CategoryOutcome, ReadEntry } from '../entry.js';
import type { TrailFilter } from '../filter.js';

/** All parts of the filter fit; those about what was asked fit the same group of enterprises of one category. */
export function fitsFilter(filter: TrailFilter, catalogue: Catalogue): (entry: AuditEntry) => boolean {
  const { institution, client, operator, caseNumber, purpose, enterprise, outcome, consent, policyVersion, from, until } = filter;
  const same = <T>(wanted: T | undefined, has: unknown): boolean => wanted === undefined || wanted === has;
  const aboutGroups = filter.provider !== undefined || filter.category !== undefined || filter.item !== undefined || filter.reason !== undefined;
  return (entry) => {
    const { reads = [], time } = entry;
    if (!same(institution, entry.institution) || !same(client, entry.client) || !same(operator, entry.operator)) return false;
    if (!same(caseNumber, entry.caseNumber) || !same(purpose, entry.purpose) || !same(outcome, entry.outcome)) return false;
    if (!same(policyVersion, entry.policyVersion)) return false;
    if ((from && time < from.toISOString()) || (until && time >= until.toISOString())) return false;
    if (enterprise !== undefined && entry.enterprise !== enterprise && !reads.some(({ enterprises }) => enterprises.includes(enterprise))) return false;
    if (consent !== undefined && !reads.some(({ consents = [] }) => consents.some(({ id }) => id === consent))) return false;
    return !aboutGroups || reads.some((read) => read.categories.some((group) => isOf(read, group) && fitsGroup(filter, group, catalogue)));
  };
  function isOf({ enterprises }: ReadEntry, group: CategoryOutcome): boolean {
    return enterprise === undefined || group.enterprises === undefined || group.enterprises.some((position) => enterprises[position] === enterprise);
  }
}

function fitsGroup({ provider, category, item, reason }: TrailFilter, group: CategoryOutcome, catalogue: Catalogue): boolean {
  if (category !== undefined && group.category !== category) return false;
  if (provider !== undefined && catalogue.category(group.category)?.provider !== provider) return false;
  const name = item?.startsWith(`${group.category}.`) ? item.slice(group.category.length + 1) : null;
  if (item !== undefined && (name === null || !namesIn(group).includes(name))) return false;
  if (reason === undefined) return true;
  const denied = group.denied?.[reason];
  return denied !== undefined && (name === null || denied.includes(name));
}
