/** GraphQL types of governance: what policy holds, what was handed in, how a change ended. */
import { type ClassType, Field, Int, ObjectType } from 'type-graphql';
import { CONSENT_STATES, PROPOSAL_STATES, REQUEST_STATES } from '../governance/lists.js';
import { USER_ERROR_CODES } from '../governance/userErrors.js';
import { INSTITUTION_KINDS } from '../terms.js';
import { DateScalar, DateTimeScalar, UsccScalar } from './scalars.js';
import { BilingualText, enumOf, PageInfo, PurposeEnum, SharingEnum } from './types.js';

export const InstitutionKindEnum = enumOf('InstitutionKind', INSTITUTION_KINDS, '入驻机构类型 / Kind of resident institution');
export const GrantEffectEnum = enumOf('GrantEffect', ['CLEAR', 'MASKED'], '授予的结果 / What a grant or a consent lets out');
export const ChangeStateEnum = enumOf(
  'ChangeState',
  ['APPLIED', 'PROPOSED', 'DECLINED'],
  '已生效、待第二名官员批准、已否决 / In force, waiting for a second officer, declined',
);
export const ProposalStateEnum = enumOf('ProposalState', PROPOSAL_STATES, '提案状态 / State of a proposal');
export const RequestStateEnum = enumOf('AccessRequestState', REQUEST_STATES, '申请状态 / State of an access request');
export const ConsentStateEnum = enumOf('ConsentStanding', CONSENT_STATES, '授权状态 / State of a consent');
export const UserErrorCodeEnum = enumOf('UserErrorCode', USER_ERROR_CODES, '所提交内容的问题 / What is wrong with what was handed in');

@ObjectType('UserError', { description: '所提交内容的一处问题；有问题则未作任何变更 / One fault of what was handed in; nothing was changed' })
export class UserErrorType {
  @Field(() => [String], { simple: true, description: '参数路径 / Path of the argument' }) field!: readonly string[];
  @Field(() => UserErrorCodeEnum, { simple: true }) code!: string;
  @Field(() => BilingualText, { simple: true }) message!: BilingualText;
}

@ObjectType('AgreementEntry', { description: '使用协议 / An agreement' })
export class AgreementEntry {
  @Field(() => String, { simple: true }) id!: string;
  @Field(() => [PurposeEnum], { simple: true }) purposes!: readonly string[];
  @Field(() => Int, { simple: true, description: '允许的最高数据级别 / Highest grade it allows' }) highestGrade!: number;
  @Field(() => DateTimeScalar, { simple: true }) validFrom!: Date;
  @Field(() => DateTimeScalar, { simple: true }) validUntil!: Date;
  @Field(() => Boolean, { simple: true, description: '已提前终止 / Ended before its time' }) ended!: boolean;
  @Field(() => Int, { simple: true, description: '写入它的策略版本 / Policy version that wrote it' }) version!: number;
}
@ObjectType('GrantEntry', { description: '授予 / A grant' })
export class GrantEntry {
  @Field(() => String, { simple: true }) id!: string;
  @Field(() => String, { nullable: true, simple: true, description: '被授予机构 / The institution that holds it' }) institution!: string | null;
  @Field(() => InstitutionKindEnum, { nullable: true, simple: true, description: '被授予机构类型 / The kind of institutions that hold it' }) institutionKind!:
    | string
    | null;
  @Field(() => [PurposeEnum], { simple: true }) purposes!: readonly string[];
  @Field(() => [String], { simple: true, description: '领域、信息类、信息项，或 * / Domains, categories, items, or *' }) scope!: readonly string[];
  @Field(() => GrantEffectEnum, { simple: true }) effect!: string;
  @Field(() => DateTimeScalar, { simple: true }) validFrom!: Date;
  @Field(() => DateTimeScalar, { simple: true }) validUntil!: Date;
  @Field(() => Boolean, { simple: true, description: '已撤销 / Revoked' }) revoked!: boolean;
  @Field(() => String, { simple: true, description: '理由 / Why it was given' }) reason!: string;
  @Field(() => String, { nullable: true, simple: true, description: '第二名官员 / The second officer' }) approver!: string | null;
  @Field(() => Int, { simple: true, description: '写入它的策略版本 / Policy version that wrote it' }) version!: number;
}
@ObjectType('AllowanceEntry', { description: '用量限额 / How much may be asked for a purpose' })
export class AllowanceEntry {
  @Field(() => PurposeEnum, { simple: true }) purpose!: string;
  @Field(() => Int, { simple: true, description: '每分钟成本 / Cost a minute' }) costPerMinute!: number;
  @Field(() => Int, { simple: true, description: '每日企业数 / Different enterprises a day' }) enterprisesADay!: number;
  @Field(() => Int, { simple: true, description: '同时请求数 / Requests at one time' }) atOnce!: number;
}
@ObjectType('ItemSettingEntry', { description: '策略对信息项的设定；null 为按目录 / What policy says of an item; null: as the catalogue says' })
export class ItemSettingEntry {
  @Field(() => String, { simple: true }) item!: string;
  @Field(() => Int, { nullable: true, simple: true }) grade!: number | null;
  @Field(() => SharingEnum, { nullable: true, simple: true }) sharing!: string | null;
  @Field(() => DateScalar, { nullable: true, simple: true }) inForceFrom!: string | null;
}
@ObjectType('DisclosureDelayEntry', { description: '延迟向企业披露的读取；空为不限 / Reads told to the enterprise later; null: any' })
export class DisclosureDelayEntry {
  @Field(() => String, { simple: true }) id!: string;
  @Field(() => String, { nullable: true, simple: true, description: '机构 / Institution' }) institution!: string | null;
  @Field(() => PurposeEnum, { nullable: true, simple: true, description: '使用目的 / Purpose' }) purpose!: string | null;
  @Field(() => String, { nullable: true, simple: true, description: '案件编号 / Case number' }) caseNumber!: string | null;
  @Field(() => Int, { simple: true, description: '延迟天数 / Days of delay' }) days!: number;
  @Field(() => Boolean, { simple: true, description: '已终止 / Ended' }) ended!: boolean;
  @Field(() => Int, { simple: true, description: '写入它的策略版本 / Policy version that wrote it' }) version!: number;
}
@ObjectType('InstitutionPolicy', { description: '一家机构的策略 / What policy says of one institution' })
export class InstitutionPolicy {
  @Field(() => String, { simple: true }) institution!: string;
  @Field(() => BilingualText, { simple: true }) name!: BilingualText;
  @Field(() => InstitutionKindEnum, { simple: true }) kind!: string;
  @Field(() => Boolean, { simple: true, description: '在驻且未暂停 / Resident and not suspended' }) active!: boolean;
  @Field(() => Boolean, { simple: true, description: '仅可用已登记的操作 / May send registered operations only' }) safelist!: boolean;
  @Field(() => [AgreementEntry], { simple: true }) agreements!: readonly AgreementEntry[];
  @Field(() => [GrantEntry], { simple: true, description: '含按机构类型的授予 / With those of its kind' }) grants!: readonly GrantEntry[];
  @Field(() => [AllowanceEntry], { simple: true, description: '与默认不同的限额 / Where they differ from the usual' }) allowances!: readonly AllowanceEntry[];
  @Field(() => [GrantEntry], { simple: true, description: '30 日内到期的授予 / Grants that end within 30 days' }) endingGrants!: readonly GrantEntry[];
}
@ObjectType('PolicyState', { description: '某版本的全部策略 / The whole policy of a version' })
export class PolicyState {
  @Field(() => Int, { simple: true }) version!: number;
  @Field(() => [InstitutionPolicy], { simple: true }) institutions!: readonly InstitutionPolicy[];
  @Field(() => [ItemSettingEntry], { simple: true }) itemSettings!: readonly ItemSettingEntry[];
  @Field(() => [DisclosureDelayEntry], { simple: true, description: '延迟披露 / Disclosure that is delayed' })
  disclosureDelays!: readonly DisclosureDelayEntry[];
}
@ObjectType('PolicyChangeEntry', { description: '一项变更 / One change' })
export class PolicyChangeEntry {
  @Field(() => String, { simple: true, description: '变更种类 / Kind of change' }) change!: string;
  @Field(() => String, { simple: true, description: '内容，JSON / What it says, as JSON' }) detail!: string;
}
@ObjectType('PolicyVersion', { description: '策略版本 / A version of the policy' })
export class PolicyVersionType {
  @Field(() => Int, { simple: true }) version!: number;
  @Field(() => String, { simple: true, description: '提出者 / Who proposed it' }) author!: string;
  @Field(() => String, { nullable: true, simple: true, description: '第二名官员 / The second officer' }) approver!: string | null;
  @Field(() => String, { simple: true }) reason!: string;
  @Field(() => DateTimeScalar, { simple: true }) time!: Date;
  @Field(() => [String], { simple: true, description: '涉及的机构；* 为全部 / Whom it concerns; * is everybody' }) institutions!: readonly string[];
  @Field(() => [PolicyChangeEntry], { simple: true }) changes!: readonly PolicyChangeEntry[];
}
@ObjectType('PolicyDifference', { description: '两个版本的一处不同 / One difference between two versions' })
export class PolicyDifferenceType {
  @Field(() => String, { simple: true, description: 'RESIDENCE, AGREEMENT, GRANT, ITEM, ALLOWANCE, DELAY' }) kind!: string;
  @Field(() => String, { simple: true, description: '机构、授予、信息项或延迟 / Institution, grant, item or delay' }) subject!: string;
  @Field(() => String, { nullable: true, simple: true, description: '之前，JSON / Before, as JSON' }) before!: string | null;
  @Field(() => String, { nullable: true, simple: true, description: '之后，JSON / After, as JSON' }) after!: string | null;
}
@ObjectType('Proposal', { description: '扩大权限的变更提案，待第二名官员 / A change that widens access and waits for a second officer' })
export class ProposalType {
  @Field(() => String, { simple: true }) id!: string;
  @Field(() => ProposalStateEnum, { simple: true }) state!: string;
  @Field(() => [PolicyChangeEntry], { simple: true }) changes!: readonly PolicyChangeEntry[];
  @Field(() => String, { simple: true }) author!: string;
  @Field(() => String, { simple: true }) reason!: string;
  @Field(() => DateTimeScalar, { simple: true }) proposedAt!: Date;
  @Field(() => String, { nullable: true, simple: true, description: '决定者 / Who decided' }) officer!: string | null;
  @Field(() => String, { nullable: true, simple: true, description: '决定理由 / Why' }) decision!: string | null;
  @Field(() => DateTimeScalar, { nullable: true, simple: true }) decidedAt!: Date | null;
  @Field(() => Int, { nullable: true, simple: true, description: '由此产生的策略版本 / The policy version it became' }) version!: number | null;
}
@ObjectType('AccessRequest', { description: '权限申请 / An access request' })
export class AccessRequestType {
  @Field(() => String, { simple: true }) id!: string;
  @Field(() => String, { simple: true }) institution!: string;
  @Field(() => RequestStateEnum, { simple: true }) state!: string;
  @Field(() => [PurposeEnum], { simple: true }) purposes!: readonly string[];
  @Field(() => [String], { simple: true }) scope!: readonly string[];
  @Field(() => GrantEffectEnum, { simple: true }) effect!: string;
  @Field(() => DateTimeScalar, { simple: true }) validUntil!: Date;
  @Field(() => String, { simple: true, description: '申请理由 / Why it is asked' }) justification!: string;
  @Field(() => DateTimeScalar, { simple: true }) filedAt!: Date;
  @Field(() => String, { nullable: true, simple: true, description: '决定者 / Who decided' }) officer!: string | null;
  @Field(() => String, { nullable: true, simple: true, description: '决定理由 / Why' }) decision!: string | null;
  @Field(() => DateTimeScalar, { nullable: true, simple: true }) decidedAt!: Date | null;
  @Field(() => [String], { nullable: true, simple: true, description: '获批的范围 / What of it was approved' }) approvedScope!: readonly string[] | null;
  @Field(() => String, { nullable: true, simple: true, description: '待第二名官员的提案 / The proposal that waits for a second officer' }) proposal!:
    | string
    | null;
}
@ObjectType('Consent', { description: '企业授权 / A consent of an enterprise' })
export class ConsentType {
  @Field(() => String, { simple: true }) id!: string;
  @Field(() => UsccScalar, { simple: true }) uscc!: string;
  @Field(() => String, { simple: true }) institution!: string;
  @Field(() => ConsentStateEnum, { simple: true }) state!: string;
  @Field(() => [PurposeEnum], { simple: true }) purposes!: readonly string[];
  @Field(() => [String], { simple: true }) scope!: readonly string[];
  @Field(() => [String], { simple: true, description: '企业划去的信息类 / Categories the enterprise struck' }) struck!: readonly string[];
  @Field(() => GrantEffectEnum, { simple: true, description: '个人信息 / Personal data' }) personal!: string;
  @Field(() => DateTimeScalar, { simple: true }) validFrom!: Date;
  @Field(() => DateTimeScalar, { simple: true }) validUntil!: Date;
  @Field(() => DateTimeScalar, { nullable: true, simple: true }) withdrawnAt!: Date | null;
  @Field(() => String, { simple: true, description: 'INSTITUTION 登记，ENTERPRISE 自行给出 / Registered by the institution, or given by the enterprise' })
  origin!: string;
  @Field(() => String, { nullable: true, simple: true, description: '授权书 SHA-256 / SHA-256 of the signed authorisation' }) evidenceHash!: string | null;
  @Field(() => String, { nullable: true, simple: true, description: '授权书存放处 / Where it is kept' }) evidenceReference!: string | null;
  @Field(() => Int, { simple: true, description: '修订 / Revision' }) revision!: number;
}

/** A page of a list. Cursors are ids. */
export interface PageOf<T> {
  readonly nodes: readonly T[];
  readonly pageInfo: PageInfo;
}
function pageType<T extends object>(name: string, Node: ClassType<T>): ClassType<PageOf<T>> {
  @ObjectType(name, { description: '一页，新者在前 / A page, the newest first' })
  class Page implements PageOf<T> {
    @Field(() => [Node], { simple: true }) nodes!: readonly T[];
    @Field(() => PageInfo, { simple: true }) pageInfo!: PageInfo;
  }
  return Page;
}
export const ProposalPage = pageType('ProposalPage', ProposalType);
export const AccessRequestPage = pageType('AccessRequestPage', AccessRequestType);
export const ConsentPage = pageType('ConsentPage', ConsentType);
