-- Up Migration
-- How witnesses of checkpoints fare, as told by whoever sequences: so that every gateway can tell it.
create table audit_witness (
  name    text collate "C" primary key check (name in ('file', 'url')),
  state   text not null check (state in ('WELL', 'AWAY', 'REFUSED')),
  size    bigint,
  told_at timestamptz,
  seen_at timestamptz not null,
  problem text
);
comment on column audit_witness.size is 'Of the newest checkpoint that it took.';
comment on column audit_witness.told_at is 'When it took that one.';
comment on column audit_witness.seen_at is 'When it was last offered one; long ago where it is configured no more.';
grant select, insert, update on audit_witness to zone_sequencer;
grant select on audit_witness to zone_gateway, zone_governance, zone_console;
