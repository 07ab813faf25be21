/** The register of canaries: kept by the owner of the zone, seen by nobody but the watch. */
import type { Postgres } from '../postgres.js';
import type { Uscc } from '../terms.js';

export interface Canary {
  readonly uscc: Uscc;
  readonly reason: string;
  readonly addedAt: Date;
}
export interface Canaries {
  /** @returns false where it is one already, or the zone holds no such enterprise */
  add(canary: Omit<Canary, 'addedAt'>): Promise<boolean>;
  list(): Promise<Canary[]>;
}

export function openCanaries({ postgres }: { postgres: Postgres }): Canaries {
  return {
    async add({ uscc, reason }) {
      const rows = await postgres.query({
        text: 'insert into canary_enterprise (uscc, reason) select uscc, $2 from enterprise where uscc = $1 on conflict do nothing returning uscc',
        values: [uscc, reason],
      });
      return rows.length > 0;
    },
    list: () => postgres.query<Canary>({ text: 'select uscc, reason, added_at as "addedAt" from canary_enterprise order by added_at, uscc' }),
  };
}
