/** A record as it was delivered: a fact, the same for everybody, before any decision touches it. */

import type { Value } from '../access/masks.js';
import type { Category } from '../catalogue/model.js';
import type { Uscc } from '../terms.js';

export type Row = Readonly<Record<string, Value>>;

export type Fact =
  | { readonly known: false }
  | {
      readonly known: true;
      /** One row, or the rows of a category of cardinality MANY, newest or largest first; the first of them where no more are wanted. */
      readonly rows: readonly Row[];
      readonly dataTime: Date;
      readonly receivedAt: Date;
      readonly delivery: number;
      /** Generation of the category at which the record last changed. */
      readonly version: number;
    };

/** Whose record of what; IDENTITY is the enterprise itself, with the name it is registered under. */
export const IDENTITY = 'IDENTITY';
export interface Wanted {
  readonly uscc: Uscc;
  readonly category: Category | typeof IDENTITY;
}

export const ABSENT: Fact = Object.freeze({ known: false });

/** A fact as a line of text, for Redis: `dataTime|receivedAt|delivery|version|payload`, `-` where there is none. */
export interface Line {
  readonly dataTime: number;
  readonly receivedAt: number;
  readonly delivery: number;
  readonly version: number;
  readonly payload: string;
}

export function toText(line: Line | null): string {
  return line === null ? '-' : `${line.dataTime}|${line.receivedAt}|${line.delivery}|${line.version}|${line.payload}`;
}

/** @returns the line, null for a record known to be absent, undefined when the text is not one of ours. */
export function fromText(text: string): Line | null | undefined {
  if (text === '-') return null;
  const found = /^(\d+)\|(\d+)\|(\d+)\|(\d+)\|/.exec(text);
  if (!found) return undefined;
  const [dataTime, receivedAt, delivery, version] = found.slice(1).map(Number) as [number, number, number, number];
  return { dataTime, receivedAt, delivery, version, payload: text.slice(found[0].length) };
}

/** @throws Error when the payload is not JSON of a record. */
export function toFact(line: Line | null): Fact {
  if (line === null) return ABSENT;
  const content = parsed(line.payload);
  if (typeof content !== 'object' || content === null) throw new Error('a payload is an object or a list of objects');
  return factOf(line, Array.isArray(content) ? content : [content]);
}

export function factOf({ dataTime, receivedAt, delivery, version }: Line, rows: readonly Row[]): Extract<Fact, { known: true }> {
  return { known: true, rows, dataTime: new Date(dataTime), receivedAt: new Date(receivedAt), delivery, version };
}

/**
 * The first rows of a list and the characters they took, without reading the rest, which may be missing; null where it has no
 * more than these. Rows are flat, so one ends where the next begins; where that was inside a text, what is cut out is no JSON or
 * fewer rows, and all of it is to be read.
 */
export function firstRows(payload: string, most: number): { readonly rows: Row[]; readonly characters: number } | null {
  if (!payload.startsWith('[')) return null;
  let end = -1;
  for (let row = 0; row < most; row++) {
    end = payload.indexOf(NEXT_ROW, end + 1);
    if (end < 0) return null;
  }
  try {
    const rows = JSON.parse(`${payload.slice(0, end)}}]`) as Row[];
    return rows.length === most ? { rows, characters: end + NEXT_ROW.length } : null;
  } catch {
    return null;
  }
}
const NEXT_ROW = '},{"';

/** The parser's own message would quote the record. */
function parsed(payload: string): Row | Row[] {
  try {
    return JSON.parse(payload) as Row | Row[];
  } catch {
    throw new Error('a record is not JSON');
  }
}
