import { describe, expect, test } from '@jest/globals';
import { explain, REMEDIES, REMEDY_ACTIONS, type RemedyAction, remedyOf } from '../../src/access/explain.js';
import { REASONS, type Reason } from '../../src/access/outcome.js';
import type { Purpose } from '../../src/terms.js';
import { agreement, BEFORE, consent, FIRM, grant, grounds, NOW, onlyItem, standing } from '../harness/invented.js';

const only = onlyItem({ grade: 2 });
const at = (part: Partial<Parameters<typeof standing>[0]> = {}) => ({ standing: standing(part), purpose: 'LOAN_APPROVAL' as Purpose, time: NOW });

describe('A remedy', () => {
  test.each<[Reason, RemedyAction, string | null, readonly string[]]>([
    ['INSTITUTION_INACTIVE', 'CONTACT_PLATFORM', null, []],
    ['PURPOSE_NOT_AGREED', 'CHANGE_PURPOSE', null, []],
    ['ITEM_NOT_IN_FORCE', 'WAIT', null, []],
    ['ITEM_NOT_SHARED', 'NOTHING', null, []],
    ['NO_GRANT', 'REQUEST_ACCESS', 'requestAccess', [only.item.code]],
    ['GRANT_EXPIRED', 'RENEW_GRANT', 'requestAccess', [only.item.code]],
    ['GRADE_TOO_HIGH', 'ASK_FOR_HIGHER_GRADE', null, []],
    ['CONSENT_REQUIRED', 'OBTAIN_CONSENT', 'registerConsent', [only.category.code]],
    ['CONSENT_EXPIRED', 'RENEW_CONSENT', 'registerConsent', [only.category.code]],
    ['CONSENT_WITHDRAWN', 'OBTAIN_CONSENT', 'registerConsent', [only.category.code]],
  ])('for %s is %s', (reason, action, mutation, scope) => {
    const found = remedyOf(reason, only, at());
    expect(found).toMatchObject({ action, mutation, scope, zh: REMEDIES[reason].zh, en: REMEDIES[reason].en });
    // What can be sent, is sent for the purpose that was asked.
    if (mutation) expect(found.purposes).toEqual(['LOAN_APPROVAL']);
  });

  test('exists for every reason, and every action is of some', () => {
    expect(Object.keys(REMEDIES)).toEqual([...REASONS]);
    expect(new Set(Object.values(REMEDIES).map(({ action }) => action))).toEqual(new Set(REMEDY_ACTIONS));
  });

  test('for a category whose provenance alone was asked is the category', () => {
    expect(remedyOf('NO_GRANT', { ...only, item: null }, at()).scope).toEqual([only.category.code]);
  });

  test('names the purposes that agreements in force name, and no others', () => {
    const agreements = [
      agreement({ purposes: ['RISK_DISPOSAL'] }),
      agreement({ purposes: ['PRE_LOAN_REVIEW', 'RISK_DISPOSAL'] }),
      agreement({ purposes: ['POST_LOAN_MONITORING'], validFrom: BEFORE, validUntil: NOW }),
    ];
    expect(remedyOf('PURPOSE_NOT_AGREED', only, at({ agreements })).purposes).toEqual(['PRE_LOAN_REVIEW', 'RISK_DISPOSAL']);
  });
});

describe('An explanation', () => {
  test('tells grade and sharing as policy in force has them, and decides by them', () => {
    const { item, category } = only;
    const settings = new Map([[item.code, { grade: 3 as const, sharing: 'CONDITIONAL' as const, inForceFrom: null }]]);
    const [listed] = [...explain(grounds(standing()), 'LOAN_APPROVAL', FIRM, NOW, [category])];
    expect([listed?.item.grade, listed?.item.sharing, listed?.outcome]).toEqual([2, 'UNCONDITIONAL', { effect: 'CLEAR' }]);
    const [set] = [...explain(grounds(standing({ settings })), 'LOAN_APPROVAL', FIRM, NOW, [category])];
    expect([set?.item.grade, set?.item.sharing]).toEqual([3, 'CONDITIONAL']);
    expect(set).toMatchObject({ outcome: { effect: 'DENIED', reason: 'CONSENT_REQUIRED' }, rule: { name: 'consentCoversItem' } });
  });

  test('names the grants and consents in force that cover the item, and the version of the policy', () => {
    const { category } = only;
    const live = grant({ id: 'G-live' });
    const grants = [live, grant({ id: 'G-over', validUntil: NOW }), grant({ id: 'G-other', scope: ['customs'] })];
    const consents = [consent({ id: 'C-live' }), consent({ id: 'C-gone', withdrawnAt: BEFORE }), consent({ id: 'C-struck', struck: [category.code] })];
    const [found] = [...explain(grounds(standing({ grants }), { [FIRM]: consents }), 'LOAN_APPROVAL', FIRM, NOW, [category])];
    expect(found).toMatchObject({ grants: ['G-live'], consents: ['C-live'], policyVersion: 7 });
  });
});
