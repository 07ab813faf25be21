/** GraphQL types of an enterprise's statement: who read what of it, and what is told later. */
import { createUnionType, Field, Int, ObjectType } from 'type-graphql';
import { DateTimeScalar, UsccScalar } from './scalars.js';
import { BilingualText, enumOf, PageInfo, PurposeEnum, ReasonEnum } from './types.js';

export const StatementStateEnum = enumOf('StatementState', ['DISCLOSED', 'DELAYED', 'ARCHIVED'], '已披露、延迟披露、已归档 / Told, told later, or archived');

@ObjectType('StatementDenial', { description: '被拒绝的信息项与原因 / Items that were denied, and why' })
export class StatementDenial {
  @Field(() => ReasonEnum, { simple: true, description: '原因 / Reason' }) reason!: string;
  @Field(() => [String], { simple: true, description: '信息项名称 / Names of items' }) names!: readonly string[];
}
@ObjectType('StatementOutcome', {
  description: '一个信息类：哪些项以明文、脱敏给出，哪些被拒绝 / A category: what went out clear or masked, and what was denied',
})
export class StatementOutcome {
  @Field(() => String, { simple: true, description: '根字段 / Root field' }) field!: string;
  @Field(() => String, { simple: true, description: '信息类代码 / Category code' }) category!: string;
  @Field(() => [String], { simple: true, description: '明文 / Given clear' }) clear!: readonly string[];
  @Field(() => [String], { simple: true, description: '脱敏 / Given masked' }) masked!: readonly string[];
  @Field(() => [StatementDenial], { simple: true, description: '拒绝 / Denied' }) denied!: readonly StatementDenial[];
}
@ObjectType('StatementReceipt', { description: '该次应答的回执 / The receipt of the answer' })
export class StatementReceipt {
  @Field(() => String, { simple: true }) id!: string;
  @Field(() => DateTimeScalar, { simple: true }) time!: string;
  @Field(() => String, { simple: true }) leafHash!: string;
}
@ObjectType('StatementRead', { description: '一次读取 / One read' })
export class StatementRead {
  @Field(() => StatementStateEnum, { simple: true }) state!: 'DISCLOSED';
  @Field(() => Int, { simple: true, description: '该企业的第几条 / Its number among all reads of the enterprise' }) ordinal!: number;
  @Field(() => StatementReceipt, { simple: true }) receipt!: StatementReceipt;
  @Field(() => DateTimeScalar, { simple: true, description: '时间 / When' }) time!: string;
  @Field(() => String, { nullable: true, simple: true, description: '机构代码 / Institution' }) institution!: string | null;
  @Field(() => BilingualText, { nullable: true, simple: true, description: '机构名称 / Its name' }) institutionName!: BilingualText | null;
  @Field(() => String, { nullable: true, simple: true, description: '机构的系统 / System of the institution' }) client!: string | null;
  @Field(() => String, { nullable: true, simple: true, description: '经办人，由机构填报 / Who at the institution, as it said' }) operator!: string | null;
  @Field(() => PurposeEnum, { nullable: true, simple: true, description: '使用目的 / Why' }) purpose!: string | null;
  @Field(() => String, { nullable: true, simple: true, description: '机构的案件编号 / Case number of the institution' }) caseNumber!: string | null;
  @Field(() => Int, { nullable: true, simple: true, description: '策略版本 / Policy version' }) policyVersion!: number | null;
  @Field(() => [String], { simple: true, description: '所依据的本企业授权 / Consents of the enterprise it rested on' }) consents!: readonly string[];
  @Field(() => [StatementOutcome], { simple: true, description: '逐信息类 / Category by category' }) outcomes!: readonly StatementOutcome[];
  @Field(() => Boolean, { simple: true, description: '专区中没有该企业 / The zone held no such enterprise' }) unknown!: boolean;
  @Field(() => String, {
    nullable: true,
    simple: true,
    description: '整个请求被拒绝的代码；空为已应答 / Why the whole request was refused; null: it was answered',
  })
  code!: string | null;
  @Field(() => Boolean, {
    simple: true,
    description: '应答已作废：组成后因策略变更未发出，无人得到 / Composed and thrown away because policy moved under it: nobody got it',
  })
  superseded!: boolean;
  @Field(() => String, { nullable: true, simple: true, description: '它取代的作废应答 / The answer thrown away that it stands for' }) supersedes!:
    | string
    | null;
}
@ObjectType('StatementDelay', { description: '一次读取，按策略延迟披露 / One read, which policy tells later' })
export class StatementDelay {
  @Field(() => StatementStateEnum, { simple: true }) state!: 'DELAYED';
  @Field(() => Int, { simple: true, description: '该企业的第几条 / Its number among all reads of the enterprise' }) ordinal!: number;
  @Field(() => DateTimeScalar, { simple: true, description: '届时披露 / When it will be told' }) until!: Date;
}
@ObjectType('StatementArchived', {
  description: '一次读取，所在月份已归档，恢复后可查 / One read, whose month is archived; it is told again once the month is restored',
})
export class StatementArchived {
  @Field(() => StatementStateEnum, { simple: true }) state!: 'ARCHIVED';
  @Field(() => Int, { simple: true, description: '该企业的第几条 / Its number among all reads of the enterprise' }) ordinal!: number;
  @Field(() => String, { simple: true, description: '归档的月份（北京时间） / The month that is archived, in Beijing: YYYY-MM' }) month!: string;
}
export const StatementEntryUnion = createUnionType({
  name: 'StatementEntry',
  description: '一次读取：已披露、延迟披露或已归档 / A read: told, told later, or archived',
  types: () => [StatementRead, StatementDelay, StatementArchived] as const,
  resolveType: ({ state }) => ({ DISCLOSED: 'StatementRead', DELAYED: 'StatementDelay', ARCHIVED: 'StatementArchived' })[state],
});
@ObjectType('StatementCheckpoint', { description: '所依据的检查点 / The checkpoint it goes by' })
export class StatementCheckpoint {
  @Field(() => Int, { simple: true }) number!: number;
  @Field(() => Int, { simple: true, description: '日志条数 / Entries of the log' }) size!: number;
  @Field(() => DateTimeScalar, { simple: true }) time!: Date;
  @Field(() => String, { simple: true, description: '签名文本（C2SP signed note） / The signed note' }) note!: string;
}
@ObjectType('EnterpriseStatement', { description: '对账单：谁在何时为何读取了该企业的哪些数据 / Who read what of an enterprise, when and why' })
export class EnterpriseStatement {
  @Field(() => UsccScalar, { simple: true }) uscc!: string;
  @Field(() => DateTimeScalar, { simple: true }) from!: string;
  @Field(() => DateTimeScalar, { simple: true, description: '不含 / Not included' }) until!: string;
  @Field(() => Int, {
    simple: true,
    description:
      '时段内的读取次数；延迟披露与已归档的按其日（UTC）计入 / Reads within the span; delayed and archived ones of any day (UTC) that it has a part of',
  })
  total!: number;
  @Field(() => DateTimeScalar, {
    nullable: true,
    simple: true,
    description: '此前发出的应答均已列入；空为尚无 / Whatever was answered before is in it; null: nothing yet',
  })
  completeThrough!: Date | null;
  @Field(() => StatementCheckpoint, { nullable: true, simple: true }) checkpoint!: StatementCheckpoint | null;
  @Field(() => [StatementEntryUnion], { simple: true, description: '新者在前 / The newest first' }) entries!: readonly (
    | StatementRead
    | StatementDelay
    | StatementArchived
  )[];
  @Field(() => PageInfo, { simple: true }) pageInfo!: PageInfo;
  @Field(() => String, {
    simple: true,
    description:
      '证明（JSON）：整个时段，无一遗漏；以 audit verify-statement 核验 / Proof, JSON, that of the whole span nothing is left out; for audit verify-statement',
  })
  proof!: string | null;
}
