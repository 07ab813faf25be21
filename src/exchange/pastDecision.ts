/**
 * A past answer decided again: on the policy version and the consents of its time, item by item, beside what the log says
 * came out then. Where the two differ it is said, not hidden.
 */
import type { Subject } from '../access/compile.js';
import { type ConsentState, consentStateOf, type Grounds } from '../access/evidence.js';
import { type Explanation, explainItem } from '../access/explain.js';
import { type Outcome, REASONS, type Reason } from '../access/outcome.js';
import { namesIn } from '../audit/asked.js';
import type { AuditEntry, CategoryOutcome, ReadEntry } from '../audit/entry.js';
import type { Catalogue, Category } from '../catalogue/model.js';
import { isPersonsBusiness, type Purpose, type Uscc } from '../terms.js';

/** Enterprises of one read of which one item came out alike, for the same reason. */
export interface PastLine {
  readonly field: string;
  readonly category: string;
  /** Name of the item; null: only the provenance of the category was asked. */
  readonly name: string | null;
  readonly enterprises: readonly string[];
  /** What the log says. */
  readonly recorded: Outcome;
  /** What the policy of then gives; null where the catalogue no longer has the item. */
  readonly explained: Explanation | null;
  readonly agrees: boolean;
}

/**
 * The lines of an entry that was answered on these grounds; only the parts of `visible` enterprises.
 * @param grounds of the entry's policy version and time, with the consents of the enterprises it names
 */
export function pastLines(entry: AuditEntry, grounds: Grounds, catalogue: Catalogue, visible: (uscc: string) => boolean): PastLine[] {
  const { purpose, decidedAt } = entry;
  if (!purpose || !decidedAt) return [];
  const at = { purpose: purpose as Purpose, time: new Date(decidedAt) };
  return (entry.reads ?? []).flatMap((read) =>
    read.categories.flatMap((group) => {
      const enterprises = (group.enterprises ?? read.enterprises.map((_uscc, position) => position))
        .map((position) => read.enterprises[position] as string)
        .filter(visible);
      return enterprises.length > 0 ? linesOf(read, group, enterprises, grounds, catalogue, at) : [];
    }),
  );
}

interface At {
  readonly purpose: Purpose;
  readonly time: Date;
}
interface Alike {
  readonly subject: Subject;
  readonly state: ConsentState;
  readonly consents: string[];
  readonly enterprises: string[];
}

function linesOf(read: ReadEntry, group: CategoryOutcome, enterprises: readonly string[], grounds: Grounds, catalogue: Catalogue, at: At): PastLine[] {
  const category = catalogue.category(group.category);
  const names = namesIn(group);
  const recorded = recordedIn(group);
  const lines: PastLine[] = [];
  for (const alike of category ? alikeIn(category, enterprises, grounds, at) : [null]) {
    for (const name of names.length > 0 ? names : [null]) {
      const explained = category && alike ? explainedOf(category, name, alike, grounds, at) : null;
      const was = recorded(name);
      lines.push({
        field: read.field,
        category: group.category,
        name,
        enterprises: alike?.enterprises ?? enterprises,
        recorded: was,
        explained,
        agrees: explained !== null && sameOutcome(was, explained.outcome),
      });
    }
  }
  return lines;
}

/** Enterprises with the same kind of consent stand together, in the order in which the first of them was asked. */
function alikeIn(category: Category, enterprises: readonly string[], { consentsOf }: Grounds, { purpose, time }: At): Iterable<Alike> {
  const found = new Map<string, Alike>();
  for (const uscc of enterprises as readonly Uscc[]) {
    const subject = isPersonsBusiness(uscc) ? 'PERSON' : 'FIRM';
    const { state, consents } = consentStateOf(consentsOf(uscc), category, purpose, time);
    let known = found.get(`${subject} ${state}`);
    if (!known) found.set(`${subject} ${state}`, (known = { subject, state, consents: [], enterprises: [] }));
    known.enterprises.push(uscc);
    for (const id of consents) if (!known.consents.includes(id)) known.consents.push(id);
  }
  return found.values();
}

/** Of an item, or of the category: given when any of its items is, else denied for the mildest of their reasons. */
function explainedOf(category: Category, name: string | null, alike: Alike, { standing }: Grounds, at: At): Explanation | null {
  const explain = (item: Category['items'][number]) => explainItem(standing, category, item, { ...at, ...alike });
  if (name !== null) {
    const item = category.itemsByName.get(name);
    return item ? explain(item) : null;
  }
  const all = category.items.map(explain);
  const given = all.find(({ outcome }) => outcome.effect !== 'DENIED');
  if (given) return { ...given, outcome: { effect: 'CLEAR' }, rule: null };
  const rank = ({ outcome }: Explanation) => (outcome.effect === 'DENIED' ? REASONS.indexOf(outcome.reason) : -1);
  return all.reduce((mildest, one) => (rank(one) > rank(mildest) ? one : mildest));
}

/** What the log says of an item of the group; of its provenance where the name is null. */
function recordedIn({ clear = [], masked = [], denied = {} }: CategoryOutcome): (name: string | null) => Outcome {
  const reasons = Object.entries(denied) as [Reason, readonly string[]][];
  return (name) => {
    const told = reasons.find(([, names]) => name === null || names.includes(name));
    if (told) return { effect: 'DENIED', reason: told[0] };
    if (name === null || clear.includes(name)) return { effect: 'CLEAR' };
    return masked.includes(name) ? { effect: 'MASKED' } : { effect: 'DENIED', reason: 'NO_GRANT' };
  };
}

function sameOutcome(one: Outcome, other: Outcome): boolean {
  return one.effect === other.effect && (one.effect !== 'DENIED' || other.effect !== 'DENIED' || one.reason === other.reason);
}
