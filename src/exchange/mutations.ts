/** Mutations of governance officers: what policy says. Each is one change, with its reason; see governance/changes.ts. */
import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import { actorOf } from '../access/inquiry.js';
import type { Holder, PolicyChange } from '../access/policy.js';
import { Fault } from '../faults.js';
import type { Grade, InstitutionId, ItemCode } from '../terms.js';
import { proposalPage } from './governed.js';
import type { HandedInput, Journey, JourneyContext } from './journey.js';
import { AgreementInput, AllowanceInput, GrantAccessInput, ItemSettingInput, KEY, PolicyChangePayload } from './payloads.js';

const REASON = { description: '理由，进入策略版本与审计 / Why; kept with the policy version and the audit log' };

@Resolver()
export class PolicyMutations {
  @Mutation(() => PolicyChangePayload, { description: '授予使用权限 / Grants access' })
  async grantAccess(
    @Ctx() { journey }: JourneyContext,
    @Arg('input', () => GrantAccessInput) input: GrantAccessInput,
    @Arg('reason', () => String, REASON) reason: string,
    @Arg('idempotencyKey', () => String, KEY) idempotencyKey: string,
  ): Promise<PolicyChangePayload> {
    const { purposes, scope, effect, validUntil } = input;
    const terms = { purposes, scope, effect, validFrom: input.validFrom ?? journey.time.toISOString(), validUntil };
    const change: PolicyChange = { change: 'GRANT_ACCESS', id: journey.parts.newId(), ...holderOf(input), ...terms };
    return changePolicy(journey, 'grantAccess', { idempotencyKey, reason, input }, change);
  }

  @Mutation(() => PolicyChangePayload, { description: '撤销授予 / Revokes a grant' })
  async revokeGrant(
    @Ctx() { journey }: JourneyContext,
    @Arg('grant', () => String) grant: string,
    @Arg('reason', () => String, REASON) reason: string,
    @Arg('idempotencyKey', () => String, KEY) idempotencyKey: string,
  ): Promise<PolicyChangePayload> {
    return changePolicy(journey, 'revokeGrant', { idempotencyKey, reason, grant }, { change: 'REVOKE_GRANT', id: grant });
  }

  @Mutation(() => PolicyChangePayload, { description: '订立使用协议 / Concludes an agreement' })
  async concludeAgreement(
    @Ctx() { journey }: JourneyContext,
    @Arg('input', () => AgreementInput) input: AgreementInput,
    @Arg('reason', () => String, REASON) reason: string,
    @Arg('idempotencyKey', () => String, KEY) idempotencyKey: string,
  ): Promise<PolicyChangePayload> {
    const { institution, purposes, highestGrade, validUntil } = input;
    const terms = { purposes, highestGrade: highestGrade as Grade, validFrom: input.validFrom ?? journey.time.toISOString(), validUntil };
    const change: PolicyChange = { change: 'CONCLUDE_AGREEMENT', institution, id: journey.parts.newId(), ...terms };
    return changePolicy(journey, 'concludeAgreement', { idempotencyKey, reason, input }, change);
  }

  @Mutation(() => PolicyChangePayload, { description: '终止使用协议 / Ends an agreement' })
  async endAgreement(
    @Ctx() { journey }: JourneyContext,
    @Arg('institution', () => String) institution: InstitutionId,
    @Arg('agreement', () => String) agreement: string,
    @Arg('reason', () => String, REASON) reason: string,
    @Arg('idempotencyKey', () => String, KEY) idempotencyKey: string,
  ): Promise<PolicyChangePayload> {
    const change: PolicyChange = { change: 'END_AGREEMENT', institution, id: agreement };
    return changePolicy(journey, 'endAgreement', { idempotencyKey, reason, institution, agreement }, change);
  }

  @Mutation(() => PolicyChangePayload, { description: '设定信息项的级别、共享类型与生效日 / Sets grade, sharing type and first day of an item' })
  async changeItem(
    @Ctx() { journey }: JourneyContext,
    @Arg('input', () => ItemSettingInput) input: ItemSettingInput,
    @Arg('reason', () => String, REASON) reason: string,
    @Arg('idempotencyKey', () => String, KEY) idempotencyKey: string,
  ): Promise<PolicyChangePayload> {
    const { item, grade = null, sharing = null, inForceFrom = null } = input;
    const change: PolicyChange = { change: 'SET_ITEM', item: item as ItemCode, grade: grade as Grade | null, sharing, inForceFrom };
    return changePolicy(journey, 'changeItem', { idempotencyKey, reason, input }, change);
  }

  @Mutation(() => PolicyChangePayload, { description: '暂停机构：即刻不再给出任何数据 / Suspends an institution: it is given nothing from now on' })
  async suspendInstitution(
    @Ctx() { journey }: JourneyContext,
    @Arg('institution', () => String) institution: InstitutionId,
    @Arg('reason', () => String, REASON) reason: string,
    @Arg('idempotencyKey', () => String, KEY) idempotencyKey: string,
  ): Promise<PolicyChangePayload> {
    const change: PolicyChange = { change: 'SET_RESIDENCE', institution, active: false, safelist: null };
    return changePolicy(journey, 'suspendInstitution', { idempotencyKey, reason, institution }, change);
  }

  @Mutation(() => PolicyChangePayload, { description: '恢复机构 / Restores an institution' })
  async restoreInstitution(
    @Ctx() { journey }: JourneyContext,
    @Arg('institution', () => String) institution: InstitutionId,
    @Arg('reason', () => String, REASON) reason: string,
    @Arg('idempotencyKey', () => String, KEY) idempotencyKey: string,
  ): Promise<PolicyChangePayload> {
    const change: PolicyChange = { change: 'SET_RESIDENCE', institution, active: true, safelist: null };
    return changePolicy(journey, 'restoreInstitution', { idempotencyKey, reason, institution }, change);
  }

  @Mutation(() => PolicyChangePayload, {
    description: '机构仅可用已登记的操作，或取消此限制 / Confines an institution to registered operations, or frees it again',
  })
  async confineToRegistered(
    @Ctx() { journey }: JourneyContext,
    @Arg('institution', () => String) institution: InstitutionId,
    @Arg('confined', () => Boolean) confined: boolean,
    @Arg('reason', () => String, REASON) reason: string,
    @Arg('idempotencyKey', () => String, KEY) idempotencyKey: string,
  ): Promise<PolicyChangePayload> {
    const change: PolicyChange = { change: 'SET_RESIDENCE', institution, active: null, safelist: confined };
    return changePolicy(journey, 'confineToRegistered', { idempotencyKey, reason, institution, confined }, change);
  }

  @Mutation(() => PolicyChangePayload, { description: '设定用量限额 / Sets how much may be asked for a purpose' })
  async setAllowance(
    @Ctx() { journey }: JourneyContext,
    @Arg('input', () => AllowanceInput) input: AllowanceInput,
    @Arg('reason', () => String, REASON) reason: string,
    @Arg('idempotencyKey', () => String, KEY) idempotencyKey: string,
  ): Promise<PolicyChangePayload> {
    return changePolicy(journey, 'setAllowance', { idempotencyKey, reason, input }, { change: 'SET_ALLOWANCE', ...input });
  }

  @Mutation(() => PolicyChangePayload, { description: '第二名官员批准提案 / A second officer approves a proposal' })
  async approveProposal(
    @Ctx() { journey }: JourneyContext,
    @Arg('proposal', () => String) proposal: string,
    @Arg('reason', () => String, REASON) reason: string,
    @Arg('idempotencyKey', () => String, KEY) idempotencyKey: string,
  ): Promise<PolicyChangePayload> {
    return decideProposal(journey, 'approveProposal', { idempotencyKey, reason, proposal }, true);
  }

  @Mutation(() => PolicyChangePayload, { description: '否决提案 / Declines a proposal' })
  async declineProposal(
    @Ctx() { journey }: JourneyContext,
    @Arg('proposal', () => String) proposal: string,
    @Arg('reason', () => String, REASON) reason: string,
    @Arg('idempotencyKey', () => String, KEY) idempotencyKey: string,
  ): Promise<PolicyChangePayload> {
    return decideProposal(journey, 'declineProposal', { idempotencyKey, reason, proposal }, false);
  }
}

/** @throws Fault BAD_USER_INPUT where both or none is named */
export function holderOf({ institution = null, institutionKind = null }: GrantAccessInput): Holder {
  if ((institution === null) === (institutionKind === null)) throw new Fault('BAD_USER_INPUT', { detail: 'institution | institutionKind' });
  return { institution, institutionKind } as Holder;
}

/** One change of policy, handed in with its reason. */
export async function changePolicy(
  journey: Journey,
  mutation: string,
  given: HandedInput & { reason: string },
  change: PolicyChange,
): Promise<PolicyChangePayload> {
  const author = actorOf(journey.start.caller);
  return payloadOf(journey, await journey.handIn(mutation, given, { act: 'CHANGE_POLICY', changes: [change], author, reason: given.reason }));
}

async function decideProposal(
  journey: Journey,
  mutation: string,
  given: HandedInput & { reason: string; proposal: string },
  approve: boolean,
): Promise<PolicyChangePayload> {
  const { reason, proposal } = given;
  const officer = actorOf(journey.start.caller);
  return payloadOf(journey, await journey.handIn(mutation, given, { act: 'DECIDE_PROPOSAL', proposal, officer, reason, approve }));
}

async function payloadOf(journey: Journey, handled: Awaited<ReturnType<Journey['handIn']>>): Promise<PolicyChangePayload> {
  if (handled.state === 'REFUSED') return { state: null, policyVersion: null, proposal: null, userErrors: handled.errors };
  const { state = null, version = null, proposal } = handled.result;
  const page = proposal ? await proposalPage(journey, { first: 1 }, { id: proposal }) : null;
  return { state, policyVersion: version, proposal: page?.nodes[0] ?? null, userErrors: [] };
}
