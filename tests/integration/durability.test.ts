/** Whatever the database, a role or a session says of synchronous_commit, an entry lies on disk before it has a receipt. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type AuditEntry, ENTRY_VERSION } from '../../src/audit/entry.js';
import { openAuditLog } from '../../src/audit/log.js';
import { openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
beforeAll(async () => {
  zone = await openTestZone({ enterprises: 0 });
  // For every session that comes; and the writer of the log sleeps, which would else soon do by chance what must not be left to it.
  await zone.owner.query({ text: 'alter database zone set synchronous_commit = off' });
  await zone.owner.query({ text: "alter system set wal_writer_delay = '10s'" });
  await zone.owner.query({ text: "alter system set wal_writer_flush_after = '1GB'" });
  await zone.owner.query({ text: 'select pg_reload_conf()' });
}, 60_000);
afterAll(() => zone?.close());

const entry = (): AuditEntry => ({
  v: ENTRY_VERSION,
  id: randomUUID(),
  time: new Date().toISOString(),
  institution: null,
  client: null,
  durationMs: 1,
  outcome: 'ANSWERED',
});

const places = async () => {
  const [row] = await zone.owner.query<{ written: string; flushed: string }>({
    text: 'select pg_current_wal_insert_lsn() as written, pg_current_wal_flush_lsn() as flushed',
  });
  return row as { written: string; flushed: string };
};
const reaches = async (flushed: string, written: string) =>
  (await zone.owner.query<{ reaches: boolean }>({ text: 'select $1::pg_lsn > $2::pg_lsn as reaches', values: [flushed, written] }))[0]?.reaches;

test('an append is on disk when its promise resolves, where other commits are not', async () => {
  const postgres = zone.database.open('zone_gateway', { poolSize: 1, limitMs: 10_000 });
  const log = openAuditLog({ postgres, limitMs: 10_000 });
  expect(await postgres.query({ text: 'show synchronous_commit' })).toEqual([{ synchronous_commit: 'off' }]);
  for (let round = 0; round < 10; round++) {
    const { written } = await places();
    await log.append(entry());
    expect(await reaches((await places()).flushed, written)).toBe(true);
  }
  // The setting does what it says to whoever does not ask for more, so that the test above tests something.
  const unsettled = zone.database.open('owner', { poolSize: 1 });
  let waited = 0;
  for (let round = 0; round < 10; round++) {
    const { written } = await places();
    await unsettled.query({ text: "update policy_epoch set epoch = epoch where institution = '*'" });
    if (await reaches((await places()).flushed, written)) waited++;
  }
  expect(waited).toBeLessThan(10);
});

test.each([
  ['append_audit', "select from append_audit(array[$1], array[now()], array[null::text], array['{}'], array[sha256('x')])"],
  ['append_audit_within', "select append_audit_within($1, now(), null, '{}', sha256('x'))"],
])('%s makes its transaction wait, and leaves what waits for more as it is', async (_, text) => {
  for (const [set, then] of [
    ['off', 'on'],
    ['local', 'local'],
    ['remote_apply', 'remote_apply'],
  ]) {
    const seen = await zone.owner.transaction(async (client) => {
      await client.query(`set local synchronous_commit = ${set}`);
      await client.query(text, [randomUUID()]);
      return (await client.query('show synchronous_commit')).rows[0];
    });
    expect(seen).toEqual({ synchronous_commit: then });
  }
});
