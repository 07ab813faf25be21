/** Entries that share what they have in common are the entries that JSON holds, whatever their form. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalText } from '../../src/audit/canonicalText.js';
import { parseShared } from '../../src/audit/sharedEntry.js';

const words = fc.oneof(fc.constantFrom('"reads":[{"categories":[', ']', '[', '"', '\\', '}]', 'x'), fc.string({ unit: 'binary', maxLength: 6 }));
const outcome = fc.record(
  { category: words, clear: fc.array(words, { maxLength: 3 }), denied: fc.dictionary(words, fc.array(words, { maxLength: 2 }), { maxKeys: 2 }) },
  { requiredKeys: ['category'] },
);
const read = fc.record({ categories: fc.array(outcome, { maxLength: 3 }), enterprises: fc.array(words, { maxLength: 3 }), field: words });
const entries = fc.record(
  {
    caseNumber: words,
    changes: fc.array(fc.record({ detail: fc.record({ reads: fc.array(read, { maxLength: 1 }) }) }), { maxLength: 1 }),
    reads: fc.array(read, { maxLength: 3 }),
    v: fc.constant(1),
  },
  { requiredKeys: ['v'] },
);

describe('parseShared', () => {
  test('gives what JSON.parse gives', () => {
    fc.assert(
      fc.property(entries, (entry) => {
        const text = canonicalText(entry as never);
        expect(parseShared(text)).toEqual(JSON.parse(text));
      }),
      { numRuns: 500 },
    );
    fc.assert(fc.property(fc.json(), (text) => expect(parseShared(text)).toEqual(typeof JSON.parse(text) === 'object' ? JSON.parse(text) : null)));
  });

  test('fails where JSON.parse fails, also within what is shared', () => {
    for (const text of [
      '',
      '{',
      '{"reads":[{"categories":[',
      '{"reads":[{"categories":[{]}]}',
      '{"reads":[{"categories":[1,]}]}',
      '{"reads":[{"categories":["]}]}',
    ]) {
      expect(() => JSON.parse(text)).toThrow(SyntaxError);
      expect(() => parseShared(text)).toThrow(SyntaxError);
    }
  });

  test('entries with the same outcomes hold one object', () => {
    const of = (number: number) => `{"id":"${number}","reads":[{"categories":[{"category":"a.b","clear":["x"]}],"enterprises":[]}],"v":1}`;
    expect(parseShared(of(1))?.reads?.[0]?.categories).toBe(parseShared(of(2))?.reads?.[0]?.categories);
  });
});
