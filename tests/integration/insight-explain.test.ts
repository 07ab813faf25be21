/** Why a past answer came out as it did: asked by the bank, the officer, the enterprise, and by who may not know. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Category, Item } from '../../src/catalogue/model.js';
import { entriesSince, entryOf, lastSequence, openWatchedGateway, type Staff, type WatchedGateway } from '../harness/watched.js';
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

const INQUIRY = 'inquiry: { purpose: PRE_LOAN_REVIEW, caseNumber: "T-7", operator: "li.si" }';
const BATCH = `query ($usccs: [USCC!]!) { enterprises(usccs: $usccs, ${INQUIRY}) { ... on Enterprise { uscc name
  registration { basic { registeredCapital } } tax { valueAddedTaxReturns { outputTax filer } } } } }`;
const EXPLAIN = `query ($receipt: String!, $first: Int! = 100, $after: String) { explainDecision(receipt: $receipt) {
  receipt time kind note { zh en } code superseded supersedes institution client caseNumber operator purpose fields policyVersion decidedAt agrees
  lines(first: $first, after: $after) { total pageInfo { hasNextPage endCursor } nodes {
    field category item coordinate count enterprises outcome reason recomputed recomputedReason agrees rule says grants consents remedy { action mutation scope } } } } }`;

interface Line {
  readonly item: string | null;
  readonly enterprises: string[];
  readonly outcome: string;
  readonly reason: string | null;
  readonly agrees: boolean;
  readonly rule: string | null;
  readonly consents: string[];
  readonly remedy: { action: string; mutation: string | null; scope: string[] } | null;
}
const explained = (
  receipt: string,
  who: { institution?: string; staff?: Staff; enterprise?: string } = {},
  page: { first?: number; after?: string | null } = {},
) => gateway.ask(EXPLAIN, { ...who, variables: { receipt, ...page } });
const told = async (receipt: string, who?: { institution?: string; staff?: Staff; enterprise?: string }) => {
  const { status, body } = await explained(receipt, who);
  expect([status, body.errors]).toEqual([200, undefined]);
  return body.data.explainDecision;
};
const receiptOf = async (query: string, options: Parameters<WatchedGateway['ask']>[1] = {}) =>
  (await gateway.ask(query, options)).body.extensions.receipt.id as string;
/** Consent to all in clear, in masked, withdrawn, expired, none. */
const FIRMS = [0, 1, 2, 3, 4].map(firm);
const lineFor = (lines: Line[], item: string, uscc: string) => lines.find((line) => line.item === item && line.enterprises.includes(uscc));

describe('A batch', () => {
  test('is explained item by item, the enterprises of which it came out alike together, and agrees with what was given', async () => {
    const receipt = await receiptOf(BATCH, { variables: { usccs: FIRMS } });
    const decision = await told(receipt);
    expect(decision).toMatchObject({
      receipt,
      kind: 'READ',
      code: null,
      superseded: false,
      institution: 'bank-01',
      client: 'bank-01-sandbox',
      caseNumber: 'T-7',
      operator: 'li.si',
      purpose: 'PRE_LOAN_REVIEW',
      fields: ['enterprises'],
      policyVersion: 1,
      agrees: true,
    });
    const lines = decision.lines.nodes as Line[];
    const of = (item: string, uscc: string) => {
      const { outcome, reason, rule, remedy } = lineFor(lines, item, uscc) as Line;
      return [outcome, reason, rule, remedy?.action ?? null];
    };
    const RETURN = 'tax.valueAddedTaxReturn';
    expect(FIRMS.map((uscc) => of(`${RETURN}.outputTax`, uscc))).toEqual([
      ['CLEAR', null, null, null],
      ['CLEAR', null, null, null],
      ['DENIED', 'CONSENT_WITHDRAWN', 'consentCoversItem', 'OBTAIN_CONSENT'],
      ['DENIED', 'CONSENT_EXPIRED', 'consentCoversItem', 'RENEW_CONSENT'],
      ['DENIED', 'CONSENT_REQUIRED', 'consentCoversItem', 'OBTAIN_CONSENT'],
    ]);
    expect(of(`${RETURN}.filer`, firm(1))).toEqual(['MASKED', null, 'personalDataNeedBoth', null]);
    expect(lineFor(lines, `${RETURN}.outputTax`, firm(4))?.remedy).toEqual({ action: 'OBTAIN_CONSENT', mutation: 'registerConsent', scope: [RETURN] });
    // Every enterprise stands once for each item.
    const items = [...new Set(lines.map(({ item }) => item))];
    expect(items).toEqual(expect.arrayContaining(['registration.basic.enterpriseName', 'registration.basic.registeredCapital', `${RETURN}.outputTax`]));
    for (const item of items) {
      expect(
        lines
          .filter((line) => line.item === item)
          .flatMap(({ enterprises }) => enterprises)
          .sort(),
      ).toEqual([...FIRMS].sort());
    }
  });

  test('says for each enterprise what its errors said', async () => {
    const { body } = await gateway.ask(BATCH, { variables: { usccs: FIRMS } });
    const { lines } = await told(body.extensions.receipt.id);
    const denied = (lines.nodes as (Line & { coordinate: string })[]).filter(({ outcome }) => outcome === 'DENIED');
    for (const { coordinate, reason, enterprises = FIRMS } of body.extensions.access.denied) {
      const found = denied.filter((line) => line.coordinate === coordinate && line.reason === reason).flatMap((line) => line.enterprises);
      expect(found.sort()).toEqual([...enterprises].sort());
    }
    expect(denied.length).toBeGreaterThan(2);
  });

  test('is told page by page, and its pages are its lines', async () => {
    const receipt = await receiptOf(BATCH, { variables: { usccs: FIRMS } });
    const whole = (await told(receipt)).lines;
    const found: unknown[] = [];
    for (let after: string | null = null, pages = 0; pages < 20; pages++) {
      const { body } = await explained(receipt, {}, { first: 3, after });
      const lines: { nodes: unknown[]; pageInfo: { hasNextPage: boolean; endCursor: string } } = body.data.explainDecision.lines;
      found.push(...lines.nodes);
      after = lines.pageInfo.endCursor;
      if (!lines.pageInfo.hasNextPage) break;
    }
    expect(found).toEqual(whole.nodes);
    expect(whole.total).toBe(found.length);
    expect((await explained(receipt, {}, { first: 0 })).body.errors?.[0]?.extensions.code).toBe('INVALID_PAGE');
  });

  test('reads no record', async () => {
    const receipt = await receiptOf(BATCH, { variables: { usccs: FIRMS } });
    const before = gateway.recordStatements().length;
    await told(receipt);
    expect(gateway.recordStatements().length).toBe(before);
  });
});

describe('The policy of then', () => {
  test('explains an answer after grant and consent have changed', async () => {
    const receipt = await receiptOf(BATCH, { variables: { usccs: [firm(5)] } });
    const [{ version }] = (await zone.owner.query<{ version: number }>({ text: 'select max(version) + 1 as version from policy_version' })) as [
      { version: number },
    ];
    await zone.owner.transaction(async (client) => {
      await client.query("insert into policy_version (version, author, reason, time) values ($1, 'test', 'narrower', now())", [version]);
      await client.query(
        `insert into access_grant (institution, id, version, purposes, scope, effect, valid_from, valid_until, revoked)
         select institution, id, $1, purposes, scope, effect, valid_from, valid_until, true from access_grant where institution = 'bank-01'`,
        [version],
      );
      await client.query("select raise_policy_epoch('bank-01')");
    });
    const { body } = await gateway.ask(BATCH, { variables: { usccs: [firm(5)] } });
    const [then, now] = [await told(receipt), await told(body.extensions.receipt.id)];
    const outcome = (decision: { lines: { nodes: Line[] } }) => {
      const { outcome, reason } = lineFor(decision.lines.nodes, 'tax.valueAddedTaxReturn.outputTax', firm(5)) as Line;
      return [outcome, reason];
    };
    expect([then.policyVersion, then.agrees, outcome(then)]).toEqual([1, true, ['CLEAR', null]]);
    expect([now.policyVersion, now.agrees, outcome(now)[0]]).toEqual([version, true, 'DENIED']);
    await zone.owner.query({ text: 'delete from access_grant where version = $1', values: [version] });
    await zone.owner.query({ text: 'delete from policy_version where version = $1', values: [version] });
    await zone.owner.query({ text: "select raise_policy_epoch('bank-01')" });
  });

  test('is held against the log, and a difference is shown', async () => {
    const receipt = await receiptOf(BATCH, { variables: { usccs: [firm(0), firm(4)] } });
    const entry = await entryOf(zone, receipt);
    const forged = JSON.stringify({
      ...entry,
      reads: entry.reads?.map((read) => ({
        ...read,
        categories: read.categories.map((group) => (group.denied ? { ...group, clear: Object.values(group.denied).flat(), denied: {} } : group)),
      })),
    });
    await zone.owner.query({ text: 'update audit_entry set entry = $2 where id = $1', values: [receipt, forged] });
    const decision = await told(receipt);
    expect(decision.agrees).toBe(false);
    const differing = (decision.lines.nodes as (Line & { recomputed: string; recomputedReason: string })[]).filter(({ agrees }) => !agrees);
    expect(differing.map(({ item, enterprises, outcome, recomputed, recomputedReason }) => [item, enterprises, outcome, recomputed, recomputedReason])).toEqual(
      expect.arrayContaining([['tax.valueAddedTaxReturn.outputTax', [firm(4)], 'CLEAR', 'DENIED', 'CONSENT_REQUIRED']]),
    );
  });

  test('of what the catalogue no longer has is not guessed', async () => {
    const receipt = await receiptOf(BATCH, { variables: { usccs: [firm(0)] } });
    const entry = await entryOf(zone, receipt);
    const old = { category: 'tax.longGone', clear: ['something'] };
    const text = JSON.stringify({ ...entry, reads: entry.reads?.map((read) => ({ ...read, categories: [...read.categories, old] })) });
    await zone.owner.query({ text: 'update audit_entry set entry = $2 where id = $1', values: [receipt, text] });
    const decision = await told(receipt);
    expect(decision.agrees).toBe(false);
    expect(decision.lines.nodes.at(-1)).toMatchObject({ item: 'tax.longGone.something', outcome: 'CLEAR', recomputed: null, agrees: false });
  });
});

describe('Who may know', () => {
  const OFFICER = { staff: { login: 'officer.wang', roles: ['GOVERNANCE_OFFICER'] } };
  const AUDITOR = { staff: { login: 'auditor.zhao', roles: ['AUDITOR'] } };
  const unknown = '018f0000-0000-7000-8000-000000000000';
  const refusal = async (receipt: string, who: { institution?: string; staff?: Staff; enterprise?: string }) => {
    const { status, body } = await explained(receipt, who);
    return { status, data: body.data, errors: body.errors };
  };

  test('the officer and the auditor: everything', async () => {
    const receipt = await receiptOf(BATCH, { variables: { usccs: [firm(0)] }, institution: 'bank-06' });
    const own = await told(receipt, { institution: 'bank-06' });
    expect(await told(receipt, OFFICER)).toEqual(own);
    expect(await told(receipt, AUDITOR)).toEqual(own);
  });

  test('an institution: its own; of a foreign receipt it learns as little as of one that never was', async () => {
    const receipt = await receiptOf(BATCH, { variables: { usccs: [firm(0)] }, institution: 'bank-06' });
    const foreign = await refusal(receipt, { institution: 'bank-01' });
    expect(foreign).toEqual(await refusal(unknown, { institution: 'bank-01' }));
    expect(foreign).toMatchObject({ status: 200, data: { explainDecision: null }, errors: [{ extensions: { code: 'RECEIPT_UNKNOWN' } }] });
    expect(await refusal('no receipt', {})).toMatchObject({ data: { explainDecision: null }, errors: [{ extensions: { code: 'RECEIPT_UNKNOWN' } }] });
  });

  test('an enterprise: that it was read, what came out of it, and nothing of others or of the case', async () => {
    const receipt = await receiptOf(BATCH, { variables: { usccs: FIRMS } });
    const { status, body, text } = await explained(receipt, { enterprise: firm(1) });
    expect([status, body.errors]).toEqual([200, undefined]);
    const decision = body.data.explainDecision;
    expect(decision).toMatchObject({ institution: 'bank-01', purpose: 'PRE_LOAN_REVIEW', client: null, caseNumber: null, operator: null, agrees: true });
    expect(new Set(decision.lines.nodes.flatMap((line: Line) => line.enterprises))).toEqual(new Set([firm(1)]));
    for (const other of FIRMS.filter((uscc) => uscc !== firm(1))) expect(text).not.toContain(other);
    expect(text).not.toContain('T-7');
    expect(await refusal(receipt, { enterprise: firm(6) })).toEqual(await refusal(unknown, { enterprise: firm(6) }));
  });

  test('neither a steward nor a reader of figures', async () => {
    for (const role of ['PROVIDER_STEWARD', 'DASHBOARD_READER'] as const) {
      const { status, body } = await explained(unknown, { staff: { login: 'someone', roles: [role] } });
      expect([status, body.errors?.[0]?.extensions.code]).toEqual([400, 'GRAPHQL_VALIDATION_FAILED']);
    }
  });
});

describe('What is no read', () => {
  test.each<[string, () => Promise<string>, Record<string, unknown>]>([
    ['a look at the catalogue', () => receiptOf('{ catalogue { version } }'), { kind: 'OTHER', agrees: null, code: null }],
    ['a search', () => receiptOf('{ searchEnterprises(name: "北京", first: 1) { nodes { uscc } } }'), { kind: 'SEARCH', agrees: null }],
    ['a question', () => receiptOf('{ myAccess(purpose: PRE_LOAN_REVIEW, category: "registration.basic") { item } }'), { kind: 'QUESTION', agrees: null }],
    [
      'a refusal',
      () =>
        receiptOf(BATCH, {
          variables: {
            usccs: 'x'
              .repeat(80)
              .split('')
              .map(() => 7),
          },
        }),
      { kind: 'REFUSED', code: 'BAD_USER_INPUT' },
    ],
  ])('%s is said to be one', async (_what, made, expected) => {
    const decision = await told(await made());
    expect(decision).toMatchObject(expected);
    expect(decision.lines.nodes).toEqual([]);
    expect(decision.note.en).toMatch(/\w/);
  });

  test('provenance alone is explained by its category', async () => {
    const PROVENANCE = `query ($usccs: [USCC!]!) { enterprises(usccs: $usccs, ${INQUIRY}) { ... on Enterprise { tax { valueAddedTaxReturns { provenance { provider } } } } } }`;
    const decision = await told(await receiptOf(PROVENANCE, { variables: { usccs: [firm(0), firm(4)] } }));
    expect(decision.agrees).toBe(true);
    expect(decision.lines.nodes.map(({ item, outcome, reason, enterprises }: Line) => [item, outcome, reason, enterprises])).toEqual([
      [null, 'CLEAR', null, [firm(0)]],
      [null, 'DENIED', 'CONSENT_REQUIRED', [firm(4)]],
    ]);
  });

  test('an answer that was thrown away is said to be one', async () => {
    const receipt = await receiptOf(BATCH, { variables: { usccs: [firm(0)] } });
    const successor = `${receipt.slice(0, -1)}${receipt.endsWith('0') ? '1' : '0'}`;
    const entry = { ...(await entryOf(zone, receipt)), id: successor, supersedes: receipt };
    await zone.owner.query({
      text: 'insert into audit_entry (id, time, institution, entry, leaf_hash) select $2, time, institution, $3, leaf_hash from audit_entry where id = $1',
      values: [receipt, successor, JSON.stringify(entry)],
    });
    expect(await told(receipt)).toMatchObject({ superseded: true, supersedes: null });
    expect(await told(successor)).toMatchObject({ superseded: false, supersedes: receipt });
  });
});

test('Every item of the zone, of firms of every consent, is explained as it came out', async () => {
  const { categories } = zone.catalogue;
  const selected = ({ domain, field, items }: Category, names: readonly Item[] = items) =>
    `...{ ${domain} { ${field} { ${names.map(({ name }) => name).join(' ')} } } }`;
  const query = `query ($usccs: [USCC!]!) { enterprises(usccs: $usccs, ${INQUIRY}) { ... on Enterprise { ${categories.map((category) => selected(category)).join(' ')} } } }`;
  for (const institution of ['bank-01', 'bank-15']) {
    const { status, body } = await gateway.ask(query, { institution, variables: { usccs: [0, 4, 9, 12, 14].map(firm) } });
    expect(status).toBe(200);
    const { total } = (await told(body.extensions.receipt.id, { institution })).lines;
    expect(total).toBeGreaterThan(zone.catalogue.items.length);
    expect((await told(body.extensions.receipt.id, { institution })).agrees).toBe(true);
  }
});

test('To ask for an explanation is written down', async () => {
  const receipt = await receiptOf('{ catalogue { version } }');
  const sequence = await lastSequence(zone);
  await told(receipt, { staff: { login: 'auditor.zhao', roles: ['AUDITOR'] } });
  expect(await entriesSince(zone, sequence)).toMatchObject([
    { outcome: 'ANSWERED', staff: 'auditor.zhao', institution: null, fields: ['explainDecision'], questions: [{ receipt }] },
  ]);
});
