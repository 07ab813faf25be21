/** How mutations answer, and what they are given. */
import { Field, InputType, Int, ObjectType } from 'type-graphql';
import type { InstitutionId, InstitutionKind, Purpose } from '../terms.js';
import { AccessRequestType, ChangeStateEnum, ConsentType, GrantEffectEnum, InstitutionKindEnum, ProposalType, UserErrorType } from './governanceTypes.js';
import { DateScalar, MomentScalar, type TypedUscc, UsccScalar } from './scalars.js';
import { PurposeEnum, SharingEnum } from './types.js';

@ObjectType('PolicyChangePayload', { description: '策略变更的结果 / How a change of policy ended' })
export class PolicyChangePayload {
  @Field(() => ChangeStateEnum, { nullable: true, simple: true, description: '有 userErrors 时为 null / null where there are userErrors' }) state!:
    | string
    | null;
  @Field(() => Int, { nullable: true, simple: true, description: '由此产生的策略版本 / The policy version it became' }) policyVersion!: number | null;
  @Field(() => ProposalType, { nullable: true, simple: true, description: '待批或已决的提案 / The proposal, open or decided' }) proposal!: ProposalType | null;
  @Field(() => [UserErrorType], { simple: true }) userErrors!: readonly UserErrorType[];
}
@ObjectType('AccessRequestPayload')
export class AccessRequestPayload {
  @Field(() => AccessRequestType, { nullable: true, simple: true }) request!: AccessRequestType | null;
  @Field(() => [UserErrorType], { simple: true }) userErrors!: readonly UserErrorType[];
}
@ObjectType('ConsentPayload')
export class ConsentPayload {
  @Field(() => ConsentType, { nullable: true, simple: true }) consent!: ConsentType | null;
  @Field(() => [UserErrorType], { simple: true }) userErrors!: readonly UserErrorType[];
}

@ObjectType('OperationsPayload')
export class OperationsPayload {
  @Field(() => Int, { nullable: true, simple: true, description: '新登记或移除的操作数 / Operations added or removed' }) operations!: number | null;
  @Field(() => [UserErrorType], { simple: true }) userErrors!: readonly UserErrorType[];
}

/** What every mutation takes. */
export const KEY = {
  description: '幂等键，8-64 个可见 ASCII 字符；同键重发不再变更 / Idempotency key, 8 to 64 visible ASCII characters; sent again it changes nothing',
};

type Effect = 'CLEAR' | 'MASKED';

@InputType('GrantAccessInput', { description: '授予一家机构或一类机构 / A grant to one institution, or to all of a kind' })
export class GrantAccessInput {
  @Field(() => String, { nullable: true, description: '机构代码；与 institutionKind 二选一 / Institution code; this or institutionKind' })
  institution?: InstitutionId | null;
  @Field(() => InstitutionKindEnum, { nullable: true }) institutionKind?: InstitutionKind | null;
  @Field(() => [PurposeEnum]) purposes!: Purpose[];
  @Field(() => [String], { description: '领域、信息类、信息项，或 * / Domains, categories, items, or *' }) scope!: string[];
  @Field(() => GrantEffectEnum) effect!: Effect;
  @Field(() => MomentScalar, { nullable: true, description: '不填为即刻 / From now on where absent' }) validFrom?: string | null;
  @Field(() => MomentScalar, { description: '至多五年 / Five years at most' }) validUntil!: string;
}
@InputType('AgreementInput')
export class AgreementInput {
  @Field(() => String) institution!: InstitutionId;
  @Field(() => [PurposeEnum]) purposes!: Purpose[];
  @Field(() => Int, { description: '1-4' }) highestGrade!: number;
  @Field(() => MomentScalar, { nullable: true, description: '不填为即刻 / From now on where absent' }) validFrom?: string | null;
  @Field(() => MomentScalar) validUntil!: string;
}
@InputType('ItemSettingInput', { description: '不填的项按目录 / What is absent is as the catalogue says' })
export class ItemSettingInput {
  @Field(() => String, { description: '信息项代码 / Item code' }) item!: string;
  @Field(() => Int, { nullable: true, description: '1-4' }) grade?: number | null;
  @Field(() => SharingEnum, { nullable: true }) sharing?: keyof typeof SharingEnum | null;
  @Field(() => DateScalar, { nullable: true, description: '自该日（北京）起可查 / Readable from that day in Beijing' }) inForceFrom?: string | null;
}
@InputType('AllowanceInput')
export class AllowanceInput {
  @Field(() => String) institution!: InstitutionId;
  @Field(() => PurposeEnum) purpose!: Purpose;
  @Field(() => Int) costPerMinute!: number;
  @Field(() => Int) enterprisesADay!: number;
  @Field(() => Int) atOnce!: number;
}
@InputType('DisclosureDelayInput', {
  description: '延迟披露哪些读取；至少限定一项 / Which reads are told later; at least one of institution, purpose and case number is named',
})
export class DisclosureDelayInput {
  @Field(() => String, { nullable: true, description: '机构代码；空为全部 / Institution code; all where absent' }) institution?: InstitutionId | null;
  @Field(() => PurposeEnum, { nullable: true }) purpose?: Purpose | null;
  @Field(() => String, { nullable: true, description: '机构的案件编号 / Case number of the institution' }) caseNumber?: string | null;
  @Field(() => Int, { description: '1-730' }) days!: number;
}
@InputType('AccessRequestInput', { description: '申请信息类或信息项的使用权限 / Asks for categories or items' })
export class AccessRequestInput {
  @Field(() => [PurposeEnum]) purposes!: Purpose[];
  @Field(() => [String], { description: '领域、信息类或信息项 / Domains, categories or items' }) scope!: string[];
  @Field(() => GrantEffectEnum) effect!: Effect;
  @Field(() => MomentScalar, { description: '申请的期限 / Until when it is wanted' }) validUntil!: string;
  @Field(() => String, { description: '理由 / Why it is needed' }) justification!: string;
}
@InputType('ApprovalInput', { description: '批准全部或部分；不填的按申请 / Approves the whole or a part; what is absent is as asked' })
export class ApprovalInput {
  @Field(() => String) request!: string;
  @Field(() => [PurposeEnum], { nullable: true }) purposes?: Purpose[] | null;
  @Field(() => [String], { nullable: true }) scope?: string[] | null;
  @Field(() => GrantEffectEnum, { nullable: true }) effect?: Effect | null;
  @Field(() => MomentScalar, { nullable: true }) validUntil?: string | null;
  @Field(() => String) reason!: string;
}
@InputType('RegisterConsentInput', { description: '机构登记企业签署的授权书 / An institution registers what an enterprise signed' })
export class RegisterConsentInput {
  @Field(() => UsccScalar) uscc!: TypedUscc;
  @Field(() => [PurposeEnum]) purposes!: Purpose[];
  @Field(() => [String], { description: '领域、信息类，或 * / Domains, categories, or *' }) scope!: string[];
  @Field(() => GrantEffectEnum, { description: '个人信息 / Personal data' }) personal!: Effect;
  @Field(() => MomentScalar, { nullable: true }) validFrom?: string | null;
  @Field(() => MomentScalar, { description: '至多两年 / Two years at most' }) validUntil!: string;
  @Field(() => String, { description: '授权书 SHA-256 / SHA-256 of the signed authorisation' }) evidenceHash!: string;
  @Field(() => String, { description: '授权书存放处 / Where it is kept' }) evidenceReference!: string;
}
@InputType('GiveConsentInput', { description: '企业自行授权，可划去部分信息类 / An enterprise consents itself, and may strike categories' })
export class GiveConsentInput {
  @Field(() => String) institution!: InstitutionId;
  @Field(() => [PurposeEnum]) purposes!: Purpose[];
  @Field(() => [String], { description: '领域、信息类，或 * / Domains, categories, or *' }) scope!: string[];
  @Field(() => [String], { nullable: true, description: '划去的信息类 / Categories struck' }) struck?: string[] | null;
  @Field(() => GrantEffectEnum, { description: '个人信息 / Personal data' }) personal!: Effect;
  @Field(() => MomentScalar, { nullable: true }) validFrom?: string | null;
  @Field(() => MomentScalar, { description: '至多两年 / Two years at most' }) validUntil!: string;
}
