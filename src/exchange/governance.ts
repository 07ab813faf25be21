/** Queries of governance: for staff below `governance`, for institutions and enterprises what concerns them. */
import { Arg, Ctx, FieldResolver, Int, ObjectType, Query, Resolver } from 'type-graphql';
import { differencesBetween } from '../access/policyDifferences.js';
import { Fault } from '../faults.js';
import {
  AccessRequestPage,
  type AccessRequestType,
  ConsentPage,
  type ConsentType,
  GrantEntry,
  InstitutionPolicy,
  type PageOf,
  PolicyDifferenceType,
  PolicyState,
  PolicyVersionType,
  ProposalPage,
  ProposalStateEnum,
  type ProposalType,
  RequestStateEnum,
} from './governanceTypes.js';
import { consentPage, endingSoon, institutionPolicy, proposalPage, requestPage, versionEntry } from './governed.js';
import type { JourneyContext } from './journey.js';
import { type TypedUscc, UsccScalar } from './scalars.js';

@ObjectType('Governance', { description: '数据治理：策略、版本、申请、提案 / Governance: policy, its versions, requests, proposals' })
export class Governance {}

const FIRST = { defaultValue: 20, description: '1-100' };
const AFTER = { nullable: true, description: '上一页的 endCursor / endCursor of the page before' };

@Resolver(() => Governance)
export class GovernanceFields {
  @FieldResolver(() => PolicyState, { description: '某版本的策略；不填为现行 / The policy of a version; the present one where absent' })
  async policy(@Ctx() { journey }: JourneyContext, @Arg('version', () => Int, { nullable: true }) version: number | undefined): Promise<PolicyState> {
    const policy = await journey.parts.governance.policy(version ?? null);
    return {
      version: policy.version,
      institutions: [...policy.residents.values()].map((resident) => institutionPolicy(policy, resident, journey.time)),
      itemSettings: [...policy.settings].map(([item, setting]) => ({ item, ...setting })),
      disclosureDelays: policy.delays,
    };
  }

  @FieldResolver(() => [PolicyVersionType], { description: '策略版本，新者在前 / Versions, the newest first' })
  async policyVersions(
    @Ctx() { journey }: JourneyContext,
    @Arg('first', () => Int, FIRST) first: number,
    @Arg('before', () => Int, { nullable: true, description: '此版本之前 / Before this version' }) before: number | undefined,
  ): Promise<PolicyVersionType[]> {
    if (first < 1 || first > 100) throw new Fault('INVALID_PAGE', { detail: 'first: 1 - 100' });
    return (await journey.parts.governance.versions({ first, before: before ?? null })).map(versionEntry);
  }

  @FieldResolver(() => [PolicyDifferenceType], { description: '两个版本的不同 / What differs between two versions' })
  async comparePolicies(
    @Ctx() { journey }: JourneyContext,
    @Arg('from', () => Int) from: number,
    @Arg('to', () => Int) to: number,
  ): Promise<PolicyDifferenceType[]> {
    const { governance } = journey.parts;
    return differencesBetween(await governance.policy(from), await governance.policy(to));
  }

  @FieldResolver(() => [GrantEntry], { description: '将到期的授予 / Grants that end soon' })
  async endingGrants(@Ctx() { journey }: JourneyContext, @Arg('days', () => Int, { defaultValue: 30 }) days: number): Promise<readonly GrantEntry[]> {
    if (days < 1 || days > 3_660) throw new Fault('BAD_USER_INPUT', { detail: 'days: 1 - 3660' });
    return endingSoon(await journey.parts.governance.policy(), journey.time, days);
  }

  @FieldResolver(() => AccessRequestPage, { description: '权限申请 / Access requests' })
  accessRequests(
    @Ctx() { journey }: JourneyContext,
    @Arg('state', () => RequestStateEnum, { nullable: true }) state: string | undefined,
    @Arg('institution', () => String, { nullable: true }) institution: string | undefined,
    @Arg('first', () => Int, FIRST) first: number,
    @Arg('after', () => String, AFTER) after: string | undefined,
  ): Promise<PageOf<AccessRequestType>> {
    return requestPage(journey, { first, after }, { state: state ?? null, institution: institution ?? null });
  }

  @FieldResolver(() => ProposalPage, { description: '提案 / Proposals' })
  proposals(
    @Ctx() { journey }: JourneyContext,
    @Arg('state', () => ProposalStateEnum, { nullable: true }) state: string | undefined,
    @Arg('first', () => Int, FIRST) first: number,
    @Arg('after', () => String, AFTER) after: string | undefined,
  ): Promise<PageOf<ProposalType>> {
    return proposalPage(journey, { first, after }, { state: state ?? null });
  }

  @FieldResolver(() => ConsentPage, { description: '一家企业的授权 / Consents of an enterprise' })
  consents(
    @Ctx() { journey }: JourneyContext,
    @Arg('uscc', () => UsccScalar) typed: TypedUscc,
    @Arg('first', () => Int, FIRST) first: number,
    @Arg('after', () => String, AFTER) after: string | undefined,
  ): Promise<PageOf<ConsentType>> {
    return consentsOf(journey, typed, { first, after });
  }
}

@Resolver()
export class GovernanceQueries {
  @Query(() => Governance, { description: '数据治理，供平台人员 / Governance, for staff' })
  governance(): Governance {
    return {};
  }

  @Query(() => InstitutionPolicy, { description: '本机构的协议、授予与限额，及将到期者 / Your agreements, grants and allowances, and what ends soon' })
  async myPolicy(@Ctx() { journey }: JourneyContext): Promise<InstitutionPolicy> {
    const policy = await journey.parts.governance.policy();
    const resident = policy.residents.get(journey.ofInstitution.caller.institution);
    if (!resident) throw new Fault('CALLER_UNKNOWN');
    const told = institutionPolicy(policy, resident, journey.time);
    const withoutOfficer = (grant: GrantEntry) => ({ ...grant, approver: null });
    return { ...told, grants: told.grants.map(withoutOfficer), endingGrants: told.endingGrants.map(withoutOfficer) };
  }

  @Query(() => AccessRequestPage, { description: '本机构的权限申请 / Your access requests' })
  myAccessRequests(
    @Ctx() { journey }: JourneyContext,
    @Arg('state', () => RequestStateEnum, { nullable: true }) state: string | undefined,
    @Arg('first', () => Int, FIRST) first: number,
    @Arg('after', () => String, AFTER) after: string | undefined,
  ): Promise<PageOf<AccessRequestType>> {
    return requestPage(journey, { first, after }, { state: state ?? null });
  }

  @Query(() => ConsentPage, { description: '一家企业给本机构的授权 / What an enterprise consented to you' })
  consentsOf(
    @Ctx() { journey }: JourneyContext,
    @Arg('uscc', () => UsccScalar) typed: TypedUscc,
    @Arg('first', () => Int, FIRST) first: number,
    @Arg('after', () => String, AFTER) after: string | undefined,
  ): Promise<PageOf<ConsentType>> {
    return consentsOf(journey, typed, { first, after });
  }

  @Query(() => ConsentPage, { description: '本企业给出的授权 / The consents you gave' })
  myConsents(
    @Ctx() { journey }: JourneyContext,
    @Arg('first', () => Int, FIRST) first: number,
    @Arg('after', () => String, AFTER) after: string | undefined,
  ): Promise<PageOf<ConsentType>> {
    const { caller } = journey.start;
    if (caller.kind !== 'ENTERPRISE') throw new Fault('ACCESS_DENIED');
    return consentPage(journey, { first, after }, { uscc: caller.enterprise });
  }
}

function consentsOf(journey: JourneyContext['journey'], typed: TypedUscc, page: { first: number; after: string | undefined }): Promise<PageOf<ConsentType>> {
  if (!typed.ok) throw new Fault('INVALID_USCC', { detail: typed.reason, facts: { reason: typed.reason } });
  return consentPage(journey, page, { uscc: typed.uscc });
}
