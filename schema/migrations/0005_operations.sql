-- Up Migration
-- Operations that an institution registered: content by its hash, so a row is never changed, only inserted or deleted.
create table registered_operation (
  institution   text collate "C" not null references institution (code),
  hash          text collate "C" not null check (hash ~ '^[0-9a-f]{64}$'),
  name          text not null,
  document      text not null,
  registered_at timestamptz not null default now(),
  registered_by text not null,
  primary key (institution, hash)
);
comment on table registered_operation is 'Documents an institution may send by their hash; on the safelist it may send no others.';
comment on column registered_operation.hash is 'SHA-256 (hex) of the document as registered.';
grant select on registered_operation to zone_gateway, zone_governance, zone_console;
grant insert, delete on registered_operation to zone_governance;
