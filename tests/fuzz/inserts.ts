/** How rows of a policy are written, each table from one list. */
export const INSERTS = {
  residence: `insert into residence (institution, version, active) select institution, version, active
    from json_to_recordset($1) as r(institution text, version bigint, active boolean)`,
  agreement: `insert into agreement (institution, id, version, purposes, highest_grade, valid_from, valid_until, ended)
    select institution, id, version, purposes, "highestGrade", "validFrom", "validUntil", ended
    from json_to_recordset($1) as r(institution text, id text, version bigint, purposes text[], "highestGrade" smallint, "validFrom" timestamptz, "validUntil" timestamptz, ended boolean)`,
  access_grant: `insert into access_grant (institution, institution_kind, id, version, purposes, scope, effect, valid_from, valid_until, revoked)
    select institution, "institutionKind", id, version, purposes, scope, effect, "validFrom", "validUntil", revoked
    from json_to_recordset($1) as r(institution text, "institutionKind" text, id text, version bigint, purposes text[], scope text[], effect text, "validFrom" timestamptz, "validUntil" timestamptz, revoked boolean)`,
  item_setting: `insert into item_setting (item, version, grade, sharing, in_force_from) select item, version, grade, sharing, "inForceFrom"
    from json_to_recordset($1) as r(item text, version bigint, grade smallint, sharing text, "inForceFrom" date)`,
  consent: `insert into consent (uscc, id, institution, revision, purposes, scope, struck, personal, valid_from, valid_until, withdrawn_at, evidence_hash)
    select uscc, id, institution, revision, purposes, scope, struck, personal, "validFrom", "validUntil", "withdrawnAt", "evidenceHash"
    from json_to_recordset($1) as r(uscc text, id text, institution text, revision integer, purposes text[], scope text[], struck text[], personal text, "validFrom" timestamptz, "validUntil" timestamptz, "withdrawnAt" timestamptz, "evidenceHash" text)`,
};
