/** Who calls: a signed token (ES256, five minutes at most) becomes a Caller, or a refusal that says no more than it must. */
import { createLocalJWKSet, errors, type JSONWebKeySet, jwtVerify } from 'jose';
import type { Caller } from '../access/inquiry.js';
import { Fault } from '../faults.js';
import type { InstitutionId } from '../terms.js';

export interface Authenticator {
  /** @throws Fault TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED */
  authenticate(authorization: string | undefined): Promise<Caller>;
}

export interface TokenTrust {
  /** Public keys of the issuer. */
  readonly keys: JSONWebKeySet;
  readonly issuer: string;
  readonly audience: string;
}

/** Longest life of a token, in seconds: a stolen one is worth little. */
export const TOKEN_LIFE_SECONDS = 300;
/** Clocks of issuer and gateway may differ by this much. */
const CLOCK_TOLERANCE_SECONDS = 5;
const LONGEST_TOKEN = 4_096;
const NAME_FORM = /^[a-z0-9][a-z0-9.-]{0,63}$/;

export function openAuthenticator({ keys, issuer, audience }: TokenTrust): Authenticator {
  const keySet = createLocalJWKSet(keys);
  return {
    async authenticate(authorization) {
      if (authorization === undefined || authorization === '') throw new Fault('TOKEN_MISSING');
      const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/.exec(authorization)?.[1];
      if (!token || token.length > LONGEST_TOKEN) throw new Fault('TOKEN_INVALID');
      const { payload } = await jwtVerify(token, keySet, {
        algorithms: ['ES256'],
        issuer,
        audience,
        typ: 'at+jwt',
        requiredClaims: ['exp', 'iat', 'sub', 'client_id'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
      }).catch((error: unknown) => {
        throw new Fault(error instanceof errors.JWTExpired ? 'TOKEN_EXPIRED' : 'TOKEN_INVALID', { cause: error });
      });
      const { sub, client_id: client, exp, iat } = payload;
      if ((exp as number) - (iat as number) > TOKEN_LIFE_SECONDS) throw new Fault('TOKEN_INVALID');
      if ((iat as number) > Date.now() / 1000 + CLOCK_TOLERANCE_SECONDS) throw new Fault('TOKEN_INVALID');
      if (!NAME_FORM.test(String(sub)) || typeof client !== 'string' || !NAME_FORM.test(client)) throw new Fault('TOKEN_INVALID');
      return { institution: sub as InstitutionId, client };
    },
  };
}
