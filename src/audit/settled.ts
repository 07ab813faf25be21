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

/** The last settled place, once those who were adding have ended; null where one of them took longer than `patienceMs`. */
export async function lastSettled(client: Client, patienceMs: number): Promise<number | null> {
  // The place is read before its holders: whoever comes later is given a later place.
  const [last] = (await client.query<{ place: number }>(LAST_PLACE)).rows;
  const began = performance.now();
  let awaited: Set<string> | null = null;
  for (;;) {
    const { rows } = await client.query<{ holder: string }>({ name: 'holders', text: HOLDERS, values: [APPENDING] });
    const met: readonly string[] = rows.map(({ holder }) => holder);
    awaited = new Set(awaited === null ? met : met.filter((holder) => awaited?.has(holder)));
    if (awaited.size === 0) return last?.place ?? 0;
    if (performance.now() - began > patienceMs) return null;
    await sleep(LOOK_EVERY_MS);
  }
}
