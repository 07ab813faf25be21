import { describe, expect, test } from '@jest/globals';
import { CONSENT_STATES } from '../../../src/access/evidence.js';
import { personalDataNeedBoth } from '../../../src/access/rules/personalDataNeedBoth.js';
import { inventedCatalogue, inventedItem, inventedRecord, question } from '../../harness/invented.js';

const OTHER_STATES = CONSENT_STATES.filter((state) => state !== 'PERSONAL_CLEAR');

describe('personal data', () => {
  test.each(OTHER_STATES)('are masked where consent is %s', (consent) => {
    expect(personalDataNeedBoth.judge(question({ item: { personal: true }, consent }))).toBe('MASKED');
  });
  test('are not objected to where the consent says clear; the grant is asked by its own rule', () => {
    expect(personalDataNeedBoth.judge(question({ item: { personal: true }, consent: 'PERSONAL_CLEAR' }))).toBeNull();
  });
});

describe('in the records of a firm', () => {
  test.each(['address', 'phone', 'accountNumber', 'email', 'string', 'decimal'])('a %s that is not marked personal is not', (type) => {
    expect(personalDataNeedBoth.judge(question({ item: { type }, consent: 'NONE', subject: 'FIRM' }))).toBeNull();
  });
});

describe("in the records of an individual's business", () => {
  test.each<[type: string, verdict: string | null]>([
    ['personName', 'MASKED'],
    ['idNumber', 'MASKED'],
    ['phone', 'MASKED'],
    ['address', 'MASKED'],
    ['accountNumber', 'MASKED'],
    ['email', 'MASKED'],
    ['string', null],
    ['text', null],
    ['decimal', null],
    ['integer', null],
    ['date', null],
    ['datetime', null],
    ['boolean', null],
    ['uscc', null],
    ['code(tax-kind)', null],
  ])('a %s identifies the person, or not: %s', (type, verdict) => {
    expect(personalDataNeedBoth.judge(question({ item: { type }, consent: 'PERSONAL_MASKED', subject: 'PERSON' }))).toBe(verdict);
  });

  test('what identifies the person is clear where the consent says so', () => {
    expect(personalDataNeedBoth.judge(question({ item: { type: 'address' }, consent: 'PERSONAL_CLEAR', subject: 'PERSON' }))).toBeNull();
  });

  test.each([
    ['PERSON', 'MASKED'],
    ['FIRM', null],
  ] as const)('the registered name of a %s is judged %s', (subject, verdict) => {
    const catalogue = inventedCatalogue(inventedRecord({ code: 'registration.basic', items: [inventedItem({ name: 'enterpriseName' })] }));
    const [category] = catalogue.categories;
    const [item] = catalogue.items;
    if (!category || !item) throw new Error('nothing built');
    expect(personalDataNeedBoth.judge({ ...question(), category, item, consent: 'NONE', subject })).toBe(verdict);
  });
});
