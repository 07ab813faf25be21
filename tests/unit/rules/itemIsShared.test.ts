import { expect, test } from '@jest/globals';
import { itemIsShared } from '../../../src/access/rules/itemIsShared.js';
import type { SHARING_TYPES } from '../../../src/terms.js';
import { question } from '../../harness/invented.js';

test.each<[sentence: string, item: (typeof SHARING_TYPES)[number] | undefined, category: (typeof SHARING_TYPES)[number], verdict: string | null]>([
  ['what is shared with everybody is not objected to', undefined, 'UNCONDITIONAL', null],
  ['what is shared on condition is left to the rule of consent', undefined, 'CONDITIONAL', null],
  ['what the provider does not share is given to nobody', undefined, 'NOT_SHARED', 'ITEM_NOT_SHARED'],
  ['an item not shared in a category that is shared is given to nobody', 'NOT_SHARED', 'UNCONDITIONAL', 'ITEM_NOT_SHARED'],
  ['an item shared in a category that is not is not objected to', 'UNCONDITIONAL', 'NOT_SHARED', null],
])('%s', (_sentence, item, category, verdict) => {
  const sharing = { type: category };
  expect(itemIsShared.judge(question({ item: item ? { sharing: item } : {}, category: { sharing } }))).toBe(verdict);
});

test.each(['NONE', 'PERSONAL_CLEAR'] as const)('a consent that is %s makes no item shared that is not', (consent) => {
  expect(itemIsShared.judge(question({ item: { sharing: 'NOT_SHARED' }, consent }))).toBe('ITEM_NOT_SHARED');
});
