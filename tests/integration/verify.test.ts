/** `audit verify` on a real log: what it prints and how it ends; where it begins; what it does with what is far away. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { verifierKeyOf } from '../../src/audit/note.js';
import type { Client } from '../../src/postgres.js';
import { notesInFile } from '../../src/verify/noteFile.js';
import type { Verification } from '../../src/verify/verifyLog.js';
import { verifyLog } from '../../src/verify/verifyLog.js';
import { openTestZone, type TestZone } from '../harness/zone.js';
import { type SealedLog, sealLog } from '../tamper/sealedLog.js';

let zone: TestZone;
let log: SealedLog;
beforeAll(async () => {
  zone = await openTestZone({ enterprises: 0 });
  log = await sealLog(zone, { entries: 600, seed: 3 });
  mkdirSync(dirname(zone.config.auditKeyFile), { recursive: true });
  writeFileSync(beside('keys.txt'), `${verifierKeyOf(log.key)}\n`);
  writeFileSync(beside('witness.jsonl'), log.witnesses.map((note) => `${JSON.stringify({ note })}\n`).join(''));
}, 120_000);
afterAll(() => zone.close());

const beside = (name: string) => join(dirname(zone.config.auditKeyFile), name);
function run(...args: string[]) {
  const { PATH = '', HOME = '' } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [join('dist', 'main.js'), 'audit', 'verify', ...args], {
    encoding: 'utf8',
    env: { PATH, HOME, ZONE_HOME: zone.config.zoneHome, LOG_LEVEL: 'silent' },
  });
  return { status, stdout, stderr };
}
/** Verifies what `work` has made of the log, and takes it back. */
async function after(work: (client: Client) => Promise<unknown>, options: Partial<Parameters<typeof verifyLog>[0]> = {}): Promise<Verification> {
  return zone.owner.withClient(async (client) => {
    await client.query('begin');
    try {
      await work(client);
      return await verifyLog({ client, keys: log.keys, witnesses: log.witnesses, ...options });
    } finally {
      await client.query('rollback');
    }
  });
}
const kindsOf = ({ counts }: Verification) => Object.keys(counts).sort();

test('the command: 0 where it is clean, 2 where something is wrong, 1 where it could not run', async () => {
  const clean = run();
  expect([clean.status, clean.stderr]).toEqual([0, '']);
  expect(clean.stdout).toMatch(/CLEAN/);
  const json = run('--json', '--against', beside('witness.jsonl'));
  expect([json.status, JSON.parse(json.stdout)]).toEqual([
    0,
    expect.objectContaining({ state: 'CLEAN', size: 600, proven: 600, entries: 605, unsealed: 5, findings: [] }),
  ]);

  const [row] = await zone.owner.query<{ id: string; entry: string }>({ text: 'select id, entry from audit_entry order by sequence offset 300 limit 1' });
  const set = (entry: string | undefined) => zone.owner.query({ text: 'update audit_entry set entry = $2 where id = $1', values: [row?.id, entry] });
  await set(row?.entry.replace('PRE_LOAN_REVIEW', 'LOAN_APPROVAL'));
  const edited = run();
  await set(row?.entry);
  expect(edited.status).toBe(2);
  expect(edited.stdout).toMatch(new RegExp(`EDITED +leaf 300, place \\d+, id ${row?.id}: `));

  // Without a witness it says so, loudly: a log that was rewound and signed anew would look as clean.
  renameSync(beside('witness.jsonl'), beside('away.jsonl'));
  const unwitnessed = run();
  renameSync(beside('away.jsonl'), beside('witness.jsonl'));
  expect(unwitnessed).toMatchObject({ status: 0, stderr: expect.stringContaining('NO WITNESS') });

  expect(run('--keys', beside('none.txt'))).toMatchObject({ status: 1, stderr: expect.stringContaining('BAD_USER_INPUT') });
  expect(run('--since', 'yesterday')).toMatchObject({ status: 1, stderr: expect.stringContaining('--since') });
}, 120_000);

test('since a checkpoint: what is before it is vouched for by its root, what is after it is verified', async () => {
  const sizes = (await zone.owner.query<{ size: number }>({ text: 'select distinct size from audit_checkpoint order by size' })).map(({ size }) => size);
  for (const since of sizes) expect(await after(async () => undefined, { since: { size: since } })).toMatchObject({ state: 'CLEAN', since, proven: 600 });
  const since = sizes.find((size) => size > 300) as number;
  const edit = (leaf: number) => async (client: Client) =>
    client.query("update audit_entry set entry = entry || ' ' where id = (select id from audit_entry order by sequence offset $1 limit 1)", [leaf]);
  expect(kindsOf(await after(edit(since + 5), { since: { size: since } }))).toEqual(['EDITED']);
  expect(kindsOf(await after(edit(since - 5), { since: { size: since } }))).toEqual([]);
  // Tiles that do not have the signed root vouch for nothing: all is verified.
  const spoilt = await after((client) => client.query('update audit_tile set hashes = set_byte(hashes, 9, get_byte(hashes, 9) # 1) where level = 1'), {
    since: { size: 600 },
  });
  expect(spoilt).toMatchObject({ since: 0, state: 'FINDINGS' });
  expect(kindsOf(spoilt)).toEqual(['TILE_WRONG']);
});

test('a long stretch that is gone is one finding, and what follows is found again', async () => {
  const verification = await after(
    (client) => client.query('delete from audit_entry where id in (select id from audit_entry order by sequence offset 20 limit 500)'),
    { rows: 25 },
  );
  expect(verification.findings.filter(({ kind }) => kind === 'MISSING')).toEqual([expect.objectContaining({ leaf: 20, leaves: 500 })]);
  expect(kindsOf(verification)).toEqual(['MISSING']);
});

test('a month that has left the database is verified from its archive', async () => {
  const rows = (
    await zone.owner.query<{ sequence: number; id: string; time: Date; institution: string; entry: string; hash: Buffer }>({
      text: 'select sequence, id, time, institution, entry, leaf_hash as hash from audit_entry_2026_09 order by sequence',
    })
  ).map(({ hash, ...row }, leaf) => JSON.stringify({ leaf, ...row, leafHash: hash.toString('hex') }));
  const header = JSON.stringify({ kind: 'zone-archive/1', month: '2026-09', origin: 'zone.example/audit', hash: 'SHA-256' });
  const end = JSON.stringify({ kind: 'zone-archive-end/1', entries: rows.length, path: [], checkpoint: log.witnesses.at(-1) });
  const file = beside('audit-2026-09.jsonl.gz');
  const verifyWith = async (lines: readonly string[], drop = true) => {
    writeFileSync(file, gzipSync(lines.map((line) => `${line}\n`).join('')));
    return after((client) => client.query(drop ? 'drop table audit_entry_2026_09' : 'select'), { archives: [file, beside('keys.txt')] });
  };
  expect(await verifyWith([header, ...rows, end])).toMatchObject({ state: 'CLEAN', proven: 600, entries: 605 });
  expect(await verifyWith([header, ...rows, end], false)).toMatchObject({ state: 'CLEAN', entries: 605 });
  expect(kindsOf(await verifyWith([header, ...rows.slice(0, 40), ...rows.slice(41), end]))).toEqual(['MISSING']);
  const edited = rows.map((row, at) => (at === 30 ? row.replace('PRE_LOAN_REVIEW', 'LOAN_APPROVAL') : row));
  expect((await verifyWith([header, ...edited, end])).findings).toEqual([expect.objectContaining({ kind: 'EDITED', leaf: 30 })]);
  expect(kindsOf(await verifyWith([header, ...rows]))).toEqual(['UNREADABLE']);
  expect(kindsOf(await after((client) => client.query('drop table audit_entry_2026_09')))).toEqual(['MISSING']);
});

test('no keys that are trusted, no log that is proven', async () => {
  expect(await after(async () => undefined, { keys: [] })).toMatchObject({ state: 'FINDINGS', proven: 0 });
});

test('a witness file holds notes by line, however long it is, or is one note', () => {
  const [note = ''] = log.witnesses;
  const line = `${JSON.stringify({ note })}\n`;
  const holding = (text: string) => {
    writeFileSync(beside('notes'), text);
    return [...notesInFile(beside('notes'))];
  };
  expect(holding(`${line}\n${line}`)).toEqual([note, note]);
  expect(holding(note)).toEqual([note]);
  expect(() => holding('{"note": 1}\n')).toThrow('line 1');
  // A line that is being written is not there yet.
  expect(holding(`${line}${line.slice(0, 20)}`)).toEqual([note]);
  // Ends of what is read at once fall within lines.
  const many = holding(line.repeat(20_000));
  expect([many.length, new Set(many)]).toEqual([20_000, new Set([note])]);
  // What comes after it was opened is newer than what it is held against.
  writeFileSync(beside('notes'), line);
  const notes = notesInFile(beside('notes'));
  writeFileSync(beside('notes'), line, { flag: 'a' });
  expect([...notes]).toEqual([note]);
});
