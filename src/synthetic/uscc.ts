/** Invents unified social credit codes. Promises: every code is of GB 32100-2015, and its organisation code of GB 11714. */
import { type Uscc, usccCheckCharacter } from '../terms.js';
import type { Random } from './random.js';

const LETTERS = '0123456789ABCDEFGHJKLMNPQRTUWXY';
const ORGANISATION_ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const ORGANISATION_WEIGHTS = [3, 7, 9, 10, 5, 8, 4, 2];

/** GB 11714-1997: the ninth character of an organisation code. */
export function organisationCheckCharacter(eight: string): string {
  let sum = 0;
  for (let place = 0; place < 8; place++) sum += ORGANISATION_ALPHABET.indexOf(eight[place] as string) * (ORGANISATION_WEIGHTS[place] as number);
  const check = 11 - (sum % 11);
  return check === 10 ? 'X' : check === 11 ? '0' : String(check);
}

/** A code of `kind` (`91` company, `92` individual business, `12` public institution ...) and registration division. */
export function usccOf(kind: string, division: string, organisation: string): Uscc {
  const first = kind + division + organisation + organisationCheckCharacter(organisation);
  return (first + usccCheckCharacter(first)) as Uscc;
}

/** Organisation codes issued before the reform of October 2015 are digits, later ones begin with MA. */
export function organisationOf(serial: number, beforeReform: boolean): string {
  if (beforeReform) return String(10_000_000 + ((serial * 7_654_321) % 89_999_999)).padStart(8, '0');
  let rest = (serial * 8_191_003) % 31 ** 5;
  let text = '';
  for (let place = 0; place < 5; place++) {
    text = LETTERS[rest % 31] + text;
    rest = Math.floor(rest / 31);
  }
  return `MA0${text}`;
}

/** The code of somebody outside the zone: a counterparty, a purchaser, a branch. */
export function inventUscc(random: Random, kind: string, division: string): Uscc {
  return usccOf(kind, division, organisationOf(random.below(20_000_000), random.chance(0.4)));
}
