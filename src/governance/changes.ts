/**
 * How policy changes: what narrows takes effect at once, what widens what anyone sees waits for a second officer. Every
 * change becomes a version; nothing is edited in place. All functions run inside a transaction that holds the policy.
 */
import canonicalize from 'canonicalize';
import { changed, concernedBy, type Policy, type PolicyChange } from '../access/policy.js';
import type { Catalogue } from '../catalogue/model.js';
import { LOCKS } from '../locks.js';
import type { Client } from '../postgres.js';
import { faultsOf } from './checks.js';
import type { Done } from './desk.js';
import { readPolicy } from './policies.js';
import { type UserError, userError } from './userErrors.js';
import { widensAnything } from './widening.js';

export interface Making {
  readonly catalogue: Catalogue;
  readonly now: Date;
  readonly newId: () => string;
}
/** Who wants what, and why. */
export interface Wanted {
  readonly changes: readonly PolicyChange[];
  readonly author: string;
  readonly reason: string;
}
export type Enacted =
  | { readonly state: 'APPLIED'; readonly version: number; readonly proposal: string | null }
  /** It widens: nothing is changed before another officer approves. */
  | { readonly state: 'PROPOSED'; readonly version: null; readonly proposal: string };

/** The policy in force, held until the transaction ends, so that changes are made one after another. */
export async function holdPolicy(client: Client): Promise<Policy> {
  await client.query('select pg_advisory_xact_lock($1)', [LOCKS.POLICY]);
  const policy = await readPolicy(client);
  if (!policy) throw new Error('the database has no policy version');
  return policy;
}

export async function enact(client: Client, policy: Policy, wanted: Wanted, making: Making): Promise<Done<Enacted>> {
  const errors = allFaults(policy, wanted.changes, making);
  if (errors.length > 0) return { ok: false, errors };
  const institutions = concernedBy(policy, wanted.changes);
  const after = changed(policy, wanted.changes);
  if (await widensAnything({ before: policy, after, changes: wanted.changes }, { ...making, rest })) {
    const id = making.newId();
    await client.query(
      'insert into policy_proposal (id, change, author, reason, proposed_at, policy_version, institutions) values ($1, $2, $3, $4, $5, $6, $7)',
      [id, canonicalize(wanted.changes), wanted.author, wanted.reason, making.now, policy.version, institutions],
    );
    return { ok: true, result: { state: 'PROPOSED', version: null, proposal: id }, raises: [], change: { proposal: id, institutions, detail: wanted.changes } };
  }
  return writeVersion(client, policy, { ...wanted, approver: null, proposal: null }, making);
}

interface Proposal extends Wanted {
  readonly id: string;
  /** Policy about the same institutions has changed since: what was weighed is no longer what would come. */
  readonly void: boolean;
}

/** The second officer's word. @returns POLICY_MOVED where what was proposed does not fit the policy any more. */
export async function decideProposal(
  client: Client,
  { proposal, officer, reason, approve }: { proposal: string; officer: string; reason: string; approve: boolean },
  making: Making,
): Promise<Done<Enacted | { state: 'DECLINED'; version: null; proposal: string }>> {
  const policy = await holdPolicy(client);
  const found = await openProposal(client, proposal);
  if ('code' in found) return { ok: false, errors: [found] };
  if (approve && found.author === officer) return { ok: false, errors: [userError('proposal', 'SAME_OFFICER')] };
  const decision = 'insert into policy_proposal_decision (proposal, approved, officer, reason, decided_at, version) values ($1, $2, $3, $4, $5, $6)';
  if (!approve) {
    await client.query(decision, [proposal, false, officer, reason, making.now, null]);
    return { ok: true, result: { state: 'DECLINED', version: null, proposal }, raises: [], change: { proposal } };
  }
  const errors = found.void ? [] : allFaults(policy, found.changes, making);
  if (found.void || errors.length > 0) return { ok: false, errors: [userError('proposal', 'POLICY_MOVED'), ...errors] };
  const written = await writeVersion(client, policy, { ...found, approver: officer, proposal }, making);
  if (written.ok) await client.query(decision, [proposal, true, officer, reason, making.now, written.result.version]);
  return written;
}

async function openProposal(client: Client, id: string): Promise<Proposal | UserError> {
  const { rows } = await client.query<{ change: string; author: string; reason: string; approved: boolean | null; void: boolean }>(
    `select p.change, p.author, p.reason, approved, exists (
        select from policy_version v where v.version > p.policy_version and (v.institutions && p.institutions or '*' = any(v.institutions || p.institutions))) as void
     from policy_proposal p left join policy_proposal_decision d on d.proposal = p.id where p.id = $1`,
    [id],
  );
  const [row] = rows;
  if (!row) return userError('proposal', 'UNKNOWN');
  if (row.approved !== null) return userError('proposal', 'ALREADY_DECIDED');
  return { id, changes: JSON.parse(row.change) as PolicyChange[], author: row.author, reason: row.reason, void: row.void };
}

/** Everything that is wrong with changes, each on the policy as the ones before it leave it. */
export function allFaults(policy: Policy, changes: readonly PolicyChange[], making: Pick<Making, 'catalogue' | 'now'>): UserError[] {
  let before = policy;
  return changes.flatMap((change) => {
    const faults = faultsOf(before, change, making);
    if (faults.length === 0) before = changed(before, [change]);
    return faults;
  });
}

async function writeVersion(
  client: Client,
  policy: Policy,
  { changes, author, approver, reason, proposal }: Wanted & { approver: string | null; proposal: string | null },
  { now }: Making,
): Promise<Done<Extract<Enacted, { state: 'APPLIED' }>>> {
  const version = policy.version + 1;
  const institutions = concernedBy(policy, changes);
  const concerned = institutions.length === policy.residents.size ? ['*'] : institutions;
  await client.query('insert into policy_version (version, author, approver, reason, time, change, institutions) values ($1, $2, $3, $4, $5, $6, $7)', [
    version,
    author,
    approver,
    reason,
    now,
    canonicalize(changes),
    concerned,
  ]);
  let before = policy;
  for (const change of changes) {
    await writeRow(client, before, change, { version, approver, reason });
    before = changed(before, [change]);
  }
  return {
    ok: true,
    result: { state: 'APPLIED', version, proposal },
    raises: concerned,
    change: { policyVersion: version, institutions: concerned, detail: changes, ...(proposal ? { proposal } : {}) },
  };
}

async function writeRow(
  client: Client,
  policy: Policy,
  change: PolicyChange,
  { version, approver, reason }: { version: number; approver: string | null; reason: string },
): Promise<void> {
  switch (change.change) {
    case 'GRANT_ACCESS':
    case 'REVOKE_GRANT': {
      const revoked = change.change === 'REVOKE_GRANT';
      const grant = change.change === 'GRANT_ACCESS' ? change : policy.grants.find(({ id }) => id === change.id);
      if (!grant) throw new Error('a change that was checked names no grant');
      const { id, institution, institutionKind, purposes, scope, effect, validFrom, validUntil } = grant;
      await client.query(
        `insert into access_grant (id, version, institution, institution_kind, purposes, scope, effect, valid_from, valid_until, revoked, reason, approver)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
        [id, version, institution, institutionKind, purposes, scope, effect, validFrom, validUntil, revoked, reason, approver],
      );
      return;
    }
    case 'CONCLUDE_AGREEMENT':
    case 'END_AGREEMENT': {
      const isMeant = ({ institution, id }: { institution: string; id: string }) => institution === change.institution && id === change.id;
      const agreement = change.change === 'CONCLUDE_AGREEMENT' ? change : policy.agreements.find(isMeant);
      if (!agreement) throw new Error('a change that was checked names no agreement');
      const { institution, id, purposes, highestGrade, validFrom, validUntil } = agreement;
      await client.query(
        'insert into agreement (institution, id, version, purposes, highest_grade, valid_from, valid_until, ended) values ($1, $2, $3, $4, $5, $6, $7, $8)',
        [institution, id, version, purposes, highestGrade, validFrom, validUntil, change.change === 'END_AGREEMENT'],
      );
      return;
    }
    case 'SET_ITEM':
      await client.query('insert into item_setting (item, version, grade, sharing, in_force_from) values ($1, $2, $3, $4, $5)', [
        change.item,
        version,
        change.grade,
        change.sharing,
        change.inForceFrom,
      ]);
      return;
    case 'SET_RESIDENCE': {
      const resident = changed(policy, [change]).residents.get(change.institution);
      await client.query('insert into residence (institution, version, active, safelist) values ($1, $2, $3, $4)', [
        change.institution,
        version,
        resident?.active,
        resident?.safelist,
      ]);
      return;
    }
    case 'SET_ALLOWANCE':
      await client.query('insert into allowance (institution, purpose, version, cost_per_minute, enterprises_a_day, at_once) values ($1, $2, $3, $4, $5, $6)', [
        change.institution,
        change.purpose,
        version,
        change.costPerMinute,
        change.enterprisesADay,
        change.atOnce,
      ]);
      return;
    case 'DELAY_DISCLOSURE':
    case 'END_DISCLOSURE_DELAY': {
      const ended = change.change === 'END_DISCLOSURE_DELAY';
      const delay = change.change === 'DELAY_DISCLOSURE' ? change : policy.delays.find(({ id }) => id === change.id);
      if (!delay) throw new Error('a change that was checked names no delay');
      const { id, institution, purpose, caseNumber, days } = delay;
      await client.query(
        `insert into disclosure_delay (id, version, institution, purpose, case_number, days, ended, reason, approver)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
        [id, version, institution, purpose, caseNumber, days, ended, reason, approver],
      );
    }
  }
}

/** Lets other requests be answered between two steps of a long comparison. */
function rest(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
