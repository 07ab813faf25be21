/**
 * The words of the field as types. A branded value can only come from the check that mints it,
 * so a function that asks for a `Uscc` can never be handed what a caller typed.
 */
declare const brand: unique symbol;
export type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** Unified social credit code in canonical form: 18 half-width upper-case characters, check character right. */
export type Uscc = Branded<string, 'Uscc'>;
/** Code of a resident institution, such as `bank-01`. */
export type InstitutionId = Branded<string, 'InstitutionId'>;
/** Login of a member of staff, such as `li.wei`. */
export type StaffId = Branded<string, 'StaffId'>;
/** `domain.category`, such as `registration.basic`. */
export type CategoryCode = Branded<string, 'CategoryCode'>;
/** `domain.category.item`, such as `registration.basic.registeredCapital`. */
export type ItemCode = Branded<string, 'ItemCode'>;

/** Why an institution asks: the application scenario (使用目的) that its agreement must name. */
export const PURPOSES = ['PRE_LOAN_REVIEW', 'LOAN_APPROVAL', 'POST_LOAN_MONITORING', 'RISK_DISPOSAL'] as const;
export type Purpose = (typeof PURPOSES)[number];

/** Kinds of resident institutions (入驻机构类型). */
export const INSTITUTION_KINDS = ['BANK', 'GUARANTEE', 'MICROLOAN', 'FACTORING', 'LEASING', 'APPRAISAL'] as const;
export type InstitutionKind = (typeof INSTITUTION_KINDS)[number];

/** What a member of staff may do: decide on policy, look into the log, answer for a provider's data, look at figures. */
export const STAFF_ROLES = ['GOVERNANCE_OFFICER', 'AUDITOR', 'PROVIDER_STEWARD', 'DASHBOARD_READER'] as const;
export type StaffRole = (typeof STAFF_ROLES)[number];

/** Longest life of an access token, in seconds: a stolen one is worth little. */
export const TOKEN_LIFE_SECONDS = 300;

export const SHARING_TYPES = ['UNCONDITIONAL', 'CONDITIONAL', 'NOT_SHARED'] as const;
export type SharingType = (typeof SHARING_TYPES)[number];

export const UPDATE_CYCLES = ['REAL_TIME', 'DAILY', 'WEEKLY', 'MONTHLY', 'QUARTERLY', 'YEARLY', 'ON_DEMAND'] as const;
export type UpdateCycle = (typeof UPDATE_CYCLES)[number];

/** Sensitivity of an item by DB11/T 1918-2021: 1 the lowest, 4 the highest. */
export type Grade = 1 | 2 | 3 | 4;

export interface Bilingual {
  readonly zh: string;
  readonly en: string;
}

export type UsccFault = 'LENGTH' | 'CHARACTER' | 'CHECK';
export type UsccReading = { readonly ok: true; readonly uscc: Uscc } | { readonly ok: false; readonly reason: UsccFault };

/** GB 32100-2015: base 31, without I, O, S, V, Z. */
const USCC_ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';
const USCC_WEIGHTS = Array.from({ length: 17 }, (_, place) => 3 ** place % 31);
const USCC_FORM = /^[0-9A-HJ-NP-RTUWXY]{18}$/;

/**
 * Reads a unified social credit code that a caller typed. Full-width characters become half-width, letters upper case,
 * outer blanks go; then length, alphabet and check character are verified (GB 32100-2015).
 */
export function readUscc(typed: string): UsccReading {
  // A longer text than any padded code is not worth normalising.
  if (typed.length > 64) return { ok: false, reason: 'LENGTH' };
  const canonical = typed.normalize('NFKC').trim().toUpperCase();
  if (canonical.length !== 18) return { ok: false, reason: 'LENGTH' };
  if (!USCC_FORM.test(canonical)) return { ok: false, reason: 'CHARACTER' };
  if (canonical[17] !== usccCheckCharacter(canonical)) return { ok: false, reason: 'CHECK' };
  return { ok: true, uscc: canonical as Uscc };
}

/** The check character of the first 17 characters, all of which MUST be of the alphabet. */
export function usccCheckCharacter(code: string): string {
  let sum = 0;
  for (let place = 0; place < 17; place++) {
    sum += USCC_ALPHABET.indexOf(code[place] as string) * (USCC_WEIGHTS[place] as number);
  }
  return USCC_ALPHABET[(31 - (sum % 31)) % 31] as string;
}

/** Codes that begin with 92 belong to individual businesses (个体工商户): what identifies them identifies a person. */
export function isPersonsBusiness(uscc: Uscc): boolean {
  return uscc.startsWith('92');
}
