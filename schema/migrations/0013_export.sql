-- Up Migration
-- Exports of the trail, as the sequencer signed them: what was given out is known by its digest.
create table audit_export (
  export    text collate "C" primary key,
  entry     text collate "C" not null,
  leaf      bigint not null,
  rows      bigint not null,
  bytes     bigint not null,
  sha256    bytea not null check (length(sha256) = 32),
  note      text not null,
  signed_at timestamptz not null
);
comment on table audit_export is 'Append-only. export is the id of the entry that began it, entry that of the one that ended it; note is a signed note.';
grant select, insert on audit_export to zone_sequencer;
grant select on audit_export to zone_gateway, zone_governance, zone_console;
