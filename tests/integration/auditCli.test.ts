/** The commands about checkpoints, proofs and keys, as a person meets them. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Sequencer } from '../../src/audit/sequencer.js';
import { newRequestId } from '../../src/http/requestId.js';
import { openEvidence } from '../../src/zone/evidence.js';
import { addEntries, readNote } from '../harness/evidence.js';
import { openWatchedGateway, type WatchedGateway } from '../harness/watched.js';
import { openTestZone, type TestZone } from '../harness/zone.js';

// Every command is a process of its own, and starts slowly on a busy machine.
jest.setTimeout(240_000);
const MAIN = join(process.cwd(), 'dist', 'main.js');
let zone: TestZone;
let gateway: WatchedGateway;
let sequencer: Sequencer;
beforeAll(async () => {
  zone = await openTestZone({ enterprises: 0 });
  gateway = await openWatchedGateway(zone);
  sequencer = openEvidence(zone.config, zone.database);
}, 60_000);
afterAll(async () => {
  await gateway?.close();
  await sequencer?.close();
  await zone?.close();
});

async function run(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [MAIN, 'audit', ...args], {
    cwd: zone.config.zoneHome,
    env: { PATH, HOME, ZONE_HOME: zone.config.zoneHome, LOG_LEVEL: 'silent' },
  });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (err += chunk));
  return { code: await new Promise((resolve) => child.once('close', resolve)), out, err };
}

describe('before anything was signed', () => {
  test('there is no checkpoint, here or at the gateway', async () => {
    for (const args of [['checkpoint'], ['checkpoint', '--url', gateway.address]]) {
      const { code, err } = await run(...args);
      expect([args, code, err.split(':')[0]]).toEqual([args, 1, 'CHECKPOINT_UNKNOWN']);
    }
  });
});

describe('of a log that is signed', () => {
  let receipt = '';
  beforeAll(async () => {
    receipt = (await addEntries(zone, 9))[4] as string;
    await sequencer.step();
  });

  test('the newest checkpoint is printed, the same here and by the gateway', async () => {
    const [here, there] = [await run('checkpoint'), await run('checkpoint', '--url', gateway.address)];
    expect([here.code, there.code]).toEqual([0, 0]);
    expect(here.out).toBe(there.out);
    const verifiers = readFileSync(join(zone.config.zoneHome, 'audit', 'keys.txt'), 'utf8')
      .split('\n')
      .filter(Boolean);
    expect(readNote(here.out, verifiers)).toMatchObject({ size: 9, signers: verifiers });
  });

  test('the proof of a receipt is written to a file', async () => {
    const { code, out } = await run('proof', receipt, '--url', gateway.address, '--out', 'proof.json');
    expect([code, out]).toEqual([0, 'proof.json: 第 4 叶，共 9 条 / leaf 4 of a log of 9\n']);
    expect(JSON.parse(readFileSync(join(zone.config.zoneHome, 'proof.json'), 'utf8'))).toMatchObject({
      kind: 'zone-inclusion/1',
      receipt: { id: receipt },
      leaf: 4,
      size: 9,
    });
    await run('proof', receipt, '--url', gateway.address);
    expect(readFileSync(join(zone.config.zoneHome, `${receipt}.proof.json`), 'utf8')).toBe(readFileSync(join(zone.config.zoneHome, 'proof.json'), 'utf8'));
  });

  test.each([
    ['a receipt that never was', () => [newRequestId(), '--url', gateway.address], 'RECEIPT_UNKNOWN'],
    ['what is no receipt', () => ['receipt', '--url', gateway.address], 'BAD_USER_INPUT'],
    ['a gateway that is not there', () => [receipt, '--url', 'http://127.0.0.1:1'], 'ZONE_UNAVAILABLE'],
    ['what is no address', () => [receipt, '--url', 'gateway'], 'BAD_USER_INPUT'],
    ['a file that cannot be written', () => [receipt, '--url', gateway.address, '--out', '/no/such/folder/proof.json'], 'BAD_USER_INPUT'],
  ])('%s is refused by name', async (_, args, fault) => {
    const { code, err } = await run('proof', ...args());
    expect([code, err.split(':')[0]]).toEqual([1, fault]);
    expect(err).not.toMatch(/^\s+at /m);
  });

  test('keys are listed and rotated: the new one waits for its first checkpoint', async () => {
    const ids = () =>
      readFileSync(join(zone.config.zoneHome, 'audit', 'keys.txt'), 'utf8')
        .split('\n')
        .filter(Boolean);
    const [first] = ids() as [string];
    expect((await run('keys', 'list')).out).toMatch(new RegExp(`Z.*在用 signs.*${first.slice(-12, -1)}`));
    const rotated = await run('keys', 'rotate');
    const [, second] = ids() as [string, string];
    expect(rotated.code).toBe(0);
    for (const verifier of [first, second]) expect(rotated.out).toContain(verifier);
    const waiting = (await run('keys', 'list')).out;
    expect(waiting).toMatch(/在用 signs/);
    expect(waiting).toMatch(/未用 not yet/);
    await addEntries(zone, 1);
    await sequencer.step();
    const { out } = await run('keys', 'list');
    expect(out).not.toMatch(/未用 not yet/);
    expect(out.match(/在用 signs/g)).toHaveLength(1);
  });
});
