/** Commands of the embedded issuer: accounts of staff, systems of institutions, its signing key. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { calculateJwkThumbprint, importJWK, type JSONWebKeySet, type JWK } from 'jose';
import { readConfig } from '../config.js';
import { Fault } from '../faults.js';
import { thumbprintOf } from '../issuer/certificates.js';
import { AUDIENCE_NAMES, type AudienceName } from '../issuer/clients.js';
import { STAFF_ROLES, type StaffRole } from '../terms.js';
import { openRegisters, rotateSigningKey } from '../zone/issuing.js';
import { withDatabase } from './filling.js';
import { say, table } from './paper.js';

const NAME_FORM = /^[a-z0-9][a-z0-9.-]{0,63}$/;
const SHORTEST_PASSWORD = 12;

export interface StaffOptions {
  readonly nameZh: string;
  readonly nameEn: string;
  readonly roles: string;
  readonly provider?: string;
  readonly passwordFile?: string;
}

/** The password comes from a file or is made here; never from the command line, where others could read it. */
export async function addStaff(login: string, { nameZh, nameEn, roles: named, provider = undefined, passwordFile }: StaffOptions): Promise<void> {
  const roles = rolesOf(named);
  const given = passwordFile === undefined ? null : textIn(passwordFile).replace(/\r?\n$/, '');
  if (given !== null && given.length < SHORTEST_PASSWORD)
    throw new Fault('BAD_USER_INPUT', { detail: `--password-file: at least ${SHORTEST_PASSWORD} characters` });
  const password = given ?? newPassword();
  await withDatabase(async ({ catalogue, database }) => {
    if (provider !== undefined && !catalogue.providers.some(({ code }) => code === provider)) throw new Fault('BAD_USER_INPUT', { detail: '--provider' });
    await openRegisters(database).staff.add({ login: nameOf(login), nameZh, nameEn, roles, provider: provider ?? null }, password);
  });
  say(`已登记 / Registered ${login}: ${roles.join(', ')}`);
  if (given === null) say(`密码（只显示一次） / Password, shown this once: ${password}`);
}

export async function listStaff(): Promise<void> {
  await withDatabase(async ({ database }) => {
    const rows = (await openRegisters(database).staff.list()).map((one) => [
      one.login,
      `${one.nameZh} ${one.nameEn}`,
      one.roles.join(' '),
      one.provider ?? '-',
      stateWord(one.active),
    ]);
    say(table(['账号 login', '姓名 name', '角色 roles', '单位 provider', ''], rows));
  });
}

export async function disableStaff(login: string): Promise<void> {
  await withDatabase(async ({ database }) => told(login, await openRegisters(database).staff.disable(login)));
}

export interface ClientOptions {
  readonly institution?: string;
  readonly jwks?: string;
  readonly audience: string;
  readonly certificate?: string;
  readonly redirectUri?: string[];
}

export async function addClient(client: string, { institution, jwks, audience, certificate, redirectUri = [] }: ClientOptions): Promise<void> {
  if (!AUDIENCE_NAMES.includes(audience as AudienceName)) throw new Fault('BAD_USER_INPUT', { detail: `--audience ${AUDIENCE_NAMES.join(' | ')}` });
  if ((institution === undefined) === (redirectUri.length === 0)) throw new Fault('BAD_USER_INPUT', { detail: '--institution | --redirect-uri' });
  if (institution !== undefined && jwks === undefined) throw new Fault('BAD_USER_INPUT', { detail: '--jwks' });
  const keys = jwks === undefined ? null : await publicKeysIn(jwks);
  await withDatabase(({ database }) =>
    openRegisters(database).clients.add({
      client: nameOf(client),
      institution: institution ?? null,
      audience: audience as AudienceName,
      jwks: keys,
      redirectUris: redirectUri.map(redirectOf),
      certificate: certificate === undefined ? null : thumbprintOf(textIn(certificate)),
    }),
  );
  say(`已登记 / Registered ${client} → ${audience}`);
}

export async function listClients(): Promise<void> {
  await withDatabase(async ({ database }) => {
    const rows = (await openRegisters(database).clients.list()).map((one) => [
      one.client,
      one.institution ?? one.redirectUris.join(' '),
      one.audience,
      one.jwks?.keys.map(({ kid }) => String(kid).slice(0, 12)).join(' ') ?? '-',
      one.certificate?.slice(0, 12) ?? '-',
      stateWord(one.active),
    ]);
    say(table(['客户端 client', '机构 institution / redirect', 'audience', '密钥 keys', '证书 certificate', ''], rows));
  });
}

export async function disableClient(client: string): Promise<void> {
  await withDatabase(async ({ database }) => told(client, await openRegisters(database).clients.disable(client)));
}

export async function rotateKey(): Promise<void> {
  const config = readConfig();
  if (config.tokenJwksFile || config.tokenJwksUrl) throw new Fault('CONFIG_FAULTY', { detail: 'the issuer is an external one' });
  const { kid, retired, believedUntil } = await rotateSigningKey(config);
  say(`新密钥 / Signing key: ${kid}\n旧密钥 / Before it: ${retired}\n旧密钥有效至 / believed until ${believedUntil.toISOString()}`);
}

/** Twenty characters that nobody mistakes for others. */
export function newPassword(): string {
  const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';
  return [...randomBytes(20)].map((byte) => alphabet[byte % alphabet.length]).join('');
}

export function rolesOf(text: string): StaffRole[] {
  const roles = text
    .split(',')
    .map((role) => role.trim())
    .filter(Boolean);
  if (roles.length === 0 || !roles.every((role) => STAFF_ROLES.includes(role as StaffRole)))
    throw new Fault('BAD_USER_INPUT', { detail: `--roles ${STAFF_ROLES.join(',')}` });
  return roles as StaffRole[];
}

/** Public keys for ES256 and PS256, and nothing that is secret. */
async function publicKeysIn(file: string): Promise<JSONWebKeySet> {
  const refused = (why: string) => new Fault('BAD_USER_INPUT', { detail: `--jwks: ${why}` });
  let given: unknown;
  try {
    given = JSON.parse(textIn(file));
  } catch (error) {
    throw error instanceof Fault ? error : refused('JSON');
  }
  const listed = ((given as { keys?: unknown }).keys ?? [given]) as JWK[];
  if (!Array.isArray(listed) || listed.length === 0) throw refused('keys');
  const keys = await Promise.all(
    listed.map(async (jwk) => {
      if (['d', 'k', 'p', 'q'].some((secret) => secret in jwk)) throw refused('public keys only');
      const alg = jwk.kty === 'RSA' ? 'PS256' : 'ES256';
      if ((jwk.kty === 'EC' && jwk.crv !== 'P-256') || !['EC', 'RSA'].includes(String(jwk.kty)) || (jwk.alg ?? alg) !== alg) throw refused('ES256 | PS256');
      const key = (await importJWK(jwk, alg).catch(() => null)) as CryptoKey | null;
      if (!key || ((key.algorithm as { modulusLength?: number }).modulusLength ?? 2_048) < 2_048) throw refused('ES256 | PS256, 2,048 bits');
      return { ...jwk, alg, use: 'sig', kid: jwk.kid ?? (await calculateJwkThumbprint(jwk)) };
    }),
  );
  return { keys };
}

function redirectOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const near = url && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (!url || url.hash || (url.protocol !== 'https:' && !(url.protocol === 'http:' && near)))
    throw new Fault('BAD_USER_INPUT', { detail: '--redirect-uri https://…' });
  return text;
}

function nameOf(text: string): string {
  if (!NAME_FORM.test(text)) throw new Fault('BAD_USER_INPUT', { detail: 'a-z 0-9 . - (64)' });
  return text;
}

function textIn(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Fault('BAD_USER_INPUT', { detail: `${file}: ${(error as NodeJS.ErrnoException).code}`, cause: error });
  }
}

function stateWord(active: boolean): string {
  return active ? '启用 active' : '停用 disabled';
}

function told(name: string, found: boolean): void {
  if (!found) throw new Fault('BAD_USER_INPUT', { detail: `${name}?` });
  say(`已停用 / Disabled ${name}`);
}
