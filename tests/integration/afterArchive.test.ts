/** What is asked of the log after a month has left the database: each answer is right, or says that it is archived. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type AuditEntry, canonical, leafHash } from '../../src/audit/entry.js';
import { openSigner } from '../../src/audit/signer.js';
import { parseKeys } from '../../src/verify/note.js';
import { verifyReceipt } from '../../src/verify/receipt.js';
import { verifyStatement } from '../../src/verify/statement.js';
import type { Verification } from '../../src/verify/verifyLog.js';
import { openEvidence, openKeeping, openWatch } from '../../src/zone/evidence.js';
import { PROJECT } from '../harness/house.js';
import { appendPast, entryAt } from '../harness/months.js';
import { NOW, openWatchedGateway, type WatchedGateway } from '../harness/watched.js';
import { firm, openTestZone, type TestZone } from '../harness/zone.js';

const AUDITOR = { login: 'li.wei', roles: ['AUDITOR'] };
const BORDER = Date.parse('2026-05-01T00:00:00+08:00');
/** Every ten seconds across the border, some minutes early or late where it is crossed; the last third in June. */
function timeOf(number: number): Date {
  if (number >= 600) return new Date(Date.parse('2026-06-02T00:00:00Z') + number * 1_000);
  const mixed = number >= 280 && number < 320 ? (number % 2 === 0 ? -240_000 : 240_000) : 0;
  return new Date(BORDER + (number - 300) * 10_000 + mixed);
}
let zone: TestZone;
let gateway: WatchedGateway;
let keys: string;
let past: AuditEntry[];
/** Answers from before. */
let told: { leaves: Map<string, number>; statement: unknown; usage: unknown };

beforeAll(async () => {
  zone = await openTestZone({ enterprises: 5 });
  gateway = await openWatchedGateway(zone);
  keys = openSigner({ file: zone.config.auditKeyFile, origin: zone.config.auditOrigin }).verifierKey;
  mkdirSync(dirname(zone.config.auditKeyFile), { recursive: true });
  writeFileSync(join(dirname(zone.config.auditKeyFile), 'keys.txt'), `${keys}\n`);
  // Around the border entries of both months come in mixed order, and blocks are shared.
  past = Array.from({ length: 900 }, (_, number) =>
    entryAt(timeOf(number), {
      institution: number % 2 === 0 ? 'bank-01' : 'bank-02',
      caseNumber: `案件-${number}`,
      purpose: 'LOAN_APPROVAL',
      reads: [{ field: 'enterprise', enterprises: [firm(number % 4)], categories: [{ category: 'registration.basic', clear: ['enterpriseName'] }] }],
    } as Partial<AuditEntry>),
  );
  for (let at = 0; at < past.length; at += 100) {
    const batch = past.slice(at, at + 100);
    await appendPast(zone, batch);
    await seal(new Date(Math.max(...batch.map(({ time }) => Date.parse(time)))));
  }
  told = { leaves: await leavesOf(), statement: await statement(), usage: await usage() };
  expect((await keeping().archive('2026-04', 'li.wei')).outcome).toBe('ARCHIVED');
  await seal();
}, 180_000);
afterAll(async () => {
  await gateway?.close();
  await zone?.close();
});

const keeping = () => openKeeping(zone.config, zone.database, { now: () => NOW }).retention;
/** The clock of the gateway stands still, and so does that of whoever signs. */
async function seal(time = NOW): Promise<void> {
  const sequencer = openEvidence(zone.config, zone.database, undefined, () => time);
  while (await sequencer.step());
}
const isOfMay = ({ time }: AuditEntry) => Date.parse(time) >= BORDER && time < '2026-06';
const ask = async (query: string, variables?: unknown) => (await gateway.ask(query, { staff: AUDITOR, variables })).body;
const april = () => past.filter(({ time }) => Date.parse(time) < BORDER);
const receiptOf = (entry: AuditEntry) => ({ id: entry.id, time: entry.time, leafHash: leafHash(canonical(entry)).toString('hex') });

/** Every page of the trail. */
async function trail(filter: object, first = 100) {
  const nodes: { id: string; leaf: number | null }[] = [];
  let months: string[] = [];
  for (let after: string | null = null; ; ) {
    const { data, errors } = await ask(
      `query ($filter: AuditTrailFilter, $first: Int!, $after: String) { auditTrail(filter: $filter, first: $first, after: $after) {
        nodes { id leaf } archivedMonths pageInfo { hasNextPage endCursor } } }`,
      { filter, first, after },
    );
    expect(errors).toBeUndefined();
    nodes.push(...data.auditTrail.nodes);
    months = data.auditTrail.archivedMonths;
    if (!data.auditTrail.pageInfo.hasNextPage) return { nodes, months };
    after = data.auditTrail.pageInfo.endCursor;
  }
}
async function leavesOf(): Promise<Map<string, number>> {
  const { nodes } = await trail({ purpose: 'LOAN_APPROVAL' });
  return new Map(nodes.map(({ id, leaf }) => [id, leaf as number]));
}
async function statement() {
  const { data, errors } = await ask(
    `{ enterpriseStatement(uscc: "${firm(1)}", from: "2026-04-01T00:00:00+08:00", until: "2026-06-01T00:00:00+08:00", first: 100) { total entries { ... on StatementRead { ordinal receipt { id time leafHash } caseNumber } ... on StatementArchived { ordinal month } } } }`,
  );
  expect(errors).toBeUndefined();
  return data.enterpriseStatement;
}
async function usage() {
  const { data, errors } = await ask('{ usage(by: [INSTITUTION], from: "2026-04-01", until: "2026-04-30") { total nodes { institution reads enterprises } } }');
  expect(errors).toBeUndefined();
  return data.usage;
}

describe('with a month archived', () => {
  test('an entry of it is proven by its whole receipt, and by its id alone told to be archived', async () => {
    for (const entry of april().filter((_, at) => at % 60 === 0)) {
      const { id, time, leafHash: hash } = receiptOf(entry);
      const whole = await ask(`{ inclusionProof(receipt: "${id}", time: "${time}", leafHash: "${hash}") { state leaf document } }`);
      expect(whole.data.inclusionProof).toMatchObject({ state: 'PROVEN', leaf: told.leaves.get(id) });
      expect(verifyReceipt({ id, time, leafHash: hash }, whole.data.inclusionProof.document, parseKeys(keys), canonical(entry))).toMatchObject({
        state: 'PROVEN',
      });
      expect((await ask(`{ inclusionProof(receipt: "${id}") { state } }`)).errors?.[0]?.extensions).toMatchObject({
        code: 'RECEIPT_ARCHIVED',
        month: '2026-04',
      });
      const plain = await gateway.send({ method: 'GET', path: `/audit/proof/${id}?time=${time}&leafHash=${hash}` });
      expect(JSON.parse(plain.text)).toMatchObject({ kind: 'zone-inclusion/1', leaf: told.leaves.get(id) });
      expect((await gateway.send({ method: 'GET', path: `/audit/proof/${id}` })).text).toContain('RECEIPT_ARCHIVED');
    }
    // What is left beside it is where it was.
    const stayed = past.filter(({ time }) => Date.parse(time) >= BORDER).filter((_, at) => at % 90 === 0);
    for (const { id } of stayed)
      expect((await ask(`{ inclusionProof(receipt: "${id}") { state leaf } }`)).data.inclusionProof).toEqual({ state: 'PROVEN', leaf: told.leaves.get(id) });
  }, 60_000);

  test('the trail gives what stayed, each with its leaf, and names the month that it did not search', async () => {
    const { nodes, months } = await trail({ purpose: 'LOAN_APPROVAL' });
    expect(nodes).toHaveLength(900 - april().length);
    for (const { id, leaf } of nodes) expect(leaf).toBe(told.leaves.get(id));
    expect(months).toEqual(['2026-04']);
    // Over the border by an enterprise, which goes through the index of facets.
    const over = await trail({ enterprise: firm(2), from: '2026-04-01T00:00:00Z', until: '2026-06-01T00:00:00Z' }, 30);
    const wanted = past.filter((entry, number) => isOfMay(entry) && number % 4 === 2).map(({ id }) => id);
    expect(over.nodes.map(({ id }) => id)).toEqual(wanted.reverse());
    for (const { id, leaf } of over.nodes) expect(leaf).toBe(told.leaves.get(id));
    expect(over.months).toEqual(['2026-04']);
    expect((await trail({ enterprise: firm(2), from: '2026-05-01T00:00:00+08:00' })).months).toEqual([]);
  }, 60_000);

  test('where an entry was taken away by hand besides, leaves are those of the tiles', async () => {
    const [gone] = past.filter(isOfMay);
    const [row] = await zone.owner.query<Record<string, unknown>>({ text: 'delete from audit_entry where id = $1 returning *', values: [gone?.id] });
    const { nodes } = await trail({ purpose: 'LOAN_APPROVAL' });
    const columns = ['id', 'time', 'institution', 'entry', 'leaf_hash', 'sequence'];
    await zone.owner.query({
      text: `insert into audit_entry (${columns.join(', ')}) overriding system value values ($1, $2, $3, $4, $5, $6)`,
      values: columns.map((name) => row?.[name]),
    });
    expect(nodes).toHaveLength(899 - april().length);
    for (const { id, leaf } of nodes) expect(leaf).toBe(told.leaves.get(id));
  }, 60_000);

  test('the statement of an enterprise tells reads of the month as archived, and the usage of the month is what it was', async () => {
    type Told = { readonly total: number; readonly entries: readonly { readonly ordinal: number; readonly receipt?: { readonly time: string } }[] };
    const before = told.statement as Told;
    const inApril = ({ receipt }: Told['entries'][number]) => Date.parse(String(receipt?.time)) < BORDER;
    expect(await statement()).toEqual({
      total: before.total,
      entries: before.entries.map((one) => (inApril(one) ? { ordinal: one.ordinal, month: '2026-04' } : one)),
    });
    expect(before.total).toBeGreaterThan(100);
    expect([before.entries.some(inApril), before.entries.every(inApril)]).toEqual([true, false]);
    const proven = await ask(
      `{ enterpriseStatement(uscc: "${firm(1)}", from: "2026-04-01T00:00:00+08:00", until: "2026-06-01T00:00:00+08:00", first: 1) { proof } }`,
    );
    expect(verifyStatement(proven.data.enterpriseStatement.proof, keys)).toMatchObject({ ok: true });
    expect(await usage()).toEqual(told.usage);
    expect((told.usage as { total: number }).total).toBeGreaterThan(0);
  }, 60_000);

  test('the explanation of a decision says that it is archived, and an export which month it is without', async () => {
    const [entry] = april() as [AuditEntry];
    const { errors } = await ask(`{ explainDecision(receipt: "${entry.id}") { receipt } }`);
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'RECEIPT_ARCHIVED', month: '2026-04' });
    const token = await gateway.issuer?.tokenFor(AUDITOR.login, 'console', { actor: 'staff', roles: AUDITOR.roles });
    const filter = encodeURIComponent(JSON.stringify({ purpose: 'LOAN_APPROVAL' }));
    const exported = await gateway.send({ method: 'GET', path: `/audit/export?format=jsonl&filter=${filter}`, headers: { authorization: `Bearer ${token}` } });
    expect(exported.headers['x-audit-archived']).toBe('2026-04');
    expect(exported.text.trim().split('\n')).toHaveLength(900 - april().length);
  }, 60_000);
});

describe('audit verify', () => {
  function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
    const { PATH = '', HOME = '' } = process.env;
    return spawnSync(process.execPath, [join(PROJECT, 'dist', 'main.js'), 'audit', 'verify', ...args], {
      encoding: 'utf8',
      env: { PATH, HOME, ZONE_HOME: zone.config.zoneHome, LOG_LEVEL: 'silent' },
    });
  }
  const verified = (...args: string[]): { status: number | null; verification: Verification } => {
    const { status, stdout } = run('--json', ...args);
    return { status, verification: JSON.parse(stdout) as Verification };
  };
  const moved = () => `${zone.config.auditArchiveFolder}-elsewhere`;
  const alerts = async () => {
    await openWatch(zone.config, zone.database).evaluate();
    return zone.owner.query<{ kind: string; count: number }>({ text: "select kind, count from alert where kind = 'VERIFIER_FINDING'" });
  };
  const verdicts = () =>
    zone.owner.query<{ findings: number; kinds: object; entries: number }>({ text: 'select findings, kinds, entries from audit_verification order by number' });

  test('reads the archives of the zone, and the index over enterprises follows from all of it', async () => {
    const { status, verification } = verified();
    expect(verification).toMatchObject({ state: 'CLEAN', archived: { months: [], leaves: 0 }, index: { state: 'DERIVED', enterprises: 4, items: 900 } });
    expect(status).toBe(0);
    expect(verification.proven).toBe(verification.size);
    expect(verified('--archive', zone.config.auditArchiveFolder).verification.state).toBe('CLEAN');
    const text = run();
    expect(text.stdout).toMatch(/index: enterprises +│ +4 /);
    const recorded = await verdicts();
    expect(recorded).toHaveLength(3);
    for (const one of recorded) expect(one).toEqual({ findings: 0, kinds: {}, entries: verification.entries });
    expect(await alerts()).toEqual([]);
  }, 60_000);

  test('without them says what was not verified, and ends otherwise than clean', async () => {
    renameSync(zone.config.auditArchiveFolder, moved());
    try {
      const { status, verification } = verified();
      expect(verification).toMatchObject({
        state: 'PARTIAL',
        counts: {},
        archived: { months: ['2026-04'], leaves: april().length },
        index: { state: 'NOT_VERIFIED', why: 'ARCHIVED' },
      });
      expect(status).toBe(3);
      expect(run().stdout).toMatch(/NOT VERIFIED: archived .*\(2026-04/);
      // Beside what is recorded as archived nothing may be missing.
      const may = past.filter(isOfMay).slice(2, 4);
      await zone.owner.query({ text: 'create table kept as select * from audit_entry where id = any($1)', values: [may.map(({ id }) => id)] });
      await zone.owner.query({ text: 'delete from audit_entry where id in (select id from kept)' });
      const cut = verified();
      await zone.owner.query({
        text: 'insert into audit_entry (id, time, institution, entry, leaf_hash, sequence) overriding system value select id, time, institution, entry, leaf_hash, sequence from kept',
      });
      await zone.owner.query({ text: 'drop table kept' });
      expect([cut.status, Object.keys(cut.verification.counts)]).toEqual([2, ['MISSING']]);
      expect(cut.verification.findings.at(-1)?.detail).toContain('2 are missing');
    } finally {
      renameSync(moved(), zone.config.auditArchiveFolder);
    }
    expect(await alerts()).toEqual([{ kind: 'VERIFIER_FINDING', count: 1 }]);
  }, 60_000);

  test('with a folder that lacks the file finds the month missing, and names the file', async () => {
    const empty = join(zone.config.zoneHome, 'empty');
    mkdirSync(empty);
    const { status, verification } = verified('--archive', empty);
    expect(status).toBe(2);
    expect(Object.keys(verification.counts)).toEqual(['MISSING']);
    expect(verification.findings[0]?.detail).toContain('recorded as archived: audit-2026-04.jsonl.gz');
    expect(run('--archive', join(empty, 'none')).status).toBe(1);
  }, 60_000);

  test('takes a month that is in both, as after it came back, once', async () => {
    const [file = ''] = readdirSync(zone.config.auditArchiveFolder);
    await keeping().restore(join(zone.config.auditArchiveFolder, file), 'li.wei');
    await seal();
    expect(existsSync(join(zone.config.auditArchiveFolder, file))).toBe(true);
    expect(verified()).toMatchObject({ status: 0, verification: { state: 'CLEAN', index: { state: 'DERIVED', items: 900 } } });
    const { nodes, months } = await trail({ purpose: 'LOAN_APPROVAL' });
    expect(new Map(nodes.map(({ id, leaf }) => [id, leaf]))).toEqual(told.leaves);
    expect(months).toEqual([]);
  }, 60_000);

  test('runs under a role that can record what it found, and change nothing', async () => {
    const verifier = zone.database.open('zone_verifier', { poolSize: 1 });
    for (const text of [
      'delete from audit_entry',
      "update audit_checkpoint set note = ''",
      "update audit_verification set kinds = '{}'",
      'delete from audit_verification',
      "select append_audit(array['x'], array[now()], array[null], array['{}'], array[sha256('x')])",
      'insert into audit_archive_step (archive, step, by_whom, entry) values (1, $$DROPPED$$, $$x$$, $$x$$)',
      'select * from record',
      'select * from alert',
    ])
      await expect(verifier.query({ text })).rejects.toThrow(/permission denied/);
  }, 60_000);
});
