import { describe, expect, test } from '@jest/globals';
import { CONSENT_STATES, type ConsentState } from '../../../src/access/evidence.js';
import { consentCoversItem } from '../../../src/access/rules/consentCoversItem.js';
import type { Grade, SharingType } from '../../../src/terms.js';
import { question } from '../../harness/invented.js';

const judged = (sharing: SharingType, grade: Grade, consent: ConsentState) => consentCoversItem.judge(question({ item: { sharing, grade }, consent }));

describe('an item that needs consent', () => {
  const NEEDING: readonly (readonly [SharingType, Grade])[] = [
    ['CONDITIONAL', 1],
    ['CONDITIONAL', 2],
    ['CONDITIONAL', 3],
    ['CONDITIONAL', 4],
    ['UNCONDITIONAL', 3],
    ['UNCONDITIONAL', 4],
  ];
  const VERDICTS: readonly (readonly [ConsentState, string | null])[] = [
    ['NONE', 'CONSENT_REQUIRED'],
    ['EXPIRED', 'CONSENT_EXPIRED'],
    ['WITHDRAWN', 'CONSENT_WITHDRAWN'],
    ['PERSONAL_MASKED', null],
    ['PERSONAL_CLEAR', null],
  ];
  test.each(NEEDING.flatMap((kind) => VERDICTS.map((told) => [...kind, ...told] as const)))(
    '%s of grade %i, with consent %s, is judged %s',
    (sharing, grade, consent, verdict) => {
      expect(judged(sharing, grade, consent)).toBe(verdict);
    },
  );
});

describe('an item that needs none', () => {
  test.each(([1, 2] as const).flatMap((grade) => CONSENT_STATES.map((consent) => [grade, consent] as const)))(
    'UNCONDITIONAL of grade %i, with consent %s, is not objected to',
    (grade, consent) => {
      expect(judged('UNCONDITIONAL', grade, consent)).toBeNull();
    },
  );
});

test('an item that is conditional in a category that is not needs consent', () => {
  expect(
    consentCoversItem.judge(question({ item: { sharing: 'CONDITIONAL', grade: 1 }, category: { sharing: { type: 'UNCONDITIONAL' } }, consent: 'NONE' })),
  ).toBe('CONSENT_REQUIRED');
});

test('an item without a word of its own takes the condition of its category', () => {
  const category = { sharing: { type: 'CONDITIONAL' as const, condition: { zh: '经授权', en: 'with consent' } } };
  expect(consentCoversItem.judge(question({ category, consent: 'NONE' }))).toBe('CONSENT_REQUIRED');
});
