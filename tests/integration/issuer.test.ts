/** Systems of institutions obtain tokens and use them: with a real client, over TLS, bound to a certificate or a key. */
import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exportJWK } from 'jose';
import * as client from 'openid-client';
import type { Clients } from '../../src/issuer/clients.js';
import { openState } from '../../src/issuer/state.js';
import { openUsedOnce } from '../../src/issuer/usedOnce.js';
import { openRegisters } from '../../src/zone/issuing.js';
import {
  assertion,
  type Certificate,
  type Change,
  type ClientKey,
  call,
  fetchWith,
  freePort,
  newCertificate,
  newClientKey,
  proof,
  type Reply,
  seconds,
  signed,
  writtenTls,
} from '../harness/issuing.js';
import { entriesSince, lastSequence, openWatchedGateway, type WatchedGateway } from '../harness/watched.js';
import { firm, openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
let gateway: WatchedGateway;
let strict: WatchedGateway;
let clients: Clients;
let listener: Certificate;
let certificateA: Certificate;
let certificateB: Certificate;
let keyA: ClientKey;
let keyB: ClientKey;
let base: string;
let strictBase: string;

const settings = async (binding: 'required' | 'optional') => {
  const port = await freePort();
  const address = `https://127.0.0.1:${port}`;
  return { address, changes: { port, tls: writtenTls(zone.config.zoneHome, listener), tokenIssuer: `${address}/oidc`, tokenBinding: binding } };
};
let changes: Awaited<ReturnType<typeof settings>>['changes'];

beforeAll(async () => {
  zone = await openTestZone({ enterprises: 5 });
  listener = await newCertificate('localhost');
  certificateA = await newCertificate('bank-01-core');
  certificateB = await newCertificate('bank-02-core');
  [keyA, keyB] = [await newClientKey('ES256'), await newClientKey('PS256')];
  const first = await settings('optional');
  ({ address: base, changes } = first);
  gateway = await openWatchedGateway(zone, changes);
  const second = await settings('required');
  strictBase = second.address;
  strict = await openWatchedGateway(zone, second.changes);
  ({ clients } = openRegisters(zone.database));
  const registered = { redirectUris: [], certificate: null, audience: 'sandbox' as const };
  await clients.add({ ...registered, client: 'bank-01-core', institution: 'bank-01', jwks: { keys: [keyA.jwk] }, certificate: certificateA.thumbprint });
  await clients.add({ ...registered, client: 'bank-01-mobile', institution: 'bank-01', jwks: { keys: [keyB.jwk] } });
  await clients.add({ ...registered, client: 'bank-02-core', institution: 'bank-02', jwks: { keys: [keyB.jwk] }, certificate: certificateB.thumbprint });
  await clients.add({ ...registered, client: 'bank-01-live', institution: 'bank-01', jwks: { keys: [keyA.jwk] }, audience: 'production' });
});
afterAll(async () => {
  await gateway?.close();
  await strict?.close();
  await zone?.close();
});

const QUERY = () => JSON.stringify({ query: `{ enterprise(uscc: "${firm(0)}", inquiry: { purpose: PRE_LOAN_REVIEW, caseNumber: "T-1" }) { uscc } }` });
const claimsOf = (token: string) => JSON.parse(Buffer.from(String(token.split('.')[1]), 'base64url').toString());
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

/** The body of a token request of a system. */
const asking = (signedAssertion: string, more: Record<string, string> = {}) =>
  new URLSearchParams({
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: signedAssertion,
    ...more,
  }).toString();

interface Asking {
  readonly name?: string;
  readonly key?: ClientKey;
  readonly identity?: Certificate;
  readonly change?: Change;
  readonly more?: Record<string, string>;
  readonly at?: string;
  readonly headers?: Record<string, string>;
}
async function askToken({ name = 'bank-01-mobile', key = keyB, identity, change, more, at = base, headers = {} }: Asking = {}): Promise<Reply> {
  const body = asking(await assertion(key, name, `${at}/oidc`, change), more);
  return call(`${at}/oidc/token`, { method: 'POST', headers: { ...FORM, ...headers }, body, ca: listener.pem, identity });
}
async function tokenOf(options: Asking = {}): Promise<string> {
  const reply = await askToken(options);
  expect([reply.status, reply.text]).toEqual([200, expect.anything()]);
  return JSON.parse(reply.text).access_token;
}
function query(
  token: string,
  { scheme = 'Bearer', identity, headers = {}, at = base }: { scheme?: string; identity?: Certificate; headers?: Record<string, string>; at?: string } = {},
) {
  return call(`${at}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `${scheme} ${token}`, ...headers },
    body: QUERY(),
    ca: listener.pem,
    identity,
  });
}
/** Refused by the issuer: small, with a code, and nothing about why. */
function expectNoToken(reply: Reply, status: number, error: string): void {
  expect([reply.status, JSON.parse(reply.text).error, JSON.parse(reply.text).access_token]).toEqual([status, error, undefined]);
  expect(reply.text.length).toBeLessThan(512);
  expect(reply.text).not.toMatch(/signature|jwks|kid|alg\b|PostgreSQL|select|scrypt/i);
}
/** Refused by the gateway: 401 in the table's words, with an entry in the log. */
async function expectRefused(sending: () => Promise<Reply>, code = 'TOKEN_INVALID'): Promise<void> {
  const sequence = await lastSequence(zone);
  const reply = await sending();
  expect([reply.status, JSON.parse(reply.text).errors[0].extensions.code, JSON.parse(reply.text).data]).toEqual([401, code, undefined]);
  expect(reply.text.length).toBeLessThan(1_024);
  expect(reply.text).not.toMatch(/signature|thumbprint|issuer|audience|jose|proof of/i);
  const entries = await entriesSince(zone, sequence);
  expect(entries.map((entry) => (entry as { code?: string }).code)).toEqual([code]);
}

describe('a real client', () => {
  test('finds the issuer, signs its assertion, and reads with a token bound to its certificate', async () => {
    const config = await client.discovery(new URL(`${base}/oidc`), 'bank-01-core', {}, client.PrivateKeyJwt({ key: keyA.secret, kid: String(keyA.jwk.kid) }), {
      [client.customFetch]: fetchWith(listener.pem, certificateA) as client.CustomFetch,
    });
    const { access_token: token, expires_in: life, token_type: type } = await client.clientCredentialsGrant(config);
    expect([type, life]).toEqual(['bearer', 300]);
    expect(claimsOf(token)).toMatchObject({
      sub: 'bank-01',
      client_id: 'bank-01-core',
      actor: 'institution',
      aud: zone.config.tokenAudience,
      cnf: { 'x5t#S256': certificateA.thumbprint },
    });
    expect(claimsOf(token).exp - claimsOf(token).iat).toBe(300);
    const reply = await query(token, { identity: certificateA });
    expect([reply.status, JSON.parse(reply.text).data]).toEqual([200, { enterprise: { uscc: firm(0) } }]);
  });

  test('reads with a token bound to its key by DPoP', async () => {
    const config = await client.discovery(
      new URL(`${base}/oidc`),
      'bank-01-mobile',
      {},
      client.PrivateKeyJwt({ key: keyB.secret, kid: String(keyB.jwk.kid) }),
      {
        [client.customFetch]: fetchWith(listener.pem) as client.CustomFetch,
      },
    );
    const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
    const { access_token: token, token_type: type } = await client.clientCredentialsGrant(config, {}, { DPoP });
    expect(type).toBe('dpop');
    const headers = new Headers({ 'content-type': 'application/json' });
    const reply = await client.fetchProtectedResource(config, token, new URL(`${base}/graphql`), 'POST', QUERY(), headers, { DPoP });
    expect([reply.status, (await reply.json()) as object]).toEqual([200, expect.objectContaining({ data: { enterprise: { uscc: firm(0) } } })]);
  });

  test('reads with an unbound token where binding is optional, by PS256', async () => {
    expect((await query(await tokenOf())).status).toBe(200);
  });

  test('is told the rules: ES256 and PS256, S256, no more grants than these', async () => {
    const { text } = await call(`${base}/oidc/.well-known/openid-configuration`, { ca: listener.pem });
    expect(JSON.parse(text)).toMatchObject({
      issuer: `${base}/oidc`,
      token_endpoint: `${base}/oidc/token`,
      grant_types_supported: ['authorization_code', 'client_credentials'],
      token_endpoint_auth_signing_alg_values_supported: ['ES256', 'PS256'],
      dpop_signing_alg_values_supported: ['ES256', 'PS256'],
      code_challenge_methods_supported: ['S256'],
      tls_client_certificate_bound_access_tokens: true,
    });
  });

  test('finds public keys only in the key set', async () => {
    const { text } = await call(`${base}/oidc/jwks`, { ca: listener.pem });
    expect(JSON.parse(text).keys).toHaveLength(1);
    expect(text).not.toMatch(/"d"/);
  });
});

describe('the credential decides between sandbox and production', () => {
  test('a client of the sandbox that asks for production is refused', async () => {
    expectNoToken(await askToken({ more: { resource: zone.config.audiences.production } }), 400, 'invalid_target');
  });
  test('a client of production that asks for the sandbox is refused', async () => {
    expectNoToken(await askToken({ name: 'bank-01-live', key: keyA, more: { resource: zone.config.audiences.sandbox } }), 400, 'invalid_target');
  });
  test('two audiences at once are refused', async () => {
    const body = `${asking(await assertion(keyB, 'bank-01-mobile', `${base}/oidc`))}&resource=${encodeURIComponent(zone.config.audiences.sandbox)}&resource=${encodeURIComponent(zone.config.audiences.production)}`;
    expectNoToken(await call(`${base}/oidc/token`, { method: 'POST', headers: FORM, body, ca: listener.pem }), 400, 'invalid_target');
  });
  test('a token of production is refused by the sandbox, and one of the sandbox by production', async () => {
    const live = await tokenOf({ name: 'bank-01-live', key: keyA });
    expect(claimsOf(live).aud).toBe(zone.config.audiences.production);
    await expectRefused(() => query(live));
    const port = await freePort();
    const production = await openWatchedGateway(zone, { ...changes, port, tokenAudience: zone.config.audiences.production });
    try {
      const at = `https://127.0.0.1:${port}`;
      expect((await query(live, { at })).status).toBe(200);
      const sandbox = await tokenOf();
      await expectRefused(() => query(sandbox, { at }));
    } finally {
      await production.close();
    }
  });
});

describe('an assertion that is not as it should be', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const cases: Record<string, () => Promise<string> | string> = {
    'alg none': () => {
      const payload = { iss: 'bank-01-mobile', sub: 'bank-01-mobile', aud: `${base}/oidc`, iat: seconds(), exp: seconds() + 60, jti: randomUUID() };
      return `${[{ alg: 'none' }, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`;
    },
    'RS256 with a key of the same kind': async () => {
      const secret = await crypto.subtle.importKey(
        'pkcs8',
        rsa.privateKey.export({ type: 'pkcs8', format: 'der' }),
        { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
        false,
        ['sign'],
      );
      const payload = { iss: 'bank-01-mobile', sub: 'bank-01-mobile', aud: `${base}/oidc`, iat: seconds(), exp: seconds() + 60, jti: randomUUID() };
      return signed({ secret, alg: 'RS256' }, payload);
    },
    'HS256 with the public key as its secret': () => {
      const payload = { iss: 'bank-01-mobile', sub: 'bank-01-mobile', aud: `${base}/oidc`, iat: seconds(), exp: seconds() + 60, jti: randomUUID() };
      const text = [{ alg: 'HS256', kid: keyB.jwk.kid }, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
      return `${text}.${createHmac('sha256', JSON.stringify(keyB.jwk)).update(text).digest('base64url')}`;
    },
    'the key of another client': () => assertion(keyA, 'bank-01-mobile', `${base}/oidc`),
    'the key of another client under the name of ours': () => assertion(keyA, 'bank-01-mobile', `${base}/oidc`, { header: { kid: keyB.jwk.kid } }),
    'a key that it brings along': async () => {
      const own = await newClientKey();
      return assertion(own, 'bank-01-mobile', `${base}/oidc`, { header: { jwk: own.jwk } });
    },
    'its own key, brought along': () => assertion(keyB, 'bank-01-mobile', `${base}/oidc`, { header: { jwk: keyB.jwk } }),
    'a key at an address': () => assertion(keyB, 'bank-01-mobile', `${base}/oidc`, { header: { jku: 'http://127.0.0.1:1/keys' } }),
    'a certificate at an address': () => assertion(keyB, 'bank-01-mobile', `${base}/oidc`, { header: { x5u: 'http://127.0.0.1:1/certificate' } }),
    'another audience': () => assertion(keyB, 'bank-01-mobile', 'https://issuer.other.example'),
    'the address of the token endpoint for an audience': () => assertion(keyB, 'bank-01-mobile', `${base}/oidc/token`),
    'a second audience beside ours': () => assertion(keyB, 'bank-01-mobile', `${base}/oidc`, { claims: { aud: [`${base}/oidc`, 'https://evil.example'] } }),
    'another issuer': () => assertion(keyB, 'bank-01-mobile', `${base}/oidc`, { claims: { iss: 'bank-02-core' } }),
    'another subject': () => assertion(keyB, 'bank-01-mobile', `${base}/oidc`, { claims: { sub: 'bank-02-core' } }),
    'a life of ten minutes': () => assertion(keyB, 'bank-01-mobile', `${base}/oidc`, { claims: { exp: seconds() + 600 } }),
    'a life of ten minutes, half of it over': () =>
      assertion(keyB, 'bank-01-mobile', `${base}/oidc`, { claims: { iat: seconds() - 400, exp: seconds() + 200 } }),
    'no time of issue': () => assertion(keyB, 'bank-01-mobile', `${base}/oidc`, { claims: { iat: undefined } }),
    'no end': () => assertion(keyB, 'bank-01-mobile', `${base}/oidc`, { claims: { exp: undefined } }),
    expired: () => assertion(keyB, 'bank-01-mobile', `${base}/oidc`, { claims: { iat: seconds() - 120, exp: seconds() - 60 } }),
    'not valid yet': () => assertion(keyB, 'bank-01-mobile', `${base}/oidc`, { claims: { nbf: seconds() + 60 } }),
    'no name of its own': () => assertion(keyB, 'bank-01-mobile', `${base}/oidc`, { claims: { jti: undefined } }),
    'a client that is not registered': () => assertion(keyB, 'bank-77', `${base}/oidc`),
    'a client whose name is SQL': () => assertion(keyB, "' or '1'='1", `${base}/oidc`),
    'a client whose name is a path': () => assertion(keyB, '../../etc/passwd', `${base}/oidc`),
    garbage: () => 'a.b.c',
  };
  test.each(Object.keys(cases))('%s gives no token', async (name) => {
    const made = (await cases[name]?.()) as string;
    const reply = await call(`${base}/oidc/token`, { method: 'POST', headers: FORM, body: asking(made), ca: listener.pem });
    expect([400, 401]).toContain(reply.status);
    expectNoToken(reply, reply.status, reply.status === 401 ? 'invalid_client' : 'invalid_request');
  });

  test.each([
    ['a path', '../../../../etc/passwd'],
    ['SQL', `x' union select * from staff --`],
    ['an address', 'https://evil.example/key'],
  ])('a kid that is %s, under a foreign key, gives no token', async (_what, kid) => {
    const made = await assertion(keyA, 'bank-01-mobile', `${base}/oidc`, { header: { kid } });
    expectNoToken(await call(`${base}/oidc/token`, { method: 'POST', headers: FORM, body: asking(made), ca: listener.pem }), 401, 'invalid_client');
  });

  test('used a second time gives no token', async () => {
    const body = asking(await assertion(keyB, 'bank-01-mobile', `${base}/oidc`));
    const send = () => call(`${base}/oidc/token`, { method: 'POST', headers: FORM, body, ca: listener.pem });
    expect((await send()).status).toBe(200);
    expectNoToken(await send(), 401, 'invalid_client');
  });

  test('used ten times at once gives one token', async () => {
    const body = asking(await assertion(keyB, 'bank-01-mobile', `${base}/oidc`));
    const replies = await Promise.all(Array.from({ length: 10 }, () => call(`${base}/oidc/token`, { method: 'POST', headers: FORM, body, ca: listener.pem })));
    expect(replies.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(401)]);
  });

  test('used again after a restart gives no token', async () => {
    const body = asking(await assertion(keyB, 'bank-01-mobile', `${base}/oidc`));
    const send = () => call(`${base}/oidc/token`, { method: 'POST', headers: FORM, body, ca: listener.pem });
    expect((await send()).status).toBe(200);
    await gateway.close();
    gateway = await openWatchedGateway(zone, changes);
    expectNoToken(await send(), 401, 'invalid_client');
    expect((await askToken()).status).toBe(200);
  });
});

describe('a token request that is not as it should be', () => {
  test.each<[string, Record<string, string>, number]>([
    ['a password of an owner', { grant_type: 'password' }, 400],
    ['a refresh', { grant_type: 'refresh_token' }, 400],
    ['an unknown grant', { grant_type: 'urn:evil' }, 400],
  ])('%s is refused', async (_what, more, status) => {
    const reply = await askToken({ more });
    expect([reply.status, JSON.parse(reply.text).access_token]).toEqual([status, undefined]);
  });

  test('a secret is no way to sign in', async () => {
    const authorization = `Basic ${Buffer.from('bank-01-mobile:secret').toString('base64')}`;
    const reply = await call(`${base}/oidc/token`, {
      method: 'POST',
      headers: { ...FORM, authorization },
      body: 'grant_type=client_credentials',
      ca: listener.pem,
    });
    expect([400, 401]).toContain(reply.status);
  });

  test('a body of a megabyte is refused before it is read', async () => {
    const reply = await call(`${base}/oidc/token`, { method: 'POST', headers: FORM, body: 'x'.repeat(1_048_576), ca: listener.pem }).catch(() => null);
    // The connection may be gone before all of it was sent.
    if (reply) expect(reply.status).toBe(413);
    expect((await askToken()).status).toBe(200);
  });

  test('a disabled client gets none, and what it had is good for a moment only', async () => {
    await clients.add({ client: 'bank-01-old', institution: 'bank-01', audience: 'sandbox', jwks: { keys: [keyB.jwk] }, redirectUris: [], certificate: null });
    const token = await tokenOf({ name: 'bank-01-old' });
    expect((await query(token)).status).toBe(200);
    expect(await clients.disable('bank-01-old')).toBe(true);
    expectNoToken(await askToken({ name: 'bank-01-old' }), 401, 'invalid_client');
    for (let waited = 0; waited < 50 && (await query(token)).status === 200; waited++) await new Promise((resolve) => setTimeout(resolve, 100));
    await expectRefused(() => query(token));
  });
});

describe('a token bound to a certificate', () => {
  test('is not given without one, nor with that of another client', async () => {
    expectNoToken(await askToken({ name: 'bank-01-core', key: keyA }), 400, 'invalid_grant');
    expectNoToken(await askToken({ name: 'bank-01-core', key: keyA, identity: certificateB }), 400, 'invalid_grant');
  });
  test('is refused without the certificate and with another', async () => {
    const token = await tokenOf({ name: 'bank-01-core', key: keyA, identity: certificateA });
    expect((await query(token, { identity: certificateA })).status).toBe(200);
    await expectRefused(() => query(token));
    await expectRefused(() => query(token, { identity: certificateB }));
    await expectRefused(() => query(token, { identity: certificateA, scheme: 'DPoP' }));
  });
});

describe('a token bound to a key', () => {
  const url = () => `${base}/graphql`;
  let holder: ClientKey;
  let token: string;
  beforeAll(async () => {
    holder = await newClientKey('ES256');
    token = await tokenOf({ headers: { dpop: await proof(holder, 'POST', `${base}/oidc/token`) } });
    expect(claimsOf(token).cnf).toEqual({ jkt: holder.thumbprint });
  });
  const send = (dpop: string | undefined, scheme = 'DPoP') => query(token, { scheme, headers: dpop === undefined ? {} : { dpop } });

  test('is answered with its proof, for the address without its query', async () => {
    expect((await send(await proof(holder, 'POST', url(), token))).status).toBe(200);
    expect((await send(await proof(holder, 'POST', `${url()}?a=b`, token))).status).toBe(200);
  });
  test('is refused when its proof is used again, at another gateway too', async () => {
    const dpop = await proof(holder, 'POST', url(), token);
    expect((await send(dpop)).status).toBe(200);
    await expectRefused(() => send(dpop));
    await gateway.close();
    gateway = await openWatchedGateway(zone, changes);
    await expectRefused(() => send(dpop));
  });

  const cases: Record<string, () => Promise<Reply>> = {
    'as a bearer token': async () => send(await proof(holder, 'POST', url(), token), 'Bearer'),
    'without a proof': () => send(undefined),
    'with an empty proof': () => send(''),
    'with two proofs': async () => send(`${await proof(holder, 'POST', url(), token)}, ${await proof(holder, 'POST', url(), token)}`),
    'with the proof of another key': async () => send(await proof(await newClientKey(), 'POST', url(), token)),
    'with the key of another proof': async () => send(await proof(await newClientKey(), 'POST', url(), token, { header: { jwk: holder.jwk } })),
    'with a proof for another token': async () => send(await proof(holder, 'POST', url(), 'another')),
    'with a proof for no token': async () => send(await proof(holder, 'POST', url())),
    'with a proof for GET': async () => send(await proof(holder, 'GET', url(), token)),
    'with a proof for another address': async () => send(await proof(holder, 'POST', `${base}/other`, token)),
    'with a proof for another host': async () => send(await proof(holder, 'POST', 'https://evil.example/graphql', token)),
    'with a proof for plain HTTP': async () => send(await proof(holder, 'POST', url().replace('https', 'http'), token)),
    'with a proof of an hour ago': async () => send(await proof(holder, 'POST', url(), token, { claims: { iat: seconds() - 3_600 } })),
    'with a proof of an hour ahead': async () => send(await proof(holder, 'POST', url(), token, { claims: { iat: seconds() + 3_600 } })),
    'with a proof without a time': async () => send(await proof(holder, 'POST', url(), token, { claims: { iat: undefined } })),
    'with a proof without a name': async () => send(await proof(holder, 'POST', url(), token, { claims: { jti: undefined } })),
    'with a proof of another type': async () => send(await proof(holder, 'POST', url(), token, { header: { typ: 'JWT' } })),
    'with a proof that shows its private key': async () => {
      const secret = await exportJWK(holder.secret);
      return send(await proof(holder, 'POST', url(), token, { header: { jwk: secret } }));
    },
    'with a proof by HS256': async () => {
      const payload = { htm: 'POST', htu: url(), iat: seconds(), jti: randomUUID() };
      const header = { typ: 'dpop+jwt', alg: 'HS256', jwk: { kty: 'oct', k: 'AAAA' } };
      const text = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
      return send(`${text}.${createHmac('sha256', Buffer.from('AAAA', 'base64url')).update(text).digest('base64url')}`);
    },
    'with a proof by none': async () => {
      const payload = { htm: 'POST', htu: url(), iat: seconds(), jti: randomUUID() };
      return send(
        `${[{ typ: 'dpop+jwt', alg: 'none', jwk: holder.jwk }, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`,
      );
    },
    'with a proof that is too long': async () => send(await proof(holder, 'POST', url(), token, { claims: { more: 'x'.repeat(3_000) } })),
  };
  test.each(Object.keys(cases))('is refused %s', async (name) => {
    await expectRefused(cases[name] as () => Promise<Reply>);
  });

  test('is not given for a proof that was used', async () => {
    const dpop = await proof(holder, 'POST', `${base}/oidc/token`);
    expect((await askToken({ headers: { dpop } })).status).toBe(200);
    expectNoToken(await askToken({ headers: { dpop } }), 400, 'invalid_grant');
  });
});

describe('where binding is required', () => {
  test('a client without a certificate gets no token but by DPoP', async () => {
    expectNoToken(await askToken({ at: strictBase }), 400, 'invalid_grant');
    const holder = await newClientKey();
    const token = await tokenOf({ at: strictBase, headers: { dpop: await proof(holder, 'POST', `${strictBase}/oidc/token`) } });
    const dpop = await proof(holder, 'POST', `${strictBase}/graphql`, token);
    expect((await query(token, { at: strictBase, scheme: 'DPoP', headers: { dpop } })).status).toBe(200);
  });
  test('an unbound token is TOKEN_UNBOUND', async () => {
    const token = await strict.issuer?.tokenFor('bank-01');
    await expectRefused(() => query(String(token), { at: strictBase }), 'TOKEN_UNBOUND');
  });
  test.each<[string, unknown]>([
    ['an empty binding', {}],
    ['a binding to nothing', null],
    ['a binding that is a text', 'x5t#S256'],
    ['a binding of an unknown kind', { kid: 'a' }],
    ['a binding with another beside it', { jkt: 'A'.repeat(43), kid: 'a' }],
    ['a thumbprint that is none', { 'x5t#S256': '' }],
    ['a thumbprint that is a list', { jkt: ['A'.repeat(43)] }],
  ])('%s is refused', async (_what, cnf) => {
    const token = await strict.issuer?.tokenFor('bank-01', 'bank-01-core', { cnf });
    await expectRefused(() => query(String(token), { at: strictBase, identity: certificateA }));
  });
});

test('what is used once is forgotten when it no longer matters, and the gateway can read none of it', async () => {
  const { forgetExpired } = await import('../../src/issuer/forgetExpired.js');
  await zone.owner.query({ text: "insert into used_once values ('test', 'old', now() - interval '1 hour'), ('test', 'new', now() + interval '1 hour')" });
  await forgetExpired(zone.database.open('zone_issuer'));
  const rows = await zone.owner.query<{ id: string }>({ text: "select id from used_once where kind = 'test'" });
  expect(rows.map(({ id }) => id)).toEqual(['new']);
  const serving = zone.database.open('zone_gateway');
  for (const table of ['issuer_client', 'staff', 'issuer_state', 'used_once', 'sign_in_failure'])
    await expect(serving.query({ text: `select * from ${table}` })).rejects.toThrow(/permission denied/);
  const issuing = zone.database.open('zone_issuer');
  for (const table of ['record', 'enterprise', 'consent', 'audit_entry'])
    await expect(issuing.query({ text: `select * from ${table}` })).rejects.toThrow(/permission denied/);
});

test('of two that found an assertion, a proof or a code unused at the same moment, one is refused', async () => {
  const postgres = zone.database.open('zone_issuer');
  const stateOf = openState({ postgres, usedOnce: openUsedOnce({ postgres }), findClient: async () => undefined });
  const [replays, codes] = [stateOf('ReplayDetection'), stateOf('AuthorizationCode')];
  const id = randomUUID();
  await codes.upsert(id, { grantId: 'grant' }, 60);
  for (const race of [() => replays.upsert(id, {}, 60), () => codes.consume(id)]) {
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, race));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  }
  expect(await codes.find(id)).toMatchObject({ consumed: true });
});

test('refusals of the issuer are logged by code and client, and no assertion is', async () => {
  const made = await assertion(keyA, 'bank-01-mobile', `${base}/oidc`);
  await call(`${base}/oidc/token`, { method: 'POST', headers: FORM, body: asking(made), ca: listener.pem });
  expect(gateway.logged()).toMatch(/"code":"invalid_client","client":"bank-01-mobile"/);
  expect(gateway.logged()).not.toContain(made.split('.')[2]);
});
