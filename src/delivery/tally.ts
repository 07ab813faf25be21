/** Counts what was accepted with a warning, and keeps the words that were left out, so that a mapping can learn them. */
import type { WarningReason } from './reasons.js';

export interface LeftOut {
  readonly column: string;
  /** Cut to 60 characters. */
  readonly value: string;
  readonly rows: number;
}
export interface Warnings {
  readonly total: number;
  /** Column -> reason -> values. */
  readonly byColumn: Readonly<Record<string, Readonly<Partial<Record<WarningReason, number>>>>>;
  /** The different values left out, the most frequent first; at most 30 a column. May hold personal data: for the unit that delivered them. */
  readonly leftOut: readonly LeftOut[];
}

const WORDS_KEPT = 30;
const LONGEST_WORD = 60;

/** An empty tally. Its memory is bounded by the number of columns. */
export function openTally(): { note(column: string, warning: WarningReason, value: string): void; warnings(): Warnings } {
  const counts = new Map<string, Map<WarningReason, number>>();
  const words = new Map<string, Map<string, number>>();
  let total = 0;
  return {
    note(column, warning, value) {
      total++;
      raise(entryOf(counts, column), warning);
      if (warning !== 'LEFT_OUT') return;
      const kept = entryOf(words, column);
      const word = value.slice(0, LONGEST_WORD);
      if (kept.has(word) || kept.size < WORDS_KEPT) raise(kept, word);
    },
    warnings: () => ({
      total,
      byColumn: Object.fromEntries([...counts].map(([column, reasons]) => [column, Object.fromEntries(reasons)])),
      leftOut: [...words].flatMap(([column, kept]) =>
        [...kept].map(([value, rows]) => ({ column, value, rows })).sort((left, right) => right.rows - left.rows),
      ),
    }),
  };
}

function entryOf<K>(maps: Map<string, Map<K, number>>, column: string): Map<K, number> {
  const entry = maps.get(column) ?? new Map<K, number>();
  maps.set(column, entry);
  return entry;
}

function raise<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
