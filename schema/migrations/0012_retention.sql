-- Up Migration
-- Retention: months of the log move into files, and come back from them. Whoever keeps the archive has a role of its own; that
-- a month is over, sealed, of no hold, and that its every row is the leaf that the tree has is checked here, in functions of the
-- owner. What they cannot see is the file: that it is there and holds what was recorded is what that role says, at least a
-- transaction before the drop and in an entry of the log; the rows that a month is dropped with are then those that were signed.
do $$ begin create role zone_keeper nologin; exception when duplicate_object or unique_violation then null; end $$;
do $$ begin execute format('grant zone_keeper to current_user'); end $$;
grant usage on schema public to zone_keeper;
grant select on audit_entry, audit_tile, audit_block, audit_checkpoint, audit_key to zone_keeper;
grant execute on function append_audit_within to zone_keeper;

create table audit_archive (
  number         bigint generated always as identity primary key,
  month          date not null check (extract(day from month) = 1),
  file           text not null unique,
  sha256         bytea not null check (length(sha256) = 32),
  entries        bigint not null check (entries > 0),
  first_leaf     bigint not null,
  last_leaf      bigint not null,
  first_sequence bigint not null,
  last_sequence  bigint not null,
  places         bytea not null check (length(places) = 32),
  checkpoint     text not null,
  written_at     timestamptz not null default now(),
  written_by     text not null,
  entry          text collate "C" not null
);
comment on table audit_archive is 'Append-only: files that hold a month of the log. A later file of a month holds all that earlier ones do.';
comment on column audit_archive.places is 'Digest over place and leaf hash of each entry, see audit_places_digest.';
create table audit_archive_step (
  number  bigint generated always as identity primary key,
  archive bigint not null references audit_archive,
  step    text not null check (step in ('DROPPED', 'RESTORED')),
  at      timestamptz not null default now(),
  by_whom text not null,
  entry   text collate "C" not null
);
comment on table audit_archive_step is 'Append-only: when a month left the database, and when it came back.';
-- Of a block that stands in several months, what left: the others keep their leaves.
create table audit_archived_edge (
  sequence bigint primary key,
  block    bigint not null
);
create index audit_archived_edge_block on audit_archived_edge (block, sequence);

create table audit_hold (
  id          text collate "C" primary key,
  kind        text not null check (kind in ('INSTITUTION', 'ENTERPRISE', 'CASE', 'MONTHS')),
  subject     text check ((subject is null) = (kind = 'MONTHS')),
  first_month date check (extract(day from first_month) = 1),
  last_month  date check (extract(day from last_month) = 1),
  reason      text not null check (length(reason) between 1 and 1000),
  placed_by   text not null,
  placed_at   timestamptz not null default now(),
  entry       text collate "C" not null,
  check (kind <> 'MONTHS' or (first_month is not null and last_month is not null)),
  check (first_month <= last_month)
);
comment on table audit_hold is 'Append-only: legal holds. A month with an entry that a hold concerns is not dropped.';
create table audit_hold_release (
  hold        text collate "C" primary key references audit_hold,
  reason      text not null check (length(reason) between 1 and 1000),
  released_by text not null,
  released_at timestamptz not null default now(),
  entry       text collate "C" not null
);
grant select, insert on audit_hold, audit_hold_release to zone_keeper;
grant select on audit_archive, audit_archive_step, audit_archived_edge to zone_keeper;
grant select on audit_archive, audit_archive_step, audit_archived_edge, audit_hold, audit_hold_release to zone_gateway, zone_governance, zone_console, zone_sequencer;

-- The last word on each month that has been archived.
create view audit_archived_month as
  select distinct on (a.month) a.month, a.number as archive, a.file, coalesce(s.step, 'WRITTEN') as state, coalesce(s.at, a.written_at) as since
  from audit_archive a left join audit_archive_step s on s.archive = a.number
  order by a.month, a.number desc, s.number desc;
grant select on audit_archived_month to zone_keeper, zone_gateway, zone_governance, zone_console, zone_sequencer;

create function audit_month_bounds(month date, out first_id text, out beyond text) language sql immutable strict as $$
  select least_audit_id(month::timestamp at time zone 'Asia/Shanghai'), least_audit_id((month + interval '1 month') at time zone 'Asia/Shanghai')
$$;

/* Months in the database, as their partitions say. */
create function audit_months() returns table (month date, place text) language sql stable as $$
  select to_date(substr(c.relname, 13), 'YYYY_MM'), c.relname::text
  from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where i.inhparent = 'audit_entry'::regclass and c.relname ~ '^audit_entry_\d{4}_\d{2}$'
  order by 1
$$;

-- A leaf's number from its entry's place, whatever has left the database meanwhile; null where it is not in the tree yet.
create function audit_leaf_of(place bigint) returns bigint language sql stable strict as $$
  select b.block * 256
    + (select count(*) from audit_entry e where e.sequence >= b.first_sequence and e.sequence < place)
    + (select count(*) from audit_archived_edge g where g.block = b.block and g.sequence < place)
  from audit_block b where b.first_sequence <= place and b.last_sequence >= place
  order by b.first_sequence desc limit 1
$$;

/* In two steps, so that a month of any size stays below what a value may hold. */
create function audit_places_digest(place regclass, out entries bigint, out digest bytea) language plpgsql stable as $$
begin
  execute format(
    'select coalesce(sum(n), 0)::bigint, sha256(coalesce(string_agg(d, '''' order by part), '''')) from (
       select sequence >> 16 as part, count(*) as n, sha256(string_agg(int8send(sequence) || leaf_hash, '''' order by sequence)) as d
       from %s group by 1) parts', place) into entries, digest;
end $$;

/*
 * Whether every row of a month is what it says of itself: its hash that of its text, and its columns those that its text names.
 * Then a digest over hashes is one over texts, too.
 */
create function audit_rows_true(place regclass) returns boolean language plpgsql stable as $$
declare forged boolean;
begin
  execute format(
    'select exists (select from %s r where leaf_hash <> sha256(''\x00''::bytea || convert_to(r.entry, ''UTF8''))
       or id is distinct from r.entry::jsonb ->> ''id'' or time is distinct from (r.entry::jsonb ->> ''time'')::timestamptz
       or institution is distinct from r.entry::jsonb ->> ''institution'')', place) into forged;
  return not forged;
end $$;

/* Whether the rows of a month are, by hash and by text, the leaves that the tiles have at their places. */
create function audit_rows_sealed(place regclass) returns boolean language plpgsql stable as $$
declare strange boolean;
begin
  execute format(
    'with placed as (
       select r.sequence, r.leaf_hash, r.leaf_hash = sha256(''\x00''::bytea || convert_to(r.entry, ''UTF8'')) as own, b.block, b.entries,
         count(*) over (partition by b.block) as present, row_number() over (partition by b.block order by r.sequence) - 1 as rank
       from %s r left join lateral (select block, entries from audit_block
         where first_sequence <= r.sequence and last_sequence >= r.sequence order by first_sequence desc limit 1) b on true
     ), leaves as (
       -- Of a block that other months have part in, the place tells.
       select leaf_hash, own, case when present = entries then block * 256 + rank else audit_leaf_of(sequence) end as leaf from placed
     )
     select exists (select from leaves left join audit_tile t on t.level = 0 and t.tile = leaf / 256
       where own is not true or t.hashes is null or substr(t.hashes, (leaf %% 256)::int * 32 + 1, 32) <> leaf_hash)', place) into strange;
  return not strange;
end $$;

/*
 * Records a file that holds a month. Its numbers are made again from the rows that the file is said to hold; a file of which
 * they do not come out is not recorded, so that no drop can rest on it.
 */
create function record_audit_archive(month date, file text, sha256 bytea, entries bigint, first_leaf bigint, last_leaf bigint, first_sequence bigint,
  last_sequence bigint, places bytea, checkpoint text, written_by text, entry text) returns bigint
language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  part    text := 'audit_entry_' || to_char(month, 'YYYY_MM');
  present record;
  edges   record;
  made    bigint;
begin
  if not exists (select from audit_months() m where m.place = part) then return null; end if;
  select * into present from audit_places_digest(part::regclass);
  if present.entries <> entries or present.digest <> places then return null; end if;
  execute format('select min(sequence) as first, max(sequence) as last from %I', part) into edges;
  if edges.first <> first_sequence or edges.last <> last_sequence or audit_leaf_of(edges.first) is distinct from first_leaf
    or audit_leaf_of(edges.last) is distinct from last_leaf then return null; end if;
  -- A checkpoint that was signed for a tree which holds the month.
  if not exists (select from audit_checkpoint c where c.note = checkpoint and c.size > last_leaf) then return null; end if;
  insert into audit_archive (month, file, sha256, entries, first_leaf, last_leaf, first_sequence, last_sequence, places, checkpoint, written_by, entry)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) returning number into made;
  return made;
end $$;

/* Holds that are not released and concern the month. What names the subject anywhere is concerned: rather too much is kept. */
create function audit_holds_on(month date, place regclass) returns setof text language plpgsql stable as $$
declare
  hold   record;
  found_one boolean;
begin
  for hold in
    select h.id, h.kind, case h.kind when 'CASE' then '"caseNumber":' else '' end || to_json(h.subject)::text as words from audit_hold h
    where (h.first_month is null or h.first_month <= month) and (h.last_month is null or h.last_month >= month)
      and not exists (select from audit_hold_release r where r.hold = h.id)
  loop
    found_one := hold.kind = 'MONTHS';
    if not found_one then
      execute format('select exists (select from %s where strpos(entry, $1) > 0)', place) into found_one using hold.words;
    end if;
    if found_one then return next hold.id; end if;
  end loop;
end $$;

/*
 * Drops a month that a file holds: all of it is in the tree, the file has each entry at its place, and no hold concerns it.
 * Appends wait for at most the lock's limit; where others are in the way it is tried again, and BUSY said in the end.
 */
create function drop_audit_month(archive bigint, by_whom text, entry_id text, entry_time timestamptz, entry text, hash bytea) returns text
language plpgsql volatile security definer set search_path = public, pg_temp set lock_timeout = '150ms' as $$
declare
  kept     audit_archive;
  part     text;
  present  record;
  attempts integer := 0;
begin
  perform pg_advisory_xact_lock(7203171);
  select * into kept from audit_archive a where a.number = $1;
  if not found then return 'UNKNOWN'; end if;
  -- The newest file of the month counts, and no other.
  if exists (select from audit_archive a where a.month = kept.month and a.number > kept.number) then return 'UNKNOWN'; end if;
  part := 'audit_entry_' || to_char(kept.month, 'YYYY_MM');
  if not exists (select from audit_months() m where m.place = part) then return 'GONE'; end if;
  if (kept.month + interval '1 month' + interval '1 day') at time zone 'Asia/Shanghai' > now() then return 'UNSEALED'; end if;
  -- From here on nothing is added to this month.
  begin
    -- Long enough for a vacuum to give way, which nobody who appends now waits for.
    perform set_config('lock_timeout', '5s', true);
    execute format('lock table %I in share mode', part);
    perform set_config('lock_timeout', '150ms', true);
  exception when lock_not_available then return 'BUSY';
  end;
  execute format('select exists (select from %I where sequence > (select coalesce(max(last_sequence), 0) from audit_checkpoint)) as late', part) into present;
  if present.late then return 'UNSEALED'; end if;
  if exists (select from audit_holds_on(kept.month, part::regclass)) then return 'HELD'; end if;
  select * into present from audit_places_digest(part::regclass);
  if present.entries <> kept.entries or present.digest <> kept.places then return 'CHANGED'; end if;
  -- Recorded and dropped at once could be undone at once, unseen.
  if exists (select from audit_archive a where a.number = kept.number and a.xmin = pg_current_xact_id()::xid) then return 'UNKNOWN'; end if;
  if not audit_rows_sealed(part::regclass) then return 'CHANGED'; end if;
  execute format(
    'insert into audit_archived_edge (sequence, block)
       select e.sequence, b.block from audit_block b join %1$I e on e.sequence between b.first_sequence and b.last_sequence
       where b.last_sequence >= $1 and b.first_sequence <= $2
         and (b.entries < 256 or b.entries > (select count(*) from %1$I i where i.sequence between b.first_sequence and b.last_sequence))
     on conflict do nothing', part) using kept.first_sequence, kept.last_sequence;
  loop
    begin
      execute format('alter table audit_entry detach partition %I', part);
      execute format('drop table %I', part);
      exit;
    exception when lock_not_available then
      attempts := attempts + 1;
      if attempts = 40 then raise; end if;
      perform pg_sleep(0.1 + random() * 0.2);
    end;
  end loop;
  perform append_audit_within(entry_id, entry_time, null, entry, hash);
  insert into audit_archive_step (archive, step, by_whom, entry) values (kept.number, 'DROPPED', $2, entry_id);
  return 'DROPPED';
end $$;

/* An empty table for a month that is to come back; what a killed attempt left is made anew. */
create function begin_audit_restore(archive bigint) returns text
language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  kept  audit_archive;
  draft text;
begin
  select * into kept from audit_archive a where a.number = $1;
  if not found or not exists (select from audit_archived_month m where m.archive = $1 and m.state = 'DROPPED') then return null; end if;
  draft := 'audit_restoring_' || to_char(kept.month, 'YYYY_MM');
  execute format('drop table if exists %I', draft);
  execute format('create table %I (like audit_entry including all)', draft);
  execute format('alter table %I add constraint of_its_month check (id >= %L and id < %L)', draft,
    (audit_month_bounds(kept.month)).first_id, (audit_month_bounds(kept.month)).beyond);
  execute format('grant select, insert on %I to zone_keeper', draft);
  return draft;
end $$;

/* Takes a month in again whose every entry is what the archive says it was. */
create function attach_audit_month(archive bigint, by_whom text, entry_id text, entry_time timestamptz, entry text, hash bytea) returns text
language plpgsql volatile security definer set search_path = public, pg_temp set lock_timeout = '2s' as $$
declare
  kept    audit_archive;
  draft   text;
  part    text;
  present record;
begin
  perform pg_advisory_xact_lock(7203171);
  select * into kept from audit_archive a where a.number = $1;
  if not found or not exists (select from audit_archived_month m where m.archive = $1 and m.state = 'DROPPED') then return 'UNKNOWN'; end if;
  draft := 'audit_restoring_' || to_char(kept.month, 'YYYY_MM');
  part := 'audit_entry_' || to_char(kept.month, 'YYYY_MM');
  if to_regclass(draft) is null then return 'UNKNOWN'; end if;
  if to_regclass(part) is not null then return 'PRESENT'; end if;
  execute format('lock table %I in access exclusive mode', draft);
  select * into present from audit_places_digest(draft::regclass);
  if present.entries <> kept.entries or present.digest <> kept.places then return 'CHANGED'; end if;
  if not audit_rows_true(draft::regclass) then return 'CHANGED'; end if;
  execute format('revoke all on %I from zone_keeper', draft);
  execute format('alter table %I rename to %I', draft, part);
  -- What came late, with an id of a month that had gone, belongs to it.
  execute format('with late as (delete from audit_entry_other where id >= $1 and id < $2 returning *) insert into %I select * from late', part)
    using (audit_month_bounds(kept.month)).first_id, (audit_month_bounds(kept.month)).beyond;
  execute format('alter table audit_entry attach partition %I for values from (%L) to (%L)', part,
    (audit_month_bounds(kept.month)).first_id, (audit_month_bounds(kept.month)).beyond);
  execute format('alter table %I drop constraint of_its_month', part);
  execute format('delete from audit_archived_edge where sequence in (select sequence from %I)', part);
  perform append_audit_within(entry_id, entry_time, null, entry, hash);
  insert into audit_archive_step (archive, step, by_whom, entry) values (kept.number, 'RESTORED', $2, entry_id);
  return 'RESTORED';
end $$;

/* What stands in a month and keeps it there; for whoever looks before acting. */
create function audit_month_state(month date, out entries bigint, out last_sequence bigint, out holds text[]) language plpgsql stable
security definer set search_path = public, pg_temp as $$
declare part text := 'audit_entry_' || to_char(month, 'YYYY_MM');
begin
  if to_regclass(part) is null then return; end if;
  execute format('select count(*), max(sequence) from %I', part) into entries, last_sequence;
  select array_agg(h) into holds from audit_holds_on(month, part::regclass) h;
end $$;
revoke execute on function record_audit_archive, audit_rows_true, audit_rows_sealed, drop_audit_month, begin_audit_restore, attach_audit_month, audit_month_state, audit_places_digest, audit_holds_on from public;
grant execute on function record_audit_archive, drop_audit_month, begin_audit_restore, attach_audit_month, audit_month_state to zone_keeper;
