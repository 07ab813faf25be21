/**
 * The sandbox's own issuer of tokens: a key in the zone's home signs for whoever can read that file. It stands in for the
 * identity provider of the platform and is never trusted in production.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JSONWebKeySet, type JWK, SignJWT } from 'jose';
import { TOKEN_LIFE_SECONDS } from './authenticate.js';

export interface SandboxIssuer {
  readonly keys: JSONWebKeySet;
  /** A token of five minutes: for an institution, or for whom the claims name (`actor`, `roles`, `provider`). */
  tokenFor(subject: string, client?: string, claims?: Readonly<Record<string, unknown>>): Promise<string>;
}

export async function openSandboxIssuer({ zoneHome, issuer, audience }: { zoneHome: string; issuer: string; audience: string }): Promise<SandboxIssuer> {
  const secret = await keyIn(zoneHome);
  const key = await importJWK(secret, 'ES256');
  const { d: _private, ...publicKey } = secret;
  return {
    keys: { keys: [publicKey] },
    tokenFor: (subject, client = `${subject.toLowerCase()}-sandbox`, claims = {}) =>
      new SignJWT({ ...claims, client_id: client })
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: secret.kid as string })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(subject)
        .setIssuedAt()
        .setExpirationTime(`${TOKEN_LIFE_SECONDS}s`)
        .setJti(crypto.randomUUID())
        .sign(key),
  };
}

async function keyIn(zoneHome: string): Promise<JWK> {
  const file = join(zoneHome, 'sandbox-issuer.jwk');
  if (!existsSync(file)) {
    mkdirSync(zoneHome, { recursive: true });
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    const jwk = await exportJWK(privateKey);
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, JSON.stringify({ ...jwk, alg: 'ES256', use: 'sig', kid: await calculateJwkThumbprint(jwk) }), { mode: 0o600 });
    // Two processes that start together both rename; whoever reads later reads the same whole file.
    if (!existsSync(file)) renameSync(draft, file);
  }
  return JSON.parse(readFileSync(file, 'utf8')) as JWK;
}
