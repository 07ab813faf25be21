/** What is asked: by whom, about whom, which items, why. Made by the exchange from a GraphQL operation. */
import type { Category, Item } from '../catalogue/model.js';
import type { InstitutionId, Purpose, Uscc } from '../terms.js';

/** Who asks, as the token says it. */
export interface Caller {
  readonly institution: InstitutionId;
  /** The institution's system that holds the credential. */
  readonly client: string;
}

/** Why it is asked: the institution's own case, which makes the read answerable. */
export interface Cause {
  readonly purpose: Purpose;
  readonly caseNumber: string;
  readonly operator: string | null;
}

/** What one root field asks: the same of each enterprise it names. */
export interface Read {
  /** Response key of the root field. */
  readonly key: string;
  readonly usccs: readonly Uscc[];
  /** Items asked of each category; an empty list where only its provenance is asked. */
  readonly asked: ReadonlyMap<Category, readonly Item[]>;
  /** Whether `Enterprise.name` is asked, which is governed as the item registration.basic.enterpriseName. */
  readonly name: boolean;
}

export interface Inquiry {
  readonly caller: Caller;
  readonly cause: Cause;
  readonly time: Date;
  readonly reads: readonly Read[];
}
