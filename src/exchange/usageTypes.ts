/** GraphQL types of usage. */
import { Field, InputType, Int, ObjectType } from 'type-graphql';
import { LEAST_ENTERPRISES, type ShownCell } from '../audit/suppression.js';
import { USAGE_DIMENSIONS, type UsageKey } from '../audit/usageCells.js';
import { DateScalar } from './scalars.js';
import { enumOf, PageInfo, PurposeEnum, ReasonEnum } from './types.js';

export const UsageDimensionEnum = enumOf('UsageDimension', USAGE_DIMENSIONS, '统计维度；日为北京时间 / What usage is told by; days are those of Beijing');

@InputType('UsageFilterInput', { description: '筛选；各项须同时满足 / Each part narrows; cells fit all of them' })
export class UsageFilterInput {
  @Field(() => String, { nullable: true, description: '机构代码 / Institution' }) institution?: string | null;
  @Field(() => PurposeEnum, { nullable: true }) purpose?: string | null;
  @Field(() => String, { nullable: true, description: '提供单位代码 / Provider' }) provider?: string | null;
  @Field(() => String, { nullable: true, description: '信息类代码 / Category code' }) category?: string | null;
  @Field(() => String, { nullable: true, description: '信息项代码 / Item code' }) item?: string | null;
}

@ObjectType('UsageDenial', { description: '某原因的拒绝 / Denials for one reason' })
export class UsageDenial {
  @Field(() => ReasonEnum, { simple: true }) reason!: string;
  @Field(() => Int, { simple: true, description: '次数：每企业每项一次 / One an item and enterprise' }) count!: number;
  @Field(() => Int, { simple: true, description: '涉及企业数 / Different enterprises' }) enterprises!: number;
}
@ObjectType('UsageCacheHits', { description: '记录取自何处 / Where records were taken from' })
export class UsageCacheHits {
  @Field(() => Int, { simple: true, description: '进程内存 / Memory of a process' }) memory!: number;
  @Field(() => Int, { simple: true, description: 'Redis' }) redis!: number;
  @Field(() => Int, { simple: true, description: '未命中，取自 PostgreSQL / Misses, taken from PostgreSQL' }) postgres!: number;
}

const COUNT = { nullable: true, simple: true } as const;
@ObjectType('UsageCell', {
  description:
    '一格用量。suppressed 时各计数为空。信息项、信息类、提供单位逐级包含，上级随下级给出 / A cell; where it is suppressed, its counts are null. Items stand with their category, categories with their provider',
})
export class UsageCell {
  @Field(() => DateScalar, { nullable: true, simple: true }) day!: string | null;
  @Field(() => String, { nullable: true, simple: true }) institution!: string | null;
  @Field(() => String, { nullable: true, simple: true }) purpose!: string | null;
  @Field(() => String, { nullable: true, simple: true }) provider!: string | null;
  @Field(() => String, { nullable: true, simple: true }) category!: string | null;
  @Field(() => String, {
    nullable: true,
    simple: true,
    description: '信息项代码；仅查来源的一格为空 / Item code; empty in the cell of reads that asked the provenance alone',
  })
  item!: string | null;
  @Field(() => Boolean, { simple: true, description: '企业过少，或可由合计推出，故隐去 / Hidden: of too few enterprises, or it could be had by subtraction' })
  suppressed!: boolean;
  @Field(() => Int, { ...COUNT, description: '给出次数，明文与脱敏：每企业每项一次 / Items given, clear or masked: one an item and enterprise' }) reads!:
    | number
    | null;
  @Field(() => Int, { ...COUNT, description: '其中脱敏 / Of these masked' }) masked!: number | null;
  @Field(() => Int, { ...COUNT, description: '给出过信息的不同企业 / Different enterprises of which something was given' }) enterprises!: number | null;
  @Field(() => Int, { ...COUNT, description: '被查询的不同企业，无论结果 / Different enterprises asked about, whatever came out' }) asked!: number | null;
  @Field(() => [UsageDenial], { ...COUNT, description: '按原因的拒绝 / Denials by reason' }) denials!: readonly UsageDenial[] | null;
  @Field(() => Int, {
    ...COUNT,
    description: '应答数；按提供单位、信息类、信息项统计时为空，因一次请求涉及多项 / Answers; null by provider, category or item, as one is about several',
  })
  requests!: number | null;
  @Field(() => UsageCacheHits, { ...COUNT, description: '缓存命中；空同 requests / Cache hits; null where requests is' }) cacheHits!: UsageCacheHits | null;
}
@ObjectType('UsagePage', { description: '一页用量，按维度排序，不含合计 / A page of cells in the order of their dimensions; there are no totals' })
export class UsagePage {
  @Field(() => DateScalar, { simple: true, description: '首日 / First day' }) from!: string;
  @Field(() => DateScalar, { simple: true, description: '末日 / Last day' }) until!: string;
  @Field(() => Int, {
    nullable: true,
    simple: true,
    description: `少于此数的企业不予显示；空为不隐去 / Fewer enterprises are not told; null: nothing is hidden`,
  })
  leastEnterprises!: number | null;
  @Field(() => Int, { simple: true, description: '总格数 / Cells in all' }) total!: number;
  @Field(() => [UsageCell], { simple: true }) nodes!: readonly UsageCell[];
  @Field(() => PageInfo, { simple: true }) pageInfo!: PageInfo;
}

const keyOf = ({ DAY, INSTITUTION, PURPOSE, PROVIDER, CATEGORY, ITEM }: UsageKey) => ({
  day: DAY ?? null,
  institution: INSTITUTION ?? null,
  purpose: PURPOSE ?? null,
  provider: PROVIDER ?? null,
  category: CATEGORY ?? null,
  item: ITEM ?? null,
});

/** A cell as it is told. */
export function cellOf(shown: ShownCell): UsageCell {
  if (!shown.shown) {
    const hidden = { reads: null, masked: null, enterprises: null, asked: null, denials: null, requests: null, cacheHits: null };
    return { ...keyOf(shown.key), suppressed: true, ...hidden };
  }
  const { key, reads, masked, asked, denials, requests } = shown.cell;
  return {
    ...keyOf(key),
    suppressed: false,
    reads: reads.times,
    masked: masked.times,
    enterprises: reads.enterprises,
    asked,
    denials: denials.map(({ reason, times, enterprises }) => ({ reason, count: times, enterprises })),
    requests: requests?.requests ?? null,
    cacheHits: requests && { memory: requests.memory, redis: requests.redis, postgres: requests.postgres },
  };
}

export const leastShown = (restricted: boolean): number | null => (restricted ? LEAST_ENTERPRISES : null);
