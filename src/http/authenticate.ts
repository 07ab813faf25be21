/** Who calls: a signed token (ES256, five minutes at most) becomes a Caller, or a refusal that says no more than it must. */
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose';
import type { Caller } from '../access/inquiry.js';
import { Fault } from '../faults.js';
import { type InstitutionId, readUscc, STAFF_ROLES, type StaffId } from '../terms.js';

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
      const { client_id: client, exp, iat } = payload;
      if ((exp as number) - (iat as number) > TOKEN_LIFE_SECONDS) throw new Fault('TOKEN_INVALID');
      if ((iat as number) > Date.now() / 1000 + CLOCK_TOLERANCE_SECONDS) throw new Fault('TOKEN_INVALID');
      if (typeof client !== 'string' || !NAME_FORM.test(client)) throw new Fault('TOKEN_INVALID');
      const caller = callerOf(payload, client);
      if (!caller) throw new Fault('TOKEN_INVALID');
      return caller;
    },
  };
}

/** `actor` says what `sub` names: an institution (also where it is missing), a member of staff, an enterprise. */
function callerOf({ sub, actor = 'institution', roles, provider = null }: JWTPayload, client: string): Caller | null {
  switch (actor) {
    case 'institution':
      return NAME_FORM.test(String(sub)) ? { kind: 'INSTITUTION', institution: sub as InstitutionId, client } : null;
    case 'staff': {
      const known = Array.isArray(roles) && roles.length > 0 && roles.every((role) => STAFF_ROLES.includes(role));
      const named = provider === null || (typeof provider === 'string' && NAME_FORM.test(provider));
      return known && named && NAME_FORM.test(String(sub))
        ? { kind: 'STAFF', staff: sub as StaffId, roles, provider: provider as string | null, client }
        : null;
    }
    case 'enterprise': {
      const reading = readUscc(String(sub));
      return reading.ok && reading.uscc === sub ? { kind: 'ENTERPRISE', enterprise: reading.uscc, client } : null;
    }
    default:
      return null;
  }
}
