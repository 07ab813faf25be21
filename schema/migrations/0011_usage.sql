-- Up Migration
-- Who uses what, kept while entries are put into the tree. Everything is a count that is only ever added to (or taken from, when
-- an answer turns out to have been thrown away), so that it always equals a recount of the entries in the tree.

-- What came out of one enterprise in one answer: a bank asks the same few documents of thousands of enterprises, so there are few shapes.
create table usage_shape (
  shape    uuid not null,
  category text collate "C" not null,
  item     text collate "C" not null,
  outcome  text collate "C" not null,
  primary key (shape, category, item)
);
comment on column usage_shape.shape is 'The first 16 bytes of the SHA-256 over its rows: the same content has the same name wherever it is made.';
comment on column usage_shape.item is 'Name within the category; empty where nothing but the provenance was asked.';
comment on column usage_shape.outcome is 'CLEAR, MASKED, or the reason of the denial.';

create table usage_count (
  day         date not null,
  institution text collate "C" not null,
  purpose     text collate "C" not null,
  shape       uuid not null,
  times       bigint not null,
  primary key (day, institution, purpose, shape)
);
comment on table usage_count is 'How often a shape went out, enterprise by enterprise. Days are those of Beijing.';
create table usage_enterprise (
  uscc        text collate "C" not null,
  day         date not null,
  institution text collate "C" not null,
  purpose     text collate "C" not null,
  shape       uuid not null,
  times       integer not null,
  primary key (uscc, day, institution, purpose, shape)
) with (fillfactor = 85);
comment on table usage_enterprise is 'The same, by enterprise: different enterprises cannot be added up from day to day.';
-- Rows come in the order of days, so a span is found from a tiny index.
create index usage_enterprise_day on usage_enterprise using brin (day) with (pages_per_range = 16, autosummarize = on);

create table usage_request (
  day            date not null,
  institution    text collate "C" not null,
  purpose        text collate "C" not null,
  policy_version bigint not null,
  requests       bigint not null,
  refused        bigint not null,
  memory         bigint not null,
  redis          bigint not null,
  postgres       bigint not null,
  primary key (day, institution, purpose, policy_version)
);
comment on column usage_request.requests is 'Answers about records; refused: requests about records that were given nothing.';
comment on column usage_request.memory is 'Records that answers took from the memory of a process; redis, postgres: from there.';
create table usage_consent (
  uscc        text collate "C" not null,
  consent     text collate "C" not null,
  day         date not null,
  institution text collate "C" not null,
  purpose     text collate "C" not null,
  times       integer not null,
  primary key (uscc, consent, day, institution, purpose)
);
comment on table usage_consent is 'How many answers rested on a consent; its id is unique within its enterprise.';
create index usage_consent_day on usage_consent using brin (day) with (pages_per_range = 16, autosummarize = on);

grant select, insert, update on usage_shape, usage_count, usage_enterprise, usage_request, usage_consent to zone_sequencer;
grant select on usage_shape, usage_count, usage_enterprise, usage_request, usage_consent to zone_governance, zone_console;
