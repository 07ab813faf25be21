-- Up Migration
-- Alerts: rules as data, the register of cases, what is counted of entries, and what was raised. The watch acts in the role
-- that sequences: it counts in the transaction that integrates entries, so nothing is lost or counted twice. Who governs
-- adds events, rules and reports of cases, and edits nothing.
create table alert_rule (
  kind       text collate "C" not null,
  version    integer not null check (version > 0),
  enabled    boolean not null,
  thresholds jsonb not null,
  author     text not null,
  reason     text not null,
  time       timestamptz not null default now(),
  primary key (kind, version)
);
comment on table alert_rule is 'Append-only: of a kind the highest version counts. Which thresholds there are stands in src/alerts/rules.ts.';
insert into alert_rule (kind, version, enabled, thresholds, author, reason)
select kind, 1, true, thresholds::jsonb, 'zone', 'what the zone begins with'
from (values
  ('READS_WITHOUT_LIVE_CASE', '{"graceHours": 24, "enterprisesADay": 2, "shareOfDay": 0.02}'),
  ('ONE_OPERATOR_MANY_ENTERPRISES', '{"lendingEnterprisesADay": 120, "monitoringEnterprisesADay": 1500}'),
  ('UNUSUAL_VOLUME', '{"deviations": 6, "times": 2.5, "leastEnterprises": 150, "leastDays": 5}'),
  ('READS_AT_NIGHT', '{"fromHour": 22, "untilHour": 6, "readsANight": 15, "timesUsual": 3}'),
  ('READS_AFTER_DECLINE', '{"graceHours": 24, "readsADay": 1}'),
  ('DENIAL_BURST', '{"probes": 30}'),
  ('CANARY_TOUCHED', '{"touchesADay": 1}'),
  ('STALE_CHECKPOINT', '{"seconds": 120}'),
  ('VERIFIER_FINDING', '{"findings": 1}'),
  ('RULE_LOOSENED', '{}')
) as first (kind, thresholds);

create table case_report (
  uscc        text collate "C" not null,
  institution text collate "C" not null references institution (code),
  case_number text collate "C" not null,
  revision    integer not null check (revision > 0),
  state       text not null check (state in ('OPEN', 'APPROVED', 'DECLINED', 'CLOSED')),
  client      text not null,
  reported_at timestamptz not null,
  primary key (uscc, institution, case_number, revision)
);
comment on table case_report is 'Append-only: what an institution says of a case of its own, revision by revision.';
create index case_report_of_institution on case_report (institution);

create table canary_enterprise (
  uscc     text collate "C" primary key,
  reason   text not null,
  added_at timestamptz not null default now()
);
comment on table canary_enterprise is 'Synthetic enterprises that nobody has reason to read. Nobody who reads or governs sees this table: only the watch does.';

create table alert_counter (
  kind         text collate "C" not null,
  subject      text collate "C" not null,
  bucket       timestamptz not null,
  count        bigint not null,
  told         bigint not null default 0,
  sketch       bytea,
  receipts     text[] not null default '{}',
  first_time   timestamptz not null,
  last_time    timestamptz not null,
  dirty        boolean not null default true,
  rule_version integer,
  primary key (kind, subject, bucket)
);
comment on table alert_counter is 'What was counted of entries, by rule, subject and stretch of time; kept while a rule may look back at it.';
comment on column alert_counter.told is 'How much of the count stands in an alert already.';
comment on column alert_counter.sketch is 'Different enterprises, as bits: their number can be told, and not which they were.';
create index alert_counter_dirty on alert_counter (kind, subject, bucket) where dirty;
create index alert_counter_bucket on alert_counter (kind, bucket);

create table alert_pending_read (
  uscc        text collate "C" not null,
  institution text collate "C" not null,
  case_number text collate "C" not null,
  purpose     text not null,
  operator    text not null,
  day         timestamptz not null,
  receipts    text[] not null,
  first_time  timestamptz not null,
  last_time   timestamptz not null,
  due         timestamptz not null,
  primary key (uscc, institution, case_number, purpose, operator, day)
);
comment on table alert_pending_read is 'Reads for which no live case was reported yet; looked at again when they are due.';
create index alert_pending_read_due on alert_pending_read (due);

create table alert (
  id           text collate "C" primary key,
  kind         text collate "C" not null,
  rule_version integer not null,
  subject      text collate "C" not null,
  institution  text collate "C",
  opened_at    timestamptz not null,
  first_time   timestamptz not null,
  last_time    timestamptz not null,
  count        bigint not null,
  receipts     text[] not null,
  figures      jsonb not null,
  thresholds   jsonb not null
);
comment on table alert is 'The watch alone adds to it; its state is that of the last event. Holds no value of any item and no enterprise.';
create index alert_of_subject on alert (kind, subject, id desc);
create index alert_of_institution on alert (institution, id desc);
create table alert_event (
  number bigint generated always as identity primary key,
  alert  text collate "C" not null references alert (id),
  event  text not null check (event in ('OPENED', 'ACKNOWLEDGED', 'CLOSED', 'REOPENED')),
  time   timestamptz not null,
  actor  text not null,
  reason text
);
comment on table alert_event is 'Append-only.';
create index alert_event_of_alert on alert_event (alert, number desc);

create table alert_delivery (
  event        bigint primary key references alert_event (number),
  attempts     integer not null default 0,
  due          timestamptz not null,
  delivered_at timestamptz,
  abandoned_at timestamptz,
  last_outcome text
);
comment on table alert_delivery is 'Events that go to the webhook, each until it was taken or is too old.';
create index alert_delivery_due on alert_delivery (due) where delivered_at is null and abandoned_at is null;

create table audit_verification (
  number      bigint generated always as identity primary key,
  started_at  timestamptz not null,
  finished_at timestamptz not null,
  entries     bigint not null,
  findings    bigint not null,
  kinds       jsonb not null
);
comment on table audit_verification is 'What each verification of the log came to; kinds counts what was found by its kind.';

grant select, insert, update, delete on alert_counter, alert_pending_read to zone_sequencer;
grant select, insert, update on alert, alert_delivery to zone_sequencer;
grant select, insert on alert_event to zone_sequencer;
grant select on alert_rule, case_report, canary_enterprise, audit_verification to zone_sequencer;
grant select on alert_rule, case_report, alert, alert_event, alert_delivery, audit_verification to zone_governance;
grant insert on alert_rule, case_report, alert_event to zone_governance;
