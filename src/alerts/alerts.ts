/** Alerts as they are looked at and decided on, and the rules behind them. */

import { LOCKS } from '../locks.js';
import type { Client, Postgres } from '../postgres.js';
import type { Bilingual } from '../terms.js';
import { type AlertEventKind, addEvent, holdAlert } from './raise.js';
import { type AlertKind, isAlwaysOn, loosens, rulesInForce, type ThresholdFault, thresholdFaults } from './rules.js';
import { type Subject, subjectOf } from './subject.js';
import { tellAlert } from './tellAlert.js';

export const ALERT_STATES = ['OPEN', 'ACKNOWLEDGED', 'CLOSED'] as const;
export type AlertState = (typeof ALERT_STATES)[number];

export interface AlertEvent {
  readonly event: AlertEventKind;
  readonly time: Date;
  readonly actor: string;
  readonly reason: string | null;
}
export interface Alert {
  readonly id: string;
  readonly kind: AlertKind;
  readonly ruleVersion: number;
  readonly state: AlertState;
  readonly subject: Subject;
  readonly text: Bilingual;
  readonly openedAt: Date;
  /** When the first and the last of what it rests on happened. */
  readonly firstTime: Date;
  readonly lastTime: Date;
  readonly count: number;
  /** The first receipts that it rests on. */
  readonly receipts: readonly string[];
  readonly figures: Readonly<Record<string, number>>;
  readonly thresholds: Readonly<Record<string, number>>;
  readonly events: readonly AlertEvent[];
}
export interface AlertFilter {
  readonly state?: AlertState | null;
  readonly kind?: AlertKind | null;
  readonly institution?: string | null;
  readonly id?: string | null;
}
export interface RuleVersion {
  readonly kind: AlertKind;
  readonly version: number;
  readonly enabled: boolean;
  readonly thresholds: Readonly<Record<string, number>>;
  readonly author: string;
  readonly reason: string;
  readonly time: Date;
}
export interface Alerts {
  /** A page, the newest first, with one more than asked where there are more. */
  list(filter: AlertFilter, page: { readonly first: number; readonly after: string | null }): Promise<Alert[]>;
  /** The rule of each kind that is in force, or all versions of one kind, the newest first. */
  rules(kind: AlertKind | null): Promise<RuleVersion[]>;
}

const STATE = "case e.event when 'CLOSED' then 'CLOSED' when 'ACKNOWLEDGED' then 'ACKNOWLEDGED' else 'OPEN' end";
const LIST = `
select a.id, a.kind, a.rule_version as "ruleVersion", ${STATE} as state, a.subject, a.opened_at as "openedAt", a.first_time as "firstTime",
  a.last_time as "lastTime", a.count, a.receipts, a.figures, a.thresholds,
  (select json_agg(json_build_object('event', h.event, 'time', h.time, 'actor', h.actor, 'reason', h.reason) order by h.number)
   from alert_event h where h.alert = a.id) as events
from alert a join lateral (select event from alert_event where alert = a.id order by number desc limit 1) e on true
where a.id < coalesce($1, '~') and a.id = coalesce($2, a.id) and a.kind = coalesce($3, a.kind)
  and ($4::text is null or a.institution = $4) and ${STATE} = coalesce($5, ${STATE})
order by a.id desc limit $6`;
const RULES = `
select kind, version, enabled, thresholds, author, reason, time from alert_rule r
where case when $1::text is null then version = (select max(version) from alert_rule l where l.kind = r.kind) else kind = $1 end
order by kind, version desc`;

interface Row extends Omit<Alert, 'subject' | 'text' | 'events'> {
  readonly subject: string;
  readonly events: readonly (Omit<AlertEvent, 'time'> & { readonly time: string })[];
}

export function openAlerts({ postgres }: { postgres: Postgres }): Alerts {
  return {
    async list({ id = null, kind = null, institution = null, state = null }, { first, after }) {
      const rows = await postgres.query<Row>({ name: 'alerts', text: LIST, values: [after, id, kind, institution, state, first + 1] });
      return rows.map((row) => {
        const subject = subjectOf(row.subject);
        const events = row.events.map((event) => ({ ...event, time: new Date(event.time) }));
        return { ...row, subject, events, text: tellAlert({ ...row, subject }) };
      });
    },
    rules: (kind) => postgres.query<RuleVersion>({ name: 'alert rules', text: RULES, values: [kind] }),
  };
}

export interface AlertDecision {
  readonly alert: string;
  readonly event: 'ACKNOWLEDGED' | 'CLOSED';
  readonly actor: string;
  readonly reason: string | null;
  readonly time: Date;
}
export type AlertDecided = 'DECIDED' | 'UNKNOWN' | 'ALREADY_DECIDED' | 'OWN_ALERT';

/** Takes an alert up or closes it. That a rule was loosened is for somebody else to close. */
export async function decideAlert(client: Client, { alert, event, actor, reason, time }: AlertDecision): Promise<AlertDecided> {
  const last = await holdAlert(client, alert);
  if (!last) return 'UNKNOWN';
  if (last.event === 'CLOSED' || last.event === event) return 'ALREADY_DECIDED';
  const { rows } = await client.query<{ own: boolean }>(
    `select exists (select from alert_rule r where a.kind = 'RULE_LOOSENED' and a.subject = '[null,null,null,"' || r.kind || '"]' and r.author = $2
       and r.version > 1 and r.time >= a.first_time - interval '1 day') as own from alert a where a.id = $1`,
    [alert, actor],
  );
  if (event === 'CLOSED' && rows[0]?.own) return 'OWN_ALERT';
  await addEvent(client, { alert, event, time, actor, reason });
  return 'DECIDED';
}

export interface RuleChange {
  readonly kind: AlertKind;
  readonly enabled: boolean | null;
  /** Those that change; the others stay. */
  readonly thresholds: Readonly<Record<string, number>>;
  readonly author: string;
  readonly reason: string;
  readonly time: Date;
}
export type RuleChanged =
  | { readonly state: 'CHANGED'; readonly version: number; readonly loosens: boolean }
  | { readonly state: 'NOTHING_CHANGES' | 'ALWAYS_ON' }
  | { readonly state: 'FAULTY'; readonly faults: readonly ThresholdFault[] };

/** Adds a version of a rule. One that lets more pass unnoticed counts at once, too, and is itself told by an alert. */
export async function changeRule(client: Client, { kind, enabled, thresholds, author, reason, time }: RuleChange): Promise<RuleChanged> {
  const faults = thresholdFaults(kind, thresholds);
  if (faults.length > 0) return { state: 'FAULTY', faults };
  if (enabled === false && isAlwaysOn(kind)) return { state: 'ALWAYS_ON' };
  await client.query(`select pg_advisory_xact_lock(hashtextextended($1, ${LOCKS.RULE}))`, [kind]);
  const before = (await rulesInForce(client))[kind];
  const after = { kind, enabled: enabled ?? before.enabled, thresholds: { ...before.thresholds, ...thresholds } };
  const was: Readonly<Record<string, number>> = before.thresholds;
  if (after.enabled === before.enabled && Object.entries(thresholds).every(([name, value]) => was[name] === value)) return { state: 'NOTHING_CHANGES' };
  const version = before.version + 1;
  await client.query('insert into alert_rule (kind, version, enabled, thresholds, author, reason, time) values ($1, $2, $3, $4, $5, $6, $7)', [
    kind,
    version,
    after.enabled,
    after.thresholds,
    author,
    reason,
    time,
  ]);
  return { state: 'CHANGED', version, loosens: loosens(before, after) };
}
