/**
 * Exports of the trail. MUST: that somebody exports, what and in which form is durable before the first byte leaves; how many
 * rows and which bytes it was before the last one does. Whoever breaks off leaves an entry that says so.
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { actorOf, type Caller, type StaffCaller } from '../../access/inquiry.js';
import { Fault } from '../../faults.js';
import type { Postgres } from '../../postgres.js';
import type { Archived } from '../archived.js';
import { type AuditEntry, ENTRY_VERSION, type LookupEntry } from '../entry.js';
import type { TrailFilter } from '../filter.js';
import type { AuditLog, Receipt } from '../log.js';
import { csvOf, jsonLinesOf } from './delimited.js';
import { filterWords } from './filterText.js';
import { EXPORT_FIELD } from './notes.js';
import type { ExportedEntry, TrailSource } from './source.js';
import { workbookOf } from './workbook.js';

export const EXPORT_FORMATS = ['csv', 'xlsx', 'jsonl'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface ExportAsked {
  readonly id: string;
  readonly caller: Caller;
  readonly startedAt: number;
  readonly format: ExportFormat;
  readonly filter: TrailFilter;
  /** Byte order mark before CSV. */
  readonly bom: boolean;
}
export interface Export {
  readonly receipt: Receipt;
  readonly contentType: string;
  readonly fileName: string;
  /** Months of the span asked that are kept in files and are not in what is given. */
  readonly archived: readonly string[];
  /** To be read to its end, or destroyed. */
  readonly body: Readable;
}
export type ExportState =
  /** Under way, broken off, or not signed yet. */
  | { readonly state: 'PENDING'; readonly export: string }
  | { readonly state: 'SIGNED'; readonly export: string; readonly entry: string; readonly rows: number; readonly sha256: string; readonly note: string };

export interface Exports {
  /** @throws Fault ACCESS_DENIED, EXPORT_UNDER_WAY, OVERLOADED, AUDIT_UNAVAILABLE */
  begin(asked: ExportAsked): Promise<Export>;
  /** What has become of an export; the question is audited. @throws Fault ACCESS_DENIED, NOT_FOUND */
  find(asked: Pick<ExportAsked, 'id' | 'caller' | 'startedAt'> & { readonly export: string }): Promise<{ state: ExportState; receipt: Receipt }>;
}
export interface ExportParts {
  readonly source: TrailSource;
  readonly archived: Archived;
  readonly audit: AuditLog;
  readonly postgres: Postgres;
  readonly now: () => Date;
  readonly newId: () => string;
}

/** Exports under way in this process, of all callers together. */
const MOST_AT_ONCE = 4;
const CONTENT_TYPES: Readonly<Record<ExportFormat, string>> = {
  csv: 'text/csv; charset=utf-8',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  jsonl: 'application/x-ndjson; charset=utf-8',
};
const SIGNED = "select entry, rows, encode(sha256, 'hex') as sha256, note from audit_export where export = $1";
const BEGUN = 'select entry from audit_entry where id = $1';

export function openExports(parts: ExportParts): Exports {
  const { source, archived, audit, postgres, now, newId } = parts;
  const underWay = new Set<string>();

  const append = async (entry: AuditEntry): Promise<Receipt> => (await audit.append(entry)).receipt;
  const entryOf = (id: string, { staff, client }: StaffCaller, startedAt: number, lookup: LookupEntry): AuditEntry => ({
    v: ENTRY_VERSION,
    id,
    time: now().toISOString(),
    institution: null,
    client,
    staff,
    fields: [lookup.field],
    lookups: [lookup],
    durationMs: Math.round((performance.now() - startedAt) * 10) / 10,
    outcome: 'ANSWERED',
  });

  function enter(caller: StaffCaller): () => void {
    const actor = actorOf(caller);
    if (underWay.has(actor)) throw new Fault('EXPORT_UNDER_WAY');
    if (underWay.size >= MOST_AT_ONCE) throw new Fault('OVERLOADED');
    underWay.add(actor);
    return () => underWay.delete(actor);
  }

  const monthsWithout = async ({ filter }: ExportAsked) => (await archived.within(filter)).map(({ month }) => month);

  /** The bytes, one chunk behind: the last leaves when the entry about all of them is durable. */
  async function* told(asked: Begun, caller: StaffCaller, progress: Progress): AsyncGenerator<Buffer> {
    const digest = createHash('sha256');
    let held: Buffer | null = null;
    for await (const chunk of bytesOf(asked, counted(source.pages(asked.filter), progress))) {
      if (held) yield held;
      digest.update(chunk);
      progress.bytes += chunk.length;
      held = chunk;
    }
    const ended = { export: asked.id, bytes: progress.bytes, sha256: digest.digest('hex') };
    // A month may have left while it was read.
    const without = { ...asked, archived: await monthsWithout(asked) };
    await append(entryOf(newId(), caller, asked.startedAt, { ...lookupOf(without), returned: progress.rows, ended }));
    progress.whole = true;
    if (held) yield held;
  }

  async function started(asked: Begun, caller: StaffCaller, leave: () => void): Promise<Export> {
    const receipt = await append(entryOf(asked.id, caller, asked.startedAt, { ...lookupOf(asked), returned: 0 }));
    const progress: Progress = { rows: 0, bytes: 0, whole: false };
    const body = Readable.from(told(asked, caller, progress), { objectMode: false, highWaterMark: 128 * 1024 });
    body.once('close', () => {
      leave();
      if (progress.whole) return;
      const ended = { export: asked.id, bytes: progress.bytes };
      append(entryOf(newId(), caller, asked.startedAt, { ...lookupOf(asked), returned: progress.rows, ended })).catch(() => undefined);
    });
    const fileName = `audit-${receipt.time.slice(0, 10)}-${asked.id.slice(-6)}.${asked.format}`;
    return { receipt, contentType: CONTENT_TYPES[asked.format], fileName, archived: asked.archived, body };
  }

  return {
    async begin(asked) {
      const caller = overseerOf(asked.caller);
      const leave = enter(caller);
      try {
        return await started({ ...asked, archived: await monthsWithout(asked) }, caller, leave);
      } catch (error) {
        leave();
        throw error;
      }
    },
    async find({ id, caller, startedAt, export: wanted }) {
      const overseer = overseerOf(caller);
      const [signed] = await postgres.query<{ entry: string; rows: number; sha256: string; note: string }>({ text: SIGNED, values: [wanted] });
      const state: ExportState | null = signed
        ? { state: 'SIGNED', export: wanted, ...signed }
        : (await isBegun(wanted))
          ? { state: 'PENDING', export: wanted }
          : null;
      if (!state) throw new Fault('NOT_FOUND');
      const receipt = await append(entryOf(id, overseer, startedAt, { field: 'exports', filter: { export: wanted }, returned: signed ? 1 : 0 }));
      return { state, receipt };
    },
  };

  async function isBegun(id: string): Promise<boolean> {
    const [row] = await postgres.query<{ entry: string }>({ text: BEGUN, values: [id] });
    const { lookups = [] } = row ? (JSON.parse(row.entry) as AuditEntry) : {};
    return lookups.some(({ field, ended }) => field === EXPORT_FIELD && !ended);
  }
}

type Begun = ExportAsked & Pick<Export, 'archived'>;

interface Progress {
  rows: number;
  bytes: number;
  /** The entry about its end is durable. */
  whole: boolean;
}

async function* counted(pages: AsyncIterable<readonly ExportedEntry[]>, progress: Progress): AsyncGenerator<readonly ExportedEntry[]> {
  for await (const page of pages) {
    progress.rows += page.length;
    yield page;
  }
}

function bytesOf({ format, bom }: ExportAsked, pages: AsyncIterable<readonly ExportedEntry[]>): AsyncIterable<Buffer> {
  switch (format) {
    case 'csv':
      return csvOf(pages, { bom });
    case 'jsonl':
      return jsonLinesOf(pages);
    case 'xlsx':
      return workbookOf(pages);
  }
}

function lookupOf({ format, filter, archived }: Begun): Omit<LookupEntry, 'returned'> {
  return { field: EXPORT_FIELD, filter: { format, filter: filterWords(filter), ...(archived.length > 0 ? { archived } : {}) } };
}

/** Who may look into the whole log. @throws Fault ACCESS_DENIED */
function overseerOf(caller: Caller): StaffCaller {
  if (caller.kind === 'STAFF' && caller.roles.some((role) => role === 'GOVERNANCE_OFFICER' || role === 'AUDITOR')) return caller;
  throw new Fault('ACCESS_DENIED');
}
