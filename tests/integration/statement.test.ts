/** The statement of an enterprise as it, officers and others come to it; and what its proof says to whoever has nothing but the key. */
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type AuditEntry, canonical, leafHash } from '../../src/audit/entry.js';
import { openSigner } from '../../src/audit/signer.js';
import { dayOf, digestOf, extractHashOf } from '../../src/audit/subjectTree.js';
import { verifyStatement } from '../../src/verify/statement.js';
import { type EntryText, verifySubjects } from '../../src/verify/subjects.js';
import { openEvidence } from '../../src/zone/evidence.js';
import { PROJECT } from '../harness/house.js';
import { entryOf, NOW, openWatchedGateway, type Staff, type WatchedGateway } from '../harness/watched.js';
import { type Answered, firm, openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
let gateway: WatchedGateway;
let keys: string;
let step: () => Promise<unknown>;
beforeAll(async () => {
  zone = await openTestZone({ enterprises: 12 });
  gateway = await openWatchedGateway(zone);
  const sequencer = openEvidence(zone.config, zone.database, undefined, () => NOW);
  step = () => sequencer.step();
  keys = openSigner({ file: zone.config.auditKeyFile, origin: zone.config.auditOrigin }).verifierKey;
}, 120_000);
afterAll(async () => {
  await gateway?.close();
  await zone?.close();
});

const OFFICER: Staff = { login: 'li.wei', roles: ['GOVERNANCE_OFFICER'] };
const SECOND: Staff = { login: 'zhao.min', roles: ['GOVERNANCE_OFFICER'] };
const AUDITOR: Staff = { login: 'wang.fang', roles: ['AUDITOR'] };
const FIELDS = `total completeThrough checkpoint { size note } pageInfo { hasNextPage endCursor } proof entries { __typename
  ... on StatementRead { state ordinal receipt { id time leafHash } institution institutionName { zh en } client operator purpose caseNumber consents code superseded supersedes unknown
    outcomes { field category clear masked denied { reason names } } }
  ... on StatementDelay { state ordinal until } }`;
type Who = { institution?: string; staff?: Staff; enterprise?: string };
const SPAN = 'from: "2026-11-01T00:00:00Z", until: "2026-12-01T00:00:00+08:00"';
const ask = (uscc: string, who: Who, args = SPAN, fields = FIELDS): Promise<Answered> =>
  gateway.ask(`{ enterpriseStatement(uscc: "${uscc}", ${args}) { ${fields} } }`, who);
const stated = async (index: number, who: Who = { enterprise: firm(index) }, args = SPAN) => (await ask(firm(index), who, args)).body.data?.enterpriseStatement;

const BASIC = 'registration { basic { enterpriseName registeredCapital } } tax { valueAddedTaxReturns(first: 1) { taxableSales } }';
const read = (index: number, caseNumber: string, institution = 'bank-01') =>
  gateway.ask(
    `{ enterprise(uscc: "${firm(index)}", inquiry: { purpose: LOAN_APPROVAL, caseNumber: "${caseNumber}", operator: "chen.hua" }) { uscc ${BASIC} } }`,
    {
      institution,
    },
  );
const batch = (indexes: readonly number[], caseNumber: string) =>
  gateway.ask(
    `{ enterprises(usccs: ${JSON.stringify(indexes.map(firm))}, inquiry: { purpose: LOAN_APPROVAL, caseNumber: "${caseNumber}" }) { ... on Enterprise { ${BASIC} } } }`,
  );

describe('A statement', () => {
  test('before anything is sequenced is empty and gives no proof', async () => {
    const fields = FIELDS.replace(' proof ', ' ');
    const { enterpriseStatement } = (await ask(firm(5), { enterprise: firm(5) }, SPAN, fields)).body.data;
    expect(enterpriseStatement).toMatchObject({ total: 0, completeThrough: null, checkpoint: null, entries: [] });
    const { status, body } = await ask(firm(5), { enterprise: firm(5) });
    expect([status, body.errors?.[0]?.extensions.code]).toEqual([503, 'STATEMENT_NOT_READY']);
  });

  test('tells who read what, when, why and under which consent; and proves it', async () => {
    const first = await read(0, 'A-1');
    const refused = await read(4, 'A-2', 'bank-03');
    await batch([0, 1, 2, 3, 4], 'A-3');
    await step();
    const { total, entries, checkpoint, completeThrough, proof } = await stated(0);
    expect([total, entries.length, completeThrough]).toEqual([2, 2, NOW.toISOString()]);
    expect(entries[1]).toMatchObject({
      state: 'DISCLOSED',
      ordinal: 1,
      receipt: first.body.extensions.receipt,
      institution: 'bank-01',
      institutionName: { zh: expect.any(String), en: expect.any(String) },
      operator: 'chen.hua',
      purpose: 'LOAN_APPROVAL',
      caseNumber: 'A-1',
      code: null,
      superseded: false,
      unknown: false,
    });
    expect(entries[1].outcomes).toContainEqual({
      field: 'enterprise',
      category: 'registration.basic',
      clear: ['enterpriseName', 'registeredCapital'],
      masked: [],
      denied: [],
    });
    expect(entries[1].consents).toHaveLength(1);
    expect(entries[0]).toMatchObject({ caseNumber: 'A-3', operator: null });
    const verdict = verifyStatement(proof, keys);
    expect(verdict).toMatchObject({
      ok: true,
      proven: { uscc: firm(0), count: 2, delayed: [], outside: 0, size: checkpoint.size, signedAt: NOW.toISOString() },
    });
    expect(verdict.ok && verdict.proven.reads.map(({ content }) => content.caseNumber)).toEqual(['A-1', 'A-3']);
    // Denials stand in it too.
    const [, denied] = (await stated(4)).entries;
    expect(denied).toMatchObject({ institution: 'bank-03', receipt: { id: refused.body.extensions.receipt.id } });
    expect(denied.outcomes.flatMap((one: { denied: { reason: string }[] }) => one.denied.map(({ reason }) => reason))).toContain('GRADE_TOO_HIGH');
  });

  test('of whom nobody asked is proven to be empty', async () => {
    const { total, proof } = await stated(5);
    expect(total).toBe(0);
    expect(verifyStatement(proof, keys)).toMatchObject({ ok: true, proven: { count: 0, reads: [], delayed: [] } });
  });

  test('names no other enterprise, whatever was asked together', async () => {
    await batch([0, 1, 2, 3, 4, 6, 7, 8], 'A-4');
    await step();
    for (const index of [0, 4, 5, 8]) {
      const { text } = await ask(firm(index), { enterprise: firm(index) });
      for (const other of Array.from({ length: 12 }, (_, place) => place).filter((place) => place !== index)) expect(text).not.toContain(firm(other));
    }
  });

  test('leaves days before the span away, and tells of later reads their time only', async () => {
    const later = await stated(0, undefined, 'from: "2026-11-23T00:00:00Z", until: "2026-12-01T00:00:00Z"');
    expect([later.total, JSON.parse(later.proof).items]).toEqual([0, []]);
    expect(verifyStatement(later.proof, keys)).toMatchObject({ ok: true, proven: { reads: [], outside: 3, count: 3 } });
    const earlier = await stated(0, undefined, 'from: "2026-11-01T00:00:00Z", until: "2026-11-22T00:00:00Z"');
    expect(JSON.parse(earlier.proof).items).toHaveLength(3);
    expect(earlier.proof).not.toContain('A-1');
    expect(verifyStatement(earlier.proof, keys)).toMatchObject({ ok: true, proven: { reads: [], outside: 3 } });
  });

  test('is paged, the newest first', async () => {
    const page = async (more: string) => stated(0, undefined, `${SPAN}, first: 2${more}`);
    const one = await page('');
    expect([one.entries.map(({ ordinal }: { ordinal: number }) => ordinal), one.pageInfo]).toEqual([[3, 2], { hasNextPage: true, endCursor: '2' }]);
    const two = await page(`, after: "${one.pageInfo.endCursor}"`);
    expect([two.entries.map(({ ordinal }: { ordinal: number }) => ordinal), two.pageInfo.hasNextPage]).toEqual([[1], false]);
  });

  test('says how far it is complete while entries wait', async () => {
    await read(0, 'A-5');
    const waiting = await stated(0);
    expect([waiting.total, waiting.completeThrough]).toEqual([3, NOW.toISOString()]);
    await step();
    expect((await stated(0)).total).toBe(4);
  });
});

describe('Who may see one', () => {
  test('the enterprise its own, officers and auditors any; a look stands in the log', async () => {
    expect((await ask(firm(1), { enterprise: firm(0) })).body.errors?.[0]?.extensions.code).toBe('ACCESS_DENIED');
    for (const staff of [OFFICER, AUDITOR]) expect((await ask(firm(1), { staff })).body.data.enterpriseStatement.total).toBeGreaterThan(0);
    for (const role of ['PROVIDER_STEWARD', 'DASHBOARD_READER']) expect((await ask(firm(1), { staff: { login: 'sun.li', roles: [role] } })).status).toBe(400);
    expect((await ask(firm(1), { institution: 'bank-01' })).body.errors?.[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
    const answer = await ask(firm(1), { enterprise: firm(1) });
    const entry = await entryOf(zone, answer.body.extensions.receipt.id);
    expect(entry).toMatchObject({
      enterprise: firm(1),
      lookups: [{ field: 'enterpriseStatement', filter: { enterprise: firm(1), from: '2026-11-01T00:00:00.000Z', proved: true }, returned: 2 }],
    });
  });

  test.each([
    ['a span that ends before it begins', 'from: "2026-12-01T00:00:00Z", until: "2026-11-01T00:00:00Z"', 'BAD_USER_INPUT'],
    ['a page too long', `${SPAN}, first: 101`, 'INVALID_PAGE'],
    ['a cursor that is none', `${SPAN}, after: "x"`, 'INVALID_PAGE'],
  ])('%s is refused', async (_what, args, code) => {
    expect((await ask(firm(1), { enterprise: firm(1) }, args)).body.errors?.[0]?.extensions.code).toBe(code);
  });
});

describe('Delayed disclosure', () => {
  const change = async (mutation: string, staff: Staff, selection = 'state policyVersion proposal { id } userErrors { field code }') =>
    (await gateway.ask(`mutation { change: ${mutation.replace(')', `, idempotencyKey: "${randomUUID()}")`)} { ${selection} } }`, { staff })).body;
  const delay = (input: string, staff = OFFICER) => change(`delayDisclosure(input: { ${input} }, reason: "an investigation")`, staff);
  const approve = async (proposal: string, staff = SECOND) => (await change(`approveProposal(proposal: "${proposal}", reason: "seen")`, staff)).data.change;

  test('needs a second officer, is shown as delayed and ends at once', async () => {
    const [
      ,
      {
        receipt: { id: receipt },
      },
    ] = (await stated(1)).entries;
    const proposed = (await delay('institution: "bank-01", caseNumber: "A-3", days: 30')).data.change;
    expect(proposed).toMatchObject({ state: 'PROPOSED', policyVersion: null, userErrors: [] });
    expect((await stated(1)).proof).toContain('A-3');
    expect((await approve(proposed.proposal.id, OFFICER)).userErrors).toMatchObject([{ code: 'SAME_OFFICER' }]);
    const applied = await approve(proposed.proposal.id);
    expect(applied).toMatchObject({ state: 'APPLIED', userErrors: [] });

    const { total, entries, proof } = await stated(1);
    expect(total).toBe(2);
    // A read of 22 November is told thirty days after that day (UTC) is over, whatever its hour.
    expect(entries[1]).toEqual({ __typename: 'StatementDelay', state: 'DELAYED', ordinal: 1, until: '2026-12-23T00:00:00.000Z' });
    const { text } = await ask(firm(1), { enterprise: firm(1) });
    expect(text).not.toContain('A-3');
    expect(verifyStatement(proof, keys)).toMatchObject({
      ok: true,
      proven: { count: 2, delayed: [{ ordinal: 1, until: '2026-12-23T00:00:00.000Z' }], reads: [{ ordinal: 2 }] },
    });
    // Nor is it explained to the enterprise, by whatever way it has the receipt.
    const explain = async (who: Who) => (await gateway.ask(`{ explainDecision(receipt: "${receipt}") { time } }`, who)).body;
    expect((await explain({ enterprise: firm(1) })).errors?.[0]?.extensions.code).toBe('RECEIPT_UNKNOWN');
    expect((await explain({ staff: AUDITOR })).data.explainDecision).not.toBeNull();
    // Nor does a span tell that avoids it.
    const avoided = await stated(1, undefined, 'from: "2026-11-01T00:00:00Z", until: "2026-11-02T00:00:00Z"');
    expect(JSON.parse(avoided.proof).items[0]).toEqual({ ordinal: 1, latest: expect.any(Number), digest: expect.any(String), until: expect.any(String) });

    // Nor do spans that halve its day: it is of each, and of no other day.
    const counted = async (span: string) => (await ask(firm(1), { enterprise: firm(1) }, span, 'total entries { __typename }')).body.data.enterpriseStatement;
    const delayedIn = async (from: string, until: string) =>
      (await counted(`from: "${from}", until: "${until}"`)).entries.filter((one: { __typename: string }) => one.__typename === 'StatementDelay').length;
    const halves = ['2026-11-22T00:00:00Z', '2026-11-22T07:59:59.999Z', '2026-11-22T08:00:00Z', '2026-11-22T08:00:00.001Z', '2026-11-23T00:00:00Z'];
    for (const [place, from] of halves.slice(0, -1).entries()) expect([from, await delayedIn(from, halves[place + 1] as string)]).toEqual([from, 1]);
    expect((await counted('from: "2026-11-22T09:00:00Z", until: "2026-11-22T10:00:00Z"')).total).toBe(1);
    expect(await delayedIn('2026-11-21T00:00:00Z', '2026-11-22T00:00:00Z')).toBe(0);
    expect(await delayedIn('2026-11-23T00:00:00Z', '2026-11-24T00:00:00Z')).toBe(0);
    // Where it begins a page, too.
    const paged = await stated(1, undefined, 'from: "2026-11-22T09:00:00Z", until: "2026-11-22T10:00:00Z", after: "2"');
    expect(paged.entries).toMatchObject([{ __typename: 'StatementDelay', ordinal: 1 }]);

    const versions = await gateway.ask(
      `{ governance { comparePolicies(from: ${applied.policyVersion - 1}, to: ${applied.policyVersion}) { kind before after } policy { disclosureDelays { id institution purpose caseNumber days ended } } } }`,
      { staff: AUDITOR },
    );
    const { comparePolicies, policy } = versions.body.data.governance;
    expect(comparePolicies).toMatchObject([{ kind: 'DELAY', before: null }]);
    expect(policy.disclosureDelays).toMatchObject([{ institution: 'bank-01', purpose: null, caseNumber: 'A-3', days: 30, ended: false }]);
    const [{ id }] = policy.disclosureDelays;
    expect((await change(`endDisclosureDelay(delay: "${id}", reason: "closed")`, OFFICER)).data.change).toMatchObject({ state: 'APPLIED', userErrors: [] });
    expect((await stated(1)).proof).toContain('A-3');
    expect((await change(`endDisclosureDelay(delay: "${id}", reason: "closed")`, OFFICER)).data.change.userErrors).toMatchObject([{ code: 'NOTHING_CHANGES' }]);
  });

  test.each([
    ['nothing named', 'days: 30', ['input'], 'EMPTY'],
    ['no days', 'institution: "bank-01", days: 0', ['input', 'days'], 'OUT_OF_RANGE'],
    ['years', 'institution: "bank-01", days: 731', ['input', 'days'], 'OUT_OF_RANGE'],
    ['an institution that is none', 'institution: "bank-99", days: 3', ['input', 'institution'], 'UNKNOWN'],
    ['an empty case', 'caseNumber: " ", days: 3', ['input', 'caseNumber'], 'EMPTY'],
  ])('of %s is refused', async (_what, input, field, code) => {
    expect((await delay(input)).data.change.userErrors).toEqual([{ field, code }]);
  });

  test('is for officers only', async () => {
    expect((await delay('institution: "bank-01", days: 3', AUDITOR)).errors?.[0]?.extensions.code).toBe('OPERATION_NOT_SUPPORTED');
  });
});

/** Adds entries as a gateway would have. */
async function append(entries: readonly AuditEntry[]): Promise<void> {
  const texts = entries.map(canonical);
  await zone.owner.query({
    text: 'select append_audit($1, $2, $3, $4, $5)',
    values: [
      entries.map(({ id }) => id),
      entries.map(({ time }) => time),
      entries.map(({ institution }) => institution),
      texts,
      texts.map((text) => leafHash(text)),
    ],
  });
}

describe('What became of a read', () => {
  test('an answer that was thrown away is told as such, and its successor too', async () => {
    const { id, time } = (await read(2, 'S-1')).body.extensions.receipt;
    const entry = await entryOf(zone, id);
    const successor = id.replace(/.{4}$/, 'ffff');
    await append([{ ...entry, id: successor, supersedes: id }]);
    await step();
    const [later, earlier] = (await stated(2)).entries;
    expect(later).toMatchObject({ receipt: { id: successor, time }, superseded: false, supersedes: id });
    expect(earlier).toMatchObject({ receipt: { id }, superseded: true, supersedes: null });
  });

  test('a code that the zone does not hold has its statement too', async () => {
    const stranger = '91350100M000100Y43';
    await gateway.ask(`{ enterprise(uscc: "${stranger}", inquiry: { purpose: LOAN_APPROVAL, caseNumber: "U-1" }) { uscc } }`);
    await step();
    const { entries, proof } = (await ask(stranger, { staff: AUDITOR })).body.data.enterpriseStatement;
    expect(entries).toMatchObject([{ caseNumber: 'U-1', unknown: true }]);
    expect(verifyStatement(proof, keys)).toMatchObject({ ok: true, proven: { count: 1 } });
  });
});

describe('While others sequence', () => {
  test('every statement fits one checkpoint, and none loses a read that was answered before', async () => {
    const others = [openEvidence(zone.config, zone.database, undefined, () => NOW), openEvidence(zone.config, zone.database, undefined, () => NOW)];
    let ended = false;
    const stepping = Promise.all(
      others.map(async (sequencer) => {
        while (!ended) await sequencer.step();
      }),
    );
    const counts: number[] = [];
    for (let round = 0; round < 12; round++) {
      const [, answer] = await Promise.all([batch([6, 7, 8], `W-${round}`), ask(firm(7), { enterprise: firm(7) })]);
      const { proof, total, checkpoint } = answer.body.data.enterpriseStatement;
      expect(verifyStatement(proof, keys)).toMatchObject({ ok: true, proven: { count: total, size: checkpoint.size } });
      counts.push(total);
    }
    ended = true;
    await stepping;
    expect(counts).toEqual([...counts].sort((left, right) => left - right));
    await step();
    expect((await stated(7)).total).toBe((counts[0] as number) + 12);
  });
});

describe('A log with many reads of one enterprise', () => {
  const DAY_MS = 86_400_000;

  test('is stated from a later time on, where one proof would hold too many', async () => {
    const template = await entryOf(zone, (await read(3, 'M-0')).body.extensions.receipt.id);
    const entries = Array.from({ length: 10_050 }, (_, number): AuditEntry => {
      const time = new Date(NOW.getTime() + Math.floor(number / 1_000) * DAY_MS);
      const milliseconds = time.getTime().toString(16).padStart(12, '0');
      const id = `${milliseconds.slice(0, 8)}-${milliseconds.slice(8)}-7${(number % 1_000).toString().padStart(3, '0')}-8000-00000000${number.toString().padStart(4, '0').slice(-4)}`;
      return { ...template, id, time: time.toISOString(), caseNumber: `M-${number}` };
    });
    for (let at = 0; at < entries.length; at += 1_000) await append(entries.slice(at, at + 1_000));
    for (let rounds = 0; rounds < 4; rounds++) await step();
    const long = 'from: "2026-11-01T00:00:00Z", until: "2027-11-01T00:00:00Z", first: 1';
    expect((await ask(firm(3), { enterprise: firm(3) }, long)).body.errors?.[0]?.extensions.code).toBe('STATEMENT_TOO_LONG');
    const paged = (await ask(firm(3), { enterprise: firm(3) }, long, 'total entries { ... on StatementRead { caseNumber } }')).body.data.enterpriseStatement;
    expect([paged.total > 10_050, paged.entries]).toEqual([true, [{ caseNumber: 'M-10049' }]]);
    // Whatever came after a span, it is stated.
    const early = await stated(3, undefined, 'from: "2026-11-22T00:00:00Z", until: "2026-11-22T12:00:00Z", first: 1');
    expect(JSON.parse(early.proof).items.length).toBeGreaterThan(10_050);
    expect(verifyStatement(early.proof, keys)).toMatchObject({ ok: true, proven: { count: paged.total } });
    const late = await stated(3, undefined, 'from: "2026-11-30T08:00:00Z", until: "2026-11-30T20:00:00Z", first: 1');
    expect(late.total).toBe(1_000);
    expect(verifyStatement(late.proof, keys)).toMatchObject({ ok: true, proven: { count: paged.total, delayed: [] } });
    expect(JSON.parse(late.proof).items.length).toBe(2_050);
  }, 120_000);

  test('all chains are made anew from the entries, and have the root that was signed', async () => {
    const rows = await zone.owner.query<EntryText>({ text: 'select leaf_hash as "leafHash", entry as text from audit_entry order by sequence' });
    await step();
    const [last] = await zone.owner.query<{ note: string; size: number }>({ text: 'select note, size from audit_checkpoint order by number desc limit 1' });
    const line = last?.note.split('\n').find((one) => one.startsWith('enterprises ')) as string;
    const streamed = async function* (left = rows) {
      yield* left;
    };
    expect(last?.size).toBe(rows.length);
    expect(await verifySubjects(streamed(), line)).toMatchObject({ ok: true });
    const without = rows.filter(({ text }) => !text.includes('"M-5000"'));
    expect(await verifySubjects(streamed(without), line)).toMatchObject({ ok: false, expected: line });
    const edited = rows.map((row) => ({ ...row, text: row.text.replace('"caseNumber":"A-1"', '"caseNumber":"A-9"') }));
    expect((await verifySubjects(streamed(edited), line)).ok).toBe(false);
  }, 60_000);
});

test('The command says what is proven, and fails where something does not hold', async () => {
  const [statement, trusted] = ['statement.json', 'keys.txt'].map((name) => join(zone.config.zoneHome, name)) as [string, string];
  const { proof } = await stated(0);
  writeFileSync(trusted, `${keys}\n`);
  const verify = (text: string) => {
    writeFileSync(statement, text);
    const args = [join(PROJECT, 'dist', 'main.js'), 'audit', 'verify-statement', '--statement', statement, '--keys', trusted];
    return spawnSync(process.execPath, args, { encoding: 'utf8', env: {} });
  };
  const good = verify(proof);
  expect([good.status, good.stderr]).toEqual([0, '']);
  expect(good.stdout).toMatch(/^✓ .*nothing is left out/);
  expect(good.stdout).toContain('A-1');
  // Of what is told later it says so, first of all: the same item as its digest, as where policy delays it.
  const untold = JSON.parse(proof);
  const [{ ordinal, time, extract }] = untold.items;
  const digest = digestOf(Date.parse(time), extractHashOf(extract)).toString('hex');
  untold.items[0] = { ordinal, latest: dayOf(Date.parse(time)), digest, until: '2027-01-01T00:00:00.000Z' };
  const delayed = verify(JSON.stringify(untold));
  expect([delayed.status, delayed.stdout.split('\n')[0]]).toEqual([3, expect.stringMatching(/of 1 reads nothing is told yet$/)]);
  expect(delayed.stdout).not.toContain('nothing is left out');
  expect(delayed.stdout).toContain('1 delayed, 0 archived');
  const bad = verify(proof.replaceAll('A-1', 'A-7'));
  expect([bad.status, bad.stdout]).toEqual([1, expect.stringContaining('NOT_IN_THE_LOG')]);
}, 60_000);
