/** What governance holds, brought into the shape of its GraphQL types; used by queries and by the answers of mutations. */
import { actorOf } from '../access/inquiry.js';
import { endingBy, type Policy, type PolicyChange, type Resident } from '../access/policy.js';
import { Fault } from '../faults.js';
import { consentStateAt, type Listed } from '../governance/lists.js';
import type { PolicyVersion } from '../governance/policies.js';
import type { Uscc } from '../terms.js';
import type {
  AccessRequestType,
  ConsentType,
  GrantEntry,
  InstitutionPolicy,
  PageOf,
  PolicyChangeEntry,
  PolicyVersionType,
  ProposalType,
} from './governanceTypes.js';
import type { Journey } from './journey.js';

/** Grants that end within this many days are announced. */
export const ANNOUNCED_DAYS = 30;
const DAY_MS = 86_400_000;
const LONGEST_PAGE = 100;

export interface AskedPage {
  readonly first: number;
  readonly after?: string | null | undefined;
}

/** @throws Fault INVALID_PAGE */
export function pageOf({ first, after = null }: AskedPage): { first: number; after: string | null } {
  if (first < 1 || first > LONGEST_PAGE) throw new Fault('INVALID_PAGE', { detail: `first: 1 - ${LONGEST_PAGE}` });
  if (after !== null && !/^[\x21-\x7d]{1,64}$/.test(after)) throw new Fault('INVALID_PAGE', { detail: 'after' });
  return { first, after };
}

export async function proposalPage(
  { parts }: Journey,
  page: AskedPage,
  { state = null, id = null }: { state?: string | null; id?: string | null },
): Promise<PageOf<ProposalType>> {
  return paged(await parts.governance.proposals(pageOf(page), { state, id }), (proposal) => ({ ...proposal, changes: proposal.changes.map(changeEntry) }));
}

/** Of an institution its own; of an officer everybody's. */
export async function requestPage(
  { parts, start: { caller } }: Journey,
  page: AskedPage,
  { state = null, id = null, institution = null }: { state?: string | null; id?: string | null; institution?: string | null },
): Promise<PageOf<AccessRequestType>> {
  const of = caller.kind === 'INSTITUTION' ? caller.institution : caller.kind === 'STAFF' ? institution : actorOf(caller);
  const found = await parts.governance.requests(pageOf(page), { institution: of, state, id });
  // Who decided is the platform's own affair; a login that many know is one that many try.
  return paged(found, (request) => (caller.kind === 'STAFF' ? request : { ...request, officer: null, proposal: null }));
}

/** Of an institution what was given to it; of an enterprise its own; of an officer all. */
export async function consentPage(
  { parts, start: { caller } }: Journey,
  page: AskedPage,
  { uscc, id = null }: { uscc: Uscc; id?: string | null },
): Promise<PageOf<ConsentType>> {
  const institution = caller.kind === 'INSTITUTION' ? caller.institution : null;
  const found = await parts.governance.consents(pageOf(page), { uscc: caller.kind === 'ENTERPRISE' ? caller.enterprise : uscc, institution, id });
  return paged(found, (consent) => ({ ...consent, state: consentStateAt(consent, parts.now()) }));
}

function paged<T, N extends { readonly id: string }>({ nodes, hasNextPage }: Listed<T>, node: (item: T) => N): PageOf<N> {
  const shown = nodes.map(node);
  return { nodes: shown, pageInfo: { hasNextPage, endCursor: shown.at(-1)?.id ?? null } };
}

export function versionEntry({ changes, ...version }: PolicyVersion): PolicyVersionType {
  return { ...version, changes: changes.map(changeEntry) };
}

function changeEntry({ change, ...detail }: PolicyChange): PolicyChangeEntry {
  return { change, detail: JSON.stringify(detail) };
}

export function institutionPolicy(policy: Policy, { institution, kind, name, active, safelist }: Resident, now: Date): InstitutionPolicy {
  const holds = (grant: GrantEntry) => grant.institution === institution || grant.institutionKind === kind;
  return {
    institution,
    kind,
    name,
    active,
    safelist,
    agreements: policy.agreements.filter((agreement) => agreement.institution === institution),
    grants: policy.grants.filter(holds),
    allowances: policy.allowances.filter((allowance) => allowance.institution === institution),
    endingGrants: endingSoon(policy, now).filter(holds),
  };
}

export function endingSoon(policy: Policy, now: Date, days: number = ANNOUNCED_DAYS): readonly GrantEntry[] {
  return endingBy(policy, now, new Date(now.getTime() + days * DAY_MS));
}
