import { expect, test } from '@jest/globals';
import type { Agreement } from '../../../src/access/evidence.js';
import { purposeIsAgreed } from '../../../src/access/rules/purposeIsAgreed.js';
import { AFTER, agreement, BEFORE, NOW, question, standing } from '../../harness/invented.js';

test.each<[sentence: string, agreements: Agreement[], verdict: string | null]>([
  ['an agreement in force that names the purpose is enough', [agreement({ purposes: ['PRE_LOAN_REVIEW'] })], null],
  ['without any agreement no purpose is agreed', [], 'PURPOSE_NOT_AGREED'],
  ['an agreement for other purposes does not count', [agreement({ purposes: ['LOAN_APPROVAL', 'RISK_DISPOSAL'] })], 'PURPOSE_NOT_AGREED'],
  ['an agreement for no purpose does not count', [agreement({ purposes: [] })], 'PURPOSE_NOT_AGREED'],
  ['an agreement that ended does not count', [agreement({ validUntil: new Date(NOW.getTime() - 1) })], 'PURPOSE_NOT_AGREED'],
  ['an agreement that ends at this very moment no longer counts', [agreement({ validUntil: NOW })], 'PURPOSE_NOT_AGREED'],
  ['an agreement in its last millisecond still counts', [agreement({ validUntil: new Date(NOW.getTime() + 1) })], null],
  ['an agreement that begins at this very moment counts', [agreement({ validFrom: NOW })], null],
  ['an agreement that begins a millisecond later does not count yet', [agreement({ validFrom: new Date(NOW.getTime() + 1) })], 'PURPOSE_NOT_AGREED'],
  ['one of several agreements is enough', [agreement({ validFrom: BEFORE, validUntil: BEFORE }), agreement({ validFrom: AFTER }), agreement()], null],
  [
    'purpose and term come from one agreement, not from two',
    [agreement({ purposes: ['LOAN_APPROVAL'] }), agreement({ purposes: ['PRE_LOAN_REVIEW'], validUntil: BEFORE })],
    'PURPOSE_NOT_AGREED',
  ],
])('%s', (_sentence, agreements, verdict) => {
  expect(purposeIsAgreed.judge(question({ standing: standing({ agreements }), purpose: 'PRE_LOAN_REVIEW' }))).toBe(verdict);
});
