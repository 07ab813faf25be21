import { expect, test } from '@jest/globals';
import { gradeFourIsNeverClear } from '../../../src/access/rules/gradeFourIsNeverClear.js';
import { grant, question, standing } from '../../harness/invented.js';

test.each([
  [1, null],
  [2, null],
  [3, null],
  [4, 'MASKED'],
] as const)('an item of grade %i is judged %s', (grade, verdict) => {
  expect(gradeFourIsNeverClear.judge(question({ item: { grade } }))).toBe(verdict);
});

test('an item of grade 4 stays masked whatever grant and consent say', () => {
  const clear = question({ item: { grade: 4 }, standing: standing({ grants: [grant({ effect: 'CLEAR' })] }), consent: 'PERSONAL_CLEAR' });
  expect(gradeFourIsNeverClear.judge(clear)).toBe('MASKED');
});

test('an item without a grade of its own has that of its category', () => {
  expect(gradeFourIsNeverClear.judge(question({ category: { grade: 4 } }))).toBe('MASKED');
});
