/** Usage and reports as staff get them: who sees which cells, what is hidden, what is kept of the asking. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openEvidence, openMonthlyReports } from '../../src/zone/evidence.js';
import { entriesSince, entryOf, lastSequence, openWatchedGateway, type WatchedGateway } from '../harness/watched.js';
import { firm, openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
let gateway: WatchedGateway;
beforeAll(async () => {
  zone = await openTestZone();
  gateway = await openWatchedGateway(zone);
  await read('bank-01', 8, 'tax { valueAddedTaxReturns { taxPayable } }');
  await read('bank-02', 3, 'tax { valueAddedTaxReturns { taxPayable } }');
  await read('bank-03', 6, 'registration { basic { registrationStatus } }');
  await read('bank-07', 9, 'registration { basic { registrationStatus } } judicial { judgments { caseNumber } }');
  await openEvidence(zone.config, zone.database).step();
  // The same a month earlier: those who look at figures see months that are over.
  const earlier: readonly [string, string][] = [
    ['usage_count', 'day - 31, institution, purpose, shape, times'],
    ['usage_enterprise', 'uscc, day - 31, institution, purpose, shape, times'],
    ['usage_request', 'day - 31, institution, purpose, policy_version, requests, refused, memory, redis, postgres'],
  ];
  for (const [table, columns] of earlier) await zone.owner.query({ text: `insert into ${table} select ${columns} from ${table}` });
}, 60_000);
afterAll(async () => {
  await gateway?.close();
  await zone?.close();
});

async function read(institution: string, count: number, fields: string): Promise<void> {
  const query = `query ($usccs: [USCC!]!) { enterprises(usccs: $usccs, inquiry: { purpose: PRE_LOAN_REVIEW, caseNumber: "1" }) { ... on Enterprise { ${fields} } } }`;
  const answered = await gateway.ask(query, { institution, variables: { usccs: Array.from({ length: count }, (_, index) => firm(index)) } });
  expect(answered.status).toBe(200);
}

interface Cell {
  readonly suppressed: boolean;
  readonly reads: number | null;
  readonly asked: number | null;
  readonly [name: string]: unknown;
}
const CELL =
  'day institution purpose provider category item suppressed reads masked enterprises asked requests denials { reason count enterprises } cacheHits { memory redis postgres }';
const usageOf = (given: string) => `{ usage(${given}) { from until total leastEnterprises nodes { ${CELL} } pageInfo { hasNextPage endCursor } } }`;

async function headersOf(roles: readonly string[], provider?: string): Promise<Record<string, string>> {
  const token = await gateway.issuer?.tokenFor('wang.fang', 'console', { actor: 'staff', roles, ...(provider ? { provider } : {}) });
  return { authorization: `Bearer ${token}` };
}
async function usage(given: string, roles: readonly string[], provider?: string) {
  const { status, body } = await gateway.ask(usageOf(given), { headers: await headersOf(roles, provider) });
  return { status, body, page: body.data?.usage, nodes: (body.data?.usage?.nodes ?? []) as Cell[] };
}

describe('Usage', () => {
  test('is told to officers cell by cell, with requests and cache hits', async () => {
    const { page, nodes } = await usage('by: [INSTITUTION]', ['AUDITOR']);
    expect(page).toMatchObject({ from: '2026-11-01', until: '2026-11-30', total: 4, leastEnterprises: null });
    expect(nodes.map(({ institution, asked, requests, suppressed }) => ({ institution, asked, requests, suppressed }))).toEqual([
      { institution: 'bank-01', asked: 8, requests: 1, suppressed: false },
      { institution: 'bank-02', asked: 3, requests: 1, suppressed: false },
      { institution: 'bank-03', asked: 6, requests: 1, suppressed: false },
      { institution: 'bank-07', asked: 9, requests: 1, suppressed: false },
    ]);
    expect(nodes[2]).toMatchObject({ reads: 6, masked: 0, enterprises: 6, denials: [], cacheHits: { memory: 0, redis: 0, postgres: 6 } });
    const [denied] = (await usage('by: [PURPOSE], filter: { institution: "bank-07", category: "judicial.judgment" }', ['GOVERNANCE_OFFICER'])).nodes;
    expect(denied).toMatchObject({
      reads: 0,
      enterprises: 0,
      asked: 9,
      requests: null,
      cacheHits: null,
      denials: [{ reason: 'GRANT_EXPIRED', count: 9, enterprises: 9 }],
    });
  });

  test('hides from dashboard readers what tells of fewer than five, and a second cell with it', async () => {
    const { page, nodes } = await usage('by: [INSTITUTION]', ['DASHBOARD_READER']);
    expect(page.leastEnterprises).toBe(5);
    expect(nodes.map(({ institution, suppressed, asked }) => [institution, suppressed, asked])).toEqual([
      ['bank-01', true, null],
      ['bank-02', true, null],
      ['bank-03', false, 6],
      ['bank-07', false, 9],
    ]);
    expect(nodes[1]).toMatchObject({ reads: null, masked: null, enterprises: null, denials: null, requests: null, cacheHits: null });
  });

  test('hides the same cells whichever filter asks for them', async () => {
    for (const institution of ['bank-01', 'bank-02', 'bank-03']) {
      const { nodes } = await usage(`by: [], filter: { institution: "${institution}" }`, ['DASHBOARD_READER']);
      expect(nodes.map(({ suppressed }) => suppressed)).toEqual([institution !== 'bank-03']);
    }
  });

  test.each([
    'by: [INSTITUTION, PURPOSE]',
    'by: [DAY, ITEM]',
    'by: [PURPOSE], filter: { institution: "bank-01" }',
    'by: [], filter: { institution: "bank-01", category: "tax.valueAddedTaxReturn" }',
  ])('tells dashboard readers and stewards no table that crosses others: %s', async (given) => {
    for (const [role, provider] of [['DASHBOARD_READER'], ['PROVIDER_STEWARD', 'tax']] as const) {
      const { status, body } = await usage(given, [role], provider);
      expect([status, body.errors?.[0]?.extensions.code, body.data]).toEqual([400, 'BAD_USER_INPUT', undefined]);
    }
    expect((await usage(given, ['AUDITOR'])).status).toBe(200);
  });

  test('gives dashboard readers and stewards whole months only, and only those that are over, so that spans cannot be subtracted', async () => {
    const spans = [
      'from: "2026-10-01", until: "2026-10-21"',
      'from: "2026-09-01", until: "2026-10-31"',
      'from: "2026-10-02", until: "2026-10-31"',
      'from: "2026-11-01", until: "2026-11-30"',
      'from: "2026-11-01"',
      'from: "2026-12-01"',
    ];
    for (const span of spans) {
      const { status, body } = await usage(`by: [DAY], ${span}`, ['DASHBOARD_READER']);
      expect([status, body.errors?.[0]?.extensions.code, body.data]).toEqual([400, 'BAD_USER_INPUT', undefined]);
      expect((await usage(`by: [DAY], ${span}`, ['AUDITOR'])).status).toBe(200);
    }
    expect((await usage('by: [DAY], from: "2026-09-01"', ['DASHBOARD_READER'])).page).toMatchObject({ until: '2026-09-30', total: 0 });
    expect((await usage('by: [DAY]', ['DASHBOARD_READER'])).page).toMatchObject({ from: '2026-10-01', until: '2026-10-31', total: 1 });
  });

  test('gives stewards their own provider, whatever they ask', async () => {
    const { nodes } = await usage('by: [CATEGORY]', ['PROVIDER_STEWARD'], 'tax');
    expect(nodes.map(({ provider, category }) => [provider, category])).toEqual([['tax', 'tax.valueAddedTaxReturn']]);
    expect((await usage('by: [PROVIDER], filter: { provider: "high-court" }', ['PROVIDER_STEWARD'], 'tax')).nodes).toEqual([]);
    // Of its 8 enterprises some were denied for a reason of their own.
    expect((await usage('by: []', ['PROVIDER_STEWARD'], 'tax')).nodes).toMatchObject([{ suppressed: true, asked: null }]);
    const [whole] = (await usage('by: []', ['PROVIDER_STEWARD'], 'market-regulation')).nodes;
    expect(whole).toMatchObject({ asked: 9, reads: 15, requests: null, cacheHits: null });
    const nobodys = await usage('by: []', ['PROVIDER_STEWARD']);
    expect([nobodys.status, nobodys.body.errors?.[0]?.extensions.code]).toEqual([403, 'ACCESS_DENIED']);
  });

  test('exists for staff alone', async () => {
    for (const who of [{ institution: 'bank-01' }, { enterprise: firm(1) }]) {
      const { body } = await gateway.ask('{ usage(by: []) { total } }', who);
      expect(body.errors?.[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
    }
  });

  test('is paged in the order of its dimensions, every cell once', async () => {
    const whole = await usage('by: [ITEM, INSTITUTION], first: 1000', ['AUDITOR']);
    const met: Cell[] = [];
    for (let after = ''; ; ) {
      const { page, nodes } = await usage(`by: [ITEM, INSTITUTION], first: 2${after && `, after: "${after}"`}`, ['AUDITOR']);
      met.push(...nodes);
      if (!page.pageInfo.hasNextPage) break;
      after = page.pageInfo.endCursor;
    }
    expect(met).toEqual(whole.nodes);
    expect(met.length).toBe(whole.page.total);
  });

  test('refuses what is no span and no page', async () => {
    for (const given of [
      'from: "2026-02-30"',
      'from: "yesterday"',
      'from: "2026-11-02", until: "2026-11-01"',
      'first: 0',
      'after: "!"',
      'from: "2025-01-01", until: "2026-11-30"',
    ]) {
      const { status, body } = await usage(`by: [], ${given}`, ['AUDITOR']);
      expect([given, status]).toEqual([given, 400]);
      expect(['BAD_USER_INPUT', 'INVALID_PAGE', 'USAGE_TOO_WIDE']).toContain(body.errors?.[0]?.extensions.code);
    }
  });

  test('stands in the log: who looked for what, and how much was given', async () => {
    const { body } = await usage('by: [CATEGORY], filter: { category: "tax.valueAddedTaxReturn" }', ['PROVIDER_STEWARD'], 'tax');
    const entry = await entryOf(zone, body.extensions.receipt.id);
    expect(entry).toMatchObject({
      staff: 'wang.fang',
      lookups: [
        { field: 'usage', filter: { by: ['CATEGORY'], from: '2026-10-01', until: '2026-10-31', category: 'tax.valueAddedTaxReturn', own: 'tax' }, returned: 1 },
      ],
    });
  });
});

describe('The monthly report', () => {
  const get = async (query: string, roles: readonly string[]) =>
    gateway.send({ method: 'GET', path: `/audit/report?${query}`, headers: await headersOf(roles) });

  test('tells an institution’s month, and its reading is in the log first', async () => {
    const sequence = await lastSequence(zone);
    const { status, headers, text } = await get('institution=bank-07&month=2026-11', ['AUDITOR']);
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'/);
    const [entry] = await entriesSince(zone, sequence);
    expect(entry).toMatchObject({
      id: headers['x-request-id'],
      staff: 'wang.fang',
      lookups: [{ field: 'auditReport', filter: { institution: 'bank-07', month: '2026-11' } }],
    });
    expect(text).toContain(String(entry?.id));
    for (const wanted of ['bank-07', 'GRANT_EXPIRED', '企业登记', 'PRE_LOAN_REVIEW', 'By day', 'Cache hits', '策略版本']) expect(text).toContain(wanted);
    expect(text.match(/<svg/g)).toHaveLength(6);
    expect(text).not.toMatch(/<script|javascript:|https?:\/\/|<link|<img|@import|url\(/i);
  });

  test('tells a provider’s month, by institution', async () => {
    const { status, text } = await get('provider=tax&month=2026-11', ['GOVERNANCE_OFFICER']);
    expect(status).toBe(200);
    for (const wanted of ['By institution', '(bank-01)', '(bank-02)', 'tax.valueAddedTaxReturn']) expect(text).toContain(wanted);
    expect(text).not.toContain('(bank-03)');
  });

  test.each([
    ['institution=bank-01&month=2026-11', ['DASHBOARD_READER'], 403, 'ACCESS_DENIED'],
    ['institution=bank-01&month=2026-13', ['AUDITOR'], 400, 'BAD_USER_INPUT'],
    ['institution=bank-01&provider=tax&month=2026-11', ['AUDITOR'], 400, 'BAD_USER_INPUT'],
    ['institution=bank-01&institution=bank-02&month=2026-11', ['AUDITOR'], 400, 'BAD_USER_INPUT'],
    ['institution=nobody&month=2026-11', ['AUDITOR'], 400, 'BAD_USER_INPUT'],
    ['month=2026-11', ['AUDITOR'], 400, 'BAD_USER_INPUT'],
  ])('refuses %s to %s, and keeps that it did', async (query, roles, wanted, code) => {
    const { status, headers, text } = await get(query, roles);
    expect([status, JSON.parse(text).errors[0].extensions.code]).toEqual([wanted, code]);
    expect(await entryOf(zone, String(headers['x-request-id']))).toMatchObject({ outcome: 'REFUSED', code });
  });

  test('is for nobody without a token', async () => {
    expect((await gateway.send({ method: 'GET', path: '/audit/report?institution=bank-01&month=2026-11' })).status).toBe(401);
  });

  test('is not given where the log cannot be written', async () => {
    await zone.owner.query({ text: 'revoke execute on function append_audit from zone_gateway' });
    try {
      const { status, text } = await get('institution=bank-01&month=2026-11', ['AUDITOR']);
      expect(status).toBe(503);
      expect(text).not.toContain('html');
    } finally {
      await zone.owner.query({ text: 'grant execute on function append_audit to zone_gateway' });
    }
  });

  test('lets no name, reason or code become markup', async () => {
    const evil = `"><script>alert(1)</script><img src=x onerror='alert(2)'>&amp;\u202e`;
    const [policy] = await zone.owner.query<{ reason: string; version: number }>({
      text: 'select version, reason from policy_version order by version desc limit 1',
    });
    const [old] = await zone.owner.query<{ name: string }>({ text: "select name_zh as name from institution where code = 'bank-01'" });
    await zone.owner.query({ text: "update institution set name_zh = $1, name_en = $1 where code = 'bank-01'", values: [evil] });
    await zone.owner.query({ text: 'update policy_version set reason = $1, author = $1 where version = $2', values: [evil, policy?.version] });
    await zone.owner.query({ text: "insert into usage_consent values ($1, $1, '2026-11-02', 'bank-01', $1, 3)", values: [evil] });
    await zone.owner.query({ text: "insert into usage_count values ('2026-11-03', 'bank-01', $1, '00000000-0000-0000-0000-000000000001', 7)", values: [evil] });
    await zone.owner.query({ text: "insert into usage_shape values ('00000000-0000-0000-0000-000000000001', $1, $1, 'CLEAR')", values: [evil] });
    await zone.owner.query({
      text: "insert into usage_enterprise values ($1, '2026-11-03', 'bank-01', $1, '00000000-0000-0000-0000-000000000001', 7)",
      values: [evil],
    });
    try {
      for (const query of ['institution=bank-01&month=2026-11', 'provider=tax&month=2026-11']) {
        const { status, text } = await get(query, ['AUDITOR']);
        expect(status).toBe(200);
        expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
        expect(text).not.toMatch(/<script|<img|\u202e/i);
        // No tag but the page's own, and no attribute but those it writes.
        const tags = new Set([...text.matchAll(/<\/?([a-z0-9!]+)/gi)].map(([, name]) => name?.toLowerCase()));
        for (const tag of tags)
          expect(
            '!doctype html head meta title style body header h1 small p b section div span h2 figure figcaption i svg rect line text table thead tbody tr th td footer'.split(
              ' ',
            ),
          ).toContain(tag);
        expect(text).not.toMatch(/<[^>]*\son\w+\s*=/i);
      }
    } finally {
      for (const table of ['usage_consent', 'usage_count', 'usage_enterprise'])
        await zone.owner.query({ text: `delete from ${table} where purpose = $1`, values: [evil] });
      await zone.owner.query({ text: "update institution set name_zh = $1 where code = 'bank-01'", values: [old?.name] });
      await zone.owner.query({ text: 'update policy_version set reason = $1 where version = $2', values: [policy?.reason, policy?.version] });
    }
  });

  test('closes every tag it opens', async () => {
    const { text } = await get('institution=bank-07&month=2026-11', ['AUDITOR']);
    // Well-formed as XML is stricter than HTML asks for: every tag is closed, every attribute quoted.
    const body = text.slice(text.indexOf('<body>'), text.indexOf('</body>') + 7);
    const open: string[] = [];
    for (const [, closing, name, empty] of body.matchAll(/<(\/?)([a-z0-9]+)(?:\s[^<>]*?)?(\/?)>/g)) {
      if (closing) expect(open.pop()).toBe(name);
      else if (!empty) open.push(String(name));
    }
    expect(open).toEqual([]);
  });

  test('is written by the command line’s way too, and kept', async () => {
    const sequence = await lastSequence(zone);
    const { make } = openMonthlyReports(zone.config, zone.database, zone.catalogue);
    const page = await make({ query: { institution: 'bank-01' }, month: '2026-11', reader: { client: 'command-line', operator: 'somebody' } });
    expect(page).toContain('bank-01');
    expect((await entriesSince(zone, sequence)).map(({ client, operator, lookups }) => [client, operator, lookups?.length])).toEqual([
      ['command-line', 'somebody', 1],
    ]);
  });
});
