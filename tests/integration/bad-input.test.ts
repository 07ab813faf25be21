/**
 * What nobody should send. Every refusal is small, quick, of the closed table, in the audit log, and costs no record. The
 * same goes for what only looks harmless: documents that grow when they are unfolded.
 */
import { availableParallelism, loadavg } from 'node:os';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { getIntrospectionQuery } from 'graphql';
import type { Category } from '../../src/catalogue/model.js';
import { FAULTS } from '../../src/faults.js';
import { entriesSince, entryOf, lastSequence, openWatchedGateway, type SendOptions, type Sent, type WatchedGateway } from '../harness/watched.js';
import { firm, openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
let gateway: WatchedGateway;
beforeAll(async () => {
  zone = await openTestZone({ enterprises: 5 });
  gateway = await openWatchedGateway(zone);
  await gateway.ask('{ catalogue { version } }');
});
afterAll(async () => {
  await gateway?.close();
  await zone?.close();
});

const SMALL = 4_096;
/** A generous bound, longer where the machine has more to do than it can: most are refused within milliseconds. */
const SOON_MS = 1_000 * Math.max(1, (loadavg()[0] as number) / availableParallelism());
const CASE = 'inquiry: { purpose: PRE_LOAN_REVIEW, caseNumber: "T-1" }';
const ONE = (selection: string, inquiry = CASE) => `{ enterprise(uscc: "${firm(0)}", ${inquiry}) { ${selection} } }`;
const repeated = (count: number, text: (index: number) => string) => Array.from({ length: count }, (_, index) => text(index)).join(' ');

async function sendAs(institution: string, { headers = {}, ...options }: SendOptions): Promise<Sent> {
  return gateway.send({ ...options, headers: { authorization: `Bearer ${await gateway.tokenFor(institution)}`, ...headers } });
}

/** Sends it and holds the answer to everything that a refusal promises. */
async function expectRefused(options: SendOptions, code: string, status: number = FAULTS[code as keyof typeof FAULTS].status): Promise<Sent> {
  const sequence = await lastSequence(zone);
  const recordsRead = gateway.recordStatements().length;
  const sent = await sendAs('bank-01', options);
  const body = JSON.parse(sent.text);
  expect([sent.status, body.errors?.[0]?.extensions?.code]).toEqual([status, code]);
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(500);
  expect(body).not.toHaveProperty('data');
  expect(Object.keys(FAULTS)).toContain(code);
  for (const { message, extensions } of body.errors) {
    expect(message).toMatch(/\p{Script=Han}.* \/ [A-Z]/u);
    expect(extensions.remedy).toMatch(/.+ \/ .+/);
    expect(JSON.stringify(extensions)).not.toMatch(/stack|node_modules|\.js/);
  }
  expect(sent.text.length).toBeLessThan(SMALL);
  expect(sent.milliseconds).toBeLessThan(SOON_MS);
  expect(gateway.recordStatements()).toHaveLength(recordsRead);
  const entries = await entriesSince(zone, sequence);
  if (status === 404 || status === 405) {
    expect(entries).toEqual([]);
  } else {
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({ outcome: 'REFUSED', code, id: body.extensions.receipt.id });
    expect(sent.headers['x-request-id']).toBe(body.extensions.receipt.id);
    expect(entries[0]?.text.length).toBeLessThan(SMALL);
  }
  return sent;
}
const json = (body: unknown): SendOptions => ({ body: JSON.stringify(body) });

afterEach(async () => {
  // Whatever was sent, the next caller is answered as if nothing had been.
  const sent = await sendAs('bank-01', json({ query: ONE('uscc registration { basic { industry } }') }));
  expect([sent.status, JSON.parse(sent.text).data.enterprise.uscc]).toEqual([200, firm(0)]);
});

describe('Bytes', () => {
  const valid = JSON.stringify({ query: '{ catalogue { version } }' });
  test.each<[string, SendOptions, string]>([
    ['a body over 256 KiB', { body: JSON.stringify({ query: '{ catalogue { version } }', variables: { x: 'x'.repeat(256 * 1024) } }) }, 'BODY_TOO_LARGE'],
    [
      'a body over 256 KiB whose length is not told',
      { headers: { 'transfer-encoding': 'chunked' }, body: JSON.stringify({ query: `{ a } # ${'x'.repeat(300 * 1024)}` }) },
      'BODY_TOO_LARGE',
    ],
    ['a body of 8 MiB', { body: Buffer.alloc(8 * 1024 * 1024, 0x20) }, 'BODY_TOO_LARGE'],
    ['a compressed body', { headers: { 'content-encoding': 'gzip' }, body: gzipSync(valid) }, 'UNSUPPORTED_MEDIA_TYPE'],
    ['a compressed body that does not say so', { body: gzipSync(valid) }, 'INVALID_ENCODING'],
    ['invalid UTF-8', { body: Buffer.concat([Buffer.from('{"query":"{ a }","x":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]) }, 'INVALID_ENCODING'],
    ['an overlong UTF-8 form', { body: Buffer.concat([Buffer.from('{"query":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')]) }, 'INVALID_ENCODING'],
    ['UTF-16', { body: Buffer.from(valid, 'utf16le') }, 'INVALID_REQUEST'],
    ['no body', { body: '' }, 'INVALID_REQUEST'],
    ['what is not JSON', { body: 'query={catalogue{version}}' }, 'INVALID_REQUEST'],
    ['JSON cut short', { body: valid.slice(0, -1) }, 'INVALID_REQUEST'],
    ['a form', { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'query=%7Bcatalogue%7Bversion%7D%7D' }, 'UNSUPPORTED_MEDIA_TYPE'],
    ['text', { headers: { 'content-type': 'text/plain' }, body: valid }, 'UNSUPPORTED_MEDIA_TYPE'],
    ['a bare GraphQL document', { headers: { 'content-type': 'application/graphql' }, body: '{ catalogue { version } }' }, 'UNSUPPORTED_MEDIA_TYPE'],
    ['a file upload', { headers: { 'content-type': 'multipart/form-data; boundary=x' }, body: '--x--' }, 'UNSUPPORTED_MEDIA_TYPE'],
    ['a content type that is none', { headers: { 'content-type': ';;' }, body: valid }, 'UNSUPPORTED_MEDIA_TYPE'],
  ])('%s is refused', async (_what, options, code) => {
    await expectRefused(options, code);
  });

  test('a body of exactly 256 KiB is read', async () => {
    const empty = JSON.stringify({ query: '{ catalogue { version } }', extensions: { x: '' } });
    const body = empty.replace('""', `"${'x'.repeat(256 * 1024 - empty.length)}"`);
    expect((await sendAs('bank-01', { body })).status).toBe(200);
  });

  test('a byte order mark is not held against a client', async () => {
    expect((await sendAs('bank-01', { body: `\uFEFF${valid}` })).status).toBe(200);
  });
});

describe('JSON that is no request', () => {
  test.each<[string, unknown, string]>([
    ['a batch of requests', [{ query: '{ catalogue { version } }' }, { query: '{ catalogue { version } }' }], 'INVALID_REQUEST'],
    ['an empty batch', [], 'INVALID_REQUEST'],
    ['null', null, 'INVALID_REQUEST'],
    ['a number', 4, 'INVALID_REQUEST'],
    ['a string', '{ catalogue { version } }', 'INVALID_REQUEST'],
    ['no query', {}, 'INVALID_REQUEST'],
    ['an empty query', { query: ' \n' }, 'INVALID_REQUEST'],
    ['a query of comments only', { query: '# nothing' }, 'GRAPHQL_PARSE_FAILED'],
    ['a query that is no text', { query: { kind: 'Document' } }, 'INVALID_REQUEST'],
    ['a list of queries', { query: ['{ catalogue { version } }'] }, 'INVALID_REQUEST'],
    ['a persisted query', { extensions: { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } } }, 'INVALID_REQUEST'],
    ['variables as text', { query: '{ catalogue { version } }', variables: '{}' }, 'INVALID_REQUEST'],
    ['variables as a list', { query: '{ catalogue { version } }', variables: [1] }, 'INVALID_REQUEST'],
    ['an operation name that is no text', { query: '{ catalogue { version } }', operationName: 1 }, 'INVALID_REQUEST'],
    ['extensions as text', { query: '{ catalogue { version } }', extensions: 'x' }, 'INVALID_REQUEST'],
  ])('%s is refused', async (_what, body, code) => {
    await expectRefused(json(body), code);
  });
});

describe('Addresses and methods', () => {
  test.each<[string, string, string]>([
    ['GET', '/graphql?query=%7Bcatalogue%7Bversion%7D%7D', 'METHOD_NOT_ALLOWED'],
    ['PUT', '/graphql', 'METHOD_NOT_ALLOWED'],
    ['DELETE', '/graphql', 'METHOD_NOT_ALLOWED'],
    ['PATCH', '/graphql', 'METHOD_NOT_ALLOWED'],
    ['GET', '/', 'NOT_FOUND'],
    ['POST', '/graphqlx', 'NOT_FOUND'],
    ['POST', '/graphql/', 'NOT_FOUND'],
    ['POST', '/record', 'NOT_FOUND'],
    ['OPTIONS', '/graphql', 'METHOD_NOT_ALLOWED'],
    ['GET', `/${'x'.repeat(8_000)}`, 'NOT_FOUND'],
    ['GET', '/%E0%A4%A', 'NOT_FOUND'],
  ])('%s %s is refused, and not audited', async (method, path, code) => {
    const sent = await expectRefused({ method, path, headers: { accept: 'application/json' } }, code);
    if (code === 'METHOD_NOT_ALLOWED') expect(String(sent.headers.allow)).toContain('POST');
  });
});

describe('Documents that are not of the schema', () => {
  test.each<[string, string, string]>([
    ['a mutation', 'mutation { deleteEverything }', 'GRAPHQL_VALIDATION_FAILED'],
    ['a mutation of staff', 'mutation { approveProposal(proposal: "1", reason: "1", idempotencyKey: "12345678") { state } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['two mutations', 'mutation { a: __typename b: __typename }', 'MANY_MUTATIONS'],
    ['a subscription', 'subscription { enterprise { uscc } }', 'OPERATION_NOT_SUPPORTED'],
    ['two operations and no name', 'query A { catalogue { version } } query B { catalogue { version } }', 'OPERATION_NOT_SUPPORTED'],
    ['fragments only', 'fragment A on Query { catalogue { version } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['what does not parse', '{ catalogue { version }', 'GRAPHQL_PARSE_FAILED'],
    ['a null byte', '{ catalogue \u0000 { version } }', 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', '{ bank { password } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['an unknown item', ONE('registration { basic { shoeSize } }'), 'GRAPHQL_VALIDATION_FAILED'],
    ['a missing argument', `{ enterprise(${CASE}) { uscc } }`, 'GRAPHQL_VALIDATION_FAILED'],
    ['a missing inquiry', `{ enterprise(uscc: "${firm(0)}") { uscc } }`, 'GRAPHQL_VALIDATION_FAILED'],
    ['an unknown purpose', ONE('uscc', 'inquiry: { purpose: CURIOSITY, caseNumber: "T-1" }'), 'GRAPHQL_VALIDATION_FAILED'],
    ['an unknown directive', '{ catalogue @defer { version } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['an unknown fragment', '{ ...Nothing }', 'GRAPHQL_VALIDATION_FAILED'],
    ['a cycle of fragments', '{ catalogue { ...A } } fragment A on Catalogue { ...B } fragment B on Catalogue { version ...A }', 'GRAPHQL_VALIDATION_FAILED'],
    ['a fragment in itself', '{ ...A } fragment A on Query { catalogue { version } ...A }', 'GRAPHQL_VALIDATION_FAILED'],
    [
      'a cycle of fragments below fields',
      '{ catalogue { ...A } } fragment A on Catalogue { providers { categories { provider { ...B } } } } fragment B on Provider { categories { provider { ...B } } }',
      'GRAPHQL_VALIDATION_FAILED',
    ],
    ['a schema definition', 'type Query { a: Int } query { catalogue { version } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['an undefined variable', `query { enterprise(uscc: $uscc, ${CASE}) { uscc } }`, 'GRAPHQL_VALIDATION_FAILED'],
  ])('%s is refused', async (_what, query, code) => {
    await expectRefused(json({ query }), code);
  });

  test('an operation that is not there is refused', async () => {
    await expectRefused(json({ query: 'query A { catalogue { version } }', operationName: 'B' }), 'OPERATION_NOT_SUPPORTED');
    await expectRefused(json({ query: 'query A { catalogue { version } }', operationName: '__proto__' }), 'OPERATION_NOT_SUPPORTED');
  });

  test('a faulty document of many faults is told a few of them', async () => {
    const { text } = await expectRefused(json({ query: `{ catalogue { ${repeated(2_000, (index) => `nothing${index}`)} } }` }), 'GRAPHQL_VALIDATION_FAILED');
    expect(JSON.parse(text).errors.length).toBeLessThanOrEqual(5);
  });

  test('a faulty document of one long name is not told back at length', async () => {
    await expectRefused(json({ query: `{ ${'x'.repeat(200_000)} }` }), 'GRAPHQL_VALIDATION_FAILED');
    await expectRefused(json({ query: `{ catalogue { item(code: ${'9'.repeat(200_000)}) { code } } }` }), 'GRAPHQL_VALIDATION_FAILED');
    await expectRefused(json({ query: `"${'x'.repeat(200_000)}" { a }` }), 'GRAPHQL_PARSE_FAILED');
  });
});

describe('Documents that cost', () => {
  const nested = (levels: number) => `{ catalogue { ${'providers { categories { provider { '.repeat(levels)} code ${'} } }'.repeat(levels)} } }`;
  const braces = (levels: number) => `${'{ a '.repeat(levels)}${'}'.repeat(levels)}`;
  const lists = (levels: number) => `{ catalogue { item(code: ${'['.repeat(levels)}${']'.repeat(levels)}) { code } } }`;
  const objects = (levels: number) => `{ catalogue { item(code: ${'{a:'.repeat(levels)}1${'}'.repeat(levels)}) { code } } }`;
  const doubling = (levels: number, leaf: string) =>
    `{ ...F0 } ${repeated(levels, (index) => `fragment F${index} on Query { a: catalogue { version } ...F${index + 1} ...F${index + 1} }`)} fragment F${levels} on Query { ${leaf} }`;
  /** Each fragment twice below two different fields: unfolded, it is twice as large as the one before. */
  const doublingBelow = (levels: number) =>
    `{ catalogue { providers { ...F0 } } } ${repeated(levels, (index) => `fragment F${index} on Provider { a${index}: categories { provider { ...F${index + 1} } } b${index}: categories { provider { ...F${index + 1} } } }`)} fragment F${levels} on Provider { code }`;

  test.each<[string, () => string, string]>([
    ['nesting over the limit of depth', () => nested(6), 'QUERY_TOO_DEEP'],
    [
      'nesting through fragments',
      () =>
        `{ __schema { types { fields { ...A } } } } fragment A on __Field { type { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ...B } } } } } } } } } fragment B on __Type { ofType { ofType { ofType { ofType { ofType { ofType { name } } } } } } }`,
      'QUERY_TOO_DEEP',
    ],
    ['3,900 levels of braces', () => braces(3_900), 'QUERY_TOO_DEEP'],
    ['5,900 levels of lists', () => lists(5_900), 'QUERY_TOO_DEEP'],
    ['8,000 levels of lists', () => lists(8_000), 'QUERY_TOO_DEEP'],
    ['8,000 levels of objects', () => objects(8_000), 'QUERY_TOO_DEEP'],
    ['4,000 levels of lists in a type', () => `query ($a: ${'['.repeat(4_000)}String${']'.repeat(4_000)}) { catalogue { version } }`, 'QUERY_TOO_DEEP'],
    ['61 aliases', () => `{ ${repeated(61, (index) => `a${index}: catalogue { version }`)} }`, 'TOO_MANY_ALIASES'],
    ['2,000 aliases', () => `{ ${repeated(2_000, (index) => `a${index}: __typename`)} }`, 'TOO_MANY_ALIASES'],
    ['2,000 times __typename', () => `{ ${'__typename '.repeat(2_000)} }`, 'QUERY_TOO_COSTLY'],
    ['2,000 times one field', () => `{ catalogue { ${'version '.repeat(2_000)} } }`, 'QUERY_TOO_COSTLY'],
    ['one field 2,000 times in inline fragments', () => `{ ${'...{ __typename } '.repeat(2_000)} }`, 'GRAPHQL_VALIDATION_FAILED'],
    [
      'one field in 1,000 fragments',
      () => `{ ${repeated(1_000, (index) => `...F${index}`)} } ${repeated(1_000, (index) => `fragment F${index} on Query { __typename }`)}`,
      'GRAPHQL_VALIDATION_FAILED',
    ],
    ['2,000 directives on one field', () => `{ catalogue { version ${'@skip '.repeat(2_000)} } }`, 'TOO_MANY_DIRECTIVES'],
    ['2,000 unknown directives', () => `query ${'@x '.repeat(2_000)} { catalogue { version } }`, 'TOO_MANY_DIRECTIVES'],
    ['2,000 directives on a variable', () => `query ($a: Int ${'@x '.repeat(2_000)}) { catalogue { version } }`, 'TOO_MANY_DIRECTIVES'],
    ['2,000 directives on a spread', () => `{ ...A ${'@x '.repeat(2_000)} } fragment A on Query { catalogue { version } }`, 'TOO_MANY_DIRECTIVES'],
    ['tokens over the limit', () => `{ catalogue { ${repeated(12_000, (index) => `x${index}`)} } }`, 'TOO_MANY_TOKENS'],
    ['a batch of 1,001', () => `{ enterprises(usccs: [${`"${firm(0)}" `.repeat(1_001)}], ${CASE}) { ... on Enterprise { uscc } } }`, 'BATCH_TOO_LARGE'],
    ['records over the limit of cost', () => costly(), 'QUERY_TOO_COSTLY'],
    ['fragments that double', () => doubling(30, 'catalogue { version }'), 'QUERY_TOO_COSTLY'],
    ['fragments that double below fields', () => doublingBelow(6), 'QUERY_TOO_COSTLY'],
    ['catalogue below catalogue, all within the limit of depth', () => nested(4), 'QUERY_TOO_COSTLY'],
    [
      'the whole catalogue sixty times',
      () => `{ ${repeated(60, (index) => `a${index}: catalogue { categories { code items { code name grade } } }`)} }`,
      'QUERY_TOO_COSTLY',
    ],
    [
      'all access sixty times',
      () => `{ ${repeated(60, (index) => `a${index}: myAccess(purpose: PRE_LOAN_REVIEW) { item outcome reason says }`)} }`,
      'QUERY_TOO_COSTLY',
    ],
    [
      'introspection sixty times',
      () => `{ ${repeated(60, (index) => `a${index}: __schema { types { fields { name description type { name } } } }`)} }`,
      'QUERY_TOO_COSTLY',
    ],
    [
      'one enterprise a thousand times in all categories',
      () => many(new Array(1_000).fill(`"${firm(0)}"`), zone.catalogue.categories.slice(0, 100)),
      'QUERY_TOO_COSTLY',
    ],
    [
      'a category under 50 names of a thousand enterprises',
      () =>
        `{ enterprises(usccs: [${usccs().join(' ')}], ${CASE}) { ... on Enterprise { ${repeated(50, (index) => `a${index}: tax { payments { __typename } }`)} } } }`,
      'QUERY_TOO_COSTLY',
    ],
  ])('%s is refused', async (_what, query, code) => {
    await expectRefused(json({ query: query() }), code);
  });

  /** Twenty-one categories of a thousand enterprises, every code a valid one that nobody has. */
  function costly(): string {
    const categories = zone.catalogue.categories.filter(({ domain }) => domain === 'tax');
    expect(categories.length * 1_000).toBeGreaterThan(20_000);
    return many(usccs(), categories);
  }
  function many(codes: string[], categories: readonly Category[]): string {
    const selection = categories.map(({ domain, field }) => `${domain} { ${field} { provenance { provider } } }`);
    return `{ enterprises(usccs: [${codes.join(' ')}], ${CASE}) { ... on Enterprise { ...All } } } fragment All on Enterprise { ${selection.map((text) => `...{ ${text} }`).join(' ')} }`;
  }
  function usccs(): string[] {
    const alphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY';
    return Array.from({ length: 1_000 }, (_, index) => {
      const body = `91110108MA${String(index).padStart(7, '0')}`;
      const sum = [...body].reduce((total, character, place) => total + alphabet.indexOf(character) * (3 ** place % 31), 0);
      return `"${body}${alphabet[(31 - (sum % 31)) % 31]}"`;
    });
  }

  test.each<[string, (levels: number) => string]>([
    ['lists', lists],
    ['objects', objects],
    ['fields', braces],
    ['inline fragments', (levels) => `{ ${'... { '.repeat(levels)} catalogue { version } ${'} '.repeat(levels)} }`],
    ['lists of a type', (levels) => `query ($a: ${'['.repeat(levels)}String${']'.repeat(levels)}) { catalogue { version } }`],
    [
      'fragments',
      (levels) =>
        `{ ...F0 } ${repeated(levels, (index) => `fragment F${index} on Query { ...F${index + 1} }`)} fragment F${levels} on Query { catalogue { version } }`,
    ],
  ])('however deep %s are nested, it never fails inside', async (_what, query) => {
    for (const levels of [20, 60, 100, 500, 1_000, 1_400, 2_000, 2_900, 3_900, 5_900]) {
      const { status, text, milliseconds } = await sendAs('bank-01', json({ query: query(levels) }));
      expect([levels, status]).toEqual([levels, status === 200 ? 200 : 400]);
      expect(text.length).toBeLessThan(SMALL);
      expect(milliseconds).toBeLessThan(SOON_MS);
    }
  });

  test('the whole catalogue is answered at once, and its introspection', async () => {
    const catalogue = await sendAs(
      'bank-01',
      json({
        query:
          '{ catalogue { providers { code } categories { code title { zh en } items { code name coordinate type unit grade personal sharing mask note { zh en } } } } }',
      }),
    );
    expect(JSON.parse(catalogue.text).data.catalogue.categories).toHaveLength(256);
    const access = await sendAs(
      'bank-01',
      json({
        query: '{ myAccess(purpose: PRE_LOAN_REVIEW) { item category coordinate outcome reason rule says policyVersion grants consents remedy { zh en } } }',
      }),
    );
    expect(JSON.parse(access.text).data.myAccess).toHaveLength(3158);
    expect(JSON.parse((await sendAs('bank-01', json({ query: getIntrospectionQuery() }))).text).data.__schema.types.length).toBeGreaterThan(256);
  });

  test('what is asked often but within the limits is answered soon', async () => {
    const query = `{ ${repeated(60, (index) => `a${index}: catalogue { version }`)} }`;
    const { status, milliseconds } = await sendAs('bank-01', json({ query }));
    expect(status).toBe(200);
    expect(milliseconds).toBeLessThan(SOON_MS);
  });

  test('the largest document that the limits let through is answered within the bound', async () => {
    // Every category and item of the zone, twice over by way of two fragments of the same fields.
    const all = zone.catalogue.categories.slice(0, 110);
    const part = (name: string) =>
      `fragment ${name} on Enterprise { ${all.map(({ domain, field, items }) => `${domain} { ${field} { ${items.map((item) => item.name).join(' ')} } }`).join(' ')} }`;
    const query = `{ enterprise(uscc: "${firm(0)}", ${CASE}) { ...A ...B } } ${part('A')} ${part('B')}`;
    const { milliseconds, text } = await sendAs('bank-01', json({ query }));
    const { errors = [] } = JSON.parse(text);
    expect(errors.map(({ extensions }: { extensions: { code: string } }) => extensions.code)).not.toContain('INTERNAL');
    expect(milliseconds).toBeLessThan(2 * SOON_MS);
  });
});

describe('Variables', () => {
  const BATCH = `query ($usccs: [USCC!]!, $inquiry: InquiryInput!) { enterprises(usccs: $usccs, inquiry: $inquiry) { __typename } }`;
  const inquiry = { purpose: 'PRE_LOAN_REVIEW', caseNumber: 'T-1' };
  const deep = (levels: number) => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);
  test.each<[string, unknown, string]>([
    ['none where some are needed', undefined, 'BAD_USER_INPUT'],
    ['null where a list is needed', { usccs: null, inquiry }, 'BAD_USER_INPUT'],
    ['a number as a code', { usccs: [91], inquiry }, 'BAD_USER_INPUT'],
    ['an object as a code', { usccs: [{ uscc: 'x' }], inquiry }, 'BAD_USER_INPUT'],
    ['lists 1,000 levels deep', { usccs: deep(1_000), inquiry }, 'BAD_USER_INPUT'],
    ['8,000 bad codes', { usccs: new Array(8_000).fill(1), inquiry }, 'BAD_USER_INPUT'],
    ['an unknown purpose', { usccs: [], inquiry: { ...inquiry, purpose: 'CURIOSITY' } }, 'BAD_USER_INPUT'],
    ['an unknown field of the inquiry', { usccs: [], inquiry: { ...inquiry, reason: 'x' } }, 'BAD_USER_INPUT'],
    [
      'an unknown field __proto__',
      { usccs: [], inquiry: JSON.parse('{"purpose":"PRE_LOAN_REVIEW","caseNumber":"T-1","__proto__":{"operator":"x"}}') },
      'BAD_USER_INPUT',
    ],
    ['an inquiry without a case', { usccs: [], inquiry: { purpose: 'PRE_LOAN_REVIEW' } }, 'BAD_USER_INPUT'],
    ['a long text as a purpose', { usccs: [], inquiry: { ...inquiry, purpose: 'x'.repeat(100_000) } }, 'BAD_USER_INPUT'],
    ['an empty case', { usccs: [], inquiry: { ...inquiry, caseNumber: '' } }, 'INVALID_INQUIRY'],
    ['a blank case', { usccs: [], inquiry: { ...inquiry, caseNumber: ' \t ' } }, 'INVALID_INQUIRY'],
    ['a case of 65 characters', { usccs: [], inquiry: { ...inquiry, caseNumber: 'x'.repeat(65) } }, 'INVALID_INQUIRY'],
    ['a case with a line break', { usccs: [], inquiry: { ...inquiry, caseNumber: 'T-1\nT-2' } }, 'INVALID_INQUIRY'],
    ['a case with half a character', { usccs: [], inquiry: { ...inquiry, caseNumber: 'T\uD800' } }, 'INVALID_INQUIRY'],
    ['an operator of 65 characters', { usccs: [], inquiry: { ...inquiry, operator: '人'.repeat(65) } }, 'INVALID_INQUIRY'],
    ['1,001 codes', { usccs: new Array(1_001).fill(firm(0)), inquiry }, 'BATCH_TOO_LARGE'],
    ['10,000 codes', { usccs: new Array(10_000).fill(firm(0)), inquiry }, 'BATCH_TOO_LARGE'],
  ])('%s are refused', async (_what, variables, code) => {
    await expectRefused(json({ query: BATCH, variables }), code);
  });

  test('lists 8,000 levels deep, needed or not, do no harm', async () => {
    const deepText = `${'['.repeat(8_000)}${']'.repeat(8_000)}`;
    await expectRefused({ body: `{"query":${JSON.stringify(BATCH)},"variables":{"usccs":${deepText},"inquiry":{}}}` }, 'BAD_USER_INPUT');
    const unneeded = await sendAs('bank-01', { body: `{"query":"{ catalogue { version } }","variables":{"unneeded":${deepText}}}` });
    expect(unneeded.status).toBe(200);
    const objects = `${'{"a":'.repeat(8_000)}1${'}'.repeat(8_000)}`;
    await expectRefused({ body: `{"query":${JSON.stringify(BATCH)},"variables":{"usccs":[],"inquiry":${objects}}}` }, 'BAD_USER_INPUT');
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('%s as a variable is a variable like others, or refused', async (name) => {
    const query = `query ($${name}: USCC!) { enterprise(uscc: $${name}, ${CASE}) { uscc } }`;
    await expectRefused(json({ query }), 'BAD_USER_INPUT');
    const { status, text } = await sendAs('bank-01', {
      body: `{"query":${JSON.stringify(query)},"variables":{${JSON.stringify(name)}:${JSON.stringify(firm(0))}}}`,
    });
    expect([200, 400]).toContain(status);
    if (status === 200) expect(JSON.parse(text).data.enterprise.uscc).toBe(firm(0));
    expect(({} as Record<string, unknown>).uscc).toBeUndefined();
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('%s as an alias names what it is put before', async (name) => {
    const query = `{ ${name}: enterprise(uscc: "${firm(0)}", ${CASE}) { ${name}: uscc ${name}x: registration { ${name}: basic { ${name}: industry ${name}y: legalRepresentative } } } }`;
    const { status, text } = await sendAs('bank-01', json({ query }));
    expect(status).toBe(200);
    const data = JSON.parse(text).data;
    expect(Object.keys(data)).toEqual([name]);
    const enterprise = Object.getOwnPropertyDescriptor(data, name)?.value;
    expect(Object.getOwnPropertyDescriptor(enterprise, name)?.value).toBe(firm(0));
    const basic = Object.getOwnPropertyDescriptor(enterprise[`${name}x`], name)?.value;
    expect(Object.getOwnPropertyDescriptor(basic, name)?.value).toMatch(/^[A-Z]?\d+$/);
    expect(basic[`${name}y`]).toMatch(/^.+$/);
  });

  test('a fragment named __proto__ is a fragment', async () => {
    const { status, text } = await sendAs('bank-01', json({ query: `{ ...__proto__ } fragment __proto__ on Query { catalogue { version } }` }));
    expect([status, JSON.parse(text).data.catalogue.version]).toEqual([200, zone.catalogue.digest]);
  });
});

describe('Codes and inquiries', () => {
  const one = (uscc: string, inquiry = CASE) => json({ query: `query ($uscc: USCC!) { enterprise(uscc: $uscc, ${inquiry}) { uscc } }`, variables: { uscc } });
  test.each([
    ['', 'LENGTH'],
    ['9111010800000000', 'LENGTH'],
    ['91350100M000100Y43X', 'LENGTH'],
    ['x'.repeat(10_000), 'LENGTH'],
    ['91350100M000100Y4Z', 'CHARACTER'],
    ['91350100M000100YI3', 'CHARACTER'],
    ['91350100 000100Y43', 'CHARACTER'],
    ['91350100M000100Y44', 'CHECK'],
    ["9135' or '1'='1' --", 'LENGTH'],
  ])('the code %j is refused as INVALID_USCC: %s', async (uscc, reason) => {
    const sent = await expectRefused(one(uscc), 'INVALID_USCC');
    expect(JSON.parse(sent.text).errors[0].extensions.reason).toBe(reason);
  });

  test.each([
    ['lower case', (code: string) => code.toLowerCase()],
    ['full width', (code: string) => [...code].map((character) => String.fromCharCode(character.charCodeAt(0) + 0xfee0)).join('')],
    ['outer blanks', (code: string) => `\u3000 ${code}\t`],
  ])('a code in %s is brought to its canonical form before anything sees it', async (_form, spelt) => {
    const { status, text } = await sendAs('bank-01', one(spelt(firm(0))));
    expect(status).toBe(200);
    const body = JSON.parse(text);
    expect(body.data.enterprise.uscc).toBe(firm(0));
    expect((await entryOf(zone, body.extensions.receipt.id)).reads?.[0]?.enterprises).toEqual([firm(0)]);
  });

  test('one operation states one inquiry', async () => {
    const other = CASE.replace('T-1', 'T-2');
    await expectRefused(
      json({ query: `{ a: enterprise(uscc: "${firm(0)}", ${CASE}) { uscc } b: enterprise(uscc: "${firm(1)}", ${other}) { uscc } }` }),
      'MIXED_INQUIRIES',
    );
  });

  test.each<[string, string, string]>([
    ['a search for nothing', '{ searchEnterprises(name: "", first: 10) { nodes { uscc } } }', 'BAD_USER_INPUT'],
    ['a search for blanks', '{ searchEnterprises(name: " \u3000", first: 10) { nodes { uscc } } }', 'BAD_USER_INPUT'],
    ['a search for 101 characters', `{ searchEnterprises(name: "${'北'.repeat(101)}", first: 10) { nodes { uscc } } }`, 'BAD_USER_INPUT'],
    ['a search for none', '{ searchEnterprises(name: "北京", first: 0) { nodes { uscc } } }', 'INVALID_PAGE'],
    ['a search for 101', '{ searchEnterprises(name: "北京", first: 101) { nodes { uscc } } }', 'INVALID_PAGE'],
    ['a search after nothing real', '{ searchEnterprises(name: "北京", first: 10, after: "%") { nodes { uscc } } }', 'INVALID_PAGE'],
    ['a search in no industry', '{ searchEnterprises(name: "北京", first: 10, industry: "Ω") { nodes { uscc } } }', 'BAD_USER_INPUT'],
    ['a search with a null byte', '{ searchEnterprises(name: "北\\u0000京", first: 10) { nodes { uscc } } }', 'BAD_USER_INPUT'],
    ['a division with a null byte', '{ searchEnterprises(name: "北京", division: "\\u0000", first: 10) { nodes { uscc } } }', 'BAD_USER_INPUT'],
    ['access to no category', '{ myAccess(purpose: PRE_LOAN_REVIEW, category: "registration.nothing") { item } }', 'BAD_USER_INPUT'],
    ['access to a bad code', '{ myAccess(purpose: PRE_LOAN_REVIEW, uscc: "123") { item } }', 'INVALID_USCC'],
  ])('%s is refused', async (_what, query, code) => {
    await expectRefused(json({ query }), code);
  });
});
