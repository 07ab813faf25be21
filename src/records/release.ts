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

/**
 * A row as it leaves: item values by name, absent where denied or not recorded. Provenance and cursor are functions, so
 * that GraphQL makes them only where they are asked.
 */
export type ReleasedRow = Record<string, Value | null | (() => Provenance) | (() => string)>;
export interface Released {
  readonly version: number;
  /** Rows from `begin` (inclusive) until `end` (exclusive). */
  rows(begin: number, end: number): ReleasedRow[];
}

/** @returns null when there is no record. */
export function release(fact: Fact, category: Category, asked: readonly Item[], outcomes: Outcomes, time: Date): Released | null {
  if (!fact.known) return null;
  const clear = asked.filter(({ index }) => outcomes[index] === CLEAR);
  const masked = asked.filter(({ index }) => outcomes[index] === MASKED);
  let provenance: Provenance | undefined;
  const provenanceOnce = () => (provenance ??= provenanceOf(fact, category, time));
  let reordered: ReleasedRow[] | undefined;
  return {
    version: fact.version,
    rows(begin, end) {
      // Most records are read from the front and lie in an order that may show: only the rows wanted are made.
      const wanted = orderMayShow(fact.rows, category, outcomes)
        ? fact.rows.slice(begin, end).map((row) => released(row, clear, masked))
        : (reordered ??= inVisibleOrder(fact.rows, category, outcomes, clear, masked)).slice(begin, end);
      wanted.forEach((row, offset) => {
        row.provenance = provenanceOnce;
        row.cursor = () => toCursor(fact.version, begin + offset + 1);
      });
      return wanted;
    },
  };
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

/**
 * Rows lie in the order of one item, and where that is equal in the order of their whole text. An order that rests on
 * values the caller does not see would tell about them.
 */
function orderMayShow(rows: readonly Row[], category: Category, outcomes: Outcomes): boolean {
  return orderingMayShow(category, outcomes) && noneAreEqual(rows, category);
}

/** Whether rows may lie by the item that orders them, equals aside. */
export function orderingMayShow(category: Category, outcomes: Outcomes): boolean {
  return category.orderedBy === null || orderingIsClear(category, outcomes);
}

export function noneAreEqual(rows: readonly Row[], { orderedBy }: Category): boolean {
  if (orderedBy === null) return true;
  return rows.every((row, position) => position === 0 || row[orderedBy] !== rows[position - 1]?.[orderedBy]);
}

function orderingIsClear(category: Category, outcomes: Outcomes): boolean {
  const ordering = category.itemsByName.get(category.orderedBy ?? '');
  return ordering !== undefined && outcomes[ordering.index] === CLEAR;
}

/** By the ordering item where that is clear, and else, as among equals, by what is visible anyway. */
function inVisibleOrder(rows: readonly Row[], category: Category, outcomes: Outcomes, clear: readonly Item[], masked: readonly Item[]): ReleasedRow[] {
  const name = orderingIsClear(category, outcomes) ? category.orderedBy : null;
  let rank = 0;
  return rows
    .map((row, position) => {
      if (name !== null && position > 0 && row[name] !== rows[position - 1]?.[name]) rank++;
      const visible = released(row, clear, masked);
      return { rank, visible, key: JSON.stringify(visible) };
    })
    .sort((left, right) => left.rank - right.rank || (left.key < right.key ? -1 : left.key > right.key ? 1 : 0))
    .map(({ visible }) => visible);
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
