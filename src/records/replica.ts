/**
 * Records from a streaming replica. MUST: what it answers counts only where the statement that fetches sees, in its own
 * snapshot, the very generations of the last look at the primary: so an old record never stands under a new generation,
 * however far the replica lags. Everything else, a replica that is away, slow, promoted or of another database too, is
 * `null`, quickly, and then the primary is asked.
 */
import type { Postgres, Statement } from '../postgres.js';
import { within } from '../within.js';
import type { Wanted } from './fact.js';
import { type Look, ZONE } from './generations.js';

export interface Replica {
  /** Rows in no order; `uscc` is never null in them. null: ask the primary. Never throws. */
  read<Row extends { uscc: string }>(statement: Statement, look: Look, categories: Iterable<Wanted['category']>): Promise<Row[] | null>;
  /** Fetches that it answered, and those that went to the primary because it was not as new or did not answer. */
  readonly counts: Readonly<Record<'taken' | 'unlike' | 'away', number>>;
  close(): void;
}

/** What a reader waits for the replica before he turns to the primary. */
export const PATIENCE_MS = 100;
/** What a statement may take there: whoever answers later is taken to be away. */
export const REPLICA_LIMIT_MS = 300;
/** How often one that is away is asked whether it is back. */
const PROBE_EVERY_MS = 500;
/** One that was not as new as the look is left alone for this long: asking each time would cost every fetch a round trip. */
const UNLIKE_REST_MS = 100;

/**
 * Parameters after those of the statement: the zone, the categories that it reads and their generations at the look. The standby
 * of a Citus coordinator may fetch from the nodes themselves, not from standbys of theirs, which lag each in its own way.
 */
const sameAs = (first: number) => `select pg_is_in_recovery() and ${ZONE} = $${first}
  and coalesce(current_setting('citus.use_secondary_nodes', true), 'never') = 'never'
  and (select count(*) from category join unnest($${first + 1}::text[], $${first + 2}::bigint[]) as seen (code, generation) using (code, generation))
    = cardinality($${first + 1}::text[]) as like_primary`;

export function openReplica({ postgres }: { postgres: Postgres }): Replica {
  const counts = { taken: 0, unlike: 0, away: 0 };
  let unlikeUntil = 0;
  let probing: NodeJS.Timeout | null = null;

  /** Asked in the background, so that no reader waits to find out. */
  function rest(): void {
    if (probing) return;
    const probe = () => void postgres.query({ name: 'replica', text: 'select' }).then(wake, () => undefined);
    probing = setInterval(probe, PROBE_EVERY_MS);
    probing.unref();
    probe();
  }
  function wake(): void {
    if (probing) clearInterval(probing);
    probing = null;
  }
  rest();
  return {
    counts,
    async read<Row extends { uscc: string }>({ name, text, values = [] }: Statement, look: Look, categories: Iterable<Wanted['category']>) {
      const now = performance.now();
      if (probing || now < unlikeUntil) {
        counts[probing ? 'away' : 'unlike']++;
        return null;
      }
      const seen = new Map([...categories].map((category) => [look.codeOf(category), look.generationOf(category)]));
      const asked = postgres.query<Row & { like_primary: boolean }>({
        ...(name !== undefined && { name: `${name}, replica` }),
        text: `select asked.*, like_primary from (${sameAs(values.length + 1)}) fit left join (${text}) asked on like_primary`,
        values: [...values, look.zone, [...seen.keys()], [...seen.values()]],
      });
      asked.catch(rest);
      const rows = await within(PATIENCE_MS, asked, () => new Error('the replica takes too long')).catch(() => null);
      if (rows?.[0]?.like_primary) {
        counts.taken++;
        return rows.filter(({ uscc }) => uscc !== null);
      }
      if (rows) unlikeUntil = performance.now() + UNLIKE_REST_MS;
      counts[rows ? 'unlike' : 'away']++;
      return null;
    },
    close: wake,
  };
}
