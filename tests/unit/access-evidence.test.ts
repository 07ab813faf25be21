import { describe, expect, test } from '@jest/globals';
import { type CONSENT_STATES, type Consent, consentStateOf } from '../../src/access/evidence.js';
import { CLEAR, fromByte, isGiven, MASKED, type Outcome, REASONS, toByte } from '../../src/access/outcome.js';
import type { Category } from '../../src/catalogue/model.js';
import { AFTER, BEFORE, consent, inventedCatalogue, inventedCategory, NOW } from '../harness/invented.js';

const category = inventedCatalogue(inventedCategory()).categories[0] as Category;
const at = (milliseconds: number) => new Date(NOW.getTime() + milliseconds);
const stateOf = (consents: readonly Consent[]) => consentStateOf(consents, category, 'PRE_LOAN_REVIEW', NOW);

describe("an enterprise's consent to a category", () => {
  const ended = { validUntil: at(-1) };
  const coming = { validFrom: at(1) };
  const withdrawn = { withdrawnAt: at(-1) };
  const masked = { personal: 'MASKED' as const };

  test.each<[sentence: string, consents: Consent[], state: (typeof CONSENT_STATES)[number]]>([
    ['without any consent there is none', [], 'NONE'],
    ['a consent in force with personal data clear is that', [consent()], 'PERSONAL_CLEAR'],
    ['a consent in force with personal data masked is that', [consent(masked)], 'PERSONAL_MASKED'],
    ['of several in force the strictest counts', [consent(), consent(masked), consent()], 'PERSONAL_MASKED'],
    ['a consent of the domain covers the category', [consent({ scope: ['tax'] })], 'PERSONAL_CLEAR'],
    ['a consent of the category covers it', [consent({ scope: ['tax.inventedReturn'] })], 'PERSONAL_CLEAR'],
    ['a consent of another domain is none', [consent({ scope: ['customs'] })], 'NONE'],
    ['a consent of another category of the domain is none', [consent({ scope: ['tax.inventedArrears'] })], 'NONE'],
    ['a consent of one item covers no category', [consent({ scope: ['tax.inventedReturn.office'] })], 'NONE'],
    ['a consent to another purpose is none', [consent({ purposes: ['RISK_DISPOSAL'] })], 'NONE'],
    ['a stricter consent to another purpose does not count', [consent(), consent({ ...masked, purposes: ['RISK_DISPOSAL'] })], 'PERSONAL_CLEAR'],
    ['a consent still to come is none', [consent(coming)], 'NONE'],
    ['a consent that begins at this very moment counts', [consent({ validFrom: NOW })], 'PERSONAL_CLEAR'],
    ['a consent that ended has expired', [consent(ended)], 'EXPIRED'],
    ['a consent that ends at this very moment has expired', [consent({ validUntil: NOW })], 'EXPIRED'],
    ['a consent in its last millisecond counts', [consent({ validUntil: at(1) })], 'PERSONAL_CLEAR'],
    ['a withdrawn consent is withdrawn', [consent(withdrawn)], 'WITHDRAWN'],
    ['a consent withdrawn at this very moment is withdrawn', [consent({ withdrawnAt: NOW })], 'WITHDRAWN'],
    ['a consent to be withdrawn later still counts', [consent({ withdrawnAt: at(1) })], 'PERSONAL_CLEAR'],
    ['a withdrawal is told before an expiry', [consent(ended), consent(withdrawn)], 'WITHDRAWN'],
    ['a consent that ended and was withdrawn is withdrawn', [consent({ ...ended, ...withdrawn })], 'WITHDRAWN'],
    ['a new consent after a withdrawal counts', [consent(withdrawn), consent(masked)], 'PERSONAL_MASKED'],
    ['a new consent after an expiry counts', [consent(ended), consent()], 'PERSONAL_CLEAR'],
    ['the withdrawal of something else is not told', [consent({ ...withdrawn, scope: ['customs'] })], 'NONE'],
    ['the withdrawal for another purpose is not told', [consent({ ...withdrawn, purposes: ['RISK_DISPOSAL'] }), consent(ended)], 'EXPIRED'],
    ['an ended consent is told before one still to come', [consent(coming), consent(ended)], 'EXPIRED'],
  ])('%s', (_sentence, consents, state) => {
    expect(stateOf(consents).state).toBe(state);
  });

  test('rests on every consent in force that covers it, and on no other', () => {
    const [first, second] = [consent(), consent(masked)];
    const others = [consent(ended), consent(coming), consent(withdrawn), consent({ scope: ['customs'] }), consent({ purposes: [] })];
    expect(stateOf([first, ...others, second]).consents).toEqual([first.id, second.id]);
  });

  test.each<[what: string, consents: Consent[]]>([
    ['none is given', []],
    ['it ended', [consent({ validFrom: BEFORE, validUntil: BEFORE })]],
    ['it is still to come', [consent({ validFrom: AFTER, validUntil: AFTER })]],
    ['it was withdrawn', [consent(withdrawn)]],
  ])('rests on nothing where %s', (_what, consents) => {
    expect(stateOf(consents).consents).toEqual([]);
  });
});

describe('an outcome as one byte', () => {
  const OUTCOMES: readonly Outcome[] = [{ effect: 'CLEAR' }, { effect: 'MASKED' }, ...REASONS.map((reason) => ({ effect: 'DENIED' as const, reason }))];

  test.each(OUTCOMES)('of %j is read back as it was', (outcome) => {
    expect(fromByte(toByte(outcome))).toEqual(outcome);
    expect(isGiven(toByte(outcome))).toBe(outcome.effect !== 'DENIED');
  });

  test('differs for each outcome and fits into a byte', () => {
    const bytes = OUTCOMES.map(toByte);
    expect(new Set(bytes).size).toBe(OUTCOMES.length);
    for (const byte of bytes) expect(Uint8Array.of(byte)[0]).toBe(byte);
  });

  test('means denied unless it says clear or masked, and above all where nobody wrote one', () => {
    for (const byte of [undefined, ...Array(256).keys()]) {
      const given = byte === CLEAR || byte === MASKED;
      expect(isGiven(byte)).toBe(given);
      expect(fromByte(byte).effect === 'DENIED').toBe(!given);
    }
    expect(new Uint8Array(1)[0]).not.toBe(CLEAR);
    expect(fromByte(0)).toEqual({ effect: 'DENIED', reason: 'NO_GRANT' });
  });
});
