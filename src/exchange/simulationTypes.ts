/** GraphQL types of what officers try out and look through: simulations of a draft, and what is granted and not used. */
import { Field, Int, ObjectType } from 'type-graphql';
import type { Outcome } from '../access/outcome.js';
import type { Affected as AffectedCounts } from '../access/replay.js';
import { Fault } from '../faults.js';
import { ConsentStateEnum } from './insightTypes.js';
import type { LeastPrivilege, UnusedItem as Unused } from './leastPrivilege.js';
import { DateTimeScalar } from './scalars.js';
import type { Simulation as Simulated, CategoryView as View } from './simulation.js';
import { EffectEnum, enumOf, PageInfo, PurposeEnum, ReasonEnum } from './types.js';

export const ChangeEnum = enumOf('PolicyChange', ['WIDENED', 'NARROWED'], '变宽或变窄 / More is seen, or less');
export const SubjectEnum = enumOf('Subject', ['FIRM', 'PERSON'], '企业或个体工商户 / A firm, or an individual business');

@ObjectType('Sight', { description: '企业全部同意时各结果的信息项数 / Items by what comes out, where the enterprise consents to everything' })
export class Sight {
  @Field(() => Int, { simple: true, description: '明文 / Clear' }) clear!: number;
  @Field(() => Int, { simple: true, description: '脱敏 / Masked' }) masked!: number;
  @Field(() => Int, { simple: true, description: '拒绝 / Denied' }) denied!: number;
}
@ObjectType('ItemChange', { description: '结果改变的信息项 / An item that comes out otherwise' })
export class ItemChange {
  @Field(() => String, { simple: true, description: '信息项代码 / Item code' }) item!: string;
  @Field(() => ChangeEnum, { simple: true, description: '变化 / Change' }) change!: string;
  @Field(() => EffectEnum, { simple: true, description: '现在 / Now' }) before!: string;
  @Field(() => ReasonEnum, { nullable: true, simple: true, description: '现在的拒绝原因 / Reason of the denial now' }) beforeReason!: string | null;
  @Field(() => EffectEnum, { simple: true, description: '草案下 / Under the draft' }) after!: string;
  @Field(() => ReasonEnum, { nullable: true, simple: true, description: '草案下的拒绝原因 / Reason of the denial under the draft' }) afterReason!:
    | string
    | null;
  @Field(() => [SubjectEnum], { simple: true, description: '对哪类主体 / Of whom' }) subjects!: readonly string[];
  @Field(() => [ConsentStateEnum], { simple: true, description: '在何种授权状态下 / In which states of consent' }) consents!: readonly string[];
}
@ObjectType('CategoryChange', { description: '一机构一目的下改变的信息类 / A category that changes for an institution and a purpose' })
export class CategoryChange {
  @Field(() => String, { simple: true, description: '机构 / Institution' }) institution!: string;
  @Field(() => PurposeEnum, { simple: true, description: '使用目的 / Purpose' }) purpose!: string;
  @Field(() => String, { simple: true, description: '信息类代码 / Category code' }) category!: string;
  @Field(() => Sight, { simple: true, description: '现在 / Now' }) before!: Sight;
  @Field(() => Sight, { simple: true, description: '草案下 / Under the draft' }) after!: Sight;
  @Field(() => [ItemChange], { simple: true, description: '改变的信息项 / Items that change' }) changes!: readonly ItemChange[];
}
@ObjectType('AffectedReads', { description: '草案所涉的过去查询 / Past reads that a draft concerns' })
export class AffectedReads {
  @Field(() => String, { simple: true, description: '机构 / Institution' }) institution!: string;
  @Field(() => String, { simple: true, description: '信息类代码 / Category code' }) category!: string;
  @Field(() => String, { nullable: true, simple: true, description: '信息项代码；仅查来源时为空 / Item code; null where only provenance was asked' })
  item!: string | null;
  @Field(() => ChangeEnum, { simple: true, description: '变化 / Change' }) change!: string;
  @Field(() => Int, { simple: true, description: '过去查询次数 / How many past reads' }) reads!: number;
  @Field(() => Int, { simple: true, description: '所涉企业数 / Of how many enterprises' }) enterprises!: number;
  @Field(() => Boolean, { simple: true, description: '企业数不止于此 / There are more enterprises than were counted' }) more!: boolean;
}
@ObjectType('Simulation', { description: '草案的模拟；不改变任何策略 / A draft of policy tried out; changes nothing' })
export class Simulation {
  @Field(() => [CategoryChange], { simple: true, description: '机构将看到的变化 / What institutions would see otherwise' })
  wouldSee!: readonly CategoryChange[];
  @Field(() => Int, { simple: true, description: '重放的查询数 / Past reads that were decided again' }) replayed!: number;
  @Field(() => Boolean, { simple: true, description: '所求期间全部重放 / Whether all of the time asked for was replayed' }) complete!: boolean;
  @Field(() => [AffectedReads], { simple: true, description: '受影响的过去查询 / Past reads it concerns' }) affected!: readonly AffectedReads[];
  @Field(() => Int, { simple: true, description: '用时，毫秒 / How long it took, in ms' }) took!: number;

  static of({ wouldSee, affected, ...rest }: Simulated): Simulation {
    return Object.assign(new Simulation(), { ...rest, wouldSee: wouldSee.map(changeOfView), affected: affected.map(affectedReads) });
  }
}

const reasonOf = (outcome: Outcome) => (outcome.effect === 'DENIED' ? outcome.reason : null);

function changeOfView({ category, items, ...rest }: View): CategoryChange {
  const changes = items.map(({ item, before, after, ...change }) => ({
    ...change,
    item: item.code,
    before: before.effect,
    beforeReason: reasonOf(before),
    after: after.effect,
    afterReason: reasonOf(after),
  }));
  return { ...rest, category: category.code, changes };
}

function affectedReads({ category, item, ...rest }: AffectedCounts): AffectedReads {
  return { ...rest, category: category.code, item: item?.code ?? null };
}

/* ---- least privilege ---- */

@ObjectType('UnusedItem', { description: '已授予而久未使用的信息项 / An item granted and not read of late' })
export class UnusedItem {
  @Field(() => String, { simple: true, description: '机构 / Institution' }) institution!: string;
  @Field(() => String, { simple: true, description: '信息类代码 / Category code' }) category!: string;
  @Field(() => String, { simple: true, description: '信息项代码 / Item code' }) item!: string;
  @Field(() => EffectEnum, { simple: true, description: '至多可得 / The most that comes out' }) outcome!: string;
  @Field(() => [PurposeEnum], { simple: true, description: '可用于 / For which purposes' }) purposes!: readonly string[];
  @Field(() => [String], { simple: true, description: '所依据的授予 / Grants that give it' }) grants!: readonly string[];
  @Field(() => DateTimeScalar, {
    nullable: true,
    simple: true,
    description: '最近一次读取；空为查看期内从未 / When it was last read; null: not as far back as was looked',
  })
  lastRead!: string | null;
}
@ObjectType('LeastPrivilegeReport', { description: '最小权限报告 / What is granted and not used' })
export class LeastPrivilegeReport {
  @Field(() => [UnusedItem], { simple: true }) nodes!: readonly UnusedItem[];
  @Field(() => Int, { simple: true, description: '久未使用的总数 / How many are unused' }) unused!: number;
  @Field(() => Int, { simple: true, description: '已授予的总数 / How many are granted' }) granted!: number;
  @Field(() => DateTimeScalar, { simple: true, description: '此后未读取即为未使用 / Not read since then counts as unused' }) unusedSince!: string;
  @Field(() => DateTimeScalar, { simple: true, description: '日志查看的起点 / How far back the log was read' }) lookedBackTo!: string;
  @Field(() => PageInfo, { simple: true }) pageInfo!: PageInfo;

  /** One page of a report; `after` is a cursor that an earlier page gave. @throws Fault INVALID_PAGE */
  static page({ unused, granted, unusedSince, lookedBackTo }: LeastPrivilege, first: number, after: string | null): LeastPrivilegeReport {
    if (first < 1 || first > LONGEST_PAGE) throw new Fault('INVALID_PAGE', { detail: `first: 1 - ${LONGEST_PAGE}` });
    const begin = after === null ? 0 : unused.length - unused.filter(isAfter(after)).length;
    const shown = unused.slice(begin, begin + first);
    const last = shown.at(-1);
    return {
      nodes: shown.map(({ category, item, effect, lastRead, ...rest }) => ({
        ...rest,
        category: category.code,
        item: item.code,
        outcome: effect,
        lastRead: lastRead?.toISOString() ?? null,
      })),
      unused: unused.length,
      granted,
      unusedSince: unusedSince.toISOString(),
      lookedBackTo: lookedBackTo.toISOString(),
      pageInfo: { hasNextPage: begin + shown.length < unused.length, endCursor: last ? cursorOf(last) : null },
    };
  }
}

const LONGEST_PAGE = 100;
const cursorOf = ({ institution, item }: Unused) => `${institution} ${item.index}`;

/** Whether a line stands behind the cursor, also where the line that the cursor was of has gone since. */
function isAfter(cursor: string): (one: Unused) => boolean {
  const [, institution, index] = /^([a-z0-9.-]{1,64}) (\d{1,6})$/.exec(cursor) ?? [];
  if (!institution) throw new Fault('INVALID_PAGE', { detail: 'after' });
  return (one) => one.institution > institution || (one.institution === institution && one.item.index > Number(index));
}
