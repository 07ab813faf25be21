-- Up Migration
-- Whoever verifies the log reads what is verified and says what came of it, and nothing else: a role that could change the
-- log could make what it is to find.
do $$ begin create role zone_verifier nologin; exception when duplicate_object or unique_violation then null; end $$;
do $$ begin execute format('grant zone_verifier to current_user'); end $$;
do $$ begin execute format('grant temporary on database %I to zone_verifier', current_database()); end $$;
grant usage on schema public to zone_verifier;
grant select on audit_entry, audit_tile, audit_block, audit_checkpoint to zone_verifier;
grant select on audit_archive, audit_archive_step, audit_archived_month to zone_verifier;
grant select on audit_subject, audit_subject_item to zone_verifier;
grant insert on audit_verification to zone_verifier;
