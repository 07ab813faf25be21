/**
 * Two policies held against each other: what an institution would see more or less of. Pure, and made in small steps, so
 * that whoever runs it can let others have their turn in between.
 */

import { startOfDayInBeijing } from '../beijing.js';
import type { Category, Item } from '../catalogue/model.js';
import type { Purpose } from '../terms.js';
import type { Subject } from './compile.js';
import { decideDirectory } from './decide.js';
import { type ConsentState, coversItem, type Standing, settled } from './evidence.js';
import { judge } from './judge.js';
import type { Outcome } from './outcome.js';

/** More is seen, or less. A denial for another reason is neither. */
export type Change = 'WIDENED' | 'NARROWED';

/** For what and of what two standings are compared. */
export interface Comparison {
  readonly purposes: readonly Purpose[];
  /** See `momentsFrom`: terms begin and end, so a change may show later only. */
  readonly times: readonly Date[];
  readonly categories: readonly Category[];
}
export interface Difference {
  readonly change: Change;
  readonly category: Category;
  readonly item: Item;
  readonly purpose: Purpose;
  readonly time: Date;
  readonly subject: Subject;
  readonly consent: ConsentState;
  readonly before: Outcome;
  readonly after: Outcome;
}

/** An expired or withdrawn consent gives what none gives, for another reason; a property test holds the rules to it. */
export const TELLING_CONSENTS = ['NONE', 'PERSONAL_MASKED', 'PERSONAL_CLEAR'] as const satisfies readonly ConsentState[];
const SUBJECTS: readonly Subject[] = ['FIRM', 'PERSON'];
const WIDTH = Object.freeze({ DENIED: 0, MASKED: 1, CLEAR: 2 });

/** What changes for the one who got `before` and gets `after`. */
export function changeOf(before: Outcome, after: Outcome): Change | null {
  const more = WIDTH[after.effect] - WIDTH[before.effect];
  return more === 0 ? null : more > 0 ? 'WIDENED' : 'NARROWED';
}

/**
 * What differs between two standings of one institution; null: it is not resident. Each step is one category for one
 * purpose at one time, whether anything differs there or not.
 */
export function* compareStandings(
  before: Standing | null,
  after: Standing | null,
  { purposes, times, categories }: Comparison,
): Generator<readonly Difference[], void, void> {
  const mayDiffer = differingIn(before, after);
  for (const time of times) {
    for (const purpose of purposes) {
      for (const category of categories) {
        const items = category.items.filter((item) => mayDiffer(category, item));
        yield [...differencesIn(before, after, category, items, purpose, time)];
      }
    }
  }
}

/**
 * Which items can come out differently at all: what rules look at besides the item is equal for all others. A change of
 * one category is so compared in one category's time.
 */
function differingIn(before: Standing | null, after: Standing | null): (category: Category, item: Item) => boolean {
  if (!before || !after) return () => before !== after;
  if (before.active !== after.active || JSON.stringify(before.agreements) !== JSON.stringify(after.agreements)) return () => true;
  const told = (standing: Standing) => new Map(standing.grants.map((grant) => [JSON.stringify(grant), grant]));
  const [was, is] = [told(before), told(after)];
  const grants = [...was, ...is].filter(([text]) => !was.has(text) || !is.has(text)).map(([, grant]) => grant);
  return (category, item) =>
    grants.some(({ scope }) => coversItem(scope, category, item)) ||
    JSON.stringify(before.settings.get(item.code)) !== JSON.stringify(after.settings.get(item.code));
}

function* differencesIn(
  before: Standing | null,
  after: Standing | null,
  category: Category,
  items: readonly Item[],
  purpose: Purpose,
  time: Date,
): Generator<Difference> {
  for (const item of items) {
    for (const subject of SUBJECTS) {
      for (const consent of TELLING_CONSENTS) {
        const circumstances = { category, purpose, time, subject, consent };
        const was = outcomeUnder(before, item, circumstances);
        const is = outcomeUnder(after, item, circumstances);
        const change = changeOf(was, is);
        if (change) yield { ...circumstances, change, item, before: was, after: is };
      }
    }
  }
}

function outcomeUnder(standing: Standing | null, item: Item, circumstances: Omit<Difference, 'change' | 'item' | 'before' | 'after'>): Outcome {
  if (!standing) return { effect: 'DENIED', reason: 'INSTITUTION_INACTIVE' };
  return judge({ ...circumstances, standing, item: settled(item, standing.settings) }).outcome;
}

/**
 * Whether anything at all would be seen that was not, in any of the circumstances: an item less hidden, or the directory
 * of names opened. Stops at the first.
 */
export function widens(before: Standing | null, after: Standing | null, comparison: Comparison): boolean {
  for (const time of comparison.times) {
    if (maySearch(after, time) && !maySearch(before, time)) return true;
  }
  for (const differences of compareStandings(before, after, comparison)) {
    if (differences.some(({ change }) => change === 'WIDENED')) return true;
  }
  return false;
}

function maySearch(standing: Standing | null, time: Date): boolean {
  return standing !== null && decideDirectory(standing, time) !== null;
}

/**
 * The moments at which outcomes under either standing can change, beginning with `from`: between two of them nothing
 * does. Whatever holds at these holds at all times to come.
 */
export function momentsFrom(from: Date, standings: readonly (Standing | null)[], categories: readonly Category[]): Date[] {
  const moments = new Set([from.getTime()]);
  for (const standing of standings) {
    if (!standing) continue;
    for (const { validFrom, validUntil } of [...standing.agreements, ...standing.grants]) {
      // What ended or was revoked holds at no time, and so changes nothing at any.
      if (validFrom < validUntil) moments.add(validFrom.getTime()).add(validUntil.getTime());
    }
    for (const category of categories) {
      for (const item of category.items) {
        const { inForceFrom } = settled(item, standing.settings);
        if (inForceFrom) moments.add(startOfDayInBeijing(inForceFrom).getTime());
      }
    }
  }
  return [...moments]
    .filter((moment) => moment >= from.getTime())
    .sort((left, right) => left - right)
    .map((moment) => new Date(moment));
}
