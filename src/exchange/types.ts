/** GraphQL types that do not depend on the catalogue's content. */
import { createUnionType, Field, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { REMEDY_ACTIONS } from '../access/explain.js';
import { REASONS } from '../access/outcome.js';
import { DATA_TYPES, MASK_RULES } from '../catalogue/model.js';
import { PURPOSES, SHARING_TYPES, UPDATE_CYCLES } from '../terms.js';
import { DateTimeScalar, UsccScalar } from './scalars.js';

/** type-graphql wants enums as objects. */
export const enumOf = <T extends string>(name: string, values: readonly T[], description: string): Record<T, T> => {
  const found = Object.fromEntries(values.map((value) => [value, value])) as Record<T, T>;
  registerEnumType(found, { name, description });
  return found;
};
/** `personName` -> `PERSON_NAME`: enum values of names that are camelCase elsewhere. */
export const screaming = (name: string) => name.replace(/([a-z])([A-Z])/g, '$1_$2').toUpperCase();

export const PurposeEnum = enumOf('Purpose', PURPOSES, '使用目的 / Why the data are asked for');
export const ReasonEnum = enumOf('Reason', REASONS, '拒绝原因 / Why an item is denied');
export const EffectEnum = enumOf('Effect', ['CLEAR', 'MASKED', 'DENIED'], '结果：明文、脱敏、拒绝 / What comes out');
export const SharingEnum = enumOf('SharingType', SHARING_TYPES, '共享类型 / Sharing type');
export const CycleEnum = enumOf('UpdateCycle', UPDATE_CYCLES, '更新周期 / Update cycle');
export const FreshnessEnum = enumOf('Freshness', ['FRESH', 'OVERDUE', 'UNKNOWN'], '新鲜度 / Whether newer data were due by now');
export const CardinalityEnum = enumOf('Cardinality', ['ONE', 'MANY'], '每家企业一条或多条 / One record an enterprise, or many');
export const DataTypeEnum = enumOf('DataType', DATA_TYPES.map(screaming), '数据类型 / Data type');
export const MaskRuleEnum = enumOf('MaskRule', MASK_RULES.map(screaming), '脱敏规则 / Mask rule');

export const RemedyActionEnum = enumOf('RemedyAction', REMEDY_ACTIONS, '补救方式 / What can be done about a denial');

@InputType('InquiryInput', { description: '查询事由，进入审计 / Why it is asked; goes into the audit log' })
export class InquiryInput {
  @Field(() => PurposeEnum, { description: '使用目的 / Purpose' }) purpose!: keyof typeof PurposeEnum;
  @Field(() => String, { description: '本机构的案件编号，1-64 字 / Your own case, 1 to 64 characters' }) caseNumber!: string;
  @Field(() => String, { nullable: true, description: '经办人 / Who at the institution' }) operator?: string | null;
}

@ObjectType('Provenance', { description: '来源与新鲜度 / Source and freshness of a record' })
export class Provenance {
  @Field(() => String, { simple: true, description: '提供单位代码 / Code of the provider' }) provider!: string;
  @Field(() => DateTimeScalar, { simple: true, description: '数据时点 / As of when the data hold' }) dataTime!: string;
  @Field(() => DateTimeScalar, { simple: true, description: '入库时间 / When the zone received them' }) receivedAt!: string;
  @Field(() => String, { simple: true, description: '交付批次 / Delivery that brought them' }) delivery!: string;
  @Field(() => CycleEnum, { simple: true, description: '更新周期 / Update cycle' }) updateCycle!: string;
  @Field(() => DateTimeScalar, { nullable: true, simple: true, description: '下次应更新时间 / When newer data were to arrive' }) dueBy!: string | null;
  @Field(() => FreshnessEnum, { simple: true, description: '新鲜度 / Freshness' }) freshness!: string;
}

/** Domains are declared on it from the catalogue. */
@ObjectType('Enterprise', { description: '企业；各领域信息按授权给出 / An enterprise; its records as far as they may be seen' })
export class Enterprise {
  @Field(() => UsccScalar, { simple: true, description: '统一社会信用代码 / Unified social credit code' }) uscc!: string;
  @Field(() => String, { nullable: true, simple: true, description: '企业名称 / Registered name; governed as registration.basic.enterpriseName' }) name!:
    | string
    | null;
}

@ObjectType('EnterpriseProblem', { description: '批量查询中无法回答的一家 / One of a batch that cannot be answered' })
export class EnterpriseProblem {
  // Of the type that Enterprise.uscc has, so that one query may ask both members of the union for it without an alias.
  @Field(() => UsccScalar, { simple: true, description: '所给代码，可能无效 / The code as given, valid or not' }) uscc!: string;
  @Field(() => String, { simple: true, description: 'INVALID_USCC, ENTERPRISE_UNKNOWN' }) code!: string;
  @Field(() => String, { simple: true, description: '说明 / What is wrong' }) message!: string;
}
export const EnterpriseResult = createUnionType({
  name: 'EnterpriseResult',
  description: '企业，或其无法回答的原因 / An enterprise, or why it cannot be answered',
  types: () => [Enterprise, EnterpriseProblem] as const,
  resolveType: (value) => ('code' in value ? 'EnterpriseProblem' : 'Enterprise'),
});

@ObjectType('BilingualText', { description: '中英文 / Chinese and English' })
export class BilingualText {
  @Field(() => String, { simple: true }) zh!: string;
  @Field(() => String, { simple: true }) en!: string;
}

@ObjectType('Remedy', { description: '被拒绝后可以怎么做 / What can be done about a denial' })
export class Remedy {
  @Field(() => String, { simple: true }) zh!: string;
  @Field(() => String, { simple: true }) en!: string;
  @Field(() => RemedyActionEnum, { simple: true, description: '方式 / Action' }) action!: string;
  @Field(() => String, { nullable: true, simple: true, description: '由哪项变更开始 / The mutation that begins it' }) mutation!: string | null;
  @Field(() => [String], { simple: true, description: '申请范围：信息项或信息类代码 / What to ask it for: codes of items or categories' })
  scope!: readonly string[];
  @Field(() => [PurposeEnum], { simple: true, description: '用于哪些目的 / For which purposes' }) purposes!: readonly string[];
}

@ObjectType('PageInfo', { description: '分页 / Paging' })
export class PageInfo {
  @Field(() => Boolean, { simple: true }) hasNextPage!: boolean;
  @Field(() => String, { nullable: true, simple: true }) endCursor!: string | null;
}
@ObjectType('EnterpriseEntry', { description: '名录中的一家，仅含一级数据 / An entry of the directory; grade 1 only' })
export class EnterpriseEntry {
  @Field(() => UsccScalar, { simple: true }) uscc!: string;
  @Field(() => String, { simple: true, description: '名称 / Name' }) name!: string;
  @Field(() => String, { nullable: true, simple: true, description: '行政区划代码 / Administrative division' }) division!: string | null;
  @Field(() => String, { nullable: true, simple: true, description: '行业代码 / Industry code' }) industry!: string | null;
}
@ObjectType('EnterpriseEdge')
export class EnterpriseEdge {
  @Field(() => String, { simple: true }) cursor!: string;
  @Field(() => EnterpriseEntry, { simple: true }) node!: EnterpriseEntry;
}
@ObjectType('EnterpriseConnection', { description: '检索结果，按代码排列 / Found enterprises, in the order of their codes' })
export class EnterpriseConnection {
  @Field(() => [EnterpriseEdge], { simple: true }) edges!: EnterpriseEdge[];
  @Field(() => [EnterpriseEntry], { simple: true }) nodes!: EnterpriseEntry[];
  @Field(() => PageInfo, { simple: true }) pageInfo!: PageInfo;
}

@ObjectType('ItemAccess', { description: '我能看到什么，为什么 / What you would get of an item, and why' })
export class ItemAccess {
  @Field(() => String, { simple: true, description: '信息项代码 / Item code' }) item!: string;
  @Field(() => String, { simple: true, description: '信息类代码 / Category code' }) category!: string;
  @Field(() => String, { simple: true, description: '模式坐标 / Schema coordinate' }) coordinate!: string;
  @Field(() => EffectEnum, { simple: true, description: '结果 / Outcome' }) outcome!: string;
  @Field(() => ReasonEnum, { nullable: true, simple: true, description: '拒绝原因 / Reason of a denial' }) reason!: string | null;
  @Field(() => String, { nullable: true, simple: true, description: '起决定作用的规则 / The rule that decided' }) rule!: string | null;
  @Field(() => String, { nullable: true, simple: true, description: '规则内容 / What the rule says' }) says!: string | null;
  @Field(() => Int, { simple: true, description: '现行数据级别 / Grade in force' }) grade!: number;
  @Field(() => SharingEnum, { simple: true, description: '现行共享类型 / Sharing type in force' }) sharing!: string;
  @Field(() => Int, { simple: true, description: '策略版本 / Policy version' }) policyVersion!: number;
  @Field(() => [String], { simple: true, description: '所依据的授予 / Grants in force that cover it' }) grants!: readonly string[];
  @Field(() => [String], { simple: true, description: '所依据的企业授权 / Consents in force that cover it' }) consents!: readonly string[];
  @Field(() => Remedy, { nullable: true, simple: true, description: '可以怎么做 / What can be done' }) remedy!: Remedy | null;
}
