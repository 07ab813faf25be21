/** A sequencer that is killed between any two of its statements, or in the middle of one, leaves a tree that the next one continues. */
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { type AuditEntry, ENTRY_VERSION } from '../../src/audit/entry.js';
import { type AuditLog, openAuditLog } from '../../src/audit/log.js';
import { openEvidence } from '../../src/zone/evidence.js';
import { openTestZone, type TestZone } from '../harness/zone.js';
import { checkLog } from './lostAudit.mjs';

let zone: TestZone;
let log: AuditLog;
beforeAll(async () => {
  zone = await openTestZone({ enterprises: 0 });
  log = openAuditLog({ postgres: zone.database.open('zone_gateway'), limitMs: 10_000 });
}, 60_000);
afterAll(() => zone?.close());

async function add(count: number): Promise<void> {
  const time = new Date().toISOString();
  const base = { v: ENTRY_VERSION, time, institution: 'bank-01', client: null, durationMs: 1.5, outcome: 'ANSWERED' } as const;
  await Promise.all(Array.from({ length: count }, () => log.append({ ...base, id: randomUUID() } as AuditEntry)));
}

test('killed at each of its statements, it loses, doubles and moves nothing', async () => {
  const { auditKeyFile: keyFile, auditOrigin: origin } = zone.config;
  const sequencer = openEvidence(zone.config, zone.database);
  const dies = (n: number, moment: 'BEFORE' | 'AFTER') =>
    spawnSync(process.execPath, [join('tests', 'kills', 'dyingSequencer.mjs'), zone.database.ownerUrl, keyFile, origin, String(n), moment]);
  let size = 0;
  let deaths = 0;
  for (let n = 1, ended = false; !ended; n++) {
    for (const moment of ['BEFORE', 'AFTER'] as const) {
      // So many that tiles and blocks are begun, filled and continued.
      const count = [1, 255, 90, 300][(2 * n) % 4] as number;
      await add(count);
      size += count;
      const { signal, status, stderr } = dies(n, moment);
      expect([signal, status, String(stderr)]).toEqual(signal ? ['SIGKILL', null, ''] : [null, 0, '']);
      if (signal) deaths++;
      else ended = true;
      // Every other time the dead one is followed by another that dies.
      if (n % 2 === 0) await sequencedTo(sequencer, size);
    }
  }
  await sequencedTo(sequencer, size);
  expect(deaths).toBeGreaterThan(16);
  expect(await checkLog({ url: zone.database.ownerUrl, keyFile, origin })).toEqual({ leaves: size, checkpoints: expect.any(Number), faults: [] });
}, 120_000);

test.each([
  ['left out', `delete from audit_entry where sequence = $1`, /has another root|is another/],
  [
    'written again with its own hash',
    `update audit_entry set entry = replace(entry, 'bank-01', 'bank-02'), institution = 'bank-02' where sequence = $1`,
    /its hash is not/,
  ],
  [
    'written again with the hash that fits',
    `update audit_entry set entry = replace(entry, '1.5', '2.5'), leaf_hash = sha256('\\x00'::bytea || convert_to(replace(entry, '1.5', '2.5'), 'UTF8')) where sequence = $1`,
    /has another root/,
  ],
  [
    'in another place',
    `update audit_entry set sequence = case sequence when $1 then -1 else $1 end where sequence in ($1, $1 + 1); update audit_entry set sequence = $1 + 1 where sequence = -1`,
    /is another/,
  ],
])('the checker finds an entry that is %s', async (_, statement, fault) => {
  const { auditKeyFile: keyFile, auditOrigin: origin } = zone.config;
  const client = new pg.Client({ connectionString: zone.database.ownerUrl });
  await client.connect();
  try {
    await client.query('create table kept as select * from audit_entry');
    const { rows } = await client.query<{ place: string }>('select sequence as place from audit_entry order by sequence offset 77 limit 1');
    for (const part of statement.split(';')) await client.query(part.replaceAll('$1', String(rows[0]?.place)));
    expect((await checkLog({ url: zone.database.ownerUrl, keyFile, origin })).faults.join('\n')).toMatch(fault);
  } finally {
    await client.query('truncate audit_entry; insert into audit_entry select * from kept; drop table kept');
    await client.end();
  }
});

/** The session of the dead one may keep the lock for a moment. */
async function sequencedTo(sequencer: ReturnType<typeof openEvidence>, size: number): Promise<void> {
  for (const until = Date.now() + 5_000; ; ) {
    await sequencer.step();
    const [last] = await zone.owner.query<{ size: number }>({ text: 'select size from audit_checkpoint order by number desc limit 1' });
    if (last?.size === size) return;
    if (Date.now() > until) throw new Error(`the tree holds ${last?.size} of ${size}`);
  }
}
