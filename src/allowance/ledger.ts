/**
 * The accounts of institutions: in Redis, shared by all gateways; in this process where there is no Redis or it is away.
 * MUST: a Redis that is away refuses nobody. Each process then counts for itself, from full, until it is back; processes on
 * one port by a part each, so that together they give no more than one would.
 */
import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Cache } from '../redis.js';
import type { Account, Balance, Demand, Verdict } from './demand.js';
import { openLocalAccounts } from './local.js';
import { openSharedAccounts } from './shared.js';

/** What a request is about to take. */
export interface Taking {
  /** Whether there is so much left, as last seen, that work may begin before the verdict is there. */
  readonly ample: boolean;
  /** Never rejects. */
  readonly verdict: Promise<Verdict>;
  /** The request is over; `giveBack` where the zone failed it. To be called once. */
  end(giveBack: boolean): void;
}
export interface Ledger {
  take(demand: Demand): Taking;
  /** Where an account stands, and by which allowance; takes nothing. `shared` where all gateways count together. */
  peek(account: Account): Promise<Balance & { readonly shared: boolean; readonly allowed: Account['allowed'] }>;
}

interface Seen {
  readonly balance: Balance;
  readonly at: number;
}
/** How long what was seen of an account is believed. */
const BELIEVED_MS = 2_000;
/** What must be left for work to begin at once: a part of each bound. */
const AMPLE = 0.5;

export interface LedgerParts {
  readonly cache: Cache;
  readonly now: () => Date;
  readonly steady?: () => number;
  /** How many processes answer on this port, to which requests come in turn. */
  readonly processes?: number;
}

export function openLedger({ cache, now, steady = () => performance.now(), processes = 1 }: LedgerParts): Ledger {
  const local = openLocalAccounts({ steady, now, processes });
  const shared = openSharedAccounts({ cache, now });
  const lastSeen = new LRUCache<string, Seen>({ max: 10_000 });
  const nameOf = ({ institution, purpose }: Account) => `${institution}:${purpose}`;

  function isAmple({ account, cost, usccs }: Demand): boolean {
    const seen = lastSeen.get(nameOf(account));
    if (!seen || steady() - seen.at > BELIEVED_MS) return false;
    const { costPerMinute, enterprisesADay, atOnce } = account.allowed;
    const { level, enterprises, underWay } = seen.balance;
    return level - cost >= costPerMinute * AMPLE && enterprises + usccs.length <= enterprisesADay * AMPLE && underWay + 1 <= atOnce * AMPLE;
  }
  return {
    take(demand) {
      const { account, cost } = demand;
      const lease = randomUUID();
      const ample = isAmple(demand);
      let taken: 'SHARED' | 'LOCAL' | 'NOTHING' = 'NOTHING';
      const decided = async (): Promise<Verdict> => {
        const together = await shared.take(demand, lease);
        const verdict = together ?? local.take(demand, lease);
        if (verdict.state === 'TAKEN') taken = together ? 'SHARED' : 'LOCAL';
        lastSeen.set(nameOf(account), { balance: verdict.balance, at: steady() });
        return verdict;
      };
      const verdict = decided();
      return {
        ample,
        verdict,
        end(giveBack) {
          void verdict.then(() => {
            const back = giveBack ? cost : 0;
            if (taken === 'LOCAL') local.end(account, lease, back);
            // Sent at the end of this turn, with the answer, so that the next request of a client finds room at any gateway.
            if (taken === 'SHARED') shared.end(account, { lease, givenBack: back });
          });
        },
      };
    },
    async peek(account) {
      const together = await shared.take({ account, cost: 0, usccs: [] }, '');
      return together ? { ...together.balance, allowed: together.allowed, shared: true } : { ...local.peek(account), shared: false };
    },
  };
}
