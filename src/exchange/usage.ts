/**
 * Usage for those who look at figures. Officers and auditors see every cell. Dashboard readers, and stewards of their own
 * provider, see what tells of no few enterprises: of months that are over, and of a closed list of tables that are suppressed
 * jointly (see `suppression`). A filter picks among the cells of a table that is suppressed already, so that it is told alike
 * whoever asks for which part of it, and neither spans, nor days of a running month, nor tables can be taken from one another.
 */
import { Arg, Ctx, Int, Query, Resolver } from 'type-graphql';
import { type ShownCell, suppress, tablesDownTo, withParents } from '../audit/suppression.js';
import { nameOf, USAGE_DIMENSIONS, type UsageCell, type UsageCells, type UsageDimension, type UsageKey } from '../audit/usageCells.js';
import { DAY_MS, dayInBeijing } from '../beijing.js';
import { Fault } from '../faults.js';
import type { Journey, JourneyContext } from './journey.js';
import { DateScalar } from './scalars.js';
import { cellOf, leastShown, UsageDimensionEnum, UsageFilterInput, UsagePage } from './usageTypes.js';

const LONGEST_PAGE = 1_000;

@Resolver()
export class UsageQueries {
  @Query(() => UsagePage, {
    description:
      '用量统计：读取、企业、拒绝、缓存命中；看板读者与数据管家按已结束的自然月查询，日、机构、目的、提供单位（及其信息类、信息项）不交叉，少于 5 家企业的格隐去，数据管家仅见本单位 / Usage: reads, enterprises, denials, cache hits. Dashboard readers and stewards ask a month that is over, by day, institution, purpose or provider (with its categories and items) and not by two of them; cells of fewer than 5 enterprises are suppressed, and stewards see their own provider',
  })
  async usage(
    @Ctx() { journey }: JourneyContext,
    @Arg('by', () => [UsageDimensionEnum], { description: '维度；空为合计 / Dimensions; none for the whole' }) by: UsageDimension[],
    @Arg('filter', () => UsageFilterInput, { nullable: true }) filter: UsageFilterInput | undefined,
    @Arg('from', () => DateScalar, {
      nullable: true,
      description:
        '首日（北京）；不填为本月首日，看板读者与数据管家为上一已结束月 / First day in Beijing; where absent that of this month, for dashboard readers and stewards of the last that is over',
    })
    from: string | undefined,
    @Arg('until', () => DateScalar, {
      nullable: true,
      description: '末日，含当日；不填为 from 所在月末日 / Last day, included; that of the month of from where absent',
    })
    until: string | undefined,
    @Arg('first', () => Int, { defaultValue: 100, description: '1-1000' }) first: number,
    @Arg('after', () => String, { nullable: true, description: '上一页的 endCursor / endCursor of the page before' }) after: string | undefined,
  ): Promise<UsagePage> {
    if (first < 1 || first > LONGEST_PAGE) throw new Fault('INVALID_PAGE', { detail: `first: 1 - ${LONGEST_PAGE}` });
    const begin = after ? fromCursor(after) : null;
    const { restricted, provider } = sightOf(journey);
    const span = spanOf(restricted ? inMonthBefore(journey.time) : journey.time, from ?? null, until ?? null);
    if (restricted && !(isWholeMonth(span) && isOver(span, journey.time))) {
      throw new Fault('BAD_USER_INPUT', { detail: 'from, until: 一个已结束的自然月 / one whole month that is over' });
    }
    const wanted = keyOf(filter ?? {});
    const dimensions = inOrder(withParents(by));
    // What a steward's filter names beside the own provider is nothing.
    const cells = provider !== null && wanted.PROVIDER !== undefined && wanted.PROVIDER !== provider ? [] : await shown();
    const rest = begin === null ? cells : cells.filter((cell) => nameOf(keyIn(cell)) > begin);
    const page = rest.slice(0, first);
    journey.lookups.push({ field: 'usage', filter: { by, ...span, ...filter, ...(provider === null ? {} : { own: provider }) }, returned: page.length });
    const last = page.at(-1);
    return {
      ...span,
      leastEnterprises: leastShown(restricted),
      total: cells.length,
      nodes: page.map(cellOf),
      pageInfo: { hasNextPage: rest.length > page.length, endCursor: last ? toCursor(nameOf(keyIn(last))) : null },
    };

    async function shown(): Promise<ShownCell[]> {
      const { usage } = journey.parts;
      if (!restricted) return (await usage.of({ by: dimensions, filter: wanted, ...span })).map((cell) => ({ shown: true, cell }));
      return restrictedCells(usage, { dimensions, wanted, own: provider, span });
    }
  }
}

interface Span {
  readonly from: string;
  readonly until: string;
}

async function restrictedCells(
  usage: UsageCells,
  { dimensions, wanted, own, span }: { dimensions: readonly UsageDimension[]; wanted: UsageKey; own: string | null; span: Span },
): Promise<ShownCell[]> {
  const named = USAGE_DIMENSIONS.filter((dimension) => wanted[dimension] !== undefined);
  const by = inOrder(withParents([...dimensions, ...named]));
  const levels = tablesDownTo(by);
  if (levels === null) throw new Fault('BAD_USER_INPUT', { detail: 'by, filter: DAY | INSTITUTION | PURPOSE | PROVIDER > CATEGORY > ITEM' });
  const tables: UsageCell[][] = [];
  for (const level of levels) tables.push(await usage.of({ by: level, filter: own === null ? {} : { PROVIDER: own }, ...span }));
  return suppress(tables, by).filter((cell) => named.every((dimension) => keyIn(cell)[dimension] === wanted[dimension]));
}

/** Whose figures a member of staff sees, and whether small cells are hidden. @throws Fault ACCESS_DENIED */
function sightOf({ start: { caller } }: Journey): { restricted: boolean; provider: string | null } {
  if (caller.kind !== 'STAFF') throw new Fault('ACCESS_DENIED');
  const { roles, provider } = caller;
  if (roles.includes('GOVERNANCE_OFFICER') || roles.includes('AUDITOR')) return { restricted: false, provider: null };
  if (roles.includes('DASHBOARD_READER')) return { restricted: true, provider: null };
  // A steward of nobody sees nothing.
  if (!roles.includes('PROVIDER_STEWARD') || provider === null) throw new Fault('ACCESS_DENIED');
  return { restricted: true, provider };
}

function keyOf({ institution, purpose, provider, category, item }: UsageFilterInput): UsageKey {
  const named = { INSTITUTION: institution, PURPOSE: purpose, PROVIDER: provider, CATEGORY: category, ITEM: item };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined && value !== null)) as UsageKey;
}

const keyIn = (shown: ShownCell): UsageKey => (shown.shown ? shown.cell.key : shown.key);
const inOrder = (dimensions: readonly UsageDimension[]) => USAGE_DIMENSIONS.filter((dimension) => dimensions.includes(dimension));

const lastDayOf = (day: string): string => {
  const [year, month] = day.split('-').map(Number) as [number, number];
  return new Date(Date.UTC(year, month, 0)).toISOString().slice(0, 10);
};
const isWholeMonth = ({ from, until }: Span): boolean => from.endsWith('-01') && until === lastDayOf(from);

/** Entries come into the tree a little late; after this, what is counted of a month stands still. */
const SETTLING_MS = DAY_MS;
const isOver = ({ until }: Span, now: Date): boolean => until < String(dayInBeijing(new Date(now.getTime() - SETTLING_MS)));
/** A moment of the last month that is over. */
function inMonthBefore(now: Date): Date {
  const [year, month] = String(dayInBeijing(new Date(now.getTime() - SETTLING_MS)))
    .split('-')
    .map(Number) as [number, number];
  return new Date(Date.UTC(year, month - 1, 0));
}

/** @throws Fault BAD_USER_INPUT */
function spanOf(now: Date, from: string | null, until: string | null): Span {
  const begin = from === null ? `${(until === null ? dayInBeijing(now) : dayOf('until', until)).slice(0, 7)}-01` : dayOf('from', from);
  const end = until === null ? lastDayOf(begin) : dayOf('until', until);
  if (end < begin) throw new Fault('BAD_USER_INPUT', { detail: 'from > until' });
  return { from: begin, until: end };
}

function dayOf(name: string, typed: unknown): string {
  const moment = typeof typed === 'string' && /^\d{4}-\d\d-\d\d$/.test(typed) ? new Date(`${typed}T00:00:00Z`) : new Date(Number.NaN);
  // 30 February is no day of March.
  if (Number.isNaN(moment.getTime()) || moment.toISOString().slice(0, 10) !== typed) throw new Fault('BAD_USER_INPUT', { detail: `${name}: YYYY-MM-DD` });
  return typed;
}

/** Where a page begins: after which cell, in the order of keys. Holds nothing that the cell did not tell. */
const toCursor = (name: string): string => Buffer.from(name).toString('base64url');
function fromCursor(cursor: string): string {
  if (!/^[\w-]{0,1000}$/.test(cursor)) throw new Fault('INVALID_PAGE', { detail: 'after' });
  return Buffer.from(cursor, 'base64url').toString('utf8');
}
