/**
 * What a decision rests on: who the institution is, what it agreed to, what it was granted, what enterprises consented
 * to. Gathered elsewhere (`grounds/`); here only its shape and the plain questions that rules put to it.
 */
import type { Category, Item } from '../catalogue/model.js';
import type { Grade, InstitutionId, InstitutionKind, ItemCode, Purpose, SharingType, Uscc } from '../terms.js';

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
  /** Categories that the enterprise struck from the scope. */
  readonly struck: readonly string[];
  /** Whether the enterprise lets personal data go out clear. */
  readonly personal: 'CLEAR' | 'MASKED';
  readonly withdrawnAt: Date | null;
}

/** What policy says of an item instead of the catalogue; null: as the catalogue says. */
export interface ItemSetting {
  readonly grade: Grade | null;
  readonly sharing: SharingType | null;
  /** First day, in Beijing, on which it is read. */
  readonly inForceFrom: string | null;
}
/** How much may be asked for a purpose. */
export interface Allowance {
  /** Records a minute that a full bucket holds and that flow in again. */
  readonly costPerMinute: number;
  /** Different enterprises a day, in Beijing. */
  readonly enterprisesADay: number;
  /** Requests under way at one time. */
  readonly atOnce: number;
}

/** Everything about the institution that does not depend on the enterprise asked about. */
export interface Standing {
  readonly institution: InstitutionId;
  readonly kind: InstitutionKind;
  readonly active: boolean;
  /** Whether it may send registered operations only. */
  readonly safelist: boolean;
  readonly agreements: readonly Agreement[];
  /** Its own, and those of its kind. */
  readonly grants: readonly Grant[];
  readonly settings: ReadonlyMap<ItemCode, ItemSetting>;
  /** Where a purpose is missing, the zone's usual allowance counts. */
  readonly allowances: ReadonlyMap<Purpose, Allowance>;
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

/** The item as policy in force has it. */
export function settled(item: Item, settings: Standing['settings']): Item {
  const setting = settings.get(item.code);
  if (!setting) return item;
  const { grade, sharing, inForceFrom } = setting;
  return { ...item, grade: grade ?? item.grade, sharing: sharing ?? item.sharing, inForceFrom: inForceFrom ?? item.inForceFrom };
}

export function isLive(term: Term, time: Date): boolean {
  const now = time.getTime();
  return term.validFrom.getTime() <= now && now < term.validUntil.getTime();
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
  // For a batch this is asked of each enterprise and category: one pass, and nothing is made on the way.
  const live: Consent[] = [];
  let withdrawn = false;
  let ended = false;
  for (const consent of consents) {
    if (!consent.purposes.includes(purpose) || !coversCategory(consent.scope, category) || consent.struck.includes(category.code)) continue;
    if (consent.withdrawnAt !== null && consent.withdrawnAt <= time) withdrawn = true;
    else if (isLive(consent, time)) live.push(consent);
    else if (consent.validUntil <= time) ended = true;
  }
  if (live.length > 0) {
    return { state: live.every(({ personal }) => personal === 'CLEAR') ? 'PERSONAL_CLEAR' : 'PERSONAL_MASKED', consents: live.map(({ id }) => id) };
  }
  if (withdrawn) return { state: 'WITHDRAWN', consents: [] };
  return { state: ended ? 'EXPIRED' : 'NONE', consents: [] };
}
