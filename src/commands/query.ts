/** Commands of a client in the sandbox: a token, a query. */
import { readFileSync } from 'node:fs';
import { readConfig } from '../config.js';
import { Fault } from '../faults.js';
import { PURPOSES, type Purpose, readUscc } from '../terms.js';
import { openIssuer } from '../zone/issuing.js';
import { say } from './paper.js';
import { rolesOf } from './registers.js';

export async function token({ client, purpose, ...who }: Who & { client?: string; purpose?: string }): Promise<void> {
  if (purpose !== undefined && !PURPOSES.includes(purpose as Purpose)) throw new Fault('BAD_USER_INPUT', { detail: `--purpose ${PURPOSES.join(' | ')}` });
  say(await sandboxToken(who, client));
  if (purpose) say(`inquiry: { purpose: ${purpose}, caseNumber: "CASE-1" }`);
}

export async function query(file: string, { variables, url, ...who }: Who & { variables: string; url: string }): Promise<void> {
  let given: unknown;
  try {
    given = JSON.parse(variables);
  } catch {
    throw new Fault('BAD_USER_INPUT', { detail: '--variables: JSON' });
  }
  const { status, body } = await ask({ url, token: await sandboxToken(who), query: documentIn(file), variables: given });
  say(JSON.stringify(body, null, 2));
  if (status >= 400) process.exitCode = 1;
}

function documentIn(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Fault('BAD_USER_INPUT', { detail: `${file}: ${(error as NodeJS.ErrnoException).code}`, cause: error });
  }
}

/** Whom a command acts for: exactly one of the three. */
export interface Who {
  readonly institution?: string;
  readonly staff?: string;
  readonly enterprise?: string;
  /** Roles of a member of staff, by commas. */
  readonly roles?: string;
  readonly provider?: string;
}

/** @throws Fault BAD_USER_INPUT where nobody, or more than one, is named, or the gateway would not believe it. */
export function claimsOf({ institution, staff, enterprise, roles = 'GOVERNANCE_OFFICER', provider }: Who): {
  subject: string;
  claims: Record<string, unknown>;
} {
  if ([institution, staff, enterprise].filter((named) => named !== undefined).length !== 1)
    throw new Fault('BAD_USER_INPUT', { detail: '--institution | --staff | --enterprise' });
  if (enterprise !== undefined) {
    const reading = readUscc(enterprise);
    if (!reading.ok) throw new Fault('INVALID_USCC', { detail: reading.reason });
    return { subject: reading.uscc, claims: { actor: 'enterprise' } };
  }
  if (institution !== undefined) return { subject: institution, claims: { actor: 'institution' } };
  const named = rolesOf(roles);
  return { subject: staff as string, claims: { actor: 'staff', roles: named, ...(provider === undefined ? {} : { provider }) } };
}

/** @throws Fault CONFIG_FAULTY in production, where the sandbox's key is believed by nobody. */
export async function sandboxToken(who: Who, client?: string): Promise<string> {
  const { subject, claims } = claimsOf(who);
  const config = readConfig();
  if (config.production || config.tokenJwksFile || config.tokenJwksUrl)
    throw new Fault('CONFIG_FAULTY', { detail: 'sandbox tokens are not trusted with TOKEN_JWKS_FILE, TOKEN_JWKS_URL or in production' });
  return (await openIssuer(config)).tokenFor(subject, client, claims);
}

export async function ask({ url, token: bearer, query: document, variables }: { url: string; token: string; query: string; variables: unknown }) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: document, variables }),
  }).catch((error: Error) => {
    throw new Fault('ZONE_UNAVAILABLE', { detail: `${url}: ${String((error.cause as Error | undefined)?.message ?? error.message)}` });
  });
  const body = await response.json().catch(() => {
    throw new Fault('BAD_USER_INPUT', { detail: `${url} is no gateway: ${response.status} without JSON` });
  });
  return { status: response.status, body: body as GraphQLAnswer };
}

/** What stands at a path such as `giveConsent.consent.id`; undefined where nothing does. */
export function at(data: unknown, path: string): unknown {
  return path.split('.').reduce((inner: unknown, name) => (inner as Record<string, unknown> | null | undefined)?.[name], data);
}

export interface GraphQLAnswer {
  data?: Record<string, unknown> | null;
  errors?: { message: string; extensions?: Record<string, unknown> }[];
  extensions?: {
    receipt?: { id: string; time: string; leafHash: string };
    access?: { policyVersion: number; masked: string[]; denied: { coordinate: string; reason: string }[] };
  };
}
