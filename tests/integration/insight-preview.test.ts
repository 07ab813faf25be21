/** An operation weighed before it is asked: the preview says what the answer then says. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { LIMITS } from '../../src/exchange/limits.js';
import { entriesSince, entryOf, lastSequence, openWatchedGateway, type WatchedGateway } from '../harness/watched.js';
import { firm, openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
let gateway: WatchedGateway;
beforeAll(async () => {
  zone = await openTestZone();
  gateway = await openWatchedGateway(zone);
});
afterAll(async () => {
  await gateway?.close();
  await zone?.close();
});

const PREVIEW = `query ($document: String!, $variables: String, $operationName: String) {
  previewQuery(document: $document, variables: $variables, operationName: $operationName) {
    accepted problems { code message remedy { zh en } locations { line column } } cost { records recordsLimit values valuesLimit fits } policyVersion masked
    denied { coordinate code reason enterprises remedy { action mutation scope purposes } } missingConsents { uscc gaps { category state } }
    staleCategories { category provider updateCycle dataTime dueBy } } }`;
const BATCH = `query Batch($usccs: [USCC!]!, $inquiry: InquiryInput!) { enterprises(usccs: $usccs, inquiry: $inquiry) { ... on Enterprise { name
  registration { basic { registeredCapital contactPhone } } tax { valueAddedTaxReturns { outputTax filer } registration { provenance { provider } } } } } }`;
const INQUIRY = { purpose: 'PRE_LOAN_REVIEW', caseNumber: 'P-1' };

interface Denied {
  readonly coordinate: string;
  readonly code: string;
  readonly reason: string;
  readonly enterprises: string[] | null;
  readonly remedy: { action: string; mutation: string | null; scope: string[]; purposes: string[] };
}
async function preview(
  document: string,
  variables: unknown = null,
  { institution = 'bank-01', operationName }: { institution?: string; operationName?: string } = {},
) {
  const { status, body } = await gateway.ask(PREVIEW, {
    institution,
    variables: { document, variables: variables === null ? null : typeof variables === 'string' ? variables : JSON.stringify(variables), operationName },
  });
  expect([status, body.errors]).toEqual([200, undefined]);
  return body.data.previewQuery;
}

describe('A preview', () => {
  test.each([
    ['bank-01', [0, 1, 2, 3, 4], 'PRE_LOAN_REVIEW'],
    ['bank-01', [4], 'LOAN_APPROVAL'],
    ['bank-02', [0, 1], 'PRE_LOAN_REVIEW'],
    ['bank-03', [0], 'PRE_LOAN_REVIEW'],
    ['bank-04', [0], 'RISK_DISPOSAL'],
    ['bank-07', [0, 4], 'PRE_LOAN_REVIEW'],
    ['bank-15', [12, 14], 'PRE_LOAN_REVIEW'],
  ])('for %s of firms %j for %s says what the answer then says', async (institution, firms, purpose) => {
    const variables = { usccs: firms.map(firm), inquiry: { ...INQUIRY, purpose } };
    const found = await preview(BATCH, variables, { institution });
    const { status, body } = await gateway.ask(BATCH, { institution, variables });
    expect(status).toBe(200);
    const { access, cost } = body.extensions;
    expect(found).toMatchObject({ accepted: true, problems: [], policyVersion: access.policyVersion, masked: access.masked });
    expect(found.cost).toMatchObject({ records: cost.requested, recordsLimit: LIMITS.cost, fits: true, valuesLimit: LIMITS.recordValues });
    expect(found.denied.map(({ coordinate, reason, enterprises }: Denied) => ({ coordinate, reason, ...(enterprises ? { enterprises } : {}) }))).toEqual(
      access.denied,
    );
    const codes = new Map((body.errors ?? []).map(({ extensions }) => [extensions.coordinate, extensions.item]));
    for (const { coordinate, code } of found.denied) expect(code).toBe(codes.get(coordinate));
  });

  test('names the consents that are missing, enterprise by enterprise', async () => {
    const { missingConsents, denied } = await preview(BATCH, { usccs: [0, 2, 3, 4].map(firm), inquiry: INQUIRY });
    expect(missingConsents.map(({ uscc }: { uscc: string }) => uscc).sort()).toEqual([2, 3, 4].map(firm).sort());
    const states = Object.fromEntries(
      missingConsents.map(({ uscc, gaps }: { uscc: string; gaps: { category: string; state: string }[] }) => [
        uscc,
        gaps.find(({ category }) => category === 'tax.valueAddedTaxReturn')?.state,
      ]),
    );
    expect(states).toEqual({ [firm(2)]: 'WITHDRAWN', [firm(3)]: 'EXPIRED', [firm(4)]: 'NONE' });
    const required = denied.find(({ code, reason }: Denied) => code === 'tax.valueAddedTaxReturn.outputTax' && reason === 'CONSENT_REQUIRED');
    expect(required).toMatchObject({
      enterprises: [firm(4)],
      remedy: { action: 'OBTAIN_CONSENT', mutation: 'registerConsent', scope: ['tax.valueAddedTaxReturn'], purposes: ['PRE_LOAN_REVIEW'] },
    });
  });

  test('says how to ask for what no grant covers, and what other purposes are agreed', async () => {
    const ungranted = await preview(BATCH, { usccs: [firm(0)], inquiry: INQUIRY }, { institution: 'bank-19' });
    expect(ungranted.denied.find(({ code }: Denied) => code === 'tax.valueAddedTaxReturn.outputTax')?.remedy).toEqual({
      action: 'REQUEST_ACCESS',
      mutation: 'requestAccess',
      scope: ['tax.valueAddedTaxReturn.outputTax'],
      purposes: ['PRE_LOAN_REVIEW'],
    });
    const disagreed = await preview(BATCH, { usccs: [firm(0)], inquiry: { ...INQUIRY, purpose: 'RISK_DISPOSAL' } }, { institution: 'bank-04' });
    expect(disagreed.denied[0]?.remedy).toEqual({ action: 'CHANGE_PURPOSE', mutation: null, scope: [], purposes: ['PRE_LOAN_REVIEW'] });
  });

  test('reads no record, and costs nothing', async () => {
    const fresh = await openWatchedGateway(zone);
    try {
      const { body } = await fresh.ask(PREVIEW, {
        variables: { document: BATCH, variables: JSON.stringify({ usccs: [firm(0), '91350100M000100Y43'], inquiry: INQUIRY }) },
      });
      expect(body.data.previewQuery.accepted).toBe(true);
      expect(body.extensions.cost).toMatchObject({ requested: 0, actual: 0 });
      expect(fresh.recordStatements()).toEqual([]);
      expect(fresh.statements.map(({ name }) => name)).toEqual(expect.arrayContaining(['grounds', 'latest deliveries', 'append']));
    } finally {
      await fresh.close();
    }
  });

  test('tells which categories are overdue, from the newest delivery of each', async () => {
    const stale = async () => (await preview(BATCH, { usccs: [firm(0)], inquiry: INQUIRY })).staleCategories as { category: string; dataTime: string | null }[];
    const before = await stale();
    const set = (days: number) =>
      zone.owner.query({
        text: `insert into delivery (category, file_name, file_digest, data_time, started_at, finished_at, rows_read, accepted, changed, unchanged, quarantined)
          values ('tax.valueAddedTaxReturn', 'test', 'x', '2026-11-22T08:00:00Z'::timestamptz - $1 * interval '1 day', now(), now(), 0, 0, 0, 0, 0)`,
        values: [days],
      });
    await zone.owner.query({ text: "update delivery set data_time = '2026-10-08T08:00:00Z' where category = 'tax.valueAddedTaxReturn'" });
    expect((await stale()).map(({ category }) => category)).not.toContain('tax.valueAddedTaxReturn');
    await zone.owner.query({ text: "update delivery set data_time = '2026-10-06T08:00:00Z' where category = 'tax.valueAddedTaxReturn'" });
    expect((await stale()).find(({ category }) => category === 'tax.valueAddedTaxReturn')).toEqual({
      category: 'tax.valueAddedTaxReturn',
      provider: 'tax',
      updateCycle: 'MONTHLY',
      dataTime: '2026-10-06T08:00:00.000Z',
      dueBy: '2026-11-21T08:00:00.000Z',
    });
    await set(1);
    expect((await stale()).map(({ category }) => category)).not.toContain('tax.valueAddedTaxReturn');
    await zone.owner.query({ text: "delete from delivery where category = 'tax.valueAddedTaxReturn'" });
    expect((await stale()).find(({ category }) => category === 'tax.valueAddedTaxReturn')).toMatchObject({ dataTime: null, dueBy: null });
    expect(before.every(({ category }) => ['registration.basic', 'tax.valueAddedTaxReturn', 'tax.registration'].includes(category))).toBe(true);
  });

  test('is written down as a question, with whom and what it was about', async () => {
    const sequence = await lastSequence(zone);
    await preview(BATCH, { usccs: [firm(0), firm(4)], inquiry: INQUIRY });
    const [entry] = await entriesSince(zone, sequence);
    expect(entry).toMatchObject({
      outcome: 'ANSWERED',
      fields: ['previewQuery'],
      questions: [
        {
          preview: expect.stringMatching(/^[0-9a-f]{64}$/),
          purpose: 'PRE_LOAN_REVIEW',
          caseNumber: 'P-1',
          enterprises: [firm(0), firm(4)],
          categories: ['registration.basic', 'tax.valueAddedTaxReturn', 'tax.registration'],
        },
      ],
    });
    expect(entry?.reads).toBeUndefined();
  });

  test('exists for institutions only', async () => {
    for (const caller of [{ staff: { login: 'officer.wang', roles: ['GOVERNANCE_OFFICER'] } }, { enterprise: firm(0) }]) {
      const { status, body } = await gateway.ask(PREVIEW, { ...caller, variables: { document: BATCH } });
      expect([status, body.errors?.[0]?.extensions.code]).toEqual([400, 'GRAPHQL_VALIDATION_FAILED']);
    }
  });
});

describe('What would be refused is told as data, with the code that the refusal has', () => {
  const ONE = 'query One { catalogue { version } } query Two { catalogue { version } }';
  const many = Array.from({ length: 1_001 }, () => firm(0));
  const wide = `query ($usccs: [USCC!]!, $inquiry: InquiryInput!) { enterprises(usccs: $usccs, inquiry: $inquiry) { ... on Enterprise { tax {
    ${Array.from({ length: 21 }, (_, index) => `a${index}: valueAddedTaxReturns(first: 1) { outputTax }`).join(' ')} } } } }`;
  test.each<[string, string, unknown, string]>([
    ['a document that does not parse', '{ catalogue { version }', null, 'GRAPHQL_PARSE_FAILED'],
    ['no document', '  ', null, 'GRAPHQL_PARSE_FAILED'],
    ['a field that does not exist', '{ catalogue { versoin } }', null, 'GRAPHQL_VALIDATION_FAILED'],
    ['a field of other callers', '{ governance { policyVersion } }', null, 'GRAPHQL_VALIDATION_FAILED'],
    ['a variable that is missing', BATCH, {}, 'BAD_USER_INPUT'],
    ['a bad code', `{ enterprise(uscc: "123", inquiry: { purpose: PRE_LOAN_REVIEW, caseNumber: "1" }) { uscc } }`, null, 'INVALID_USCC'],
    ['a case without a number', BATCH, { usccs: [], inquiry: { ...INQUIRY, caseNumber: ' ' } }, 'INVALID_INQUIRY'],
    ['too large a batch', BATCH, { usccs: many, inquiry: INQUIRY }, 'BATCH_TOO_LARGE'],
    ['too costly an operation', wide, { usccs: many.slice(1), inquiry: INQUIRY }, 'QUERY_TOO_COSTLY'],
    ['two operations and no name', ONE, null, 'OPERATION_NOT_SUPPORTED'],
    ['too deep a document', `{ ${'a { '.repeat(20)} b ${'} '.repeat(20)} }`, null, 'QUERY_TOO_DEEP'],
    ['too many aliases', `{ ${Array.from({ length: 61 }, (_, index) => `a${index}: catalogue { version }`).join(' ')} }`, null, 'TOO_MANY_ALIASES'],
  ])('%s', async (_what, document, variables, code) => {
    const found = await preview(document, variables);
    expect(found).toMatchObject({ accepted: false, masked: [], denied: [], missingConsents: [], staleCategories: [] });
    expect(found.problems[0]).toMatchObject({ code });
    expect(found.problems[0].remedy.zh).toMatch(/\p{Script=Han}/u);
    if (document.trim() === '') return;
    const { body } = await gateway.ask(document, { variables: variables ?? undefined });
    expect(body.errors?.[0]?.extensions.code).toBe(code);
    expect(found.problems[0].message).toBe(body.errors?.[0]?.message);
  });

  test('variables that are no object', async () => {
    for (const variables of ['[]', '{', '7', 'null']) expect((await preview(BATCH, variables)).problems[0]).toMatchObject({ code: 'INVALID_REQUEST' });
  });

  test('where a field is wrong, and how far beyond the limit a cost is', async () => {
    const wrong = await preview('{\n  catalogue {\n    versoin\n  }\n  catalog { version }\n}');
    expect(wrong.problems.map(({ locations }: { locations: unknown }) => locations)).toEqual([[{ line: 3, column: 5 }], [{ line: 5, column: 3 }]]);
    expect((await preview('{ catalogue {')).problems[0].locations).toEqual([{ line: 1, column: 14 }]);
    const costly = await preview(wide, { usccs: many.slice(1), inquiry: INQUIRY });
    expect(costly.cost).toMatchObject({ records: 21_000, recordsLimit: LIMITS.cost, fits: false });
  });

  test('and of several operations the one named is weighed', async () => {
    expect(await preview(ONE, null, { operationName: 'Two' })).toMatchObject({ accepted: true, cost: { records: 0, fits: true } });
    expect((await preview(ONE, null, { operationName: 'Three' })).problems[0].code).toBe('OPERATION_NOT_SUPPORTED');
  });

  test('a preview of a preview runs nothing', async () => {
    const sequence = await lastSequence(zone);
    const found = await preview('{ previewQuery(document: "{ catalogue { version } }") { accepted } }');
    expect(found).toMatchObject({ accepted: true, cost: { records: 0 } });
    expect((await entriesSince(zone, sequence))[0]?.questions).toHaveLength(1);
  });

  test('many previews in one operation are refused before they are weighed', async () => {
    const fields = 'accepted masked problems { code message remedy { zh en } locations { line column } } denied { coordinate code reason }';
    const text = `{ ${Array.from({ length: 20 }, (_, index) => `p${index}: previewQuery(document: "{ catalogue { version } }") { ${fields} }`).join(' ')} }`;
    const { status, body } = await gateway.ask(text);
    expect([status, body.errors?.[0]?.extensions.code]).toEqual([400, 'QUERY_TOO_COSTLY']);
  });

  test('a refused preview keeps only the hash of its document', async () => {
    const { body } = await gateway.ask(PREVIEW, { variables: { document: '{ secretWord }' } });
    const entry = await entryOf(zone, body.extensions.receipt.id);
    expect(entry.questions).toEqual([{ preview: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
    expect(JSON.stringify(entry)).not.toContain('secretWord');
  });
});
