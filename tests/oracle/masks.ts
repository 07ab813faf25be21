/** What the oracle expects to be left of a masked value. Written from the rules of the README and DESIGN, by hand. */
import type { ItemFacts } from './catalogue.js';

export type Value = string | number | boolean;

const STARS = '***';
/** Those compound surnames that the fuzz uses. */
const COMPOUND = ['欧阳', '司马', '上官', '诸葛'];
const BEIJING_DISTRICTS = ['海淀区', '朝阳区', '东城区', '西城区', '石景山区', '门头沟区', '延庆县'];

export function maskedValue(item: ItemFacts, value: Value): Value | null {
  const text = String(value);
  if (item.mask === 'withhold') return null;
  if (item.mask === 'redact') return STARS;
  if (item.mask === 'uscc') return text.slice(0, 2) === '92' ? null : value;
  if (item.mask === 'year') return masked(text);
  if (item.mask === 'round') return typeof value === 'number' ? Number(rounded(text)) : rounded(text);
  if (item.mask === 'name') return surnameOf(text);
  if (item.mask === 'idNumber') return /^[0-9]{17}[0-9X]$/.test(text) ? `${text.slice(0, 1)}***************${text.slice(16)}` : STARS;
  if (item.mask === 'phone') return text.length === 11 && Number(text) >= 1e10 && Number(text) < 2e10 ? `${text.slice(0, 3)}****${text.slice(7)}` : STARS;
  if (item.mask === 'accountNumber') return text.length >= 12 && /^[0-9]+$/.test(text) ? `${text.slice(0, 4)}********${text.slice(-4)}` : STARS;
  if (item.mask === 'email') return text.indexOf('@') > 1 ? `${text.slice(0, 1)}***${text.slice(text.indexOf('@'))}` : STARS;
  if (item.mask === 'address') return districtOf(text);
  throw new Error(`the oracle knows no mask ${item.mask}`);
}

/** The year alone, as its first moment. */
function masked(day: string): string {
  return day.length > 10 ? `${day.slice(0, 4)}-01-01T00:00:00Z` : `${day.slice(0, 4)}-01-01`;
}

/** One significant figure, half away from nought; what is below ten is nought. */
function rounded(text: string): string {
  const negative = text[0] === '-';
  const whole = BigInt((text.split('.')[0] as string).replace('-', ''));
  if (whole < 10n) return '0';
  let unit = 1n;
  while (whole / unit >= 10n) unit *= 10n;
  const figures = (whole * 10n) / unit;
  const first = figures / 10n + (figures % 10n >= 5n ? 1n : 0n);
  return `${negative ? '-' : ''}${first * unit}`;
}

function surnameOf(name: string): string {
  const letters = Array.from(name);
  if (letters.length < 2 || letters.some((letter) => (letter.codePointAt(0) as number) < 128)) return STARS;
  if (letters.length >= 3 && COMPOUND.includes(`${letters[0]}${letters[1]}`)) return `${letters[0]}${letters[1]}**`;
  return `${letters[0]}**`;
}

function districtOf(address: string): string {
  for (const city of ['北京市', '北京', '']) {
    for (const district of BEIJING_DISTRICTS) {
      const front = `${city}${district}`;
      if (address.startsWith(front) && address.length > front.length) return `${front}${STARS}`;
    }
  }
  return STARS;
}
