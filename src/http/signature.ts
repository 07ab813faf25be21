/**
 * Whether a token is its issuer's and holds just now. A caller sends one token with many requests, and verifying a signature
 * costs more than all else that is done to let a request in: what was found is believed for a second, its end is looked at
 * each time, and a key that the issuer gave up is believed no longer than that.
 */
import { type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';

/** How long a verification is believed, in ms; as long as a dismissal may take to be known. */
const BELIEVED_MS = 1_000;
const MOST_BELIEVED = 2_000;
/** Clocks of issuer and gateway may differ by this much. */
export const CLOCK_TOLERANCE_SECONDS = 5;

/** @returns a function that gives what a token says. @throws whatever is wrong with it, as jose or `keys` say it */
export function openVerification({ keys, issuer, audience }: { keys: JWTVerifyGetKey; issuer: string; audience: string }) {
  const believed = new LRUCache<string, JWTPayload>({ max: MOST_BELIEVED, ttl: BELIEVED_MS, ttlResolution: 0 });
  return async (token: string): Promise<JWTPayload> => {
    const known = believed.get(token);
    if (known && Date.now() / 1000 < (known.exp as number) + CLOCK_TOLERANCE_SECONDS) return known;
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ['ES256'],
      issuer,
      audience,
      typ: 'at+jwt',
      requiredClaims: ['exp', 'iat', 'sub', 'client_id'],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
    });
    believed.set(token, Object.freeze(payload));
    return payload;
  };
}
