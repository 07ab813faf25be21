/** The closed lists of why a row is refused and of what is accepted with a warning; a unit reads these words in its report. */

export const REFUSAL_REASONS = [
  'USCC_LENGTH',
  'USCC_CHARACTER',
  'USCC_CHECK',
  'REQUIRED_MISSING',
  'NOT_A_DATE',
  'NOT_A_NUMBER',
  'NOT_AN_INTEGER',
  'NOT_IN_CODE_LIST',
  'NOT_A_BOOLEAN',
  'NOT_THE_FORM',
  'TOO_LONG',
  'DUPLICATE_ROW',
  'ROW_UNREADABLE',
] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/**
 * FAILED_CHECK: the check character of a code is wrong and the mapping accepts that. LEFT_OUT: a value could not be read
 * and the mapping says to load the row without it. CURRENCY_ASSUMED: an amount named no currency and the mapping gave one.
 */
export const WARNING_REASONS = ['FAILED_CHECK', 'LEFT_OUT', 'CURRENCY_ASSUMED'] as const;
export type WarningReason = (typeof WARNING_REASONS)[number];

/** What is wrong with one value: the reason for counting, the detail for the person who mends it. */
export interface ValueFault {
  readonly reason: RefusalReason;
  /** One English sentence; MUST NOT repeat the value, which stands beside it. */
  readonly detail: string;
}

export const valueFault = (reason: RefusalReason, detail: string): ValueFault => ({ reason, detail });

/** Outcome of reading one value; `warning` tells that something was supposed rather than read. */
export type Reading<T> = { readonly ok: true; readonly value: T; readonly warning?: WarningReason } | { readonly ok: false; readonly fault: ValueFault };

export const read = <T>(value: T, warning?: WarningReason): Reading<T> => (warning ? { ok: true, value, warning } : { ok: true, value });
export const unread = (reason: RefusalReason, detail: string): Reading<never> => ({ ok: false, fault: valueFault(reason, detail) });
