/**
 * The decision. Pure: no clock, no store, no catalogue of its own. Only `decide` mints a Permit, and nothing reads a
 * record without one.
 */
import type { Catalogue, Category, Item } from '../catalogue/model.js';
import { type InstitutionId, isPersonsBusiness, type Purpose, type Uscc } from '../terms.js';
import { type Compiled, compile, type Outcomes } from './compile.js';
import { consentStateOf, type Grounds, isLive, type Standing } from './evidence.js';
import type { Inquiry } from './inquiry.js';
import { isGiven } from './outcome.js';

/** The name of an enterprise is governed as this item. */
export const NAME_ITEM = 'registration.basic.enterpriseName';

/** What an institution may see of one category of one enterprise. */
export interface CategoryPermit {
  /** One byte an item. Enterprises with equal consents share the array, so its identity groups them. */
  readonly outcomes: Outcomes;
  /** Consents that the outcomes rest on. */
  readonly consents: readonly string[];
}

class MintedPermit {
  readonly #decided = new Map<Uscc, Map<Category, CategoryPermit>>();
  #last: { readonly uscc: Uscc; readonly decided: Map<Category, CategoryPermit> } | null = null;
  readonly institution: InstitutionId;
  readonly policyVersion: number;
  readonly epoch: number;
  readonly purpose: Purpose;
  readonly time: Date;

  constructor(
    inquiry: Inquiry,
    private readonly grounds: Grounds,
    private readonly compiled: Compiled,
  ) {
    this.institution = grounds.standing.institution;
    this.policyVersion = grounds.standing.policyVersion;
    this.epoch = grounds.standing.epoch;
    this.purpose = inquiry.cause.purpose;
    this.time = inquiry.time;
  }

  /** What may be seen of a category of an enterprise. */
  of(uscc: Uscc, category: Category): CategoryPermit {
    const ofEnterprise = this.#decidedOf(uscc);
    let decided = ofEnterprise.get(category);
    if (!decided) {
      const { state, consents } = consentStateOf(this.grounds.consentsOf(uscc), category, this.purpose, this.time);
      decided = { outcomes: this.compiled.outcomesFor(isPersonsBusiness(uscc) ? 'PERSON' : 'FIRM', state), consents };
      ofEnterprise.set(category, decided);
    }
    return decided;
  }

  /** Mostly the same enterprise is asked for several times in a row. */
  #decidedOf(uscc: Uscc): Map<Category, CategoryPermit> {
    if (this.#last?.uscc === uscc) return this.#last.decided;
    let decided = this.#decided.get(uscc);
    if (!decided) this.#decided.set(uscc, (decided = new Map()));
    this.#last = { uscc, decided };
    return decided;
  }

  /** Whether the category is to be fetched at all: one of the items asked is given, or, where only provenance is asked, any item. */
  fetches(uscc: Uscc, category: Category, asked: readonly Item[]): boolean {
    const { outcomes } = this.of(uscc, category);
    return (asked.length > 0 ? asked : category.items).some(({ index }) => isGiven(outcomes[index]));
  }
}

/** Minted by `decide` alone: the class is not exported, and its private field keeps look-alikes out. */
export type Permit = MintedPermit;

/**
 * Decides an inquiry on its grounds. Total: every (enterprise, category, item) has an outcome, and what no grant covers
 * is denied.
 */
export function decide(inquiry: Inquiry, grounds: Grounds, catalogue: Catalogue): Permit {
  return new MintedPermit(inquiry, grounds, compile(grounds.standing, inquiry.cause.purpose, inquiry.time, catalogue));
}

class MintedDirectoryPermit {
  readonly #institution: InstitutionId;
  constructor(institution: InstitutionId) {
    this.#institution = institution;
  }
  get institution(): InstitutionId {
    return this.#institution;
  }
}
/** Leave to search the directory of names, which are of grade 1 and need no purpose. */
export type DirectoryPermit = MintedDirectoryPermit;

/** An active institution with an agreement in force may search; null: it may not. */
export function decideDirectory(standing: Standing, time: Date): DirectoryPermit | null {
  return standing.active && standing.agreements.some((agreement) => isLive(agreement, time)) ? new MintedDirectoryPermit(standing.institution) : null;
}
