-- Up Migration
-- Names are found through pairs of adjacent characters and single ones, each with the codes of who has it, in the order in which
-- a search tells them: it stops at the end of the page, where an inverted index gathers and sorts everything that holds a frequent
-- character. Individuals' businesses are never found by name and are not in here. No primary key: whoever names an enterprise
-- takes the old ones away first, and a key would be a second index as large as this one.
create table enterprise_gram (
  gram text collate "C" not null,
  uscc text collate "C" not null
);
comment on table enterprise_gram is 'What a name is found by: every element of enterprise.grams. Lies with its enterprise.';
insert into enterprise_gram select unnest(grams), uscc from enterprise where uscc not like '92%' order by 1, 2;
create index enterprise_gram_found on enterprise_gram (gram, uscc);
drop index enterprise_grams;
comment on column enterprise.grams is 'Single characters and pairs of the name: those under which it stands in enterprise_gram.';
grant select on enterprise_gram to zone_gateway;
grant select, insert, delete on enterprise_gram to zone_delivery;

-- A large synthetic zone is filled in many transactions. While a row stands here the zone is not whole, no policy is in force, and
-- nobody serves it or delivers into it.
create table seeding (
  reason  text primary key,
  version bigint not null
);
comment on column seeding.version is 'The policy version that the zone gets when it is whole.';
create table seeding_chunk (
  number     integer primary key,
  records    integer[] not null,
  consents   integer not null,
  characters bigint not null
);
comment on table seeding_chunk is 'What is in already, by the transaction that brought it; records by category, in the order of the catalogue.';
grant select on seeding to zone_gateway, zone_delivery;
