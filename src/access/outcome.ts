/** What can come out for an item, and its form as one byte, so that policy compiles to arrays over all items. */

/** Why an item is denied, in the order in which reasons are told when several apply. */
export const REASONS = [
  'INSTITUTION_INACTIVE',
  'PURPOSE_NOT_AGREED',
  'ITEM_NOT_IN_FORCE',
  'ITEM_NOT_SHARED',
  'NO_GRANT',
  'GRANT_EXPIRED',
  'GRADE_TOO_HIGH',
  'CONSENT_REQUIRED',
  'CONSENT_EXPIRED',
  'CONSENT_WITHDRAWN',
] as const;
export type Reason = (typeof REASONS)[number];

export type Outcome = { readonly effect: 'CLEAR' } | { readonly effect: 'MASKED' } | { readonly effect: 'DENIED'; readonly reason: Reason };

/** One byte an item. 0 MUST mean denied: an array nobody filled gives nothing away. */
export const CLEAR = 1;
export const MASKED = 2;
const FIRST_DENIAL = 16;

export function toByte(outcome: Outcome): number {
  if (outcome.effect === 'CLEAR') return CLEAR;
  if (outcome.effect === 'MASKED') return MASKED;
  return FIRST_DENIAL + REASONS.indexOf(outcome.reason);
}

export function fromByte(byte: number | undefined): Outcome {
  if (byte === CLEAR) return { effect: 'CLEAR' };
  if (byte === MASKED) return { effect: 'MASKED' };
  return { effect: 'DENIED', reason: REASONS[(byte ?? 0) - FIRST_DENIAL] ?? 'NO_GRANT' };
}

export function isGiven(byte: number | undefined): boolean {
  return byte === CLEAR || byte === MASKED;
}
