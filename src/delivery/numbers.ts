/**
 * Numbers as exact decimal text. Promises: no amount ever passes through floating point; what is not wholly a number is
 * refused, never cut to the part that is.
 */
import { type Reading, read, unread } from './reasons.js';

const PLAIN = /^([+-]?)(\d+|\d{1,3}(?:,\d{3})+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,2}))?$/;
const LONGEST = 60;

/**
 * Reads an amount: full-width digits, thousands separators, a sign and an exponent are understood.
 * @param timesTenTo digits by which the decimal point moves to the right, such as 4 for a column in ten thousands (万).
 * @returns plain decimal text without exponent, leading zeros or trailing fraction zeros.
 */
export function readNumber(text: string, timesTenTo = 0): Reading<string> {
  const match = PLAIN.exec(text.normalize('NFKC').replace(/\s+/gu, ''));
  if (!match) return unread('NOT_A_NUMBER', 'not a number; thousands separators MUST stand between groups of three digits');
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const value = shifted(whole.replaceAll(',', ''), fraction, Number(exponent) + timesTenTo);
  if (value.length > LONGEST) return unread('TOO_LONG', `more than ${LONGEST} digits`);
  return read(sign === '-' && value !== '0' ? `-${value}` : value);
}

function shifted(whole: string, fraction: string, places: number): string {
  const digits = `${whole}${fraction}`;
  const point = whole.length + places;
  const padded = point <= 0 ? `${'0'.repeat(1 - point)}${digits}` : digits.padEnd(point, '0');
  const cut = Math.max(point, 1);
  const left = padded.slice(0, cut).replace(/^0+(?=\d)/, '');
  const right = padded.slice(cut).replace(/0+$/, '');
  return right === '' ? left : `${left}.${right}`;
}

/** Orders two plain decimal texts exactly: negative when `left` is the smaller. */
export function compareDecimals(left: string, right: string): number {
  const [leftNegative, rightNegative] = [left.startsWith('-'), right.startsWith('-')];
  if (leftNegative !== rightNegative) return leftNegative ? -1 : 1;
  return leftNegative ? comparePositive(right.slice(1), left.slice(1)) : comparePositive(left, right);
}

function comparePositive(left: string, right: string): number {
  const [leftWhole = '', leftFraction = ''] = left.split('.');
  const [rightWhole = '', rightFraction = ''] = right.split('.');
  if (leftWhole.length !== rightWhole.length) return leftWhole.length - rightWhole.length;
  const [first, second] = [`${leftWhole}.${leftFraction}`, `${rightWhole}.${rightFraction}`];
  return first === second ? 0 : first < second ? -1 : 1;
}
