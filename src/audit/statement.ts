/**
 * The statement of an enterprise: who read what of it between two times, with a proof that nothing was left out. Promises:
 * all of it is of one snapshot and fits the newest checkpoint; what policy delays is shown as delayed, and nothing about it
 * but its day (UTC) and where it stands among the others: it is of every span that has a part of its day, so that no choice
 * of spans finds its hour. The same holds for what is archived, of which the month is told. Nobody else's code is in it.
 */
import { type Disclosure, disclosureOf } from '../access/disclosure.js';
import type { HeldDelay } from '../access/policy.js';
import { Fault } from '../faults.js';
import type { Client, Postgres } from '../postgres.js';
import type { Bilingual, Uscc } from '../terms.js';
import { numbers } from './columns.js';
import type { AuditEntry } from './entry.js';
import type { ExtractContent } from './extract.js';
import { type ItemAt, type ItemText, textsOf } from './itemTexts.js';
import { type ItemRow, MOST_ITEMS, MOST_PROVEN, type ProofItem, proofText, startOf } from './statementProof.js';
import { pathOf } from './subjectMap.js';
import { dayOf } from './subjectTree.js';
import { isSuccessor } from './successor.js';
import { readerOf } from './tiles.js';

export interface StatementAsked {
  readonly uscc: Uscc;
  readonly from: Date;
  /** Not included. */
  readonly until: Date;
  /** Delays are held against it. */
  readonly now: Date;
  readonly first: number;
  /** Items before this ordinal; null: from the newest. */
  readonly before: number | null;
  readonly proved: boolean;
}
export type StatementEntry =
  | {
      readonly state: 'DISCLOSED';
      readonly ordinal: number;
      readonly content: ExtractContent;
      readonly institutionName: Bilingual | null;
      /** The answer was composed and thrown away: nobody got it. */
      readonly superseded: boolean;
    }
  | { readonly state: 'DELAYED'; readonly ordinal: number; readonly until: Date }
  /** Its month, `YYYY-MM` in Beijing, has left the database for a file. */
  | { readonly state: 'ARCHIVED'; readonly ordinal: number; readonly month: string };
export interface NewestCheckpoint {
  readonly number: number;
  readonly size: number;
  readonly time: Date;
  readonly note: string;
}
export interface Statement {
  /** Reads within the span; delayed and archived ones of any day that the span has a part of. */
  readonly total: number;
  /** The newest first. */
  readonly entries: readonly StatementEntry[];
  readonly hasNextPage: boolean;
  /** Whatever was answered before this moment is in it; null where nothing is integrated yet. */
  readonly completeThrough: Date | null;
  readonly checkpoint: NewestCheckpoint | null;
  /** JSON, for `audit verify-statement`; null where it was not asked. */
  readonly proof: string | null;
}
export interface Statements {
  /** @throws Fault STATEMENT_TOO_LONG, STATEMENT_NOT_READY, where a proof is asked; ZONE_UNAVAILABLE */
  of(asked: StatementAsked): Promise<Statement>;
  /** Whether an entry may be told by now to the enterprises that it names. */
  tells(entry: AuditEntry, now: Date): Promise<boolean>;
}

const DAY_MS = 86_400_000;
/** Items that are looked through at once: bounds memory, whatever was read on one day. */
const BESIDE_TOGETHER = 1_000;
const SNAPSHOT = 'set transaction isolation level repeatable read, read only';
/** Entries that are not integrated yet follow each other closely in time; the first of them tell how far all is. */
const NEWEST = `
select number, size, time, note, least(time, (
  select min(e.time) from (select time from audit_entry where sequence > last_sequence order by sequence limit 1000) e)) as "completeThrough"
from audit_checkpoint order by number desc limit 1`;
const DELAYS = `
select id, institution, purpose, case_number as "caseNumber", days, ended, version from (
  select distinct on (id) * from disclosure_delay order by id, version desc) d where not ended`;
const TOTAL = 'select count(*) as total from audit_subject_item where uscc = $1 and time >= $2 and time < $3';
/** Of the days that the span begins and ends within, what lies outside the span. */
const BESIDE = `
select ordinal, place, extract_hash as "extractHash" from audit_subject_item i
where uscc = $1 and ((time >= $2 and time < $3) or (time >= $4 and time < $5)) and ordinal > $6
  and ($7 or not exists (select from audit_entry e where e.sequence = i.place)) order by ordinal limit ${BESIDE_TOGETHER}`;
const PAGE = `
select ordinal, place, extract_hash as "extractHash" from audit_subject_item
where uscc = $1 and ((time >= $2 and time < $3) or ordinal = any($6::bigint[])) and ordinal < $4 order by ordinal desc limit $5`;
const SUPERSEDED =
  'select ordinal, place, extract_hash as "extractHash", supersedes from audit_subject_item where uscc = $1 and supersedes = any($2) order by ordinal limit 1000';
const NAMES = 'select code, name_zh as zh, name_en as en from institution where code = any($1)';
const COUNT = 'select count from audit_subject where uscc = $1';
const ROOT = 'select enterprises, root from audit_subject_root';
const ITEMS = `
select ordinal, time, latest, place, extract_hash as "extractHash", head, null as extract
from audit_subject_item where uscc = $1 and ordinal >= (
  select coalesce(max(ordinal), 2) - 1 from audit_subject_item where uscc = $1 and latest < $2)
order by ordinal limit ${MOST_PROVEN + 3}`;

export function openStatements({ postgres }: { postgres: Postgres }): Statements {
  return {
    of: (asked) =>
      postgres.transaction(async (client) => {
        await client.query(SNAPSHOT);
        const { uscc, from, until } = asked;
        const [newest] = (await client.query<NewestCheckpoint & { completeThrough: Date }>(NEWEST)).rows;
        const delays = (await client.query<HeldDelay>(DELAYS)).rows;
        const [counted] = (await client.query<{ total: number }>({ text: TOTAL, values: [uscc, from, until] })).rows;
        const beside = await untimedBeside(client, asked, delays);
        const { completeThrough = null, ...checkpoint } = newest ?? {};
        return {
          total: (counted?.total ?? 0) + beside.length,
          ...(await pageOf(client, asked, delays, beside)),
          completeThrough,
          checkpoint: newest ? (checkpoint as NewestCheckpoint) : null,
          proof: asked.proved ? await proofOf(client, asked, delays, newest ?? null) : null,
        };
      }),
    async tells(entry, now) {
      const delays = await postgres.query<HeldDelay>({ name: 'delays', text: DELAYS });
      return disclosureOfExtract(entry, delays, now).state === 'DISCLOSED';
    },
  };
}

/** What an extract has in common with its entry. */
type ReadFor = Pick<ExtractContent, 'institution' | 'purpose' | 'caseNumber' | 'time'>;

/**
 * Ordinals of delayed and archived items that lie outside the span, but on a day that it has a part of: to leave them out
 * would tell their time to whoever moves the ends of the span.
 */
async function untimedBeside(client: Client, { uscc, from, until, now }: StatementAsked, delays: readonly HeldDelay[]): Promise<number[]> {
  const [begin, end] = [dayOf(from.getTime()) * DAY_MS, Math.ceil(until.getTime() / DAY_MS) * DAY_MS];
  const untimed: number[] = [];
  for (let last = 0; ; ) {
    // Without a delay in force, what is in the database is told.
    const values = [uscc, new Date(begin), from, until, new Date(end), last, delays.length > 0];
    const { rows } = await client.query<ItemAt>({ name: 'statement beside', text: BESIDE, values });
    for (const [ordinal, one] of await textsOf(client, uscc, rows)) {
      const told = one.state === 'PRESENT' && disclosureOfExtract(JSON.parse(one.text) as ExtractContent, delays, now).state === 'DISCLOSED';
      if (!told) untimed.push(ordinal);
    }
    if (rows.length < BESIDE_TOGETHER) return untimed;
    last = rows.at(-1)?.ordinal ?? last;
  }
}

async function pageOf(
  client: Client,
  asked: StatementAsked,
  delays: readonly HeldDelay[],
  beside: readonly number[],
): Promise<Pick<Statement, 'entries' | 'hasNextPage'>> {
  const { uscc, from, until, first, before, now } = asked;
  const { rows } = await client.query<ItemAt>({
    name: 'statement page',
    text: PAGE,
    values: [uscc, from, until, before ?? Number.MAX_SAFE_INTEGER, first + 1, numbers(beside)],
  });
  const shown = rows.slice(0, first);
  const texts = await textsOf(client, uscc, shown);
  const contents = new Map([...texts].flatMap(([ordinal, one]) => (one.state === 'PRESENT' ? [[ordinal, JSON.parse(one.text) as ExtractContent]] : [])));
  const read = [...contents.values()];
  const receipts = read.map(({ receipt }) => receipt);
  const institutions = [...new Set(read.flatMap(({ institution }) => institution ?? []))];
  const successors = (await client.query<ItemAt & { supersedes: string }>({ name: 'statement superseded', text: SUPERSEDED, values: [uscc, receipts] })).rows;
  const names = (await client.query<Bilingual & { code: string }>({ name: 'statement names', text: NAMES, values: [institutions] })).rows;
  const later = await textsOf(client, uscc, successors);
  const named = ({ receipt, ...content }: ExtractContent) => ({ ...content, id: receipt });
  const byReceipt = new Map(read.map((content) => [content.receipt, named(content)]));
  const superseded = new Set(
    successors.flatMap(({ ordinal, supersedes }) => {
      const [text, thrown] = [later.get(ordinal), byReceipt.get(supersedes)];
      return text?.state === 'PRESENT' && thrown && isSuccessor(named(JSON.parse(text.text) as ExtractContent), thrown) ? [supersedes] : [];
    }),
  );
  const nameOf = new Map(names.map(({ code, zh, en }) => [code, { zh, en }]));
  return {
    hasNextPage: rows.length > first,
    entries: shown.map(({ ordinal }): StatementEntry => {
      const content = contents.get(ordinal);
      if (!content) return { ordinal, ...(texts.get(ordinal) as ItemText & { state: 'ARCHIVED' }) };
      const disclosure = disclosureOfExtract(content, delays, now);
      if (disclosure.state === 'DELAYED') return { ordinal, ...disclosure };
      const institutionName = content.institution === null ? null : (nameOf.get(content.institution) ?? null);
      return { state: 'DISCLOSED', ordinal, content, institutionName, superseded: superseded.has(content.receipt) };
    }),
  };
}

function disclosureOfExtract({ institution, purpose, caseNumber, time }: ReadFor, delays: readonly HeldDelay[], now: Date): Disclosure {
  return disclosureOf({ institution, purpose: purpose ?? null, caseNumber: caseNumber ?? null, time: Date.parse(time) }, delays, now);
}

async function proofOf(client: Client, asked: StatementAsked, delays: readonly HeldDelay[], newest: NewestCheckpoint | null): Promise<string> {
  const { uscc, from, until, now } = asked;
  const [root] = (await client.query<{ enterprises: number; root: Buffer }>(ROOT)).rows;
  // A checkpoint that does not carry this root proves nothing.
  if (!newest || !root || !newest.note.includes(`\nenterprises ${root.enterprises} ${root.root.toString('base64')}\n`)) throw new Fault('STATEMENT_NOT_READY');
  const count = (await client.query<{ count: number }>({ text: COUNT, values: [uscc] })).rows[0]?.count ?? 0;
  const day = dayOf(from.getTime());
  const { rows } = await client.query<ItemRow & ItemAt>({ name: 'statement items', text: ITEMS, values: [uscc, day] });
  const { start, items } = startOf(rows, day);
  const isWithin = ({ time }: ItemRow) => time >= from && time < until;
  if (items.length > MOST_PROVEN) throw new Fault('STATEMENT_TOO_LONG', { detail: `> ${MOST_PROVEN}` });
  // What others read afterwards does not count against the span: how often it is read is not the enterprise's to choose.
  if (items.filter(isWithin).length > MOST_ITEMS) throw new Fault('STATEMENT_TOO_LONG', { detail: `> ${MOST_ITEMS}` });
  // Entries are read where they are shown, or where a delay must be looked for.
  const texts = await textsOf(
    client,
    uscc,
    items.filter((row) => delays.length > 0 || isWithin(row)),
  );
  const shown = items.map((row): ProofItem => {
    const text = texts.get(row.ordinal);
    // Whether a delay concerns what is archived cannot be seen: not even its time is told.
    if (text?.state === 'ARCHIVED') return { kind: 'ARCHIVED', row, month: text.month };
    const disclosure: Disclosure = text && delays.length > 0 ? disclosureOfExtract(JSON.parse(text.text), delays, now) : { state: 'DISCLOSED' };
    if (disclosure.state === 'DELAYED') return { kind: 'DELAYED', row, until: disclosure.until };
    return isWithin(row) ? { kind: 'WITHIN', row: { ...row, extract: text?.text ?? null } } : { kind: 'OUTSIDE', row };
  });
  const path = await pathOf(readerOf(client), uscc);
  return proofText({ uscc, from, until, count, start, items: shown, path, note: newest.note });
}
