/**
 * Small cells of usage, hidden from those who look at figures: what rests on fewer than five enterprises could be told of
 * them. PURE. Those readers may ask a closed list of tables, all of which are suppressed jointly: the whole, the days, the
 * institutions, the purposes, and the tree of providers, categories and items. No table crosses two of them, so that all
 * that can be added up is the tree (a cell is the sum of its parts) and the whole (the sum of each table).
 *
 * Promise: no figure of one to four enterprises is shown, and what shown cells leave of any sum, by any of the sums above
 * together, rests on none or on at least five different enterprises. Why: of the parts of one cell, those that are hidden
 * hold for each figure either nothing, or a part of five and more; where they are all parts, they are the cell itself. Where
 * a figure of the cell is of few, the cell and every part with that figure are hidden, and nothing of the figure is shown.
 */
import type { UsageCell, UsageDimension, UsageKey } from './usageCells.js';

/** Fewer different enterprises than these are not told. */
export const LEAST_ENTERPRISES = 5;

/** Shown, or hidden together with its figures. */
export type ShownCell = { readonly shown: true; readonly cell: UsageCell } | { readonly shown: false; readonly key: UsageKey };

/** Each content is part of the one before it: items of a category, categories of a provider. */
const NESTED: readonly UsageDimension[] = ['PROVIDER', 'CATEGORY', 'ITEM'];
const ALONE: readonly UsageDimension[] = ['DAY', 'INSTITUTION', 'PURPOSE'];

/** The tables from the whole down to the one over these dimensions; null where it is none of those that are told. */
export function tablesDownTo(by: readonly UsageDimension[]): readonly (readonly UsageDimension[])[] | null {
  const [first] = by;
  if (first === undefined) return [[]];
  if (ALONE.includes(first)) return by.length === 1 ? [[], [first]] : null;
  const nested = NESTED.slice(0, by.length);
  return nested.every((dimension) => by.includes(dimension)) ? [[], ...nested.map((_dimension, place) => nested.slice(0, place + 1))] : null;
}

/** The last of the tables that `tablesDownTo` names, the first of which holds the whole. */
export function suppress(tables: readonly (readonly UsageCell[])[], by: readonly UsageDimension[]): ShownCell[] {
  const [whole = [], ...finer] = tables;
  // Whether cells are hidden: in their own right, or beside one that is.
  let above = new Map<string, CellState>(whole.map((cell) => ['', { cell, state: tellsOfFew(restsOf(cell)) ? 'FEW' : 'SHOWN' }]));
  let reached = whole;
  for (const [level, table] of finer.entries()) {
    const states = new Map<string, CellState>();
    for (const [parent, parts] of partsOf(table, by.slice(0, level))) {
      for (const one of hiddenAmong(parts, above.get(parent))) states.set(pathOf(one.cell, by.slice(0, level + 1)), one);
    }
    [above, reached] = [states, table];
  }
  return reached.map((cell) => (above.get(pathOf(cell, by))?.state === 'SHOWN' ? { shown: true, cell } : { shown: false, key: cell.key }));
}

/** COMPANION: it tells of enough, and would give a hidden one away. */
interface CellState {
  readonly cell: UsageCell;
  readonly state: 'SHOWN' | 'FEW' | 'COMPANION';
}

const pathOf = ({ key }: UsageCell, by: readonly UsageDimension[]): string => by.map((dimension) => key[dimension]).join('\t');

function partsOf(table: readonly UsageCell[], by: readonly UsageDimension[]): Map<string, UsageCell[]> {
  const lines = new Map<string, UsageCell[]>();
  for (const cell of table) {
    const name = pathOf(cell, by);
    const line = lines.get(name);
    if (line) line.push(cell);
    else lines.set(name, [cell]);
  }
  return lines;
}

/** Which parts of a cell are hidden. All are where it is a companion itself, or where it is not known. */
function hiddenAmong(parts: readonly UsageCell[], parent: CellState | undefined): CellState[] {
  if (parent === undefined || parent.state === 'COMPANION') return parts.map((cell) => ({ cell, state: 'COMPANION' }));
  // Of such a figure nothing is shown anywhere below, so nothing can be taken from it.
  const untold = new Set([...restsOf(parent.cell)].filter(([, enterprises]) => isFew(enterprises)).map(([figure]) => figure));
  const few = new Set(parts.filter((cell) => tellsOfFew(restsOf(cell))));
  const companions = new Set<UsageCell>();
  /** The most enterprises that a hidden part has of each figure: so many different ones at least are in all hidden parts. */
  const most: Rests = new Map();
  for (const cell of few) raise(most, cell);
  if (few.size > 0) {
    for (const next of parts.filter((cell) => !few.has(cell)).sort((one, other) => one.asked - other.asked)) {
      if (few.size + companions.size > 1 && !tellsOfFew(most, untold)) break;
      companions.add(next);
      raise(most, next);
    }
  }
  return parts.map((cell) => ({ cell, state: few.has(cell) ? 'FEW' : companions.has(cell) ? 'COMPANION' : 'SHOWN' }));
}

/** On how many enterprises each figure rests, by its name. */
type Rests = Map<string, number>;

function restsOf({ asked, reads, clear, masked, denials }: UsageCell): Rests {
  return new Map([
    ['asked', asked],
    ['reads', reads.enterprises],
    ['clear', clear.enterprises],
    ['masked', masked.enterprises],
    ...denials.map(({ reason, enterprises }): [string, number] => [reason, enterprises]),
  ]);
}
function raise(most: Rests, cell: UsageCell): void {
  for (const [figure, enterprises] of restsOf(cell)) most.set(figure, Math.max(most.get(figure) ?? 0, enterprises));
}
const isFew = (enterprises: number): boolean => enterprises > 0 && enterprises < LEAST_ENTERPRISES;
const tellsOfFew = (rests: Rests, but: ReadonlySet<string> = new Set()): boolean =>
  [...rests].some(([figure, enterprises]) => isFew(enterprises) && !but.has(figure));

/** The dimensions with those that are known of each cell anyway: whoever sees an item sees its category and its provider. */
export function withParents(by: readonly UsageDimension[]): UsageDimension[] {
  const deepest = NESTED.findLastIndex((dimension) => by.includes(dimension));
  return [...new Set([...by, ...NESTED.slice(0, deepest + 1)])];
}
