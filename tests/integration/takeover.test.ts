/** Processes that sequence one log: one at a time, another within five seconds when it is killed or frozen, none for ever. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { leafHash } from '../../src/audit/entry.js';
import { newRequestId } from '../../src/http/requestId.js';
import { addEntries, readNote, rootOf } from '../harness/evidence.js';
import { openTestZone, type TestZone } from '../harness/zone.js';

const MAIN = join(process.cwd(), 'dist', 'main.js');
const TAKEN_OVER_MS = 5_000;
let zone: TestZone;
const children: ChildProcess[] = [];
/** Entries keep coming as long as this is on. */
const load = { on: true, ended: Promise.resolve() };

beforeAll(async () => {
  zone = await openTestZone({ enterprises: 0 });
  // Who wrote each checkpoint: the session that did, and when.
  await zone.owner.query({ text: 'create table written_by (number bigint, size bigint, session integer, at timestamptz default clock_timestamp())' });
  await zone.owner.query({
    text: `create function tell_writer() returns trigger language plpgsql security definer set search_path = public, pg_temp as
      $$ begin insert into written_by (number, size, session) values (new.number, new.size, pg_backend_pid()); return new; end $$`,
  });
  await zone.owner.query({ text: 'create trigger tell_writer after insert on audit_checkpoint for each row execute function tell_writer()' });
  load.ended = (async () => {
    while (load.on) {
      await addEntries(zone, 7);
      await sleep(40);
    }
  })();
}, 180_000);
afterAll(async () => {
  load.on = false;
  await load.ended;
  for (const child of children) child.kill('SIGKILL');
  await zone?.close();
});

interface Written {
  readonly number: number;
  readonly size: number;
  readonly session: number;
  readonly at: Date;
}
const written = () => zone.owner.query<Written>({ text: 'select number, size, session, at from written_by order by number' });
/** The first checkpoint written by another session than `session` after a moment, once it is there. */
async function writtenByAnother(session: number | null): Promise<Written> {
  for (let tries = 0; tries < 1_500; tries++) {
    const last = (await written()).at(-1);
    if (last && last.session !== session) return last;
    await sleep(20);
  }
  throw new Error('nobody took over');
}
/** A process that offers to sequence, once it does. */
async function sequencing(): Promise<ChildProcess> {
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, ZONE_HOME: zone.config.zoneHome, LOG_LEVEL: 'silent' };
  const child = spawn(process.execPath, [MAIN, 'audit', 'sequence'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await new Promise((told, failed) => {
    child.stdout?.once('data', told);
    child.once('exit', (code) => failed(new Error(`ended with ${code}`)));
  });
  return child;
}
function ended(child: ChildProcess): Promise<[number | null, string | null]> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve([child.exitCode, child.signalCode]);
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve([code, signal])));
}

let first: ChildProcess;

test('one process signs at least every five seconds while entries keep coming', async () => {
  first = await sequencing();
  await writtenByAnother(null);
  await sleep(12_000);
  const all = await written();
  const gaps = all.slice(1).map(({ at }, position) => at.getTime() - (all[position] as Written).at.getTime());
  expect(all.length).toBeGreaterThanOrEqual(4);
  expect(Math.max(...gaps)).toBeLessThan(5_000);
  expect(new Set(all.map(({ session }) => session)).size).toBe(1);
}, 180_000);

test.each(['SIGKILL', 'SIGSTOP'] as const)(
  '%s: the other takes over within five seconds',
  async (signal) => {
    const second = await sequencing();
    // At any moment of a step, or between two.
    await sleep(1_500 + Math.random() * 1_000);
    const before = (await written()).at(-1) as Written;
    const struck = Date.now();
    first.kill(signal);
    const after = await writtenByAnother(before.session);
    expect(after.at.getTime() - struck).toBeLessThan(TAKEN_OVER_MS);
    if (signal === 'SIGSTOP') {
      // It comes to itself while another sequences, and must not write what it had in hand.
      first.kill('SIGCONT');
      await sleep(2_500);
      expect((await written()).at(-1)?.session).toBe(after.session);
      expect(first.exitCode).toBeNull();
      first.kill('SIGTERM');
      expect(await ended(first)).toEqual([0, null]);
    }
    first = second;
  },
  60_000,
);

test('two at once: one of them writes, and SIGTERM hands over to the other at once and ends in good order', async () => {
  const second = await sequencing();
  await sleep(3_000);
  const before = (await written()).at(-1) as Written;
  const told = Date.now();
  first.kill('SIGTERM');
  expect(await ended(first)).toEqual([0, null]);
  const after = await writtenByAnother(before.session);
  expect(after.at.getTime() - told).toBeLessThan(TAKEN_OVER_MS);
  first = second;
}, 180_000);

test('a process that is frozen while it adds an entry in a transaction does not hold sequencing up for ever', async () => {
  const governing = zone.database.open('zone_governance', { poolSize: 1, limitMs: 1_000 });
  const ids: string[] = [];
  const frozen = governing.transaction(async (client) => {
    const id = newRequestId();
    await client.query('select append_audit_within($1, now(), null, $2, $3)', [id, '{}', leafHash('{}')]);
    ids.push(id);
    await sleep(6_000);
    await client.query('select');
  });
  await expect(frozen).rejects.toMatchObject({ code: 'ZONE_UNAVAILABLE' });
  const lasted = (await written()).at(-1) as Written;
  expect(lasted.at.getTime()).toBeGreaterThan(Date.now() - 5_000);
  expect(await zone.owner.query({ text: 'select from audit_entry where id = $1', values: ids })).toEqual([]);
  expect(ids).toHaveLength(1);
}, 180_000);

test('whoever wrote, it is one log: no writer came between those of another, and every root is that of its leaves', async () => {
  load.on = false;
  await load.ended;
  const [{ count } = { count: 0 }] = await zone.owner.query<{ count: number }>({ text: 'select count(*) from audit_entry' });
  for (let tries = 0; (await written()).at(-1)?.size !== count; tries++) {
    if (tries === 500) throw new Error('what is committed is not integrated');
    await sleep(20);
  }
  first.kill('SIGTERM');
  expect(await ended(first)).toEqual([0, null]);
  const all = await written();
  const turns = all.filter(({ session }, position) => session !== all[position - 1]?.session).map(({ session }) => session);
  // The first, and one after each that was ended.
  expect(turns.length).toBeGreaterThanOrEqual(4);
  expect(new Set(turns).size).toBe(turns.length);
  const leaves = await zone.owner.query<{ hash: Buffer }>({ text: 'select leaf_hash as hash from audit_entry order by sequence' });
  const checkpoints = await zone.owner.query<{ size: number; note: string }>({ text: 'select size, note from audit_checkpoint order by number' });
  expect(checkpoints.map(({ size }) => size)).toEqual(checkpoints.map(({ size }) => size).sort((one, other) => one - other));
  // The newest, and every fifth before it.
  for (const { size, note } of checkpoints.toReversed().filter((_, position) => position % 5 === 0))
    expect(readNote(note, []).root.toString('hex')).toBe(rootOf(leaves.slice(0, size).map(({ hash }) => hash)).toString('hex'));
}, 180_000);
