/** Codes of enterprises as callers type them: right and wrong, asked twice, in every writing. */
import type { Chance } from './chance.js';
import { BAD_CODES, FIRMS, STRANGERS } from './place.js';

export function goodCode(chance: Chance): string {
  return chance.weighed<() => string>([
    [14, () => chance.of(FIRMS)],
    [2, () => typedOddly(chance.of(FIRMS))],
    [2, () => chance.of(STRANGERS)],
    [1, () => ` ${chance.of(STRANGERS).toLowerCase()} `],
  ])();
}
export function anyCode(chance: Chance): string {
  return chance.is(0.08) ? chance.of([...BAD_CODES, '坏"码\u2028\u0000', '\ud83d']) : goodCode(chance);
}
export function batchOf(chance: Chance): string[] {
  if (chance.is(0.06)) return [...FIRMS];
  const codes = Array.from({ length: chance.below(7) }, () => anyCode(chance));
  // One that was asked before, perhaps typed otherwise.
  if (codes.length > 0 && chance.is(0.3)) codes.push(chance.is(0.5) ? chance.of(codes) : typedOddly(chance.of(FIRMS)));
  return codes;
}
/** Full-width, lower case, with blanks. */
function typedOddly(code: string): string {
  const letters = [...code.toLowerCase()].map((letter, place) => (place % 5 === 1 ? String.fromCodePoint((letter.codePointAt(0) as number) + 0xfee0) : letter));
  return ` ${letters.join('')}\t`;
}
