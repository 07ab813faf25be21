-- Up Migration
-- Search over the log: for each thing that may be looked for, which leaves of a block have it. A segment is 65,536 leaves:
-- what is added goes to the newest segment's part of the index, which stays small whatever the log has grown to. Most rows
-- tell of one leaf, so a row is kept short: facets are hashes, and few leaves are a list.
create table audit_posting (
  facet   bigint not null,
  segment integer not null,
  block   integer not null,
  places  bytea not null check (length(places) between 1 and 32),
  primary key (segment, facet, block)
);
comment on table audit_posting is 'Follows from audit_entry; it narrows a search, and the entry itself decides. No command makes it anew, and audit verify does not read it.';
comment on column audit_posting.facet is 'First 8 bytes of the SHA-256 of kind and value, such as e:91110000802100433B; see src/audit/facets.ts.';
comment on column audit_posting.places is '32 bytes: a bit for each leaf of the block, the first for its first; fewer: a byte for each leaf that has it.';
-- Pages that all can see are read from the index alone; the last block is updated as it fills.
alter table audit_posting set (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);
grant select, insert, update on audit_posting to zone_sequencer;
grant select on audit_posting to zone_gateway, zone_governance, zone_console;
