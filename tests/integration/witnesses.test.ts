/** Witnesses of checkpoints: what they keep, what they refuse, and that nobody waits for them. */
import { appendFileSync, closeSync, existsSync, fstatSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { openFileWitness } from '../../src/audit/fileWitness.js';
import { treeIn } from '../../src/audit/note.js';
import { openProofs } from '../../src/audit/proofs.js';
import { openSequencer, type Sequencer } from '../../src/audit/sequencer.js';
import { openSigner } from '../../src/audit/signer.js';
import { thinWitness } from '../../src/audit/thinWitness.js';
import { openWitnesses, type Witnesses } from '../../src/audit/witnesses.js';
import type { Config } from '../../src/config.js';
import type { Postgres } from '../../src/postgres.js';
import { openEvidence } from '../../src/zone/evidence.js';
import { addEntries } from '../harness/evidence.js';
import { openTestZone, type TestGateway, type TestZone } from '../harness/zone.js';

let zone: TestZone;
let gateway: TestGateway;
let postgres: Postgres;
beforeAll(async () => {
  zone = await openTestZone({ enterprises: 0 });
  gateway = await zone.openGateway();
  postgres = zone.database.open('zone_sequencer');
}, 60_000);
afterAll(() => zone?.close());

let place = 0;
let file = '';
let failures: string[] = [];
const opened: Witnesses[] = [];
beforeEach(async () => {
  file = join(zone.config.zoneHome, `witness-${place++}`, 'witness.jsonl');
  failures = [];
  await zone.owner.query({ text: 'delete from audit_witness' });
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

/** Signs so many checkpoints, each over some entries more. */
async function signed(count: number, { now = () => new Date() }: { now?: () => Date } = {}): Promise<string[]> {
  const signer = openSigner({ file: zone.config.auditKeyFile, origin: zone.config.auditOrigin });
  const sequencer = openSequencer({ postgres, signer, integrations: [], now });
  const notes: string[] = [];
  for (let one = 0; one < count; one++) {
    await addEntries(zone, 5);
    notes.push((await sequencer.step())?.note as string);
  }
  return notes;
}
function witnessing(changes: { file?: string | null; url?: string | null } = {}): Witnesses {
  const failed = (witness: string, error: unknown) => failures.push(`${witness}: ${(error as Error).message}`);
  const one = openWitnesses({ file, url: null, postgres, failed, pauseMs: 30, ...changes });
  opened.push(one);
  return one;
}
const held = (from = file) =>
  readFileSync(from, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as { note: string }).note);
async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries++) {
    if (tries === 400) throw new Error(`waited in vain for ${what}`);
    await sleep(20);
  }
}
const stateOf = async (name: string) =>
  (await zone.owner.query<{ state: string; problem: string | null }>({ text: 'select state, problem from audit_witness where name = $1', values: [name] }))[0];

describe('a file', () => {
  test('keeps of days long gone the newest of each hour, and loses nothing that comes in meanwhile', async () => {
    mkdirSync(dirname(file), { recursive: true });
    const end = Date.parse('2026-11-22T10:00:00.000Z');
    const lines = Array.from({ length: 4_000 }, (_, at) => {
      const time = new Date(end - (3_999 - at) * 60_000);
      return { time, line: JSON.stringify({ note: `zone.example/audit\n${at}\n${'A'.repeat(43)}=\ntime ${time.toISOString()}\n` }) };
    });
    writeFileSync(file, lines.map(({ line }) => `${line}\n`).join(''));
    const late = JSON.stringify({ note: 'late' });
    const writer = openSync(file, 'a');
    const thinning = thinWitness(file);
    // Its length was taken by now, and it is read for a while.
    await until('the draft', () => existsSync(`${file}.thinner`) && statSync(`${file}.thinner`).size > 0);
    writeSync(writer, `${late}\n`);
    const replaced = statSync(file).ino !== fstatSync(writer).ino;
    await thinning;
    closeSync(writer);
    const held = readFileSync(file, 'utf8').trimEnd().split('\n');
    if (!replaced) expect(held.at(-1)).toBe(late);
    const newestOfHour = new Map(lines.map(({ time }, at) => [Math.floor(time.getTime() / 3_600_000), at]));
    const expected = lines.filter(({ time }, at) => time.getTime() >= end - 86_400_000 || newestOfHour.get(Math.floor(time.getTime() / 3_600_000)) === at);
    expect(held.filter((line) => line !== late)).toEqual(expected.map(({ line }) => line));
    expect(expected.length).toBeLessThan(1_600);
    expect(existsSync(`${file}.thinner`)).toBe(false);
  });

  test('is made thinner once it is long, while it goes on', async () => {
    const proofs = openProofs({ postgres });
    const day = 86_400_000;
    let now = Date.now() - 3 * day;
    const notes = await signed(6, { now: () => new Date((now += 60_000)) });
    const kept = async () => (await proofs.latest()) as NonNullable<Awaited<ReturnType<typeof proofs.latest>>>;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, notes.map((note) => `${JSON.stringify({ note })}\n`).join(''));
    await signed(1);
    const newest = await kept();
    await openFileWitness({ file, proofs, longBytes: 100 }).take(newest);
    expect(held().at(-1)).toBe(newest.note);
    expect(held().length).toBeLessThan(notes.length);
  });

  test('holds every checkpoint that was told, one a line, and the same one once', async () => {
    const witnesses = witnessing();
    const told: string[] = [];
    for (let one = 0; one < 4; one++) {
      told.push(...(await signed(1)));
      witnesses.wake();
      await until('the line', () => told.length === (one === 0 ? safely(held).length : held().length));
    }
    witnesses.wake();
    await witnesses.close();
    expect(held()).toEqual(told);
    expect(failures).toEqual([]);
  });

  test('takes the newest only, when it was away, and others write to it too', async () => {
    await signed(1);
    witnessing().wake();
    await until('the first', () => safely(held).length === 1);
    const [, , newest] = await signed(3);
    const others = [witnessing(), witnessing(), witnessing()];
    for (const one of others) one.wake();
    await until('the newest', () => held().at(-1) === newest);
    for (const one of others) await one.close();
    expect(treeIn(held().at(-1) as string)?.size).toBe(treeIn(newest as string)?.size);
    expect(failures).toEqual([]);
  });

  test('loses a line that was cut short, and nothing else', async () => {
    const [first] = await signed(1);
    const one = witnessing();
    one.wake();
    await one.close();
    appendFileSync(file, '{"note":"zone.example/audit\\n9');
    const [second] = await signed(1);
    const other = witnessing();
    other.wake();
    await other.close();
    expect(held()).toEqual([first, second]);
  });

  test.each([
    ['was cut', 'holds a checkpoint of \\d+ entries, and this one has'],
    ['was rewritten and grew beyond', 'does not begin this one'],
    ['was rewritten and is as long', 'does not begin this one'],
    ['lost its tiles', 'nothing proves'],
  ])('refuses a log that %s, and says so loudly', async (how, told) => {
    await signed(2);
    const before = await zone.owner.query({ text: 'select number from audit_checkpoint order by number desc limit 3' });
    const one = witnessing();
    one.wake();
    await one.close();
    const kept = held();
    const [last] = await zone.owner.query<{ number: number; size: number; sequence: number }>({
      text: 'select number, size, last_sequence as sequence from audit_checkpoint order by number desc limit 1',
    });
    expect(before).toHaveLength(3);
    await zone.owner.query({ text: 'create table saved_tile as table audit_tile' });
    await zone.owner.query({ text: 'create table saved_block as table audit_block' });
    await zone.owner.query({ text: 'create table saved_checkpoint as table audit_checkpoint' });
    try {
      if (how === 'was cut') await zone.owner.query({ text: 'delete from audit_checkpoint where number = $1', values: [last?.number] });
      else if (how === 'lost its tiles') {
        await signed(1);
        await zone.owner.query({ text: 'update audit_tile set hashes = substr(hashes, 1, 32) where level = 0 and tile = 0' });
      } else {
        // Another leaf, and everything signed again over it, as whoever owns the database and the key could.
        await zone.owner.query({ text: "update audit_tile set hashes = overlay(hashes placing '\\x00' from 1) where level = 0 and tile = 0" });
        if (how.endsWith('beyond')) await signed(1);
        else {
          await zone.owner.query({ text: "update audit_checkpoint set time = time - interval '1 hour' where number = $1", values: [last?.number] });
          const signer = openSigner({ file: zone.config.auditKeyFile, origin: zone.config.auditOrigin });
          expect(await openSequencer({ postgres, signer, integrations: [], now: () => new Date() }).step()).toMatchObject({ size: last?.size });
        }
      }
      const other = witnessing();
      other.wake();
      await until('a refusal', async () => (await stateOf('file'))?.state === 'REFUSED');
      expect((await stateOf('file'))?.problem).toMatch(new RegExp(told));
      expect(failures).toEqual([expect.stringMatching(new RegExp(`^file: .*${told}`))]);
      expect(held()).toEqual(kept);
      await until('health', async () => (await gateway.server.inject('/health')).json().witnesses === 'refusing');
      const { statusCode } = await gateway.server.inject('/health');
      expect(statusCode).toBe(200);
      expect((await gateway.server.inject('/metrics')).body).toMatch(/^zone_audit_witness\{witness="file",state="refused"\} 1$/m);
      // Nobody waits for it; only where the tree itself is broken, nothing can be added to it.
      if (how === 'lost its tiles') await expect(signed(1)).rejects.toThrow('tile 0/0 of the audit log is short');
      else expect(await signed(1)).toEqual([expect.stringContaining('zone.example/audit')]);
    } finally {
      for (const name of ['tile', 'block', 'checkpoint']) {
        await zone.owner.query({ text: `delete from audit_${name}` });
        await zone.owner.query({ text: `insert into audit_${name} ${name === 'checkpoint' ? 'overriding system value ' : ''}select * from saved_${name}` });
        await zone.owner.query({ text: `drop table saved_${name}` });
      }
    }
  });

  test('of which the last line is no checkpoint is not begun anew', async () => {
    await signed(1);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, 'something else\n');
    witnessing().wake();
    await until('a refusal', async () => (await stateOf('file'))?.state === 'REFUSED');
    expect(readFileSync(file, 'utf8')).toBe('something else\n');
  });
});

describe('an address', () => {
  let server: Server;
  let url = '';
  const bodies: string[] = [];
  let status = 200;
  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += chunk));
      request.on('end', () => {
        if (status === 200) bodies.push(`${request.method} ${request.headers['content-type']} ${body}`);
        // A witness that never answers.
        if (status !== 0) response.writeHead(status).end();
      });
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    url = `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  test('is sent each note as it was signed; after it was away, the newest', async () => {
    const witnesses = witnessing({ file: null, url });
    const [first] = await signed(1);
    witnesses.wake();
    await until('the note', () => bodies.length === 1);
    expect(bodies[0]).toBe(`POST text/plain; charset=utf-8 ${first}`);
    status = 503;
    const [second] = await signed(1);
    witnesses.wake();
    await until('the state', async () => (await stateOf('url'))?.state === 'AWAY');
    await until('health', async () => (await gateway.server.inject('/health')).json().witnesses === 'behind');
    const [, newest] = await signed(2);
    status = 200;
    await until('the newest', () => bodies.length === 2);
    expect(bodies[1]).toContain(newest);
    expect(bodies.join()).not.toContain(second);
    await until('the state', async () => (await stateOf('url'))?.state === 'WELL');
    expect(failures).toEqual(['url: it answers 503']);
  });

  test('that says it holds something else is told as refusing', async () => {
    status = 409;
    await signed(1);
    witnessing({ file: null, url }).wake();
    await until('the state', async () => (await stateOf('url'))?.state === 'REFUSED');
    status = 200;
  });

  test('that never answers keeps no checkpoint waiting', async () => {
    status = 0;
    const config: Config = { ...zone.config, auditWitnessFile: file, auditWitnessUrl: url };
    const sequencer: Sequencer = openEvidence(config, zone.database, pino({ level: 'silent' }));
    const began = performance.now();
    for (let one = 0; one < 3; one++) {
      await addEntries(zone, 2);
      expect(await sequencer.step()).not.toBeNull();
    }
    expect(performance.now() - began).toBeLessThan(4_000);
    const { note } = (await openProofs({ postgres }).latest()) ?? {};
    await until('the other witness', () => safely(held).at(-1) === note);
    await sequencer.close();
    status = 200;
  });

  test('nor a file, where both are switched off, is told of anything', async () => {
    const count = bodies.length;
    const sequencer = openEvidence({ ...zone.config, auditWitnessFile: null, auditWitnessUrl: null }, zone.database, pino({ level: 'silent' }));
    await addEntries(zone, 1);
    await sequencer.step();
    await sequencer.close();
    expect(bodies.length).toBe(count);
    await until('health', async () => (await gateway.server.inject('/health')).json().witnesses === 'none');
  });
});

test('metrics tell how many entries are integrated, how old the checkpoint is, and what waits', async () => {
  await signed(1);
  await addEntries(zone, 7);
  await sleep(1_100);
  const { body } = await gateway.server.inject('/metrics');
  const figure = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(body)?.[1]);
  expect(figure('zone_audit_integrated')).toBe((await openProofs({ postgres }).latest())?.size);
  expect(figure('zone_audit_lag')).toBe(7);
  expect(figure('zone_audit_checkpoint_age_seconds')).toBeGreaterThan(0.9);
  expect(figure('zone_audit_checkpoint_age_seconds')).toBeLessThan(30);
  expect((await gateway.server.inject('/health')).json()).toMatchObject({ status: 'ok', sequencing: 'ok' });
  // A checkpoint that is old while entries wait.
  await zone.owner.query({ text: "update audit_checkpoint set time = time - interval '1 minute'" });
  await until('health', async () => (await gateway.server.inject('/health')).json().sequencing === 'late');
});

/** What a file holds that may not be there yet. */
function safely(read: () => string[]): string[] {
  try {
    return read();
  } catch {
    return [];
  }
}
