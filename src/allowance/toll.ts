/** What one request takes of its allowance: once, however often its answer is composed anew. */
import type { Fault } from '../faults.js';
import { type Demand, refusalOf } from './demand.js';
import type { Ledger, Taking } from './ledger.js';

export interface Toll {
  /**
   * Takes, unless it was taken before. Resolves when records may be read: at once where much is left, else when it is
   * known that it suffices.
   * @throws Fault BUDGET_SPENT, TOO_MANY_ENTERPRISES_TODAY, TOO_MANY_AT_ONCE
   */
  begin(demand: Demand): Promise<void>;
  /** Why nothing may leave; null where all was taken or nothing was asked for. */
  refusal(): Promise<Fault | null>;
  /** The budget of a minute and what was left of it; null where nothing was taken. */
  left(): Promise<{ limit: number; remaining: number } | null>;
  /** MUST be called when the request is over; what the zone failed at is given back. */
  end(giveBack: boolean): void;
}

export function openToll({ ledger, now }: { ledger: Ledger; now: () => Date }): Toll {
  let begun: { readonly demand: Demand; readonly taking: Taking } | null = null;

  async function refusal(): Promise<Fault | null> {
    if (!begun) return null;
    const verdict = await begun.taking.verdict;
    return verdict.state === 'REFUSED' ? refusalOf(begun.demand, verdict, now()) : null;
  }
  return {
    async begin(demand) {
      begun ??= { demand, taking: ledger.take(demand) };
      if (begun.taking.ample) return;
      const refused = await refusal();
      if (refused) throw refused;
    },
    refusal,
    async left() {
      const verdict = await begun?.taking.verdict;
      if (verdict?.state !== 'TAKEN') return null;
      return { limit: verdict.allowed.costPerMinute, remaining: Math.floor(verdict.balance.level) };
    },
    end(giveBack) {
      begun?.taking.end(giveBack);
      begun = null;
    },
  };
}
