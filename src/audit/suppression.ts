/**
 * Small cells of usage, hidden from those who look at figures: what rests on fewer than five enterprises could be told of
 * them. PURE. Promises, within one table: no figure of fewer is shown, and none can be had by taking shown cells from a total.
 *
 * First every cell goes in which a figure rests on one to four enterprises. Then, in every line of cells that a coarser
 * question would add up, as many more go, the smallest first, until what is missing from the line is more than one cell and
 * no figure of it rests on fewer than five. What is asked in several tables is kept apart by what may be asked at all: see `usageAsked`.
 */
import { Fault } from '../faults.js';
import type { UsageCell, UsageDimension, UsageKey } from './usageCells.js';

/** Fewer different enterprises than these are not told. */
export const LEAST_ENTERPRISES = 5;

/** Shown, or hidden together with its figures. */
export type ShownCell = { readonly shown: true; readonly cell: UsageCell } | { readonly shown: false; readonly key: UsageKey };

/** Each content is part of the one before it: items of a category, categories of a provider. */
const NESTED: readonly UsageDimension[] = ['PROVIDER', 'CATEGORY', 'ITEM'];

/** Cells of a table that is suppressed at most; bounds how long it takes. */
const MOST_CELLS = 20_000;

/** Of a table of cells over these dimensions, in their order. @throws Fault USAGE_TOO_WIDE */
export function suppress(cells: readonly UsageCell[], by: readonly UsageDimension[]): ShownCell[] {
  if (cells.length > MOST_CELLS) throw new Fault('USAGE_TOO_WIDE', { detail: `> ${MOST_CELLS}` });
  const hidden = new Set(cells.filter((cell) => tellsOfFew(restsOf([cell]))));
  const lines = linesOf(cells, by);
  for (let grown = true; grown; ) {
    grown = false;
    for (const line of lines) grown = protect(line, hidden) || grown;
  }
  return cells.map((cell) => (hidden.has(cell) ? { shown: false, key: cell.key } : { shown: true, cell }));
}

/** On how many enterprises each figure rests, by its name. */
type Rests = Map<string, number>;

function addRests(rests: Rests, { asked, reads, clear, masked, denials }: UsageCell): Rests {
  const add = (name: string, enterprises: number) => rests.set(name, (rests.get(name) ?? 0) + enterprises);
  add('asked', asked);
  add('reads', reads.enterprises);
  add('clear', clear.enterprises);
  add('masked', masked.enterprises);
  for (const { reason, enterprises } of denials) add(reason, enterprises);
  return rests;
}
const restsOf = (cells: Iterable<UsageCell>): Rests => [...cells].reduce(addRests, new Map());
const tellsOfFew = (rests: Rests): boolean => [...rests.values()].some((enterprises) => enterprises > 0 && enterprises < LEAST_ENTERPRISES);

/** Hides more of a line until what is missing from its total tells of nobody; whether something was hidden. */
function protect(line: readonly UsageCell[], hidden: Set<UsageCell>): boolean {
  const missing = line.filter((cell) => hidden.has(cell));
  // A total that tells of few is not shown itself, so nothing can be taken from it.
  if (missing.length === 0 || tellsOfFew(restsOf(line))) return false;
  const rests = restsOf(missing);
  const others = line.filter((cell) => !hidden.has(cell)).sort((one, other) => one.asked - other.asked);
  let count = missing.length;
  for (const next of others) {
    if (count > 1 && !tellsOfFew(rests)) break;
    hidden.add(next);
    addRests(rests, next);
    count++;
  }
  return count > missing.length;
}

/** Cells that any coarser question over the same dimensions would add up to one: every choice of dimensions left out. */
function linesOf(cells: readonly UsageCell[], by: readonly UsageDimension[]): UsageCell[][] {
  const choices = Array.from({ length: Math.max(0, 2 ** by.length - 1) }, (_, choice) => by.filter((_dimension, place) => choice & (2 ** place)))
    // Whoever keeps items keeps their categories: the same lines again.
    .filter((kept) => withParents(kept).every((dimension) => kept.includes(dimension) || !by.includes(dimension)))
    // Short lines first: what they hide is hidden from the long ones already.
    .sort((one, other) => other.length - one.length);
  const lines: UsageCell[][] = [];
  for (const kept of choices) {
    const grouped = new Map<string, UsageCell[]>();
    for (const cell of cells) {
      const name = kept.map((dimension) => cell.key[dimension]).join('\t');
      const line = grouped.get(name);
      if (line) line.push(cell);
      else grouped.set(name, [cell]);
    }
    lines.push(...grouped.values());
  }
  return lines;
}

/** The dimensions with those that are known of each cell anyway: whoever sees an item sees its category and its provider. */
export function withParents(by: readonly UsageDimension[]): UsageDimension[] {
  const deepest = NESTED.findLastIndex((dimension) => by.includes(dimension));
  return [...new Set([...by, ...NESTED.slice(0, deepest + 1)])];
}
