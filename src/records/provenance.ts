/** Where a record comes from and how fresh it is. */
import type { Category } from '../catalogue/model.js';
import type { UpdateCycle } from '../terms.js';
import type { Fact } from './fact.js';

export interface Provenance {
  readonly provider: string;
  readonly dataTime: string;
  readonly receivedAt: string;
  readonly delivery: string;
  readonly updateCycle: UpdateCycle;
  /** When newer data were to arrive; null where the provider delivers on demand. */
  readonly dueBy: string | null;
  readonly freshness: 'FRESH' | 'OVERDUE' | 'UNKNOWN';
}

/** Days from one data time to the next, with the days a provider has to hand a period in. */
const DAYS: Record<UpdateCycle, number | null> = { REAL_TIME: 1, DAILY: 2, WEEKLY: 9, MONTHLY: 46, QUARTERLY: 121, YEARLY: 426, ON_DEMAND: null };
const DAY_MS = 86_400_000;

export function provenanceOf(fact: Extract<Fact, { known: true }>, category: Category, time: Date): Provenance {
  return {
    provider: category.provider,
    dataTime: fact.dataTime.toISOString(),
    receivedAt: fact.receivedAt.toISOString(),
    delivery: String(fact.delivery),
    updateCycle: category.updateCycle,
    ...freshnessOf(fact.dataTime, category, time),
  };
}

/** How fresh data of that time are, by the update cycle of their category. */
export function freshnessOf(dataTime: Date, { updateCycle }: Category, time: Date): Pick<Provenance, 'dueBy' | 'freshness'> {
  const days = DAYS[updateCycle];
  if (days === null) return { dueBy: null, freshness: 'UNKNOWN' };
  const due = new Date(dataTime.getTime() + days * DAY_MS);
  return { dueBy: due.toISOString(), freshness: time <= due ? 'FRESH' : 'OVERDUE' };
}
