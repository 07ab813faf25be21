/**
 * Who was disabled while tokens of theirs may still live. Asked of the database once a second, so that no request waits for
 * it: a disabled client or account is refused at the latest a second after, not five minutes after.
 */
import type { Postgres } from '../postgres.js';
import { TOKEN_LIFE_SECONDS } from '../terms.js';

export interface Dismissals {
  hasClient(client: string): boolean;
  hasStaff(login: string): boolean;
  /** Looks now. */
  refresh(): Promise<void>;
  close(): void;
}

const EVERY_MS = 1_000;

export async function openDismissals({ postgres }: { postgres: Postgres }): Promise<Dismissals> {
  let clients: ReadonlySet<string> = new Set();
  let logins: ReadonlySet<string> = new Set();
  const refresh = async () => {
    const rows = await postgres.query<{ client: string | null; login: string | null }>({
      name: 'issuer-dismissed',
      text: `select client, null as login from issuer_client where not active and changed_at > now() - $1 * interval '1 second'
        union all select null, login from staff where not active and changed_at > now() - $1 * interval '1 second'`,
      values: [2 * TOKEN_LIFE_SECONDS],
    });
    clients = new Set(rows.flatMap(({ client }) => client ?? []));
    logins = new Set(rows.flatMap(({ login }) => login ?? []));
  };
  // A gateway may start before its database; it answers nobody until the database is there, and looks again within a second.
  await refresh().catch(() => undefined);
  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    // Without the database nothing is answered anyway: no receipt, no answer.
    void refresh()
      .catch(() => undefined)
      .finally(() => {
        looking = false;
      });
  }, EVERY_MS);
  timer.unref();
  return {
    hasClient: (client) => clients.has(client),
    hasStaff: (login) => logins.has(login),
    refresh,
    close: () => clearInterval(timer),
  };
}
