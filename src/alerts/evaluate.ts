/**
 * The evaluation: judges what was counted since the last one by the rules in force, and raises alerts. One at a time, in one
 * transaction: what stands in an alert is told in its counter, so that a restart neither loses nor repeats it.
 */

import { DAY_MS } from '../beijing.js';
import { LOCKS } from '../locks.js';
import type { Client } from '../postgres.js';
import { isLive, pairKey, reportsOn } from './cases.js';
import { addTallies, forgetCounters } from './counters.js';
import { type Counter, judge, type Past } from './judge.js';
import { raise } from './raise.js';
import { type AlertKind, type Rules, rulesInForce } from './rules.js';
import { BURST_MS, beginningOf, keyOf, subjectOf } from './subject.js';
import type { Tally } from './tallies.js';
import { type DayVolume, weigh } from './volume.js';

export interface Evaluating {
  readonly now: Date;
  readonly newId: () => string;
  /** What was seen last time; begins empty. */
  readonly memory: Memory;
  /** Told of a count that cannot be judged. */
  readonly failed?: ((error: unknown) => void) | undefined;
}
/** What an evaluation keeps for the next: not needed, but it saves looking again. */
export interface Memory {
  ruleVersions?: string;
  forgot?: number;
  /** The last entry at a moment, until it is sealed. */
  seen?: { readonly place: number; readonly at: Date };
  history?: { readonly at: number; readonly volumes: readonly DayVolume[] };
}
export interface Evaluated {
  readonly judged: number;
  readonly raised: number;
  /** Whether there is more to judge at once. */
  readonly more: boolean;
}

const MOST_AT_ONCE = 500;
const MOST_PENDING = 2_000;
const HISTORY_DAYS = 56;
const HISTORY_KEPT_MS = 600_000;
const FORTNIGHT = 14;
const FORGET_EVERY_MS = 3_600_000;

const DIRTY = `
select kind, subject, bucket, count, told, receipts, first_time as "firstTime", last_time as "lastTime" from alert_counter
where dirty order by kind, subject, bucket limit ${MOST_AT_ONCE} for update skip locked`;
const JUDGED = `
update alert_counter c set dirty = false, told = j.told, rule_version = j.version
from unnest($1::text[], $2::text[], $3::timestamptz[], $4::bigint[], $5::integer[]) as j (kind, subject, bucket, told, version)
where c.kind = j.kind and c.subject = j.subject and c.bucket = j.bucket`;

interface Row extends Omit<Counter, 'subject'> {
  readonly subject: string;
  readonly told: number;
  readonly receipts: readonly string[];
  readonly firstTime: Date;
  readonly lastTime: Date;
}

/** In a transaction of its own; null where another process evaluates at this moment. */
export async function evaluate(client: Client, evaluating: Evaluating): Promise<Evaluated | null> {
  const { rows: locked } = await client.query<{ mine: boolean }>('select pg_try_advisory_xact_lock($1) as mine', [LOCKS.EVALUATING]);
  if (!locked[0]?.mine) return null;
  const rules = await rulesInForce(client);
  const { now, memory } = evaluating;
  await judgeAgainWhereRulesChanged(client, rules, evaluating);
  const pending = await settlePending(client, rules, now);
  await noteStaleCheckpoint(client, rules, evaluating);
  await noteFindings(client, now);
  await noteRefusals(client, now);
  const { rows } = await client.query<Row>({ name: 'dirty counters', text: DIRTY });
  const past = pastOf(client, rules, evaluating);
  const told: number[] = [];
  let raised = 0;
  for (const row of rows) {
    const counter: Counter = { kind: row.kind, subject: subjectOf(row.subject), bucket: row.bucket, count: row.count };
    // What cannot be judged is told, and keeps no other count from being judged.
    await client.query('savepoint counter');
    let stands = false;
    try {
      const { holds, figures } = row.count > row.told ? await judge(counter, rules, past) : { holds: false, figures: {} };
      stands = holds && (await raise(client, { ...row, counter, figures, rule: rules[row.kind], ...evaluating }));
    } catch (error) {
      await client.query('rollback to savepoint counter');
      evaluating.failed?.(error);
    }
    await client.query('release savepoint counter');
    if (stands) raised++;
    told.push(stands ? row.count : row.told);
  }
  if (rows.length > 0) {
    const column = <K extends keyof Row>(name: K) => rows.map((row) => row[name]);
    await client.query({
      name: 'judged',
      text: JUDGED,
      values: [column('kind'), column('subject'), column('bucket'), told, rows.map(({ kind }) => rules[kind].version)],
    });
  }
  if (now.getTime() - (memory.forgot ?? 0) > FORGET_EVERY_MS) {
    await forgetCounters(client, now);
    memory.forgot = now.getTime();
  }
  return { judged: rows.length, raised, more: rows.length === MOST_AT_ONCE || pending === MOST_PENDING };
}

/** A rule that was changed is put to what was counted these days, too. */
async function judgeAgainWhereRulesChanged(client: Client, rules: Rules, { now, memory }: Evaluating): Promise<void> {
  const versions = Object.values(rules).map(({ kind, version }) => [kind, version] as const);
  const seen = JSON.stringify(versions);
  if (memory.ruleVersions === seen) return;
  await client.query(
    `update alert_counter c set dirty = true from unnest($1::text[], $2::integer[]) as rule (kind, version)
     where c.kind = rule.kind and c.bucket > $3 and c.rule_version <> rule.version`,
    [versions.map(([kind]) => kind), versions.map(([, version]) => version), new Date(now.getTime() - 2 * DAY_MS)],
  );
  memory.ruleVersions = seen;
}

interface Pending {
  readonly uscc: string;
  readonly institution: string;
  readonly caseNumber: string;
  readonly purpose: string;
  readonly operator: string;
  readonly day: Date;
  readonly receipts: readonly string[];
  readonly time: Date;
}

/** Reads whose institution has had its time: those for which no live case was reported are counted. */
async function settlePending(client: Client, rules: Rules, now: Date): Promise<number> {
  const { rows } = await client.query<Pending>(
    `delete from alert_pending_read where ctid = any (array(select ctid from alert_pending_read where due <= $1 order by due limit ${MOST_PENDING} for update skip locked))
     returning uscc, institution, case_number as "caseNumber", purpose, operator, day, receipts, first_time as time`,
    [now],
  );
  const cases = await reportsOn(
    client,
    rows.map(({ institution, uscc }) => [institution, uscc] as const),
  );
  const { graceHours } = rules.READS_WITHOUT_LIVE_CASE.thresholds;
  const uncovered = rows.filter((row) => !isLive(cases.get(pairKey(row.institution, row.uscc)) ?? [], row, graceHours));
  await addTallies(client, uncovered.flatMap(talliesOfPending));
  return rows.length;
}

function talliesOfPending({ uscc, institution, operator, day, receipts, time }: Pending): Tally[] {
  const tally = { kind: 'READS_WITHOUT_LIVE_CASE', subject: { institution, operator }, bucket: day, count: 1, usccs: [uscc], time } as const;
  return receipts.map((receipt) => ({ ...tally, receipt }));
}

const NOTE = `
insert into alert_counter (kind, subject, bucket, count, first_time, last_time) values ($1, $2, $3, $4, $3, $5)
on conflict (kind, subject, bucket) do nothing`;
const LAST_SIGNED = `
select coalesce((select time from audit_checkpoint order by number desc limit 1), (select time from audit_entry order by sequence limit 1)) as time`;

const UNSEALED = `
select (select sequence from audit_entry order by sequence desc limit 1) as last, exists (
  select from audit_entry where sequence <= $1
    and sequence > coalesce((select last_sequence from audit_checkpoint order by number desc limit 1), 0)) as waits`;

/** The log says now and then that it lives: where it does not, nobody signs; and what is signed may be long behind what is appended. */
async function noteStaleCheckpoint(client: Client, rules: Rules, { now, memory }: Evaluating): Promise<void> {
  const { rows } = await client.query<{ time: Date | null }>(LAST_SIGNED);
  const age = (since: Date | null | undefined) => (since ? Math.floor((now.getTime() - since.getTime()) / 1000) : 0);
  const { seconds } = rules.STALE_CHECKPOINT.thresholds;
  const since = [rows[0]?.time, await waitingSince(client, memory, now)].find((time) => time && age(time) >= seconds);
  if (since) await client.query(NOTE, ['STALE_CHECKPOINT' satisfies AlertKind, keyOf({ institution: null }), since, age(since), now]);
}

/** Since when entries were seen that are still in no checkpoint. Times of entries are not asked: whoever appends chooses them. */
async function waitingSince(client: Client, memory: Memory, now: Date): Promise<Date | null> {
  const { rows } = await client.query<{ last: number | null; waits: boolean }>({ name: 'unsealed', text: UNSEALED, values: [memory.seen?.place ?? 0] });
  if (memory.seen && rows[0]?.waits) return memory.seen.at;
  memory.seen = { place: rows[0]?.last ?? 0, at: now };
  return null;
}

async function noteFindings(client: Client, now: Date): Promise<void> {
  const { rows } = await client.query<{ time: Date; findings: number }>(
    'select finished_at as time, findings from audit_verification where findings > 0 and finished_at > $1',
    [new Date(now.getTime() - 30 * DAY_MS)],
  );
  for (const { time, findings } of rows) await client.query(NOTE, ['VERIFIER_FINDING' satisfies AlertKind, keyOf({ institution: null }), time, findings, time]);
}

/** A witness that refuses holds a log that is another: once for each checkpoint that it goes back to. */
async function noteRefusals(client: Client, now: Date): Promise<void> {
  const { rows } = await client.query<{ name: string; since: Date }>(
    "select name, coalesce(told_at, 'epoch') as since from audit_witness where state = 'REFUSED'",
  );
  for (const { name, since } of rows)
    await client.query(NOTE, ['VERIFIER_FINDING' satisfies AlertKind, keyOf({ institution: null, topic: name }), since, 1, now]);
}

function pastOf(client: Client, rules: Rules, { now, memory }: Evaluating): Past {
  const volumes = async (condition: string, values: unknown[]): Promise<DayVolume[]> => {
    const { rows } = await client.query<{ subject: string; day: Date; enterprises: number }>(
      `select subject, bucket as day, count as enterprises from alert_counter where kind = 'UNUSUAL_VOLUME' and ${condition}`,
      values,
    );
    return rows.map(({ subject, day, enterprises }) => {
      const { institution, topic = '' } = subjectOf(subject);
      return { institution: institution ?? '', purpose: topic, day, enterprises };
    });
  };
  const todays = new Map<number, DayVolume[]>();
  return {
    async previous({ kind, subject, bucket }) {
      const { rows } = await client.query<{ count: number }>('select count from alert_counter where kind = $1 and subject = $2 and bucket = $3', [
        kind,
        keyOf(subject),
        new Date(bucket.getTime() - BURST_MS),
      ]);
      return rows[0]?.count ?? 0;
    },
    async fortnight({ kind, subject, bucket }) {
      const { rows } = await client.query<{ count: number }>(
        'select count from alert_counter where kind = $1 and subject = $2 and bucket < $3 and bucket >= $4',
        [kind, keyOf(subject), bucket, new Date(bucket.getTime() - FORTNIGHT * DAY_MS)],
      );
      return rows.map(({ count }) => count);
    },
    async busiest({ kind, subject, bucket }) {
      // Keys of what an operator did begin so; see keyOf.
      const named = `${JSON.stringify([subject.institution]).slice(0, -1)},"`;
      const { rows } = await client.query<{ most: number }>(
        'select coalesce(max(count), 0)::bigint as most from alert_counter where kind = $1 and bucket = $2 and starts_with(subject, $3)',
        [kind, bucket, named],
      );
      return rows[0]?.most ?? 0;
    },
    async readOn({ subject, bucket }) {
      // What has no operator's name is the work of systems: it is held against all that the institution read.
      const kind = subject.operator ? 'ONE_OPERATOR_MANY_ENTERPRISES' : 'UNUSUAL_VOLUME';
      const { rows } = await client.query<{ count: number }>(
        `select coalesce(sum(count), 0)::bigint as count from alert_counter
         where kind = $1 and bucket = $2 and starts_with(subject, $3)`,
        [kind, bucket, beginningOf(subject)],
      );
      return rows[0]?.count ?? 0;
    },
    async weigh({ subject, bucket, count }) {
      if (!memory.history || now.getTime() - memory.history.at > HISTORY_KEPT_MS || now.getTime() < memory.history.at)
        memory.history = { at: now.getTime(), volumes: await volumes('bucket > $1', [new Date(now.getTime() - HISTORY_DAYS * DAY_MS)]) };
      let today = todays.get(bucket.getTime());
      if (!today) todays.set(bucket.getTime(), (today = await volumes('bucket = $1', [bucket])));
      const present = { institution: subject.institution ?? '', purpose: subject.topic ?? '', day: bucket, enterprises: count };
      return weigh(present, memory.history.volumes, today, rules.UNUSUAL_VOLUME.thresholds);
    },
  };
}
