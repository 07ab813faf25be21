/** How the log's evidence fares, as whoever sequences has left it in the database: for health and metrics of every gateway. */
import { LOCKS } from '../locks.js';
import type { Postgres } from '../postgres.js';

export interface EvidenceState {
  /** Entries under the newest checkpoint. */
  readonly integrated: number;
  /** Seconds since the newest checkpoint was signed; null before the first one. */
  readonly ageSeconds: number | null;
  /** Entries that are durable and in no checkpoint; it is counted up to a bound. */
  readonly lag: number;
  /** Seconds since the time of the first of those; null where there are none. */
  readonly oldestSeconds: number | null;
  /** Sessions that are adding entries at this moment; where entries wait for long, they wait for one of these. */
  readonly holders: readonly string[];
  readonly witnesses: readonly WitnessState[];
}
export interface WitnessState {
  readonly name: 'file' | 'url';
  readonly state: 'WELL' | 'AWAY' | 'REFUSED';
  /** Seconds since it took its newest checkpoint; null where it never took one. */
  readonly ageSeconds: number | null;
}
export interface EvidenceWatch {
  /** @throws Fault ZONE_UNAVAILABLE */
  read(): Promise<EvidenceState>;
}

const MOST_COUNTED = 100_000;
/** Whoever asks more often is told the same again. */
const LOOK_EVERY_MS = 1_000;
/** With entries waiting, whoever sequences signs every second; without them, once a minute. */
const STALE_AFTER_SECONDS = 10;
const SILENT_AFTER_SECONDS = 180;
/** An entry that waits for longer than any step takes. */
const WAITED_SECONDS = 60;

/** A witness that was not offered anything for ten minutes is configured no more, or nobody sequences, which is told elsewhere. */
const STATE = `
with newest as (select size, time, last_sequence from audit_checkpoint order by number desc limit 1)
select coalesce((select size from newest), 0)::bigint as integrated,
  (select greatest(extract(epoch from clock_timestamp() - time), 0)::float8 from newest) as "ageSeconds",
  (select count(*) from (
    select from audit_entry where sequence > coalesce((select last_sequence from newest), 0) order by sequence limit ${MOST_COUNTED}
  ) waiting) as lag,
  (select greatest(extract(epoch from clock_timestamp() - time), 0)::float8 from audit_entry
    where sequence > coalesce((select last_sequence from newest), 0) order by sequence limit 1) as "oldestSeconds",
  (select coalesce(json_agg(distinct format('pid %s (%s)', l.pid, a.usename)), '[]') from pg_locks l left join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'advisory' and l.granted and l.classid = 0 and l.objid in (${LOCKS.POLICY_EPOCH}, ${LOCKS.APPENDING}) and l.objsubid = 1
      and l.pid <> pg_backend_pid() and l.database = (select oid from pg_database where datname = current_database())) as holders,
  (select coalesce(json_agg(json_build_object('name', name, 'state', state,
      'ageSeconds', extract(epoch from clock_timestamp() - told_at)::float8) order by name), '[]')
    from audit_witness where seen_at > clock_timestamp() - interval '10 minutes') as witnesses`;

export function openEvidenceWatch({ postgres }: { postgres: Postgres }): EvidenceWatch {
  let seen: { at: number; state: Promise<EvidenceState> } | null = null;
  return {
    read() {
      if (seen && performance.now() - seen.at < LOOK_EVERY_MS) return seen.state;
      const state = postgres.query<EvidenceState>({ name: 'evidence state', text: STATE }).then(([row]) => row as EvidenceState);
      seen = { at: performance.now(), state };
      return state;
    },
  };
}

/** In words, as health tells it; none of them keeps a gateway from serving. */
export function evidenceWords({ ageSeconds, lag, oldestSeconds, holders, witnesses }: EvidenceState): {
  readonly sequencing: string;
  readonly sequencingWaitsFor?: string;
  readonly witnesses: string;
} {
  const isOld = (ageSeconds === null && lag > 0) || (ageSeconds !== null && ageSeconds > (lag > 0 ? STALE_AFTER_SECONDS : SILENT_AFTER_SECONDS));
  const isLate = isOld || (oldestSeconds !== null && oldestSeconds > WAITED_SECONDS);
  const states = witnesses.map(({ state }) => state);
  const worst = states.includes('REFUSED') ? 'refusing' : states.includes('AWAY') ? 'behind' : states.length > 0 ? 'ok' : 'none';
  return { sequencing: isLate ? 'late' : 'ok', ...(isLate && holders.length > 0 ? { sequencingWaitsFor: holders.join(', ') } : {}), witnesses: worst };
}
