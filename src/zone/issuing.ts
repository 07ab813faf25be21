/** Whose tokens the gateway believes, and the embedded issuer where that is its own. */
import { readFileSync } from 'node:fs';
import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose';
import type { Logger } from 'pino';
import type { Caller } from '../access/inquiry.js';
import type { Config } from '../config.js';
import { certificateOf } from '../http/certificate.js';
import { keysAtHand, keysFrom } from '../http/keySource.js';
import { type Clients, openClients } from '../issuer/clients.js';
import { openDismissals } from '../issuer/dismissals.js';
import { openIssuer as openEmbeddedIssuer } from '../issuer/issuer.js';
import { openSandboxIssuer, type SandboxIssuer } from '../issuer/sandboxIssuer.js';
import { openSigningKeys, readCookieSecret, type SigningKeys } from '../issuer/signingKeys.js';
import { openStaff, type Staff } from '../issuer/staff.js';
import { openUsedOnce } from '../issuer/usedOnce.js';
import type { Database } from './database.js';

/** Whose tokens are believed: an external issuer's where one is named, else the embedded one's. */
export type Trust = { readonly kind: 'EXTERNAL'; readonly keys: JWTVerifyGetKey } | { readonly kind: 'EMBEDDED'; readonly keys: SigningKeys };

export async function openTrust({ tokenJwksFile, tokenJwksUrl, zoneHome }: Config): Promise<Trust> {
  if (tokenJwksUrl) return { kind: 'EXTERNAL', keys: keysFrom(tokenJwksUrl) };
  if (!tokenJwksFile) return { kind: 'EMBEDDED', keys: await openSigningKeys({ zoneHome }) };
  const keys = JSON.parse(readFileSync(tokenJwksFile, 'utf8')) as JSONWebKeySet;
  return { kind: 'EXTERNAL', keys: keysAtHand(() => keys) };
}

/** What the gateway believes of tokens, and the issuer beside it where that is the embedded one. */
export async function openIssuing(config: Config, database: Database, trust: Trust, log: Logger) {
  const postgres = database.open('zone_issuer', { poolSize: 2, limitMs: config.statementLimitMs });
  // Proofs of callers do not queue behind people who sign in.
  const usedOnce = openUsedOnce({ postgres: database.open('zone_issuer', { poolSize: 2, limitMs: config.statementLimitMs }) });
  const bindingRequired = config.tokenBinding === 'required';
  const believed = { issuer: config.tokenIssuer, audience: config.tokenAudience, bindingRequired, useOnce: usedOnce.use };
  if (trust.kind === 'EXTERNAL') {
    return { issuer: null, trust: { ...believed, keys: trust.keys, actorRequired: true, isDismissed: () => false }, close: () => undefined };
  }
  const dismissals = await openDismissals({ postgres });
  const caRequired = Boolean(config.tls?.clientCa);
  const issuer = openEmbeddedIssuer({
    postgres,
    usedOnce,
    bindingRequired,
    log,
    keys: trust.keys,
    clients: openClients({ postgres }),
    staff: openStaff({ postgres }),
    cookieSecret: readCookieSecret(config),
    issuer: config.tokenIssuer,
    audiences: config.audiences,
    certificateOf: (request) => certificateOf(request.socket, caRequired),
  });
  return {
    issuer,
    trust: {
      ...believed,
      actorRequired: false,
      keys: keysAtHand((fresh) => trust.keys.read(fresh).public),
      isDismissed: (caller: Caller) => dismissals.hasClient(caller.client) || (caller.kind === 'STAFF' && dismissals.hasStaff(caller.staff)),
    },
    close() {
      dismissals.close();
      issuer.close();
    },
  };
}

/** Tokens of the sandbox, for commands and tests. */
export async function openIssuer(config: Config): Promise<SandboxIssuer> {
  return sandboxIssuerOf(await openSigningKeys(config), config);
}

export function sandboxIssuerOf(keys: SigningKeys, { tokenIssuer, tokenAudience }: Config): SandboxIssuer {
  return openSandboxIssuer({ keys, issuer: tokenIssuer, audience: tokenAudience });
}

/** A new signing key for the embedded issuer of this home; its gateways follow at once. */
export async function rotateSigningKey(config: Config): ReturnType<SigningKeys['rotate']> {
  return (await openSigningKeys(config)).rotate();
}

/** Registers of the embedded issuer, for commands. */
export function openRegisters(database: Database): { readonly clients: Clients; readonly staff: Staff } {
  const postgres = database.open('zone_issuer');
  return { clients: openClients({ postgres }), staff: openStaff({ postgres }) };
}
