/** The life cycle of policy, requests and consents, as institutions, officers and enterprises go through it. */
import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Standing } from '../../src/access/evidence.js';
import { type Policy, standingOf } from '../../src/access/policy.js';
import type { AuditEntry } from '../../src/audit/entry.js';
import { readPolicy } from '../../src/governance/policies.js';
import { openGrounds } from '../../src/grounds/grounds.js';
import { entryOf, openWatchedGateway, type Staff, type WatchedGateway } from '../harness/watched.js';
import { type Answered, firm, openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
let gateway: WatchedGateway;
beforeAll(async () => {
  zone = await openTestZone({ enterprises: 12 });
  gateway = await openWatchedGateway(zone);
}, 120_000);
afterAll(async () => {
  await gateway?.close();
  await zone?.close();
});

const OFFICER: Staff = { login: 'li.wei', roles: ['GOVERNANCE_OFFICER'] };
const SECOND: Staff = { login: 'zhao.min', roles: ['GOVERNANCE_OFFICER'] };
const AUDITOR: Staff = { login: 'wang.fang', roles: ['AUDITOR'] };
const UNTIL = '2028-06-30T00:00:00+08:00';
const key = () => randomUUID();

type Who = { institution?: string; staff?: Staff; enterprise?: string };
/** Sends a mutation and gives its payload; `given` are its arguments, a key is added where there is none. */
async function change(name: string, given: Record<string, unknown>, who: Who, selection: string): Promise<{ answer: Answered; payload: Payload }> {
  const args = { idempotencyKey: key(), ...given };
  const answer = await gateway.ask(`mutation { ${name}(${literal(args).slice(1, -1)}) { ${selection} userErrors { field code message { zh en } } } }`, who);
  return { answer, payload: answer.body.data?.[name] };
}
interface Payload {
  // biome-ignore lint/suspicious/noExplicitAny: payloads of every shape
  [field: string]: any;
  userErrors: { field: string[]; code: string }[];
}
const ENUMS = /^(?:[A-Z]+_)*[A-Z]+$/;
/** A value as GraphQL writes it; words in capitals are enum values. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([name, inner]) => `${name}: ${literal(inner)}`)
      .join(', ')}}`;
  return typeof value === 'string' && ENUMS.test(value) ? value : JSON.stringify(value);
}
const changePolicy = (name: string, given: Record<string, unknown>, staff: Staff = OFFICER) =>
  change(name, { reason: 'because of a test', ...given }, { staff }, 'state policyVersion proposal { id state author officer version }');
const codesOf = ({ userErrors }: Payload) => userErrors.map(({ code }) => code);
const entriesAbout = async (answer: Answered): Promise<AuditEntry> => entryOf(zone, answer.body.extensions.receipt.id);

const READ = (index: number, fields = 'realEstate { ownerships(first: 1) { titleCertificateNumber } }') =>
  `{ enterprise(uscc: "${firm(index)}", inquiry: { purpose: PRE_LOAN_REVIEW, caseNumber: "G-1" }) { uscc ${fields} } }`;

async function versionNow(): Promise<number> {
  const [row] = await zone.owner.query<{ version: number }>({ text: 'select max(version) as version from policy_version' });
  return row?.version as number;
}

describe('What narrows', () => {
  test('takes effect at once, as a new version; the old one can still be shown', async () => {
    const before = await versionNow();
    const grant = 'bank-17-G1';
    const { answer, payload } = await changePolicy('revokeGrant', { grant });
    expect(payload).toMatchObject({ state: 'APPLIED', policyVersion: before + 1, proposal: null, userErrors: [] });
    expect(await entriesAbout(answer)).toMatchObject({
      outcome: 'ANSWERED',
      institution: null,
      staff: 'li.wei',
      fields: ['revokeGrant'],
      changes: [
        { mutation: 'revokeGrant', state: 'DONE', policyVersion: before + 1, institutions: ['bank-17'], detail: [{ change: 'REVOKE_GRANT', id: grant }] },
      ],
    });
    const shown = await gateway.ask(
      `{ governance { now: policy { version institutions { institution grants { id revoked } } } then: policy(version: ${before}) { version institutions { institution grants { id revoked } } }
         comparePolicies(from: ${before}, to: ${before + 1}) { kind subject before after } policyVersions(first: 1) { version author reason institutions changes { change detail } } } }`,
      { staff: AUDITOR },
    );
    const { now, then: past, comparePolicies, policyVersions } = shown.body.data.governance;
    const revokedIn = (policy: { institutions: { institution: string; grants: { id: string; revoked: boolean }[] }[] }) =>
      policy.institutions.find(({ institution }) => institution === 'bank-17')?.grants.find(({ id }) => id === grant)?.revoked;
    expect([revokedIn(past), revokedIn(now)]).toEqual([false, true]);
    expect(comparePolicies).toMatchObject([{ kind: 'GRANT', subject: grant }]);
    expect(policyVersions).toEqual([
      {
        version: before + 1,
        author: 'staff:li.wei',
        reason: 'because of a test',
        institutions: ['bank-17'],
        changes: [{ change: 'REVOKE_GRANT', detail: JSON.stringify({ id: grant }) }],
      },
    ]);
    // Twice is no change.
    expect(codesOf((await changePolicy('revokeGrant', { grant })).payload)).toEqual(['NOTHING_CHANGES']);
  });

  test('a suspended institution is given nothing, and hands nothing in', async () => {
    expect((await changePolicy('suspendInstitution', { institution: 'bank-16' })).payload.state).toBe('APPLIED');
    const read = await gateway.ask(READ(0, 'registration { basic { enterpriseName } }'), { institution: 'bank-16' });
    expect(read.body.errors?.[0]?.extensions.reason).toBe('INSTITUTION_INACTIVE');
    const asked = await change('requestAccess', ACCESS, { institution: 'bank-16' }, 'request { id }');
    expect(asked.answer.status).toBe(403);
    // Restoring widens.
    const { payload } = await changePolicy('restoreInstitution', { institution: 'bank-16' });
    expect(payload).toMatchObject({ state: 'PROPOSED', policyVersion: null });
    expect((await changePolicy('approveProposal', { proposal: payload.proposal.id }, SECOND)).payload.state).toBe('APPLIED');
    const again = await gateway.ask(READ(0, 'registration { basic { enterpriseName } }'), { institution: 'bank-16' });
    expect(again.body.data.enterprise.registration.basic.enterpriseName).toBeTruthy();
  });
});

const ACCESS = { input: { purposes: ['PRE_LOAN_REVIEW'], scope: ['realEstate'], effect: 'CLEAR', validUntil: UNTIL, justification: 'mortgage loans' } };

describe('What widens', () => {
  const WIDER = {
    input: { institution: 'bank-06', purposes: ['PRE_LOAN_REVIEW'], scope: ['judicial'], effect: 'MASKED', validUntil: UNTIL },
  };

  test('waits for a second officer, who is not the first; nothing is seen before', async () => {
    const before = await versionNow();
    const { payload } = await changePolicy('grantAccess', WIDER);
    expect(payload).toMatchObject({ state: 'PROPOSED', policyVersion: null, proposal: { state: 'OPEN', author: 'staff:li.wei' } });
    expect(await versionNow()).toBe(before);
    const proposal = payload.proposal.id;
    expect(codesOf((await changePolicy('approveProposal', { proposal })).payload)).toEqual(['SAME_OFFICER']);
    const { payload: approved } = await changePolicy('approveProposal', { proposal }, SECOND);
    expect(approved).toMatchObject({
      state: 'APPLIED',
      policyVersion: before + 1,
      proposal: { state: 'APPROVED', officer: 'staff:zhao.min', version: before + 1 },
    });
    expect(codesOf((await changePolicy('approveProposal', { proposal }, SECOND)).payload)).toEqual(['ALREADY_DECIDED']);
    const [grant] = await zone.owner.query<{ approver: string; reason: string }>({
      text: 'select approver, reason from access_grant where version = $1',
      values: [before + 1],
    });
    expect(grant).toEqual({ approver: 'staff:zhao.min', reason: 'because of a test' });
  });

  test('is void when policy about the same institution has changed since: what was weighed is approved, or nothing', async () => {
    const proposed = await changePolicy('grantAccess', { input: { ...WIDER.input, institution: 'bank-14', purposes: ['RISK_DISPOSAL'], scope: ['customs'] } });
    // An agreement for that purpose is lacking, so this alone lets nobody see more.
    expect(proposed.payload.state).toBe('APPLIED');
    const agreement = { institution: 'bank-14', purposes: ['RISK_DISPOSAL'], highestGrade: 2, validUntil: UNTIL };
    const { payload } = await changePolicy('concludeAgreement', { input: agreement });
    expect(payload.state).toBe('PROPOSED');
    const more = { ...WIDER.input, institution: 'bank-14', purposes: ['RISK_DISPOSAL'], scope: ['*'], effect: 'CLEAR' };
    expect((await changePolicy('grantAccess', { input: more })).payload.state).toBe('APPLIED');
    const before = await versionNow();
    expect(codesOf((await changePolicy('approveProposal', { proposal: payload.proposal.id }, SECOND)).payload)).toEqual(['POLICY_MOVED']);
    expect(await versionNow()).toBe(before);
  });

  test('a declined proposal changes nothing and cannot be approved any more', async () => {
    const before = await versionNow();
    const { payload } = await changePolicy('grantAccess', { input: { ...WIDER.input, scope: ['customs'] } });
    const proposal = payload.proposal.id;
    expect((await changePolicy('declineProposal', { proposal }, SECOND)).payload).toMatchObject({ state: 'DECLINED', proposal: { state: 'DECLINED' } });
    expect(codesOf((await changePolicy('approveProposal', { proposal }, SECOND)).payload)).toEqual(['ALREADY_DECIDED']);
    expect(await versionNow()).toBe(before);
  });

  test('a grant to be masked beside a clear one narrows, and so takes effect at once', async () => {
    const { payload } = await changePolicy('grantAccess', {
      input: { institution: 'bank-18', purposes: ['PRE_LOAN_REVIEW'], scope: ['tax'], effect: 'MASKED', validUntil: UNTIL },
    });
    expect(payload.state).toBe('APPLIED');
  });

  test('a grant to a kind of institutions reaches all of the kind', async () => {
    const { payload } = await changePolicy('grantAccess', {
      input: { institutionKind: 'LEASING', purposes: ['PRE_LOAN_REVIEW'], scope: ['environment.dischargePermit'], effect: 'CLEAR', validUntil: UNTIL },
    });
    expect(payload.state).toBe('PROPOSED');
    await changePolicy('approveProposal', { proposal: payload.proposal.id }, SECOND);
    const { body } = await gateway.ask('{ myPolicy { grants { institution institutionKind scope } } }', { institution: 'leasing-01' });
    expect(body.data.myPolicy.grants).toContainEqual({ institution: null, institutionKind: 'LEASING', scope: ['environment.dischargePermit'] });
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['a lower grade', { item: 'tax.valueAddedTaxReturn.taxableSales', grade: 2 }, 'APPLIED'],
    ['no sharing', { item: 'tax.valueAddedTaxReturn.outputTax', sharing: 'NOT_SHARED' }, 'APPLIED'],
    ['sharing again', { item: 'tax.valueAddedTaxReturn.outputTax' }, 'PROPOSED'],
    ['without condition', { item: 'tax.valueAddedTaxReturn.inputTax', sharing: 'UNCONDITIONAL', grade: 1 }, 'PROPOSED'],
  ])('of item settings: %s', async (_what, input, state) => {
    const found = zone.catalogue.item(String(input.item));
    if (!found) throw new Error(`no item ${input.item}`);
    const { payload } = await changePolicy('changeItem', { input });
    // A lower grade lets agreements of lower grades reach it.
    expect(payload.state).toBe(_what === 'a lower grade' && found.grade > 2 ? 'PROPOSED' : state);
  });
});

describe('An access request', () => {
  test('is approved in part by two officers, read under, and its grant is announced before it ends', async () => {
    const bank = { institution: 'bank-06' };
    expect((await gateway.ask(READ(0), bank)).body.errors?.[0]?.extensions.reason).toBe('NO_GRANT');
    const { payload } = await change('requestAccess', ACCESS, bank, 'request { id state institution scope }');
    expect(payload.request).toMatchObject({ state: 'FILED', institution: 'bank-06', scope: ['realEstate'] });
    const { id: request } = payload.request;
    const more = { input: { request, scope: ['realEstate', 'customs'], reason: 'more than asked' } };
    expect(codesOf((await change('approveAccessRequest', more, { staff: OFFICER }, 'request { id }')).payload)).toEqual(['NOT_ASKED']);
    const part = { input: { request, scope: ['realEstate.ownership'], validUntil: '2026-12-10T00:00:00Z', reason: 'ownership is enough' } };
    const { payload: approved } = await change('approveAccessRequest', part, { staff: OFFICER }, 'request { state approvedScope officer decision proposal }');
    expect(approved.request).toMatchObject({ state: 'AWAITING_SECOND_OFFICER', approvedScope: ['realEstate.ownership'], officer: 'staff:li.wei' });
    expect((await gateway.ask(READ(0), bank)).body.errors?.[0]?.extensions.reason).toBe('NO_GRANT');
    await changePolicy('approveProposal', { proposal: approved.request.proposal }, SECOND);
    const read = await gateway.ask(READ(0), bank);
    expect(read.body.errors).toBeUndefined();
    const mine = await gateway.ask('{ myAccessRequests { nodes { id state } } myPolicy { endingGrants { scope validUntil } } }', bank);
    expect(mine.body.data.myAccessRequests.nodes[0]).toEqual({ id: request, state: 'GRANTED' });
    expect(mine.body.data.myPolicy.endingGrants).toEqual([{ scope: ['realEstate.ownership'], validUntil: '2026-12-10T00:00:00.000Z' }]);
  });

  test('is declined with a reason, which the institution reads; others read nothing of it', async () => {
    const { payload } = await change('requestAccess', ACCESS, { institution: 'bank-12' }, 'request { id }');
    const { id: request } = payload.request;
    await change('declineAccessRequest', { request, reason: 'no agreement covers it' }, { staff: OFFICER }, 'request { id }');
    const mine = await gateway.ask('{ myAccessRequests(state: DECLINED) { nodes { id decision } } }', { institution: 'bank-12' });
    expect(mine.body.data.myAccessRequests.nodes).toEqual([{ id: request, decision: 'no agreement covers it' }]);
    const others = await gateway.ask('{ myAccessRequests { nodes { id } } }', { institution: 'bank-13' });
    expect(others.body.data.myAccessRequests.nodes).toEqual([]);
  });
});

describe('A consent', () => {
  const TAX = 'tax { valueAddedTaxReturns(first: 1) { taxableSales } }';
  const reasonsOf = ({ body }: Answered) => (body.errors ?? []).map(({ extensions }) => extensions.reason);
  const SIGNED = {
    purposes: ['PRE_LOAN_REVIEW'],
    scope: ['tax'],
    personal: 'MASKED',
    validUntil: '2027-10-31T00:00:00+08:00',
    evidenceHash: 'a'.repeat(64),
    evidenceReference: 'archive 2026/11/22-7',
  };

  test('is registered by the institution, struck and withdrawn by the enterprise, each at once', async () => {
    const bank = { institution: 'bank-01' };
    expect(reasonsOf(await gateway.ask(READ(4, TAX), bank))).toEqual(['CONSENT_REQUIRED']);
    const { payload } = await change('registerConsent', { input: { uscc: firm(4), ...SIGNED } }, bank, 'consent { id state scope struck origin }');
    expect(payload.consent).toMatchObject({ state: 'IN_FORCE', scope: ['tax'], struck: [], origin: 'INSTITUTION' });
    const { id: consent } = payload.consent;
    expect(reasonsOf(await gateway.ask(READ(4, TAX), bank))).toEqual([]);

    const struck = await change(
      'strikeCategories',
      { consent, categories: ['tax.valueAddedTaxReturn'] },
      { enterprise: firm(4) },
      'consent { struck revision }',
    );
    expect(struck.payload.consent).toEqual({ struck: ['tax.valueAddedTaxReturn'], revision: 2 });
    expect(reasonsOf(await gateway.ask(READ(4, TAX), bank))).toEqual(['CONSENT_REQUIRED']);
    expect(reasonsOf(await gateway.ask(READ(4, 'tax { incomeStatements(first: 1) { operatingRevenue } }'), bank))).toEqual([]);

    // Another enterprise and another institution do not even learn that it exists.
    expect(codesOf((await change('withdrawConsent', { consent }, { enterprise: firm(5) }, 'consent { id }')).payload)).toEqual(['UNKNOWN']);
    expect(codesOf((await change('withdrawConsent', { consent, uscc: firm(4) }, { institution: 'bank-02' }, 'consent { id }')).payload)).toEqual(['UNKNOWN']);
    const gone = await change('withdrawConsent', { consent }, { enterprise: firm(4) }, 'consent { state }');
    expect(gone.payload.consent.state).toBe('WITHDRAWN');
    expect(await entriesAbout(gone.answer)).toMatchObject({
      enterprise: firm(4),
      changes: [{ mutation: 'withdrawConsent', consent, institutions: ['bank-01'] }],
    });
    expect(reasonsOf(await gateway.ask(READ(4, 'tax { incomeStatements(first: 1) { operatingRevenue } }'), bank))).toEqual(['CONSENT_WITHDRAWN']);
    // Nothing is edited in place.
    const rows = await zone.owner.query({
      text: 'select revision, withdrawn_at is null as standing from consent where id = $1 order by revision',
      values: [consent],
    });
    expect(rows).toEqual([
      { revision: 1, standing: true },
      { revision: 2, standing: true },
      { revision: 3, standing: false },
    ]);
  });

  test('that was withdrawn does not come back with the same paper, in however many hands at once', async () => {
    const bank = { institution: 'bank-01' };
    const input = { uscc: firm(4), ...SIGNED, evidenceHash: 'b'.repeat(64) };
    const both = await Promise.all([1, 2].map(() => change('registerConsent', { input }, bank, 'consent { id }')));
    expect(both.flatMap(({ payload }) => codesOf(payload))).toEqual(['EVIDENCE_USED']);
    const { id: consent } = both.map(({ payload }) => payload.consent).find(Boolean);
    await change('withdrawConsent', { consent }, { enterprise: firm(4) }, 'consent { id }');
    expect(codesOf((await change('registerConsent', { input }, bank, 'consent { id }')).payload)).toEqual(['EVIDENCE_USED']);
    expect(reasonsOf(await gateway.ask(READ(4, TAX), bank))).not.toEqual([]);
  });

  test('is given by the enterprise itself, without the categories it strikes', async () => {
    const { evidenceHash, evidenceReference, ...terms } = SIGNED;
    const input = { ...terms, institution: 'bank-01', scope: ['*'], struck: ['tax.valueAddedTaxReturn'] };
    await change('giveConsent', { input }, { enterprise: firm(4) }, 'consent { id }');
    const { body } = await gateway.ask('{ myConsents(first: 1) { nodes { institution struck origin state } pageInfo { hasNextPage } } }', {
      enterprise: firm(4),
    });
    expect(body.data.myConsents).toEqual({
      nodes: [{ institution: 'bank-01', struck: ['tax.valueAddedTaxReturn'], origin: 'ENTERPRISE', state: 'IN_FORCE' }],
      pageInfo: { hasNextPage: true },
    });
    const both = await gateway.ask(READ(4, 'tax { valueAddedTaxReturns(first: 1) { taxableSales } incomeStatements(first: 1) { operatingRevenue } }'), {
      institution: 'bank-01',
    });
    expect(reasonsOf(both)).toEqual(['CONSENT_WITHDRAWN']);
    expect(both.body.extensions.access.denied).toMatchObject([{ coordinate: 'ValueAddedTaxReturn.taxableSales' }]);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['a term of more than two years', { validUntil: '2029-01-01T00:00:00Z' }, 'TERM_TOO_LONG'],
    ['a term that is over', { validUntil: '2026-10-01T00:00:00Z', validFrom: '2026-01-01T00:00:00Z' }, 'TERM_OVER'],
    ['a term that ends before it begins', { validFrom: '2027-12-01T00:00:00Z' }, 'TERM_REVERSED'],
    ['an unknown category', { scope: ['tax.secrets'] }, 'UNKNOWN'],
    ['an item, which no enterprise signs for', { scope: ['tax.valueAddedTaxReturn.taxableSales'] }, 'UNKNOWN'],
    ['no purpose', { purposes: [] }, 'EMPTY'],
    ['no hash', { evidenceHash: 'signed' }, 'NOT_A_HASH'],
    ['an enterprise the zone does not hold', { uscc: '91350100M000100Y43' }, 'UNKNOWN'],
  ])('of %s is refused, and nothing is written', async (_what, changed, code) => {
    const count = () => zone.owner.query({ text: 'select count(*) from consent' });
    const before = await count();
    const { payload } = await change(
      'registerConsent',
      { input: { uscc: firm(4), ...SIGNED, evidenceHash: 'c'.repeat(64), ...changed } },
      { institution: 'bank-01' },
      'consent { id }',
    );
    expect([payload.consent, ...codesOf(payload)]).toEqual([null, code]);
    expect(await count()).toEqual(before);
  });
});

describe('Operations', () => {
  const document = '{ catalogue { version } }';
  const hash = createHash('sha256').update(document).digest('hex');

  test('are registered by the institution, alone sent where it is confined, and removed at once', async () => {
    const bank = { institution: 'bank-19' };
    const { payload } = await change('registerOperations', { manifest: JSON.stringify({ [hash]: document }) }, bank, 'operations');
    expect(payload).toEqual({ operations: 1, userErrors: [] });
    const bad = await change('registerOperations', { manifest: JSON.stringify([{ name: 'bad', document: '{ secrets }' }]) }, bank, 'operations');
    expect(codesOf(bad.payload)).toEqual(['BAD_OPERATION']);
    expect((await changePolicy('confineToRegistered', { institution: 'bank-19', confined: true })).payload.state).toBe('APPLIED');
    expect((await gateway.ask(document, bank)).status).toBe(200);
    const other = await gateway.ask('{ catalogue { providers { code } } }', bank);
    expect([other.status, other.body.errors?.[0]?.extensions.code]).toEqual([403, 'OPERATION_NOT_REGISTERED']);
    await changePolicy('confineToRegistered', { institution: 'bank-19', confined: false });
    const removed = await change('removeOperations', { hashes: [hash] }, bank, 'operations');
    expect(removed.payload).toEqual({ operations: 1, userErrors: [] });
  });
});

test('a policy read as a whole says of every institution what its decisions are made on', async () => {
  const governing = zone.database.open('zone_governance', { limitMs: 5_000 });
  const grounds = openGrounds({ postgres: zone.database.open('zone_gateway', { limitMs: 5_000 }) });
  const policy = (await governing.withClient((client) => readPolicy(client))) as Policy;
  expect(policy.residents.size).toBe(29);
  for (const institution of policy.residents.keys()) {
    const { standing } = await grounds.of(institution, []);
    const { epoch, ...whole } = standingOf(policy, institution) as Standing;
    const byId = (left: { id: string }, right: { id: string }) => (left.id < right.id ? -1 : 1);
    const terms = ({ id, purposes, validFrom, validUntil }: Standing['agreements'][number] | Standing['grants'][number]) => ({
      id,
      purposes,
      validFrom,
      validUntil,
    });
    expect({ ...whole, agreements: [...whole.agreements].sort(byId).map(terms), grants: [...whole.grants].sort(byId).map(terms) }).toEqual({
      ...standing,
      epoch: undefined,
      agreements: [...standing.agreements].sort(byId).map(terms),
      grants: [...standing.grants].sort(byId).map(terms),
    });
  }
});

describe('The same key', () => {
  test('with the same again answers the same and changes nothing; with something else it is refused', async () => {
    const idempotencyKey = key();
    const first = await change('requestAccess', { ...ACCESS, idempotencyKey }, { institution: 'bank-01' }, 'request { id }');
    const again = await change('requestAccess', { ...ACCESS, idempotencyKey }, { institution: 'bank-01' }, 'request { id }');
    expect(again.payload).toEqual(first.payload);
    expect(await entriesAbout(again.answer)).toMatchObject({ changes: [{ state: 'REPEATED', key: idempotencyKey }] });
    const other = { input: { ...ACCESS.input, scope: ['customs'] }, idempotencyKey };
    expect(codesOf((await change('requestAccess', other, { institution: 'bank-01' }, 'request { id }')).payload)).toEqual(['KEY_REUSED']);
    // Keys are each caller's own.
    const theirs = await change('requestAccess', { ...ACCESS, idempotencyKey }, { institution: 'bank-02' }, 'request { id }');
    expect(theirs.payload.request.id).not.toBe(first.payload.request.id);
  });

  test('sent ten times at once makes one request', async () => {
    const idempotencyKey = key();
    const sent = await Promise.all(
      Array.from({ length: 10 }, () => change('requestAccess', { ...ACCESS, idempotencyKey }, { institution: 'bank-03' }, 'request { id }')),
    );
    expect(new Set(sent.map(({ payload }) => payload.request.id)).size).toBe(1);
    const rows = await zone.owner.query({ text: "select id from access_request where institution = 'bank-03'" });
    expect(rows).toHaveLength(1);
  });
});

describe('A change and its entry', () => {
  test('are durable together: where the entry cannot be written, nothing is changed and nothing is answered', async () => {
    const before = await versionNow();
    await zone.owner.query({ text: 'revoke execute on function append_audit_within from zone_governance' });
    try {
      const { answer } = await changePolicy('revokeGrant', { grant: 'bank-21-G1' });
      expect([answer.status, answer.body.data]).toEqual([500, undefined]);
      expect(await versionNow()).toBe(before);
    } finally {
      await zone.owner.query({ text: 'grant execute on function append_audit_within to zone_governance' });
    }
  });

  test('of the role that governs nothing is edited in place', async () => {
    const governing = zone.database.open('zone_governance', { limitMs: 5_000 });
    for (const text of [
      "update access_grant set effect = 'CLEAR'",
      'delete from access_grant',
      'update consent set withdrawn_at = null',
      "update policy_version set author = 'nobody'",
      'update policy_epoch set epoch = 0',
      "update audit_entry set entry = '{}'",
      'select payload from record limit 1',
    ]) {
      await expect(governing.query({ text })).rejects.toThrow(/permission denied/);
    }
  });
});

describe('An officer', () => {
  const WIDER =
    '{ grantAccess: [{ institution: "bank-21", purposes: [PRE_LOAN_REVIEW], scope: ["judicial.dishonestEnforcee"], effect: CLEAR, validUntil: "2028-06-30T00:00:00Z" }] }';

  test('sees whom a wider grant would concern, and changes nothing by it', async () => {
    const before = await versionNow();
    const field = zone.catalogue.category('judicial.dishonestEnforcee');
    if (!field) throw new Error('no such category');
    const item = field.items[0]?.name;
    await gateway.ask(READ(0, `judicial { ${field.field}${field.cardinality === 'MANY' ? '(first: 1)' : ''} { ${item} } }`), { institution: 'bank-21' });
    const { body } = await gateway.ask(
      `{ governance { simulatePolicy(days: 1, draft: ${WIDER}) { userErrors { code } simulation { replayed affected { institution category item change reads enterprises } wouldSee { institution purpose category after { clear masked denied } } } } } }`,
      { staff: OFFICER },
    );
    const { simulation, userErrors } = body.data.governance.simulatePolicy;
    expect(userErrors).toEqual([]);
    expect(simulation.wouldSee).toMatchObject([{ institution: 'bank-21', purpose: 'PRE_LOAN_REVIEW', category: 'judicial.dishonestEnforcee' }]);
    expect(await versionNow()).toBe(before);
  });

  test('sees what a grant of tomorrow would show tomorrow', async () => {
    const later = WIDER.replace('validUntil', 'validFrom: "2027-01-01T00:00:00Z", validUntil');
    const { body } = await gateway.ask(`{ governance { simulatePolicy(days: 1, draft: ${later}) { time simulation { wouldSee { institution } } } } }`, {
      staff: OFFICER,
    });
    expect(body.data.governance.simulatePolicy).toEqual({ time: '2027-01-01T00:00:00.000Z', simulation: { wouldSee: [{ institution: 'bank-21' }] } });
  });

  test('goes through the log once an operation, and one at a time', async () => {
    const one = `simulatePolicy(days: 1, draft: ${WIDER}) { simulation { replayed } }`;
    const twice = await gateway.ask(`{ governance { a: ${one} b: ${one} } }`, { staff: OFFICER });
    expect([twice.status, twice.body.errors?.[0]?.extensions.code]).toEqual([400, 'QUERY_TOO_COSTLY']);
  });

  test('is told what is wrong with a draft', async () => {
    const { body } = await gateway.ask('{ governance { simulatePolicy(draft: { revokeGrants: ["none"] }) { userErrors { code } simulation { replayed } } } }', {
      staff: OFFICER,
    });
    expect(body.data.governance.simulatePolicy).toEqual({ userErrors: [{ code: 'UNKNOWN' }], simulation: null });
  });

  test('sees what is granted and was not read', async () => {
    const { body } = await gateway.ask(
      '{ governance { leastPrivilege(institution: "appraisal-01", first: 5) { unused granted nodes { item grants lastRead } pageInfo { hasNextPage } } } }',
      { staff: AUDITOR },
    );
    const { unused, granted, nodes, pageInfo } = body.data.governance.leastPrivilege;
    expect([unused, nodes.length, pageInfo.hasNextPage]).toEqual([granted, 5, true]);
    expect(nodes[0]).toMatchObject({ grants: ['appraisal-01-G1'], lastRead: null });
  });
});

describe('For whom a field exists', () => {
  const NOT_THERE = ['GRAPHQL_VALIDATION_FAILED', 'OPERATION_NOT_SUPPORTED'];
  test.each<[string, string, Who]>([
    ['a bank grants itself nothing', 'mutation { revokeGrant(grant: "x", reason: "x", idempotencyKey: "12345678") { state } }', { institution: 'bank-01' }],
    ['a bank sees no governance', '{ governance { policyVersions { version } } }', { institution: 'bank-01' }],
    ['an auditor decides nothing', 'mutation { revokeGrant(grant: "x", reason: "x", idempotencyKey: "12345678") { state } }', { staff: AUDITOR }],
    ['an officer reads no record', READ(0, ''), { staff: OFFICER }],
    ['an enterprise reads no record', READ(0, ''), { enterprise: firm(0) }],
    ['an enterprise asks for no access', 'mutation { requestAccess(idempotencyKey: "12345678") { request { id } } }', { enterprise: firm(0) }],
    ['a dashboard reader sees no governance', '{ governance { policyVersions { version } } }', { staff: { login: 'x', roles: ['DASHBOARD_READER'] } }],
  ])('%s', async (_what, query, who) => {
    const { status, body } = await gateway.ask(query, who);
    expect([status, body.data]).toEqual([400, undefined]);
    expect(NOT_THERE).toContain(body.errors?.[0]?.extensions.code);
  });

  test('introspection shows to each what exists for it', async () => {
    const fieldsFor = async (who: Who): Promise<string[]> => {
      const { body } = await gateway.ask('{ __schema { queryType { fields { name } } mutationType { fields { name } } } }', who);
      const { queryType, mutationType } = body.data.__schema;
      return [...queryType.fields, ...(mutationType?.fields ?? [])].map(({ name }: { name: string }) => name);
    };
    expect(await fieldsFor({ enterprise: firm(0) })).toEqual(expect.arrayContaining(['catalogue', 'myConsents', 'giveConsent', 'withdrawConsent']));
    expect(await fieldsFor({ enterprise: firm(0) })).not.toContain('enterprise');
    expect(await fieldsFor({ staff: AUDITOR })).not.toContain('grantAccess');
    expect(await fieldsFor({ institution: 'bank-01' })).not.toContain('governance');
  });

  test('several changes in one operation are refused before any is made', async () => {
    const before = await versionNow();
    const one = (alias: string) => `${alias}: suspendInstitution(institution: "bank-20", reason: "x", idempotencyKey: "key-${alias}-0001") { state }`;
    const { status, body } = await gateway.ask(`mutation { ${one('a')} ${one('b')} }`, { staff: OFFICER });
    expect([status, body.errors?.[0]?.extensions.code]).toEqual([400, 'MANY_MUTATIONS']);
    expect(await versionNow()).toBe(before);
  });
});
