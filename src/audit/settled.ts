/**
 * How far the log is settled: places up to which nothing will be filled any more. Places are given before a transaction
 * commits, so a later one may be seen first; whoever gives places holds a lock from before until after, and nobody is
 * kept waiting here: the holders of a moment are watched until they are gone.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { LOCKS } from '../locks.js';
import type { Client } from '../postgres.js';

/** Locks that are held while entries are added; see 0007_evidence_log.sql. */
const APPENDING = [LOCKS.POLICY_EPOCH, LOCKS.APPENDING];
const LOOK_EVERY_MS = 3;

const LAST_PLACE = 'select case when is_called then last_value else 0 end as place from audit_place';
const HOLDERS = `
select distinct virtualtransaction as holder from pg_locks
where locktype = 'advisory' and granted and classid = 0 and objid = any($1::oid[]) and objsubid = 1
  and database = (select oid from pg_database where datname = current_database())`;

const WHO = `
select distinct format('pid %s (%s, %s)', l.pid, a.usename, a.application_name) as who
from pg_locks l left join pg_stat_activity a on a.pid = l.pid
where l.locktype = 'advisory' and l.virtualtransaction = any($1::text[]) order by 1`;

export type Settled =
  /** Up to this place nothing will be filled any more. */
  | { readonly state: 'SETTLED'; readonly place: number }
  /** Somebody takes longer than was waited for: these sessions. */
  | { readonly state: 'HELD'; readonly holders: readonly string[] };

/** The last settled place, once those who were adding have ended. */
export async function lastSettled(client: Client, patienceMs: number): Promise<Settled> {
  // The place is read before its holders: whoever comes later is given a later place.
  const [last] = (await client.query<{ place: number }>(LAST_PLACE)).rows;
  const began = performance.now();
  let awaited: Set<string> | null = null;
  for (;;) {
    const { rows } = await client.query<{ holder: string }>({ name: 'holders', text: HOLDERS, values: [APPENDING] });
    const met: readonly string[] = rows.map(({ holder }) => holder);
    awaited = new Set(awaited === null ? met : met.filter((holder) => awaited?.has(holder)));
    if (awaited.size === 0) return { state: 'SETTLED', place: last?.place ?? 0 };
    if (performance.now() - began > patienceMs) {
      const found = await client.query<{ who: string }>(WHO, [[...awaited]]);
      return { state: 'HELD', holders: found.rows.map(({ who }) => who) };
    }
    await sleep(LOOK_EVERY_MS);
  }
}
