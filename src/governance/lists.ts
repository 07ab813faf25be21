/** What has been handed in, as lists: proposals, access requests, consents. Newest first, paged by id, which is a UUIDv7. */
import type { PolicyChange } from '../access/policy.js';
import type { Client } from '../postgres.js';
import type { InstitutionId, Purpose, Uscc } from '../terms.js';

export interface Page {
  readonly first: number;
  /** Id of the last entry before; null: from the newest. */
  readonly after: string | null;
}
export interface Listed<T> {
  readonly nodes: readonly T[];
  readonly hasNextPage: boolean;
}

export const PROPOSAL_STATES = ['OPEN', 'APPROVED', 'DECLINED'] as const;
export interface ListedProposal {
  readonly id: string;
  readonly state: (typeof PROPOSAL_STATES)[number];
  readonly changes: readonly PolicyChange[];
  readonly author: string;
  readonly reason: string;
  readonly proposedAt: Date;
  readonly officer: string | null;
  readonly decision: string | null;
  readonly decidedAt: Date | null;
  readonly version: number | null;
}

type Queryable = Pick<Client, 'query'>;

export async function listProposals(
  client: Queryable,
  page: Page,
  { state, id }: { state: string | null; id: string | null },
): Promise<Listed<ListedProposal>> {
  const { rows } = await client.query<Omit<ListedProposal, 'changes'> & { change: string }>({
    name: 'proposals',
    text: `select * from (
        select p.id, case when d.approved is null then 'OPEN' when d.approved then 'APPROVED' else 'DECLINED' end as state, p.change, p.author, p.reason,
          p.proposed_at as "proposedAt", d.officer, d.reason as decision, d.decided_at as "decidedAt", d.version
        from policy_proposal p left join policy_proposal_decision d on d.proposal = p.id) p
      where id < coalesce($1, '~') and state = coalesce($2, state) and id = coalesce($3, id) order by id desc limit $4`,
    values: [page.after, state, id, page.first + 1],
  });
  return listed(rows, page, ({ change, ...rest }) => ({ ...rest, changes: JSON.parse(change) as PolicyChange[] }));
}

export const REQUEST_STATES = ['FILED', 'AWAITING_SECOND_OFFICER', 'GRANTED', 'DECLINED'] as const;
export interface ListedRequest {
  readonly id: string;
  readonly institution: InstitutionId;
  readonly client: string;
  readonly state: (typeof REQUEST_STATES)[number];
  readonly purposes: readonly Purpose[];
  readonly scope: readonly string[];
  readonly effect: 'CLEAR' | 'MASKED';
  readonly validUntil: Date;
  readonly justification: string;
  readonly filedAt: Date;
  readonly officer: string | null;
  readonly decision: string | null;
  readonly decidedAt: Date | null;
  readonly approvedScope: readonly string[] | null;
  readonly proposal: string | null;
}

export async function listRequests(
  client: Queryable,
  page: Page,
  { institution, state, id }: { institution: string | null; state: string | null; id: string | null },
): Promise<Listed<ListedRequest>> {
  const { rows } = await client.query<ListedRequest>({
    name: 'access requests',
    text: `select * from (
        select r.id, r.institution, r.client, r.purposes, r.scope, r.effect, r.valid_until as "validUntil", r.justification, r.filed_at as "filedAt",
          d.officer, coalesce(e.reason, d.reason) as decision, coalesce(e.decided_at, d.decided_at) as "decidedAt",
          case when d.approved then d.scope end as "approvedScope", d.proposal,
          case when d.approved is null then 'FILED' when not d.approved or e.approved = false then 'DECLINED'
            when d.version is not null or e.approved then 'GRANTED' else 'AWAITING_SECOND_OFFICER' end as state
        from access_request r left join access_request_decision d on d.request = r.id left join policy_proposal_decision e on e.proposal = d.proposal
        where r.institution = coalesce($1, r.institution)) r
      where id < coalesce($2, '~') and state = coalesce($3, state) and id = coalesce($4, id) order by id desc limit $5`,
    values: [institution, page.after, state, id, page.first + 1],
  });
  return listed(rows, page, (row) => row);
}

export const CONSENT_STATES = ['COMING', 'IN_FORCE', 'EXPIRED', 'WITHDRAWN'] as const;
export interface ListedConsent {
  readonly uscc: Uscc;
  readonly id: string;
  readonly institution: InstitutionId;
  readonly purposes: readonly Purpose[];
  readonly scope: readonly string[];
  readonly struck: readonly string[];
  readonly personal: 'CLEAR' | 'MASKED';
  readonly validFrom: Date;
  readonly validUntil: Date;
  readonly withdrawnAt: Date | null;
  readonly origin: 'INSTITUTION' | 'ENTERPRISE';
  readonly evidenceHash: string | null;
  readonly evidenceReference: string | null;
  readonly revision: number;
}

/** Consents of one enterprise, as they stand; ids are its own, so they are paged within it. */
export async function listConsents(
  client: Queryable,
  page: Page,
  { uscc, institution, id }: { uscc: Uscc; institution: string | null; id: string | null },
): Promise<Listed<ListedConsent>> {
  const { rows } = await client.query<ListedConsent>({
    name: 'consents',
    text: `select distinct on (id) uscc, id, institution, purposes, scope, struck, personal, valid_from as "validFrom", valid_until as "validUntil",
        withdrawn_at as "withdrawnAt", origin, evidence_hash as "evidenceHash", evidence_reference as "evidenceReference", revision
      from consent where uscc = $1 and institution = coalesce($2, institution) and id < coalesce($3, '~') and id = coalesce($4, id)
      order by id desc, revision desc limit $5`,
    values: [uscc, institution, page.after, id, page.first + 1],
  });
  return listed(rows, page, (row) => row);
}

export function consentStateAt({ validFrom, validUntil, withdrawnAt }: ListedConsent, time: Date): (typeof CONSENT_STATES)[number] {
  if (withdrawnAt !== null) return 'WITHDRAWN';
  if (time < validFrom) return 'COMING';
  return time < validUntil ? 'IN_FORCE' : 'EXPIRED';
}

function listed<Row, T>(rows: readonly Row[], { first }: Page, node: (row: Row) => T): Listed<T> {
  return { nodes: rows.slice(0, first).map(node), hasNextPage: rows.length > first };
}
