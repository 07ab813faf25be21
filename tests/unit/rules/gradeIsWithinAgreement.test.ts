import { expect, test } from '@jest/globals';
import type { Agreement } from '../../../src/access/evidence.js';
import { gradeIsWithinAgreement } from '../../../src/access/rules/gradeIsWithinAgreement.js';
import type { Grade } from '../../../src/terms.js';
import { agreement, BEFORE, NOW, question, standing } from '../../harness/invented.js';

const GRADES: readonly Grade[] = [1, 2, 3, 4];

test.each(GRADES.flatMap((grade) => GRADES.map((highest): [Grade, Grade, string | null] => [grade, highest, grade > highest ? 'GRADE_TOO_HIGH' : null])))(
  'an item of grade %i under an agreement up to grade %i is judged %s',
  (grade, highestGrade, verdict) => {
    expect(gradeIsWithinAgreement.judge(question({ item: { grade }, standing: standing({ agreements: [agreement({ highestGrade })] }) }))).toBe(verdict);
  },
);

test.each<[sentence: string, agreements: Agreement[], verdict: string | null]>([
  ['of several agreements the strictest counts', [agreement({ highestGrade: 4 }), agreement({ highestGrade: 2 })], 'GRADE_TOO_HIGH'],
  ['the order of agreements does not matter', [agreement({ highestGrade: 2 }), agreement({ highestGrade: 4 })], 'GRADE_TOO_HIGH'],
  [
    'a stricter agreement for another purpose does not count',
    [agreement({ highestGrade: 4 }), agreement({ highestGrade: 1, purposes: ['RISK_DISPOSAL'] })],
    null,
  ],
  ['a stricter agreement that ended does not count', [agreement({ highestGrade: 4 }), agreement({ highestGrade: 1, validUntil: NOW })], null],
  [
    'a stricter agreement still to come does not count',
    [agreement({ highestGrade: 4 }), agreement({ highestGrade: 1, validFrom: new Date(NOW.getTime() + 1) })],
    null,
  ],
  ['a wider agreement that ended does not help', [agreement({ highestGrade: 4, validUntil: BEFORE }), agreement({ highestGrade: 2 })], 'GRADE_TOO_HIGH'],
  ['where no agreement applies, another rule has spoken', [], null],
])('for an item of grade 3: %s', (_sentence, agreements, verdict) => {
  expect(gradeIsWithinAgreement.judge(question({ item: { grade: 3 }, standing: standing({ agreements }), purpose: 'PRE_LOAN_REVIEW' }))).toBe(verdict);
});
