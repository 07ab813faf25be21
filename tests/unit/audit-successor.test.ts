/** Only what is asked again at once by the same client takes the place of an answer that was thrown away. */
import { expect, test } from '@jest/globals';
import { isSuccessor, isSuccessorText } from '../../src/audit/successor.js';

const THROWN = { id: 'first', time: '2026-11-22T10:00:00.000Z', institution: 'bank-01', client: 'bank-01-core', operation: 'ab' };
const LATER = { ...THROWN, id: 'second', time: '2026-11-22T10:00:00.200Z', supersedes: 'first' };

test.each([
  ['the same, at once', {}, true],
  ['two minutes later', { time: '2026-11-22T10:02:00.000Z' }, true],
  ['later than that', { time: '2026-11-22T10:02:00.001Z' }, false],
  ['before it', { time: '2026-11-22T09:59:59.999Z' }, false],
  ['of a time that is none', { time: 'now' }, false],
  ['another institution', { institution: 'bank-02' }, false],
  ['another client', { client: 'bank-01-other' }, false],
  ['another operation', { operation: 'cd' }, false],
  ['of another', { supersedes: 'third' }, false],
])('%s', (_, change, expected) => {
  expect(isSuccessor({ ...LATER, ...change }, THROWN)).toBe(expected);
  expect(isSuccessorText(JSON.stringify({ ...LATER, ...change }), JSON.stringify(THROWN))).toBe(expected);
});

test('what cannot be read', () => expect(isSuccessorText('{', JSON.stringify(THROWN))).toBe(false));
