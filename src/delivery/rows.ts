/**
 * From a row of text to what a record holds, or to everything that is wrong with it. Promises: each cell is looked at, so that
 * a unit learns of all faults of a row at once; nothing is left out without being counted. Knows neither files nor tables.
 */
import type { Mapping } from './mapping.js';
import { type ValueFault, valueFault, type WarningReason } from './reasons.js';
import { readDeliveredUscc, type Value } from './values.js';

/** A row that may be loaded. */
export interface GoodRow {
  readonly uscc: string;
  /** For MANY the identifying values as JSON text, for ONE empty: equal within an enterprise means the same row. */
  readonly identity: string;
  /** JSON text of the row, keys in catalogue order. */
  readonly payload: string;
  /** The values by item name, for what is kept beside the record. */
  readonly values: ReadonlyMap<string, Value>;
}
/** One refused cell. */
export interface Refusal extends ValueFault {
  readonly column: string;
  readonly value: string | null;
}
export type RowOutcome =
  | { readonly ok: true; readonly row: GoodRow }
  /** `uscc` where the code at least could be read. */
  | { readonly ok: false; readonly uscc: string | null; readonly refusals: readonly Refusal[] };

/** Told of everything that was supposed or left out in a row that was otherwise good. */
export type NoteWarning = (column: string, warning: WarningReason, value: string) => void;

/** Compiles the reader of rows whose cells stand in the order of `columns`. */
export function rowReader(mapping: Mapping, columns: readonly string[], noteWarning: NoteWarning): (cells: readonly (string | null)[]) => RowOutcome {
  const { category, usccRules, usccColumn, absent } = mapping;
  const usccPlace = columns.indexOf(usccColumn);
  const mapped = mapping.columns.map((column) => ({
    ...column,
    place: columns.indexOf(column.column),
    required: column.items.some(({ required }) => required),
  }));
  const keys = category.items.map(({ name }) => ({ name, key: `${JSON.stringify(name)}:` }));

  const presentText = (cell: string | null | undefined): string | null => {
    const text = cell?.trim() ?? '';
    return absent.has(text) ? null : text;
  };
  return (cells) => {
    const refusals: Refusal[] = [];
    const warnings: [column: string, warning: WarningReason, value: string][] = [];
    const values = new Map<string, Value>();
    const refuse = (column: string, value: string | null, fault: ValueFault) => refusals.push({ column, value, ...fault });

    const usccText = presentText(cells[usccPlace]);
    const uscc = usccText === null ? null : readDeliveredUscc(usccText, usccRules);
    if (usccText === null || uscc === null)
      refuse(usccColumn, cells[usccPlace] ?? null, valueFault('REQUIRED_MISSING', 'the code of the enterprise is missing'));
    else if (!uscc.ok) refuse(usccColumn, usccText, uscc.fault);
    else if (uscc.warning) warnings.push([usccColumn, uscc.warning, usccText]);

    for (const { column, items, readColumn, onUnreadable, place, required } of mapped) {
      const text = presentText(cells[place]);
      if (text === null) {
        if (required) refuse(column, cells[place] ?? null, valueFault('REQUIRED_MISSING', 'a required value is missing'));
        continue;
      }
      const reading = readColumn(text);
      if (reading.ok) {
        for (const [position, item] of items.entries()) values.set(item.name, reading.value[position] as Value);
        if (reading.warning) warnings.push([column, reading.warning, text]);
      } else if (onUnreadable === 'WARN' && !required) warnings.push([column, 'LEFT_OUT', text]);
      else refuse(column, text, reading.fault);
    }
    if (refusals.length > 0 || !uscc?.ok) return { ok: false, uscc: uscc?.ok ? uscc.value : null, refusals };
    for (const warning of warnings) noteWarning(...warning);
    return {
      ok: true,
      row: { uscc: uscc.value, identity: identityOf(category.identifiedBy, (name) => values.get(name)), payload: payloadOf(keys, values), values },
    };
  };
}

/** The identifying values as JSON text; empty where nothing identifies, that is for ONE. */
export function identityOf(identifiedBy: readonly string[], named: (name: string) => unknown): string {
  return identifiedBy.length === 0 ? '' : JSON.stringify(identifiedBy.map((name) => named(name) ?? null));
}

function payloadOf(keys: readonly { readonly name: string; readonly key: string }[], values: ReadonlyMap<string, Value>): string {
  const parts: string[] = [];
  for (const { name, key } of keys) {
    const value = values.get(name);
    if (value !== undefined) parts.push(key + JSON.stringify(value));
  }
  return `{${parts.join(',')}}`;
}
