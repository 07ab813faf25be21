/**
 * Registered operations: how they come in, how they are sent by their hash, and what the safelist refuses: everything
 * else, in one way, whatever it was.
 */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { getIntrospectionQuery } from 'graphql';
import { MANIFEST_LIMITS, type Registration, readManifest, registerOperations, removeOperations } from '../../src/exchange/manifest.js';
import { institutionView } from '../../src/exchange/schema.js';
import type { InstitutionId } from '../../src/terms.js';
import { entriesSince, entryOf, lastSequence, openWatchedGateway, type Sent, type WatchedGateway } from '../harness/watched.js';
import { firm, openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
let gateway: WatchedGateway;
let other: WatchedGateway;
beforeAll(async () => {
  zone = await openTestZone({ enterprises: 5 });
  [gateway, other] = await Promise.all([openWatchedGateway(zone), openWatchedGateway(zone, { production: false })]);
});
afterAll(async () => {
  await Promise.all([gateway?.close(), other?.close()]);
  await zone?.close();
});

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');
const PROFILE = `query Profile($uscc: USCC!) { enterprise(uscc: $uscc, inquiry: { purpose: PRE_LOAN_REVIEW, caseNumber: "O-1" }) { uscc registration { basic { industry } } } }`;
const VERSION = 'query Version { catalogue { version } } query Providers { catalogue { providers { code } } }';
const RATE = '{ rateLimit(purpose: PRE_LOAN_REVIEW) { remaining } }';

async function register(institution: string, manifest: unknown, by = 'institution:x'): Promise<Registration> {
  const read = await readManifest(manifest, institutionView(zone.catalogue));
  if (read.state === 'WRONG') return { state: 'REFUSED', faults: read.faults };
  return zone.database.open('zone_governance').transaction(async (client) => {
    const registration = await registerOperations(client, { institution: institution as InstitutionId, operations: read.operations, by });
    if (registration.state === 'REGISTERED' && registration.added > 0) await client.query('select raise_policy_epoch($1)', [institution]);
    return registration;
  });
}
const remove = (institution: string, ...hashes: string[]): Promise<number> =>
  zone.database.open('zone_governance').transaction(async (client) => {
    const removed = await removeOperations(client, institution as InstitutionId, hashes);
    await client.query('select raise_policy_epoch($1)', [institution]);
    return removed;
  });
async function setSafelist(institution: string, on: boolean): Promise<void> {
  await zone.owner.transaction(async (client) => {
    await client.query('update residence set safelist = $2 where institution = $1', [institution, on]);
    await client.query('select raise_policy_epoch($1)', [institution]);
  });
}
async function post(institution: string, body: unknown, through = gateway): Promise<Sent> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return through.send({ headers: { authorization: `Bearer ${await through.tokenFor(institution)}` }, body: text });
}
async function get(institution: string, parameters: Record<string, string> | string, headers: Record<string, string> = {}): Promise<Sent> {
  const search = typeof parameters === 'string' ? parameters : new URLSearchParams(parameters).toString();
  return gateway.send({ method: 'GET', path: `/graphql?${search}`, headers: { authorization: `Bearer ${await gateway.tokenFor(institution)}`, ...headers } });
}
const idOf = (document: string) => `sha256:${hashOf(document)}`;
const codeOf = ({ text }: Sent) => JSON.parse(text).errors?.[0]?.extensions.code;
/** A refusal without what is of one request alone. */
const bare = ({ status, text, headers }: Sent) => [
  status,
  text.replace(/"receipt":\{[^}]*\}/, '"receipt":{}'),
  Object.keys(headers).sort(),
  headers['content-type'],
  headers['content-length'],
];

describe('A manifest', () => {
  test('of hashes or of a list is registered, once, and listed to its institution alone', async () => {
    expect(await register('bank-03', { [hashOf(PROFILE)]: PROFILE, [`sha256:${hashOf(RATE)}`]: RATE })).toMatchObject({ state: 'REGISTERED', added: 2 });
    expect(await register('bank-03', JSON.stringify([{ name: 'versions', document: VERSION }, { document: PROFILE }]))).toMatchObject({
      state: 'REGISTERED',
      added: 1,
    });
    const list = `query ($after: String) { registeredOperations(first: 2, after: $after) { nodes { hash name document registeredAt registeredBy } pageInfo { hasNextPage endCursor } } }`;
    const { body: first } = await gateway.ask(list, { institution: 'bank-03' });
    const { body: second } = await gateway.ask(list, { institution: 'bank-03', variables: { after: first.data.registeredOperations.pageInfo.endCursor } });
    expect([first, second].map(({ data }) => data.registeredOperations.pageInfo.hasNextPage)).toEqual([true, false]);
    const nodes = [first, second].flatMap(({ data }) => data.registeredOperations.nodes);
    expect(nodes.map(({ hash }) => hash)).toEqual([PROFILE, RATE, VERSION].map(hashOf).sort());
    expect(nodes).toContainEqual({
      hash: hashOf(PROFILE),
      name: 'Profile',
      document: PROFILE,
      registeredAt: expect.stringMatching(/^\d{4}-.*Z$/),
      registeredBy: 'institution:x',
    });
    expect(nodes.find(({ hash }) => hash === hashOf(VERSION)).name).toBe('versions');
    expect((await gateway.ask(list, { institution: 'bank-01' })).body.data.registeredOperations.nodes).toEqual([]);
    for (const after of ['x', '%', 'G'.repeat(64)]) expect((await gateway.ask(list, { institution: 'bank-03', variables: { after } })).status).toBe(400);
  });

  test.each<[string, unknown, string | RegExp, string]>([
    ['that is no JSON', '{', '*', 'BAD_USER_INPUT'],
    ['that is a number', 4, '*', 'BAD_USER_INPUT'],
    ['that is null', null, '*', 'BAD_USER_INPUT'],
    ['that is empty', {}, '*', 'BAD_USER_INPUT'],
    ['of a wrong hash', { [hashOf('{ a }')]: RATE }, hashOf('{ a }'), 'BAD_USER_INPUT'],
    ['of a document that does not parse', [{ name: 'bad', document: '{ catalogue {' }], 'bad', 'GRAPHQL_PARSE_FAILED'],
    ['of a document without an operation name and text', [{ name: 'none' }], 'none', 'INVALID_REQUEST'],
    ['of entries that are no operations', [4], '#1', 'INVALID_REQUEST'],
    ['of a document that does not fit the schema', [{ document: '{ nothing }' }], '#1', 'GRAPHQL_VALIDATION_FAILED'],
    ['of a subscription', [{ document: 'subscription { catalogue { version } }' }], '#1', 'OPERATION_NOT_SUPPORTED'],
    ['of a document that is too deep', [{ document: `${'{ a '.repeat(70)}${'}'.repeat(70)}` }], '#1', 'QUERY_TOO_DEEP'],
    ['of a name that cannot be shown', [{ name: 'a\u0000b', document: RATE }], 'a\u0000b', 'BAD_USER_INPUT'],
    ['of too many operations', Array.from({ length: MANIFEST_LIMITS.operations + 1 }, () => ({ document: RATE })), '*', 'BAD_USER_INPUT'],
    ['of too many characters', [{ document: `${RATE} # ${'x'.repeat(MANIFEST_LIMITS.characters)}` }], '*', 'BAD_USER_INPUT'],
  ])('%s is refused whole, and says of which operation what is wrong', async (_what, manifest, operation, code) => {
    const good = Array.isArray(manifest) ? [...manifest, { name: 'good', document: '{ catalogue { version } }' }] : manifest;
    expect(await register('bank-03', good)).toEqual({
      state: 'REFUSED',
      faults: expect.arrayContaining([{ operation, code, message: expect.stringMatching(/\p{Script=Han}.* \/ [A-Z]/u) }]),
    });
    const rows = await zone.owner.query({ text: 'select 1 from registered_operation where hash = $1', values: [hashOf('{ catalogue { version } }')] });
    expect(rows).toEqual([]);
  });
});

test('An institution may register so many operations and no more', async () => {
  await zone.owner.query({
    text: `insert into registered_operation (institution, hash, name, document, registered_by)
           select 'bank-06', encode(sha256(convert_to(n::text, 'UTF8')), 'hex'), n::text, '{ catalogue { version } }', 'test' from generate_series(1, $1::int) n`,
    values: [MANIFEST_LIMITS.registered - 1],
  });
  expect(await register('bank-06', [{ document: RATE }, { document: VERSION }])).toMatchObject({ state: 'REFUSED', faults: [{ operation: '*' }] });
  expect(await register('bank-06', [{ document: RATE }])).toMatchObject({ state: 'REGISTERED', added: 1 });
  expect(await register('bank-06', [{ document: RATE }])).toMatchObject({ state: 'REGISTERED', added: 0 });
  expect(await register('bank-06', [{ document: VERSION }])).toMatchObject({ state: 'REFUSED' });
});

describe('A registered operation', () => {
  test('is answered by its hash, by POST and by GET, and audited like any other', async () => {
    const variables = { uscc: firm(0) };
    const whole = await post('bank-03', { query: PROFILE, variables });
    const byPost = await post('bank-03', { documentId: idOf(PROFILE), variables, operationName: 'Profile' });
    const byGet = await get('bank-03', { documentId: idOf(PROFILE), variables: JSON.stringify(variables) });
    for (const sent of [whole, byPost, byGet]) {
      expect([sent.status, JSON.parse(sent.text).data]).toEqual([200, JSON.parse(whole.text).data]);
      expect(sent.headers['cache-control']).toBe('no-store');
      expect(await entryOf(zone, JSON.parse(sent.text).extensions.receipt.id)).toMatchObject({
        outcome: 'ANSWERED',
        institution: 'bank-03',
        operation: hashOf(PROFILE),
        reads: [{ enterprises: [firm(0)] }],
      });
    }
    expect(JSON.parse(whole.text).data.enterprise.uscc).toBe(firm(0));
    const chosen = await get('bank-03', { documentId: idOf(VERSION), operationName: 'Version' });
    expect(JSON.parse(chosen.text).data).toEqual({ catalogue: { version: zone.catalogue.digest } });
  });

  test('of another institution is not registered for this one, nor is what nobody registered', async () => {
    const refusals = [
      await post('bank-01', { documentId: idOf(PROFILE), variables: { uscc: firm(0) } }),
      await post('bank-01', { documentId: `sha256:${'0'.repeat(64)}` }),
      await post('bank-01', { documentId: 'sha256:xyz' }),
      await post('bank-01', { documentId: hashOf(PROFILE) }),
      await get('bank-01', { documentId: idOf(PROFILE) }),
      await get('bank-01', { documentId: '' }),
    ];
    for (const refused of refusals)
      expect([refused.status, codeOf(refused), bare(refused)]).toEqual([403, 'OPERATION_NOT_REGISTERED', bare(refusals[0] as Sent)]);
    // Not on the safelist, it may send the document itself.
    expect((await post('bank-01', { query: PROFILE, variables: { uscc: firm(0) } })).status).toBe(200);
  });

  test.each<[string, unknown]>([
    ['beside a document', { query: RATE, documentId: idOf(RATE) }],
    ['that is a number', { documentId: 4 }],
    ['that is a list', { documentId: [idOf(RATE)] }],
    ['with variables that are a list', { documentId: idOf(RATE), variables: [] }],
  ])('%s is no request', async (_what, body) => {
    expect(codeOf(await post('bank-03', body))).toBe('INVALID_REQUEST');
  });

  test('is taken off the list at once, in every gateway', async () => {
    const document = 'query Short { catalogue { version } }';
    expect(await register('bank-04', [{ document }])).toMatchObject({ added: 1 });
    for (const one of [gateway, other]) expect((await post('bank-04', { documentId: idOf(document) }, one)).status).toBe(200);
    expect(await remove('bank-04', hashOf(document))).toBe(1);
    for (const one of [gateway, other]) expect(codeOf(await post('bank-04', { documentId: idOf(document) }, one))).toBe('OPERATION_NOT_REGISTERED');
    expect(await register('bank-04', [{ document }])).toMatchObject({ added: 1 });
    for (const one of [gateway, other]) expect((await post('bank-04', { documentId: idOf(document) }, one)).status).toBe(200);
  });

  test('that was taken off without a word to the policy stops within five seconds', async () => {
    const document = 'query Quiet { catalogue { version } }';
    await register('bank-04', [{ document }]);
    expect((await post('bank-04', { documentId: idOf(document) })).status).toBe(200);
    await zone.owner.query({ text: 'delete from registered_operation where hash = $1', values: [hashOf(document)] });
    const begun = performance.now();
    while ((await post('bank-04', { documentId: idOf(document) })).status === 200) expect(performance.now() - begun).toBeLessThan(5_000);
  });

  test('by GET needs a token, changes nothing, and is never a document in the address', async () => {
    const sequence = await lastSequence(zone);
    const bare = await gateway.send({ method: 'GET', path: `/graphql?documentId=${idOf(RATE)}` });
    expect([bare.status, codeOf(bare)]).toEqual([401, 'TOKEN_MISSING']);
    expect(await entriesSince(zone, sequence)).toMatchObject([{ outcome: 'REFUSED', code: 'TOKEN_MISSING' }]);
    // Put there by hand, whatever the schema of the day has as mutations.
    const mutation = 'mutation { __typename }';
    await zone.owner.query({
      text: "insert into registered_operation (institution, hash, name, document, registered_by) values ('bank-03', $1, 'm', $2, 'test')",
      values: [hashOf(mutation), mutation],
    });
    await remove('bank-03', 'nothing');
    const changing = await get('bank-03', { documentId: idOf(mutation) });
    expect([changing.status, codeOf(changing), changing.headers.allow]).toEqual([405, 'METHOD_NOT_ALLOWED', 'POST']);
    expect(JSON.parse(changing.text)).not.toHaveProperty('data');
    for (const search of [`query=${encodeURIComponent(RATE)}`, `query=${encodeURIComponent(RATE)}&documentId=${idOf(RATE)}`, '', 'documentid=x']) {
      const refused = await get('bank-03', search);
      expect([search, refused.status, codeOf(refused)]).toEqual([search, 405, 'METHOD_NOT_ALLOWED']);
    }
    for (const search of [
      `documentId=${idOf(RATE)}&documentId=${idOf(RATE)}`,
      `documentId=${idOf(RATE)}&variables=%7B`,
      `documentId=${idOf(RATE)}&variables=%5B%5D`,
      `documentId=${idOf(RATE)}&variables=1&variables=2`,
      `documentId=${idOf(RATE)}&operationName=a&operationName=b`,
    ]) {
      const refused = await get('bank-03', search);
      expect([search, refused.status, codeOf(refused)]).toEqual([search, 400, 'INVALID_REQUEST']);
    }
    const head = await gateway.send({
      method: 'HEAD',
      path: `/graphql?documentId=${idOf(RATE)}`,
      headers: { authorization: `Bearer ${await gateway.tokenFor('bank-03')}` },
    });
    expect(head.status).toBe(405);
    // A browser that asks for the page gets the page.
    const page = await gateway.send({ method: 'GET', path: '/graphql', headers: { accept: 'text/html' } });
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
  });
});

describe('On the safelist', () => {
  const WHAT: readonly (readonly [string, unknown])[] = [
    ['a good query', { query: PROFILE.replace('industry', 'registeredCapital'), variables: { uscc: firm(0) } }],
    ['a registered query with a blank more', { query: `${RATE} ` }],
    ['what does not parse', { query: '{ catalogue {' }],
    ['what does not fit', { query: '{ nothing }' }],
    ['introspection', { query: getIntrospectionQuery() }],
    ['__typename', { query: '{ __typename }' }],
    ['a mutation', { query: 'mutation { deleteEverything }' }],
    ['a subscription', { query: 'subscription { a }' }],
    ['what is too deep', { query: `${'{ a '.repeat(3_000)}${'}'.repeat(3_000)}` }],
    ['200,000 characters', { query: `{ ${'x'.repeat(200_000)} }` }],
    ['a hash of nothing', { documentId: `sha256:${'a'.repeat(64)}` }],
    ['no hash', { documentId: 'anything' }],
    ["another institution's hash", { documentId: idOf(PROFILE) }],
    ['half a character', '{"query":"{ \\ud800 }"}'],
  ];

  test('everything that is not registered is refused in the same bytes, before it is looked at', async () => {
    await setSafelist('bank-10', true);
    expect(await register('bank-10', [{ document: RATE }])).toMatchObject({ added: 1 });
    const first = await post('bank-10', { query: '{ a }' });
    expect([first.status, codeOf(first)]).toEqual([403, 'OPERATION_NOT_REGISTERED']);
    expect(first.text.length).toBeLessThan(600);
    const read = gateway.recordStatements().length;
    for (const [what, body] of WHAT) {
      const sequence = await lastSequence(zone);
      const refused = await post('bank-10', body);
      expect([what, ...bare(refused)]).toEqual([what, ...bare(first)]);
      expect(await entriesSince(zone, sequence)).toMatchObject([{ outcome: 'REFUSED', code: 'OPERATION_NOT_REGISTERED', institution: 'bank-10' }]);
    }
    const byGet = await get('bank-10', { documentId: idOf(PROFILE) });
    expect(bare(byGet)).toEqual(bare(first));
    expect(gateway.recordStatements()).toHaveLength(read);
    for (const body of [{ query: RATE }, { documentId: idOf(RATE) }]) expect((await post('bank-10', body)).status).toBe(200);
    expect((await get('bank-10', { documentId: idOf(RATE) })).status).toBe(200);
  });

  test('a flood of unknown hashes does not become a flood of statements', async () => {
    const before = gateway.statements.filter(({ name }) => name !== 'append' && name !== 'generations').length;
    const begun = performance.now();
    await Promise.all(Array.from({ length: 200 }, (_, index) => post('bank-10', { query: `{ a${index} }` })));
    const sent = gateway.statements.filter(({ name }) => name !== 'append' && name !== 'generations').length - before;
    expect(sent).toBeLessThanOrEqual(3 + Math.ceil((performance.now() - begun) / 250));
  });

  test('putting an institution on it stops what is under way, and taking it off is seen at once', async () => {
    const ask = (through: WatchedGateway) => post('bank-05', { query: '{ catalogue { version } }' }, through);
    for (const through of [gateway, other]) expect((await ask(through)).status).toBe(200);
    await setSafelist('bank-05', true);
    // The other gateway has evidence of before; the answer it composes is thrown away and refused.
    for (const through of [gateway, other]) expect(codeOf(await ask(through))).toBe('OPERATION_NOT_REGISTERED');
    await setSafelist('bank-05', false);
    for (const through of [gateway, other]) expect((await ask(through)).status).toBe(200);
  });
});
