/**
 * The statement of an enterprise: who read what of it between two times, with a proof that nothing was left out. Promises:
 * all of it is of one snapshot and fits the newest checkpoint; what policy delays is shown as delayed, and nothing about it
 * but its day; of what is archived its month; nobody else's code is in it.
 */
import { type Disclosure, disclosureOf } from '../access/disclosure.js';
import type { HeldDelay } from '../access/policy.js';
import { Fault } from '../faults.js';
import type { Client, Postgres } from '../postgres.js';
import type { Bilingual, Uscc } from '../terms.js';
import type { AuditEntry } from './entry.js';
import type { ExtractContent } from './extract.js';
import { type ItemAt, type ItemText, textsOf } from './itemTexts.js';
import { type ItemRow, MOST_ITEMS, type ProofItem, proofText, startOf } from './statementProof.js';
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
  /** Reads within the span, delayed ones included. */
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
const PAGE = `
select ordinal, place, extract_hash as "extractHash" from audit_subject_item
where uscc = $1 and time >= $2 and time < $3 and ordinal < $4 order by ordinal desc limit $5`;
const SUPERSEDED =
  'select ordinal, place, extract_hash as "extractHash", supersedes from audit_subject_item where uscc = $1 and supersedes = any($2) order by ordinal limit 1000';
const NAMES = 'select code, name_zh as zh, name_en as en from institution where code = any($1)';
const COUNT = 'select count from audit_subject where uscc = $1';
const ROOT = 'select enterprises, root from audit_subject_root';
const ITEMS = `
select ordinal, time, latest, place, extract_hash as "extractHash", head, null as extract
from audit_subject_item where uscc = $1 and ordinal > $2 order by ordinal`;

export function openStatements({ postgres }: { postgres: Postgres }): Statements {
  return {
    of: (asked) =>
      postgres.transaction(async (client) => {
        await client.query(SNAPSHOT);
        const { uscc, from, until } = asked;
        const [newest] = (await client.query<NewestCheckpoint & { completeThrough: Date }>(NEWEST)).rows;
        const delays = (await client.query<HeldDelay>(DELAYS)).rows;
        const [counted] = (await client.query<{ total: number }>({ text: TOTAL, values: [uscc, from, until] })).rows;
        const { completeThrough = null, ...checkpoint } = newest ?? {};
        return {
          total: counted?.total ?? 0,
          ...(await pageOf(client, asked, delays)),
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

async function pageOf(client: Client, asked: StatementAsked, delays: readonly HeldDelay[]): Promise<Pick<Statement, 'entries' | 'hasNextPage'>> {
  const { uscc, from, until, first, before, now } = asked;
  const { rows } = await client.query<ItemAt>({
    name: 'statement page',
    text: PAGE,
    values: [uscc, from, until, before ?? Number.MAX_SAFE_INTEGER, first + 1],
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
  const { rows } = await client.query<ItemRow & ItemAt>({ name: 'statement items', text: ITEMS, values: [uscc, count - MOST_ITEMS - 2] });
  const { start, items } = startOf(rows, dayOf(from.getTime()));
  if (items.length > MOST_ITEMS || (start === null && items.length < count)) throw new Fault('STATEMENT_TOO_LONG', { detail: `> ${MOST_ITEMS}` });
  const isWithin = ({ time }: ItemRow) => time >= from && time < until;
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
