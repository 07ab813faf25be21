/** A draft of policy as GraphQL takes it: the changes that would be made, or a proposal that waits. */
import { Field, InputType } from 'type-graphql';
import type { PolicyChange } from '../access/policy.js';
import { Fault } from '../faults.js';
import type { Grade, InstitutionId, ItemCode } from '../terms.js';
import { holderOf } from './mutations.js';
import { AgreementInput, GrantAccessInput, ItemSettingInput } from './payloads.js';

@InputType('EndAgreementInput')
export class EndAgreementInput {
  @Field(() => String) institution!: InstitutionId;
  @Field(() => String) agreement!: string;
}

/** Most changes of one draft. */
const MOST_CHANGES = 50;

@InputType('PolicyDraftInput', { description: '策略草案：若作出这些变更 / A draft of policy: if these changes were made' })
export class PolicyDraftInput {
  @Field(() => [GrantAccessInput], { nullable: true }) grantAccess?: GrantAccessInput[] | null;
  @Field(() => [String], { nullable: true, description: '撤销的授予 / Grants revoked' }) revokeGrants?: string[] | null;
  @Field(() => [AgreementInput], { nullable: true }) concludeAgreements?: AgreementInput[] | null;
  @Field(() => [EndAgreementInput], { nullable: true }) endAgreements?: EndAgreementInput[] | null;
  @Field(() => [ItemSettingInput], { nullable: true }) changeItems?: ItemSettingInput[] | null;
  @Field(() => [String], { nullable: true, description: '暂停的机构 / Institutions suspended' }) suspend?: InstitutionId[] | null;
  @Field(() => [String], { nullable: true, description: '恢复的机构 / Institutions restored' }) restore?: InstitutionId[] | null;
}

/** @throws Fault BAD_USER_INPUT where it is empty or too long */
export function changesOf(draft: PolicyDraftInput, now: Date): PolicyChange[] {
  const from = (given: string | null | undefined) => given ?? now.toISOString();
  const changes: PolicyChange[] = [
    ...(draft.grantAccess ?? []).map((input, place): PolicyChange => {
      const { purposes, scope, effect, validUntil } = input;
      return { change: 'GRANT_ACCESS', id: `draft-${place + 1}`, ...holderOf(input), purposes, scope, effect, validFrom: from(input.validFrom), validUntil };
    }),
    ...(draft.revokeGrants ?? []).map((id): PolicyChange => ({ change: 'REVOKE_GRANT', id })),
    ...(draft.concludeAgreements ?? []).map(({ institution, purposes, highestGrade, validFrom, validUntil }, place): PolicyChange => {
      const terms = { purposes, highestGrade: highestGrade as Grade, validFrom: from(validFrom), validUntil };
      return { change: 'CONCLUDE_AGREEMENT', institution, id: `draft-${place + 1}`, ...terms };
    }),
    ...(draft.endAgreements ?? []).map(({ institution, agreement }): PolicyChange => ({ change: 'END_AGREEMENT', institution, id: agreement })),
    ...(draft.changeItems ?? []).map(({ item, grade = null, sharing = null, inForceFrom = null }): PolicyChange => {
      return { change: 'SET_ITEM', item: item as ItemCode, grade: grade as Grade | null, sharing, inForceFrom };
    }),
    ...(draft.suspend ?? []).map((institution): PolicyChange => ({ change: 'SET_RESIDENCE', institution, active: false, safelist: null })),
    ...(draft.restore ?? []).map((institution): PolicyChange => ({ change: 'SET_RESIDENCE', institution, active: true, safelist: null })),
  ];
  if (changes.length === 0 || changes.length > MOST_CHANGES) throw new Fault('BAD_USER_INPUT', { detail: `draft: 1 - ${MOST_CHANGES}` });
  return changes;
}
