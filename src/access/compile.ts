/**
 * Policy compiled: for one institution and purpose, one byte an item, for each state that consent can have. What depends
 * on the enterprise is only which of these arrays applies, so a decision on a thousand enterprises is a thousand look-ups.
 */

import { startOfDayInBeijing } from '../beijing.js';
import type { Catalogue } from '../catalogue/model.js';
import type { Purpose } from '../terms.js';
import { CONSENT_STATES, type ConsentState, type Standing, settled } from './evidence.js';
import { judge } from './judge.js';
import { toByte } from './outcome.js';
import type { Question } from './rules/rule.js';

export type Subject = Question['subject'];
/** One byte an item, by `Item.index`; see outcome.ts. */
export type Outcomes = Uint8Array;

export interface Compiled {
  outcomesFor(subject: Subject, consent: ConsentState): Outcomes;
  /** Holds for times from (inclusive) until (exclusive): in between no term begins or ends. */
  readonly from: number;
  readonly until: number;
}

const compiledOf = new WeakMap<Standing, Map<string, Compiled>>();

/** Compiles, or returns what was compiled for the same evidence; evidence objects are never changed in place. */
export function compile(standing: Standing, purpose: Purpose, time: Date, catalogue: Catalogue): Compiled {
  let known = compiledOf.get(standing);
  if (!known) compiledOf.set(standing, (known = new Map()));
  const key = `${purpose} ${catalogue.digest}`;
  const earlier = known.get(key);
  if (earlier && earlier.from <= time.getTime() && time.getTime() < earlier.until) return earlier;
  const fresh = compileAfresh(standing, purpose, time, catalogue);
  known.set(key, fresh);
  return fresh;
}

function compileAfresh(standing: Standing, purpose: Purpose, time: Date, catalogue: Catalogue): Compiled {
  const arrays: Readonly<Record<Subject, Partial<Record<ConsentState, Outcomes>>>> = { FIRM: {}, PERSON: {} };
  const boundaries = [...standing.agreements, ...standing.grants]
    .flatMap(({ validFrom, validUntil }) => [validFrom.getTime(), validUntil.getTime()])
    .concat(
      catalogue.items
        .map((item) => settled(item, standing.settings))
        .flatMap(({ inForceFrom }) => (inForceFrom ? [startOfDayInBeijing(inForceFrom).getTime()] : [])),
    );
  const now = time.getTime();
  return {
    from: Math.max(Number.NEGATIVE_INFINITY, ...boundaries.filter((boundary) => boundary <= now)),
    until: Math.min(Number.POSITIVE_INFINITY, ...boundaries.filter((boundary) => boundary > now)),
    outcomesFor(subject, consent) {
      return (arrays[subject][consent] ??= outcomesOf({ standing, purpose, time, consent, subject }, catalogue));
    },
  };
}

function outcomesOf(circumstances: Omit<Question, 'category' | 'item'>, catalogue: Catalogue): Outcomes {
  const outcomes = new Uint8Array(catalogue.items.length);
  for (const category of catalogue.categories) {
    for (const item of category.items) {
      outcomes[item.index] = toByte(judge({ ...circumstances, category, item: settled(item, circumstances.standing.settings) }).outcome);
    }
  }
  return outcomes;
}

/** Every array there can be, for tests that want to see them all. */
export function everyCircumstance(): { subject: Subject; consent: ConsentState }[] {
  return (['FIRM', 'PERSON'] as const).flatMap((subject) => CONSENT_STATES.map((consent) => ({ subject, consent })));
}
