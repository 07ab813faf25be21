/** The embedded issuer of tokens: OAuth 2 for systems of institutions and for staff, below the gateway's own address. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import type { Logger } from 'pino';
import { causeOf } from '../cause.js';
import type { Postgres } from '../postgres.js';
import type { AudienceName, Clients } from './clients.js';
import { forgetExpired } from './forgetExpired.js';
import type { ProviderParts } from './provider.js';
import { answerSignIn } from './signIn.js';
import type { SigningKeys } from './signingKeys.js';
import type { Staff } from './staff.js';
import type { UsedOnce } from './usedOnce.js';

export interface Issuer {
  /** Answers a request whose address is told as if the issuer stood at the root; `originalUrl` has the whole of it. */
  answer(request: IncomingMessage & { originalUrl?: string }, response: ServerResponse): void;
  close(): void;
}

export interface IssuerParts {
  readonly postgres: Postgres;
  readonly keys: SigningKeys;
  readonly clients: Clients;
  readonly staff: Staff;
  readonly usedOnce: UsedOnce;
  readonly cookieSecret: string;
  readonly issuer: string;
  readonly audiences: Readonly<Record<AudienceName, string>>;
  readonly bindingRequired: boolean;
  readonly certificateOf: ProviderParts['certificateOf'];
  readonly log: Logger;
}

const FORGET_EVERY_MS = 60_000;

export function openIssuer(parts: IssuerParts): Issuer {
  let current: { stamp: string; provider: Provider; callback: (request: IncomingMessage, response: ServerResponse) => Promise<void> } | null = null;
  const now = async () => {
    // Loaded when it is first asked: a process whose issuer nobody asks starts without it.
    const { openProvider } = await import('./provider.js');
    const keys = parts.keys.read();
    if (current?.stamp === keys.stamp) return current;
    const provider = openProvider({ ...parts, keys });
    logRefusals(provider, parts.log);
    current = { stamp: keys.stamp, provider, callback: provider.callback() };
    return current;
  };
  const forgetting = setInterval(() => void forgetExpired(parts.postgres).catch(() => undefined), FORGET_EVERY_MS);
  forgetting.unref();
  return {
    answer(request, response) {
      const answering = async () => {
        const { provider, callback } = await now();
        if (request.url?.startsWith('/interaction/')) return answerSignIn({ provider, staff: parts.staff }, request, response);
        return callback(request, response);
      };
      answering().catch((error: Error) => {
        parts.log.error({ error: causeOf(error) }, 'issuer failed');
        if (!response.headersSent) response.writeHead(503, { 'content-type': 'application/json', 'retry-after': '1' });
        response.end('{"error":"temporarily_unavailable"}');
      });
    },
    close: () => clearInterval(forgetting),
  };
}

/** Names the code and the client; never what was sent, and never why a signature did not fit. */
function logRefusals(provider: Provider, log: Logger): void {
  const told = (where: string) => (ctx: { oidc?: { client?: { clientId: string } } }, error: Error & { error?: string }) =>
    log.info({ code: error.error ?? error.name, client: ctx.oidc?.client?.clientId ?? null }, `issuer refused: ${where}`);
  provider.on('grant.error', told('token'));
  provider.on('authorization.error', told('authorization'));
  provider.on('interaction.error' as 'authorization.error', told('sign-in'));
  provider.on('server_error', (ctx, error: Error) => log.error({ path: ctx.path, error: causeOf(error) }, 'issuer failed'));
}
