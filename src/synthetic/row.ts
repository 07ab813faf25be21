/** What the parts of a record share while a row is being written. */
import type { Firm } from './firm.js';
import type { Random } from './random.js';

export interface Row {
  firm: Firm;
  random: Random;
  /** Position among the rows of the record, newest first in categories of periods. */
  index: number;
  /** One draw for the whole row: items with equally many alternatives agree (a substance and its number). */
  pick: number;
  /** Last day of which the provider could know when the record was delivered. */
  horizon: number;
  /** Bounds of the row's period or year, where it has one; else NaN. */
  first: number;
  last: number;
  /** Day of the row's main date: texts take their years from it. */
  main: number;
  /** Numeric value of each item by position: amounts, counts, day numbers (with a fraction for datetimes). */
  readonly numbers: Float64Array;
}

/** Writes one item of a row: its JSON text, or null where it is absent. */
export type Fill = (row: Row) => string | null;

export const ABSENT_SHARE = 0.06;
