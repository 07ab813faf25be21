/** The register of the issuer from the command line, and the accounts of a sandbox, used as a person would use them. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { exportJWK, generateKeyPair, importJWK } from 'jose';
import { addClient, addStaff } from '../../src/commands/registers.js';
import { seedSandboxAccounts } from '../../src/commands/sandboxAccounts.js';
import { openRegisters } from '../../src/zone/issuing.js';
import { assertion, type ClientKey, call, freePort, newCertificate, newClientKey } from '../harness/issuing.js';
import { openWatchedGateway } from '../harness/watched.js';
import { openTestZone, type TestZone } from '../harness/zone.js';

const MAIN = join(process.cwd(), 'dist', 'main.js');
const folder = mkdtempSync(join(tmpdir(), 'zone-registers-'));
chmodSync(folder, 0o755);
let zone: TestZone;
beforeAll(async () => {
  zone = await openTestZone({ enterprises: 5 });
  // Refusals are asked for here, where no process has to start for each.
  Object.assign(process.env, { ZONE_HOME: zone.config.zoneHome, DATABASE_URL: zone.database.ownerUrl });
});
afterAll(async () => {
  await zone?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function run(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, ZONE_HOME: zone.config.zoneHome, LOG_LEVEL: 'error', DATABASE_URL: zone.database.ownerUrl };
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: folder, env });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (err += chunk));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, err };
}
/** Options as the command line hands them on. */
const optionsOf = (args: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    args.flatMap((arg, place) => (arg.startsWith('--') ? [[arg.slice(2).replace(/-(.)/g, (_, letter) => letter.toUpperCase()), String(args[place + 1])]] : [])),
  );
const file = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

jest.setTimeout(180_000);

describe('staff', () => {
  const names = ['--name-zh', '贺清远', '--name-en', 'He Qingyuan'];
  test('is added with a password made here, listed, and disabled', async () => {
    const added = await run('staff', 'add', 'he.qingyuan', ...names, '--roles', 'AUDITOR,DASHBOARD_READER');
    expect([added.code, added.err]).toEqual([0, '']);
    const password = /shown this once: (\S+)/.exec(added.out)?.[1];
    expect(password).toMatch(/^[a-z2-9]{20}$/);
    const { staff } = openRegisters(zone.database);
    expect(await staff.signIn('he.qingyuan', String(password))).toEqual({ kind: 'SIGNED_IN', login: 'he.qingyuan' });
    const listed = await run('staff', 'list');
    expect(listed.out).toMatch(/he\.qingyuan.*贺清远.*AUDITOR DASHBOARD_READER.*active/);
    expect(listed.out).not.toContain('scrypt');
    expect((await run('staff', 'disable', 'he.qingyuan')).code).toBe(0);
    expect(await staff.signIn('he.qingyuan', String(password))).toEqual({ kind: 'REFUSED' });
  });
  test('takes a password from a file and never prints it', async () => {
    const added = await run('staff', 'add', 'with.file', ...names, '--roles', 'AUDITOR', '--password-file', file('password', 'a-long-enough-one\n'));
    expect([added.code, added.out.includes('a-long-enough-one')]).toEqual([0, false]);
    expect((await openRegisters(zone.database).staff.signIn('with.file', 'a-long-enough-one')).kind).toBe('SIGNED_IN');
  });
  test.each<[string, string[]]>([
    ['a role that does not exist', ['x', '--roles', 'EMPEROR']],
    ['a steward of nobody', ['x', '--roles', 'PROVIDER_STEWARD']],
    ['a provider that does not exist', ['x', '--roles', 'PROVIDER_STEWARD', '--provider', 'nobody']],
    ['a login that is none', ["x' or 1=1", '--roles', 'AUDITOR']],
    ['a password that is too short', ['x', '--roles', 'AUDITOR', '--password-file', 'SHORT']],
  ])('refuses %s', async (_what, args) => {
    const short = file('short', 'short');
    const [login = '', ...rest] = args.map((arg) => (arg === 'SHORT' ? short : arg));
    const options = { nameZh: '贺清远', nameEn: 'He Qingyuan', ...(optionsOf(rest) as { roles: string }) };
    await expect(addStaff(login, options)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });
});

describe('clients', () => {
  const publicKey = async (alg = 'ES256') => exportJWK((await generateKeyPair(alg, { extractable: true })).publicKey);
  test('are added with keys and certificate, listed, and disabled', async () => {
    const certificate = await newCertificate('bank-01-core');
    const jwks = file('keys.json', JSON.stringify({ keys: [await publicKey(), await publicKey('PS256')] }));
    const pem = file('cert.pem', certificate.pem);
    const added = await run('client', 'add', 'bank-01-core', '--institution', 'bank-01', '--jwks', jwks, '--audience', 'sandbox', '--certificate', pem);
    expect([added.code, added.err]).toEqual([0, '']);
    const { clients } = openRegisters(zone.database);
    expect(await clients.find('bank-01-core')).toMatchObject({
      institution: 'bank-01',
      audience: 'sandbox',
      certificate: certificate.thumbprint,
      active: true,
    });
    expect((await run('client', 'list')).out).toMatch(/bank-01-core.*bank-01.*sandbox.*active/);
    expect((await run('client', 'disable', 'bank-01-core')).code).toBe(0);
    expect((await clients.find('bank-01-core'))?.active).toBe(false);
    expect((await run('client', 'disable', 'nobody')).code).toBe(1);
  });
  test('that are consoles lead back to where they were registered', async () => {
    const added = await run('client', 'add', 'console-2', '--redirect-uri', 'https://a.example/callback', '--audience', 'sandbox');
    expect([added.code, added.err]).toEqual([0, '']);
    expect((await openRegisters(zone.database).clients.find('console-2'))?.redirectUris).toEqual(['https://a.example/callback']);
  });
  test.each<[string, string[]]>([
    ['a private key', ['--institution', 'bank-01', '--jwks', 'PRIVATE', '--audience', 'sandbox']],
    ['a key of another curve', ['--institution', 'bank-01', '--jwks', 'P384', '--audience', 'sandbox']],
    ['a symmetric key', ['--institution', 'bank-01', '--jwks', 'OCT', '--audience', 'sandbox']],
    ['no key', ['--institution', 'bank-01', '--audience', 'sandbox']],
    ['no JSON', ['--institution', 'bank-01', '--jwks', 'TEXT', '--audience', 'sandbox']],
    ['a certificate that is none', ['--institution', 'bank-01', '--jwks', 'GOOD', '--audience', 'sandbox', '--certificate', 'TEXT']],
    ['an institution that is not resident', ['--institution', 'bank-77', '--jwks', 'GOOD', '--audience', 'sandbox']],
    ['both audiences', ['--institution', 'bank-01', '--jwks', 'GOOD', '--audience', 'both']],
    ['a console that is an institution', ['--institution', 'bank-01', '--redirect-uri', 'https://a.example', '--audience', 'sandbox']],
    ['a console at an open address', ['--redirect-uri', 'http://a.example', '--audience', 'sandbox']],
  ])('refuse %s', async (_what, args) => {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    const files: Record<string, string> = {
      PRIVATE: file('private.json', JSON.stringify(await exportJWK(privateKey))),
      P384: file('p384.json', JSON.stringify(await publicKey('ES384'))),
      OCT: file('oct.json', JSON.stringify({ kty: 'oct', k: 'AAAA' })),
      TEXT: file('text', 'no JSON'),
      GOOD: file('good.json', JSON.stringify(await publicKey())),
    };
    const { redirectUri, ...options } = optionsOf(args.map((arg) => files[arg] ?? arg)) as { audience: string; redirectUri?: string };
    await expect(addClient('new-client', { ...options, redirectUri: redirectUri ? [redirectUri] : undefined })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
    expect(await openRegisters(zone.database).clients.find('new-client')).toBeNull();
  });
});

describe('a sandbox', () => {
  test('has an account for each role and a client, whose secrets only their owner may read, and keeps them', async () => {
    const config = { ...zone.config, zoneHome: join(folder, 'home') };
    mkdirSync(config.zoneHome);
    const first = await seedSandboxAccounts(config, zone.database);
    for (const path of [first.passwordFile, first.keyFile]) expect(statSync(path).mode & 0o777).toBe(0o600);
    const passwords = JSON.parse(readFileSync(first.passwordFile, 'utf8')) as Record<string, string>;
    const { staff } = openRegisters(zone.database);
    const accounts = (await staff.list()).filter(({ login }) => login in passwords);
    expect(accounts.flatMap(({ roles }) => roles).sort()).toEqual(['AUDITOR', 'DASHBOARD_READER', 'GOVERNANCE_OFFICER', 'PROVIDER_STEWARD']);
    for (const [login, password] of Object.entries(passwords)) expect((await staff.signIn(login, password)).kind).toBe('SIGNED_IN');
    const before = readFileSync(first.passwordFile, 'utf8') + readFileSync(first.keyFile, 'utf8');
    await seedSandboxAccounts(config, zone.database);
    expect(readFileSync(first.passwordFile, 'utf8') + readFileSync(first.keyFile, 'utf8')).toBe(before);
  });
});

describe('the signing key', () => {
  test('is changed under running gateways: the new one signs, the old one is believed until its tokens have ended', async () => {
    const port = await freePort();
    const base = `http://127.0.0.1:${port}`;
    const [one, two] = [await openWatchedGateway(zone, { port, tokenIssuer: `${base}/oidc` }), await openWatchedGateway(zone, { tokenIssuer: `${base}/oidc` })];
    try {
      const key: ClientKey = await newClientKey();
      const { clients } = openRegisters(zone.database);
      await clients.add({ client: 'rotating', institution: 'bank-01', audience: 'sandbox', jwks: { keys: [key.jwk] }, redirectUris: [], certificate: null });
      const obtain = async (): Promise<string> => {
        const body = new URLSearchParams({
          grant_type: 'client_credentials',
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: await assertion(key, 'rotating', `${base}/oidc`),
        }).toString();
        const reply = await call(`${base}/oidc/token`, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body });
        return JSON.parse(reply.text).access_token;
      };
      const kidOf = (token: string): string => JSON.parse(Buffer.from(String(token.split('.')[0]), 'base64url').toString()).kid;
      const kids = async (): Promise<string[]> => JSON.parse((await call(`${base}/oidc/jwks`, {})).text).keys.map(({ kid }: { kid: string }) => kid);
      const statusAt = async ({ address }: { address: string }, token: string): Promise<number> => {
        const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
        return (await call(`${address}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query: '{ catalogue { version } }' }) })).status;
      };
      const old = await obtain();
      const rotated = await run('issuer', 'rotate');
      expect([rotated.code, rotated.err]).toEqual([0, '']);
      const fresh = await obtain();
      expect(kidOf(fresh)).not.toBe(kidOf(old));
      expect(rotated.out).toContain(kidOf(fresh));
      expect(await kids()).toEqual([kidOf(fresh), kidOf(old)]);
      for (const gateway of [one, two]) expect([await statusAt(gateway, old), await statusAt(gateway, fresh)]).toEqual([200, 200]);
      // As if five minutes had gone by, for a token that would still be young enough.
      const retired = join(zone.config.zoneHome, 'sandbox-issuer.retired.json');
      const [entry] = JSON.parse(readFileSync(retired, 'utf8'));
      expect(entry.believedUntil - Date.now()).toBeGreaterThan(300_000);
      expect(statSync(retired).mode & 0o777).toBe(0o600);
      writeFileSync(retired, JSON.stringify([{ ...entry, believedUntil: Date.now() - 1 }]));
      // What was just verified is believed for a second.
      await sleep(1_200);
      expect(await kids()).toEqual([kidOf(fresh)]);
      for (const gateway of [one, two]) expect([await statusAt(gateway, old), await statusAt(gateway, fresh)]).toEqual([401, 200]);
      expect(await importJWK(entry.key, 'ES256')).toBeDefined();
    } finally {
      await one.close();
      await two.close();
    }
  });
});
