/** Exports through a real gateway: what comes is what the log has, it was told before and after, and its signature holds. */
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import ExcelJS from 'exceljs';
import { type AuditEntry, canonical, type ExportEnded, type LookupEntry } from '../../src/audit/entry.js';
import { signNote, verifierKeyOf } from '../../src/audit/note.js';
import { openSigner } from '../../src/audit/signer.js';
import { verifyExport } from '../../src/verify/verifyExport.js';
import { openKeeping } from '../../src/zone/evidence.js';
import { appendPast, entryAt, forgetSigned, sealAll } from '../harness/months.js';
import { entriesSince, lastSequence, openWatchedGateway, type WatchedGateway } from '../harness/watched.js';
import { firm, openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
let gateway: WatchedGateway;
let folder: string;
beforeAll(async () => {
  zone = await openTestZone({ enterprises: 5 });
  gateway = await openWatchedGateway(zone);
  folder = join(zone.config.zoneHome, 'exports');
  mkdirSync(folder);
}, 120_000);
afterAll(async () => {
  await gateway?.close();
  await zone?.close();
});
beforeEach(async () => {
  await zone.owner.query({
    text: 'truncate audit_entry, audit_tile, audit_block, audit_checkpoint, audit_export, audit_archive, audit_archive_step, audit_archived_edge restart identity',
  });
  forgetSigned(zone);
});

const EVIL = "=cmd|' /C calc'!A0";
function pastOf(count: number): AuditEntry[] {
  return Array.from({ length: count }, (_, number) =>
    entryAt(new Date(Date.parse('2026-05-02T00:00:00Z') + number * 1_000), {
      institution: number % 2 === 0 ? 'bank-01' : 'bank-02',
      caseNumber: number === 1 ? EVIL : `案件-${number}`,
      purpose: 'LOAN_APPROVAL',
      reads: [{ field: 'enterprise', enterprises: [firm(number % 3)], categories: [{ category: 'registration.basic', clear: ['enterpriseName'] }] }],
    }),
  );
}

interface Came {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly bytes: Buffer;
}
const AUDITOR = { login: 'li.wei', roles: ['AUDITOR'] };
async function tokenOf({ login, roles }: { login: string; roles: readonly string[] }): Promise<string> {
  return String(await gateway.issuer?.tokenFor(login, 'console', { actor: 'staff', roles }));
}
/** Again, while the gateway says that the machine is too busy. */
async function begin(path: string, staff = AUDITOR): Promise<IncomingMessage> {
  for (let attempts = 1; ; attempts++) {
    const response = await beginOnce(path, staff);
    if (attempts === 20 || response.statusCode !== 503) return response;
    response.resume();
    await sleep(1_000);
  }
}
async function beginOnce(path: string, staff: typeof AUDITOR): Promise<IncomingMessage> {
  const authorization = `Bearer ${await tokenOf(staff)}`;
  return new Promise((resolve, reject) => get(`${gateway.address}${path}`, { agent: false, headers: { authorization } }, resolve).on('error', reject));
}
async function ask(path: string, staff = AUDITOR): Promise<Came> {
  const response = await begin(path, staff);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(chunks) };
}
const exportOf = (format: string, filter: object = {}, more = '') =>
  ask(`/audit/export?format=${format}&filter=${encodeURIComponent(JSON.stringify(filter))}${more}`);
const codeOf = ({ bytes }: Came) => JSON.parse(bytes.toString()).errors[0].extensions.code;
const lookupOf = (entry: AuditEntry | undefined) => entry?.lookups?.[0] as LookupEntry & { readonly ended?: ExportEnded };

describe('an export', () => {
  test('as JSON Lines has the canonical entries that fit, the newest first', async () => {
    const past = pastOf(1_205);
    await appendPast(zone, past);
    const { status, headers, bytes } = await exportOf('jsonl', { institution: 'bank-02', from: '2026-05-02T00:00:10Z' });
    expect([status, headers['content-type']]).toEqual([200, 'application/x-ndjson; charset=utf-8']);
    expect(headers['content-disposition']).toMatch(/^attachment; filename="audit-2026-11-22-[0-9a-f]{6}\.jsonl"$/);
    const wanted = past.filter(({ institution, time }) => institution === 'bank-02' && time >= '2026-05-02T00:00:10');
    expect(bytes.toString()).toBe(
      wanted
        .reverse()
        .map((entry) => `${canonical(entry)}\n`)
        .join(''),
    );
  }, 60_000);

  test('as CSV has nothing that a spreadsheet would run, and a mark before it where that is wanted', async () => {
    await appendPast(zone, pastOf(5));
    const { bytes, headers } = await exportOf('csv', { purpose: 'LOAN_APPROVAL' });
    expect(headers['content-type']).toBe('text/csv; charset=utf-8');
    const rows = parse(bytes, { columns: true }) as Record<string, string>[];
    expect(rows.map((row) => row['案件编号 case number'])).toEqual(['案件-4', '案件-3', '案件-2', `'${EVIL}`, '案件-0']);
    expect(rows[0]).toMatchObject({ '企业 enterprises': firm(1), '信息项 items asked': 'registration.basic.enterpriseName', '结果 outcome': 'ANSWERED' });
    const marked = await exportOf('csv', { purpose: 'LOAN_APPROVAL' }, '&bom=true');
    expect(marked.bytes.subarray(0, 3).toString('hex')).toBe('efbbbf');
    expect(marked.bytes.subarray(3).equals(bytes)).toBe(true);
  }, 60_000);

  test('as a workbook has cells of text, as a spreadsheet reads it back', async () => {
    await appendPast(zone, pastOf(1_300));
    const { bytes, headers } = await exportOf('xlsx', { institution: 'bank-02' });
    expect(headers['content-type']).toBe('application/vnd.openxmlformats-officedocument.spreadsheetml.sheet');
    const workbook = new ExcelJS.Workbook();
    await workbook.xlsx.load(bytes as unknown as ArrayBuffer);
    const [sheet] = workbook.worksheets;
    expect(sheet?.rowCount).toBe(651);
    const cases = (sheet?.getColumn(8).values ?? []).slice(2);
    expect(cases[0]).toBe('案件-1299');
    expect(cases.at(-1)).toBe(EVIL);
    sheet?.eachRow((row) =>
      row.eachCell((cell) => {
        expect([ExcelJS.ValueType.String, ExcelJS.ValueType.SharedString]).toContain(cell.type);
        expect(cell.formula).toBeUndefined();
      }),
    );
  }, 60_000);

  test('is told before its first byte and after its last one, and signed', async () => {
    await appendPast(zone, pastOf(30));
    const since = await lastSequence(zone);
    const { bytes, headers } = await exportOf('csv', { institution: 'bank-02' });
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const [begun, ended, ...more] = await entriesSince(zone, since);
    expect(more).toEqual([]);
    expect(begun).toMatchObject({
      id: headers['x-request-id'],
      staff: 'li.wei',
      client: 'console',
      institution: null,
      fields: ['export'],
      outcome: 'ANSWERED',
    });
    expect(lookupOf(begun)).toEqual({ field: 'export', filter: { format: 'csv', filter: { institution: 'bank-02' } }, returned: 0 });
    expect(lookupOf(ended)).toEqual({ ...lookupOf(begun), returned: 15, ended: { export: begun?.id, bytes: bytes.length, sha256 } });

    const pending = await ask(`/audit/exports/${begun?.id}`);
    expect([pending.status, JSON.parse(pending.bytes.toString()).state]).toEqual([202, 'PENDING']);
    await sealAll(zone);
    const { note, ...signed } = JSON.parse((await ask(`/audit/exports/${begun?.id}`)).bytes.toString());
    expect(signed).toMatchObject({ state: 'SIGNED', export: begun?.id, entry: ended?.id, rows: 15, sha256 });

    const [file, keys, noteFile] = ['trail.csv', 'keys.txt', 'trail.csv.note'].map((name) => join(folder, name)) as [string, string, string];
    writeFileSync(file, bytes);
    writeFileSync(noteFile, note);
    const { verifierKey } = openSigner({ file: zone.config.auditKeyFile, origin: zone.config.auditOrigin });
    writeFileSync(keys, `${verifierKey}\n`);
    const verdict = await verifyExport({ file, note: noteFile, keys });
    expect(verdict).toMatchObject({ verdict: 'GOOD', says: { format: 'csv', rows: '15', sha256, export: begun?.id, filter: '{"institution":"bank-02"}' } });

    // One byte more, another note, another key.
    writeFileSync(file, Buffer.concat([bytes, Buffer.from('x')]));
    expect(await verifyExport({ file, note: noteFile, keys })).toMatchObject({ verdict: 'OTHER_FILE' });
    writeFileSync(file, bytes);
    writeFileSync(noteFile, note.replace('rows 15', 'rows 14'));
    expect(await verifyExport({ file, note: noteFile, keys })).toMatchObject({ verdict: 'WRONGLY_SIGNED' });
    const forger = { name: zone.config.auditOrigin, secret: generateKeyPairSync('ed25519').privateKey };
    writeFileSync(noteFile, signNote(note.slice(0, note.lastIndexOf('\n\n') + 1), forger));
    expect(await verifyExport({ file, note: noteFile, keys })).toMatchObject({ verdict: 'UNKNOWN_KEY' });
    writeFileSync(keys, verifierKeyOf(forger));
    expect(await verifyExport({ file, note: noteFile, keys })).toMatchObject({ verdict: 'GOOD' });
    // A checkpoint is no export, though the same key signed it.
    const [checkpoint] = await zone.owner.query<{ note: string }>({ text: 'select note from audit_checkpoint limit 1' });
    writeFileSync(noteFile, String(checkpoint?.note));
    writeFileSync(keys, verifierKey);
    expect(await verifyExport({ file, note: noteFile, keys })).toMatchObject({ verdict: 'NOT_A_NOTE' });
    expect(readFileSync(file).equals(bytes)).toBe(true);
  }, 60_000);

  test('of nothing is an empty file, told and signed all the same', async () => {
    const { bytes, headers } = await exportOf('jsonl', { institution: 'bank-77' });
    expect(bytes).toHaveLength(0);
    await sealAll(zone);
    const { rows } = JSON.parse((await ask(`/audit/exports/${headers['x-request-id']}`)).bytes.toString());
    expect(rows).toBe(0);
  }, 60_000);
});

describe('is refused', () => {
  test.each([
    ['/audit/export', 'BAD_USER_INPUT'],
    ['/audit/export?format=pdf', 'BAD_USER_INPUT'],
    ['/audit/export?format=csv&filter={', 'BAD_USER_INPUT'],
    ['/audit/export?format=csv&limit=5', 'BAD_USER_INPUT'],
    ['/audit/export?format=csv&format=csv', 'BAD_USER_INPUT'],
    ['/audit/exports/019a0000-0000-7000-8000-000000000000', 'NOT_FOUND'],
  ])('%s: %s', async (path, code) => {
    const since = await lastSequence(zone);
    expect(codeOf(await ask(path))).toBe(code);
    expect((await entriesSince(zone, since)).map((entry) => [entry.outcome, (entry as { code?: string }).code])).toEqual([['REFUSED', code]]);
  });

  test('to whoever does not oversee the log', async () => {
    for (const roles of [['DASHBOARD_READER'], ['PROVIDER_STEWARD']]) {
      expect(codeOf(await ask('/audit/export?format=csv', { login: 'he.qingyuan', roles }))).toBe('ACCESS_DENIED');
      expect(codeOf(await ask('/audit/exports/x', { login: 'he.qingyuan', roles }))).toBe('ACCESS_DENIED');
    }
    const authorization = `Bearer ${await gateway.tokenFor('bank-01')}`;
    const { status } = await gateway.send({ method: 'GET', path: '/audit/export?format=csv', headers: { authorization } });
    expect(status).toBe(403);
    expect((await gateway.send({ method: 'GET', path: '/audit/export?format=csv' })).status).toBe(401);
  });

  test('while another of the same person is under way; whoever breaks off is told in the log', async () => {
    // More than fits into the buffers on the way, so that it waits for who reads.
    const long = 'x'.repeat(100_000);
    await appendPast(
      zone,
      pastOf(300).map((entry) => ({ ...entry, operationName: long })),
    );
    const since = await lastSequence(zone);
    const first = await begin('/audit/export?format=jsonl');
    expect(first.statusCode).toBe(200);
    const refused = await ask('/audit/export?format=csv');
    expect([refused.status, codeOf(refused)]).toEqual([429, 'EXPORT_UNDER_WAY']);
    const other = await begin('/audit/export?format=jsonl', { login: 'zhao.min', roles: ['GOVERNANCE_OFFICER'] });
    expect(other.statusCode).toBe(200);
    first.destroy();
    other.destroy();
    const ends = async () => (await entriesSince(zone, since)).filter((entry) => lookupOf(entry)?.ended);
    for (const deadline = Date.now() + 30_000; (await ends()).length < 2 && Date.now() < deadline; ) await sleep(50);
    const broken = await ends();
    expect(broken.map(({ staff }) => staff).sort()).toEqual(['li.wei', 'zhao.min']);
    for (const entry of broken) {
      expect(lookupOf(entry)?.ended).not.toHaveProperty('sha256');
      // The work has stopped where nobody took it any more.
      expect(lookupOf(entry)?.returned).toBeLessThan(1_200);
    }
    expect((await exportOf('csv', { institution: 'bank-02' })).status).toBe(200);
  }, 120_000);
});

test('months that are archived are named: in the answer, in the log and in what is signed', async () => {
  await appendPast(zone, [...pastOf(3), entryAt(new Date('2026-06-02T00:00:00Z'))]);
  await sealAll(zone);
  await openKeeping(zone.config, zone.database, { folder }).retention.archive('2026-05', 'li.wei');
  const { headers, bytes } = await exportOf('jsonl', { institution: 'bank-01' });
  expect([headers['x-audit-archived'], bytes.toString().trimEnd().split('\n').length]).toEqual(['2026-05', 1]);
  await sealAll(zone);
  const { note } = JSON.parse((await ask(`/audit/exports/${headers['x-request-id']}`)).bytes.toString());
  expect(note).toContain('\narchived 2026-05\n');
  const later = await exportOf('jsonl', { institution: 'bank-01', from: '2026-06-01T00:00:00+08:00' });
  expect(later.headers['x-audit-archived']).toBeUndefined();
}, 60_000);

test('a slow reader of a workbook slows the reading of the log', async () => {
  // Noise, which no compression makes small.
  const detail = () => randomBytes(4_000).toString('hex');
  await appendPast(
    zone,
    pastOf(5_000).map((entry) => ({ ...entry, changes: [{ mutation: 'grantAccess', state: 'DONE' as const, detail: detail() }] })),
  );
  const before = gateway.statements.length;
  const pages = () => gateway.statements.slice(before).filter(({ name }) => name === 'trail unsealed').length;
  const response = await begin('/audit/export?format=xlsx');
  let [seen, since] = [-1, performance.now()];
  for (; performance.now() - since < 3_000; await sleep(50)) if (pages() !== seen) [seen, since] = [pages(), performance.now()];
  // Nobody read for three seconds, and the log has twenty times what one statement brings.
  expect(seen).toBeGreaterThan(0);
  expect(seen).toBeLessThan(18);
  let bytes = 0;
  for await (const chunk of response) bytes += (chunk as Buffer).length;
  expect(bytes).toBeGreaterThan(15_000_000);
  expect(pages()).toBeGreaterThanOrEqual(20);
}, 240_000);
