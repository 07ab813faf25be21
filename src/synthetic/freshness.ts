/** As of when a record holds. Promises: as fresh as its update cycle lets it be, but some categories late, so that overdue data are met. */
import type { Category } from '../catalogue/model.js';
import type { UpdateCycle } from '../terms.js';
import { hashText, type Random } from './random.js';

const HOUR = 1 / 24;
const DAY_MS = 86_400_000;
const CYCLE_DAYS: Record<UpdateCycle, number> = { REAL_TIME: HOUR / 6, DAILY: 0.9, WEEKLY: 6.5, MONTHLY: 28, QUARTERLY: 85, YEARLY: 350, ON_DEMAND: 400 };
/** One category in so many is late. */
const LATE_ONE_IN = 9;

/** Days (with fraction) before the zone's time at which the provider drew up the category. */
function ageOf(category: Category): number {
  const hash = hashText(`age ${category.code}`);
  const cycle = CYCLE_DAYS[category.updateCycle];
  const usuallyLate = { YEARLY: 1.3, ON_DEMAND: 0 }[category.updateCycle as string] ?? 1.5 + (hash % 5) / 2;
  const late = category.code !== 'registration.basic' && hash % LATE_ONE_IN === 0 ? usuallyLate : 0;
  return cycle * (0.05 + 0.6 * ((hash >>> 8) / 2 ** 24) + late);
}

/** Days since 1970 (with fraction): as of when the provider drew the category up, in a zone of this time. */
export function dataTimeOf(category: Category, now: Date): number {
  return now.getTime() / DAY_MS - ageOf(category);
}

/** Days by which one record is older than its category's latest drawing up: most changed with it, some before. */
export function earlierBy(category: Category, random: Random): number {
  return random.chance(0.7) ? 0 : random.unit() * 0.3 * CYCLE_DAYS[category.updateCycle];
}
