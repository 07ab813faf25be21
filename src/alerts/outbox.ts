/**
 * The outbox: every event of an alert goes to the webhook at least once. What is due stands in a table, so a restart loses
 * nothing; one process sends at a time, the gravest first, and what is said of one alert in its order; a message that is not
 * taken is tried again, ever later, and does not hold up those of other alerts.
 */

import { DAY_MS } from '../beijing.js';
import { LOCKS } from '../locks.js';
import type { Client, Postgres } from '../postgres.js';
import { type AlertKind, BY_GRAVITY } from './rules.js';
import { subjectOf } from './subject.js';
import { tellAlert } from './tellAlert.js';
import { send, type Webhook } from './webhook.js';

const MOST_AT_ONCE = 20;
/** One after another. */
const MOST_FAILURES = 3;
const FIRST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 3_600_000;
/** What could not be delivered for so long is given up; it stands in the feed all the same. */
const GIVEN_UP_AFTER_MS = 3 * DAY_MS;

const QUEUE = `
insert into alert_delivery (event, due)
select number, $1 from alert_event e where time > $2 and not exists (select from alert_delivery d where d.event = e.number) on conflict do nothing`;
const DUE = `
select d.event, d.attempts, e.alert, e.event as kind, e.time, a.kind as rule, a.rule_version as "ruleVersion", a.subject, a.count, a.receipts, a.figures,
  a.thresholds, a.opened_at as "openedAt"
from alert_delivery d join alert_event e on e.number = d.event join alert a on a.id = e.alert
where d.due <= $1 and d.delivered_at is null and d.abandoned_at is null
  and not exists (select from alert_event b join alert_delivery w on w.event = b.number
    where b.alert = e.alert and b.number < e.number and w.due > $1 and w.delivered_at is null and w.abandoned_at is null)
order by array_position($2::text[], a.kind), d.event limit ${MOST_AT_ONCE}`;
const DELIVERED = 'update alert_delivery set attempts = attempts + 1, delivered_at = $2, last_outcome = $3 where event = $1';
const POSTPONED = 'update alert_delivery set attempts = attempts + 1, due = $2, abandoned_at = $3, last_outcome = $4 where event = $1';

interface Due {
  readonly event: number;
  readonly attempts: number;
  readonly alert: string;
  readonly kind: string;
  readonly time: Date;
  readonly rule: AlertKind;
  readonly ruleVersion: number;
  readonly subject: string;
  readonly count: number;
  readonly receipts: readonly string[];
  readonly figures: Readonly<Record<string, number>>;
  readonly thresholds: Readonly<Record<string, number>>;
  readonly openedAt: Date;
}

/** Sends what is due. @returns how many messages were taken; null where another process sends */
export async function sendDue(postgres: Postgres, webhook: Webhook, now: () => Date): Promise<number | null> {
  return postgres.withClient(async (client) => {
    const { rows } = await client.query<{ mine: boolean }>('select pg_try_advisory_lock($1) as mine', [LOCKS.SENDING]);
    if (!rows[0]?.mine) return null;
    try {
      return await sendAll(client, webhook, now);
    } finally {
      await client.query('select pg_advisory_unlock($1)', [LOCKS.SENDING]);
    }
  });
}

async function sendAll(client: Client, webhook: Webhook, now: () => Date): Promise<number> {
  const began = now();
  await client.query(QUEUE, [began, new Date(began.getTime() - GIVEN_UP_AFTER_MS)]);
  const { rows } = await client.query<Due>(DUE, [began, BY_GRAVITY]);
  let taken = 0;
  let failures = 0;
  const held = new Set<string>();
  for (const due of rows) {
    if (held.has(due.alert)) continue;
    const { ok, outcome } = await send(webhook, { id: `alert-event-${due.event}`, body: bodyOf(due) }, now());
    const time = now();
    if (ok) {
      taken++;
      failures = 0;
      await client.query(DELIVERED, [due.event, time, outcome]);
      continue;
    }
    const isGivenUp = time.getTime() - due.time.getTime() > GIVEN_UP_AFTER_MS;
    await client.query(POSTPONED, [due.event, new Date(time.getTime() + waitAfter(due.attempts)), isGivenUp ? time : null, outcome]);
    if (!isGivenUp) held.add(due.alert);
    // It is not this message: nothing is taken there at present.
    if (++failures === MOST_FAILURES) break;
  }
  return taken;
}

/** Twice as long after each attempt, up to an hour. */
export function waitAfter(attempts: number): number {
  return Math.min(FIRST_WAIT_MS * 2 ** Math.min(attempts, 20), LONGEST_WAIT_MS);
}

function bodyOf({ event, alert, kind, time, rule, ruleVersion, subject, count, receipts, figures, thresholds, openedAt }: Due): string {
  const about = subjectOf(subject);
  return JSON.stringify({
    type: `alert.${kind.toLowerCase()}`,
    timestamp: time.toISOString(),
    data: {
      event,
      alert,
      kind: rule,
      ruleVersion,
      subject: about,
      openedAt: openedAt.toISOString(),
      count,
      receipts,
      figures,
      thresholds,
      text: tellAlert({ kind: rule, subject: about, count, figures, thresholds }),
    },
  });
}
