/**
 * Facts to write texts from, in one statement. Long lists are mostly read from the front, so no more of them is fetched than
 * the rows wanted have mostly taken; what turns out too short, or to lie in an order that may not show, is fetched whole.
 */
import type { Category } from '../catalogue/model.js';
import type { Uscc } from '../terms.js';
import { ABSENT, type Fact, factOf, firstRows, IDENTITY, type Line, toFact, type Wanted } from './fact.js';
import type { Look } from './generations.js';
import type { Given } from './given.js';
import { noneAreEqual } from './release.js';
import { type FetchedLine, fetchLines, keyOf, type Stores } from './statement.js';

/** What was fetched, or the first rows of it where those are enough; what was not is absent. */
export type FactOf = (uscc: Uscc, category: Wanted['category']) => Fact;

export interface FrontReader {
  /** All that is given of these. @throws Fault ZONE_UNAVAILABLE; Error where a record is broken */
  fetch(look: Look, missing: readonly { readonly uscc: Uscc; readonly given: Given }[]): Promise<FactOf>;
}

/** What a value and the signs around it are taken to need before a row was seen; and what is fetched beyond what was seen, for rows that are longer. */
const CHARACTERS_A_VALUE = 30;
const MARGIN = 1.4;
/** Rows longer than this do not raise what is fetched of others. */
const LONGEST_ROW = 4_000;

export function openFrontReader(stores: Stores): FrontReader {
  /** Characters that a row was seen to need; a guess that costs time where it is wrong, and nothing else. */
  const needed = new Map<Category, number>();
  const neededBy = (category: Category) => needed.get(category) ?? category.items.reduce((sum, { name }) => sum + name.length + CHARACTERS_A_VALUE, 0);
  const learn = (category: Category, rows: number, characters: number) =>
    needed.set(category, Math.max(needed.get(category) ?? 0, Math.min(LONGEST_ROW, MARGIN * (characters / rows))));

  /** null where what was fetched does not tell. */
  function factIn(line: Line, category: Category, rows: number, fetched: number): Fact | null {
    const first = firstRows(line.payload, rows);
    if (first) learn(category, rows, first.characters);
    if (first && noneAreEqual(first.rows, category)) return factOf(line, first.rows);
    if (line.payload.length >= fetched) return null;
    const fact = toFact(line);
    // Lists that are shorter than wanted tell as well what a row needs.
    if (!first && fact.known && fact.rows.length > 0) learn(category, fact.rows.length, line.payload.length);
    return fact;
  }

  return {
    async fetch(look, missing) {
      const wanted = new Map<string, Wanted>();
      const want = (uscc: Uscc, category: Wanted['category']) => wanted.set(keyOf(uscc, look.idOf(category)), { uscc, category });
      for (const { uscc, given } of missing) {
        want(uscc, IDENTITY);
        for (const category of given.fetched) want(uscc, category);
      }
      const rows = rowsOf(new Set(missing.map(({ given }) => given)));
      const characters = new Map([...rows].map(([category, most]) => [category, Math.ceil(most * neededBy(category))]));

      const facts = new Map<string, Fact>();
      /** @returns those that were too short to tell. */
      const take = (lines: readonly FetchedLine[], fetchedOf: (category: Category) => number): Wanted[] =>
        lines.flatMap((line) => {
          const key = keyOf(line.uscc, line.category);
          const one = wanted.get(key) as Wanted;
          const category = one.category === IDENTITY ? null : one.category;
          const most = category ? rows.get(category) : undefined;
          const fact = category && most !== undefined ? factIn(line, category, most, fetchedOf(category)) : toFact(line);
          if (!fact) return [one];
          facts.set(key, fact);
          return [];
        });
      const short = take(await fetchLines(stores, look, [...wanted.values()], characters), (category) => characters.get(category) ?? 0);
      if (short.length > 0) take(await fetchLines(stores, look, short), () => Number.POSITIVE_INFINITY);
      return (uscc, category) => facts.get(keyOf(uscc, look.idOf(category))) ?? ABSENT;
    },
  };
}

/** The rows that are enough for all of them; a category that is not in it is wanted whole by one. */
function rowsOf(givens: ReadonlySet<Given>): Map<Category, number> {
  const rows = new Map<Category, number>();
  const whole = new Set<Category>();
  for (const { fetched, frontRows } of givens) {
    for (const category of fetched) {
      const most = frontRows.get(category);
      if (most === undefined) whole.add(category);
      else rows.set(category, Math.max(rows.get(category) ?? 0, most));
    }
  }
  for (const category of whole) rows.delete(category);
  return rows;
}
