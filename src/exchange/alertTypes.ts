/** GraphQL types of alerts, their rules, and the register of cases. */
import { type ClassType, Field, InputType, Int, ObjectType } from 'type-graphql';
import { ALERT_STATES, type Alert, type AlertState } from '../alerts/alerts.js';
import { CASE_STATES, type CaseState } from '../alerts/cases.js';
import { ALERT_EVENTS } from '../alerts/raise.js';
import { ALERT_KINDS, type AlertKind } from '../alerts/rules.js';
import { type PageOf, UserErrorType } from './governanceTypes.js';
import { DateTimeScalar, type TypedUscc, UsccScalar } from './scalars.js';
import { BilingualText, enumOf, PageInfo } from './types.js';

export const AlertKindEnum = enumOf('AlertKind', ALERT_KINDS, '告警规则 / Rule of an alert');
export const AlertStateEnum = enumOf('AlertState', ALERT_STATES, '告警状态 / State of an alert');
export const AlertEventKindEnum = enumOf('AlertEventKind', ALERT_EVENTS, '告警经过 / What happened to an alert');
export const CaseStateEnum = enumOf('CaseState', CASE_STATES, '案件状态：在办、已批、已拒、已结 / State of a case at its institution');

@ObjectType('AlertFigure', { description: '一个数字 / A figure' })
export class AlertFigure {
  @Field(() => String, { simple: true }) name!: string;
  @Field(() => Number, { simple: true }) value!: number;
}
@ObjectType('AlertSubject', { description: '告警所指 / Whom an alert is about' })
export class AlertSubject {
  @Field(() => String, { nullable: true, simple: true }) institution!: string | null;
  @Field(() => String, { nullable: true, simple: true, description: '经办人 / Who at the institution' }) operator!: string | null;
  @Field(() => String, { nullable: true, simple: true }) caseNumber!: string | null;
  @Field(() => String, { nullable: true, simple: true, description: '目的、系统或规则 / A purpose, a system, or a rule' }) topic!: string | null;
}
@ObjectType('AlertEvent', { description: '告警的一次变化 / Something that happened to an alert' })
export class AlertEventType {
  @Field(() => AlertEventKindEnum, { simple: true }) event!: string;
  @Field(() => DateTimeScalar, { simple: true }) time!: Date;
  @Field(() => String, { simple: true, description: 'zone 为系统 / zone is the system itself' }) actor!: string;
  @Field(() => String, { nullable: true, simple: true }) reason!: string | null;
}
@ObjectType('Alert', { description: '告警 / An alert' })
export class AlertType {
  @Field(() => String, { simple: true }) id!: string;
  @Field(() => AlertKindEnum, { simple: true }) kind!: string;
  @Field(() => Int, { simple: true, description: '规则版本 / Version of the rule' }) ruleVersion!: number;
  @Field(() => AlertStateEnum, { simple: true }) state!: string;
  @Field(() => AlertSubject, { simple: true }) subject!: AlertSubject;
  @Field(() => BilingualText, { simple: true }) text!: BilingualText;
  @Field(() => DateTimeScalar, { simple: true }) openedAt!: Date;
  @Field(() => DateTimeScalar, { simple: true, description: '所据最早一条的时间 / When the first of what it rests on happened' }) firstTime!: Date;
  @Field(() => DateTimeScalar, { simple: true, description: '所据最近一条的时间 / When the last of what it rests on happened' }) lastTime!: Date;
  @Field(() => Int, { simple: true, description: '累计次数 / How often, so far' }) count!: number;
  @Field(() => [String], { simple: true, description: '最早的回执，至多 20 / The first receipts, 20 at most' }) receipts!: readonly string[];
  @Field(() => [AlertFigure], { simple: true }) figures!: readonly AlertFigure[];
  @Field(() => [AlertFigure], { simple: true, description: '当时的阈值 / Thresholds of then' }) thresholds!: readonly AlertFigure[];
  @Field(() => [AlertEventType], { simple: true }) events!: readonly AlertEventType[];
}
@ObjectType('AlertPage', { description: '一页，新者在前 / A page, the newest first' })
class AlertPageType implements PageOf<AlertType> {
  @Field(() => [AlertType], { simple: true }) nodes!: readonly AlertType[];
  @Field(() => PageInfo, { simple: true }) pageInfo!: PageInfo;
}
export const AlertPage: ClassType<PageOf<AlertType>> = AlertPageType;

@ObjectType('AlertRule', { description: '告警规则的一个版本 / A version of a rule' })
export class AlertRuleType {
  @Field(() => AlertKindEnum, { simple: true }) kind!: string;
  @Field(() => Int, { simple: true }) version!: number;
  @Field(() => Boolean, { simple: true }) enabled!: boolean;
  @Field(() => [AlertFigure], { simple: true, description: '阈值 / Thresholds' }) thresholds!: readonly AlertFigure[];
  @Field(() => String, { simple: true }) author!: string;
  @Field(() => String, { simple: true }) reason!: string;
  @Field(() => DateTimeScalar, { simple: true }) time!: Date;
}

@InputType('AlertFilterInput', { description: '各项同时满足 / All that is given must fit' })
export class AlertFilterInput {
  @Field(() => AlertStateEnum, { nullable: true }) state?: AlertState | null;
  @Field(() => AlertKindEnum, { nullable: true }) kind?: AlertKind | null;
  @Field(() => String, { nullable: true }) institution?: string | null;
}
@InputType('ThresholdInput', { description: '一个阈值 / A threshold' })
export class ThresholdInput {
  @Field(() => String) name!: string;
  @Field(() => Number) value!: number;
}
@InputType('AlertRuleInput', { description: '规则的变更；不填的不变 / A change of a rule; what is absent stays' })
export class AlertRuleInput {
  @Field(() => AlertKindEnum) kind!: AlertKind;
  @Field(() => Boolean, { nullable: true, description: '停用或启用 / Off or on' }) enabled?: boolean | null;
  @Field(() => [ThresholdInput], { nullable: true }) thresholds?: ThresholdInput[] | null;
}
@InputType('CaseReportInput', { description: '本机构案件的状态 / The state of a case of yours' })
export class CaseReportInput {
  @Field(() => String, { description: '案件编号，与查询事由中的一致 / Case number, as in the inquiry' }) caseNumber!: string;
  @Field(() => UsccScalar) uscc!: TypedUscc;
  @Field(() => CaseStateEnum) state!: CaseState;
}

@ObjectType('AlertPayload')
export class AlertPayload {
  @Field(() => AlertType, { nullable: true, simple: true }) alert!: AlertType | null;
  @Field(() => [UserErrorType], { simple: true }) userErrors!: readonly UserErrorType[];
}
@ObjectType('AlertRulePayload')
export class AlertRulePayload {
  @Field(() => AlertRuleType, { nullable: true, simple: true }) rule!: AlertRuleType | null;
  @Field(() => [UserErrorType], { simple: true }) userErrors!: readonly UserErrorType[];
}
@ObjectType('CaseReport', { description: '已报的案件 / A case as it was reported' })
export class CaseReportType {
  @Field(() => String, { simple: true }) caseNumber!: string;
  @Field(() => UsccScalar, { simple: true }) uscc!: string;
  @Field(() => CaseStateEnum, { simple: true }) state!: string;
  @Field(() => Int, { simple: true, description: '修订 / Revision' }) revision!: number;
  @Field(() => DateTimeScalar, { simple: true }) reportedAt!: Date | string;
}
@ObjectType('CasePayload')
export class CasePayload {
  @Field(() => CaseReportType, { nullable: true, simple: true }) report!: CaseReportType | null;
  @Field(() => [UserErrorType], { simple: true }) userErrors!: readonly UserErrorType[];
}

export function figuresOf(figures: Readonly<Record<string, number>>): AlertFigure[] {
  return Object.entries(figures).map(([name, value]) => ({ name, value }));
}

export function alertTypeOf({ subject, figures, thresholds, ...alert }: Alert): AlertType {
  const { institution, operator = null, caseNumber = null, topic = null } = subject;
  return { ...alert, subject: { institution, operator, caseNumber, topic }, figures: figuresOf(figures), thresholds: figuresOf(thresholds) };
}
