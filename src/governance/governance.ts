/**
 * Governance: the life cycle of policy, requests and consents. Promises: policy is only ever added to, one version a change;
 * what widens waits for a second officer; a change and its audit entry are durable together. Never reads a record.
 */
import type { EnterpriseCaller, InstitutionCaller } from '../access/inquiry.js';
import { changed, concernedBy, type Policy, type PolicyChange } from '../access/policy.js';
import type { Catalogue } from '../catalogue/model.js';
import { Fault } from '../faults.js';
import type { Postgres } from '../postgres.js';
import type { InstitutionId, Uscc } from '../terms.js';
import { allFaults, decideProposal, type Enacted, enact, holdPolicy, type Making } from './changes.js';
import { textFaults } from './checks.js';
import { type ConsentTerms, type Party, recordConsent, strikeCategories, withdrawConsent } from './consents.js';
import { type Done, type Handed, type Handled, handIn } from './desk.js';
import { listConsents, listProposals, listRequests } from './lists.js';
import { type PolicyVersion, readPolicy, readVersions } from './policies.js';
import { type AccessAsked, type Approval, approveRequest, declineRequest, fileRequest } from './requests.js';
import type { UserError } from './userErrors.js';

/** A change that somebody hands in; `officer` and `author` are actors by `actorOf`. */
export type Act =
  | { readonly act: 'CHANGE_POLICY'; readonly changes: readonly PolicyChange[]; readonly author: string; readonly reason: string }
  | { readonly act: 'DECIDE_PROPOSAL'; readonly proposal: string; readonly officer: string; readonly reason: string; readonly approve: boolean }
  | { readonly act: 'REQUEST_ACCESS'; readonly by: InstitutionCaller; readonly asked: AccessAsked }
  | { readonly act: 'APPROVE_REQUEST'; readonly officer: string; readonly approval: Approval }
  | { readonly act: 'DECLINE_REQUEST'; readonly officer: string; readonly request: string; readonly reason: string }
  | { readonly act: 'RECORD_CONSENT'; readonly terms: ConsentTerms }
  | { readonly act: 'STRIKE_CATEGORIES'; readonly party: Party; readonly consent: string; readonly categories: readonly string[] }
  | { readonly act: 'WITHDRAW_CONSENT'; readonly party: Party; readonly consent: string };

/** Where the result of an act is found again; which of them are set depends on the act. */
export interface Result {
  readonly state?: Enacted['state'] | 'DECLINED';
  readonly version?: number | null;
  readonly proposal?: string | null;
  readonly request?: string;
  readonly uscc?: Uscc;
  readonly consent?: string;
  /** Operations registered or removed. */
  readonly operations?: number;
  /** A case as it was reported. */
  readonly case?: { readonly caseNumber: string; readonly uscc: Uscc; readonly state: string; readonly revision: number; readonly reportedAt: string };
}

export type Draft =
  | { readonly ok: true; readonly before: Policy; readonly after: Policy; readonly institutions: readonly InstitutionId[] }
  | { readonly ok: false; readonly errors: readonly UserError[] };

export interface Governance {
  /** A function does what this room knows nothing of. @throws Fault ZONE_UNAVAILABLE; what is wrong with the act itself is told as user errors. */
  handIn(handed: Omit<Handed<Result>, 'act'>, act: Act | Handed<Result>['act']): Promise<Handled<Result>>;
  /** The policy of a version, the latest where none is named. @throws Fault BAD_USER_INPUT where there is no such version */
  policy(version?: number | null): Promise<Policy>;
  /** The policy in force and what it would be; nothing is written. */
  draft(changes: readonly PolicyChange[]): Promise<Draft>;
  versions(page: { first: number; before: number | null }): Promise<PolicyVersion[]>;
  proposals: Lister<typeof listProposals>;
  requests: Lister<typeof listRequests>;
  consents: Lister<typeof listConsents>;
}
type Lister<F> = F extends (client: never, ...rest: infer Rest) => infer R ? (...rest: Rest) => R : never;

export interface GovernanceParts {
  readonly postgres: Postgres;
  /** Connections of its own for what only looks. */
  readonly reading: Postgres;
  readonly catalogue: Catalogue;
  readonly now: () => Date;
  readonly newId: () => string;
}

export function openGovernance({ postgres, reading: overseeing, catalogue, now, newId }: GovernanceParts): Governance {
  const reading = <T>(work: Parameters<typeof overseeing.withClient<T>>[0]) => overseeing.withClient(work);
  return {
    handIn: (handed, act) =>
      handIn(postgres, { ...handed, act: typeof act === 'function' ? act : (client) => perform(client, act, { catalogue, now: now(), newId }) }),
    async policy(version = null) {
      const found = await reading((client) => readPolicy(client, version));
      if (!found || (version !== null && found.version !== version)) throw new Fault('BAD_USER_INPUT', { detail: 'version' });
      return found;
    },
    async draft(changes) {
      const before = await this.policy();
      const errors = allFaults(before, changes, { catalogue, now: now() });
      if (errors.length > 0) return { ok: false, errors };
      return { ok: true, before, after: changed(before, changes), institutions: concernedBy(before, changes) };
    },
    versions: (page) => reading((client) => readVersions(client, page)),
    proposals: (...rest) => reading((client) => listProposals(client, ...rest)),
    requests: (...rest) => reading((client) => listRequests(client, ...rest)),
    consents: (...rest) => reading((client) => listConsents(client, ...rest)),
  };
}

async function perform(client: Parameters<Handed<Result>['act']>[0], act: Act, making: Making): Promise<Done<Result>> {
  switch (act.act) {
    case 'CHANGE_POLICY': {
      const errors = textFaults(act.reason, 'reason');
      return errors.length > 0 ? { ok: false, errors } : enact(client, await holdPolicy(client), act, making);
    }
    case 'DECIDE_PROPOSAL': {
      const errors = textFaults(act.reason, 'reason');
      return errors.length > 0 ? { ok: false, errors } : decideProposal(client, act, making);
    }
    case 'REQUEST_ACCESS':
      return fileRequest(client, { institution: act.by.institution, client: act.by.client, asked: act.asked }, making);
    case 'APPROVE_REQUEST':
      return approveRequest(client, act.officer, act.approval, making);
    case 'DECLINE_REQUEST':
      return declineRequest(client, act, making);
    case 'RECORD_CONSENT':
      return recordConsent(client, act.terms, making);
    case 'STRIKE_CATEGORIES':
      return strikeCategories(client, act.party, act.consent, act.categories, making);
    case 'WITHDRAW_CONSENT':
      return withdrawConsent(client, act.party, act.consent);
  }
}

/** Whose consents a caller may narrow: of an enterprise its own, of an institution those given to it. */
export function partyOf(caller: InstitutionCaller | EnterpriseCaller, uscc: Uscc): Party {
  return caller.kind === 'ENTERPRISE' ? { uscc: caller.enterprise, institution: null } : { uscc, institution: caller.institution };
}
