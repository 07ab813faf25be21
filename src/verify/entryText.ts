/**
 * Whether the columns of a row say what its entry's text says. An entry is canonical JSON, so its keys stand in order: what
 * is compared lies at known ends of the text, and only what does not fit is parsed.
 */
import { formFlawOf } from './entryForm.js';
import type { RowView } from './rows.js';

export interface Columns {
  readonly id: string;
  readonly micros: number;
  readonly institution: string | null;
}
export type Disagreement = { readonly kind: 'UNREADABLE' | 'EDITED' | 'MALFORMED'; readonly detail: string };

/** `"time":"2026-11-22T10:00:00.000Z","v":1}` */
const TIME_FIELD = Buffer.from('"time":"');
const TIME_BYTES = 24;
const TAIL = Buffer.from('","v":1}');
const ID_FIELD = Buffer.from('"id":"');
const INSTITUTION_FIELD = Buffer.from('","institution":"');
const NO_INSTITUTION = Buffer.from('","institution":null,');
const [QUOTE, BACKSLASH, OPENS, CLOSES, OPENS_LIST, CLOSES_LIST] = [34, 92, 123, 125, 91, 93];
const TAIL_BYTES = TIME_FIELD.length + TIME_BYTES + TAIL.length;

/** What disagrees between text and columns; null where nothing does. */
export function disagreementOf(row: RowView): Disagreement | null {
  if (endsInItsTime(row) && namesItself(row)) return null;
  const { bytes, id, idEnd, micros, institution, institutionEnd } = row;
  return disagreementIn(bytes.toString('utf8', row.text, row.textEnd), {
    id: bytes.toString('utf8', id, idEnd),
    micros,
    institution: institution < 0 ? null : bytes.toString('utf8', institution, institutionEnd),
  });
}

/** What is not of the format of entries; by parsing. */
export function malformationOf({ bytes, text, textEnd }: RowView): Disagreement | null {
  const flaw = formFlawOf(parsed(bytes.toString('utf8', text, textEnd)));
  return flaw === null ? null : { kind: 'MALFORMED', detail: flaw };
}

/** Undefined where it is no JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The same by parsing: exact, and slower. */
export function disagreementIn(text: string, { id, micros, institution }: Columns): Disagreement | null {
  const entry = parsed(text);
  if (entry === undefined) return { kind: 'UNREADABLE', detail: 'its text is no JSON' };
  if (typeof entry !== 'object' || entry === null) return { kind: 'UNREADABLE', detail: 'its text is no entry' };
  const told = entry as Record<string, unknown>;
  if (told.id !== id) return { kind: 'EDITED', detail: `the row's id is ${id}, its text says ${cut(told.id)}` };
  if (typeof told.time !== 'string' || new Date(told.time).getTime() * 1_000 !== micros)
    return { kind: 'EDITED', detail: `the row's time is ${timeOf(micros)}, its text says ${cut(told.time)}` };
  if ((told.institution ?? null) !== institution)
    return { kind: 'EDITED', detail: `the row's institution is ${institution}, its text says ${cut(told.institution)}` };
  return null;
}

function cut(value: unknown): string {
  return String(value).slice(0, 60);
}

function timeOf(micros: number): string {
  const time = new Date(micros / 1_000);
  return Number.isNaN(time.getTime()) ? String(micros) : time.toISOString();
}

/**
 * `"id":"…","institution":"…"` as one run of bytes, among the entry's own members. What lies in a value, as in the detail of a
 * change, may look just like it; where it comes more than once, reading all of it decides.
 */
function namesItself(row: RowView): boolean {
  const at = ownNames(row, row.text);
  return at >= 0 && ownNames(row, at + 1) < 0 && isOwn(row, at);
}

/** Where it next stands from `from` on, at any depth; -1: nowhere. Quotes within strings are escaped: no string can look like it. */
function ownNames({ bytes, id, idEnd, institution, institutionEnd, textEnd }: RowView, from: number): number {
  const named = idEnd - id;
  const field = institution < 0 ? NO_INSTITUTION : INSTITUTION_FIELD;
  for (let at = bytes.indexOf(ID_FIELD, from); at >= 0 && at + named < textEnd; at = bytes.indexOf(ID_FIELD, at + 1)) {
    const begins = at + ID_FIELD.length;
    if (bytes.compare(bytes, id, idEnd, begins, begins + named) !== 0) continue;
    const value = begins + named + field.length;
    if (bytes.compare(field, 0, field.length, begins + named, value) !== 0) continue;
    if (institution < 0) return at;
    const ends = value + institutionEnd - institution;
    if (bytes[ends] === QUOTE && bytes.compare(bytes, institution, institutionEnd, value, ends) === 0) return at;
  }
  return -1;
}

/** Whether what begins there is a member of the entry itself, and in no string. */
function isOwn({ bytes, text }: RowView, at: number): boolean {
  let depth = 0;
  let quoted = false;
  for (let here = text; here < at; here++) {
    const byte = bytes[here];
    if (byte === QUOTE) quoted = !quoted;
    else if (quoted) {
      if (byte === BACKSLASH) here++;
    } else if (byte === OPENS || byte === OPENS_LIST) depth++;
    else if (byte === CLOSES || byte === CLOSES_LIST) depth--;
  }
  return depth === 1 && !quoted;
}

function endsInItsTime({ bytes, micros, text, textEnd }: RowView): boolean {
  const at = textEnd - TAIL_BYTES;
  if (at < text || bytes.compare(TAIL, 0, TAIL.length, textEnd - TAIL.length, textEnd) !== 0) return false;
  if (bytes.compare(TIME_FIELD, 0, TIME_FIELD.length, at, at + TIME_FIELD.length) !== 0) return false;
  return millisOf(bytes, at + TIME_FIELD.length) * 1_000 === micros;
}

/** The moment in `2026-11-22T10:00:00.000Z`; NaN where it is not of that form. */
function millisOf(bytes: Buffer, at: number): number {
  if (bytes[at + 4] !== 45 || bytes[at + 7] !== 45 || bytes[at + 10] !== 84 || bytes[at + 19] !== 46 || bytes[at + 23] !== 90) return Number.NaN;
  const digits = (from: number, count: number) => {
    let value = 0;
    for (let offset = at + from; offset < at + from + count; offset++) value = value * 10 + (bytes[offset] as number) - 48;
    return value;
  };
  return Date.UTC(digits(0, 4), digits(5, 2) - 1, digits(8, 2), digits(11, 2), digits(14, 2), digits(17, 2), digits(20, 3));
}
