/**
 * What institutions may see and do not look at: items granted and not read for a while, so that grants can be taken back
 * where nobody would miss them. Reads the log page by page, and no record.
 */
import { compile } from '../access/compile.js';
import { coversItem, isLive, type Standing } from '../access/evidence.js';
import { fromByte, isGiven } from '../access/outcome.js';
import type { Trail } from '../audit/trail.js';
import type { Catalogue, Category, Item } from '../catalogue/model.js';
import { type InstitutionId, PURPOSES, type Purpose } from '../terms.js';
import { openTurns } from './turns.js';

export interface UnusedItem {
  readonly institution: InstitutionId;
  readonly category: Category;
  readonly item: Item;
  /** The most that comes out of it, where the enterprise consents to everything. */
  readonly effect: 'CLEAR' | 'MASKED';
  readonly purposes: readonly Purpose[];
  /** Grants in force that cover it. */
  readonly grants: readonly string[];
  /** When it was last given; null: not as far back as was looked. */
  readonly lastRead: Date | null;
}
export interface LeastPrivilege {
  readonly unused: readonly UnusedItem[];
  /** Items granted in all, used and unused. */
  readonly granted: number;
  /** An item read before this counts as unused. */
  readonly unusedSince: Date;
  /** How far back the log was read; what was not read since then may have been read before. */
  readonly lookedBackTo: Date;
}
export interface LeastPrivilegeParts {
  readonly catalogue: Catalogue;
  readonly trail: Trail;
}
export interface LeastPrivilegeQuestion {
  readonly institutions: readonly InstitutionId[];
  /** How an institution stands now; null: it is not resident, and so is granted nothing. */
  standing(institution: InstitutionId): Standing | null | Promise<Standing | null>;
  readonly time: Date;
  /** Days without a read after which an item counts as unused. */
  readonly days?: number;
  /** Days the log is looked back for the last read of what is unused. */
  readonly lookBack?: number;
}

export const UNUSED_DAYS = 90;
const LOOK_BACK_DAYS = 400;
/** Entries of the log read at most; bounds the time a report takes. */
const MOST_ENTRIES = 1_000_000;
const DAY_MS = 86_400_000;

/** Reports, institution by institution and in the order of the catalogue, what is granted and was not read of late. */
export async function leastPrivilege({ catalogue, trail }: LeastPrivilegeParts, question: LeastPrivilegeQuestion): Promise<LeastPrivilege> {
  const { institutions, time, days = UNUSED_DAYS, lookBack = Math.max(LOOK_BACK_DAYS, days) } = question;
  const unusedSince = new Date(time.getTime() - days * DAY_MS);
  let lookedBackTo = new Date(time.getTime() - lookBack * DAY_MS);
  const breathe = openTurns();
  const open = new Map<string, Map<string, UnusedItem>>();
  let granted = 0;
  for (const institution of [...institutions].sort()) {
    const standing = await question.standing(institution);
    const found = standing ? grantedItems(institution, standing, time, catalogue) : [];
    granted += found.length;
    open.set(institution, new Map(found.map((one) => [`${one.category.code}.${one.item.name}`, one])));
    await breathe();
  }
  const [only] = institutions;
  const span = { since: lookedBackTo, ...(institutions.length === 1 && only ? { institution: only } : {}) };
  let entries = 0;
  for await (const page of institutions.length > 0 ? trail.pagesOf(span) : []) {
    entries += page.length;
    for (const entry of page) {
      const items = entry.institution === null ? undefined : open.get(entry.institution);
      if (!items || entry.outcome !== 'ANSWERED') continue;
      const read = new Date(entry.time);
      for (const code of givenIn(entry.reads ?? [])) {
        const known = items.get(code);
        if (!known) continue;
        if (read >= unusedSince) items.delete(code);
        else if (known.lastRead === null || known.lastRead < read) items.set(code, { ...known, lastRead: read });
      }
    }
    if (entries >= MOST_ENTRIES) {
      lookedBackTo = new Date(page.at(-1)?.time ?? lookedBackTo);
      break;
    }
    await breathe();
  }
  return { unused: [...open.values()].flatMap((items) => [...items.values()]), granted, unusedSince, lookedBackTo };
}

/** Items of which something can come out for some purpose, with the grants that give it. */
function grantedItems(institution: InstitutionId, standing: Standing, time: Date, catalogue: Catalogue): UnusedItem[] {
  const outcomes = PURPOSES.map((purpose) => ({ purpose, bytes: compile(standing, purpose, time, catalogue).outcomesFor('FIRM', 'PERSONAL_CLEAR') }));
  const live = standing.grants.filter((grant) => isLive(grant, time));
  return catalogue.categories.flatMap((category) =>
    category.items.flatMap((item): UnusedItem[] => {
      const given = outcomes.filter(({ bytes }) => isGiven(bytes[item.index]));
      if (given.length === 0) return [];
      const effect = given.some(({ bytes }) => fromByte(bytes[item.index]).effect === 'CLEAR') ? 'CLEAR' : 'MASKED';
      const purposes = given.map(({ purpose }) => purpose);
      const grants = live
        .filter((grant) => coversItem(grant.scope, category, item) && grant.purposes.some((purpose) => purposes.includes(purpose)))
        .map(({ id }) => id);
      return [{ institution, category, item, effect, purposes, grants, lastRead: null }];
    }),
  );
}

type Reads = readonly {
  readonly categories: readonly { readonly category: string; readonly clear?: readonly string[]; readonly masked?: readonly string[] }[];
}[];

/** Codes of the items that went out of at least one enterprise. */
function* givenIn(reads: Reads): Generator<string> {
  for (const { categories } of reads) {
    for (const { category, clear = [], masked = [] } of categories) {
      for (const name of clear) yield `${category}.${name}`;
      for (const name of masked) yield `${category}.${name}`;
    }
  }
}
