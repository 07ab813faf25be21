/**
 * What a hostile or broken client sends to make the zone work for nothing. Each kind is refused as a client's fault, in
 * less than 2 KB, soon, before any record is read and without taking from the sender's allowance; while it pours in,
 * another institution is answered. The single cases and their codes are in `bad-input.test.ts`.
 */
import { availableParallelism, loadavg } from 'node:os';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { entriesSince, lastSequence, openWatchedGateway, type SendOptions, type Sent, type WatchedGateway } from '../harness/watched.js';
import { firm, openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
let gateway: WatchedGateway;
beforeAll(async () => {
  zone = await openTestZone({ enterprises: 5 });
  gateway = await openWatchedGateway(zone);
  await gateway.ask(GOOD, { institution: 'bank-02' });
});
afterAll(async () => {
  await gateway?.close();
  await zone?.close();
});

const SMALL = 2_048;
const AT_ONCE = 20;
/** For a whole flood, on a machine that has other work. */
const SOON_MS = 4_000 * Math.max(1, (loadavg()[0] as number) / availableParallelism());
const CASE = 'inquiry: { purpose: PRE_LOAN_REVIEW, caseNumber: "F-1" }';
const GOOD = `{ enterprise(uscc: "${firm(0)}", ${CASE}) { uscc registration { basic { industry } } } }`;
const BATCH = `query ($usccs: [USCC!]!, $inquiry: InquiryInput!) { enterprises(usccs: $usccs, inquiry: $inquiry) { ... on Enterprise { uscc registration { basic { industry } } } } }`;
const repeated = (count: number, text: (index: number) => string) => Array.from({ length: count }, (_, index) => text(index)).join(' ');
const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const query = (document: string): SendOptions => ({ body: JSON.stringify({ query: document }) });
const withVariables = (variables: string): SendOptions => ({ body: `{"query":${JSON.stringify(BATCH)},"variables":${variables}}` });
const below = (index: number) =>
  `F${index} on Provider { a${index}: categories { provider { ...F${index + 1} } } b${index}: categories { provider { ...F${index + 1} } } }`;

const FLOODS: readonly (readonly [what: string, make: (turn: number) => SendOptions])[] = [
  ['depth', (turn) => query(`${'{ a '.repeat(3_000 + turn)}${'}'.repeat(3_000 + turn)}`)],
  ['depth in the schema', (turn) => query(`{ c${turn}: catalogue { ${'providers { categories { provider { '.repeat(20)} code ${'} } }'.repeat(20)} } }`)],
  ['aliases', (turn) => query(`{ ${repeated(2_000 + turn, (index) => `a${index}: catalogue { version }`)} }`)],
  ['aliases of one enterprise', (turn) => query(`{ ${repeated(500 + turn, (index) => `a${index}: enterprise(uscc: "${firm(0)}", ${CASE}) { uscc }`)} }`)],
  [
    'fragments that double',
    (turn) =>
      query(
        `{ catalogue { providers { ...F0 } } t${turn}: __typename } ${repeated(30, (index) => `fragment ${below(index)}`)} fragment F30 on Provider { code }`,
      ),
  ],
  [
    'fragments in a circle',
    (turn) => query(`{ t${turn}: __typename catalogue { ...A } } fragment A on Catalogue { ...B } fragment B on Catalogue { version ...A }`),
  ],
  ['__typename 2,000 times', (turn) => query(`{ ${'__typename '.repeat(2_000 + turn)} }`)],
  ['directives 2,000 times', (turn) => query(`{ catalogue { version ${'@include(if: true) '.repeat(2_000 + turn)} } }`)],
  ['a batch of requests', (turn) => ({ body: JSON.stringify(Array.from({ length: 500 + turn }, () => ({ query: '{ catalogue { version } }' }))) })],
  ['lists 8,000 deep in the document', (turn) => query(`{ catalogue { item(code: ${deep(8_000 + turn)}) { code } } }`)],
  ['lists 8,000 deep in the variables', (turn) => withVariables(`{"usccs":${deep(8_000 + turn)},"inquiry":{}}`)],
  ['objects 8,000 deep in the variables', (turn) => withVariables(`{"usccs":[],"inquiry":${'{"a":'.repeat(8_000 + turn)}1${'}'.repeat(8_000 + turn)}}`)],
  ['a body that is one list, 100,000 deep', (turn) => ({ body: deep(100_000 + turn) })],
  ['lists 2,000 deep in an address', (turn) => ({ method: 'GET', path: `/graphql?documentId=sha256:${'0'.repeat(64)}&variables=${deep(2_000 + turn)}` })],
  ['a body of 10 MB', (turn) => ({ body: Buffer.alloc(10_000_000 + turn, 0x20) })],
  ['a gzip bomb', (turn) => ({ headers: { 'content-encoding': 'gzip' }, body: gzipSync(Buffer.alloc(10_000_000 + turn, 0x20)) })],
  ["a gzip bomb in deflate's clothes", (turn) => ({ headers: { 'content-encoding': 'deflate, gzip' }, body: gzipSync(Buffer.alloc(1_000_000 + turn, 0x20)) })],
  ['invalid UTF-8', (turn) => ({ body: Buffer.concat([Buffer.from('{"query":"{ a }","x":"'), Buffer.alloc(1_000 + turn, 0xff), Buffer.from('"}')]) })],
  ['__proto__ as the only key', (turn) => ({ body: `{"__proto__":{"query":"{ catalogue { version } }","turn":${turn}}}` })],
  ['constructor as the only key', (turn) => ({ body: `{"constructor":{"prototype":{"query":"{ catalogue { version } }","turn":${turn}}}}` })],
  [
    '__proto__ in place of a variable',
    (turn) => withVariables(`{"__proto__":{"usccs":["${firm(0)}"],"inquiry":{"purpose":"PRE_LOAN_REVIEW","caseNumber":"F-${turn}"}}}`),
  ],
  ['constructor in place of a variable', (turn) => withVariables(`{"constructor":{"usccs":[]},"inquiry":{"turn":${turn}}}`)],
  ['__proto__ within a variable', (turn) => withVariables(`{"usccs":[],"inquiry":{"__proto__":{"purpose":"PRE_LOAN_REVIEW","caseNumber":"F-${turn}"}}}`)],
  ['numbers without end', (turn) => withVariables(`{"usccs":${'9'.repeat(200_000 + turn)},"inquiry":{}}`)],
  ['hashes that nobody registered', (turn) => ({ body: JSON.stringify({ documentId: `sha256:${String(turn).padStart(64, '0')}` }) })],
  ['hashes that are none', (turn) => ({ body: JSON.stringify({ documentId: 'x'.repeat(200_000 + turn) }) })],
];

const allowance = async () =>
  (await gateway.ask('{ rateLimit(purpose: PRE_LOAN_REVIEW) { remaining enterprisesToday underWay } }')).body.data.rateLimit as Record<string, number>;

describe('A flood of', () => {
  test.each(FLOODS)('%s is refused, small and soon, and others are answered', async (_what, make) => {
    const authorization = `Bearer ${await gateway.tokenFor('bank-01')}`;
    const [before, read, sequence] = [await allowance(), gateway.recordStatements().length, await lastSequence(zone)];
    const begun = performance.now();
    // Where the socket is closed on a body that is too large, the client may see that instead of the answer.
    const pouring = Array.from({ length: AT_ONCE }, (_, turn) => {
      const { headers = {}, ...options } = make(turn);
      return gateway.send({ ...options, headers: { authorization, ...headers } }).catch((error: NodeJS.ErrnoException) => error.code);
    });
    const other = gateway.ask(GOOD, { institution: 'bank-02' });
    const answers = await Promise.all(pouring);
    expect(performance.now() - begun).toBeLessThan(SOON_MS);
    expect((await other).body.data?.enterprise.uscc).toBe(firm(0));

    const sent = answers.filter((answer): answer is Sent => typeof answer === 'object');
    expect(sent.length).toBeGreaterThan(0);
    for (const answer of answers) if (typeof answer !== 'object') expect(answer).toMatch(/^(EPIPE|ECONNRESET)$/);
    for (const { status, text } of sent) {
      expect([status >= 400 && status < 500, text.length < SMALL ? 'small' : text]).toEqual([true, 'small']);
      const body = JSON.parse(text);
      expect(body).not.toHaveProperty('data');
      expect(body.errors.length).toBeGreaterThan(0);
      expect(body.extensions.receipt.id).toMatch(/^[0-9a-f-]{36}$/);
    }
    // bank-02 read from memory what it had read before; nobody read anything else.
    expect(gateway.recordStatements()).toHaveLength(read);
    // What is refused before the token is looked at names nobody.
    const entries = (await entriesSince(zone, sequence)).filter(({ institution, outcome }) => institution !== 'bank-02' && outcome === 'REFUSED');
    expect(entries.length).toBeGreaterThanOrEqual(sent.length);
    for (const { text } of entries) expect(text.length).toBeLessThan(SMALL);
    const after = await allowance();
    expect(after).toEqual({ remaining: before.remaining, enterprisesToday: before.enterprisesToday, underWay: 0 });
    expect(({} as Record<string, unknown>).query).toBeUndefined();
    expect(({} as Record<string, unknown>).usccs).toBeUndefined();
  });
});

test('__proto__ and constructor as aliases of a query that is fine are answered under those names', async () => {
  const { status, text } = await gateway.ask(
    `{ __proto__: enterprise(uscc: "${firm(0)}", ${CASE}) { constructor: uscc } constructor: enterprise(uscc: "${firm(1)}", ${CASE}) { __proto__: uscc } }`,
  );
  expect(status).toBe(200);
  expect(text).toContain(`"data":{"__proto__":{"constructor":"${firm(0)}"},"constructor":{"__proto__":"${firm(1)}"}}`);
});
