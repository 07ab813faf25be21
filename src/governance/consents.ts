/**
 * Consents are the enterprise's. Registered by the institution with the hash of what was signed, or given by the
 * enterprise itself; afterwards only narrowed: categories struck, or the whole withdrawn, at once.
 */

import { LOCKS } from '../locks.js';
import type { Client } from '../postgres.js';
import type { InstitutionId, Purpose, Uscc } from '../terms.js';
import type { Making } from './changes.js';
import { purposeFaults, scopeFaults, termFaults, textFaults } from './checks.js';
import type { Done } from './desk.js';
import { type UserError, userError } from './userErrors.js';

export const LONGEST_CONSENT_YEARS = 2;
const HASH_FORM = /^[0-9a-f]{64}$/;
/** There are no more categories than this. */
const MOST_STRUCK = 300;

export interface ConsentTerms {
  readonly institution: InstitutionId;
  readonly uscc: Uscc;
  readonly purposes: readonly Purpose[];
  readonly scope: readonly string[];
  readonly struck: readonly string[];
  readonly personal: 'CLEAR' | 'MASKED';
  /** ISO 8601; from now on where null. */
  readonly validFrom: string | null;
  readonly validUntil: string;
  /** SHA-256 of the signed authorisation and where it is kept; null where the enterprise itself acts. */
  readonly evidence: { readonly hash: string; readonly reference: string } | null;
}

/** Writes a consent down; `evidence` tells whether the institution registers it or the enterprise gives it. */
export async function recordConsent(client: Client, terms: ConsentTerms, { catalogue, now, newId }: Making): Promise<Done<{ uscc: Uscc; consent: string }>> {
  const { institution, uscc, purposes, scope, struck, personal, validUntil, evidence } = terms;
  const validFrom = terms.validFrom ?? now.toISOString();
  // The same paper handed in twice at once is handed in one after the other.
  if (evidence)
    await client.query(`select pg_advisory_xact_lock(hashtextextended($1, ${LOCKS.CONSENT_EVIDENCE}))`, [`${uscc} ${institution} ${evidence.hash}`]);
  const { rows: known } = await client.query('select from consent where uscc = $1 and institution = $2 and evidence_hash = $3 and revision = 1', [
    uscc,
    institution,
    evidence?.hash ?? null,
  ]);
  const { rows: residents } = await client.query('select from institution where code = $1', [institution]);
  const { rows: enterprises } = await client.query('select from enterprise where uscc = $1', [uscc]);
  const errors = [
    ...(residents.length === 0 ? [userError('input.institution', 'UNKNOWN')] : []),
    ...(enterprises.length === 0 ? [userError('input.uscc', 'UNKNOWN')] : []),
    ...purposeFaults(purposes, 'input.purposes'),
    ...scopeFaults(scope, catalogue, 'input.scope', { items: false }),
    ...struck.filter((code) => !catalogue.category(code)).map((code) => userError('input.struck', 'UNKNOWN', code.slice(0, 100))),
    ...termFaults({ validFrom, validUntil }, now, LONGEST_CONSENT_YEARS, 'input'),
    ...(evidence === null ? [] : evidenceFaults(evidence)),
    ...(known.length > 0 ? [userError('input.evidenceHash', 'EVIDENCE_USED')] : []),
    ...(struck.length > MOST_STRUCK ? [userError('input.struck', 'TOO_LONG', `> ${MOST_STRUCK}`)] : []),
  ];
  if (errors.length > 0) return { ok: false, errors };
  const id = newId();
  await client.query(
    `insert into consent (uscc, id, institution, purposes, scope, struck, personal, valid_from, valid_until, origin, evidence_hash, evidence_reference)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    [
      uscc,
      id,
      institution,
      purposes,
      scope,
      struck,
      personal,
      validFrom,
      validUntil,
      evidence ? 'INSTITUTION' : 'ENTERPRISE',
      evidence?.hash ?? null,
      evidence?.reference ?? null,
    ],
  );
  return {
    ok: true,
    result: { uscc, consent: id },
    raises: [institution],
    change: { consent: id, enterprise: uscc, institutions: [institution], detail: terms },
  };
}

function evidenceFaults({ hash, reference }: { readonly hash: string; readonly reference: string }): UserError[] {
  return [...(HASH_FORM.test(hash) ? [] : [userError('input.evidenceHash', 'NOT_A_HASH')]), ...textFaults(reference, 'input.evidenceReference', 200)];
}

/** Whose consent may be narrowed by the caller: its own, as enterprise or as the institution it was given to. */
export type Party = { readonly uscc: Uscc; readonly institution: null } | { readonly uscc: Uscc; readonly institution: InstitutionId };

export function withdrawConsent(client: Client, party: Party, consent: string): Promise<Done<{ uscc: Uscc; consent: string }>> {
  return narrowConsent(client, party, consent, () => ({ withdrawn: true, struck: null }), {});
}

export function strikeCategories(
  client: Client,
  party: Party,
  consent: string,
  categories: readonly string[],
  { catalogue }: Pick<Making, 'catalogue'>,
): Promise<Done<{ uscc: Uscc; consent: string }>> {
  const errors = [
    ...(categories.length === 0 ? [userError('categories', 'EMPTY')] : []),
    ...categories.filter((code) => !catalogue.category(code)).map((code) => userError('categories', 'UNKNOWN', code.slice(0, 100))),
  ];
  const strike = (already: readonly string[]) => {
    const struck = [...new Set([...already, ...categories])];
    if (errors.length > 0) return errors;
    return struck.length === already.length ? [userError('categories', 'NOTHING_CHANGES')] : { withdrawn: false, struck };
  };
  return narrowConsent(client, party, consent, strike, { struck: categories });
}

type Narrowing = { readonly withdrawn: boolean; readonly struck: readonly string[] | null };

async function narrowConsent(
  client: Client,
  { uscc, institution }: Party,
  consent: string,
  narrow: (struck: readonly string[]) => Narrowing | UserError[],
  detail: object,
): Promise<Done<{ uscc: Uscc; consent: string }>> {
  // Two who narrow the same consent at once do so one after the other.
  await client.query(`select pg_advisory_xact_lock(hashtextextended($1, ${LOCKS.CONSENT}))`, [`${uscc} ${consent}`]);
  const { rows } = await client.query<{ institution: InstitutionId; revision: number; struck: string[]; withdrawn: boolean }>(
    `select institution, revision, struck, withdrawn_at is not null as withdrawn from consent
     where uscc = $1 and id = $2 and institution = coalesce($3, institution) order by revision desc limit 1`,
    [uscc, consent, institution],
  );
  const [row] = rows;
  if (!row) return { ok: false, errors: [userError('consent', 'UNKNOWN')] };
  if (row.withdrawn) return { ok: false, errors: [userError('consent', 'NOTHING_CHANGES')] };
  const narrowing = narrow(row.struck);
  if (Array.isArray(narrowing)) return { ok: false, errors: narrowing };
  const { withdrawn, struck } = narrowing as Narrowing;
  await client.query(
    `insert into consent (uscc, id, institution, purposes, scope, personal, valid_from, valid_until, origin, evidence_hash, evidence_reference, revision, struck, withdrawn_at)
     select uscc, id, institution, purposes, scope, personal, valid_from, valid_until, origin, evidence_hash, evidence_reference, revision + 1,
       coalesce($4, struck), case when $5 then now() end
     from consent where uscc = $1 and id = $2 and revision = $3`,
    [uscc, consent, row.revision, struck, withdrawn],
  );
  return {
    ok: true,
    result: { uscc, consent },
    raises: [row.institution],
    change: { consent, enterprise: uscc, institutions: [row.institution], ...(Object.keys(detail).length > 0 ? { detail } : {}) },
  };
}
