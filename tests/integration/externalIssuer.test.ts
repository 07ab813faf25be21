/** The keys of an external issuer: fetched from its address, again when a new name comes up, and never at the caller's wish. */

import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type ClientKey, call, newCertificate, newClientKey, seconds, signed, writtenTls } from '../harness/issuing.js';
import { openWatchedGateway, type WatchedGateway } from '../harness/watched.js';
import { openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
let gateway: WatchedGateway;
let keys: ClientKey[];
let server: Server;
let asked = 0;
let answer: () => { status: number; body: string };

beforeAll(async () => {
  zone = await openTestZone({ enterprises: 5 });
  keys = [await newClientKey(), await newClientKey()];
  answer = () => ({ status: 200, body: JSON.stringify({ keys: keys.slice(0, 1).map(({ jwk }) => jwk) }) });
  server = createServer((_request, response) => {
    asked++;
    const { status, body } = answer();
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  gateway = await openWatchedGateway(zone, { tokenJwksUrl: `http://127.0.0.1:${(server.address() as { port: number }).port}/jwks` });
});
afterAll(async () => {
  await gateway?.close();
  await zone?.close();
  server?.close();
});

const tokenOf = (key: ClientKey, claims: Record<string, unknown> = {}) =>
  signed(
    key,
    {
      iss: zone.config.tokenIssuer,
      aud: zone.config.tokenAudience,
      sub: 'bank-01',
      client_id: 'bank-01-core',
      actor: 'institution',
      iat: seconds(),
      exp: seconds() + 300,
      ...claims,
    },
    { typ: 'at+jwt', kid: key.jwk.kid },
  );
const ask = async (token: string, at = gateway) => {
  const { status, text } = await at.send({ headers: { authorization: `Bearer ${token}` }, body: JSON.stringify({ query: '{ catalogue { version } }' }) });
  return [status, JSON.parse(text).errors?.[0].extensions.code ?? null];
};

test('its tokens are believed, and its keys are fetched once for many', async () => {
  for (let times = 0; times < 5; times++) expect(await ask(await tokenOf(keys[0] as ClientKey))).toEqual([200, null]);
  expect(asked).toBe(1);
});

test('a token that does not say what its subject is names nobody', async () => {
  expect(await ask(await tokenOf(keys[0] as ClientKey, { actor: undefined }))).toEqual([401, 'TOKEN_INVALID']);
});

test('the embedded issuer is off: its tokens are not believed, and nothing stands below /oidc', async () => {
  expect(gateway.issuer).toBeNull();
  expect((await gateway.send({ method: 'GET', path: '/oidc/.well-known/openid-configuration' })).status).toBe(404);
  expect((await gateway.send({ path: '/oidc/token' })).status).toBe(404);
});

test('names that are not known make nobody ask again and again', async () => {
  const before = asked;
  for (let times = 0; times < 20; times++) expect(await ask(await tokenOf(await newClientKey()))).toEqual([401, 'TOKEN_INVALID']);
  expect(asked - before).toBeLessThanOrEqual(1);
});

test('without its keys the zone says that it cannot answer, not that the token is bad', async () => {
  answer = () => ({ status: 500, body: 'SECRET' });
  const other = await openWatchedGateway(zone, { tokenJwksUrl: `http://127.0.0.1:${(server.address() as { port: number }).port}/jwks` });
  try {
    expect(await ask(await tokenOf(keys[0] as ClientKey), other)).toEqual([503, 'ZONE_UNAVAILABLE']);
    answer = () => ({ status: 200, body: JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }) });
    expect(await ask(await tokenOf(keys[1] as ClientKey), other)).toEqual([200, null]);
  } finally {
    await other.close();
  }
});

test('where certificates must come from an authority, one that made itself is no certificate', async () => {
  const listener = await newCertificate('localhost');
  const authority = await newCertificate('authority');
  const issued = await newCertificate('bank-01-core', { certificate: authority, keys: authority.keys });
  const own = await newCertificate('bank-01-core');
  const clientCa = join(zone.config.zoneHome, 'clients.pem');
  writeFileSync(clientCa, authority.pem);
  const tls = { ...writtenTls(zone.config.zoneHome, listener), clientCa };
  const jwks = join(zone.config.zoneHome, 'jwks.json');
  writeFileSync(jwks, JSON.stringify({ keys: [keys[0]?.jwk] }));
  const other = await openWatchedGateway(zone, { tls, tokenJwksFile: jwks, tokenBinding: 'required' });
  try {
    const statusWith = async (identity: typeof own): Promise<number> => {
      const token = await tokenOf(keys[0] as ClientKey, { cnf: { 'x5t#S256': identity.thumbprint } });
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
      const body = JSON.stringify({ query: '{ catalogue { version } }' });
      return (await call(`${other.address}/graphql`, { method: 'POST', headers, body, ca: listener.pem, identity })).status;
    };
    expect([await statusWith(issued), await statusWith(own)]).toEqual([200, 401]);
  } finally {
    await other.close();
  }
});
