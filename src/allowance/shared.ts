/**
 * Accounts that all gateways share. What requests of one account take and give back in one turn of this process goes to Redis
 * together, what has ended first: under load many share one call.
 */
import type { Cache } from '../redis.js';
import type { Account, Demand, Verdict } from './demand.js';
import { type Asked, argumentsOf, type Ended, keysOf, RECKON, verdictOf } from './script.js';

export interface SharedAccounts {
  /** null where Redis is away. Never rejects. An empty lease only looks. */
  take(demand: Demand, lease: string): Promise<Verdict | null>;
  /** Ends a lease and gives cost back. Best effort: a lease whose end is not told expires. */
  end(account: Account, ended: Ended): void;
}

interface Turn {
  readonly account: Account;
  readonly ended: Ended[];
  readonly asked: (Asked & { readonly resolve: (verdict: Verdict | null) => void })[];
  codes: number;
}
/** Codes that go together, unless one alone has more: they take Redis a while, in which it answers nobody. */
const MOST_CODES = 1_000;

export function openSharedAccounts({ cache, now }: { cache: Cache; now: () => Date }): SharedAccounts {
  let turns = new Map<string, Turn>();

  /** Those whose policy differs reckon apart. */
  function turnOf(account: Account, codes: number): Turn {
    const { institution, purpose, allowed } = account;
    const key = `${institution}:${purpose}:${allowed.costPerMinute}:${allowed.enterprisesADay}:${allowed.atOnce}`;
    let turn = turns.get(key);
    if (turn && turn.codes > 0 && turn.codes + codes > MOST_CODES) {
      void reckon(turn);
      turn = undefined;
    }
    if (!turn) {
      if (turns.size === 0) setImmediate(reckonAll);
      turns.set(key, (turn = { account, ended: [], asked: [], codes: 0 }));
    }
    turn.codes += codes;
    return turn;
  }
  function reckonAll(): void {
    const all = turns;
    turns = new Map();
    for (const turn of all.values()) void reckon(turn);
  }
  async function reckon({ account, ended, asked }: Turn): Promise<void> {
    const verdicts = await reckoned(account, ended, asked).catch(() => []);
    asked.forEach(({ resolve }, position) => {
      resolve(verdicts[position] ?? null);
    });
  }
  async function reckoned(account: Account, ended: readonly Ended[], asked: readonly Asked[]): Promise<Verdict[]> {
    const time = now();
    const answers = await cache.run(RECKON, keysOf(account, time), argumentsOf(account, ended, asked, time));
    return Array.isArray(answers) ? answers.map((answer) => verdictOf(answer, account)) : [];
  }
  return {
    take(demand, lease) {
      if (cache.state === 'NONE') return Promise.resolve(null);
      return new Promise((resolve) => {
        turnOf(demand.account, demand.usccs.length).asked.push({ demand, lease, resolve });
      });
    },
    end(account, ended) {
      turnOf(account, 0).ended.push(ended);
    },
  };
}
