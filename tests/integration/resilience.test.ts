/** What clients see while Redis or PostgreSQL is killed, paused or filled up: right answers or refusals, never a third thing. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { openTestRedis, type TestRedis } from '../harness/redis.js';
import { openWatchedGateway, type WatchedGateway } from '../harness/watched.js';
import { type Answered, firm, openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
let redis: TestRedis;
let gateway: WatchedGateway;
/** What each firm's answer is when everything works. */
const truth = new Map<string, string>();
const FIRMS = Array.from({ length: 8 }, (_, place) => firm([0, 1, 5, 11, 12, 13, 14, 15][place] as number));

beforeAll(async () => {
  [zone, redis] = await Promise.all([openTestZone({ enterprises: 20, statementLimitMs: 900 }), openTestRedis()]);
  gateway = await openWatchedGateway(zone, { redisUrl: redis.url });
  for (const uscc of FIRMS) {
    const { status, body } = await gateway.ask(queryFor(uscc));
    expect(status).toBe(200);
    truth.set(uscc, JSON.stringify(body.data));
  }
  expect(new Set(truth.values()).size).toBe(FIRMS.length);
}, 120_000);
afterAll(async () => {
  await gateway?.close();
  await redis?.close();
  await zone?.close();
});

const queryFor = (uscc: string) => `{ enterprise(uscc: "${uscc}", inquiry: { purpose: PRE_LOAN_REVIEW, caseNumber: "R-1" }) {
  uscc name registration { basic { establishmentDate registeredCapital contactPhone } } tax { valueAddedTaxReturns { taxableSales outputTax } } } }`;

interface Met {
  readonly uscc: string;
  readonly at: number;
  readonly milliseconds: number;
  readonly answer: Answered;
}

let stopped: Promise<unknown> = Promise.resolve();
let going = false;
afterEach(async () => {
  going = false;
  await stopped;
});

/** Callers that ask without pause until told to stop. */
function load(callers = 4): { stop(): Promise<Met[]> } {
  going = true;
  const met: Met[] = [];
  const running = Array.from({ length: callers }, async (_, caller) => {
    for (let turn = caller; going; turn++) {
      const uscc = FIRMS[turn % FIRMS.length] as string;
      const at = performance.now();
      const answer = await gateway.ask(queryFor(uscc));
      met.push({ uscc, at, milliseconds: performance.now() - at, answer });
    }
  });
  stopped = Promise.all(running);
  return {
    async stop() {
      going = false;
      await stopped;
      return met;
    },
  };
}
async function loadFor(milliseconds: number): Promise<Met[]> {
  const loading = load();
  await sleep(milliseconds);
  return loading.stop();
}

/**
 * A refusal takes less than two seconds where the thread is idle; limits count idle time only, and here gateway, callers and
 * other tests share two cores. That nobody hangs is tested; how long it takes is measured by tests/bench/failures.mjs.
 */
const IN_TIME_MS = 8_000;

/** Right, or a refusal that gives nothing away. */
function expectRightOrRefused(met: readonly Met[], codes: readonly string[]): void {
  for (const { uscc, answer, milliseconds } of met) {
    if (answer.status === 200) {
      expect(JSON.stringify(answer.body.data)).toBe(truth.get(uscc));
      expect(answer.body.extensions.receipt.leafHash).toMatch(/^[0-9a-f]{64}$/);
    } else {
      const code = answer.body.errors?.[0]?.extensions.code;
      expect([answer.status, 'data' in answer.body, codes.includes(String(code)) ? 'expected code' : code]).toEqual([503, false, 'expected code']);
      expect(answer.text.length).toBeLessThan(1_000);
      expect(answer.headers['retry-after']).toBe('1');
      expect(milliseconds).toBeLessThan(IN_TIME_MS);
    }
  }
}
const refusedIn = (met: readonly Met[]) => met.filter(({ answer }) => answer.status !== 200);
function percentile95(met: readonly Met[]): number {
  const sorted = met.map(({ milliseconds }) => milliseconds).sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length * 0.95)] as number;
}
const health = async () => {
  const response = await gateway.server.inject('/health');
  return response.json() as Record<string, string>;
};
async function until(what: string, holds: () => Promise<boolean>, limitMs = 15_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${what} did not come about`);
    await sleep(50);
  }
}

/** A Redis that was named is not ours to kill. */
(process.env.REDIS_URL ? describe.skip : describe)('Redis', () => {
  let deliveries: Promise<void>;
  let delivering = false;
  /** Categories change all the time, so that this process's own cache never has the answer and Redis is asked. */
  function beginDeliveries(): void {
    delivering = true;
    deliveries = (async () => {
      while (delivering) {
        await zone.owner.query({ text: 'update category set generation = generation + 1' });
        await sleep(200);
      }
    })();
  }
  afterEach(async () => {
    delivering = false;
    await deliveries;
  });

  test.each([
    ['killed', () => redis.kill(), () => redis.start()],
    ['paused, with connections that stay open', async () => redis.pause(), async () => redis.resume()],
  ])('%s: answers stay right, hardly slower, and it is used again when it is back', async (_, away, back) => {
    beginDeliveries();
    await until('Redis', async () => (await health()).redis === 'ok');
    const before = await loadFor(1_500);
    expectRightOrRefused(before, []);

    const loading = load();
    await sleep(300);
    await away();
    await sleep(1_000);
    expect(await health()).toMatchObject({ status: 'ok', postgres: 'ok', redis: 'slow' });
    await sleep(1_500);
    const during = await loading.stop();
    expectRightOrRefused(during, []);
    expect(refusedIn(during)).toEqual([]);
    expect(percentile95(during)).toBeLessThan(percentile95(before) + 150);

    await back();
    await until('Redis', async () => (await health()).redis === 'ok');
    const fromRedis = async () => {
      const { body } = await gateway.server.inject('/metrics');
      return [...body.matchAll(/^zone_(?:facts|texts)\{source="redis"\} (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
    };
    const used = await fromRedis();
    await until('something from Redis', async () => {
      // Another gateway has filled it; this one finds it there.
      const other = await openWatchedGateway(zone, { redisUrl: redis.url });
      try {
        await until('Redis', async () => (await other.server.inject('/health')).json().redis === 'ok');
        await other.ask(queryFor(FIRMS[0] as string));
        expectRightOrRefused(await loadFor(300), []);
        return (await fromRedis()) > used;
      } finally {
        await other.close();
      }
    });
  });
});

describe('PostgreSQL', () => {
  test('killed: refusals within two seconds and without data, answers again by itself, and no receipt is lost', async () => {
    const loading = load();
    await sleep(500);
    const killedAt = performance.now();
    process.kill(postmaster(), 'SIGKILL');
    await until('a refusal', async () => (await health()).status !== 'ok');
    expect((await health()).postgres).toBe('away');
    await until('an answer after it', async () => (await gateway.ask(queryFor(FIRMS[0] as string))).status === 200, 30_000);
    await sleep(500);
    const met = await loading.stop();

    expectRightOrRefused(met, ['ZONE_UNAVAILABLE', 'AUDIT_UNAVAILABLE']);
    expect(refusedIn(met).length).toBeGreaterThan(0);
    expect(met.filter(({ at, answer }) => at < killedAt && answer.status === 200).length).toBeGreaterThan(0);
    const last = Math.max(...refusedIn(met).map(({ at }) => at));
    expect(last - killedAt).toBeLessThan(15_000);
    expect(met.filter(({ at }) => at > last).length).toBeGreaterThan(0);
    expect(await health()).toMatchObject({ status: 'ok', postgres: 'ok' });

    const receipts = met.filter(({ answer }) => answer.status === 200).map(({ answer }) => answer.body.extensions.receipt);
    const kept = await zone.owner.query<{ id: string; hash: string }>({
      text: "select id, encode(leaf_hash, 'hex') as hash from audit_entry where id = any($1)",
      values: [receipts.map(({ id }) => id)],
    });
    const hashes = new Map(kept.map(({ id, hash }) => [id, hash]));
    expect(receipts.filter(({ id, leafHash }) => hashes.get(id) !== leafHash)).toEqual([]);
  }, 90_000);

  test('that hangs, with connections that stay open: refusals in time, and answers when it goes on', async () => {
    const loading = load(12);
    await sleep(300);
    const frozen = processesOf(postmaster());
    for (const pid of frozen) process.kill(pid, 'SIGSTOP');
    try {
      await sleep(5_000);
    } finally {
      for (const pid of frozen) process.kill(pid, 'SIGCONT');
    }
    const resumedAt = performance.now();
    await until('an answer after it', async () => (await gateway.ask(queryFor(FIRMS[0] as string))).status === 200);
    expect(performance.now() - resumedAt).toBeLessThan(5_000);
    await sleep(500);
    const met = await loading.stop();
    expectRightOrRefused(met, ['ZONE_UNAVAILABLE', 'AUDIT_UNAVAILABLE', 'OVERLOADED']);
    expect(refusedIn(met).length).toBeGreaterThan(0);
    expect(met.at(-1)?.answer.status).toBe(200);
  }, 60_000);

  test.each([
    ['record', 'ZONE_UNAVAILABLE'],
    ['institution', 'ZONE_UNAVAILABLE'],
    ['audit_entry', 'AUDIT_UNAVAILABLE'],
  ])('with the table %s locked by somebody: a refusal in time, not a failure', async (table, code) => {
    // A gateway without caches, whose statements all have to run.
    const fresh = await openWatchedGateway(zone);
    try {
      await zone.owner.transaction(async (client) => {
        await client.query(`lock table ${table} in access exclusive mode`);
        const began = performance.now();
        const { status, body } = await fresh.ask(queryFor(FIRMS[0] as string));
        expect([status, body.data, body.errors?.[0]?.extensions.code]).toEqual([503, undefined, code]);
        expect(performance.now() - began).toBeLessThan(IN_TIME_MS);
      });
      await until('an answer', async () => (await fresh.ask(queryFor(FIRMS[0] as string))).status === 200, 2_000);
    } finally {
      await fresh.close();
    }
  });
});

describe('an audit log that cannot be written', () => {
  const DISK_FULL = `create function no_room() returns trigger language plpgsql as
    $$ begin raise exception 'could not extend file: No space left on device' using errcode = 'disk_full'; end $$;
    create trigger no_room before insert on audit_entry for each statement execute function no_room()`;

  test.each([
    ['because its disk is full', DISK_FULL, 'drop trigger no_room on audit_entry; drop function no_room'],
    [
      'because the right to append is gone',
      'revoke execute on function append_audit from zone_gateway',
      'grant execute on function append_audit to zone_gateway',
    ],
    ['because it accepts no row', 'alter table audit_entry add constraint never check (false) not valid', 'alter table audit_entry drop constraint never'],
    ['because the table is gone', 'alter table audit_entry rename to mislaid', 'alter table mislaid rename to audit_entry'],
  ])('%s: nothing is given, whatever is asked, and health tells', async (_, spoil, mend) => {
    const loading = load();
    await sleep(200);
    for (const statement of statementsIn(spoil)) await zone.owner.query({ text: statement });
    const spoiltAt = performance.now();
    try {
      await sleep(600);
      const asked = [
        await gateway.ask('{ catalogue { version } }'),
        await gateway.ask('{ nothingOfThisName }'),
        await gateway.ask(queryFor(FIRMS[0] as string), { institution: 'bank-09' }),
        await gateway.ask(queryFor(FIRMS[0] as string), { headers: { authorization: 'Bearer a.b.c' } }),
      ];
      for (const { status, body } of asked) {
        expect([status, body.data, body.errors?.map(({ extensions }) => extensions.code)]).toEqual([503, undefined, ['AUDIT_UNAVAILABLE']]);
        expect(body.extensions?.receipt).toBeUndefined();
      }
      expect(await health()).toMatchObject({ audit: 'away' });
      expect((await gateway.server.inject('/health')).statusCode).toBe(503);
    } finally {
      for (const statement of statementsIn(mend)) await zone.owner.query({ text: statement });
    }
    const mendedAt = performance.now();
    await sleep(500);
    const met = await loading.stop();
    expectRightOrRefused(met, ['AUDIT_UNAVAILABLE']);
    const whileSpoilt = met.filter(({ at, milliseconds }) => at > spoiltAt && at + milliseconds < mendedAt);
    expect(whileSpoilt.length).toBeGreaterThan(3);
    expect(whileSpoilt.filter(({ answer }) => answer.status === 200)).toEqual([]);
    expect(met.at(-1)?.answer.status).toBe(200);
    expect(await health()).toMatchObject({ status: 'ok', audit: 'ok' });
  });

  /** The driver takes one statement at a time; bodies of functions are between dollars. */
  const statementsIn = (text: string) => text.split(/;(?=(?:[^$]*\$\$[^$]*\$\$)*[^$]*$)/).filter((statement) => statement.trim() !== '');
});

test('a gateway that starts while the database is away refuses, and answers when it is there', async () => {
  const killed = postmaster();
  process.kill(killed, 'SIGKILL');
  const late = await openWatchedGateway(zone);
  try {
    const first = await late.ask(queryFor(FIRMS[0] as string));
    expect([200, 503]).toContain(first.status);
    await until('an answer', async () => (await late.ask(queryFor(FIRMS[0] as string))).status === 200, 30_000);
    expect(postmaster()).not.toBe(killed);
  } finally {
    await late.close();
  }
}, 60_000);

/* ---- the processes of the embedded server ---- */

function postmaster(): number {
  const elsewhere = join(zone.config.zoneHome, 'postgres.is-elsewhere');
  const data = existsSync(elsewhere) ? readFileSync(elsewhere, 'utf8').trim() : join(zone.config.zoneHome, 'postgres');
  return Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
}

function processesOf(parent: number): number[] {
  const children = readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8'))?.[1]) === parent;
    } catch {
      return false;
    }
  });
  return [parent, ...children.map(Number)];
}
