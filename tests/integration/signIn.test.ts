/** Staff sign in by authorization code and PKCE, on a page of the issuer; a real client takes them through it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as client from 'openid-client';
import type { Clients } from '../../src/issuer/clients.js';
import type { Staff } from '../../src/issuer/staff.js';
import { openRegisters } from '../../src/zone/issuing.js';
import { type Certificate, call, fetchWith, freePort, newCertificate, type Reply, writtenTls } from '../harness/issuing.js';
import { openWatchedGateway, type WatchedGateway } from '../harness/watched.js';
import { openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
let gateway: WatchedGateway;
let clients: Clients;
let staff: Staff;
let listener: Certificate;
let base: string;
const CALLBACK = 'https://console.zone.example/callback';
const PASSWORD = '照壁-quiet-harbour-49';

beforeAll(async () => {
  zone = await openTestZone({ enterprises: 5 });
  listener = await newCertificate('localhost');
  const port = await freePort();
  base = `https://127.0.0.1:${port}`;
  gateway = await openWatchedGateway(zone, { port, tls: writtenTls(zone.config.zoneHome, listener), tokenIssuer: `${base}/oidc` });
  ({ clients, staff } = openRegisters(zone.database));
  const console = { institution: null, audience: 'sandbox' as const, jwks: null, certificate: null };
  await clients.add({ ...console, client: 'console', redirectUris: [CALLBACK] });
  await clients.add({ ...console, client: 'other-console', redirectUris: ['https://other.zone.example/callback'] });
  const account = { nameZh: '测试', nameEn: 'Test', provider: null };
  await staff.add({ ...account, login: 'pei.zhaoning', roles: ['AUDITOR'] }, PASSWORD);
  await staff.add({ ...account, login: 'lu.wanqiu', roles: ['PROVIDER_STEWARD'], provider: 'tax' }, PASSWORD);
  await staff.add({ ...account, login: 'guessed', roles: ['AUDITOR'] }, PASSWORD);
  await staff.add({ ...account, login: 'leaving', roles: ['AUDITOR'] }, PASSWORD);
});
afterAll(async () => {
  await gateway?.close();
  await zone?.close();
});

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
/** A browser: keeps cookies, follows nothing by itself. */
class Browser {
  readonly #cookies = new Map<string, string>();
  async go(
    url: string,
    { form, headers = {} }: { form?: Record<string, string>; headers?: Record<string, string> } = {},
  ): Promise<Reply & { location: string }> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const reply = await call(new URL(url, base).href, {
      method: form ? 'POST' : 'GET',
      headers: { ...(cookie ? { cookie } : {}), ...(form ? { ...FORM, origin: base } : {}), ...headers },
      body: form && new URLSearchParams(form).toString(),
      ca: listener.pem,
    });
    for (const line of [reply.headers['set-cookie'] ?? []].flat()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (name && value) this.#cookies.set(name, value);
      else if (name) this.#cookies.delete(name);
    }
    return { ...reply, location: String(reply.headers.location ?? '') };
  }
}

const configOf = (name = 'console') =>
  client.discovery(new URL(`${base}/oidc`), name, {}, client.None(), { [client.customFetch]: fetchWith(listener.pem) as client.CustomFetch });

/** As far as the page: what stands on it, and where it leads. */
async function begin(
  changes: Record<string, string | undefined> = {},
): Promise<{ browser: Browser; verifier: string; state: string; reply: Reply & { location: string } }> {
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const parameters = {
    client_id: 'console',
    response_type: 'code',
    redirect_uri: CALLBACK,
    scope: 'openid zone',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    ...changes,
  };
  const browser = new Browser();
  const asked = new URLSearchParams(Object.entries(parameters).filter((one): one is [string, string] => one[1] !== undefined));
  return { browser, verifier, state, reply: await browser.go(`/oidc/auth?${asked}`) };
}
async function signIn(login: string, password = PASSWORD): Promise<{ url: URL; verifier: string; state: string; browser: Browser }> {
  const { browser, verifier, state, reply } = await begin();
  const sent = await browser.go(reply.location, { form: { login, password } });
  expect(sent.status).toBe(303);
  const back = await browser.go(sent.location);
  expect(back.location.startsWith(`${CALLBACK}?`)).toBe(true);
  return { url: new URL(back.location), verifier, state, browser };
}
const redeem = (parameters: Record<string, string>) =>
  call(`${base}/oidc/token`, {
    method: 'POST',
    headers: FORM,
    body: new URLSearchParams({ grant_type: 'authorization_code', client_id: 'console', redirect_uri: CALLBACK, ...parameters }).toString(),
    ca: listener.pem,
  });
const errorOf = (reply: Reply) => [reply.status, JSON.parse(reply.text).error, JSON.parse(reply.text).access_token];
const claimsOf = (token: string) => JSON.parse(Buffer.from(String(token.split('.')[1]), 'base64url').toString());
const ask = (token: string) =>
  call(`${base}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: '{ catalogue { version } }' }),
    ca: listener.pem,
  });

describe('signing in', () => {
  test('gives a token of five minutes that names the person, the roles and the provider', async () => {
    const { url, verifier, state } = await signIn('lu.wanqiu');
    const { access_token: token, expires_in: life } = await client.authorizationCodeGrant(await configOf(), url, {
      pkceCodeVerifier: verifier,
      expectedState: state,
      idTokenExpected: true,
    });
    expect(life).toBe(300);
    expect(claimsOf(token)).toMatchObject({
      sub: 'lu.wanqiu',
      actor: 'staff',
      roles: ['PROVIDER_STEWARD'],
      provider: 'tax',
      client_id: 'console',
      aud: zone.config.tokenAudience,
    });
    const answered = await ask(token);
    expect([answered.status, typeof JSON.parse(answered.text).data.catalogue.version]).toEqual([200, 'string']);
  });

  test('shows a page in both languages that loads nothing and asks no script', async () => {
    const { browser, reply } = await begin();
    expect(reply.location).toMatch(/^\/oidc\/interaction\//);
    const page = await browser.go(reply.location);
    expect(page.status).toBe(200);
    expect(page.text).toMatch(/<label for="login">[\s\S]*<label for="password">[\s\S]*登录[\s\S]*Sign in/);
    expect(page.text).not.toMatch(/<script|https?:\/\/|\bsrc=|\bhref=/);
    expect(page.headers['content-security-policy']).toBe(
      "default-src 'none'; style-src 'unsafe-inline'; form-action 'self' https://console.zone.example; frame-ancestors 'none'; base-uri 'none'",
    );
    expect(page.headers['cache-control']).toBe('no-store');
    expect([reply.headers['set-cookie'] ?? []].flat().every((line) => /httponly/i.test(line) && /samesite=lax/i.test(line) && /secure/i.test(line))).toBe(true);
  });

  test('with a wrong password, an unknown login or a disabled one says the same', async () => {
    await staff.add({ login: 'disabled', nameZh: '停用', nameEn: 'Disabled', roles: ['AUDITOR'], provider: null }, PASSWORD);
    await staff.disable('disabled');
    const told: string[] = [];
    for (const [login, password] of [
      ['pei.zhaoning', 'wrong'],
      ['nobody', PASSWORD],
      ['disabled', PASSWORD],
    ] as const) {
      const { browser, reply } = await begin();
      const page = await browser.go(reply.location, { form: { login, password } });
      expect(page.status).toBe(401);
      told.push(page.text.replaceAll(login, '…'));
    }
    expect(new Set(told).size).toBe(1);
  });

  test('with a login that is markup shows it as text', async () => {
    const { browser, reply } = await begin();
    const page = await browser.go(reply.location, { form: { login: '"><script>alert(1)</script>', password: 'x' } });
    expect(page.text).not.toContain('<script>');
  });

  test('is throttled after five passwords in vain, also many at once, and the right one waits as well', async () => {
    const { browser, reply } = await begin();
    const replies = await Promise.all(
      Array.from({ length: 12 }, (_, index) => browser.go(reply.location, { form: { login: 'guessed', password: `wrong-${index}` } })),
    );
    expect(replies.map(({ status }) => status).sort()).toEqual([...Array(5).fill(401), ...Array(7).fill(429)]);
    expect((await browser.go(reply.location, { form: { login: 'guessed', password: PASSWORD } })).status).toBe(429);
    await zone.owner.query({ text: "update sign_in_failure set last_at = now() - interval '16 minutes' where login = 'guessed'" });
    expect((await browser.go(reply.location, { form: { login: 'guessed', password: PASSWORD } })).status).toBe(303);
  });

  test('stores no password that can be read', async () => {
    const rows = await zone.owner.query<{ password: string }>({ text: 'select password from staff' });
    expect(new Set(rows.map(({ password }) => password)).size).toBe(rows.length);
    for (const { password } of rows) expect(password).toMatch(/^scrypt\$32768\$8\$1\$[\w-]{22}\$[\w-]{43}$/);
  });
});

describe('the form', () => {
  test.each<[string, Record<string, string>]>([
    ['from another site', { origin: 'https://evil.example' }],
    ['from nowhere', { origin: 'null' }],
    ['that a browser marks as foreign', { 'sec-fetch-site': 'cross-site' }],
  ])('%s is refused', async (_what, headers) => {
    const { browser, reply } = await begin();
    expect((await browser.go(reply.location, { form: { login: 'pei.zhaoning', password: PASSWORD }, headers })).status).toBe(400);
  });
  test('without the cookie of who began is refused', async () => {
    const { reply } = await begin();
    expect((await new Browser().go(reply.location, { form: { login: 'pei.zhaoning', password: PASSWORD } })).status).toBe(400);
  });
  test('of another interaction is refused', async () => {
    const [mine, theirs] = [await begin(), await begin()];
    expect((await mine.browser.go(theirs.reply.location, { form: { login: 'pei.zhaoning', password: PASSWORD } })).status).toBe(400);
  });
  test('that is too long is refused', async () => {
    const { browser, reply } = await begin();
    expect((await browser.go(reply.location, { form: { login: 'pei.zhaoning', password: 'x'.repeat(5_000) } })).status).toBe(413);
  });
});

describe('a request to sign in', () => {
  const refusalOf = async (changes: Record<string, string | undefined>) => {
    const { reply } = await begin(changes);
    const { searchParams, hash } = new URL(reply.location || '/', base);
    return reply.location ? Object.fromEntries([...searchParams, ...new URLSearchParams(hash.slice(1))]) : { status: reply.status, page: reply.text };
  };
  test.each<[string, Record<string, string | undefined>, string]>([
    ['without PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['with plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['with PKCE of no method', { code_challenge_method: undefined }, 'invalid_request'],
    ['for a token at once', { response_type: 'token' }, 'unsupported_response_type'],
    ['for production', { resource: 'https://gateway.zone.example' }, 'invalid_target'],
  ])('%s is refused', async (_what, changes, error) => {
    expect(await refusalOf(changes)).toMatchObject({ error });
  });
  test.each<[string, Record<string, string | undefined>]>([
    ['to another address', { redirect_uri: 'https://evil.example/callback' }],
    ['to a part of the address', { redirect_uri: `${CALLBACK}/more` }],
    ['to the address with a query', { redirect_uri: `${CALLBACK}?next=evil` }],
    ['of an unknown client', { client_id: 'nobody' }],
  ])('%s goes nowhere', async (_what, changes) => {
    const { reply } = await begin(changes);
    expect([reply.status, reply.location]).toEqual([400, '']);
    expect(reply.text).not.toContain('evil.example');
  });
});

describe('a code', () => {
  test('is good once: the second time gives nothing', async () => {
    const { url, verifier } = await signIn('pei.zhaoning');
    const code = String(url.searchParams.get('code'));
    expect((await redeem({ code, code_verifier: verifier })).status).toBe(200);
    expect(errorOf(await redeem({ code, code_verifier: verifier }))).toEqual([400, 'invalid_grant', undefined]);
  });
  test('redeemed ten times at once gives one token at most: whoever stole it may have been first', async () => {
    const { url, verifier } = await signIn('pei.zhaoning');
    const code = String(url.searchParams.get('code'));
    const replies = await Promise.all(Array.from({ length: 10 }, () => redeem({ code, code_verifier: verifier })));
    expect(replies.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
    expect(replies.every(({ status }) => status === 200 || status === 400)).toBe(true);
  });
  test.each<[string, (verifier: string) => Record<string, string>, string]>([
    ['without its verifier', () => ({}), 'invalid_grant'],
    ['with another verifier', () => ({ code_verifier: client.randomPKCECodeVerifier() }), 'invalid_grant'],
    ['for another address', (verifier) => ({ code_verifier: verifier, redirect_uri: 'https://evil.example/callback' }), 'invalid_grant'],
    ['of another console', (verifier) => ({ code_verifier: verifier, client_id: 'other-console' }), 'invalid_grant'],
  ])('%s gives nothing', async (_what, parameters, error) => {
    const { url, verifier } = await signIn('pei.zhaoning');
    expect(errorOf(await redeem({ code: String(url.searchParams.get('code')), ...parameters(verifier) }))).toEqual([400, error, undefined]);
  });
  test('of somebody who was disabled meanwhile gives nothing, and tokens that were given end', async () => {
    const first = await signIn('leaving');
    const reply = await redeem({ code: String(first.url.searchParams.get('code')), code_verifier: first.verifier });
    const token = JSON.parse(reply.text).access_token;
    expect((await ask(token)).status).toBe(200);
    const second = await signIn('leaving');
    await staff.disable('leaving');
    expect(errorOf(await redeem({ code: String(second.url.searchParams.get('code')), code_verifier: second.verifier }))).toEqual([
      400,
      'invalid_grant',
      undefined,
    ]);
    for (let waited = 0; waited < 50 && (await ask(token)).status === 200; waited++) await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await ask(token)).status).toBe(401);
  });
});

test('neither passwords nor codes are logged', async () => {
  const { url } = await signIn('pei.zhaoning');
  expect(gateway.logged()).not.toContain(PASSWORD);
  expect(gateway.logged()).not.toContain(String(url.searchParams.get('code')));
});
