/** What a month of an institution, or of a provider's data, comes to: all of it from what usage keeps, and from policy's versions. */
import type { Reason } from '../access/outcome.js';
import type { Figure, RequestFigures, UsageCell, UsageCells, UsageDimension, UsageKey } from '../audit/usageCells.js';
import type { Catalogue } from '../catalogue/model.js';
import { Fault } from '../faults.js';
import type { Postgres } from '../postgres.js';
import type { Bilingual } from '../terms.js';

/** Whom a report is about. */
export type ReportSubject = { readonly kind: 'INSTITUTION'; readonly institution: string } | { readonly kind: 'PROVIDER'; readonly provider: string };

/** A part of the whole: a category, a purpose, an institution. */
export interface Share {
  readonly code: string;
  readonly name: Bilingual;
  readonly clear: number;
  readonly masked: number;
  readonly denied: number;
  readonly enterprises: number;
}
export interface DayFigures {
  readonly day: string;
  readonly clear: number;
  readonly masked: number;
  readonly denied: number;
  readonly enterprises: number;
}
export interface VersionFigures {
  readonly version: number;
  readonly time: Date;
  readonly author: string;
  readonly approver: string | null;
  readonly reason: string;
  /** Answers that rest on it; null in the report of a provider. */
  readonly requests: number | null;
}
export interface ConsentFigures {
  /** Different consents, of different enterprises, and how many answers rested on one. */
  readonly consents: number;
  readonly enterprises: number;
  readonly uses: number;
  readonly most: readonly { readonly uscc: string; readonly consent: string; readonly uses: number }[];
}
export interface MonthFigures {
  readonly subject: ReportSubject;
  readonly name: Bilingual;
  /** `YYYY-MM` */
  readonly month: string;
  /** Every day of the month, also those of nothing. */
  readonly days: readonly DayFigures[];
  readonly whole: { readonly clear: Figure; readonly masked: Figure; readonly reads: Figure; readonly asked: number };
  readonly denials: readonly (Figure & { readonly reason: Reason })[];
  /** Null in the report of a provider: a request is about several. */
  readonly requests: RequestFigures | null;
  readonly purposes: readonly Share[];
  /** In the report of a provider: who asked. */
  readonly institutions: readonly Share[];
  readonly categories: readonly Share[];
  readonly versions: readonly VersionFigures[];
  /** Null in the report of a provider: consents are kept by institution. */
  readonly consents: ConsentFigures | null;
}

export interface FiguresParts {
  readonly usage: UsageCells;
  readonly postgres: Postgres;
  readonly catalogue: Catalogue;
}

const MOST_CONSENTS = 20;
const MOST_VERSIONS = 200;
const VERSIONS = `
select p.version, p.time, p.author, p.approver, p.reason, case when $3::text is null then null else coalesce(u.requests, 0) end as requests
from policy_version p
left join (select policy_version as version, sum(requests + refused)::bigint as requests from usage_request
  where day between $1::date and $2::date and institution = $3 group by policy_version) u using (version)
where p.time < ($2::date + 1)::timestamp at time zone 'Asia/Shanghai'
  and (u.requests > 0 or (p.time >= $1::date::timestamp at time zone 'Asia/Shanghai'
    and ($3::text is null or cardinality(p.institutions) = 0 or p.institutions && array[$3, '*']))
    or p.version = (select max(version) from policy_version where time < $1::date::timestamp at time zone 'Asia/Shanghai'))
order by p.version desc limit ${MOST_VERSIONS}`;
const CONSENTS = `
select count(*) as consents, count(distinct uscc) as enterprises, coalesce(sum(uses), 0)::bigint as uses
from (select uscc, consent, sum(times) as uses from usage_consent where day between $1 and $2 and institution = $3 and times > 0 group by uscc, consent) as used`;
const MOST_USED = `
select uscc, consent, sum(times)::bigint as uses from usage_consent where day between $1 and $2 and institution = $3 and times > 0
group by uscc, consent order by uses desc, uscc, consent limit ${MOST_CONSENTS}`;

/** @throws Fault BAD_USER_INPUT where there is no such subject or month, ZONE_UNAVAILABLE */
export async function figuresOf({ usage, postgres, catalogue }: FiguresParts, subject: ReportSubject, month: string): Promise<MonthFigures> {
  const [from, until] = daysOf(month);
  const institution = subject.kind === 'INSTITUTION' ? subject.institution : null;
  const names = await institutionNames(postgres);
  const name = subject.kind === 'INSTITUTION' ? names.get(subject.institution) : catalogue.providers.find(({ code }) => code === subject.provider);
  if (!name) throw new Fault('BAD_USER_INPUT', { detail: subject.kind.toLowerCase() });
  const filter: UsageKey = subject.kind === 'INSTITUTION' ? { INSTITUTION: subject.institution } : { PROVIDER: subject.provider };
  const by = (...dimensions: UsageDimension[]) => usage.of({ by: dimensions, filter, from, until });
  const [whole] = await by();
  const nothing: Figure = { times: 0, enterprises: 0 };
  return {
    subject,
    name: { zh: name.zh, en: name.en },
    month,
    days: everyDay(from, until, await by('DAY')),
    whole: { clear: whole?.clear ?? nothing, masked: whole?.masked ?? nothing, reads: whole?.reads ?? nothing, asked: whole?.asked ?? 0 },
    denials: whole?.denials ?? [],
    requests: whole?.requests ?? null,
    purposes: shares(await by('PURPOSE'), 'PURPOSE', (code) => ({ zh: code, en: code })),
    institutions: institution ? [] : shares(await by('INSTITUTION'), 'INSTITUTION', (code) => names.get(code)),
    categories: shares(await by('CATEGORY'), 'CATEGORY', (code) => catalogue.category(code)?.title),
    versions: await postgres.query<VersionFigures>({ text: VERSIONS, values: [from, until, institution] }),
    consents: institution ? await consentsOf(postgres, [from, until, institution]) : null,
  };
}

async function consentsOf(postgres: Postgres, values: string[]): Promise<ConsentFigures> {
  const [sums] = await postgres.query<Omit<ConsentFigures, 'most'>>({ text: CONSENTS, values });
  const most = await postgres.query<ConsentFigures['most'][number]>({ text: MOST_USED, values });
  return { consents: sums?.consents ?? 0, enterprises: sums?.enterprises ?? 0, uses: sums?.uses ?? 0, most };
}

async function institutionNames(postgres: Postgres): Promise<Map<string, Bilingual>> {
  const rows = await postgres.query<Bilingual & { code: string }>({ text: 'select code, name_zh as zh, name_en as en from institution' });
  return new Map(rows.map(({ code, zh, en }) => [code, { zh, en }]));
}

/** The largest first. */
function shares(cells: readonly UsageCell[], dimension: UsageDimension, nameOf: (code: string) => Bilingual | undefined): Share[] {
  return cells
    .filter(({ asked }) => asked > 0)
    .map((cell) => {
      const code = cell.key[dimension] ?? '';
      return { code, name: nameOf(code) ?? { zh: code, en: code }, ...sumsOf(cell) };
    })
    .sort((one, other) => other.clear + other.masked - one.clear - one.masked || other.denied - one.denied || (one.code < other.code ? -1 : 1));
}

const sumsOf = ({ clear, masked, denials, asked }: UsageCell) => ({
  clear: clear.times,
  masked: masked.times,
  denied: denials.reduce((sum, { times }) => sum + times, 0),
  enterprises: asked,
});

function everyDay(from: string, until: string, cells: readonly UsageCell[]): DayFigures[] {
  const known = new Map(cells.map((cell) => [cell.key.DAY, cell]));
  return Array.from({ length: Number(until.slice(-2)) }, (_, place) => {
    const day = `${from.slice(0, 8)}${String(place + 1).padStart(2, '0')}`;
    const cell = known.get(day);
    return { day, ...(cell ? sumsOf(cell) : { clear: 0, masked: 0, denied: 0, enterprises: 0 }) };
  });
}

/** First and last day. */
function daysOf(month: string): [string, string] {
  const [, year, number] = /^(20\d\d)-(0[1-9]|1[0-2])$/.exec(month) ?? [];
  if (!year) throw new Fault('BAD_USER_INPUT', { detail: 'month: YYYY-MM' });
  return [`${month}-01`, new Date(Date.UTC(Number(year), Number(number), 0)).toISOString().slice(0, 10)];
}
