/** The process that sequences beside a gateway: it comes back when it dies, goes when its gateway does, and not before the last answer is in the tree. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { freePort } from '../../src/embedded.js';
import { addEntries } from '../harness/evidence.js';
import { openTestZone, type TestZone } from '../harness/zone.js';

const MAIN = join(process.cwd(), 'dist', 'main.js');
let zone: TestZone;
let serving: ChildProcess;
beforeAll(async () => {
  zone = await openTestZone({ enterprises: 0 });
  serving = await serve();
}, 120_000);
afterAll(async () => {
  serving?.kill('SIGKILL');
  await zone?.close();
});

async function serve(): Promise<ChildProcess> {
  const { PATH = '', HOME = '' } = process.env;
  const port = await freePort();
  const env = { PATH, HOME, ZONE_HOME: zone.config.zoneHome, LOG_LEVEL: 'silent', PORT: String(port) };
  const child = spawn(process.execPath, [MAIN, 'serve'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((told, failed) => {
    child.stdout?.once('data', told);
    child.once('exit', (code) => failed(new Error(`ended with ${code}`)));
  });
  return child;
}
/** Processes that sequence for a gateway. */
function besides({ pid }: ChildProcess): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  return children.filter((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('sequence'));
}
const isAlive = (pid: number) => {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};
async function soon<T>(look: () => Promise<T | false | undefined> | T | false | undefined): Promise<T> {
  for (let tries = 0; tries < 600; tries++) {
    const found = await look();
    if (found) return found;
    await sleep(50);
  }
  throw new Error('it does not come');
}
const behind = async () => {
  const [row] = await zone.owner.query<{ entries: number; size: number }>({
    text: 'select (select count(*) from audit_entry) as entries, coalesce((select size from audit_checkpoint order by number desc limit 1), 0) as size',
  });
  return (row?.entries ?? 0) - (row?.size ?? 0);
};
const ended = (child: ChildProcess) => new Promise((resolve) => child.once('exit', (code) => resolve(code)));

test('it sequences, and another comes when it is killed', async () => {
  await addEntries(zone, 5);
  await soon(async () => (await behind()) === 0);
  const [first, ...others] = besides(serving);
  expect(others).toEqual([]);
  process.kill(first as number, 'SIGKILL');
  const second = await soon(() => besides(serving).find((pid) => pid !== first));
  await addEntries(zone, 5);
  await soon(async () => (await behind()) === 0);
  expect([isAlive(first as number), isAlive(second), serving.exitCode]).toEqual([false, true, null]);
}, 60_000);

test('a signal to all of them ends it after the gateway and a last step', async () => {
  const [beside] = besides(serving) as [number];
  await addEntries(zone, 50);
  process.kill(beside, 'SIGTERM');
  const gone = ended(serving);
  serving.kill('SIGTERM');
  expect(await gone).toBe(0);
  expect(isAlive(beside)).toBe(false);
  expect(await behind()).toBe(0);
}, 60_000);

test('it does not outlive a gateway that is killed', async () => {
  serving = await serve();
  const [beside] = besides(serving) as [number];
  serving.kill('SIGKILL');
  await soon(() => !isAlive(beside));
}, 60_000);
