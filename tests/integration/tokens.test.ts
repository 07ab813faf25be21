/** Who calls. Whatever is not a token of this issuer, for this gateway, now, is a 401 with its code, and stands in the audit log. */
import { createHmac, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { calculateJwkThumbprint, exportJWK, importJWK, type JWK, SignJWT } from 'jose';
import { entriesSince, lastSequence, openWatchedGateway, type Sent, type WatchedGateway } from '../harness/watched.js';
import { firm, openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
let gateway: WatchedGateway;
let secret: JWK;
beforeAll(async () => {
  zone = await openTestZone({ enterprises: 5 });
  gateway = await openWatchedGateway(zone);
  secret = JSON.parse(readFileSync(join(zone.config.zoneHome, 'sandbox-issuer.jwk'), 'utf8'));
});
afterAll(async () => {
  await gateway?.close();
  await zone?.close();
});

const QUERY = () => `{ enterprise(uscc: "${firm(0)}", inquiry: { purpose: PRE_LOAN_REVIEW, caseNumber: "T-1" }) { uscc } }`;
const seconds = () => Math.floor(Date.now() / 1000);

interface Changes {
  readonly header?: Record<string, unknown>;
  /** undefined takes a claim away. */
  readonly claims?: Record<string, unknown>;
  readonly key?: JWK | KeyObject;
}

/** A token as the issuer makes it, but for the changes. */
async function token({ header = {}, claims = {}, key = secret }: Changes = {}): Promise<string> {
  const payload = Object.entries({
    iss: zone.config.tokenIssuer,
    aud: zone.config.tokenAudience,
    sub: 'bank-01',
    client_id: 'bank-01-core',
    iat: seconds(),
    exp: seconds() + 300,
    jti: randomUUID(),
    ...claims,
  }).filter(([, value]) => value !== undefined);
  const protectedHeader = Object.fromEntries(
    Object.entries({ alg: 'ES256', typ: 'at+jwt', kid: secret.kid, ...header }).filter(([, value]) => value !== undefined),
  );
  const signing = 'kty' in key ? await importJWK(key, String(protectedHeader.alg)) : key;
  return new SignJWT(Object.fromEntries(payload)).setProtectedHeader(protectedHeader as { alg: string }).sign(signing);
}

/** A token put together by hand, for what no library signs. */
const byHand = (header: object, payload: object, sign: (signed: string) => string = () => '') => {
  const signed = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${signed}.${sign(signed)}`;
};
const claims = () => ({
  iss: zone.config.tokenIssuer,
  aud: zone.config.tokenAudience,
  sub: 'bank-01',
  client_id: 'bank-01-core',
  iat: seconds(),
  exp: seconds() + 300,
});

async function sendWith(authorization: string | undefined, body: string = JSON.stringify({ query: QUERY() })): Promise<Sent> {
  return gateway.send({ headers: authorization === undefined ? {} : { authorization }, body });
}

async function expectRefused(authorization: string | undefined, code: string, caller: { institution: string | null; client: string | null }): Promise<void> {
  const sequence = await lastSequence(zone);
  const statements = gateway.recordStatements().length;
  const sent = await sendWith(authorization);
  const body = JSON.parse(sent.text);
  expect([sent.status, body.errors[0].extensions.code, body.data]).toEqual([401, code, undefined]);
  expect(sent.headers['www-authenticate']).toMatch(/^Bearer/);
  expect(sent.text.length).toBeLessThan(1_024);
  // Nothing of what was wrong with it: that would help whoever forges the next one.
  expect(sent.text).not.toMatch(/signature|issuer|audience|algorithm|claim|jose/i);
  expect(gateway.recordStatements()).toHaveLength(statements);
  const entries = await entriesSince(zone, sequence);
  expect(entries).toHaveLength(1);
  expect(entries[0]).toMatchObject({ outcome: 'REFUSED', code, id: body.extensions.receipt.id, ...caller });
  if (caller.institution === null) expect(entries[0]).not.toHaveProperty('reads');
  const used = authorization?.split(' ')[1];
  if (used && used.length > 20) for (const text of [entries[0]?.text ?? '', gateway.logged(), sent.text]) expect(text.includes(used)).toBe(false);
}
const NOBODY = { institution: null, client: null };

test('a token as it should be is answered, and the audit entry has institution and client from it', async () => {
  const sent = await sendWith(`Bearer ${await token()}`);
  expect(sent.status).toBe(200);
  const [entry] = (await entriesSince(zone, (await lastSequence(zone)) - 1)) as { institution: string | null; client: string | null }[];
  expect(entry).toMatchObject({ institution: 'bank-01', client: 'bank-01-core' });
});

describe('Without a token', () => {
  test.each<[string, string | undefined]>([
    ['no header', undefined],
    ['an empty header', ''],
  ])('%s is TOKEN_MISSING', async (_what, authorization) => {
    await expectRefused(authorization, 'TOKEN_MISSING', NOBODY);
  });
});

describe('What is no token of ours is TOKEN_INVALID', () => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey;
  const cases: Record<string, () => Promise<string> | string> = {
    garbage: () => 'Bearer garbage',
    'three empty parts': () => 'Bearer ..',
    'three parts of nothing': () => 'Bearer a.b.c',
    'another scheme': async () => `Basic ${Buffer.from('bank-01:secret').toString('base64')}`,
    'a token without its scheme': () => token(),
    'the scheme in lower case': async () => `bearer ${await token()}`,
    'two blanks after the scheme': async () => `Bearer  ${await token()}`,
    'two tokens': async () => `Bearer ${await token()}, Bearer ${await token()}`,
    'a token of five parts (encrypted)': async () => `Bearer ${await token()}.x.y`,
    'a token of more than 4,096 characters': async () => `Bearer ${await token({ claims: { more: 'x'.repeat(4_096) } })}`,
    'alg none': () => `Bearer ${byHand({ alg: 'none', typ: 'at+jwt' }, claims())}`,
    'alg none with a signature': () => `Bearer ${byHand({ alg: 'none', typ: 'at+jwt', kid: secret.kid }, claims(), () => 'AAAA')}`,
    'HS256 with the public key as its secret': async () => {
      const { d: _private, ...publicKey } = secret;
      const sign = (signed: string) => createHmac('sha256', JSON.stringify(publicKey)).update(signed).digest('base64url');
      return `Bearer ${byHand({ alg: 'HS256', typ: 'at+jwt', kid: secret.kid }, claims(), sign)}`;
    },
    'HS256 with the x coordinate of the public key as its secret': () => {
      const sign = (signed: string) =>
        createHmac('sha256', Buffer.from(String(secret.x), 'base64url'))
          .update(signed)
          .digest('base64url');
      return `Bearer ${byHand({ alg: 'HS256', typ: 'at+jwt', kid: secret.kid }, claims(), sign)}`;
    },
    RS256: async () => `Bearer ${await token({ header: { alg: 'RS256' }, key: rsa })}`,
    'another key with the name of ours': async () => `Bearer ${await token({ key: other })}`,
    'another key with a name of its own': async () => `Bearer ${await token({ key: other, header: { kid: 'another' } })}`,
    'a key that it brings along': async () => {
      const jwk = await exportJWK(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey);
      return `Bearer ${await token({ key: other, header: { jwk, kid: await calculateJwkThumbprint(jwk) } })}`;
    },
    'a key at an address': async () => `Bearer ${await token({ key: other, header: { jku: 'http://127.0.0.1:1/keys' } })}`,
    'a certificate at an address': async () => `Bearer ${await token({ key: other, header: { x5u: 'http://127.0.0.1:1/certificate' } })}`,
    'a key named by a path': async () => `Bearer ${await token({ key: other, header: { kid: '../../../../dev/null' } })}`,
    'a key named by SQL': async () => `Bearer ${await token({ key: other, header: { kid: "x' union select 'AAAA' --" } })}`,
    'a key named by a member of every object': async () => `Bearer ${await token({ key: other, header: { kid: '__proto__' } })}`,
    'HS256 under an empty secret': () =>
      `Bearer ${byHand({ alg: 'HS256', typ: 'at+jwt', kid: secret.kid }, claims(), (signed) => createHmac('sha256', '').update(signed).digest('base64url'))}`,
    'a signature of zeros': () => `Bearer ${byHand({ alg: 'ES256', typ: 'at+jwt', kid: secret.kid }, claims(), () => Buffer.alloc(64).toString('base64url'))}`,
    'a token of production': async () => `Bearer ${await token({ claims: { aud: zone.config.audiences.production } })}`,
    'an actor that does not exist': async () => `Bearer ${await token({ claims: { actor: 'root' } })}`,
    'an actor that is a list': async () => `Bearer ${await token({ claims: { actor: ['staff'] } })}`,
    'staff without roles': async () => `Bearer ${await token({ claims: { actor: 'staff', sub: 'li.wei' } })}`,
    'staff with no role': async () => `Bearer ${await token({ claims: { actor: 'staff', sub: 'li.wei', roles: [] } })}`,
    'staff with a role that does not exist': async () => `Bearer ${await token({ claims: { actor: 'staff', sub: 'li.wei', roles: ['AUDITOR', 'EMPEROR'] } })}`,
    'staff with roles as a text': async () => `Bearer ${await token({ claims: { actor: 'staff', sub: 'li.wei', roles: 'AUDITOR' } })}`,
    'staff of a provider that is no code': async () =>
      `Bearer ${await token({ claims: { actor: 'staff', sub: 'li.wei', roles: ['PROVIDER_STEWARD'], provider: { code: 'tax' } } })}`,
    'staff whose login is no name': async () => `Bearer ${await token({ claims: { actor: 'staff', sub: 'Li Wei', roles: ['AUDITOR'] } })}`,
    'an enterprise with a wrong check character': async () =>
      `Bearer ${await token({ claims: { actor: 'enterprise', sub: `${firm(0).slice(0, 17)}${firm(0)[17] === '0' ? '1' : '0'}` } })}`,
    'an enterprise in small letters': async () => `Bearer ${await token({ claims: { actor: 'enterprise', sub: '91350100m000100y43' } })}`,
    'an enterprise that is an institution': async () => `Bearer ${await token({ claims: { actor: 'enterprise' } })}`,
    'the scheme of a proof without one': async () => `DPoP ${await token()}`,
    'a binding to a certificate over plain HTTP': async () => `Bearer ${await token({ claims: { cnf: { 'x5t#S256': 'A'.repeat(43) } } })}`,
    'a binding to a key without its proof': async () => `Bearer ${await token({ claims: { cnf: { jkt: 'A'.repeat(43) } } })}`,
    'a signature of another token': async () => {
      const [header, payload] = (await token({ claims: { sub: 'bank-02' } })).split('.');
      return `Bearer ${header}.${payload}.${(await token()).split('.')[2]}`;
    },
    'no signature': async () => `Bearer ${(await token()).split('.').slice(0, 2).join('.')}.`,
    'another issuer': async () => `Bearer ${await token({ claims: { iss: 'https://issuer.other.example' } })}`,
    'no issuer': async () => `Bearer ${await token({ claims: { iss: undefined } })}`,
    'another audience': async () => `Bearer ${await token({ claims: { aud: 'https://gateway.other.example' } })}`,
    'no audience': async () => `Bearer ${await token({ claims: { aud: undefined } })}`,
    'not valid yet': async () => `Bearer ${await token({ claims: { nbf: seconds() + 60 } })}`,
    'issued in the future': async () => `Bearer ${await token({ claims: { iat: seconds() + 60, exp: seconds() + 120 } })}`,
    'a life of more than five minutes': async () => `Bearer ${await token({ claims: { exp: seconds() + 301 } })}`,
    'a life without end': async () => `Bearer ${await token({ claims: { exp: undefined } })}`,
    'no time of issue': async () => `Bearer ${await token({ claims: { iat: undefined } })}`,
    'an issue before its time to hide a long life': async () => `Bearer ${await token({ claims: { iat: seconds() - 3_600, exp: seconds() + 60 } })}`,
    'a time that is no number': async () => `Bearer ${byHand({ alg: 'ES256', typ: 'at+jwt' }, { ...claims(), exp: 'never' }, () => 'AAAA')}`,
    'typ of an id token': async () => `Bearer ${await token({ header: { typ: 'JWT' } })}`,
    'no typ': async () => `Bearer ${await token({ header: { typ: undefined } })}`,
    'an extension that must be understood': async () =>
      `Bearer ${byHand({ alg: 'ES256', typ: 'at+jwt', kid: secret.kid, crit: ['x'], x: 1 }, claims(), () => 'AAAA')}`,
    'no institution': async () => `Bearer ${await token({ claims: { sub: undefined } })}`,
    'an empty institution': async () => `Bearer ${await token({ claims: { sub: '' } })}`,
    'an institution that is no code': async () => `Bearer ${await token({ claims: { sub: "bank-01' or '1'='1" } })}`,
    'the institution of everybody': async () => `Bearer ${await token({ claims: { sub: '*' } })}`,
    'no client': async () => `Bearer ${await token({ claims: { client_id: undefined } })}`,
    'a client that is no text': async () => `Bearer ${await token({ claims: { client_id: 7 } })}`,
    'a client with a line break': async () => `Bearer ${await token({ claims: { client_id: 'a\nb' } })}`,
  };
  test.each(Object.keys(cases))('%s', async (name) => {
    await expectRefused(await cases[name]?.(), 'TOKEN_INVALID', NOBODY);
  });
});

test('a token that was valid is TOKEN_EXPIRED', async () => {
  await expectRefused(`Bearer ${await token({ claims: { iat: seconds() - 310, exp: seconds() - 10 } })}`, 'TOKEN_EXPIRED', NOBODY);
});

test('an expired token of somebody else is only invalid', async () => {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  await expectRefused(`Bearer ${await token({ key, claims: { iat: seconds() - 310, exp: seconds() - 10 } })}`, 'TOKEN_INVALID', NOBODY);
});

test('an institution that is not resident is CALLER_UNKNOWN, and the log keeps the name that was proved', async () => {
  await expectRefused(`Bearer ${await token({ claims: { sub: 'bank-99', client_id: 'somebody' } })}`, 'CALLER_UNKNOWN', {
    institution: 'bank-99',
    client: 'somebody',
  });
});

test('an institution that is not resident learns nothing of the catalogue either', async () => {
  const sent = await sendWith(`Bearer ${await token({ claims: { sub: 'bank-99' } })}`, JSON.stringify({ query: '{ catalogue { version } }' }));
  expect([sent.status, JSON.parse(sent.text).data]).toEqual([401, undefined]);
});

test('a bad token is refused before the body is looked at', async () => {
  const sent = await sendWith('Bearer garbage', 'no JSON either');
  expect([sent.status, JSON.parse(sent.text).errors[0].extensions.code]).toEqual([401, 'TOKEN_INVALID']);
});

test('the sandbox issuer gives tokens that live five minutes, never longer', async () => {
  const [, payload] = (await gateway.tokenFor('bank-01')).split('.');
  const { iat, exp } = JSON.parse(Buffer.from(String(payload), 'base64url').toString());
  expect(exp - iat).toBe(300);
});
