-- Up Migration
-- The place of an entry is given by the database alone: a role that may write the sequence could take places in advance.
revoke insert on audit_entry from zone_gateway;
grant insert (id, time, institution, entry, leaf_hash) on audit_entry to zone_gateway;
