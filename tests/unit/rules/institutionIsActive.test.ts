import { expect, test } from '@jest/globals';
import { institutionIsActive } from '../../../src/access/rules/institutionIsActive.js';
import { question, standing } from '../../harness/invented.js';

test.each([
  ['an active institution is not objected to', true, null],
  ['an institution that left, or is suspended, is given nothing', false, 'INSTITUTION_INACTIVE'],
])('%s', (_sentence, active, verdict) => {
  expect(institutionIsActive.judge(question({ standing: standing({ active }) }))).toBe(verdict);
});

test.each([1, 2, 3, 4] as const)('an inactive institution is not even given what is public, of grade %i', (grade) => {
  expect(institutionIsActive.judge(question({ standing: standing({ active: false }), item: { grade } }))).toBe('INSTITUTION_INACTIVE');
});
