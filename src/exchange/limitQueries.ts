/** Root fields about limits: how much is left, and which operations are registered. They read no record and cost nothing. */
import { Arg, Ctx, Field, Float, Int, ObjectType, Query, Resolver } from 'type-graphql';
import { msUntil, USUAL_ALLOWANCE } from '../allowance/demand.js';
import { endOfDayInBeijing } from '../beijing.js';
import { Fault } from '../faults.js';
import type { Purpose } from '../terms.js';
import type { JourneyContext } from './journey.js';
import { DateTimeScalar } from './scalars.js';
import { PageInfo, PurposeEnum } from './types.js';

@ObjectType('RateLimit', { description: '本机构某一目的的查询额度 / What an institution may ask for a purpose, and what is left of it' })
export class RateLimit {
  @Field(() => PurposeEnum, { simple: true, description: '使用目的 / Purpose' }) purpose!: Purpose;
  @Field(() => Int, { simple: true, description: '额度上限，即每分钟的成本 / Cost that a full budget holds: that of a minute' }) budget!: number;
  @Field(() => Int, { simple: true, description: '剩余额度 / What is left of it' }) remaining!: number;
  @Field(() => Float, { simple: true, description: '每秒恢复的额度 / What flows in again a second' }) refillPerSecond!: number;
  @Field(() => DateTimeScalar, { simple: true, description: '额度恢复满的时间 / When it is full again' }) resetAt!: string;
  @Field(() => Int, { simple: true, description: '每日（北京时间）可查的企业数 / Different enterprises a day, in Beijing' }) enterprisesADay!: number;
  @Field(() => Int, { simple: true, description: '今日已查的企业数 / Different enterprises asked today' }) enterprisesToday!: number;
  @Field(() => DateTimeScalar, { simple: true, description: '企业数重新计算的时间 / When the day ends' }) dayEndsAt!: string;
  @Field(() => Int, { simple: true, description: '可同时进行的请求数 / Requests that may be under way at once' }) atOnce!: number;
  @Field(() => Int, { simple: true, description: '正在进行的请求数 / Requests under way' }) underWay!: number;
  @Field(() => Boolean, { simple: true, description: '是否由全部网关共同计数 / Whether all gateways count together' }) shared!: boolean;
}

@ObjectType('RegisteredOperation', { description: '已登记的操作 / A registered operation' })
export class RegisteredOperationNode {
  @Field(() => String, { simple: true, description: '以 sha256:<hash> 作 documentId 发送 / Send sha256:<hash> as documentId' }) hash!: string;
  @Field(() => String, { simple: true, description: '名称 / Name' }) name!: string;
  @Field(() => String, { simple: true, description: '操作文本 / The document' }) document!: string;
  @Field(() => DateTimeScalar, { simple: true, description: '登记时间 / When it was registered' }) registeredAt!: string;
  @Field(() => String, { simple: true, description: '登记者 / Who registered it' }) registeredBy!: string;
}
@ObjectType('RegisteredOperationConnection', { description: '已登记的操作，按哈希排列 / Registered operations, in the order of their hashes' })
export class RegisteredOperationConnection {
  @Field(() => [RegisteredOperationNode], { simple: true }) nodes!: readonly RegisteredOperationNode[];
  @Field(() => PageInfo, { simple: true }) pageInfo!: PageInfo;
}

const LONGEST_PAGE = 100;
const HASH = /^[0-9a-f]{64}$/;

@Resolver()
export class LimitQueries {
  @Query(() => RateLimit, { description: '查询额度；不读取任何记录，不消耗额度 / What is left of the allowance; reads no record and costs nothing' })
  async rateLimit(@Ctx() { journey }: JourneyContext, @Arg('purpose', () => PurposeEnum) purpose: Purpose): Promise<RateLimit> {
    const { institution, allowances } = journey.ofInstitution.grounds.standing;
    const account = { institution, purpose, allowed: allowances.get(purpose) ?? USUAL_ALLOWANCE };
    const { level, enterprises, underWay, shared, allowed } = await journey.parts.ledger.peek(account);
    const now = journey.time;
    return {
      purpose,
      budget: allowed.costPerMinute,
      remaining: Math.floor(level),
      refillPerSecond: allowed.costPerMinute / 60,
      resetAt: new Date(now.getTime() + msUntil(allowed.costPerMinute, level, allowed)).toISOString(),
      enterprisesADay: allowed.enterprisesADay,
      enterprisesToday: enterprises,
      dayEndsAt: endOfDayInBeijing(now).toISOString(),
      atOnce: allowed.atOnce,
      underWay,
      shared,
    };
  }

  @Query(() => RegisteredOperationConnection, { description: '本机构已登记的操作 / Operations that the institution registered' })
  async registeredOperations(
    @Ctx() { journey }: JourneyContext,
    @Arg('first', () => Int, { description: '1-100' }) first: number,
    @Arg('after', () => String, { nullable: true }) after: string | undefined,
  ): Promise<RegisteredOperationConnection> {
    if (first < 1 || first > LONGEST_PAGE) throw new Fault('INVALID_PAGE', { detail: `first: 1 - ${LONGEST_PAGE}` });
    if (after && !HASH.test(after)) throw new Fault('INVALID_PAGE', { detail: 'after' });
    const found = await journey.parts.operations.list(journey.ofInstitution.caller.institution, first, after ?? null);
    const nodes = found.slice(0, first);
    return { nodes, pageInfo: { hasNextPage: found.length > first, endCursor: nodes.at(-1)?.hash ?? null } };
  }
}
