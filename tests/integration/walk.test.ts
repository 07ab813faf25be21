/** The auditor's walk, as a person runs it: against a gateway on a socket, with what sequences and watches beside it. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { openCanaries } from '../../src/alerts/canaries.js';
import type { Watch } from '../../src/alerts/watch.js';
import { leafHash } from '../../src/audit/entry.js';
import type { Sequencer } from '../../src/audit/sequencer.js';
import { whileTampered } from '../../src/commands/tampering.js';
import { newRequestId } from '../../src/http/requestId.js';
import { readUscc } from '../../src/terms.js';
import { openEvidence, openWatch } from '../../src/zone/evidence.js';
import { readNote, rootByInclusion } from '../harness/evidence.js';
import { firm, openTestZone, type TestGateway, type TestZone } from '../harness/zone.js';

// Every command is a process of its own, and starts slowly on a busy machine.
jest.setTimeout(300_000);
const MAIN = join(process.cwd(), 'dist', 'main.js');
const CANARY = firm(55);
let zone: TestZone;
let gateway: TestGateway;
let address: string;
let sequencer: Sequencer;
let watch: Watch;
beforeAll(async () => {
  zone = await openTestZone();
  gateway = await zone.openGateway();
  address = await gateway.listen();
  sequencer = openEvidence(zone.config, zone.database);
  watch = openWatch(zone.config, zone.database);
  sequencer.start();
  watch.start();
}, 60_000);
afterAll(async () => {
  await watch?.close();
  await sequencer?.close();
  await zone?.close();
});

async function walk(args: readonly string[], env: Record<string, string> = {}): Promise<{ code: number | null; out: string; err: string }> {
  const { PATH = '', HOME = '' } = process.env;
  const { zoneHome } = zone.config;
  const child = spawn(process.execPath, [MAIN, 'audit', 'walk', ...args], {
    cwd: zoneHome,
    env: { PATH, HOME, ZONE_HOME: zoneHome, LOG_LEVEL: 'silent', ...env },
  });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (err += chunk));
  return { code: await new Promise((resolve) => child.once('close', resolve)), out, err };
}

async function entryText(id: string): Promise<string | undefined> {
  return (await zone.owner.query<{ entry: string }>({ text: 'select entry from audit_entry where id = $1', values: [id] }))[0]?.entry;
}

test('is refused in production, without a canary, and without a gateway', async () => {
  const production = { ZONE_ENV: 'production', DATABASE_URL: 'postgres://u@127.0.0.1:1/zone', TOKEN_JWKS_FILE: '/nowhere' };
  const inProduction = await walk(['--url', address, '--tamper'], production);
  expect([inProduction.code, inProduction.err.split(':')[0]]).toEqual([1, 'CONFIG_FAULTY']);
  const noCanary = await walk(['--url', address]);
  expect([noCanary.code, noCanary.err]).toEqual([1, expect.stringMatching(/^BAD_USER_INPUT: .*audit canary add/)]);
  const reading = readUscc(CANARY);
  expect(await openCanaries({ postgres: zone.owner }).add({ uscc: reading.ok ? reading.uscc : (undefined as never), reason: 'planted' })).toBe(true);
  const nobody = await walk(['--url', 'http://127.0.0.1:1']);
  expect([nobody.code, nobody.err.split(':')[0]]).toEqual([1, 'ZONE_UNAVAILABLE']);
  expect(await zone.owner.query({ text: 'select from alert' })).toEqual([]);
});

test('leads from an alert to what others can verify, finds a changed byte, and leaves the log as it was', async () => {
  const folder = join(zone.config.zoneHome, 'walked');
  const { code, out, err } = await walk(['--url', address, '--folder', folder, '--tamper']);
  expect([code, err]).toEqual([0, '']);
  expect([...out.matchAll(/^\[(\d+)\] .+ \/ .+$/gm)].map(([, number]) => Number(number))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
  expect([...out.matchAll(/回执 receipt [0-9a-f-]{36}/g)].length).toBe(8);
  expect(Number(/([\d.]+) s 后告警/.exec(out)?.[1])).toBeLessThan(60);

  const text = (name: string) => readFileSync(join(folder, name), 'utf8');
  const receipt = JSON.parse(text('receipt.json'));
  expect(out).toMatch(new RegExp(`EDITED.*id ${receipt.id}`));
  expect(out.match(/无异常 CLEAN/g)).toHaveLength(2);
  expect(await entryText(receipt.id)).toBe(text('entry.json'));
  expect(text('entry-before-tampering.json')).toBe(text('entry.json'));
  expect(leafHash(text('entry.json')).toString('hex')).toBe(receipt.leafHash);

  // What was handed out holds by the texts of the standards, too.
  const { leaf, size, path, checkpoint } = JSON.parse(text('proof.json'));
  const note = readNote(checkpoint, text('keys.txt').split('\n').filter(Boolean));
  const hashes = (path as string[]).map((hash) => Buffer.from(hash, 'hex'));
  expect([note.signers.length, note.size]).toEqual([1, size]);
  expect(rootByInclusion({ hash: Buffer.from(receipt.leafHash, 'hex'), leaf, size, path: hashes })).toEqual(note.root);
  expect(text('trail.csv')).toContain(receipt.id);
  expect(text('trail.xlsx').slice(0, 2)).toBe('PK');
  expect(text('report.html')).toMatch(/^<!doctype html>/i);
  expect(JSON.parse(text('statement.json'))).toMatchObject({ kind: 'zone-statement/1', uscc: CANARY });
  expect(readdirSync(folder)).toContain('trail.xlsx.note');

  const events = await zone.owner.query({
    text: `select kind, event, actor, reason is not null as reasoned from alert join alert_event on alert_event.alert = alert.id where kind = 'CANARY_TOUCHED' order by number`,
  });
  expect(events).toEqual([
    { kind: 'CANARY_TOUCHED', event: 'OPENED', actor: 'zone', reasoned: false },
    { kind: 'CANARY_TOUCHED', event: 'ACKNOWLEDGED', actor: 'staff:shen.yuhe', reasoned: false },
    { kind: 'CANARY_TOUCHED', event: 'CLOSED', actor: 'staff:shen.yuhe', reasoned: true },
  ]);
});

test('a changed byte is put back where what was done meanwhile fails, and none is changed in an entry that is not there', async () => {
  const [row] = await zone.owner.query<{ id: string; entry: string }>({ text: 'select id, entry from audit_entry order by sequence limit 1' });
  const { id, entry } = row as { id: string; entry: string };
  const kept = join(zone.config.zoneHome, 'kept.json');
  const tampering = { postgres: zone.owner, receipt: id, within: id, kept };
  let meanwhile: string | undefined;
  const failing = whileTampered(tampering, async () => {
    meanwhile = await entryText(id);
    throw new Error('cut short');
  });
  await expect(failing).rejects.toThrow('cut short');
  expect([...(meanwhile ?? '')].filter((letter, place) => letter !== entry[place])).toHaveLength(1);
  expect([await entryText(id), readFileSync(kept, 'utf8')]).toEqual([entry, entry]);
  await expect(whileTampered({ ...tampering, receipt: newRequestId() }, async () => undefined)).rejects.toMatchObject({ code: 'RECEIPT_UNKNOWN' });
});
