/** What may be used once only: remembered in the database, so that no process takes it again, not even after a restart. */
import type { Postgres } from '../postgres.js';

export interface UsedOnce {
  /** Whether nobody used it before; from now on somebody has. Two that come at once: one of them. */
  use(kind: string, id: string, expiresAt: Date): Promise<boolean>;
  isUsed(kind: string, id: string): Promise<boolean>;
}

export function openUsedOnce({ postgres }: { postgres: Postgres }): UsedOnce {
  return {
    async use(kind, id, expiresAt) {
      const rows = await postgres.query({
        name: 'issuer-use-once',
        text: 'insert into used_once (kind, id, expires_at) values ($1, $2, $3) on conflict do nothing returning 1 as used',
        values: [kind, id, expiresAt],
      });
      return rows.length === 1;
    },
    async isUsed(kind, id) {
      const rows = await postgres.query({ name: 'issuer-used', text: 'select 1 as used from used_once where kind = $1 and id = $2', values: [kind, id] });
      return rows.length > 0;
    },
  };
}
