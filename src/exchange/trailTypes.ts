/** GraphQL types of the audit trail: an entry of the log as it was kept, with its place in the tree. */
import { Field, Float, InputType, Int, ObjectType } from 'type-graphql';
import { DateTimeScalar, MomentScalar, type TypedUscc, UsccScalar } from './scalars.js';
import { enumOf, PageInfo, PurposeEnum, ReasonEnum } from './types.js';

export const AuditOutcomeEnum = enumOf('AuditOutcome', ['ANSWERED', 'REFUSED'], '应答或拒绝 / Whether it was answered or refused');

@InputType('AuditTrailFilter', {
  description:
    '查找条件，须全部符合；企业、信息类、信息项、原因、授权须出自同一次读取 / All must fit; enterprise, category, item, reason and consent of one and the same read',
})
export class AuditTrailFilterInput {
  @Field(() => String, { nullable: true, description: '机构代码，如 bank-01 / Code of the institution' }) institution?: string | null;
  @Field(() => String, { nullable: true, description: '系统 / System that asked' }) client?: string | null;
  @Field(() => String, { nullable: true, description: '平台人员登录名 / Login of a member of staff' }) staff?: string | null;
  @Field(() => String, { nullable: true, description: '机构经办人 / Operator at the institution' }) operator?: string | null;
  @Field(() => String, { nullable: true, description: '机构案件编号 / Case number of the institution' }) caseNumber?: string | null;
  @Field(() => PurposeEnum, { nullable: true, description: '使用目的 / Purpose' }) purpose?: keyof typeof PurposeEnum | null;
  @Field(() => UsccScalar, { nullable: true, description: '被查询、被询问或自行操作的企业 / Enterprise that was read or asked about, or that acted' })
  enterprise?: TypedUscc | null;
  @Field(() => String, { nullable: true, description: '提供单位代码 / Code of the provider of a category that was asked' }) provider?: string | null;
  @Field(() => String, { nullable: true, description: '信息类代码 / Category code' }) category?: string | null;
  @Field(() => String, { nullable: true, description: '信息项代码 / Item code' }) item?: string | null;
  @Field(() => AuditOutcomeEnum, { nullable: true, description: '应答或拒绝 / Answered or refused' }) outcome?: 'ANSWERED' | 'REFUSED' | null;
  @Field(() => ReasonEnum, { nullable: true, description: '信息项被拒绝的原因 / Why an item was denied' }) reason?: keyof typeof ReasonEnum | null;
  @Field(() => String, { nullable: true, description: '企业授权编号 / Id of a consent' }) consent?: string | null;
  @Field(() => Int, { nullable: true, description: '策略版本：所依据的，或所产生的 / Policy version it was decided under, or that it made' }) policyVersion?:
    | number
    | null;
  @Field(() => MomentScalar, { nullable: true, description: '起（含） / From this moment on' }) from?: string | null;
  @Field(() => MomentScalar, { nullable: true, description: '止（不含） / Before this moment' }) until?: string | null;
}

@ObjectType('AuditDenial', { description: '因同一原因被拒绝的信息项 / Items denied for one reason' })
export class AuditDenial {
  @Field(() => ReasonEnum, { simple: true, description: '原因 / Reason' }) reason!: string;
  @Field(() => [String], { simple: true, description: '信息项名称；仅查来源时为空 / Names of items; empty where only provenance was asked' })
  items!: readonly string[];
}
@ObjectType('AuditCategoryOutcome', { description: '一次读取中一个信息类、结果相同的企业 / A category of a read, of enterprises with equal outcomes' })
export class AuditCategoryOutcome {
  @Field(() => String, { simple: true, description: '信息类代码 / Category code' }) category!: string;
  @Field(() => String, { nullable: true, simple: true, description: '提供单位代码；目录已无此类时为空 / Provider; null where the catalogue has it no longer' })
  provider!: string | null;
  @Field(() => [UsccScalar], { simple: true, description: '企业 / Enterprises' }) enterprises!: readonly string[];
  @Field(() => [String], { simple: true, description: '以明文给出的信息项 / Names of items given clear' }) clear!: readonly string[];
  @Field(() => [String], { simple: true, description: '脱敏给出的信息项 / Names of items given masked' }) masked!: readonly string[];
  @Field(() => [AuditDenial], { simple: true, description: '被拒绝的信息项 / Items denied, by reason' }) denied!: readonly AuditDenial[];
}
@ObjectType('AuditConsentUse', { description: '所依据的企业授权 / A consent that outcomes rest on' })
export class AuditConsentUse {
  @Field(() => String, { simple: true, description: '授权编号 / Id of the consent' }) id!: string;
  @Field(() => UsccScalar, { nullable: true, simple: true, description: '给出授权的企业 / Enterprise that gave it' }) enterprise!: string | null;
  @Field(() => [String], { nullable: true, simple: true, description: '所涉信息类代码；空为所查的全部 / Codes of categories given under it; null: all asked' })
  categories!: readonly string[] | null;
}
@ObjectType('AuditRead', { description: '一个根字段所读 / What one root field read' })
export class AuditRead {
  @Field(() => String, { simple: true, description: '根字段 / Root field' }) field!: string;
  @Field(() => [UsccScalar], { simple: true, description: '所查企业，按提问次序 / Enterprises in the order asked' }) enterprises!: readonly string[];
  @Field(() => [UsccScalar], { simple: true, description: '专区没有的企业 / Those that the zone does not hold' }) unknown!: readonly string[];
  @Field(() => Int, { simple: true, description: '无效代码的个数 / How many codes were invalid' }) invalid!: number;
  @Field(() => [AuditCategoryOutcome], { simple: true, description: '各信息类的结果 / What came out, category by category' })
  outcomes!: readonly AuditCategoryOutcome[];
  @Field(() => [AuditConsentUse], { simple: true, description: '所依据的授权 / Consents it rests on' }) consents!: readonly AuditConsentUse[];
}
@ObjectType('AuditSearch', { description: '名录检索；所输入的只留哈希 / A search in the directory; of what was typed the hash is kept' })
export class AuditSearch {
  @Field(() => String, { simple: true, description: '检索词的 SHA-256 / SHA-256 of what was typed' }) nameHash!: string;
  @Field(() => String, { nullable: true, simple: true, description: '行政区划 / Division' }) division!: string | null;
  @Field(() => String, { nullable: true, simple: true, description: '行业 / Industry' }) industry!: string | null;
  @Field(() => Int, { simple: true, description: '找到几家 / How many were found' }) found!: number;
}
@ObjectType('AuditQuestion', { description: '询问权限、预览或解释 / A question what would be given, or why something was' })
export class AuditQuestion {
  @Field(() => String, { nullable: true, simple: true, description: '请求解释的回执 / Receipt that was to be explained' }) receipt!: string | null;
  @Field(() => String, { nullable: true, simple: true, description: '所预览文档的 SHA-256 / SHA-256 of the document weighed' }) preview!: string | null;
  @Field(() => PurposeEnum, { nullable: true, simple: true, description: '使用目的 / Purpose' }) purpose!: string | null;
  @Field(() => String, { nullable: true, simple: true, description: '案件编号 / Case number' }) caseNumber!: string | null;
  @Field(() => [UsccScalar], { simple: true, description: '所问企业 / Enterprises asked about' }) enterprises!: readonly string[];
  @Field(() => [String], { simple: true, description: '所问信息类代码 / Codes of categories asked about' }) about!: readonly string[];
}
@ObjectType('AuditChange', { description: '变更，或未作变更的原因 / A change, or why nothing was changed' })
export class AuditChange {
  @Field(() => String, { simple: true, description: '变更名 / Mutation' }) mutation!: string;
  @Field(() => String, { simple: true, description: '完成、重复、拒绝 / DONE, REPEATED or REFUSED' }) state!: string;
  @Field(() => [String], { simple: true, description: '错误代码 / Codes of what was wrong' }) errors!: readonly string[];
  @Field(() => Int, { nullable: true, simple: true, description: '所产生的策略版本 / Policy version it made' }) policyVersion!: number | null;
  @Field(() => String, { nullable: true, simple: true, description: '提案编号 / Proposal' }) proposal!: string | null;
  @Field(() => String, { nullable: true, simple: true, description: '申请编号 / Access request' }) request!: string | null;
  @Field(() => String, { nullable: true, simple: true, description: '授权编号 / Consent' }) consent!: string | null;
  @Field(() => UsccScalar, { nullable: true, simple: true, description: '企业 / Enterprise' }) enterprise!: string | null;
  @Field(() => [String], { simple: true, description: '所涉机构 / Institutions concerned' }) institutions!: readonly string[];
  @Field(() => String, { nullable: true, simple: true, description: '变更内容，JSON / The change itself, as JSON' }) detail!: string | null;
}
@ObjectType('AuditLookup', { description: '查阅审计日志 / A look into the log' })
export class AuditLookup {
  @Field(() => String, { simple: true, description: '根字段或地址 / Root field or route' }) field!: string;
  @Field(() => String, { simple: true, description: '查找条件，JSON / What was looked for, as JSON' }) filter!: string;
  @Field(() => Int, { simple: true, description: '给出几条 / How many were given' }) returned!: number;
}

@ObjectType('AuditTrailEntry', { description: '审计日志的一条，不含任何数值 / An entry of the log; it holds no value of any item' })
export class AuditTrailEntry {
  @Field(() => String, { simple: true, description: '请求编号，即回执编号 / Id of the request, which is that of its receipt' }) id!: string;
  @Field(() => DateTimeScalar, { simple: true, description: '时间 / When' }) time!: string;
  @Field(() => String, { nullable: true, simple: true, description: '机构 / Institution' }) institution!: string | null;
  @Field(() => String, { nullable: true, simple: true, description: '系统 / System that asked' }) client!: string | null;
  @Field(() => String, { nullable: true, simple: true, description: '平台人员 / Member of staff who acted' }) staff!: string | null;
  @Field(() => UsccScalar, { nullable: true, simple: true, description: '自行操作的企业 / Enterprise that acted' }) enterprise!: string | null;
  @Field(() => String, { nullable: true, simple: true, description: '机构经办人 / Operator at the institution' }) operator!: string | null;
  @Field(() => String, { nullable: true, simple: true, description: '案件编号 / Case number' }) caseNumber!: string | null;
  @Field(() => PurposeEnum, { nullable: true, simple: true, description: '使用目的 / Purpose' }) purpose!: string | null;
  @Field(() => AuditOutcomeEnum, { simple: true, description: '应答或拒绝 / Answered or refused' }) outcome!: string;
  @Field(() => String, { nullable: true, simple: true, description: '拒绝代码 / Code it was refused with' }) code!: string | null;
  @Field(() => Int, { nullable: true, simple: true, description: '策略版本 / Policy version' }) policyVersion!: number | null;
  @Field(() => DateTimeScalar, { nullable: true, simple: true, description: '判定时刻 / When it was decided' }) decidedAt!: string | null;
  @Field(() => [String], { simple: true, description: '根字段 / Root fields asked' }) fields!: readonly string[];
  @Field(() => String, { nullable: true, simple: true, description: '所发文档的 SHA-256 / SHA-256 of the document sent' }) operation!: string | null;
  @Field(() => String, { nullable: true, simple: true, description: '操作名 / Name of the operation' }) operationName!: string | null;
  @Field(() => Float, { simple: true, description: '用时，毫秒 / How long it took, in ms' }) durationMs!: number;
  @Field(() => [AuditRead], { simple: true, description: '读取的记录 / Reads of records' }) reads!: readonly AuditRead[];
  @Field(() => [AuditSearch], { simple: true, description: '名录检索 / Searches in the directory' }) searches!: readonly AuditSearch[];
  @Field(() => [AuditQuestion], { simple: true, description: '询问 / Questions' }) questions!: readonly AuditQuestion[];
  @Field(() => [AuditChange], { simple: true, description: '变更 / Changes' }) changes!: readonly AuditChange[];
  @Field(() => [AuditLookup], { simple: true, description: '对日志的查阅 / Looks into the log' }) lookups!: readonly AuditLookup[];
  @Field(() => String, { nullable: true, simple: true, description: '它取代的、未发出的应答 / The answer whose place it took, which was not sent' })
  supersedes!: string | null;
  @Field(() => Boolean, { simple: true, description: '该应答未发出，已被取代 / Whether it was thrown away and another took its place' }) superseded!: boolean;
  @Field(() => String, { simple: true, description: '叶哈希（RFC 6962），与回执一致 / Leaf hash (RFC 6962), as in its receipt' }) leafHash!: string;
  @Field(() => Float, { nullable: true, simple: true, description: '在树中的叶序号，整数；未入树时为空 / Number of its leaf; null until it is in the tree' })
  leaf!: number | null;
  @Field(() => Boolean, { simple: true, description: '已入树并为检查点所签署 / Whether it is in the tree, under a signed checkpoint' }) sealed!: boolean;
  @Field(() => String, { simple: true, description: '原文：计算哈希的规范 JSON / The canonical JSON that was hashed' }) entry!: string;
}

@ObjectType('AuditTrailConnection', {
  description:
    '审计日志，新者在前；查找有上限，一页可能不满而仍有下一页 / Entries of the log, the newest first; a search is bounded, so a page may be short and more follow',
})
export class AuditTrailConnection {
  @Field(() => [AuditTrailEntry], { simple: true, description: '条目 / Entries' }) nodes!: readonly AuditTrailEntry[];
  @Field(() => PageInfo, { simple: true, description: '分页 / Paging' }) pageInfo!: PageInfo;
  @Field(() => [String], {
    simple: true,
    description:
      '查找时段内已归档、因而未查找的月份，如 2026-04 / Months of the span that are archived and so were not searched, such as 2026-04; they can be taken in again',
  })
  archivedMonths!: readonly string[];
}
