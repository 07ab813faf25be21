import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { stdnum } from 'stdnum';
import { isPersonsBusiness, readUscc, type Uscc, usccCheckCharacter } from '../../src/terms.js';

const ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';
const outcome = (typed: string) => {
  const reading = readUscc(typed);
  return reading.ok ? reading.uscc : reading.reason;
};

describe('a code that a caller types', () => {
  test.each<[what: string, typed: string, expected: string]>([
    ['a firm of Fuzhou', '91350100M000100Y43', '91350100M000100Y43'],
    ['a firm of the economic-technological zone, which is in no list of divisions', '91110302562134916R', '91110302562134916R'],
    ['a code whose remainder is nought and whose check character therefore is 0', '911100000000000250', '911100000000000250'],
    ['lower case', '91350100m000100y43', '91350100M000100Y43'],
    ['full-width', '９１３５０１００Ｍ０００１００Ｙ４３', '91350100M000100Y43'],
    ['full-width lower case', '９１３５０１００ｍ０００１００ｙ４３', '91350100M000100Y43'],
    ['blanks around it', '  91350100M000100Y43\n', '91350100M000100Y43'],
    ['ideographic blanks around it', '　91350100M000100Y43　', '91350100M000100Y43'],
    ['Z, which is not in the alphabet', '91350100M000100Y4Z', 'CHARACTER'],
    ['I, which is not in the alphabet', '91350100I000100Y43', 'CHARACTER'],
    ['O in place of a nought', '9135O100M000100Y43', 'CHARACTER'],
    ['S, V in the middle', '91350100S00V100Y43', 'CHARACTER'],
    ['a Chinese character', '91350100M000100Y4三', 'CHARACTER'],
    ['a hyphen in the place of a character', '91350100M-00100Y43', 'CHARACTER'],
    ['a blank inside', '91350100 000100Y43', 'CHARACTER'],
    ['a real code of before 2016 that fails the check', '91350203M0001QKT19', 'CHECK'],
    ['the last character changed', '91350100M000100Y44', 'CHECK'],
    ['two neighbours exchanged', '91350010M000100Y43', 'CHECK'],
    ['17 characters', '91350100M000100Y4', 'LENGTH'],
    ['19 characters', '91350100M000100Y433', 'LENGTH'],
    ['nothing', '', 'LENGTH'],
    ['blanks only', '                  ', 'LENGTH'],
    ['a registration number of the old kind', '110108001234567', 'LENGTH'],
    ['a whole book', '9'.repeat(100_000), 'LENGTH'],
    ['a character that unfolds to eighteen', '\ufdfa', 'CHARACTER'],
  ])('%s is read as it should be', (_what, typed, expected) => {
    expect(outcome(typed)).toBe(expected);
  });

  const front = fc.string({ unit: fc.constantFrom(...ALPHABET), minLength: 17, maxLength: 17 });

  test('is valid exactly with one check character of the thirty-one', () => {
    fc.assert(
      fc.property(front, (seventeen) => {
        const valid = [...ALPHABET].filter((check) => readUscc(seventeen + check).ok);
        expect(valid).toEqual([usccCheckCharacter(seventeen)]);
      }),
    );
  });

  test('is judged as the library stdnum judges it', () => {
    // stdnum wants digits in the first eight places, and forgets the last modulo, so that it knows no check character 0.
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 8, maxLength: 8 });
    const rest = fc.string({ unit: fc.constantFrom(...ALPHABET), minLength: 9, maxLength: 9 });
    fc.assert(
      fc.property(digits, rest, fc.constantFrom(...ALPHABET.slice(1)), fc.boolean(), (first, middle, check, right) => {
        const seventeen = first + middle;
        const code = seventeen + (right ? usccCheckCharacter(seventeen) : check);
        fc.pre(usccCheckCharacter(seventeen) !== '0');
        expect(readUscc(code).ok).toBe(stdnum.CN?.uscc?.validate(code).isValid);
      }),
      { numRuns: 2_000 },
    );
  });

  test('is no longer valid when one character is mistyped', () => {
    fc.assert(
      fc.property(front, fc.nat(17), fc.constantFrom(...ALPHABET), (seventeen, place, other) => {
        const code = seventeen + usccCheckCharacter(seventeen);
        fc.pre(code[place] !== other);
        expect(outcome(code.slice(0, place) + other + code.slice(place + 1))).toBe('CHECK');
      }),
    );
  });

  test('is canonical once read, and stays what it is when read again', () => {
    fc.assert(
      fc.property(front, (seventeen) => {
        const code = seventeen + usccCheckCharacter(seventeen);
        expect(outcome(code)).toBe(code);
        expect(outcome(code.toLowerCase())).toBe(code);
      }),
    );
  });

  test('never makes the reader throw, whatever is typed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (typed) => {
        const reading = readUscc(typed);
        expect(reading.ok ? reading.uscc : reading.reason).toMatch(/^([0-9A-HJ-NP-RTUWXY]{18}|LENGTH|CHARACTER|CHECK)$/);
      }),
    );
  });
});

test.each<[code: string, persons: boolean, what: string]>([
  ['92110108MA01000000', true, "an individual's business"],
  ['91110108MA01000000', false, 'a firm'],
  ['93110108MA01000000', false, "a farmers' cooperative"],
  ['12110000400000000X', false, 'an institution'],
  ['19211010800000000X', false, 'a code with 92 further on'],
])('%s counts as a business of a person: %s (%s)', (code, persons) => {
  expect(isPersonsBusiness(code as Uscc)).toBe(persons);
});
