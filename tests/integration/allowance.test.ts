/**
 * How much an institution may ask for a purpose: over several gateways with one Redis, in one process without it, and
 * while Redis is killed or hangs. What is refused gives nothing, takes nothing, and says when to come again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Allowance } from '../../src/access/evidence.js';
import { openTestRedis, type TestRedis } from '../harness/redis.js';
import { entryOf, openWatchedGateway, type WatchedGateway } from '../harness/watched.js';
import { type Answered, firm, openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
let redis: TestRedis;
let one: WatchedGateway;
let other: WatchedGateway;
let alone: WatchedGateway;

const WIDE: Allowance = { costPerMinute: 600_000, enterprisesADay: 1_000, atOnce: 50 };
/** Each test has an account of its own; bank-01 has an agreement on every purpose. */
const ALLOWED: readonly (readonly [institution: string, purpose: string, allowed: Partial<Allowance>])[] = [
  ['bank-01', 'LOAN_APPROVAL', { costPerMinute: 60 }],
  ['bank-01', 'POST_LOAN_MONITORING', { enterprisesADay: 3 }],
  ['bank-01', 'RISK_DISPOSAL', { atOnce: 3 }],
  ['bank-02', 'PRE_LOAN_REVIEW', { costPerMinute: 600 }],
  ['bank-02', 'LOAN_APPROVAL', { atOnce: 3 }],
  ['bank-02', 'POST_LOAN_MONITORING', { costPerMinute: 60 }],
];
beforeAll(async () => {
  [zone, redis] = await Promise.all([openTestZone({ enterprises: 20 }), openTestRedis()]);
  for (const [institution, purpose, changes] of ALLOWED) {
    const { costPerMinute, enterprisesADay, atOnce } = { ...WIDE, ...changes };
    await zone.owner.query({
      text: 'insert into allowance values ($1, $2, (select max(version) from policy_version), $3, $4, $5)',
      values: [institution, purpose, costPerMinute, enterprisesADay, atOnce],
    });
  }
  const left = await redis.client.keys('zone:*');
  if (left.length > 0) await redis.client.del(...left);
  [one, other, alone] = await Promise.all([
    openWatchedGateway(zone, { redisUrl: redis.url }),
    openWatchedGateway(zone, { redisUrl: redis.url }),
    openWatchedGateway(zone),
  ]);
  await until(async () => (await rateLimit(one, 'bank-01', 'PRE_LOAN_REVIEW')).shared && (await rateLimit(other, 'bank-01', 'PRE_LOAN_REVIEW')).shared);
}, 120_000);
afterAll(async () => {
  await Promise.all([one, other, alone].map((gateway) => gateway?.close()));
  await redis?.close();
  await zone?.close();
});

async function until(holds: () => Promise<boolean>, limitMs = 10_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('it did not come about');
    await sleep(30);
  }
}
/** Asks five records of each firm. */
const FIVE =
  'registration { basic { industry } shareholders { provenance { provider } } } tax { creditRatings { provenance { provider } } arrears { provenance { provider } } valueAddedTaxReturns { taxableSales } }';
const batch = (gateway: WatchedGateway, institution: string, purpose: string, codes: readonly string[]): Promise<Answered> =>
  gateway.ask(
    `query ($codes: [USCC!]!) { enterprises(usccs: $codes, inquiry: { purpose: ${purpose}, caseNumber: "L-1" }) { ... on Enterprise { uscc ${FIVE} } } }`,
    {
      institution,
      variables: { codes },
    },
  );
const firms = (count: number, from = 0) => Array.from({ length: count }, (_, place) => firm(from + place));
async function rateLimit(gateway: WatchedGateway, institution: string, purpose: string) {
  const { status, body } = await gateway.ask(
    `{ rateLimit(purpose: ${purpose}) { purpose budget remaining refillPerSecond resetAt enterprisesADay enterprisesToday dayEndsAt atOnce underWay shared } }`,
    { institution },
  );
  expect([status, body.extensions.cost.requested]).toEqual([200, 0]);
  return body.data.rateLimit;
}
/** Holds a refusal to everything it promises. */
async function expectLimited(answered: Answered, code: string): Promise<Record<string, unknown>> {
  const { status, headers, body, text } = answered;
  expect([status, body.errors?.length, body.errors?.[0]?.extensions.code]).toEqual([429, 1, code]);
  expect(body).not.toHaveProperty('data');
  expect(text.length).toBeLessThan(2_048);
  const facts = body.errors?.[0]?.extensions as Record<string, unknown>;
  expect(Object.keys(facts).sort()).toEqual(['code', 'fits', 'limit', 'remaining', 'remedy', 'resetAt', 'retryAfter']);
  expect(headers['retry-after']).toBe(String(facts.retryAfter));
  expect(facts.retryAfter).toBeGreaterThanOrEqual(1);
  expect(facts.resetAt).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  expect(await entryOf(zone, body.extensions.receipt.id)).toMatchObject({ outcome: 'REFUSED', code });
  return facts;
}

describe('With Redis, two gateways', () => {
  test('share one budget, and refuse before any record is read', async () => {
    const account = ['bank-01', 'LOAN_APPROVAL'] as const;
    const first = await batch(one, ...account, firms(6));
    expect([first.status, first.body.extensions.cost]).toMatchObject([200, { requested: 30, limit: 60, remaining: 30 }]);
    const second = await batch(other, ...account, firms(5, 6));
    expect(second.body.extensions.cost).toMatchObject({ requested: 25, limit: 60 });
    expect(second.body.extensions.cost.remaining).toBeGreaterThanOrEqual(5);
    expect(second.body.extensions.cost.remaining).toBeLessThan(20);

    const [before, read] = [await rateLimit(one, ...account), one.recordStatements().length];
    const facts = await expectLimited(await batch(one, ...account, firms(10, 10)), 'BUDGET_SPENT');
    expect(facts).toMatchObject({ limit: 60, fits: { later: 10 } });
    expect((facts.fits as { now: number }).now).toBe(Math.floor(Number(facts.remaining) / 5));
    expect(facts.retryAfter).toBeGreaterThan(25);
    expect(one.recordStatements()).toHaveLength(read);
    // What was refused took nothing.
    const after = await rateLimit(other, ...account);
    expect(after.remaining).toBeGreaterThanOrEqual(before.remaining);
    expect(after).toMatchObject({ budget: 60, refillPerSecond: 1, shared: true, underWay: 0, enterprisesToday: 11, purpose: 'LOAN_APPROVAL' });
    // What still fits is answered, and another purpose has a budget of its own.
    expect((await batch(one, ...account, firms(1, 10))).status).toBe(200);
    expect((await batch(one, 'bank-01', 'PRE_LOAN_REVIEW', firms(10))).body.extensions.cost).toMatchObject({ limit: 600_000 });
  });

  test('count an enterprise once a day, in whatever form its code was typed', async () => {
    const account = ['bank-01', 'POST_LOAN_MONITORING'] as const;
    const spelt = [firm(0), firm(0).toLowerCase(), ` ${firm(1)}`, firm(1)];
    expect((await batch(one, ...account, spelt)).status).toBe(200);
    expect(await rateLimit(other, ...account)).toMatchObject({ enterprisesADay: 3, enterprisesToday: 2, dayEndsAt: '2026-11-22T16:00:00.000Z' });
    const facts = await expectLimited(await batch(other, ...account, firms(4)), 'TOO_MANY_ENTERPRISES_TODAY');
    expect(facts).toMatchObject({ limit: 3, remaining: 1, resetAt: '2026-11-22T16:00:00.000Z', retryAfter: 8 * 3_600, fits: { now: 3, later: 3 } });
    expect((await batch(other, ...account, firms(3))).status).toBe(200);
    expect((await batch(one, ...account, firms(3))).status).toBe(200);
    await expectLimited(await batch(one, ...account, firms(1, 3)), 'TOO_MANY_ENTERPRISES_TODAY');
    expect(await redis.client.smembers('zone:{bank-01:POST_LOAN_MONITORING}:day:2026-11-22')).toEqual(expect.arrayContaining(firms(3)));
  });

  test('take nothing for codes that are not valid, nor for what is refused before it is asked', async () => {
    const account = ['bank-02', 'PRE_LOAN_REVIEW'] as const;
    const { remaining } = await rateLimit(one, ...account);
    expect(remaining).toBe(600);
    expect((await batch(one, ...account, ['1', '91350100M000100Y44'])).body.extensions.cost).toMatchObject({ requested: 0, remaining: 600 });
    for (const query of ['{ nothing }', `{ enterprise(uscc: "1", inquiry: { purpose: PRE_LOAN_REVIEW, caseNumber: "L-1" }) { uscc } }`, '{'])
      expect((await one.ask(query, { institution: 'bank-02' })).status).toBe(400);
    expect(await rateLimit(one, ...account)).toMatchObject({ remaining: 600, enterprisesToday: 0, underWay: 0 });
  });

  test('withhold an answer whose refusal comes only after its records were read', async () => {
    const account = ['bank-02', 'PRE_LOAN_REVIEW'] as const;
    expect((await batch(one, ...account, firms(1))).status).toBe(200);
    // Spent elsewhere, a moment after this gateway saw that much was left.
    await redis.client.hset('zone:{bank-02:PRE_LOAN_REVIEW}:budget', 'level', '-100000');
    const read = one.recordStatements().length;
    const facts = await expectLimited(await batch(one, ...account, firms(4, 8)), 'BUDGET_SPENT');
    expect(facts).toMatchObject({ remaining: 0, fits: { now: 0, later: 4 } });
    expect(one.recordStatements().length).toBeGreaterThan(read);
    // Now it knows, and waits for the verdict first.
    const later = one.recordStatements().length;
    await expectLimited(await batch(one, ...account, firms(4, 13)), 'BUDGET_SPENT');
    expect(one.recordStatements()).toHaveLength(later);
  });

  test('let no more requests be under way at once than allowed, over both of them', async () => {
    const account = ['bank-01', 'RISK_DISPOSAL'] as const;
    const answers = await Promise.all(Array.from({ length: 24 }, (_, place) => batch(place % 2 ? one : other, ...account, firms(20))));
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused.length).toBeGreaterThan(0);
    expect(answers.length - refused.length).toBeGreaterThanOrEqual(3);
    for (const answered of refused) expect(await expectLimited(answered, 'TOO_MANY_AT_ONCE')).toMatchObject({ limit: 3, remaining: 0, retryAfter: 1 });
    await until(async () => (await rateLimit(one, ...account)).underWay === 0);
    expect((await batch(one, ...account, firms(1))).status).toBe(200);
  });

  test('forget the requests of a process that died', async () => {
    const leases = 'zone:{bank-02:LOAN_APPROVAL}:leases';
    const [seconds, micros] = await redis.client.time();
    const until1s = Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000) + 1_000;
    await redis.client.zadd(leases, until1s, 'dead-1', until1s, 'dead-2', until1s, 'dead-3');
    expect(await rateLimit(one, 'bank-02', 'LOAN_APPROVAL')).toMatchObject({ underWay: 3 });
    await expectLimited(await batch(one, 'bank-02', 'LOAN_APPROVAL', firms(1)), 'TOO_MANY_AT_ONCE');
    await sleep(1_100);
    expect((await batch(one, 'bank-02', 'LOAN_APPROVAL', firms(1))).status).toBe(200);
    // A lease that was never ended goes by itself, and so does everything else.
    for (const key of await redis.client.keys('zone:*')) expect(await redis.client.pttl(key)).not.toBe(-1);
  });

  test('know a changed allowance at once', async () => {
    const account = ['bank-02', 'POST_LOAN_MONITORING'] as const;
    expect((await batch(one, ...account, firms(2))).body.extensions.cost).toMatchObject({ limit: 60, remaining: 50 });
    await zone.owner.query({ text: "update allowance set cost_per_minute = 20 where institution = 'bank-02' and purpose = 'POST_LOAN_MONITORING'" });
    await zone.owner.query({ text: "select raise_policy_epoch('bank-02')" });
    await one.ask('{ catalogue { version } }', { institution: 'bank-02' });
    expect(await rateLimit(one, ...account)).toMatchObject({ budget: 20, remaining: 20 });
    await expectLimited(await batch(one, ...account, firms(5)), 'BUDGET_SPENT');
  });
});

describe('Without Redis', () => {
  test('a process counts for itself', async () => {
    const account = ['bank-01', 'LOAN_APPROVAL'] as const;
    expect((await batch(alone, ...account, firms(6))).body.extensions.cost).toMatchObject({ requested: 30, limit: 60, remaining: 30 });
    const read = alone.recordStatements().length;
    const facts = await expectLimited(await batch(alone, ...account, firms(10)), 'BUDGET_SPENT');
    expect(facts).toMatchObject({ fits: { now: 6, later: 10 } });
    expect(alone.recordStatements()).toHaveLength(read);
    expect(await rateLimit(alone, ...account)).toMatchObject({ shared: false, enterprisesToday: 6, underWay: 0 });
  });
});

/** A Redis that was named is not ours to kill. */
(process.env.REDIS_URL ? describe.skip : describe)('While Redis is away', () => {
  const account = ['bank-01', 'PRE_LOAN_REVIEW'] as const;
  /** Asks one after another for a while; tells the slowest. */
  async function askFor(milliseconds: number): Promise<{ asked: number; slowest: number }> {
    const deadline = performance.now() + milliseconds;
    let [asked, slowest] = [0, 0];
    while (performance.now() < deadline) {
      const begun = performance.now();
      expect((await batch(one, ...account, firms(2, asked % 10))).status).toBe(200);
      slowest = Math.max(slowest, performance.now() - begun);
      asked++;
    }
    return { asked, slowest };
  }

  test('killed: nobody is refused, nobody waits, and counting together resumes', async () => {
    const asking = askFor(2_000);
    await sleep(500);
    await redis.kill();
    const { asked, slowest } = await asking;
    expect(asked).toBeGreaterThan(5);
    expect(slowest).toBeLessThan(1_500);
    expect((await rateLimit(one, ...account)).shared).toBe(false);
    // Limits hold all the same, process by process.
    await expectLimited(await batch(other, 'bank-01', 'POST_LOAN_MONITORING', firms(4)), 'TOO_MANY_ENTERPRISES_TODAY');
    await redis.start();
    await until(async () => (await rateLimit(one, ...account)).shared);
  });

  test('hanging: it is left alone after one wait', async () => {
    redis.pause();
    try {
      const { asked, slowest } = await askFor(1_500);
      expect(asked).toBeGreaterThan(5);
      expect(slowest).toBeLessThan(1_500);
    } finally {
      redis.resume();
    }
    await until(async () => (await rateLimit(one, ...account)).shared);
  });
});
