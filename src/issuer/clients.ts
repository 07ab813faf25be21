/** Systems of institutions and consoles of staff, as the issuer knows them. */
import type { JSONWebKeySet } from 'jose';
import { Fault } from '../faults.js';
import type { Postgres } from '../postgres.js';

/** Sandbox and production are different audiences; a client is registered for one of them. */
export const AUDIENCE_NAMES = ['sandbox', 'production'] as const;
export type AudienceName = (typeof AUDIENCE_NAMES)[number];

export interface IssuerClient {
  readonly client: string;
  /** null: a console that staff sign in through. */
  readonly institution: string | null;
  readonly audience: AudienceName;
  /** null: a public console, which proves itself by PKCE alone. */
  readonly jwks: JSONWebKeySet | null;
  readonly redirectUris: readonly string[];
  /** Thumbprint of the only certificate it may use; null: it proves a key by DPoP. */
  readonly certificate: string | null;
  readonly active: boolean;
}

export interface Clients {
  find(client: string): Promise<IssuerClient | null>;
  list(): Promise<IssuerClient[]>;
  /** Registers, or registers anew. @throws Fault BAD_USER_INPUT where the institution is unknown. */
  add(client: Omit<IssuerClient, 'active'>): Promise<void>;
  /** Tells whether there was one. */
  disable(client: string): Promise<boolean>;
}

const COLUMNS = 'client, institution, audience, jwks, redirect_uris as "redirectUris", certificate, active';

export function openClients({ postgres }: { postgres: Postgres }): Clients {
  return {
    async find(client) {
      const [row] = await postgres.query<IssuerClient>({
        name: 'issuer-client',
        text: `select ${COLUMNS} from issuer_client where client = $1`,
        values: [client],
      });
      return row ?? null;
    },
    list: () => postgres.query<IssuerClient>({ text: `select ${COLUMNS} from issuer_client order by client` }),
    async add({ client, institution, audience, jwks, redirectUris, certificate }) {
      await postgres
        .query({
          text: `insert into issuer_client (client, institution, audience, jwks, redirect_uris, certificate) values ($1, $2, $3, $4, $5, $6)
            on conflict (client) do update set institution = excluded.institution, audience = excluded.audience, jwks = excluded.jwks,
              redirect_uris = excluded.redirect_uris, certificate = excluded.certificate, active = true, changed_at = now()`,
          values: [client, institution, audience, jwks && JSON.stringify(jwks), redirectUris, certificate],
        })
        .catch((error: unknown) => {
          if ((error as { code?: string }).code === '23503') throw new Fault('BAD_USER_INPUT', { detail: `--institution ${institution}`, cause: error });
          throw error;
        });
    },
    async disable(client) {
      const text = 'update issuer_client set active = false, changed_at = now() where client = $1 returning client';
      return (await postgres.query({ text, values: [client] })).length > 0;
    },
  };
}
