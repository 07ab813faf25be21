/** What a request takes of its institution's allowance, what is left of it, and how a refusal says so. */
import type { Allowance } from '../access/evidence.js';
import { endOfDayInBeijing } from '../beijing.js';
import { Fault } from '../faults.js';
import type { InstitutionId, Purpose, Uscc } from '../terms.js';

/** What counts where policy says nothing: far above what people at work need, far below what would starve others. */
export const USUAL_ALLOWANCE: Allowance = Object.freeze({ costPerMinute: 600_000, enterprisesADay: 200_000, atOnce: 64 });

/** Whose allowance it is; each purpose has its own. */
export interface Account {
  readonly institution: InstitutionId;
  readonly purpose: Purpose;
  readonly allowed: Allowance;
}
export interface Demand {
  readonly account: Account;
  /** Records asked, as `extensions.cost.requested` tells them. */
  readonly cost: number;
  /** Different enterprises, in canonical form. */
  readonly usccs: readonly Uscc[];
}

/** Where an account stands. */
export interface Balance {
  /** What the bucket holds; it refills continuously. */
  readonly level: number;
  /** Different enterprises asked today. */
  readonly enterprises: number;
  readonly underWay: number;
}

export type Bound = 'BUDGET' | 'ENTERPRISES' | 'AT_ONCE';
export type Verdict = {
  /** What counted: the account's allowance, or one process's part of it. */
  readonly allowed: Allowance;
} & (
  | /** `balance` is what is left afterwards. */
  { readonly state: 'TAKEN'; readonly balance: Balance }
  /** Nothing was taken. `unseen` of the enterprises were not yet asked today. */
  | { readonly state: 'REFUSED'; readonly by: Bound; readonly balance: Balance; readonly unseen: number }
);

const MINUTE_MS = 60_000;

/** What a bucket holds after some time. */
export function refilled(level: number, { costPerMinute }: Allowance, elapsedMs: number): number {
  return Math.min(costPerMinute, level + (Math.max(0, elapsedMs) * costPerMinute) / MINUTE_MS);
}
/** How long until a bucket holds so much, or is full where it never will. */
export function msUntil(wanted: number, level: number, { costPerMinute }: Allowance): number {
  return (Math.max(0, Math.min(wanted, costPerMinute) - level) * MINUTE_MS) / costPerMinute;
}

/** What one of several processes counts by, where they cannot count together: never more in all than is allowed, but for one at once each. */
export function partOf({ costPerMinute, enterprisesADay, atOnce }: Allowance, processes: number): Allowance {
  const part = (whole: number) => Math.floor(whole / processes);
  return { costPerMinute: part(costPerMinute), enterprisesADay: part(enterprisesADay), atOnce: Math.max(Math.min(1, atOnce), part(atOnce)) };
}

/** The order in which bounds are told: what passes soonest first. */
export function boundMet({ account: { allowed }, cost }: Demand, { level, enterprises, underWay }: Balance, unseen: number): Bound | null {
  if (underWay >= allowed.atOnce) return 'AT_ONCE';
  if (unseen > 0 && enterprises + unseen > allowed.enterprisesADay) return 'ENTERPRISES';
  return cost > level ? 'BUDGET' : null;
}

/** The refusal as the caller reads it: the bound, what is left, when to come again and what would fit. */
export function refusalOf(demand: Demand, { by, balance, unseen, allowed }: Extract<Verdict, { state: 'REFUSED' }>, now: Date): Fault {
  const size = demand.usccs.length;
  const fitting = (level: number) => (demand.cost === 0 ? size : Math.max(0, Math.min(size, Math.floor((level * size) / demand.cost))));
  const bounded = (limit: number, remaining: number, afterMs: number, fits: { now: number; later: number }) => ({
    facts: {
      limit,
      remaining,
      resetAt: new Date(now.getTime() + afterMs).toISOString(),
      fits,
      retryAfter: Math.max(1, Math.ceil(afterMs / 1_000)),
    },
  });
  switch (by) {
    case 'AT_ONCE':
      return new Fault('TOO_MANY_AT_ONCE', bounded(allowed.atOnce, 0, 1_000, { now: 0, later: size }));
    case 'ENTERPRISES': {
      const remaining = Math.max(0, allowed.enterprisesADay - balance.enterprises);
      const wait = endOfDayInBeijing(now).getTime() - now.getTime();
      // Those asked before today count no second time.
      const fits = { now: size - unseen + Math.min(unseen, remaining), later: Math.min(size, allowed.enterprisesADay) };
      return new Fault('TOO_MANY_ENTERPRISES_TODAY', bounded(allowed.enterprisesADay, remaining, wait, fits));
    }
    case 'BUDGET': {
      const fits = { now: fitting(balance.level), later: fitting(allowed.costPerMinute) };
      return new Fault(
        'BUDGET_SPENT',
        bounded(allowed.costPerMinute, Math.max(0, Math.floor(balance.level)), msUntil(demand.cost, balance.level, allowed), fits),
      );
    }
  }
}
