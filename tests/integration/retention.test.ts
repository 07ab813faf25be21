/** Months of a real log leave for files and come back: nothing is lost on the way, whatever happens in between. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { AuditEntry } from '../../src/audit/entry.js';
import { type AuditLog, openAuditLog } from '../../src/audit/log.js';
import type { RetentionStep } from '../../src/audit/retention.js';
import { Fault } from '../../src/faults.js';
import { openKeeping } from '../../src/zone/evidence.js';
import { appendPast, entryAt, forgetSigned, sealAll } from '../harness/months.js';
import { openWatchedGateway } from '../harness/watched.js';
import { firm, openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
let folder: string;
let keeping: ReturnType<typeof openKeeping>;
const BY = 'li.wei';

beforeAll(async () => {
  zone = await openTestZone({ enterprises: 5 });
}, 120_000);
afterAll(() => zone?.close());
beforeEach(async () => {
  // Each test has a log of its own: no month, no file, no hold from before.
  for (const { place } of await zone.owner.query<{ place: string }>({ text: "select place from audit_months() where month < '2026-09-01'" }))
    await zone.owner.query({ text: `drop table ${place}` });
  await zone.owner.query({
    text: `truncate audit_entry, audit_tile, audit_block, audit_checkpoint, audit_archive, audit_archive_step, audit_archived_edge, audit_hold, audit_hold_release restart identity`,
  });
  forgetSigned(zone);
  folder = mkdtempSync(join(zone.config.zoneHome, 'archive-'));
  keeping = openKeeping(zone.config, zone.database, { folder });
});

/** Months that share blocks: entries of all three come in mixed order. */
function pastOf(count: number): AuditEntry[] {
  const months = ['2026-04', '2026-05', '2026-06'];
  return Array.from({ length: count }, (_, number) => {
    const month = months[(number * 7) % 3] ?? '';
    const time = new Date(Date.parse(`${month}-02T00:00:00Z`) + number * 1_000);
    return entryAt(time, { institution: number % 2 === 0 ? 'bank-01' : 'bank-02', caseNumber: `案件-${number}` });
  });
}
const rowsOf = (month: string) =>
  zone.owner.query<{ sequence: number; id: string; time: Date; institution: string; entry: string; leaf_hash: Buffer }>({
    text: `select e.* from audit_entry e, audit_month_bounds(to_date($1, 'YYYY-MM')) b where id >= first_id and id < beyond order by sequence`,
    values: [month],
  });
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'DONE',
    (error: unknown) => (error instanceof Fault ? error.code : String(error)),
  );
const textOf = (name: string) => gunzipSync(readFileSync(join(folder, name))).toString('utf8');
const sha = (...parts: Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest();

/** RFC 6962 as its text says it, over leaves of which some are known as whole subtrees only: here all are known. */
function rootOf(leaves: readonly Buffer[]): Buffer {
  if (leaves.length < 2) return leaves[0] ?? sha();
  let half = 1;
  while (half * 2 < leaves.length) half *= 2;
  return sha(Buffer.from([1]), rootOf(leaves.slice(0, half)), rootOf(leaves.slice(half)));
}

describe('a month that is archived', () => {
  test('is in its file entry by entry, leaves the database, and the rest stays where it was', async () => {
    await appendPast(zone, pastOf(900));
    await sealAll(zone);
    const before = await zone.owner.query<{ id: string; leaf: number }>({
      text: 'select id, audit_leaf_of(sequence) as leaf from audit_entry order by sequence',
    });
    expect(before.map(({ leaf }) => leaf)).toEqual(before.map((_row, leaf) => leaf));
    const leafOf = new Map(before.map(({ id, leaf }) => [id, leaf]));
    const april = await rowsOf('2026-04');
    expect(april).toHaveLength(300);
    expect(await keeping.retention.lookAt('2026-04')).toEqual({ month: '2026-04', outcome: 'DUE', file: 'audit-2026-04.jsonl.gz', entries: 300 });
    expect(await keeping.retention.monthsBefore('2026-06')).toEqual(['2026-04', '2026-05']);
    const done = await keeping.retention.archive('2026-04', BY);
    expect(done).toEqual({ month: '2026-04', outcome: 'ARCHIVED', file: 'audit-2026-04.jsonl.gz', entries: 300 });

    const lines = textOf('audit-2026-04.jsonl.gz')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines[0]).toEqual({ kind: 'zone-archive/1', month: '2026-04', origin: 'zone.example/audit', hash: 'SHA-256' });
    expect(lines.slice(1, -1)).toEqual(
      april.map((row) => ({
        leaf: leafOf.get(row.id),
        sequence: row.sequence,
        id: row.id,
        time: row.time.toISOString(),
        institution: row.institution,
        leafHash: row.leaf_hash.toString('hex'),
        entry: row.entry,
      })),
    );
    const end = lines.at(-1);
    expect(end).toMatchObject({ kind: 'zone-archive-end/1', entries: 300, firstSequence: april[0]?.sequence, lastSequence: april.at(-1)?.sequence });
    const [size, root] = [Number(end.checkpoint.split('\n')[1]), end.checkpoint.split('\n')[2]];
    const tiles = await zone.owner.query<{ hashes: Buffer }>({ text: 'select hashes from audit_tile where level = 0 order by tile' });
    const all = Buffer.concat(tiles.map(({ hashes }) => hashes));
    const leaves = Array.from({ length: size }, (_, leaf) => all.subarray(leaf * 32, leaf * 32 + 32));
    expect(rootOf(leaves).toString('base64')).toBe(root);

    expect(await rowsOf('2026-04')).toEqual([]);
    const after = await zone.owner.query<{ id: string; leaf: number | null }>({
      text: 'select id, audit_leaf_of(sequence) as leaf from audit_entry where institution is not null',
    });
    expect(after).toHaveLength(600);
    for (const { id, leaf } of after) expect(leaf).toBe(leafOf.get(id));
    // What was done is in the log, by whom, and in the register.
    const told = await zone.owner.query<{ entry: string }>({ text: 'select entry from audit_entry where institution is null order by sequence' });
    expect(told.map(({ entry }) => JSON.parse(entry)).map(({ staff, changes }) => [staff, changes[0].mutation, changes[0].detail.month])).toEqual([
      [BY, 'archiveMonth', '2026-04'],
      [BY, 'dropMonth', '2026-04'],
    ]);
    expect(await zone.owner.query({ text: 'select month::text, state from audit_archived_month' })).toEqual([{ month: '2026-04-01', state: 'DROPPED' }]);
  }, 60_000);

  test('comes back as it was, and leaves again into the same file', async () => {
    await appendPast(zone, pastOf(700));
    await sealAll(zone);
    const april = await rowsOf('2026-04');
    const leaves = await zone.owner.query({ text: 'select id, audit_leaf_of(sequence) as leaf from audit_entry order by id' });
    await keeping.retention.archive('2026-04', BY);
    const file = join(folder, 'audit-2026-04.jsonl.gz');
    expect(await keeping.retention.restore(file, BY)).toEqual({ month: '2026-04', entries: april.length });
    expect(await rowsOf('2026-04')).toEqual(april);
    expect(await zone.owner.query({ text: 'select id, audit_leaf_of(sequence) as leaf from audit_entry where institution is not null order by id' })).toEqual(
      leaves,
    );
    // Twice is refused; and what may be read there is what may be read of the log.
    expect(await codeOf(keeping.retention.restore(file, BY))).toBe('ARCHIVE_REFUSED');
    const gateway = zone.database.open('zone_gateway');
    expect(await gateway.query({ text: 'select count(*) as entries from audit_entry where institution is not null' })).toEqual([{ entries: leaves.length }]);
    expect((await keeping.retention.archive('2026-04', BY)).outcome).toBe('ARCHIVED');
    expect(readdirSync(folder)).toEqual(['audit-2026-04.jsonl.gz']);
    const steps = await zone.owner.query<{ step: string }>({ text: 'select step from audit_archive_step order by number' });
    expect(steps.map(({ step }) => step)).toEqual(['DROPPED', 'RESTORED', 'DROPPED']);
  }, 60_000);

  test('is told to who asks for a receipt of it', async () => {
    const [old] = pastOf(1) as [AuditEntry];
    await appendPast(zone, [old]);
    await sealAll(zone);
    const gateway = await openWatchedGateway(zone);
    const explain = () =>
      gateway.ask('query ($receipt: String!) { explainDecision(receipt: $receipt) { receipt } }', {
        staff: { login: BY, roles: ['AUDITOR'] },
        variables: { receipt: old.id },
      });
    expect((await explain()).body.data).toEqual({ explainDecision: { receipt: old.id } });
    await keeping.retention.archive('2026-04', BY);
    const { body } = await explain();
    expect(body.errors?.[0]?.extensions).toMatchObject({ code: 'RECEIPT_ARCHIVED', month: '2026-04' });
    await gateway.close();
  }, 60_000);
});

describe('whoever is killed', () => {
  const stopAt = (wanted: RetentionStep) => ({
    onStep: (step: RetentionStep) => {
      if (step === wanted) throw new Error(`killed when ${step}`);
    },
  });
  test.each<RetentionStep>(['WRITTEN', 'CHECKED', 'RECORDED', 'DROPPED'])(
    'when %s goes on from there',
    async (step) => {
      await appendPast(zone, pastOf(90));
      await sealAll(zone);
      const april = await rowsOf('2026-04');
      await expect(keeping.retention.archive('2026-04', BY, stopAt(step))).rejects.toThrow(`killed when ${step}`);
      // At every moment the month is in the database, or in a file that was recorded.
      const recorded = await zone.owner.query({ text: 'select file from audit_archive' });
      expect(recorded).toHaveLength(step === 'RECORDED' || step === 'DROPPED' ? 1 : 0);
      expect(await rowsOf('2026-04')).toEqual(step === 'DROPPED' ? [] : april);
      expect((await keeping.retention.archive('2026-04', BY)).outcome).toBe(step === 'DROPPED' ? 'EMPTY' : 'ARCHIVED');
      expect(readdirSync(folder)).toEqual(['audit-2026-04.jsonl.gz']);
      await keeping.retention.restore(join(folder, 'audit-2026-04.jsonl.gz'), BY);
      expect(await rowsOf('2026-04')).toEqual(april);
    },
    60_000,
  );

  test('in the middle of a file leaves a draft that nobody takes for one', async () => {
    await appendPast(zone, pastOf(90));
    await sealAll(zone);
    writeFileSync(join(folder, 'audit-2026-04.jsonl.gz.partial'), 'half');
    expect((await keeping.retention.archive('2026-04', BY)).outcome).toBe('ARCHIVED');
    expect(readdirSync(folder)).toEqual(['audit-2026-04.jsonl.gz']);
  }, 60_000);
});

describe('nothing is dropped', () => {
  test('that is not in the tree, or whose month is not over', async () => {
    await appendPast(zone, [...pastOf(30), entryAt(new Date())]);
    const thisMonth = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 7);
    expect((await keeping.retention.archive('2026-04', BY)).outcome).toBe('UNSEALED');
    await sealAll(zone);
    expect((await keeping.retention.archive(thisMonth, BY)).outcome).toBe('UNSEALED');
    expect((await keeping.retention.archive('2026-04', BY)).outcome).toBe('ARCHIVED');
  }, 60_000);

  test('that was edited: it is not what the tree has', async () => {
    await appendPast(zone, pastOf(30));
    await sealAll(zone);
    await zone.owner.query({ text: `update audit_entry set entry = replace(entry, '案件-3', '案件-4') where entry like '%案件-3"%'` });
    expect(await codeOf(keeping.retention.archive('2026-04', BY))).toBe('ARCHIVE_FAULTY');
    await zone.owner.query({ text: `update audit_entry set leaf_hash = sha256(id::bytea) where id = (select min(id) from audit_entry)` });
    expect(await codeOf(keeping.retention.archive('2026-04', BY))).toBe('ARCHIVE_REFUSED');
    expect(await rowsOf('2026-04')).toHaveLength(10);
  }, 60_000);

  test('on a file that is no longer what was recorded: another is written', async () => {
    await appendPast(zone, pastOf(30));
    await sealAll(zone);
    await keeping.retention.archive('2026-04', BY, { onStep: stopAfterRecording }).catch(() => undefined);
    const first = join(folder, 'audit-2026-04.jsonl.gz');
    writeFileSync(first, gzipSync(textOf('audit-2026-04.jsonl.gz').replace('案件-3', '案件-5')));
    expect(await keeping.retention.archive('2026-04', BY)).toMatchObject({ outcome: 'ARCHIVED', file: 'audit-2026-04.2.jsonl.gz' });
    expect(await codeOf(keeping.retention.restore(first, BY))).toBe('ARCHIVE_FAULTY');
    await keeping.retention.restore(join(folder, 'audit-2026-04.2.jsonl.gz'), BY);
    expect(await rowsOf('2026-04')).toHaveLength(10);
  }, 60_000);
  const stopAfterRecording = (step: RetentionStep) => {
    if (step === 'RECORDED') throw new Error('killed');
  };

  test('under a hold on an institution, an enterprise, a case or the month, until it is released', async () => {
    const uscc = firm(3);
    const reads = [{ field: 'enterprise', enterprises: [uscc], categories: [] }];
    await appendPast(zone, [...pastOf(30), entryAt(new Date('2026-04-03T00:00:00Z'), { institution: 'bank-09', reads, caseNumber: 'C "9"' })]);
    await sealAll(zone);
    const { retention, holds } = keeping;
    const bounds = { firstMonth: null, lastMonth: null, reason: 'an investigation' };
    for (const hold of [
      { ...bounds, kind: 'INSTITUTION' as const, subject: 'bank-09' },
      { ...bounds, kind: 'ENTERPRISE' as const, subject: uscc.toLowerCase() },
      { ...bounds, kind: 'CASE' as const, subject: 'C "9"' },
      { ...bounds, kind: 'MONTHS' as const, subject: null, firstMonth: '2026-03', lastMonth: '2026-04' },
    ]) {
      const id = await holds.place(hold, BY);
      expect(await retention.archive('2026-04', BY)).toEqual({ month: '2026-04', outcome: 'HELD', holds: [id], entries: 11 });
      await holds.release(id, 'it was closed', 'zhao.min');
      expect(await codeOf(holds.release(id, 'again', BY))).toBe('BAD_USER_INPUT');
    }
    await holds.place({ ...bounds, kind: 'INSTITUTION', subject: 'bank-77' }, BY);
    await holds.place({ ...bounds, kind: 'INSTITUTION', subject: 'bank-09', lastMonth: '2026-03' }, BY);
    expect((await retention.lookAt('2026-04')).outcome).toBe('DUE');
    // A hold that is placed while the file is being written counts.
    const late: RetentionStep = 'RECORDED';
    const raced = await retention.archive('2026-04', BY, {
      onStep: (step) => {
        if (step === late) placed = holds.place({ ...bounds, kind: 'INSTITUTION', subject: 'bank-09' }, BY);
      },
    });
    await placed;
    // Before the drop or after it, never in between: either way it is known which.
    expect(['HELD', 'ARCHIVED']).toContain(raced.outcome);
    expect(await rowsOf('2026-04')).toHaveLength(raced.outcome === 'HELD' ? 11 : 0);
    const all = await holds.list();
    expect(all).toHaveLength(7);
    expect(all.filter(({ released }) => released?.by === 'zhao.min')).toHaveLength(4);
    const told = await zone.owner.query<{ mutation: string; times: number }>({
      text: "select entry::jsonb #>> '{changes,0,mutation}' as mutation, count(*) as times from audit_entry where entry like '%Hold\"%' group by 1 order by 1",
    });
    expect(told).toEqual([
      { mutation: 'placeHold', times: 7 },
      { mutation: 'releaseHold', times: 4 },
    ]);
  }, 60_000);
  let placed: Promise<string> | null = null;

  test('by the gateway or anybody else who serves', async () => {
    await appendPast(zone, pastOf(30));
    await sealAll(zone);
    await keeping.retention.archive('2026-04', BY, { onStep: stopAfterRecording }).catch(() => undefined);
    for (const role of ['zone_gateway', 'zone_governance', 'zone_sequencer', 'zone_console', 'zone_delivery', 'zone_issuer'] as const) {
      const postgres = zone.database.open(role);
      for (const text of [
        "select drop_audit_month(1, 'x', 'x', now(), '{}', sha256('x'))",
        'select begin_audit_restore(1)',
        "select attach_audit_month(1, 'x', 'x', now(), '{}', sha256('x'))",
        'drop table audit_entry_2026_04',
        'alter table audit_entry detach partition audit_entry_2026_04',
        "insert into audit_archive_step (archive, step, by_whom, entry) values (1, 'DROPPED', 'x', 'x')",
        'delete from audit_hold',
      ])
        await expect(postgres.query({ text })).rejects.toThrow(/permission denied|must be owner/);
    }
    // Nor can the keeper but through the functions.
    const keeper = zone.database.open('zone_keeper');
    for (const text of [
      'drop table audit_entry_2026_04',
      'delete from audit_entry',
      "update audit_archive set places = sha256('x')",
      'delete from audit_hold',
      'insert into audit_archive (month) values (now())',
    ])
      await expect(keeper.query({ text })).rejects.toThrow(/permission denied|must be owner/);
    // What it says of a file has to follow from the rows, and not only to agree with itself.
    const recording = (
      places: string,
    ) => `select record_audit_archive(month, file || '-again', sha256, entries, first_leaf, last_leaf, first_sequence, last_sequence,
      ${places}, checkpoint, 'x', 'x') as number from audit_archive where month = '2026-04-01' order by number desc limit 1`;
    expect(await keeper.query({ text: recording("sha256('x')") })).toEqual([{ number: null }]);
    const atOnce = keeper.transaction(async (client) => {
      const [{ number } = { number: 0 }] = (await client.query<{ number: number }>(recording('places'))).rows;
      expect(number).toBeGreaterThan(0);
      const { rows } = await client.query("select drop_audit_month($1, 'x', 'x', now(), '{}', sha256('x')) as word", [number]);
      throw new Error(String(rows[0]?.word));
    });
    await expect(atOnce).rejects.toThrow('UNKNOWN');
    expect(await keeper.query({ text: "select drop_audit_month(99, 'x', 'x', now(), '{}', sha256('x')) as word" })).toEqual([{ word: 'UNKNOWN' }]);
  }, 60_000);

  test('that came late: it is in the next file', async () => {
    await appendPast(zone, pastOf(30));
    await sealAll(zone);
    await keeping.retention.archive('2026-04', BY);
    const late = entryAt(new Date('2026-04-20T00:00:00Z'));
    await zone.owner.query({ text: 'select 1' });
    const postgres = zone.database.open('zone_gateway');
    await openAuditLog({ postgres, limitMs: 5_000 }).append(late);
    await sealAll(zone);
    await keeping.retention.restore(join(folder, 'audit-2026-04.jsonl.gz'), BY);
    expect(await rowsOf('2026-04')).toHaveLength(11);
    expect(await keeping.retention.archive('2026-04', BY)).toMatchObject({ outcome: 'ARCHIVED', file: 'audit-2026-04.2.jsonl.gz' });
    expect(textOf('audit-2026-04.2.jsonl.gz')).toContain(late.id);
    // The earlier file is not the month any more.
    expect(await codeOf(keeping.retention.restore(join(folder, 'audit-2026-04.jsonl.gz'), BY))).toBe('ARCHIVE_REFUSED');
    expect(await keeping.retention.restore(join(folder, 'audit-2026-04.2.jsonl.gz'), BY)).toEqual({ month: '2026-04', entries: 11 });
  }, 60_000);
});

test('appends go on while months are dropped, and a long reader only delays the drop', async () => {
  await appendPast(zone, pastOf(600));
  await sealAll(zone);
  const postgres = zone.database.open('zone_gateway', { poolSize: 2, limitMs: 5_000 });
  const log: AuditLog = openAuditLog({ postgres, limitMs: 5_000 });
  let going = true;
  const waits: number[] = [];
  const appending = (async () => {
    while (going) {
      const begun = performance.now();
      await log.append(entryAt(new Date()));
      waits.push(performance.now() - begun);
    }
  })();
  const reading = zone.owner.transaction(async (client) => {
    await client.query('select count(*) from audit_entry');
    await sleep(1_500);
  });
  expect((await keeping.retention.archive('2026-04', BY)).outcome).toBe('ARCHIVED');
  await reading;
  expect((await keeping.retention.archive('2026-05', BY)).outcome).toBe('ARCHIVED');
  going = false;
  await appending;
  expect(waits.length).toBeGreaterThan(50);
  expect(Math.max(...waits)).toBeLessThan(1_000);
  expect(existsSync(join(folder, 'audit-2026-05.jsonl.gz'))).toBe(true);
  rmSync(folder, { recursive: true });
}, 60_000);
