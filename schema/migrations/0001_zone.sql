-- Up Migration
-- Roles repeat the law of the code: the gateway reads records and adds audit entries, delivery writes records and never
-- reads policy, the console reads policy and the audit trail and never a record.
do $$
declare name text;
begin
  foreach name in array array['zone_gateway', 'zone_delivery', 'zone_console'] loop
    begin
      execute format('create role %I nologin', name);
    exception when duplicate_object or unique_violation then null; -- roles belong to the server, not to this database
    end;
    execute format('grant %I to current_user', name);
  end loop;
end $$;
revoke all on schema public from public;
grant usage on schema public to zone_gateway, zone_delivery, zone_console;

-- The short number of a category, so that two million times forty rows carry two bytes of it; `generation` rises with
-- every delivery that changes a record of the category and is part of every cache key.
create table category (
  code       text collate "C" primary key,
  id         smallint generated always as identity unique,
  generation bigint not null default 1
);
comment on table category is 'Categories of the catalogue known to this database. Reference table.';

-- One row an enterprise and category; payload is a JSON object (ONE) or an array of objects (MANY), as text: faster
-- than jsonb to fetch, and never searched.
create table record (
  uscc        text collate "C" not null,
  category    smallint not null,
  payload     text not null,
  data_time   timestamptz not null,
  received_at timestamptz not null,
  delivery    bigint not null,
  version     bigint not null,
  primary key (uscc, category)
);
comment on column record.data_time is 'As of when the provider says the data hold.';
comment on column record.version is 'Generation of the category at which this record last changed.';
alter table record alter column payload set storage main;

-- Who exists, and the only things that can be searched; all of grade 1.
create table enterprise (
  uscc     text collate "C" primary key,
  name     text not null,
  division text collate "C",
  industry text collate "C",
  grams    text[] not null
);
comment on column enterprise.grams is 'Single characters and pairs of the name: answers a search by one, two or more characters from an index.';
create index enterprise_grams on enterprise using gin (grams);

create table delivery (
  id           bigint generated always as identity primary key,
  category     text collate "C" not null references category (code),
  file_name    text not null,
  file_digest  text not null,
  data_time    timestamptz not null,
  started_at   timestamptz not null,
  finished_at  timestamptz not null,
  rows_read    bigint not null,
  accepted     bigint not null,
  changed      bigint not null,
  unchanged    bigint not null,
  quarantined  bigint not null
);
create table quarantine (
  delivery   bigint not null references delivery (id),
  row_number bigint not null,
  column_name text not null,
  value      text,
  reason     text not null,
  detail     text not null,
  primary key (delivery, row_number, column_name)
);
comment on table quarantine is 'Rows a delivery refused: never silently away.';

-- Policy: who may see what, for what. Reference tables.
create table institution (
  code      text collate "C" primary key,
  name_zh   text not null,
  name_en   text not null,
  kind      text not null check (kind in ('BANK', 'GUARANTEE', 'MICROLOAN', 'FACTORING', 'LEASING', 'APPRAISAL')),
  active    boolean not null
);
create table agreement (
  institution   text collate "C" not null references institution (code),
  id            text collate "C" not null,
  purposes      text[] not null,
  highest_grade smallint not null check (highest_grade between 1 and 4),
  valid_from    timestamptz not null,
  valid_until   timestamptz not null,
  primary key (institution, id)
);
comment on column agreement.highest_grade is 'Items above this grade are not given under the agreement.';
create table access_grant (
  institution text collate "C" not null references institution (code),
  id          text collate "C" not null,
  purposes    text[] not null,
  scope       text[] not null,
  effect      text not null check (effect in ('CLEAR', 'MASKED')),
  valid_from  timestamptz not null,
  valid_until timestamptz not null,
  primary key (institution, id)
);
comment on column access_grant.scope is 'Domains, category codes or item codes; * is everything.';
create table consent (
  uscc          text collate "C" not null,
  id            text collate "C" not null,
  institution   text collate "C" not null references institution (code),
  purposes      text[] not null,
  scope         text[] not null,
  personal      text not null check (personal in ('CLEAR', 'MASKED')),
  valid_from    timestamptz not null,
  valid_until   timestamptz not null,
  withdrawn_at  timestamptz,
  evidence_hash text not null,
  primary key (uscc, id)
);
comment on column consent.personal is 'Whether the enterprise lets personal data go out clear.';
comment on column consent.evidence_hash is 'SHA-256 of the signed authorisation.';
create table policy_version (
  version bigint primary key,
  author  text not null,
  reason  text not null,
  time    timestamptz not null
);
-- Raised by every change of what an institution may see; the statement that makes an audit entry durable returns it,
-- so that no answer leaves under a policy that has been narrowed meanwhile.
create table policy_epoch (
  institution text collate "C" primary key,
  epoch       bigint not null
);
comment on column policy_epoch.institution is 'Institution code; * for changes that concern all.';
insert into policy_epoch values ('*', 1);

create table audit_entry (
  sequence    bigint generated always as identity primary key,
  id          text collate "C" not null unique,
  time        timestamptz not null,
  institution text collate "C",
  entry       text not null,
  leaf_hash   bytea not null check (length(leaf_hash) = 32)
);
comment on table audit_entry is 'Append-only. entry is canonical JSON (RFC 8785), leaf_hash its RFC 6962 leaf hash.';
create index audit_entry_of_institution on audit_entry (institution, sequence desc);

grant select on category, record, enterprise, institution, agreement, access_grant, consent, policy_version, policy_epoch to zone_gateway;
grant select, insert on audit_entry to zone_gateway;
grant select, insert, update on category, record, enterprise to zone_delivery;
grant select, insert on delivery, quarantine to zone_delivery;
do $$ begin execute format('grant temporary on database %I to zone_delivery', current_database()); end $$;
grant select on category, delivery, institution, agreement, access_grant, consent, policy_version, policy_epoch, audit_entry to zone_console;
