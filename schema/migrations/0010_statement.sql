-- Up Migration
-- Who read what of an enterprise: a chain of items for each enterprise, and a tree over all chains whose root every
-- checkpoint carries, so that a statement can prove that it leaves nothing out and names nobody else.
create table audit_subject (
  uscc    text collate "C" primary key,
  prefix  integer not null,
  count   bigint not null check (count > 0),
  latest  integer not null,
  head    bytea not null check (length(head) = 32)
);
comment on table audit_subject is 'Enterprises that entries name as read: how long the chain is and how it ends.';
comment on column audit_subject.prefix is 'The first 24 bits of the SHA-256 of the code: where its leaf lies in the tree.';
comment on column audit_subject.latest is 'The latest day (UTC, since 1970) of an item so far.';
create index audit_subject_prefix on audit_subject (prefix);

-- An item says nothing itself: what an entry says of the enterprise is made from the entry whenever it is asked, so that a
-- batch of a hundred does not stand in the database a hundred times.
create table audit_subject_item (
  uscc         text collate "C" not null,
  ordinal      bigint not null,
  time         timestamptz not null,
  latest       integer not null,
  place        bigint not null,
  extract_hash bytea not null check (length(extract_hash) = 32),
  head         bytea not null check (length(head) = 32),
  supersedes   text collate "C",
  primary key (uscc, ordinal) include (time)
);
comment on column audit_subject_item.place is 'The sequence of its entry.';
comment on column audit_subject_item.extract_hash is 'SHA-256 of what the entry says of this enterprise alone, as canonical JSON; see src/audit/extract.ts.';
comment on column audit_subject_item.head is 'The chain up to and with this item.';
create index audit_subject_item_supersedes on audit_subject_item (uscc, supersedes) where supersedes is not null;

-- The upper 24 levels of the tree, four levels a row: the nodes at depth + 4 that are not empty, in order.
create table audit_subject_tile (
  depth   smallint not null check (depth in (0, 4, 8, 12, 16, 20)),
  prefix  integer not null,
  present integer not null check (present between 1 and 65535),
  hashes  bytea not null check (length(hashes) between 32 and 512 and length(hashes) % 32 = 0),
  primary key (depth, prefix)
);
comment on column audit_subject_tile.present is 'Which of its 16 nodes there are, the first by the lowest bit.';
create table audit_subject_root (
  whole       boolean primary key default true check (whole),
  enterprises bigint not null,
  root        bytea not null check (length(root) = 32)
);

-- What is told later to those concerned, as while an investigation runs. Versioned like all policy.
create table disclosure_delay (
  id          text collate "C" not null,
  version     bigint not null references policy_version (version),
  institution text collate "C" references institution (code),
  purpose     text,
  case_number text,
  days        integer not null check (days between 1 and 730),
  ended       boolean not null,
  reason      text not null,
  approver    text,
  primary key (id, version),
  check (num_nonnulls(institution, purpose, case_number) > 0)
);
comment on table disclosure_delay is 'Reads of this institution, purpose and case (null: any) are told to the enterprise so many days later.';

grant select, insert, update on audit_subject, audit_subject_tile, audit_subject_root to zone_sequencer;
grant select, insert on audit_subject_item to zone_sequencer;
grant select on audit_subject, audit_subject_item, audit_subject_tile, audit_subject_root to zone_gateway, zone_governance, zone_console;
grant select, insert on disclosure_delay to zone_governance;
grant select on disclosure_delay to zone_gateway, zone_console;
