/** The reckoning of allowances, with clocks that the test moves. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { type Demand, partOf, refusalOf, type Verdict } from '../../src/allowance/demand.js';
import { openLedger } from '../../src/allowance/ledger.js';
import { type LocalAccounts, openLocalAccounts } from '../../src/allowance/local.js';
import { openToll } from '../../src/allowance/toll.js';
import { dayInBeijing, endOfDayInBeijing } from '../../src/beijing.js';
import { noCache } from '../../src/redis.js';
import type { InstitutionId, Uscc } from '../../src/terms.js';

let elapsed: number;
let time: Date;
let accounts: LocalAccounts;
const steady = () => elapsed;
const now = () => time;
beforeEach(() => {
  elapsed = 1_000;
  time = new Date('2026-11-22T08:00:00Z');
  accounts = openLocalAccounts({ steady, now });
});

const ALLOWED = { costPerMinute: 600, enterprisesADay: 5, atOnce: 2 };
const account = { institution: 'bank-01' as InstitutionId, purpose: 'PRE_LOAN_REVIEW', allowed: ALLOWED } as const;
const demand = (cost: number, ...usccs: string[]): Demand => ({ account, cost, usccs: usccs as Uscc[] });
let leases = 0;
function take(wanted: Demand): Verdict {
  const lease = String(leases++);
  const verdict = accounts.take(wanted, lease);
  accounts.end(account, lease, 0);
  return verdict;
}

describe('A budget', () => {
  test('holds a minute, is spent record by record, and refills continuously up to its brim', () => {
    expect(take(demand(500))).toMatchObject({ state: 'TAKEN', balance: { level: 100 } });
    expect(take(demand(101))).toMatchObject({ state: 'REFUSED', by: 'BUDGET', balance: { level: 100 } });
    elapsed += 100;
    expect(take(demand(101))).toMatchObject({ state: 'TAKEN', balance: { level: 0 } });
    elapsed += 30_000;
    expect(accounts.peek(account).level).toBe(300);
    elapsed += 3_600_000;
    expect(accounts.peek(account).level).toBe(600);
  });

  test('of one purpose is not that of another, nor of another institution', () => {
    take(demand(600));
    for (const other of [
      { ...account, purpose: 'LOAN_APPROVAL' as const },
      { ...account, institution: 'bank-02' as InstitutionId },
    ])
      expect(accounts.peek(other).level).toBe(600);
  });

  test('that is lowered holds no more than its new limit', () => {
    take(demand(1));
    expect(accounts.peek({ ...account, allowed: { ...ALLOWED, costPerMinute: 60 } }).level).toBe(60);
  });

  test('is not lost by a clock that goes back', () => {
    take(demand(100));
    elapsed -= 500;
    expect(accounts.peek(account).level).toBe(500);
  });
});

describe('Enterprises of a day', () => {
  test('count once, however often they are asked, and all or none of a batch count', () => {
    expect(take(demand(1, 'A', 'B', 'C'))).toMatchObject({ state: 'TAKEN', balance: { enterprises: 3 } });
    expect(take(demand(1, 'A', 'B', 'C'))).toMatchObject({ state: 'TAKEN', balance: { enterprises: 3 } });
    expect(take(demand(1, 'C', 'D', 'E', 'F'))).toMatchObject({ state: 'REFUSED', by: 'ENTERPRISES', unseen: 3 });
    expect(take(demand(1, 'C', 'D', 'E'))).toMatchObject({ state: 'TAKEN', balance: { enterprises: 5 } });
    expect(take(demand(1, 'A'))).toMatchObject({ state: 'TAKEN' });
  });

  test('are those of a day in Beijing', () => {
    expect(dayInBeijing(new Date('2026-11-22T15:59:59.999Z'))).toBe('2026-11-22');
    expect(dayInBeijing(new Date('2026-11-22T16:00:00Z'))).toBe('2026-11-23');
    expect(endOfDayInBeijing(new Date('2026-11-22T15:59:59.999Z')).toISOString()).toBe('2026-11-22T16:00:00.000Z');
    expect(endOfDayInBeijing(new Date('2026-11-22T16:00:00Z')).toISOString()).toBe('2026-11-23T16:00:00.000Z');
    take(demand(1, 'A', 'B', 'C', 'D', 'E'));
    expect(take(demand(1, 'F'))).toMatchObject({ state: 'REFUSED' });
    time = new Date('2026-11-22T16:00:00Z');
    expect(take(demand(1, 'F'))).toMatchObject({ state: 'TAKEN', balance: { enterprises: 1 } });
  });
});

test('Requests under way are counted until they end', () => {
  accounts.take(demand(1), 'one');
  accounts.take(demand(1), 'two');
  expect(accounts.take(demand(1), 'three')).toMatchObject({ state: 'REFUSED', by: 'AT_ONCE', balance: { underWay: 2, level: 598 } });
  accounts.end(account, 'one', 0);
  expect(accounts.take(demand(1), 'three')).toMatchObject({ state: 'TAKEN' });
});

describe('A refusal', () => {
  const refusal = (wanted: Demand) => {
    const verdict = take(wanted);
    if (verdict.state !== 'REFUSED') throw new Error('taken');
    return refusalOf(wanted, verdict, time).extensions;
  };
  test('for the budget says when it suffices and how many enterprises fit', () => {
    take(demand(560));
    expect(refusal(demand(100, 'A', 'B', 'C', 'D', 'E'))).toMatchObject({
      code: 'BUDGET_SPENT',
      limit: 600,
      remaining: 40,
      resetAt: '2026-11-22T08:00:06.000Z',
      retryAfter: 6,
      fits: { now: 2, later: 5 },
    });
  });
  test('of what no budget will ever hold says what would fit', () => {
    expect(refusal(demand(1_200, 'A', 'B', 'C', 'D'))).toMatchObject({ code: 'BUDGET_SPENT', fits: { now: 2, later: 2 }, retryAfter: 1 });
  });
  test('for enterprises says when the day ends and how many more there may be', () => {
    take(demand(1, 'A', 'B', 'C'));
    expect(refusal(demand(1, 'A', 'X', 'Y', 'Z'))).toMatchObject({
      code: 'TOO_MANY_ENTERPRISES_TODAY',
      limit: 5,
      remaining: 2,
      resetAt: '2026-11-22T16:00:00.000Z',
      retryAfter: 8 * 3_600,
      fits: { now: 3, later: 4 },
    });
  });
});

describe('A toll', () => {
  const ledger = () => openLedger({ cache: noCache, now, steady });
  test('is taken once, and what the zone failed at is given back', async () => {
    const book = ledger();
    const toll = openToll({ ledger: book, now });
    await toll.begin(demand(100, 'A'));
    await toll.begin(demand(100, 'A'));
    expect(await toll.left()).toEqual({ limit: 600, remaining: 500 });
    toll.end(true);
    await toll.refusal();
    expect(await book.peek(account)).toEqual({ level: 600, enterprises: 1, underWay: 0, shared: false, allowed: ALLOWED });
    // A second end gives nothing back twice.
    toll.end(true);
    expect((await book.peek(account)).level).toBe(600);
  });
  test('that was refused takes nothing and gives nothing back', async () => {
    const book = ledger();
    const toll = openToll({ ledger: book, now });
    await expect(toll.begin(demand(601, 'A'))).rejects.toMatchObject({ code: 'BUDGET_SPENT' });
    expect(await toll.refusal()).toMatchObject({ code: 'BUDGET_SPENT' });
    expect(await toll.left()).toBeNull();
    toll.end(true);
    await toll.refusal();
    expect(await book.peek(account)).toMatchObject({ level: 600, enterprises: 0, underWay: 0 });
  });
  test('begins at once where it was just seen that much is left', async () => {
    const book = ledger();
    expect(book.take(demand(1)).ample).toBe(false);
    await Promise.resolve();
    expect(book.take(demand(1)).ample).toBe(false); // two of two under way
    const wide = { ...account, institution: 'bank-02' as InstitutionId, allowed: { costPerMinute: 1_000, enterprisesADay: 100, atOnce: 10 } };
    const first = book.take({ account: wide, cost: 1, usccs: [] });
    await first.verdict;
    expect(book.take({ account: wide, cost: 1, usccs: [] }).ample).toBe(true);
    expect(book.take({ account: wide, cost: 600, usccs: [] }).ample).toBe(false);
    elapsed += 60_000;
    expect(book.take({ account: wide, cost: 1, usccs: [] }).ample).toBe(false);
  });
});

describe('Processes on one port that cannot count together', () => {
  test('give no more in all than one would, and say what they count by', async () => {
    const books = [1, 2].map(() => openLedger({ cache: noCache, now, steady, processes: 2 }));
    const taken = async (cost: number, ...usccs: string[]) => {
      const takings = books.map((book) => book.take(demand(cost, ...usccs)));
      const verdicts = await Promise.all(takings.map(({ verdict }) => verdict));
      for (const taking of takings) taking.end(false);
      return verdicts;
    };
    expect(await taken(200)).toEqual([expect.objectContaining({ state: 'TAKEN' }), expect.objectContaining({ state: 'TAKEN' })]);
    for (const verdict of await taken(101)) expect(verdict).toMatchObject({ state: 'REFUSED', by: 'BUDGET', balance: { level: 100 } });
    // Five a day: two each, for whoever has seen one cannot know what the other has.
    await taken(1, 'A', 'B');
    for (const verdict of await taken(1, 'C')) expect(verdict).toMatchObject({ state: 'REFUSED', by: 'ENTERPRISES' });
    for (const book of books) expect(await book.peek(account)).toMatchObject({ allowed: { costPerMinute: 300, enterprisesADay: 2, atOnce: 1 } });
  });

  test('tell when to come again by what they refill', async () => {
    const toll = openToll({ ledger: openLedger({ cache: noCache, now, steady, processes: 2 }), now });
    await toll.begin(demand(300));
    expect(await toll.left()).toEqual({ limit: 300, remaining: 0 });
    toll.end(false);
    const next = openToll({ ledger: openLedger({ cache: noCache, now, steady, processes: 2 }), now });
    const refused = await next.begin(demand(301)).catch((error) => error);
    expect(refused.facts).toMatchObject({ limit: 300, remaining: 300 });
  });

  test('let one request in at once, however many they are', () => {
    expect(partOf({ ...ALLOWED, atOnce: 1 }, 4).atOnce).toBe(1);
    expect(partOf(ALLOWED, 1)).toEqual(ALLOWED);
  });
});
