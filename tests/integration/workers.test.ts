/** Several processes on one port: they answer together, count together, come back one by one and end in order. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { freePort } from '../../src/embedded.js';
import type { SandboxIssuer } from '../../src/issuer/sandboxIssuer.js';
import { openIssuer } from '../../src/zone/issuing.js';
import { openTestRedis, type TestRedis } from '../harness/redis.js';
import { firm, openTestZone, type TestZone } from '../harness/zone.js';

const MAIN = join(process.cwd(), 'dist', 'main.js');
let [zone, redis, issuer]: [TestZone, TestRedis, SandboxIssuer] = [] as never;
let port: number;
let serving: ChildProcess;
let told = '';
beforeAll(async () => {
  [zone, redis] = await Promise.all([openTestZone({ enterprises: 12 }), openTestRedis()]);
  await zone.owner.query({ text: "insert into allowance select 'bank-01', 'PRE_LOAN_REVIEW', max(version), 1000, 4, 64 from policy_version" });
  issuer = await openIssuer(zone.config);
  port = await freePort();
  serving = begin(port, redis.url);
  serving.stderr?.setEncoding('utf8').on('data', (text: string) => (told += text));
  await new Promise((ready, failed) => {
    serving.stdout?.once('data', ready);
    serving.once('exit', (code) => failed(new Error(`ended with ${code}: ${told}`)));
  });
}, 120_000);
afterAll(async () => {
  serving?.kill('SIGKILL');
  await zone?.close();
  await redis?.close();
});

function begin(on: number, redisUrl: string): ChildProcess {
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, ZONE_HOME: zone.config.zoneHome, LOG_LEVEL: 'error', PORT: String(on), REDIS_URL: redisUrl, DATABASE_LIMIT_MS: '20000' };
  return spawn(process.execPath, [MAIN, 'serve', '--workers', '2'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
}
interface Got {
  readonly status: number;
  readonly text: string;
}
/** A connection of its own, unless one is given: connections are handed out in turn. */
function send(path: string, body: string | null = null, headers: Record<string, string> = {}, agent?: Agent): Promise<Got> {
  return new Promise((resolve, reject) => {
    const method = body === null ? 'GET' : 'POST';
    const sending = request({ host: '127.0.0.1', port, path, method, headers, agent: agent ?? false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
    sending.on('error', reject);
    sending.end(body ?? undefined);
  });
}
async function ask(query: string, institution = 'bank-01', agent?: Agent): Promise<Got> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${await issuer.tokenFor(institution)}` };
  return send('/graphql', JSON.stringify({ query }), headers, agent);
}
const connects = () =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
const health = async () => JSON.parse((await send('/health')).text) as Record<string, string>;
async function soon<T>(look: () => Promise<T | false | undefined | null>): Promise<T> {
  for (let tries = 0; tries < 600; tries++) {
    const found = await look().catch(() => null);
    if (found) return found;
    await sleep(50);
  }
  throw new Error('it does not come');
}
/** Values of a metric by their labels. */
async function metric(name: string): Promise<Map<string, number>> {
  const { text } = await send('/metrics');
  return new Map([...text.matchAll(new RegExp(`^${name}(?:\\{(.*)\\})? (\\S+)$`, 'gm'))].map(([, labels = '', value]) => [labels, Number(value)]));
}
const childrenOf = ({ pid }: ChildProcess) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
const workers = () =>
  childrenOf(serving).flatMap((pid) => {
    const number = /\0worker\0(\d+)\0/.exec(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))?.[1];
    return number ? [{ pid, number: Number(number) }] : [];
  });
const sequencing = () => childrenOf(serving).filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('\0sequence\0'));
const read = (index: number) =>
  `{ enterprise(uscc: "${firm(index)}", inquiry: { purpose: PRE_LOAN_REVIEW, caseNumber: "W" }) { uscc registration { basic { enterpriseName } } } }`;
const CATALOGUE = '{ catalogue { version } }';

test('both answer, and what is told of the gateway is told of both', async () => {
  for (let times = 0; times < 8; times++) expect((await ask(CATALOGUE)).status).toBe(200);
  expect(await health()).toMatchObject({ status: 'ok', workers: '2/2', redis: 'ok' });
  const answered = await metric('zone_request_seconds_count');
  expect(answered).toEqual(
    new Map([
      ['code="ok",worker="1"', 4],
      ['code="ok",worker="2"', 4],
    ]),
  );
  // What is of the zone is told once.
  expect([...(await metric('zone_audit_lag')).keys()]).toEqual(['']);
  expect([workers().map(({ number }) => number), sequencing().length]).toEqual([[1, 2], 1]);
});

test('an allowance that both take from is one', async () => {
  const before = await metric('zone_records_looked_up_total');
  const codes: string[] = [];
  for (let index = 0; index < 8; index++) {
    const { text } = await ask(read(index));
    codes.push(
      JSON.parse(text).errors?.find(({ extensions }: { extensions: { code: string } }) => extensions.code !== 'ITEM_DENIED')?.extensions.code ?? 'answered',
    );
  }
  expect(codes).toEqual([...Array.from({ length: 4 }, () => 'answered'), ...Array.from({ length: 4 }, () => 'TOO_MANY_ENTERPRISES_TODAY')]);
  const taken = [...(await metric('zone_records_looked_up_total'))].map(([labels, count]) => count - (before.get(labels) ?? 0));
  expect(taken).toEqual([2, 2]);
});

test('one that is killed comes back under its number while the other answers', async () => {
  const [first, second] = workers() as [{ pid: number; number: number }, { pid: number }];
  const counted = async () => (await metric('zone_request_seconds_count')).get('code="ok",worker="2"') ?? 0;
  const before = await counted();
  process.kill(first.pid, 'SIGKILL');
  // Who is just being let in is not left waiting: answered by the other, or told that the connection is gone.
  const met = await Promise.all(
    Array.from({ length: 6 }, () =>
      send('/health/live').then(
        ({ status }) => status,
        () => 'gone',
      ),
    ),
  );
  expect(met.every((one) => one === 200 || one === 'gone')).toBe(true);
  await soon(async () => (await health()).workers === '1/2');
  for (let times = 0; times < 4; times++) expect((await ask(CATALOGUE)).status).toBe(200);
  // The other's counters go on from where they were.
  expect(await counted()).toBe(before + 4);
  await soon(async () => (await health()).workers === '2/2');
  expect(
    workers()
      .map(({ number }) => number)
      .sort(),
  ).toEqual([1, 2]);
  expect(workers().map(({ pid }) => pid)).toContain(second.pid);
  expect(workers().map(({ pid }) => pid)).not.toContain(first.pid);
  expect(JSON.parse(told.trim().split('\n').at(-1) ?? '')).toMatchObject({ worker: 1, signal: 'SIGKILL' });
  expect(sequencing()).toHaveLength(1);
});

test('a second gateway on the same port says so and leaves these alone', async () => {
  const other = begin(port, redis.url);
  let words = '';
  other.stderr?.setEncoding('utf8').on('data', (text: string) => (words += text));
  expect(await new Promise((resolve) => other.once('close', resolve))).toBe(1);
  expect(words).toMatch(new RegExp(`^CONFIG_FAULTY: .*PORT ${port}`));
  expect(await health()).toMatchObject({ workers: '2/2' });
}, 60_000);

test('a signal to all of them lets both answer what they have begun, sequences the last of it, and leaves nobody behind', async () => {
  const pids = [...workers().map(({ pid }) => pid), ...sequencing()];
  const before = await metric('zone_request_seconds_count');
  expect(before.size).toBeGreaterThan(0);
  const owner = new pg.Client({ connectionString: zone.database.ownerUrl });
  owner.on('error', () => undefined);
  await owner.connect();
  await owner.query('begin');
  await owner.query('lock table audit_entry in exclusive mode');
  // Each on a connection of its own, so both have their part; and kept open, as those of banks are.
  const agents = Array.from({ length: 6 }, () => new Agent({ keepAlive: true }));
  const answering = agents.map((agent) => ask(CATALOGUE, 'bank-02', agent));
  await sleep(500);
  const gone = new Promise((resolve) => serving.once('exit', resolve));
  for (const pid of [...pids, serving.pid as number]) process.kill(pid, 'SIGTERM');
  // No new connection, while those under way go on.
  await soon(async () => !(await connects()));
  await owner.query('commit');
  await owner.end();
  const answers = await Promise.all(answering);
  expect(answers.map(({ status, text }) => [status, typeof JSON.parse(text).extensions.receipt.id])).toEqual(agents.map(() => [200, 'string']));
  expect(await gone).toBe(0);
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow();
  const [row] = await zone.owner.query<{ behind: number }>({
    text: 'select (select count(*) from audit_entry) - (select size from audit_checkpoint order by number desc limit 1) as behind',
  });
  expect(row?.behind).toBe(0);
}, 60_000);
