/**
 * Who calls: a signed token (ES256, five minutes at most) becomes a Caller, or a refusal that says no more than it must. A
 * token that is bound to a key is good only together with that key: a certificate (RFC 8705) or a proof (RFC 9449).
 */
import { errors, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import type { Caller } from '../access/inquiry.js';
import { Fault } from '../faults.js';
import { type InstitutionId, readUscc, STAFF_ROLES, type StaffId, TOKEN_LIFE_SECONDS } from '../terms.js';
import { checkProof, type UseOnce } from './proof.js';
import { CLOCK_TOLERANCE_SECONDS, openVerification } from './signature.js';

/** What a request brings along to say who sends it. */
export interface Presented {
  readonly authorization: string | undefined;
  /** The header `DPoP`. */
  readonly proof?: string | string[] | undefined;
  readonly method: string;
  /** Address of the request as its sender sees it. */
  readonly url: string;
  /** Thumbprint of the client's certificate; asked only where a token is bound to one. */
  readonly certificate: () => string | null;
}

export interface Authenticator {
  /** @throws Fault TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_UNBOUND */
  authenticate(presented: Presented): Promise<Caller>;
}

export interface TokenTrust {
  /** Public keys of the issuer. */
  readonly keys: JWTVerifyGetKey;
  readonly issuer: string;
  readonly audience: string;
  /** Whether a token must be bound to a key of its caller. */
  readonly bindingRequired: boolean;
  /** Whether a token must say what its subject is: another issuer may name people as institutions are named. */
  readonly actorRequired: boolean;
  readonly useOnce: UseOnce;
  /** Whether the issuer has dismissed the caller since it gave the token; answers from memory. */
  readonly isDismissed: (caller: Caller) => boolean;
}

const LONGEST_TOKEN = 4_096;
const NAME_FORM = /^[a-z0-9][a-z0-9.-]{0,63}$/;

export function openAuthenticator({ keys, issuer, audience, bindingRequired, actorRequired, useOnce, isDismissed }: TokenTrust): Authenticator {
  const verify = openVerification({ keys, issuer, audience });
  return {
    async authenticate(presented) {
      const { authorization } = presented;
      if (authorization === undefined || authorization === '') throw new Fault('TOKEN_MISSING');
      const [, scheme, token] = /^(Bearer|DPoP) ([\w-]+\.[\w-]+\.[\w-]+)$/.exec(authorization) ?? [];
      if (!scheme || !token || token.length > LONGEST_TOKEN) throw new Fault('TOKEN_INVALID');
      const payload = await verify(token).catch((error: unknown) => {
        throw refusalOf(error);
      });
      const { client_id: client, exp, iat } = payload;
      if ((exp as number) - (iat as number) > TOKEN_LIFE_SECONDS) throw new Fault('TOKEN_INVALID');
      if ((iat as number) > Date.now() / 1000 + CLOCK_TOLERANCE_SECONDS) throw new Fault('TOKEN_INVALID');
      if (typeof client !== 'string' || !NAME_FORM.test(client)) throw new Fault('TOKEN_INVALID');
      const caller = actorRequired && payload.actor === undefined ? null : callerOf(payload, client);
      if (!caller || isDismissed(caller)) throw new Fault('TOKEN_INVALID');
      const binding = bindingOf(payload);
      if (!binding && bindingRequired) throw new Fault('TOKEN_UNBOUND');
      if (Boolean(binding?.key) !== (scheme === 'DPoP')) throw new Fault('TOKEN_INVALID');
      if (binding?.certificate && presented.certificate() !== binding.certificate) throw new Fault('TOKEN_INVALID');
      if (binding?.key) {
        const { proof, method, url } = presented;
        if (typeof proof !== 'string') throw new Fault('TOKEN_INVALID');
        await checkProof({ proof, token, method, url, thumbprint: binding.key }, useOnce).catch((error: unknown) => {
          throw error instanceof Fault ? error : new Fault('TOKEN_INVALID', { cause: error });
        });
      }
      return caller;
    },
  };
}

function refusalOf(error: unknown): Fault {
  if (error instanceof Fault) return error;
  return new Fault(error instanceof errors.JWTExpired ? 'TOKEN_EXPIRED' : 'TOKEN_INVALID', { cause: error });
}

/** What the token is bound to; null: to nothing. A binding of a kind that is not known binds to what nobody can show. */
function bindingOf({ cnf }: JWTPayload): { readonly certificate: string | null; readonly key: string | null } | null {
  if (cnf === undefined) return null;
  const { 'x5t#S256': certificate = null, jkt: key = null, ...others } = (cnf ?? {}) as Record<string, unknown>;
  const isThumbprint = (value: unknown): value is string | null => value === null || (typeof value === 'string' && /^[\w-]{43}$/.test(value));
  if (!isThumbprint(certificate) || !isThumbprint(key) || (certificate === null && key === null) || Object.keys(others).length > 0)
    throw new Fault('TOKEN_INVALID');
  return { certificate, key };
}

/** `actor` says what `sub` names: an institution (also where it is missing and need not stand there), a member of staff, an enterprise. */
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
