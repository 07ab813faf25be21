/**
 * Accounts of this process alone: for a zone without Redis, and while Redis is away. The same reckoning as `script.ts`, by its
 * part of each allowance where it is one of several on a port.
 */
import { LRUCache } from 'lru-cache';
import { dayInBeijing } from '../beijing.js';
import type { Uscc } from '../terms.js';
import { type Account, type Balance, boundMet, type Demand, partOf, refilled, type Verdict } from './demand.js';

export interface LocalAccounts {
  take(demand: Demand, lease: string): Verdict;
  /** Ends a lease and gives cost back. */
  end(account: Account, lease: string, givenBack: number): void;
  /** `allowed` is what this process counts by. */
  peek(account: Account): Balance & { readonly allowed: Account['allowed'] };
}

interface Kept {
  level: number;
  /** Milliseconds of the steady clock at which the level held. */
  at: number;
  day: string;
  readonly seen: Set<Uscc>;
  readonly leases: Set<string>;
}

/** Institutions and purposes: more than can be resident. */
const ACCOUNTS_KEPT = 10_000;

/** `steady` only ever goes forward and tells durations; `now` tells the day. */
export function openLocalAccounts({ steady, now, processes = 1 }: { steady: () => number; now: () => Date; processes?: number }): LocalAccounts {
  const ofThisProcess = (account: Account): Account => (processes === 1 ? account : { ...account, allowed: partOf(account.allowed, processes) });
  const accounts = new LRUCache<string, Kept>({ max: ACCOUNTS_KEPT });

  function present({ institution, purpose, allowed }: Account): Kept {
    const key = `${institution}:${purpose}`;
    const at = steady();
    const day = dayInBeijing(now());
    const kept = accounts.get(key) ?? { level: allowed.costPerMinute, at, day, seen: new Set(), leases: new Set() };
    kept.level = refilled(kept.level, allowed, at - kept.at);
    kept.at = at;
    if (kept.day !== day) kept.seen.clear();
    kept.day = day;
    accounts.set(key, kept);
    return kept;
  }
  const balanceOf = ({ level, seen, leases }: Kept): Balance => ({ level, enterprises: seen.size, underWay: leases.size });
  return {
    take(asked, lease) {
      const demand = { ...asked, account: ofThisProcess(asked.account) };
      const { allowed } = demand.account;
      const kept = present(demand.account);
      const unseen = demand.usccs.filter((uscc) => !kept.seen.has(uscc));
      const by = boundMet(demand, balanceOf(kept), unseen.length);
      if (by) return { state: 'REFUSED', by, balance: balanceOf(kept), unseen: unseen.length, allowed };
      kept.level -= demand.cost;
      kept.leases.add(lease);
      for (const uscc of unseen) kept.seen.add(uscc);
      return { state: 'TAKEN', balance: balanceOf(kept), allowed };
    },
    end(whose, lease, givenBack) {
      const account = ofThisProcess(whose);
      const kept = present(account);
      kept.leases.delete(lease);
      kept.level = Math.min(account.allowed.costPerMinute, kept.level + givenBack);
    },
    peek(whose) {
      const account = ofThisProcess(whose);
      return { ...balanceOf(present(account)), allowed: account.allowed };
    },
  };
}
