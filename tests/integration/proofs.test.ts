/** Receipts turned into proofs, by GraphQL and by plain HTTP, from a log of a hundred thousand entries. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isBeginning } from '../../src/audit/consistency.js';
import { leafHash } from '../../src/audit/entry.js';
import { treeIn } from '../../src/audit/note.js';
import { openProofs } from '../../src/audit/proofs.js';
import type { Sequencer } from '../../src/audit/sequencer.js';
import { newRequestId } from '../../src/http/requestId.js';
import type { Postgres } from '../../src/postgres.js';
import { openEvidence } from '../../src/zone/evidence.js';
import { addEntries, readNote, rootByInclusion } from '../harness/evidence.js';
import { entriesSince, lastSequence, openWatchedGateway, type WatchedGateway } from '../harness/watched.js';
import { firm, openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
let gateway: WatchedGateway;
let sequencer: Sequencer;
const ids: string[] = [];
const MANY = 100_000;
beforeAll(async () => {
  zone = await openTestZone({ enterprises: 20 });
  sequencer = openEvidence(zone.config, zone.database);
  gateway = await openWatchedGateway(zone);
  for (const count of [1, 255, 1, 3, 4_740, ...Array.from({ length: 19 }, () => 5_000)]) {
    ids.push(...(await addEntries(zone, count)));
    await sequencer.step();
  }
}, 120_000);
afterAll(async () => {
  await gateway?.close();
  await sequencer?.close();
  await zone?.close();
});

const leafHashOf = (text: string) => leafHash(text).toString('hex');
const OFFICER = { login: 'officer', roles: ['GOVERNANCE_OFFICER'] };
const get = (path: string) => gateway.send({ method: 'GET', path });
const codeOf = (text: string) => JSON.parse(text).errors[0].extensions.code;
const keys = async () => (await get('/audit/keys')).text.split('\n').filter(Boolean);
/** Whether a proof's path leads from its receipt to its checkpoint, and the checkpoint is signed. */
async function holds({ receipt, leaf, size, path, checkpoint }: InclusionFile): Promise<boolean> {
  const note = readNote(checkpoint, await keys());
  const root = rootByInclusion({ hash: Buffer.from(receipt.leafHash, 'hex'), leaf, size, path: path.map((hash) => Buffer.from(hash, 'hex')) });
  return note.signers.length === 1 && note.size === size && (root?.equals(note.root) ?? false);
}
interface InclusionFile {
  readonly kind: string;
  readonly receipt: { id: string; time: string; leafHash: string };
  readonly leaf: number;
  readonly size: number;
  readonly path: string[];
  readonly checkpoint: string;
}

describe('a receipt', () => {
  test('of an answer becomes a proof that leads from the entry to a signed checkpoint', async () => {
    const { body } = await gateway.ask(
      `{ enterprise(uscc: "${firm(0)}", inquiry: { purpose: PRE_LOAN_REVIEW, caseNumber: "P-1" }) { registration { basic { establishmentDate } } } }`,
    );
    const { id, leafHash: hash, time } = body.extensions.receipt;
    const pending = await get(`/audit/proof/${id}`);
    expect([pending.status, codeOf(pending.text), pending.headers['retry-after']]).toEqual([409, 'RECEIPT_PENDING', '2']);
    const early = await gateway.ask(`{ inclusionProof(receipt: "${id}") { state receipt { id leafHash } leaf path document } }`);
    expect(early.body.data.inclusionProof).toEqual({ state: 'PENDING', receipt: { id, leafHash: hash }, leaf: null, path: null, document: null });

    await sequencer.step();
    const proven = await get(`/audit/proof/${id}`);
    expect([proven.status, proven.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    const file = JSON.parse(proven.text) as InclusionFile;
    expect([file.kind, file.receipt]).toEqual(['zone-inclusion/1', { id, time, leafHash: hash }]);
    expect(await holds(file)).toBe(true);
    const [row] = await zone.owner.query<{ entry: string }>({ text: 'select entry from audit_entry where id = $1', values: [id] });
    expect(leafHash(row?.entry as string).toString('hex')).toBe(hash);
  });

  test('of anywhere in the log is proven, and each proof fits no other receipt', async () => {
    const files: InclusionFile[] = [];
    for (const position of [0, 1, 255, 256, 257, 259, 260, 4_999, 5_000, 65_535, 65_536, 99_999]) {
      const { text } = await get(`/audit/proof/${ids[position]}`);
      const file = JSON.parse(text) as InclusionFile;
      expect([position, file.leaf, await holds(file)]).toEqual([position, position, true]);
      files.push(file);
    }
    for (const [position, file] of files.entries()) {
      const other = files[(position + 1) % files.length] as InclusionFile;
      expect(await holds({ ...file, receipt: other.receipt })).toBe(false);
      expect(await holds({ ...file, path: file.path.toReversed() })).toBe(false);
    }
  });

  test('is proven from a handful of rows, and nothing is scanned', async () => {
    const postgres = zone.database.open('zone_gateway');
    let rows = 0;
    const count: Postgres['query'] = async (statement) => {
      const found = await postgres.query(statement);
      rows += found.length;
      return found as never;
    };
    const counted: Postgres = { ...postgres, query: count };
    const proofs = openProofs({ postgres: counted });
    await zone.owner.query({ text: 'analyze' });
    const before = postgres.statements;
    for (const position of [0, 70_001, MANY - 1]) {
      rows = 0;
      expect(await proofs.inclusion({ id: ids[position] as string })).toMatchObject({ state: 'PROVEN', leaf: position });
      expect(rows).toBeLessThanOrEqual(8);
    }
    expect(postgres.statements - before).toBe(6);
    const scanned = async () =>
      (
        await zone.owner.query<{ scanned: number }>({
          text: `select coalesce(sum(seq_tup_read), 0)::bigint as scanned from pg_stat_user_tables where relname ~ '^audit_(entry|tile|block)'`,
        })
      )[0]?.scanned ?? 0;
    await postgres.query({ text: 'select pg_stat_force_next_flush()' });
    await postgres.query({ text: 'select' });
    const [early, plain] = [await scanned(), openProofs({ postgres })];
    await plain.inclusion({ id: ids[50_000] as string });
    await plain.consistency(256, 5_000);
    await postgres.query({ text: 'select pg_stat_force_next_flush()' });
    await postgres.query({ text: 'select' });
    expect((await scanned()) - early).toBeLessThan(1_000);
  });

  test('that never was is unknown, and what is no receipt is told so', async () => {
    const unknown = await get(`/audit/proof/${newRequestId()}`);
    expect([unknown.status, codeOf(unknown.text)]).toEqual([404, 'RECEIPT_UNKNOWN']);
    for (const bad of ['1', `${ids[0]}0`, "';select", '%00', ids[0]?.toUpperCase()]) {
      const { status, text } = await get(`/audit/proof/${bad}`);
      expect([bad, status, codeOf(text)]).toEqual([bad, 400, 'BAD_USER_INPUT']);
    }
    const asked = await gateway.ask(`{ inclusionProof(receipt: "${newRequestId()}") { state } }`);
    expect([asked.body.data.inclusionProof, asked.body.errors?.[0]?.extensions.code]).toEqual([null, 'RECEIPT_UNKNOWN']);
  });

  test('whose entry was archived is proven by what the receipt itself says', async () => {
    const positions = [3, 40_000, 61_439, 61_440];
    const files = await Promise.all(positions.map(async (position) => JSON.parse((await get(`/audit/proof/${ids[position]}`)).text) as InclusionFile));
    await zone.owner.query({ text: 'create table archived as select * from audit_entry where id = any($1)', values: [positions.map((one) => ids[one])] });
    await zone.owner.query({ text: 'delete from audit_entry where id in (select id from archived)' });
    try {
      for (const { receipt, leaf } of files) {
        expect((await get(`/audit/proof/${receipt.id}`)).status).toBe(404);
        const { status, text } = await get(`/audit/proof/${receipt.id}?time=${receipt.time}&leafHash=${receipt.leafHash}`);
        const file = JSON.parse(text) as InclusionFile;
        expect([status, file.leaf, file.receipt]).toEqual([200, leaf, receipt]);
        expect(await holds(file)).toBe(true);
        const asked = await gateway.ask(
          `{ inclusionProof(receipt: "${receipt.id}", time: "${receipt.time}", leafHash: "${receipt.leafHash}") { state leaf } }`,
        );
        expect(asked.body.data.inclusionProof).toEqual({ state: 'PROVEN', leaf });
      }
      const [{ receipt }, other] = files as [InclusionFile, InclusionFile];
      for (const [time, leafHash, status] of [
        [receipt.time, leafHashOf('no entry'), 404],
        ['2020-01-01T00:00:00.000Z', other.receipt.leafHash, 404],
        ['2090-01-01T00:00:00.000Z', receipt.leafHash, 404],
        [receipt.time, 'abc', 400],
        ['yesterday', receipt.leafHash, 400],
        ['2026-13-41T00:00:00.000Z', receipt.leafHash, 400],
        ['', receipt.leafHash, 400],
      ])
        expect([time, leafHash, (await get(`/audit/proof/${receipt.id}?time=${time}&leafHash=${leafHash}`)).status]).toEqual([time, leafHash, status]);
      expect((await get(`/audit/proof/${receipt.id}?time=${receipt.time}`)).status).toBe(400);
    } finally {
      await zone.owner.query({ text: 'insert into audit_entry select * from archived' });
      await zone.owner.query({ text: 'drop table archived' });
    }
  });

  test('whose entry was changed afterwards is not proven, but told to contradict the log', async () => {
    const id = ids[12_345] as string;
    const spoil = (how: string) => zone.owner.query({ text: `update audit_entry set leaf_hash = ${how} where id = $1`, values: [id] });
    await spoil("overlay(leaf_hash placing '\\x00' from 1)");
    try {
      const { status, text } = await get(`/audit/proof/${id}`);
      expect([status, codeOf(text)]).toEqual([500, 'LOG_CONTRADICTED']);
      const asked = await gateway.ask(`{ inclusionProof(receipt: "${id}") { state } }`, { staff: OFFICER });
      expect(asked.text).toContain('LOG_CONTRADICTED');
    } finally {
      await zone.owner.query({
        text: `update audit_entry set leaf_hash = sha256('\\x00'::bytea || convert_to(entry, 'UTF8')) where id = $1`,
        values: [id],
      });
    }
    expect((await get(`/audit/proof/${id}`)).status).toBe(200);
  });
});

describe('two checkpoints', () => {
  const sizes = [1, 256, 257, 260, 5_000, 10_000, 65_000, 100_000];

  test('are proven to be of one log, whichever they are', async () => {
    for (const older of sizes)
      for (const newer of sizes.filter((size) => size >= older)) {
        const { status, text } = await get(`/audit/consistency?older=${older}&newer=${newer}`);
        const file = JSON.parse(text) as { kind: string; older: string; newer: string; path: string[] };
        expect([older, newer, status, file.kind]).toEqual([older, newer, 200, 'zone-consistency/1']);
        const [first, second] = [treeIn(file.older), treeIn(file.newer)];
        const path = file.path.map((hash) => Buffer.from(hash, 'hex'));
        expect([first?.size, second?.size]).toEqual([older, newer]);
        expect(first && second && isBeginning(first, second, path)).toBe(true);
      }
  });

  test('are told with the newest where only one is named', async () => {
    const { text } = await get('/audit/consistency?older=256');
    expect(treeIn(JSON.parse(text).newer)?.size).toBe(treeIn((await get('/audit/checkpoint')).text)?.size);
  });

  test.each([
    ['older=two', 400, 'BAD_USER_INPUT'],
    ['older=-1', 400, 'BAD_USER_INPUT'],
    ['older=1&older=2', 400, 'BAD_USER_INPUT'],
    ['older=1e3', 400, 'BAD_USER_INPUT'],
    ['', 400, 'BAD_USER_INPUT'],
    ['older=256&newer=', 400, 'BAD_USER_INPUT'],
    ['older=7', 404, 'CHECKPOINT_UNKNOWN'],
    ['older=260&newer=256', 404, 'CHECKPOINT_UNKNOWN'],
    ['older=999999999999999', 404, 'CHECKPOINT_UNKNOWN'],
  ])('asked as %s are refused by name', async (query, status, code) => {
    const answered = await get(`/audit/consistency?${query}`);
    expect([answered.status, codeOf(answered.text)]).toEqual([status, code]);
  });
});

describe('by GraphQL', () => {
  const QUERY = `query ($receipt: ID!) {
    checkpoint { size time root note } first: checkpoint(leaf: 200) { size } none: checkpoint(leaf: 1e9) { size } auditKeys { id verifier since retiredAt }
    inclusionProof(receipt: $receipt) { state leaf path checkpoint { size note } document }
    consistencyProof(older: 256, newer: 5000) { older { size } newer { size } path document }
  }`;

  test.each([
    ['an institution', { institution: 'bank-01' }],
    ['an enterprise', { enterprise: firm(1) }],
    ['an officer', { staff: OFFICER }],
    ['an auditor', { staff: { login: 'auditor', roles: ['AUDITOR'] } }],
  ])('%s reads checkpoint, keys and proofs, and it stands in the log that it did', async (_, who) => {
    const since = await lastSequence(zone);
    const { body } = await gateway.ask(QUERY, { ...who, variables: { receipt: ids[700] } });
    expect(body.errors).toBeUndefined();
    const { checkpoint, first, none, auditKeys, inclusionProof, consistencyProof } = body.data;
    expect([first.size, none]).toEqual([256, null]);
    expect(readNote(checkpoint.note, await keys())).toEqual({ size: checkpoint.size, root: Buffer.from(checkpoint.root, 'hex'), signers: await keys() });
    expect(auditKeys.map(({ verifier, retiredAt }: { verifier: string; retiredAt: string | null }) => [verifier, retiredAt])).toEqual([
      [(await keys())[0], null],
    ]);
    expect([inclusionProof.state, inclusionProof.leaf]).toEqual(['PROVEN', 700]);
    expect(await holds(JSON.parse(inclusionProof.document))).toBe(true);
    expect(JSON.parse(consistencyProof.document)).toMatchObject({ kind: 'zone-consistency/1', path: consistencyProof.path });
    expect(await entriesSince(zone, since)).toMatchObject([{ lookups: [{ field: 'inclusionProof', filter: { receipt: ids[700] }, returned: 1 }] }]);
  });

  test('numbers that are none are refused', async () => {
    for (const query of ['{ checkpoint(leaf: -1) { size } }', '{ checkpoint(leaf: 1.5) { size } }', '{ consistencyProof(older: 0.5) { path } }'])
      expect((await gateway.ask(query)).text).toContain('BAD_USER_INPUT');
    expect((await gateway.ask('{ consistencyProof(older: 3) { path } }')).text).toContain('CHECKPOINT_UNKNOWN');
  });
});

test('plain HTTP leaves no entry, takes no other method, and sheds what is too much', async () => {
  const since = await lastSequence(zone);
  const note = await get('/audit/checkpoint');
  expect([note.status, note.headers['content-type'], note.headers['cache-control']]).toEqual([200, 'text/plain; charset=utf-8', 'no-store']);
  expect((await gateway.send({ method: 'POST', path: '/audit/checkpoint', body: '{}' })).status).toBe(404);
  const statuses = await Promise.all(Array.from({ length: 400 }, () => gateway.server.inject('/audit/checkpoint').then(({ statusCode }) => statusCode)));
  expect(new Set(statuses)).toEqual(new Set([200, 503]));
  expect(await entriesSince(zone, since)).toEqual([]);
});

test('plain HTTP keeps no reader waiting, and what went wrong there is logged', async () => {
  // The flood above may have left the usual address without places for a while.
  const ofAnother = () => gateway.server.inject({ url: '/audit/keys', remoteAddress: '10.20.30.40' }).then(({ statusCode }) => statusCode);
  let waiting = 8;
  let asked: Promise<number[]> = Promise.resolve([]);
  await zone.owner.transaction(async (client) => {
    await client.query('lock table audit_key in access exclusive mode');
    const answered = async () => {
      const statusCode = await ofAnother();
      waiting--;
      return statusCode;
    };
    asked = Promise.all(Array.from({ length: waiting }, answered));
    const read = await gateway.ask(`{ enterprise(uscc: "${firm(1)}", inquiry: { purpose: PRE_LOAN_REVIEW, caseNumber: "G-1" }) { name } }`);
    expect([read.status, read.body.errors, waiting]).toEqual([200, undefined, 8]);
  });
  expect(await asked).toHaveLength(8);

  await zone.owner.query({ text: 'alter table audit_key rename to audit_key_away' });
  try {
    expect(await ofAnother()).toBe(500);
  } finally {
    await zone.owner.query({ text: 'alter table audit_key_away rename to audit_key' });
  }
  expect(gateway.logged()).toContain('audit_key');
  expect(await ofAnother()).toBe(200);
}, 20_000);
