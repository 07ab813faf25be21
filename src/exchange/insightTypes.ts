/** GraphQL types of explanation and preview. */
import { Arg, Field, Int, ObjectType } from 'type-graphql';
import { CONSENT_STATES } from '../access/evidence.js';
import { DateTimeScalar, UsccScalar } from './scalars.js';
import { BilingualText, CycleEnum, EffectEnum, enumOf, PageInfo, PurposeEnum, ReasonEnum, Remedy } from './types.js';

export const ConsentStateEnum = enumOf('ConsentState', CONSENT_STATES, '企业授权状态 / What consents say of a category');

/** What an entry of the log is about. */
export const PAST_KINDS = ['READ', 'REFUSED', 'SEARCH', 'QUESTION', 'OTHER'] as const;
export type PastKind = (typeof PAST_KINDS)[number];
export const PastKindEnum = enumOf('PastKind', PAST_KINDS, '过去请求的种类 / What a past request was');

@ObjectType('PastLine', { description: '同一信息项、结果相同的企业 / Enterprises of which one item came out alike' })
export class PastLine {
  @Field(() => String, { simple: true, description: '根字段 / Root field' }) field!: string;
  @Field(() => String, { simple: true, description: '信息类代码 / Category code' }) category!: string;
  @Field(() => String, { nullable: true, simple: true, description: '信息项代码；仅查来源时为空 / Item code; null where only provenance was asked' })
  item!: string | null;
  @Field(() => String, { nullable: true, simple: true, description: '模式坐标 / Schema coordinate' }) coordinate!: string | null;
  @Field(() => Int, { simple: true, description: '企业数 / How many enterprises' }) count!: number;
  @Field(() => [UsccScalar], { simple: true, description: '企业 / Which enterprises' }) enterprises!: readonly string[];
  @Field(() => EffectEnum, { simple: true, description: '当时记录的结果 / What the log says came out' }) outcome!: string;
  @Field(() => ReasonEnum, { nullable: true, simple: true, description: '当时记录的拒绝原因 / The reason the log says' }) reason!: string | null;
  @Field(() => EffectEnum, {
    nullable: true,
    simple: true,
    description: '按当时策略重新判定；目录已无此项时为空 / Decided again; null where the catalogue has it no longer',
  })
  recomputed!: string | null;
  @Field(() => ReasonEnum, { nullable: true, simple: true, description: '重新判定的拒绝原因 / The reason, decided again' }) recomputedReason!: string | null;
  @Field(() => Boolean, { simple: true, description: '两者一致 / Whether the two are equal' }) agrees!: boolean;
  @Field(() => String, { nullable: true, simple: true, description: '起决定作用的规则 / The rule that decided' }) rule!: string | null;
  @Field(() => String, { nullable: true, simple: true, description: '规则内容 / What the rule says' }) says!: string | null;
  @Field(() => [String], { simple: true, description: '当时有效的授予 / Grants in force then' }) grants!: readonly string[];
  @Field(() => [String], { simple: true, description: '当时有效的企业授权 / Consents in force then' }) consents!: readonly string[];
  @Field(() => Remedy, { nullable: true, simple: true, description: '可以怎么做 / What could have been done' }) remedy!: Remedy | null;
}

@ObjectType('PastLineConnection', { description: '逐项说明 / The explanation, item by item' })
export class PastLineConnection {
  @Field(() => [PastLine], { simple: true }) nodes!: PastLine[];
  @Field(() => Int, { simple: true, description: '总行数 / How many there are in all' }) total!: number;
  @Field(() => PageInfo, { simple: true }) pageInfo!: PageInfo;
}

@ObjectType('PastDecision', { description: '对过去一次应答的解释 / Why a past answer came out as it did' })
export class PastDecision {
  @Field(() => String, { simple: true, description: '回执编号 / Id of the receipt' }) receipt!: string;
  @Field(() => DateTimeScalar, { simple: true, description: '时间 / When' }) time!: string;
  @Field(() => PastKindEnum, { simple: true, description: '种类 / What it was' }) kind!: PastKind;
  @Field(() => BilingualText, { simple: true, description: '说明 / In words' }) note!: BilingualText;
  @Field(() => String, { nullable: true, simple: true, description: '拒绝代码 / The code it was refused with' }) code!: string | null;
  @Field(() => Boolean, { simple: true, description: '该应答未发出，已被后一次取代 / Never sent: a later attempt took its place' }) superseded!: boolean;
  @Field(() => String, { nullable: true, simple: true, description: '它取代的回执 / The receipt whose place it took' }) supersedes!: string | null;
  @Field(() => String, { nullable: true, simple: true, description: '机构 / Institution' }) institution!: string | null;
  @Field(() => String, { nullable: true, simple: true, description: '系统；企业不可见 / System; not for enterprises' }) client!: string | null;
  @Field(() => String, { nullable: true, simple: true, description: '案件编号；企业不可见 / Case; not for enterprises' }) caseNumber!: string | null;
  @Field(() => String, { nullable: true, simple: true, description: '经办人；企业不可见 / Operator; not for enterprises' }) operator!: string | null;
  @Field(() => PurposeEnum, { nullable: true, simple: true, description: '使用目的 / Purpose' }) purpose!: string | null;
  @Field(() => [String], { simple: true, description: '根字段 / Root fields asked' }) fields!: readonly string[];
  @Field(() => Int, { nullable: true, simple: true, description: '当时的策略版本 / Policy version of then' }) policyVersion!: number | null;
  @Field(() => DateTimeScalar, { nullable: true, simple: true, description: '判定时刻 / When it was decided' }) decidedAt!: string | null;
  @Field(() => Boolean, {
    nullable: true,
    simple: true,
    description: '重新判定与记录一致；未逐项判定时为空 / Whether deciding again gives the same; null where nothing was decided',
  })
  agrees!: boolean | null;

  private readonly lineAt!: (first: number, after: string | null) => PastLineConnection;

  @Field(() => PastLineConnection, { description: '逐项说明 / Item by item' })
  lines(
    @Arg('first', () => Int, { defaultValue: 100, description: '1-100' }) first: number,
    @Arg('after', () => String, { nullable: true }) after: string | undefined,
  ): PastLineConnection {
    return this.lineAt(first, after ?? null);
  }

  /** `lineAt` gives a page of the lines. */
  static of(told: Omit<PastDecision, 'lines'>, lineAt: (first: number, after: string | null) => PastLineConnection): PastDecision {
    return Object.assign(new PastDecision(), told, { lineAt });
  }
}

/* ---- preview ---- */

@ObjectType('SourcePlace', { description: '文档中的位置 / A place in a document' })
export class SourcePlace {
  @Field(() => Int, { simple: true }) line!: number;
  @Field(() => Int, { simple: true }) column!: number;
}
@ObjectType('QueryProblem', { description: '查询为何不会被执行 / Why the operation would not run' })
export class QueryProblem {
  @Field(() => String, { simple: true, description: '代码 / Code' }) code!: string;
  @Field(() => String, { simple: true, description: '说明 / What is wrong' }) message!: string;
  @Field(() => BilingualText, { simple: true, description: '可以怎么做 / What can be done' }) remedy!: BilingualText;
  @Field(() => [SourcePlace], { simple: true, description: '位置 / Where' }) locations!: readonly SourcePlace[];
}
@ObjectType('QueryCost', { description: '成本与上限 / What it costs, and the limits of one operation' })
export class QueryCost {
  @Field(() => Int, { nullable: true, simple: true, description: '至多的记录数 / Records it answers at most' }) records!: number | null;
  @Field(() => Int, { simple: true, description: '记录上限 / Limit of records' }) recordsLimit!: number;
  @Field(() => Int, { nullable: true, simple: true, description: '估计的数值个数 / Values, as estimated' }) values!: number | null;
  @Field(() => Int, { simple: true, description: '数值上限 / Limit of values' }) valuesLimit!: number;
  @Field(() => Boolean, { simple: true, description: '在上限之内 / Whether it is within the limits' }) fits!: boolean;
}
@ObjectType('DeniedCoordinate', { description: '将被拒绝的坐标 / A coordinate that would be denied' })
export class DeniedCoordinate {
  @Field(() => String, { simple: true, description: '模式坐标 / Schema coordinate' }) coordinate!: string;
  @Field(() => String, { simple: true, description: '信息项或信息类代码 / Code of the item, or of the category' }) code!: string;
  @Field(() => ReasonEnum, { simple: true, description: '原因 / Reason' }) reason!: string;
  @Field(() => Remedy, { simple: true, description: '可以怎么做 / What can be done' }) remedy!: Remedy;
  @Field(() => [UsccScalar], {
    nullable: true,
    simple: true,
    description: '涉及企业，至多列 20 家；空为全部 / Of which enterprises, 20 of them at most; null: of all',
  })
  enterprises!: readonly string[] | null;
}
@ObjectType('ConsentGap', { description: '所缺的授权 / A category without consent' })
export class ConsentGap {
  @Field(() => String, { simple: true, description: '信息类代码 / Category code' }) category!: string;
  @Field(() => ConsentStateEnum, { simple: true, description: '状态 / NONE, EXPIRED or WITHDRAWN' }) state!: string;
}
@ObjectType('MissingConsent', { description: '一家企业所缺的授权 / What an enterprise has not consented to' })
export class MissingConsent {
  @Field(() => UsccScalar, { simple: true }) uscc!: string;
  @Field(() => [ConsentGap], { simple: true }) gaps!: readonly ConsentGap[];
}
@ObjectType('StaleCategory', { description: '逾期未更新的信息类 / A category whose newer data are overdue' })
export class StaleCategory {
  @Field(() => String, { simple: true, description: '信息类代码 / Category code' }) category!: string;
  @Field(() => String, { simple: true, description: '提供单位代码 / Code of the provider' }) provider!: string;
  @Field(() => CycleEnum, { simple: true, description: '更新周期 / Update cycle' }) updateCycle!: string;
  @Field(() => DateTimeScalar, {
    nullable: true,
    simple: true,
    description: '最新数据时点；从未交付时为空 / As of when the newest hold; null where none was delivered',
  })
  dataTime!: string | null;
  @Field(() => DateTimeScalar, { nullable: true, simple: true, description: '应更新时间 / When newer data were to arrive' }) dueBy!: string | null;
}

@ObjectType('QueryPreview', { description: '执行前的预览；不读取记录，不消耗额度 / An operation weighed before it runs; reads no record, uses no quota' })
export class QueryPreview {
  @Field(() => Boolean, { simple: true, description: '会被执行 / Whether it would run' }) accepted!: boolean;
  @Field(() => [QueryProblem], { simple: true, description: '不会执行的原因 / Why it would not' }) problems!: readonly QueryProblem[];
  @Field(() => QueryCost, { nullable: true, simple: true, description: '成本；无法读懂时为空 / Cost; null where it was not understood' })
  cost!: QueryCost | null;
  @Field(() => Int, { simple: true, description: '策略版本 / Policy version' }) policyVersion!: number;
  @Field(() => [String], { simple: true, description: '将脱敏的坐标 / Coordinates that would be masked' }) masked!: readonly string[];
  @Field(() => [DeniedCoordinate], { simple: true, description: '将拒绝的坐标 / Coordinates that would be denied' }) denied!: readonly DeniedCoordinate[];
  @Field(() => [MissingConsent], { simple: true, description: '所缺授权 / Consents that are missing' }) missingConsents!: readonly MissingConsent[];
  @Field(() => [StaleCategory], { simple: true, description: '逾期的信息类 / Categories that are overdue' }) staleCategories!: readonly StaleCategory[];
}
