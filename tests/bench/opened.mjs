// What a bench needs beside records: consents of all, and an allowance that is not used up.

/** The bench measures reading under permit and audit, so every firm consents, and no allowance is used up. */
export async function openToAll(owner, usccs) {
  await owner.query({
    text: `insert into consent (uscc, id, institution, purposes, scope, personal, valid_from, valid_until, evidence_hash)
           select uscc, 'bench', 'bank-01', '{PRE_LOAN_REVIEW}', '{*}', 'CLEAR', now() - interval '1 day', now() + interval '1 year', repeat('0', 64) from unnest($1::text[]) uscc`,
    values: [usccs],
  });
  await owner.query({ text: 'delete from consent where institution = $1 and id <> $2', values: ['bank-01', 'bench'] });
  await owner.query({
    text: `insert into allowance (institution, purpose, version, cost_per_minute, enterprises_a_day, at_once)
           select 'bank-01', 'PRE_LOAN_REVIEW', max(version), 100000000, 100000000, 10000 from policy_version`,
  });
}
