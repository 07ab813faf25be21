-- Up Migration
-- The embedded issuer of tokens: its clients, the accounts of staff, and what it must remember between two requests. None of
-- it can be read by the role that serves, so that whoever breaks out of a query finds neither key nor password.
do $$
begin
  create role zone_issuer nologin;
exception when duplicate_object or unique_violation then null; -- roles belong to the server, not to this database
end $$;
do $$ begin execute format('grant zone_issuer to current_user'); end $$;
grant usage on schema public to zone_issuer;

create table issuer_client (
  client        text collate "C" primary key check (client ~ '^[a-z0-9][a-z0-9.-]{0,63}$'),
  institution   text collate "C" references institution (code),
  audience      text not null check (audience in ('sandbox', 'production')),
  jwks          jsonb,
  redirect_uris text[] not null default '{}',
  certificate   text,
  active        boolean not null default true,
  created_at    timestamptz not null default now(),
  changed_at    timestamptz not null default now(),
  check (institution is null or (jwks is not null and redirect_uris = '{}')),
  check (institution is not null or redirect_uris <> '{}')
);
comment on table issuer_client is 'Systems of institutions, which sign in by a key of their own, and consoles, which staff sign in through.';
comment on column issuer_client.institution is 'Whom the system acts for; null for a console.';
comment on column issuer_client.jwks is 'Public keys that client assertions are signed with.';
comment on column issuer_client.certificate is 'SHA-256 thumbprint (base64url) of the only certificate that the client may use; null: it proves a key by DPoP.';

create table staff (
  login      text collate "C" primary key check (login ~ '^[a-z0-9][a-z0-9.-]{0,63}$'),
  name_zh    text not null,
  name_en    text not null,
  roles      text[] not null check (cardinality(roles) > 0 and roles <@ array['GOVERNANCE_OFFICER', 'AUDITOR', 'PROVIDER_STEWARD', 'DASHBOARD_READER']),
  provider   text,
  password   text not null,
  active     boolean not null default true,
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now()
);
comment on column staff.password is 'scrypt with its parameters and salt; the password itself is nowhere.';
comment on column staff.provider is 'Whose data a provider steward answers for.';

create table sign_in_failure (
  login    text collate "C" primary key,
  failures integer not null,
  last_at  timestamptz not null
);
comment on table sign_in_failure is 'Passwords that did not fit, also of accounts that do not exist; gone after a sign-in or a day.';

create table issuer_state (
  model       text collate "C" not null,
  id          text collate "C" not null,
  payload     jsonb not null,
  grant_id    text collate "C",
  uid         text collate "C",
  consumed_at timestamptz,
  expires_at  timestamptz not null,
  primary key (model, id)
);
comment on table issuer_state is 'Codes, sessions and interactions under way.';
create index issuer_state_of_grant on issuer_state (grant_id) where grant_id is not null;
create index issuer_state_of_uid on issuer_state (uid) where uid is not null;
create index issuer_state_expiry on issuer_state (expires_at);

create table used_once (
  kind       text collate "C" not null,
  id         text collate "C" not null,
  expires_at timestamptz not null,
  primary key (kind, id)
);
comment on table used_once is 'Assertions and proofs that were used: none is taken twice, by no process and not after a restart.';
create index used_once_expiry on used_once (expires_at);

grant select, insert, update on issuer_client, staff to zone_issuer;
grant select, insert, update, delete on sign_in_failure, issuer_state, used_once to zone_issuer;
