/**
 * In which order firms are written: nearly that of their codes, whatever their numbers. Promises: table and index grow at one
 * place then, not everywhere at once, which is what a large zone would spend its time on.
 */
import { drawOrigin } from './firm.js';
import { Random } from './random.js';

/** A code's first eleven characters: kind, division, and so much of the organisation. The rest is left to chance. */
const ORGANISATION_CHARACTERS = 5;
const ORGANISATIONS = 36 ** ORGANISATION_CHARACTERS;
const DIVISIONS = 512;
const NUMBER_BITS = 28n;
const NUMBER_MASK = (1n << NUMBER_BITS) - 1n;

/** The numbers of the firms, from 0, by code. Takes sixteen bytes a firm for a moment. */
export function orderByCode(seed: number, enterprises: number): Uint32Array {
  const random = new Random();
  const keys = new BigUint64Array(enterprises);
  for (let index = 0; index < enterprises; index++) {
    const { kind, district, organisation } = drawOrigin(seed, index, random);
    const place = (kind === '92' ? DIVISIONS : 0) + (Number(district.code) % DIVISIONS);
    const code = place * ORGANISATIONS + Number.parseInt(organisation.slice(0, ORGANISATION_CHARACTERS), 36);
    keys[index] = (BigInt(code) << NUMBER_BITS) | BigInt(index);
  }
  keys.sort();
  return Uint32Array.from(keys, (key) => Number(key & NUMBER_MASK));
}
