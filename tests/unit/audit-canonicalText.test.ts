/** Canonical JSON is what the library makes of it, to the letter, whatever the value. */
import { expect, test } from '@jest/globals';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { canonicalText } from '../../src/audit/canonicalText.js';

const outcome = (make: () => unknown): unknown => {
  try {
    return make();
  } catch {
    return 'REFUSED';
  }
};
const words = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.nat().map(String), fc.constantFrom('__proto__', 'toJSON', '', '\\ud800', '\u2028'));
const values = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, tie('leaf'), tie('list'), tie('object')),
  leaf: fc.oneof(words, fc.double(), fc.integer(), fc.boolean(), fc.constant(null), fc.constant(undefined), fc.constantFrom(-0, 1e21, 1e-7), fc.date()),
  list: fc.array(tie('value')),
  object: fc.dictionary(words, tie('value')),
})).value;

test('objects of every kind are written as the library writes them, or refused as it refuses them', () => {
  fc.assert(
    fc.property(fc.dictionary(words, values), (value) => {
      expect(outcome(() => canonicalText(value))).toEqual(outcome(() => canonicalize(value)));
    }),
    { numRuns: 1_000 },
  );
});

test.each([
  ['members that are numbers', { 10: 'a', 9: 'b', x: 1 }],
  ['a member that is no member', JSON.parse('{"z":1,"__proto__":{"b":2,"a":1}}')],
  ['a moment', { b: new Date(0), a: 1 }],
  ['nothing', { b: undefined, a: [undefined, null] }],
  ['a backslash before ud8', { a: '\\ud800' }],
  ['half of a character', { a: ['\ud800'] }],
  ['a number that is none', { a: [Number.NaN] }],
  ['names beyond the first plane', { '\ufb33': 1, '\u{1f602}': 2, '\u20ac': 3 }],
])('%s', (_, value) => {
  expect(outcome(() => canonicalText(value))).toEqual(outcome(() => canonicalize(value)));
});
