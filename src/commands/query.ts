/** Commands of a client in the sandbox: a token, a query. */
import { readFileSync } from 'node:fs';
import { readConfig } from '../config.js';
import { Fault } from '../faults.js';
import { PURPOSES, type Purpose } from '../terms.js';
import { openIssuer } from '../zone.js';
import { say } from './paper.js';

export async function token({ institution, client, purpose }: { institution: string; client?: string; purpose?: string }): Promise<void> {
  if (purpose !== undefined && !PURPOSES.includes(purpose as Purpose)) throw new Fault('BAD_USER_INPUT', { detail: `--purpose ${PURPOSES.join(' | ')}` });
  say(await sandboxToken(institution, client));
  if (purpose) say(`inquiry: { purpose: ${purpose}, caseNumber: "CASE-1" }`);
}

export async function query(file: string, { institution, variables, url }: { institution: string; variables: string; url: string }): Promise<void> {
  let given: unknown;
  try {
    given = JSON.parse(variables);
  } catch {
    throw new Fault('BAD_USER_INPUT', { detail: '--variables: JSON' });
  }
  const { status, body } = await ask({ url, token: await sandboxToken(institution), query: documentIn(file), variables: given });
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

/** @throws Fault CONFIG_FAULTY in production, where the sandbox's key is believed by nobody. */
export async function sandboxToken(institution: string, client?: string): Promise<string> {
  const config = readConfig();
  if (config.production || config.tokenJwksFile)
    throw new Fault('CONFIG_FAULTY', { detail: 'sandbox tokens are not trusted with TOKEN_JWKS_FILE or in production' });
  return (await openIssuer(config)).tokenFor(institution, client);
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

export interface GraphQLAnswer {
  data?: Record<string, unknown> | null;
  errors?: { message: string; extensions?: Record<string, unknown> }[];
  extensions?: {
    receipt?: { id: string; time: string; leafHash: string };
    access?: { policyVersion: number; masked: string[]; denied: { coordinate: string; reason: string }[] };
  };
}
