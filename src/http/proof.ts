/** Proofs of possession (DPoP, RFC 9449): that whoever sends a token holds the key it is bound to. */
import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose';

export interface ProofQuestion {
  readonly proof: string;
  readonly token: string;
  readonly method: string;
  /** Address of the request, without its query. */
  readonly url: string;
  /** Thumbprint of the key that the token is bound to. */
  readonly thumbprint: string;
}
/** Remembers what was used; false where it had been used before. */
export type UseOnce = (kind: string, id: string, expiresAt: Date) => Promise<boolean>;

/** A proof is made for one request and sent at once; clocks may differ by as much again. */
const PROOF_LIFE_SECONDS = 60;
const LONGEST_PROOF = 2_048;

/** @throws whatever is wrong with it, as jose says it; nothing of that is for the caller. */
export async function checkProof({ proof, token, method, url, thumbprint }: ProofQuestion, useOnce: UseOnce): Promise<void> {
  if (proof.length > LONGEST_PROOF) throw new Error('too long');
  const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
    algorithms: ['ES256', 'PS256'],
    typ: 'dpop+jwt',
    requiredClaims: ['htm', 'htu', 'iat', 'jti', 'ath'],
  });
  const { jwk } = protectedHeader;
  if (!jwk || 'd' in jwk || 'k' in jwk || (await calculateJwkThumbprint(jwk)) !== thumbprint) throw new Error('another key');
  if (payload.htm !== method || addressOf(payload.htu) !== addressOf(url)) throw new Error('another request');
  if (payload.ath !== createHash('sha256').update(token).digest('base64url')) throw new Error('another token');
  const now = Date.now() / 1000;
  const { iat, jti } = payload;
  if (typeof iat !== 'number' || Math.abs(now - iat) > PROOF_LIFE_SECONDS) throw new Error('another time');
  if (typeof jti !== 'string' || jti === '') throw new Error('no name');
  // Under the key, so that nobody uses up the names of another's proofs.
  const id = createHash('sha256').update(`${thumbprint}.${jti}`).digest('base64url');
  if (!(await useOnce('proof', id, new Date((iat + 2 * PROOF_LIFE_SECONDS) * 1000)))) throw new Error('used before');
}

function addressOf(text: unknown): string | null {
  if (typeof text !== 'string' || !URL.canParse(text)) return null;
  const { origin, pathname } = new URL(text);
  return `${origin}${pathname}`;
}
