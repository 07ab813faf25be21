-- Up Migration
-- A signed authorisation is registered once: what the enterprise has withdrawn or struck since does not come back with the
-- same paper. What consented by hand of the same hash before is left as it was.
create index consent_by_evidence on consent (uscc, institution, evidence_hash) where revision = 1;

-- What a proposal was made on: a second officer approves what was weighed, or nothing.
alter table policy_proposal add column policy_version bigint not null default 0, add column institutions text[] not null default '{*}';
comment on column policy_proposal.policy_version is 'The version it was proposed on; a later one that concerns the same institutions makes it void.';

-- Which answer was thrown away for which: few entries, found without looking through the log.
create index audit_entry_supersedes on audit_entry (substring(entry from '"supersedes":"([0-9a-f-]{36})"')) where entry like '%"supersedes":"%';
