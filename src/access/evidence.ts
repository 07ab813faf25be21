/**
 * What a decision rests on: who the institution is, what it agreed to, what it was granted, what enterprises consented
 * to. Gathered elsewhere (`grounds/`); here only its shape and the plain questions that rules put to it.
 */
import type { Category, Item } from '../catalogue/model.js';
import type { Grade, InstitutionId, Purpose, Uscc } from '../terms.js';

interface Term {
  readonly validFrom: Date;
  /** First moment at which it no longer holds. */
  readonly validUntil: Date;
}
export interface Agreement extends Term {
  readonly id: string;
  readonly purposes: readonly Purpose[];
  readonly highestGrade: Grade;
}
export interface Grant extends Term {
  readonly id: string;
  readonly purposes: readonly Purpose[];
  /** Domains, category codes, item codes, or `*`. */
  readonly scope: readonly string[];
  readonly effect: 'CLEAR' | 'MASKED';
}
export interface Consent extends Term {
  readonly id: string;
  readonly purposes: readonly Purpose[];
  /** Domains, category codes, or `*`. */
  readonly scope: readonly string[];
  /** Whether the enterprise lets personal data go out clear. */
  readonly personal: 'CLEAR' | 'MASKED';
  readonly withdrawnAt: Date | null;
}

/** Everything about the institution that does not depend on the enterprise asked about. */
export interface Standing {
  readonly institution: InstitutionId;
  readonly active: boolean;
  readonly agreements: readonly Agreement[];
  readonly grants: readonly Grant[];
  readonly policyVersion: number;
  /** Rises with every change of what the institution may see. */
  readonly epoch: number;
}

export interface Grounds {
  readonly standing: Standing;
  /** Consents that the enterprise gave to this institution, whatever their term. */
  consentsOf(uscc: Uscc): readonly Consent[];
}

/** What an enterprise's consents say of one category, at one time, for one purpose. */
export type ConsentState = 'NONE' | 'EXPIRED' | 'WITHDRAWN' | 'PERSONAL_MASKED' | 'PERSONAL_CLEAR';
export const CONSENT_STATES: readonly ConsentState[] = ['NONE', 'EXPIRED', 'WITHDRAWN', 'PERSONAL_MASKED', 'PERSONAL_CLEAR'];

export function isLive(term: Term, time: Date): boolean {
  return term.validFrom <= time && time < term.validUntil;
}

export function coversItem(scope: readonly string[], category: Category, item: Item): boolean {
  return coversCategory(scope, category) || scope.includes(item.code);
}

export function coversCategory(scope: readonly string[], category: Category): boolean {
  return scope.includes('*') || scope.includes(category.domain) || scope.includes(category.code);
}

/**
 * The state of consent for a category, and the consents it rests on. Among several live ones the strictest counts; a
 * withdrawal is told before an expiry, because it is the later word of the enterprise.
 */
export function consentStateOf(
  consents: readonly Consent[],
  category: Category,
  purpose: Purpose,
  time: Date,
): { state: ConsentState; consents: readonly string[] } {
  const covering = consents.filter((consent) => consent.purposes.includes(purpose) && coversCategory(consent.scope, category));
  const standing = covering.filter((consent) => consent.withdrawnAt === null || consent.withdrawnAt > time);
  const live = standing.filter((consent) => isLive(consent, time));
  if (live.length > 0) {
    return { state: live.every(({ personal }) => personal === 'CLEAR') ? 'PERSONAL_CLEAR' : 'PERSONAL_MASKED', consents: live.map(({ id }) => id) };
  }
  if (covering.length > standing.length) return { state: 'WITHDRAWN', consents: [] };
  return { state: standing.some(({ validUntil }) => validUntil <= time) ? 'EXPIRED' : 'NONE', consents: [] };
}
