/**
 * From a fact to what may leave: projected to the items asked, masked, once per record. The only place where a value
 * passes from the store to an answer. What has no outcome is not given.
 */
import type { Outcomes } from '../access/compile.js';
import { maskValue, type Value } from '../access/masks.js';
import { CLEAR, MASKED } from '../access/outcome.js';
import type { Category, Item } from '../catalogue/model.js';
import type { Fact, Row } from './fact.js';
import { type Provenance, provenanceOf } from './provenance.js';

/** A row as it leaves: item values by name, absent where denied or not recorded. */
export type ReleasedRow = Record<string, Value | Provenance | string | null>;
export interface Released {
  readonly rows: readonly ReleasedRow[];
  readonly version: number;
}

/** @returns null when there is no record. */
export function release(fact: Fact, category: Category, asked: readonly Item[], outcomes: Outcomes, time: Date): Released | null {
  if (!fact.known) return null;
  const clear = asked.filter(({ index }) => outcomes[index] === CLEAR);
  const masked = asked.filter(({ index }) => outcomes[index] === MASKED);
  const provenance = provenanceOf(fact, category, time);
  let rows = fact.rows.map((row) => released(row, clear, masked));
  if (!orderMayShow(category, outcomes)) rows = reordered(rows);
  rows.forEach((row, position) => {
    row.provenance = provenance;
    if (category.cardinality === 'MANY') row.cursor = toCursor(fact.version, position + 1);
  });
  return { rows, version: fact.version };
}

function released(row: Row, clear: readonly Item[], masked: readonly Item[]): ReleasedRow {
  const out: ReleasedRow = {};
  for (const { name } of clear) out[name] = row[name] ?? null;
  for (const item of masked) {
    const value = row[item.name];
    out[item.name] = value === undefined ? null : maskValue(item, value);
  }
  return out;
}

/** Rows lie in the order of one item; where that item is not clear, its order would tell about its values. */
function orderMayShow(category: Category, outcomes: Outcomes): boolean {
  if (category.orderedBy === null) return true;
  const ordering = category.itemsByName.get(category.orderedBy);
  return ordering !== undefined && outcomes[ordering.index] === CLEAR;
}

/** By what is visible anyway. */
function reordered(rows: readonly ReleasedRow[]): ReleasedRow[] {
  return rows
    .map((row) => ({ row, key: JSON.stringify(row) }))
    .sort((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0))
    .map(({ row }) => row);
}

/** A place in a list: after which row, in which version of the record. Holds no value. */
export function toCursor(version: number, position: number): string {
  return Buffer.from(`${version}.${position}`).toString('base64url');
}
/** @returns null when the text is no cursor. */
export function fromCursor(cursor: string): { version: number; position: number } | null {
  const found = /^(\d{1,15})\.(\d{1,9})$/.exec(Buffer.from(cursor.slice(0, 64), 'base64url').toString('latin1'));
  return found ? { version: Number(found[1]), position: Number(found[2]) } : null;
}
