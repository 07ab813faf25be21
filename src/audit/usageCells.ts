/** Usage as it is asked: cells over chosen dimensions, put together by the database from the counts that `usage` keeps. */
import { REASONS, type Reason } from '../access/outcome.js';
import { DAY_MS } from '../beijing.js';
import type { Catalogue } from '../catalogue/model.js';
import { Fault } from '../faults.js';
import type { Postgres } from '../postgres.js';

/** In the order in which cells are sorted. */
export const USAGE_DIMENSIONS = ['DAY', 'INSTITUTION', 'PURPOSE', 'PROVIDER', 'CATEGORY', 'ITEM'] as const;
export type UsageDimension = (typeof USAGE_DIMENSIONS)[number];

/** What each dimension of a cell is; those that were not asked are missing. ITEM is empty where nothing but provenance was asked. */
export type UsageKey = Readonly<Partial<Record<UsageDimension, string>>>;
export interface UsageQuestion {
  readonly by: readonly UsageDimension[];
  /** Cells must be this in these dimensions. ITEM is a full code. */
  readonly filter: UsageKey;
  /** Days in Beijing, `YYYY-MM-DD`, both included. */
  readonly from: string;
  readonly until: string;
}
/** Something counted twice over: how often, and of how many different enterprises. */
export interface Figure {
  readonly times: number;
  readonly enterprises: number;
}
export interface RequestFigures {
  /** Answers about records; refused: requests about records that were given nothing. */
  readonly requests: number;
  readonly refused: number;
  readonly memory: number;
  readonly redis: number;
  readonly postgres: number;
}
export interface UsageCell {
  readonly key: UsageKey;
  /** Items given, enterprise by enterprise, clear or masked; enterprises: those of which something was given. */
  readonly reads: Figure;
  readonly masked: Figure;
  readonly clear: Figure;
  /** In the order of reasons. */
  readonly denials: readonly (Figure & { readonly reason: Reason })[];
  /** Different enterprises that were asked about, whatever came out. */
  readonly asked: number;
  /** Null where cells are of items, categories or providers: a request is about several. */
  readonly requests: RequestFigures | null;
}
export interface UsageCells {
  /** Cells in the order of their keys. @throws Fault USAGE_TOO_WIDE, ZONE_UNAVAILABLE */
  of(question: UsageQuestion): Promise<UsageCell[]>;
}

/** Days of a span at most. */
export const MOST_DAYS = 400;
/** Rows that a question may come to; bounds memory and time. */
const MOST_ROWS = 200_000;
/** Rows of enterprises that a question may go through; about ten seconds. */
const MOST_ENTERPRISE_ROWS = 5_000_000;

const OUTER = ['DAY', 'INSTITUTION', 'PURPOSE'] as const;
const CONTENT = ['PROVIDER', 'CATEGORY', 'ITEM'] as const;
const EXPRESSIONS: Readonly<Record<UsageDimension, string>> = {
  DAY: 'day',
  INSTITUTION: 'institution',
  PURPOSE: 'purpose',
  PROVIDER: "coalesce(provider, '')",
  CATEGORY: 'category',
  ITEM: "case item when '' then '' else category || '.' || item end",
};
const columnOf = (dimension: UsageDimension) => dimension.toLowerCase();

/** Texts of one question; `values` begin with the span and what category is of what provider. */
interface Statements {
  readonly values: unknown[];
  readonly plainValues: unknown[];
  readonly counts: string;
  readonly enterprises: string;
  readonly requests: string | null;
  readonly rows: string;
}
type Row = Readonly<Record<string, string>> & { readonly outcome: string; readonly n: number };

export function openUsageCells({ postgres, catalogue }: { postgres: Postgres; catalogue: Catalogue }): UsageCells {
  const providers = [catalogue.categories.map(({ code }) => code), catalogue.categories.map(({ provider }) => provider)];
  return {
    of(question) {
      checkSpan(question);
      const { counts, enterprises, requests, rows, values, plainValues } = statementsOf(question, providers);
      return postgres.transaction(async (client) => {
        // All of it as of one moment, whatever is added meanwhile.
        await client.query('set transaction isolation level repeatable read, read only');
        const [size] = (await client.query<{ n: number }>(rows, plainValues)).rows;
        if ((size?.n ?? 0) > MOST_ENTERPRISE_ROWS) throw new Fault('USAGE_TOO_WIDE');
        const times = (await client.query<Row>(counts, values)).rows;
        if (times.length > MOST_ROWS) throw new Fault('USAGE_TOO_WIDE');
        const different = (await client.query<Row>(enterprises, values)).rows;
        const asked = requests === null ? null : (await client.query<RequestFigures & Row>(requests, plainValues)).rows;
        return cellsOf(question.by, times, different, asked);
      });
    },
  };
}

/** @throws Fault USAGE_TOO_WIDE */
function checkSpan({ from, until }: UsageQuestion): void {
  const days = (Date.parse(until) - Date.parse(from)) / DAY_MS + 1;
  if (!(days >= 1 && days <= MOST_DAYS)) throw new Fault('USAGE_TOO_WIDE', { detail: `from - until: 1 - ${MOST_DAYS} d` });
}

function statementsOf({ by, filter, from, until }: UsageQuestion, providers: readonly string[][]): Statements {
  const values: unknown[] = [from, until, ...providers];
  const conditionsOn = (dimensions: readonly UsageDimension[]) =>
    dimensions.flatMap((dimension) => {
      const value = filter[dimension];
      if (value === undefined) return [];
      values.push(value);
      return [`${EXPRESSIONS[dimension]} = $${values.length}`];
    });
  const dimensions = USAGE_DIMENSIONS.filter((dimension) => by.includes(dimension));
  const outer = OUTER.filter((dimension) => by.includes(dimension)).map(columnOf);
  const content = CONTENT.filter((dimension) => by.includes(dimension));
  const spanned = ['day between $1 and $2', ...conditionsOn(OUTER)];
  // A statement cannot be given parameters that it does not use: these are without the providers.
  const plainValues = values.filter((_value, place) => place !== 2 && place !== 3);
  const told = conditionsOn(CONTENT);
  const plain = spanned.map((condition) => condition.replace(/\$(\d+)$/, (_all, place) => `$${Number(place) > 2 ? Number(place) - 2 : place}`));
  const named = (list: readonly UsageDimension[]) => list.map((dimension) => `${EXPRESSIONS[dimension]} as ${columnOf(dimension)}`);
  const shapes = 'usage_shape left join unnest($3::text[], $4::text[]) as of_provider (category, provider) using (category)';
  const all = (conditions: readonly string[]) => conditions.join(' and ');
  const grouped = (columns: readonly string[]) => (columns.length > 0 ? `group by ${columns.join(', ')}` : '');
  const list = (...columns: readonly string[]) => columns.join(', ');
  const keys = dimensions.map((dimension) => (dimension === 'DAY' ? 'day::text as day' : columnOf(dimension)));
  const columns = dimensions.map(columnOf);
  return {
    values,
    plainValues,
    counts: `select ${list(...keys, 'outcome', 'sum(times)::bigint as n')}
      from (select ${list(...named(dimensions), 'outcome', 'times')} from usage_count join (${shapes}) using (shape)
        where ${all(['times > 0', ...spanned, ...told])}) as counted
      group by ${list(...columns, 'outcome')} limit ${MOST_ROWS + 1}`,
    // Enterprises that were told the same are counted together, and only then taken apart into what they were told.
    enterprises: `with one as (
        select ${list('uscc', ...outer, 'array_agg(distinct shape order by shape) as shapes')} from usage_enterprise
        where ${all(['times > 0', ...spanned])} group by ${list('uscc', ...outer)}),
      alike as (select ${list(...outer, 'shapes', 'count(*) as n')} from one ${grouped([...outer, 'shapes'])})
      select ${list(...keys, 'outcome', 'sum(n)::bigint as n')} from alike cross join lateral (
        select distinct ${list(...named(content), "unnest(case when outcome in ('CLEAR', 'MASKED') then array[outcome, 'GIVEN', 'ASKED'] else array[outcome, 'ASKED'] end) as outcome")}
        from ${shapes} where ${all(['shape = any(shapes)', ...told])}) as told
      group by ${list(...columns, 'outcome')}`,
    requests:
      content.length > 0 || told.length > 0
        ? null
        : `select ${list(...keys, ...['requests', 'refused', 'memory', 'redis', 'postgres'].map((column) => `sum(${column})::bigint as ${column}`))}
      from usage_request where ${all(plain)} ${grouped(columns)}`,
    rows: `select coalesce(sum(times), 0)::bigint as n from usage_count where ${all(plain)}`,
  };
}

interface Gathered {
  readonly key: UsageKey;
  readonly times: Map<string, number>;
  readonly enterprises: Map<string, number>;
  requests: RequestFigures | null;
}

function cellsOf(
  by: readonly UsageDimension[],
  times: readonly Row[],
  different: readonly Row[],
  asked: readonly (RequestFigures & Row)[] | null,
): UsageCell[] {
  const dimensions = USAGE_DIMENSIONS.filter((dimension) => by.includes(dimension));
  const cells = new Map<string, Gathered>();
  const cellOf = (row: Readonly<Record<string, unknown>>): Gathered => {
    const key = Object.fromEntries(dimensions.map((dimension) => [dimension, String(row[columnOf(dimension)])])) as UsageKey;
    const name = nameOf(key);
    let cell = cells.get(name);
    if (!cell) cells.set(name, (cell = { key, times: new Map(), enterprises: new Map(), requests: null }));
    return cell;
  };
  for (const row of times) cellOf(row).times.set(row.outcome, row.n);
  for (const row of different) cellOf(row).enterprises.set(row.outcome, row.n);
  for (const row of asked ?? []) {
    const { requests, refused, memory, redis, postgres } = row;
    if (requests + refused > 0) cellOf(row).requests = { requests, refused, memory, redis, postgres };
  }
  return [...cells.entries()]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, { key, times: often, enterprises, requests }]) => {
      const figure = (outcome: string): Figure => ({ times: often.get(outcome) ?? 0, enterprises: enterprises.get(outcome) ?? 0 });
      const [clear, masked] = [figure('CLEAR'), figure('MASKED')];
      return {
        key,
        clear,
        masked,
        reads: { times: clear.times + masked.times, enterprises: enterprises.get('GIVEN') ?? 0 },
        denials: REASONS.flatMap((reason) => (often.has(reason) ? [{ reason, ...figure(reason) }] : [])),
        asked: enterprises.get('ASKED') ?? 0,
        requests: requests ?? (asked === null ? null : { requests: 0, refused: 0, memory: 0, redis: 0, postgres: 0 }),
      };
    });
}

/** A key as one text; texts sort as keys do. */
export function nameOf(key: UsageKey): string {
  return USAGE_DIMENSIONS.flatMap((dimension) => key[dimension] ?? []).join('\t');
}
