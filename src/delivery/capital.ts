/**
 * Registered capital as registries write it: amount, unit and currency in one column, such as `500(万元人民币)`,
 * `30(万美元)`, `48万人民币`, `1000.5万元`, `USD 20万`. One column feeds two items.
 */
import { readNumber } from './numbers.js';
import { type Reading, read, unread } from './reasons.js';

export interface Capital {
  /** Whole and fraction of the currency's main unit (yuan, not ten thousands), exact. */
  readonly amount: string;
  /** Code of GB/T 12406. */
  readonly currency: string;
}
export interface CapitalRules {
  /** Currency of an amount that names none, such as `500(万)`; without it such a value is not understood. */
  readonly unstatedCurrency?: string | undefined;
  /** Power of ten of a bare number, such as 4 for a column in ten thousands; without it a bare number is not understood. */
  readonly unstatedTimesTenTo?: number | undefined;
}

const CURRENCIES: Readonly<Record<string, string>> = {
  人民币: 'CNY',
  人民币元: 'CNY',
  RMB: 'CNY',
  CNY: 'CNY',
  美元: 'USD',
  美金: 'USD',
  USD: 'USD',
  欧元: 'EUR',
  EUR: 'EUR',
  港元: 'HKD',
  港币: 'HKD',
  香港元: 'HKD',
  HKD: 'HKD',
  日元: 'JPY',
  日圆: 'JPY',
  JPY: 'JPY',
  英镑: 'GBP',
  GBP: 'GBP',
  新加坡元: 'SGD',
  新元: 'SGD',
  SGD: 'SGD',
  加拿大元: 'CAD',
  加元: 'CAD',
  CAD: 'CAD',
  澳大利亚元: 'AUD',
  澳元: 'AUD',
  AUD: 'AUD',
  瑞士法郎: 'CHF',
  CHF: 'CHF',
  德国马克: 'DEM',
  马克: 'DEM',
  DEM: 'DEM',
  法国法郎: 'FRF',
  FRF: 'FRF',
};
const UNITS: Readonly<Record<string, number>> = { 万: 4, 百万: 6, 千万: 7, 亿: 8 };
/** Currency before or after the amount; brackets around unit and currency, both or none. */
const FORM = /^([A-Z]{3}|\p{Script=Han}*?)([\d,.]+)(\()?(百万|千万|万|亿)?(元|圆)?([A-Z]{3}|\p{Script=Han}*)(\))?$/u;

/** Reads one value; refuses what it does not wholly understand. */
export function readCapital(text: string, rules: CapitalRules = {}): Reading<Capital> {
  const match = FORM.exec(text.normalize('NFKC').toUpperCase().replace(/\s+/gu, ''));
  if (!match) return unread('NOT_A_NUMBER', 'not an amount with a unit and a currency, such as 500(万元人民币)');
  const [, before = '', digits = '', opened, unit, yuan, after = '', closed] = match;
  if ((opened === undefined) !== (closed === undefined)) return unread('NOT_A_NUMBER', 'a bracket is missing');
  if (before !== '' && after !== '') return unread('NOT_A_NUMBER', 'names a currency twice');

  const named = before || after;
  // 元 alone is the yuan; 元 before a currency's name only closes the unit (万元美元).
  const currency = named === '' ? (yuan ? 'CNY' : rules.unstatedCurrency) : CURRENCIES[named];
  if (currency === undefined) {
    return named === ''
      ? unread('NOT_A_NUMBER', 'names no currency, and the mapping gives none (unstatedCurrency)')
      : unread('NOT_IN_CODE_LIST', 'names an unknown currency');
  }
  const isBare = named === '' && !unit && !yuan;
  if (isBare && rules.unstatedTimesTenTo === undefined) return unread('NOT_A_NUMBER', 'a bare number, and the mapping gives no unit (unstatedTimesTenTo)');

  const amount = readNumber(digits, unit ? UNITS[unit] : isBare ? rules.unstatedTimesTenTo : 0);
  if (!amount.ok) return amount;
  return read({ amount: amount.value, currency }, named === '' && !yuan ? 'CURRENCY_ASSUMED' : undefined);
}
