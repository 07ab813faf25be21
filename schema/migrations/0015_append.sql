-- Up Migration
-- Whoever appends waits until the entry lies on disk, whatever a session, a role or the database has as its default: a commit
-- that is not waited for could be lost after its answer has left. Stricter settings stay as they are.
create or replace function append_audit(ids text[], times timestamptz[], institutions text[], entries text[], hashes bytea[])
returns table (institution text, epoch bigint) language plpgsql volatile security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'on', true);
  end if;
  perform pg_advisory_xact_lock_shared(7203160);
  insert into audit_entry (id, time, institution, entry, leaf_hash) select * from unnest(ids, times, institutions, entries, hashes);
  return query select e.institution, e.epoch from policy_epoch e;
end $$;
create or replace function append_audit_within(id text, "time" timestamptz, institution text, entry text, hash bytea) returns void
language plpgsql volatile security definer set search_path = public, pg_temp as $$
begin
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'on', true);
  end if;
  perform pg_advisory_xact_lock_shared(7203161);
  insert into audit_entry values (default, $1, $2, $3, $4, $5);
end $$;

-- A process that does not hold the owner's login looks whether the owner has migrated.
grant select on migration to zone_gateway;
