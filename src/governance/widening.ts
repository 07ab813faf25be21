/**
 * Whether changes would let anyone see more, or withhold from the enterprise what was seen of it: the question that decides
 * whether a second officer is needed.
 */
import { compareStandings, momentsFrom, widens } from '../access/compare.js';
import { coversCategory } from '../access/evidence.js';
import { concernedBy, type Policy, type PolicyChange, standingOf } from '../access/policy.js';
import type { Catalogue, Category } from '../catalogue/model.js';
import { PURPOSES, type Purpose } from '../terms.js';

/** Steps of a comparison after which others have their turn; a step is one category. */
const STEPS_AT_ONCE = 64;

/** Looks at all times to come, so a grant that begins next year widens today's policy. */
export async function widensAnything(
  { before, after, changes }: { before: Policy; after: Policy; changes: readonly PolicyChange[] },
  { catalogue, now, rest }: { catalogue: Catalogue; now: Date; rest: () => Promise<void> },
): Promise<boolean> {
  // One officer alone does not keep from an enterprise who read its records.
  if (changes.some(({ change }) => change === 'DELAY_DISCLOSURE')) return true;
  const purposes = PURPOSES.filter((purpose) => changes.some((change) => touchesPurpose(before, change, purpose)));
  const categories = catalogue.categories.filter((category) => changes.some((change) => touchesCategory(before, change, category)));
  let steps = 0;
  for (const institution of concernedBy(before, changes)) {
    const [was, is] = [standingOf(before, institution), standingOf(after, institution)];
    // Who is not active sees nothing, whatever else is changed.
    if (!is?.active) continue;
    const times = momentsFrom(now, [was, is], categories);
    // The directory of names, which has no categories.
    if (widens(was, is, { purposes: [], times, categories: [] })) return true;
    for (const differences of compareStandings(was, is, { purposes, times, categories })) {
      if (differences.some(({ change }) => change === 'WIDENED')) return true;
      if (++steps % STEPS_AT_ONCE === 0) await rest();
    }
  }
  return false;
}

function touchesPurpose(policy: Policy, change: PolicyChange, purpose: Purpose): boolean {
  switch (change.change) {
    case 'GRANT_ACCESS':
    case 'CONCLUDE_AGREEMENT':
      return change.purposes.includes(purpose);
    case 'REVOKE_GRANT':
      return policy.grants.some(({ id, purposes }) => id === change.id && purposes.includes(purpose));
    case 'SET_ALLOWANCE':
    case 'DELAY_DISCLOSURE':
    case 'END_DISCLOSURE_DELAY':
      return false;
    default:
      return true;
  }
}

function touchesCategory(policy: Policy, change: PolicyChange, category: Category): boolean {
  switch (change.change) {
    case 'GRANT_ACCESS':
      return touches(change.scope, category);
    case 'REVOKE_GRANT':
      return policy.grants.some(({ id, scope }) => id === change.id && touches(scope, category));
    case 'SET_ITEM':
      return category.items.some(({ code }) => code === change.item);
    case 'SET_ALLOWANCE':
    case 'DELAY_DISCLOSURE':
    case 'END_DISCLOSURE_DELAY':
      return false;
    default:
      return true;
  }
}

function touches(scope: readonly string[], category: Category): boolean {
  return coversCategory(scope, category) || category.items.some(({ code }) => scope.includes(code));
}
