/** Raises alerts: one open alert a rule and subject, which gathers what comes later. */

import { DAY_MS, midnightBefore } from '../beijing.js';
import { LOCKS } from '../locks.js';
import type { Client } from '../postgres.js';
import { MOST_RECEIPTS } from './counters.js';
import type { Counter } from './judge.js';
import type { Rule } from './rules.js';
import { keyOf, MANY_SUBJECTS } from './subject.js';

export interface Raised {
  readonly counter: Counter;
  /** How much of the count stands in an alert already. */
  readonly told: number;
  readonly receipts: readonly string[];
  readonly firstTime: Date;
  readonly lastTime: Date;
  readonly figures: Readonly<Record<string, number>>;
  readonly rule: Rule;
  readonly now: Date;
  readonly newId: () => string;
}

export const ALERT_EVENTS = ['OPENED', 'ACKNOWLEDGED', 'CLOSED', 'REOPENED'] as const;
export type AlertEventKind = (typeof ALERT_EVENTS)[number];
/** Who acts where nobody does. */
const WATCH = 'zone';
/** An alert that was closed longer ago is not opened again: what comes then is a new one. */
const REOPENED_WITHIN_MS = 7 * DAY_MS;
/** Alerts of a kind and institution that are opened in a day; what comes beyond is gathered in one, or nobody would read any. */
const MOST_OPENED_A_DAY = 20;

/** Whoever decides on an alert, or adds to it, takes turns with others who do. */
export async function holdAlert(client: Client, alert: string): Promise<{ readonly event: AlertEventKind; readonly time: Date } | null> {
  await client.query(`select pg_advisory_xact_lock(hashtextextended($1, ${LOCKS.ALERT}))`, [alert]);
  const { rows } = await client.query<{ event: AlertEventKind; time: Date }>(
    'select event, time from alert_event where alert = $1 order by number desc limit 1',
    [alert],
  );
  return rows[0] ?? null;
}

export async function addEvent(
  client: Client,
  { alert, event, time, actor, reason }: { alert: string; event: AlertEventKind; time: Date; actor: string; reason: string | null },
): Promise<void> {
  await client.query('insert into alert_event (alert, event, time, actor, reason) values ($1, $2, $3, $4, $5)', [alert, event, time, actor, reason]);
}

/** @returns whether it stands in an alert now; a closed one is opened again by what is new, or at least twice what was closed */
export async function raise(client: Client, raised: Raised): Promise<boolean> {
  const { counter, told, now } = raised;
  const subject = keyOf(counter.subject);
  const { rows } = await client.query<{ id: string }>('select id from alert where kind = $1 and subject = $2 order by id desc limit 1', [
    counter.kind,
    subject,
  ]);
  const id = rows[0]?.id;
  const last = id === undefined ? null : await holdAlert(client, id);
  if (id === undefined || last === null) return openOrMerge(client, raised, subject);
  if (last.event === 'CLOSED') {
    if (counter.count < 2 * told) return false;
    if (now.getTime() - last.time.getTime() > REOPENED_WITHIN_MS) return openOrMerge(client, raised, subject);
    await addEvent(client, { alert: id, event: 'REOPENED', time: now, actor: WATCH, reason: null });
  }
  await gather(client, raised, id);
  return true;
}

async function openOrMerge(client: Client, raised: Raised, subject: string): Promise<boolean> {
  const { counter, now } = raised;
  const { institution, topic } = counter.subject;
  if (topic !== MANY_SUBJECTS) {
    const { rows } = await client.query<{ opened: number }>(
      'select count(*) as opened from alert where kind = $1 and institution is not distinct from $2 and opened_at >= $3',
      [counter.kind, institution, midnightBefore(now)],
    );
    if ((rows[0]?.opened ?? 0) >= MOST_OPENED_A_DAY)
      return raise(client, { ...raised, counter: { ...counter, subject: { institution, topic: MANY_SUBJECTS } } });
  }
  await open(client, raised, subject);
  return true;
}

async function open(client: Client, raised: Raised, subject: string): Promise<void> {
  const { counter, told, receipts, firstTime, lastTime, figures, rule, now, newId } = raised;
  const id = newId();
  await client.query(
    `insert into alert (id, kind, rule_version, subject, institution, opened_at, first_time, last_time, count, receipts, figures, thresholds)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    [id, counter.kind, rule.version, subject, counter.subject.institution, now, firstTime, lastTime, counter.count - told, receipts, figures, rule.thresholds],
  );
  await addEvent(client, { alert: id, event: 'OPENED', time: now, actor: WATCH, reason: null });
}

async function gather(client: Client, { counter, told, receipts, firstTime, lastTime, figures, rule }: Raised, id: string): Promise<void> {
  const { rows } = await client.query<{ receipts: string[] }>('select receipts from alert where id = $1', [id]);
  const all = [...new Set([...(rows[0]?.receipts ?? []), ...receipts])].slice(0, MOST_RECEIPTS);
  await client.query(
    `update alert set count = count + $2, receipts = $3, first_time = least(first_time, $4), last_time = greatest(last_time, $5),
       figures = $6, rule_version = $7, thresholds = $8 where id = $1`,
    [id, counter.count - told, all, firstTime, lastTime, figures, rule.version, rule.thresholds],
  );
}
