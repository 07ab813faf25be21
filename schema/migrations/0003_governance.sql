-- Up Migration
-- Policy has a life cycle: every row belongs to the version that wrote it, nothing is edited in place, and any version can
-- be shown again. Of the rows with one id the one of the highest version counts. All of these are reference tables, but
-- `consent`, which lies with its enterprise.
do $$
begin
  create role zone_governance nologin;
exception when duplicate_object or unique_violation then null; -- roles belong to the server, not to this database
end $$;
do $$ begin execute format('grant zone_governance to current_user'); end $$;
grant usage on schema public to zone_governance;

alter table policy_version add column approver text, add column change text, add column institutions text[] not null default '{}';
comment on column policy_version.author is 'Who proposed the change.';
comment on column policy_version.approver is 'The second officer, where the change widens what anyone sees.';
comment on column policy_version.change is 'The change as canonical JSON; null for versions that were not made by one.';
comment on column policy_version.institutions is 'Whom it concerns; * is everybody.';
insert into policy_version (version, author, reason, time) values (0, 'zone', 'what was in force before versions were kept', now());

create table residence (
  institution text collate "C" not null references institution (code),
  version     bigint not null references policy_version (version),
  active      boolean not null,
  safelist    boolean not null default false,
  primary key (institution, version)
);
comment on table residence is 'Whether an institution is resident and active, and whether it may send registered operations only.';
insert into residence (institution, version, active) select code, 0, active from institution;
alter table institution drop column active;

alter table agreement drop constraint agreement_pkey;
alter table agreement add column version bigint not null default 0 references policy_version (version), add column ended boolean not null default false;
alter table agreement alter column version drop default;
alter table agreement add primary key (institution, id, version);

alter table access_grant drop constraint access_grant_pkey;
alter table access_grant alter column institution drop not null;
alter table access_grant
  add column institution_kind text check (institution_kind in ('BANK', 'GUARANTEE', 'MICROLOAN', 'FACTORING', 'LEASING', 'APPRAISAL')),
  add column version bigint not null default 0 references policy_version (version),
  add column revoked boolean not null default false,
  add column reason text not null default '',
  add column approver text;
alter table access_grant alter column version drop default;
alter table access_grant add constraint access_grant_holder check (num_nonnulls(institution, institution_kind) = 1);
alter table access_grant add primary key (id, version);
comment on column access_grant.institution_kind is 'Grants to all institutions of a kind name no single one.';
create index access_grant_of_institution on access_grant (institution, id, version desc);

create table item_setting (
  item          text collate "C" not null,
  version       bigint not null references policy_version (version),
  grade         smallint check (grade between 1 and 4),
  sharing       text check (sharing in ('UNCONDITIONAL', 'CONDITIONAL', 'NOT_SHARED')),
  in_force_from date,
  primary key (item, version)
);
comment on table item_setting is 'What policy says of an item instead of the catalogue; null: as the catalogue says.';

create table allowance (
  institution       text collate "C" not null references institution (code),
  purpose           text not null,
  version           bigint not null references policy_version (version),
  cost_per_minute   integer not null check (cost_per_minute > 0),
  enterprises_a_day integer not null check (enterprises_a_day > 0),
  at_once           integer not null check (at_once > 0),
  primary key (institution, purpose, version)
);
comment on table allowance is 'How much an institution may ask for a purpose; where there is no row, what the code says.';

-- Consents are the enterprise's: registered once, then only narrowed or withdrawn by a later revision.
alter table consent drop constraint consent_pkey;
alter table consent
  add column revision integer not null default 1,
  add column recorded_at timestamptz not null default now(),
  add column struck text[] not null default '{}',
  add column origin text not null default 'INSTITUTION' check (origin in ('INSTITUTION', 'ENTERPRISE')),
  add column evidence_reference text,
  alter column evidence_hash drop not null;
alter table consent add primary key (uscc, id, revision);
comment on column consent.struck is 'Categories that the enterprise struck from the scope.';
comment on column consent.evidence_reference is 'Where the institution keeps the signed authorisation.';

create table policy_proposal (
  id          text collate "C" primary key,
  change      text not null,
  author      text not null,
  reason      text not null,
  proposed_at timestamptz not null default now()
);
comment on table policy_proposal is 'Changes that would widen what somebody sees; each waits for a second officer.';
create table policy_proposal_decision (
  proposal   text collate "C" primary key references policy_proposal (id),
  approved   boolean not null,
  officer    text not null,
  reason     text not null,
  decided_at timestamptz not null default now(),
  version    bigint references policy_version (version)
);

create table access_request (
  id            text collate "C" primary key,
  institution   text collate "C" not null references institution (code),
  client        text not null,
  purposes      text[] not null,
  scope         text[] not null,
  effect        text not null check (effect in ('CLEAR', 'MASKED')),
  valid_until   timestamptz not null,
  justification text not null,
  filed_at      timestamptz not null default now()
);
create index access_request_of_institution on access_request (institution, id);
create table access_request_decision (
  request    text collate "C" primary key references access_request (id),
  approved   boolean not null,
  officer    text not null,
  reason     text not null,
  decided_at timestamptz not null default now(),
  scope      text[] not null default '{}',
  proposal   text collate "C" references policy_proposal (id),
  version    bigint references policy_version (version)
);
comment on column access_request_decision.scope is 'What of the scope asked was approved.';

create table idempotency (
  actor       text collate "C" not null,
  key         text collate "C" not null,
  fingerprint text not null,
  answer      text not null,
  time        timestamptz not null default now(),
  primary key (actor, key)
);
comment on table idempotency is 'What a mutation answered, so that the same one sent again changes nothing and answers the same.';

-- Appending and narrowing take turns. Whoever narrows takes the lock alone, so an entry is durable either before the change
-- is, or carries the new epoch: each statement of a volatile function sees what is committed when it begins.
create function append_audit(ids text[], times timestamptz[], institutions text[], entries text[], hashes bytea[])
returns table (institution text, epoch bigint) language plpgsql volatile set search_path = public as $$
#variable_conflict use_column
begin
  perform pg_advisory_xact_lock_shared(7203160);
  insert into audit_entry (id, time, institution, entry, leaf_hash) select * from unnest(ids, times, institutions, entries, hashes);
  return query select e.institution, e.epoch from policy_epoch e;
end $$;
create function raise_policy_epoch(whose text) returns void language plpgsql volatile security definer set search_path = public as $$
begin
  perform pg_advisory_xact_lock(7203160);
  insert into policy_epoch values (whose, 1) on conflict (institution) do update set epoch = policy_epoch.epoch + 1;
end $$;
comment on function raise_policy_epoch is 'The last statement of every change of what an institution may see; * concerns all.';
revoke execute on function append_audit, raise_policy_epoch from public;
grant execute on function append_audit to zone_gateway;
grant execute on function raise_policy_epoch to zone_governance;

create index delivery_of_category on delivery (category, data_time desc);
grant select on residence, item_setting, allowance, delivery to zone_gateway;
grant select on residence, item_setting, allowance, policy_proposal, policy_proposal_decision, access_request, access_request_decision to zone_console;
grant select on institution, residence, agreement, access_grant, item_setting, allowance, consent, policy_version, policy_epoch, policy_proposal,
  policy_proposal_decision, access_request, access_request_decision, idempotency, audit_entry, enterprise to zone_governance;
grant insert on residence, agreement, access_grant, item_setting, allowance, consent, policy_version, policy_proposal,
  policy_proposal_decision, access_request, access_request_decision, idempotency to zone_governance;
grant insert (id, time, institution, entry, leaf_hash) on audit_entry to zone_governance;
