-- Up Migration
-- The log as evidence. Entries lie in a partition a month; a Merkle tree over them (RFC 6962) grows beside them and is signed.
-- Whoever sequences has a role of its own: it reads entries and writes the tree, and the roles that serve write no tree.
do $$ begin create role zone_sequencer nologin; exception when duplicate_object or unique_violation then null; end $$;
do $$ begin execute format('grant zone_sequencer to current_user'); end $$;
grant usage on schema public to zone_sequencer;

-- Ids of entries begin with their time (UUID version 7), so a range of ids is a range of time, and ids stay unique in all.
create function least_audit_id(moment timestamptz) returns text language sql immutable strict as $$
  select substr(hex, 1, 8) || '-' || substr(hex, 9, 4) || '-0000-0000-000000000000'
  from (select lpad(to_hex((extract(epoch from moment) * 1000)::bigint), 12, '0') as hex) as written
$$;

alter table audit_entry rename to audit_entry_unparted;
drop index audit_entry_of_institution, audit_entry_supersedes;
alter table audit_entry_unparted rename constraint audit_entry_pkey to audit_entry_unparted_pkey;
alter table audit_entry_unparted rename constraint audit_entry_id_key to audit_entry_unparted_id_key;
create sequence audit_place as bigint;
create table audit_entry (
  sequence    bigint not null default nextval('audit_place'),
  id          text collate "C" not null primary key,
  time        timestamptz not null,
  institution text collate "C",
  entry       text not null,
  leaf_hash   bytea not null check (length(leaf_hash) = 32)
) partition by range (id);
comment on table audit_entry is 'Append-only. entry is canonical JSON (RFC 8785), leaf_hash its RFC 6962 leaf hash; a partition is a month in Beijing.';
comment on column audit_entry.sequence is 'Place given by the database; the tree holds the entries in this order, gaps left out.';
create index audit_entry_place on audit_entry (sequence);
create index audit_entry_of_institution on audit_entry (institution, sequence desc);
create index audit_entry_supersedes on audit_entry (substring(entry from '"supersedes":"([0-9a-f-]{36})"')) where entry like '%"supersedes":"%';
-- What has an id of no month, as after a jump of a clock, is kept all the same.
create table audit_entry_other partition of audit_entry default;

create function create_audit_months(since timestamptz, until timestamptz) returns integer language plpgsql security definer set search_path = public, pg_temp as $$
declare
  month  timestamp := date_trunc('month', since at time zone 'Asia/Shanghai');
  name   text;
  first  text;
  beyond text;
  made   integer := 0;
begin
  perform pg_advisory_xact_lock(7203163);
  while month at time zone 'Asia/Shanghai' < until loop
    name := 'audit_entry_' || to_char(month, 'YYYY_MM');
    if to_regclass(name) is null then
      first := least_audit_id(month at time zone 'Asia/Shanghai');
      beyond := least_audit_id((month + interval '1 month') at time zone 'Asia/Shanghai');
      -- What came before its month had a place, as with an id of the future, moves into it; nothing is added to either meanwhile.
      lock table only audit_entry in share update exclusive mode;
      lock table audit_entry_other in access exclusive mode;
      execute format('create table %I (like audit_entry including all)', name);
      execute format('with early as (delete from audit_entry_other where id >= $1 and id < $2 returning *) insert into %I select * from early', name)
        using first, beyond;
      execute format('alter table audit_entry attach partition %I for values from (%L) to (%L)', name, first, beyond);
      made := made + 1;
    end if;
    month := month + interval '1 month';
  end loop;
  return made;
end $$;
comment on function create_audit_months is 'Partitions for entries between two times; to be called well ahead of them.';
revoke execute on function create_audit_months from public;
grant execute on function create_audit_months to zone_sequencer;
select create_audit_months(least(coalesce((select min(time) from audit_entry_unparted), now()), now()), now() + interval '70 days');

insert into audit_entry (sequence, id, time, institution, entry, leaf_hash)
  select sequence, id, time, institution, entry, leaf_hash from audit_entry_unparted order by sequence;
select setval('audit_place', greatest((select max(sequence) from audit_entry), 1), exists (select from audit_entry));
drop table audit_entry_unparted;

-- Entries come in through functions alone, each of which holds a lock until it has ended: whoever has seen all holders of a
-- moment go knows that no place below the ones given until then will be filled any more.
create or replace function append_audit(ids text[], times timestamptz[], institutions text[], entries text[], hashes bytea[])
returns table (institution text, epoch bigint) language plpgsql volatile security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  perform pg_advisory_xact_lock_shared(7203160);
  insert into audit_entry (id, time, institution, entry, leaf_hash) select * from unnest(ids, times, institutions, entries, hashes);
  return query select e.institution, e.epoch from policy_epoch e;
end $$;
create function append_audit_within(id text, "time" timestamptz, institution text, entry text, hash bytea) returns void
language plpgsql volatile security definer set search_path = public, pg_temp as $$
begin
  perform pg_advisory_xact_lock_shared(7203161);
  insert into audit_entry values (default, $1, $2, $3, $4, $5);
end $$;
comment on function append_audit_within is 'An entry in the transaction of what it tells; its lock is not that of epochs, which such a transaction may take alone later.';
revoke execute on function append_audit_within from public;
grant execute on function append_audit_within to zone_governance;
grant select on audit_entry to zone_gateway, zone_governance, zone_console, zone_sequencer;
grant select on audit_place to zone_sequencer;

-- The tree in tiles of 256 hashes (C2SP tlog-tiles): level 0 holds leaf hashes, level n roots of full tiles of level n - 1.
create table audit_tile (
  level  smallint not null,
  tile   bigint not null,
  hashes bytea not null check (length(hashes) between 32 and 8192 and length(hashes) % 32 = 0),
  primary key (level, tile)
);
-- Which entries stand in a tile of level 0.
create table audit_block (
  block          bigint primary key,
  first_sequence bigint not null unique,
  last_sequence  bigint not null,
  entries        smallint not null,
  first_time     timestamptz not null,
  last_time      timestamptz not null
);
comment on column audit_block.first_time is 'The earliest time of an entry in it; times may run backwards a little.';
create index audit_block_time on audit_block (last_time);
create table audit_key (
  key_id     text collate "C" primary key,
  verifier   text not null,
  since      timestamptz not null,
  retired_at timestamptz
);
comment on table audit_key is 'Verifier keys (C2SP signed note) as published; whoever verifies trusts keys that it was given, not these.';
create table audit_checkpoint (
  number        bigint generated always as identity primary key,
  size          bigint not null,
  time          timestamptz not null,
  last_sequence bigint not null,
  root          bytea not null check (length(root) = 32),
  note          text not null
);
comment on table audit_checkpoint is 'Append-only. note is a C2SP signed note; the other columns say the same for searching.';
create index audit_checkpoint_size on audit_checkpoint (size, number);

grant select, insert, update on audit_tile, audit_block to zone_sequencer;
grant select, insert on audit_checkpoint to zone_sequencer;
grant select, insert, update on audit_key to zone_sequencer;
grant select on audit_tile, audit_block, audit_checkpoint, audit_key to zone_gateway, zone_governance, zone_console;
