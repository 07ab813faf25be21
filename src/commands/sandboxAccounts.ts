/** Four members of staff, a console and one client of an institution, so that a sandbox can be tried at once. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import type { Config } from '../config.js';
import type { StaffAccount } from '../issuer/staff.js';
import type { Database } from '../zone/database.js';
import { openRegisters } from '../zone/issuing.js';
import { newPassword } from './registers.js';

const ACCOUNTS: readonly Omit<StaffAccount, 'active'>[] = [
  { login: 'shen.yuhe', nameZh: '沈予禾', nameEn: 'Shen Yuhe', roles: ['GOVERNANCE_OFFICER'], provider: null },
  { login: 'pei.zhaoning', nameZh: '裴昭宁', nameEn: 'Pei Zhaoning', roles: ['AUDITOR'], provider: null },
  { login: 'lu.wanqiu', nameZh: '陆挽秋', nameEn: 'Lu Wanqiu', roles: ['PROVIDER_STEWARD'], provider: 'tax' },
  { login: 'tang.lixing', nameZh: '唐砺行', nameEn: 'Tang Lixing', roles: ['DASHBOARD_READER'], provider: null },
];
const CLIENT = 'bank-01-core';
const CONSOLE = 'console';

export interface SandboxAccounts {
  readonly passwordFile: string;
  readonly keyFile: string;
}

/** Idempotent: what is registered, or lies in the home already, stays as it is. */
export async function seedSandboxAccounts({ zoneHome, port }: Config, database: Database): Promise<SandboxAccounts> {
  const { clients, staff } = openRegisters(database);
  const files = { passwordFile: join(zoneHome, 'sandbox-staff.json'), keyFile: join(zoneHome, `sandbox-${CLIENT}.jwk`) };
  const passwords: Record<string, string> = existsSync(files.passwordFile) ? JSON.parse(readFileSync(files.passwordFile, 'utf8')) : {};
  const known = new Set((await staff.list()).map(({ login }) => login));
  for (const account of ACCOUNTS) {
    if (known.has(account.login)) continue;
    const password = passwords[account.login] ?? newPassword();
    passwords[account.login] = password;
    // Written before it counts: a password that nobody can look up would be of no use.
    writeFileSync(files.passwordFile, `${JSON.stringify(passwords, null, 2)}\n`, { mode: 0o600 });
    await staff.add(account, password);
  }
  const registered = new Set((await clients.list()).map(({ client }) => client));
  const secret = await clientKey(files.keyFile);
  const { d: _private, ...publicKey } = secret;
  const shared = { audience: 'sandbox' as const, certificate: null };
  if (!registered.has(CLIENT)) await clients.add({ ...shared, client: CLIENT, institution: 'bank-01', jwks: { keys: [publicKey] }, redirectUris: [] });
  if (!registered.has(CONSOLE)) {
    const redirectUris = [`http://127.0.0.1:${port}/console/callback`, `http://localhost:${port}/console/callback`];
    await clients.add({ ...shared, client: CONSOLE, institution: null, jwks: null, redirectUris });
  }
  return files;
}

async function clientKey(file: string): Promise<JWK> {
  if (!existsSync(file)) {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    const jwk = await exportJWK(privateKey);
    writeFileSync(file, JSON.stringify({ ...jwk, alg: 'ES256', use: 'sig', kid: await calculateJwkThumbprint(jwk) }), { mode: 0o600 });
  }
  return JSON.parse(readFileSync(file, 'utf8')) as JWK;
}
