/**
 * What was once asked, decided again under two policies: how many past inquiries and enterprises a change concerns. Pure;
 * what was given then plays no part, only what was asked and what enterprises had consented to at the time.
 */
import type { Catalogue, Category, Item } from '../catalogue/model.js';
import { type InstitutionId, isPersonsBusiness, type Purpose, type Uscc } from '../terms.js';
import { type Change, changeOf } from './compare.js';
import { compile, type Outcomes, type Subject } from './compile.js';
import { type ConsentState, consentStateOf, type Grounds, type Standing } from './evidence.js';
import { fromByte, isGiven, type Outcome } from './outcome.js';

export interface PastInquiry {
  readonly institution: InstitutionId;
  readonly purpose: Purpose;
  /** When it was decided: the consents of this moment count, and their terms at it. */
  readonly time: Date;
  readonly reads: readonly { readonly usccs: readonly Uscc[]; readonly asked: ReadonlyMap<Category, readonly Item[]> }[];
  readonly consentsOf: Grounds['consentsOf'];
}
/** Past inquiries that would have got more, or less, of an item. */
export interface Affected {
  readonly institution: InstitutionId;
  readonly category: Category;
  /** null: only the provenance of the category was asked. */
  readonly item: Item | null;
  readonly change: Change;
  /** Inquiries, each counted once. */
  readonly reads: number;
  /** Different enterprises they concern. */
  readonly enterprises: number;
  /** There are more enterprises than were counted. */
  readonly more: boolean;
}
export interface Replay {
  /** Decides an inquiry under both standings of its institution and notes what differs; null: it is not resident. */
  note(past: PastInquiry, before: Standing | null, after: Standing | null): void;
  /** What has been noted, most inquiries first. */
  affected(): Affected[];
}

/** Enterprises kept apart, over everything that is counted; bounds memory at about 100 MB. */
const MOST_COUNTED = 1_000_000;
const NOTHING: Outcomes = new Uint8Array(0);

interface Count extends Omit<Affected, 'reads' | 'enterprises' | 'more'> {
  reads: number;
  last: PastInquiry | null;
  readonly enterprises: Set<Uscc>;
  more: boolean;
}

/** `time` is when the terms of both policies are held against: now, so that what begins today counts for reads of last month. */
export function openReplay({ catalogue, time }: { catalogue: Catalogue; time: Date }): Replay {
  const counts = new Map<string, Count>();
  let counted = 0;
  const outcomesOf = (standing: Standing | null, purpose: Purpose, subject: Subject, consent: ConsentState): Outcomes =>
    standing ? compile(standing, purpose, time, catalogue).outcomesFor(subject, consent) : NOTHING;

  function count(past: PastInquiry, category: Category, item: Item | null, change: Change, usccs: readonly Uscc[]): void {
    const key = `${past.institution} ${item?.code ?? category.code} ${change}`;
    let known = counts.get(key);
    if (!known) {
      known = { institution: past.institution, category, item, change, reads: 0, last: null, enterprises: new Set(), more: false };
      counts.set(key, known);
    }
    if (known.last !== past) known.reads++;
    known.last = past;
    for (const uscc of usccs) {
      if (known.enterprises.has(uscc)) continue;
      if (counted >= MOST_COUNTED) known.more = true;
      else {
        counted++;
        known.enterprises.add(uscc);
      }
    }
  }
  return {
    note(past, before, after) {
      for (const { usccs, asked } of past.reads) {
        for (const [category, items] of asked) {
          for (const { subject, consent, together } of circumstancesOf(past, usccs, category)) {
            const was = outcomesOf(before, past.purpose, subject, consent);
            const is = outcomesOf(after, past.purpose, subject, consent);
            for (const item of items) {
              const change = changeOf(fromByte(was[item.index]), fromByte(is[item.index]));
              if (change) count(past, category, item, change, together);
            }
            const change = items.length > 0 ? null : changeOf(asWhole(category, was), asWhole(category, is));
            if (change) count(past, category, null, change, together);
          }
        }
      }
    },
    affected: () =>
      [...counts.values()]
        .map(({ last: _last, enterprises, ...rest }) => ({ ...rest, enterprises: enterprises.size }))
        .sort((left, right) => right.reads - left.reads || (keyOf(left) < keyOf(right) ? -1 : 1)),
  };
}

const keyOf = ({ institution, category, item, change }: Affected) => `${institution} ${category.code} ${item?.index ?? -1} ${change}`;

/** Provenance goes out where any item of the category would. */
function asWhole({ items }: Category, outcomes: Outcomes): Outcome {
  return items.some(({ index }) => isGiven(outcomes[index])) ? { effect: 'CLEAR' } : { effect: 'DENIED', reason: 'NO_GRANT' };
}

interface Circumstances {
  readonly subject: Subject;
  readonly consent: ConsentState;
  readonly together: Uscc[];
}

/** Enterprises with equal consents to the category stand together. */
function circumstancesOf({ consentsOf, purpose, time }: PastInquiry, usccs: readonly Uscc[], category: Category): Iterable<Circumstances> {
  const groups = new Map<string, Circumstances>();
  for (const uscc of usccs) {
    const subject = isPersonsBusiness(uscc) ? 'PERSON' : 'FIRM';
    const { state: consent } = consentStateOf(consentsOf(uscc), category, purpose, time);
    const known = groups.get(`${subject} ${consent}`);
    if (known) known.together.push(uscc);
    else groups.set(`${subject} ${consent}`, { subject, consent, together: [uscc] });
  }
  return groups.values();
}
