/** What requests of one turn take and give back goes to Redis together, and is reckoned as if each had come alone. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Account } from '../../src/allowance/demand.js';
import { openSharedAccounts } from '../../src/allowance/shared.js';
import { type Cache, openRedis } from '../../src/redis.js';
import type { InstitutionId, Uscc } from '../../src/terms.js';
import { openTestRedis, type TestRedis } from '../harness/redis.js';

let redis: TestRedis;
let cache: Cache;
let calls = 0;
let account: Account;
let tests = 0;

beforeAll(async () => {
  redis = await openTestRedis();
  const real = openRedis([redis.url], { cluster: false });
  while (real.state !== 'READY') await sleep(20);
  cache = {
    read: real.read,
    write: real.write,
    run(...call) {
      calls++;
      return real.run(...call);
    },
    get state() {
      return real.state;
    },
    close: real.close,
  };
}, 30_000);
afterAll(async () => {
  await cache?.close();
  await redis?.close();
});
beforeEach(() => {
  calls = 0;
  account = {
    institution: `shared-${process.pid}-${++tests}` as InstitutionId,
    purpose: 'PRE_LOAN_REVIEW',
    allowed: { costPerMinute: 60, enterprisesADay: 4, atOnce: 3 },
  };
});

const open = () => openSharedAccounts({ cache, now: () => new Date() });
const demand = (cost: number, ...usccs: string[]) => ({ account, cost, usccs: usccs as Uscc[] });

test('each is answered by what those before it left, in the order they came', async () => {
  const accounts = open();
  const verdicts = await Promise.all([
    accounts.take(demand(10, 'A', 'B'), 'one'),
    accounts.take(demand(30, 'B', 'C'), 'two'),
    accounts.take(demand(25, 'A'), 'three'),
    accounts.take(demand(5, 'D', 'E'), 'four'),
    accounts.take(demand(5, 'D'), 'five'),
    accounts.take(demand(0), 'six'),
    accounts.take(demand(0), ''),
  ]);
  expect(calls).toBe(1);
  expect(verdicts.map((verdict) => (verdict?.state === 'REFUSED' ? verdict.by : verdict?.state))).toEqual([
    'TAKEN',
    'TAKEN',
    'BUDGET',
    'ENTERPRISES',
    'TAKEN',
    'AT_ONCE',
    'AT_ONCE',
  ]);
  expect(verdicts.map((verdict) => verdict?.balance.enterprises)).toEqual([2, 3, 3, 3, 4, 4, 4]);
  expect(verdicts.map((verdict) => verdict?.balance.underWay)).toEqual([1, 2, 2, 2, 3, 3, 3]);
  expect(verdicts.map((verdict) => Math.floor(verdict?.balance.level ?? 0))).toEqual([50, 20, 20, 20, 15, 15, 15]);
});

test('what has ended makes room for what is asked in the same turn', async () => {
  const accounts = open();
  await Promise.all(['one', 'two', 'three'].map((lease) => accounts.take(demand(20, 'A'), lease)));
  expect(await accounts.take(demand(1, 'A'), 'four')).toMatchObject({ state: 'REFUSED', by: 'AT_ONCE' });
  calls = 0;
  accounts.end(account, { lease: 'two', givenBack: 20 });
  accounts.end(account, { lease: 'three', givenBack: 0 });
  expect(await accounts.take(demand(20, 'A'), 'five')).toMatchObject({ state: 'TAKEN', balance: { underWay: 2, enterprises: 1 } });
  expect(calls).toBe(1);
});

test('accounts, and allowances of an account, are reckoned apart; many codes go in several calls', async () => {
  const accounts = open();
  const wide = {
    ...account,
    institution: `${account.institution}-wide` as InstitutionId,
    allowed: { costPerMinute: 1_000_000, enterprisesADay: 100_000, atOnce: 100 },
  };
  const codes = (from: number) => Array.from({ length: 400 }, (_, place) => `F${from + place}` as Uscc);
  const verdicts = await Promise.all([
    accounts.take(demand(1, 'A'), 'one'),
    ...[0, 400, 800, 0].map((from, place) => accounts.take({ account: wide, cost: 1, usccs: codes(from) }, `wide ${place}`)),
    accounts.take({ account: { ...account, purpose: 'LOAN_APPROVAL' }, cost: 60, usccs: [] }, 'other'),
  ]);
  expect(verdicts.every((verdict) => verdict?.state === 'TAKEN')).toBe(true);
  expect(Math.max(...verdicts.map((verdict) => verdict?.balance.enterprises ?? 0))).toBe(1_200);
  expect(calls).toBe(4);
});

test('nobody waits for a Redis that is away', async () => {
  const away = openSharedAccounts({ cache: { ...cache, state: 'AWAY', run: async () => null }, now: () => new Date() });
  away.end(account, { lease: 'gone', givenBack: 1 });
  expect(await away.take(demand(1, 'A'), 'one')).toBeNull();
});
