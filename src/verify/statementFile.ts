/** The file of a statement (`zone-statement/1`) as it is read: of the right form, or the reason why not. */

/** What of a statement does not hold. */
export type StatementFlaw =
  | 'NOT_A_STATEMENT'
  | 'NOT_SIGNED'
  | 'NO_INDEX'
  | 'PREFIX_WITHIN_SPAN'
  | 'OUT_OF_ORDER'
  | 'TIME_DISAGREES'
  | 'LEFT_OUT'
  | 'OUTSIDE_SPAN'
  | 'OTHER_ENTERPRISE'
  | 'DELAYED_TOO_LONG'
  | 'CHAIN_ENDS_ELSEWHERE'
  | 'NOT_IN_THE_LOG';

/** Thrown and caught within this room. `place` is the ordinal of the item to blame, where one is. */
export class Flawed extends Error {
  constructor(
    readonly flaw: StatementFlaw,
    readonly place: number | null,
    detail = '',
  ) {
    super(detail);
  }
}

export type Fields = Readonly<Record<string, unknown>>;

export interface StatementFile {
  readonly uscc: string;
  /** In ms since 1970, as is `until`, which is not included. */
  readonly from: number;
  readonly until: number;
  readonly count: number;
  readonly start: Fields | null;
  readonly items: readonly Fields[];
  readonly siblings: readonly unknown[];
  readonly beside: readonly unknown[];
  readonly checkpoint: string;
}

/** @throws Flawed NOT_A_STATEMENT */
export function readStatementFile(text: string): StatementFile {
  const file = objectIn(text, null);
  const { uscc, start, items, path, checkpoint } = file;
  if (file.kind !== 'zone-statement/1') throw new Flawed('NOT_A_STATEMENT', null, 'kind');
  if (typeof uscc !== 'string' || typeof checkpoint !== 'string' || !(start === null || isObject(start))) throw new Flawed('NOT_A_STATEMENT', null, 'fields');
  if (!Array.isArray(items) || !items.every(isObject)) throw new Flawed('NOT_A_STATEMENT', null, 'items');
  if (!isObject(path) || !Array.isArray(path.siblings) || !Array.isArray(path.beside)) throw new Flawed('NOT_A_STATEMENT', null, 'path');
  const [from, until] = [momentIn(file.from, null), momentIn(file.until, null)];
  if (from >= until) throw new Flawed('NOT_A_STATEMENT', null, 'from < until');
  return { uscc, from, until, count: naturalIn(file.count, null), start, items, siblings: path.siblings, beside: path.beside, checkpoint };
}

export function objectIn(text: string, place: number | null): Fields {
  let value: unknown = null;
  try {
    value = JSON.parse(text);
  } catch {
    // Told below.
  }
  if (!isObject(value)) throw new Flawed('NOT_A_STATEMENT', place, 'JSON');
  return value;
}
function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
export function naturalIn(value: unknown, place: number | null): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new Flawed('NOT_A_STATEMENT', place, 'number');
  return value as number;
}
/** A time in the one form that the log writes. */
export function momentIn(value: unknown, place: number | null): number {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (!(time >= 0) || new Date(time).toISOString() !== value) throw new Flawed('NOT_A_STATEMENT', place, 'time');
  return time;
}
export function bytesIn(value: unknown, length: number, place: number | null): Buffer {
  if (typeof value !== 'string' || value.length !== 2 * length || !/^[0-9a-f]*$/.test(value)) throw new Flawed('NOT_A_STATEMENT', place, 'hash');
  return Buffer.from(value, 'hex');
}
