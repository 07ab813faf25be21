/**
 * Tokens of the sandbox without asking for them over the network: the key in the zone's home signs for whoever can read that
 * file. It stands in for the identity provider of the platform and is never trusted in production.
 */
import { type JSONWebKeySet, type JWK, SignJWT } from 'jose';
import { TOKEN_LIFE_SECONDS } from '../terms.js';
import type { SigningKeys } from './signingKeys.js';

export interface SandboxIssuer {
  /** Public keys, as they are now. */
  readonly keys: JSONWebKeySet;
  /** A token of five minutes: for an institution, or for whom the claims name (`actor`, `roles`, `provider`). */
  tokenFor(subject: string, client?: string, claims?: Readonly<Record<string, unknown>>): Promise<string>;
}

export function openSandboxIssuer({ keys, issuer, audience }: { keys: SigningKeys; issuer: string; audience: string }): SandboxIssuer {
  return {
    get keys() {
      return keys.read().public;
    },
    async tokenFor(subject, client = `${subject.toLowerCase()}-sandbox`, claims = {}) {
      const secret = keys.read().secret[0] as JWK;
      return new SignJWT({ ...claims, client_id: client })
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: secret.kid as string })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(subject)
        .setIssuedAt()
        .setExpirationTime(`${TOKEN_LIFE_SECONDS}s`)
        .setJti(crypto.randomUUID())
        .sign(secret);
    },
  };
}
