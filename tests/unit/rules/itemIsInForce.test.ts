import { expect, test } from '@jest/globals';
import { itemIsInForce } from '../../../src/access/rules/itemIsInForce.js';
import { question } from '../../harness/invented.js';

test.each<[sentence: string, inForce: string | undefined, time: string, verdict: string | null]>([
  ['an item without such a day may be read at any time', undefined, '1990-01-01T00:00:00Z', null],
  ['an item announced for a later day is not read before', '2027-01-01', '2026-11-22T00:00:00Z', 'ITEM_NOT_IN_FORCE'],
  ['the day begins at midnight in Beijing, not a millisecond earlier', '2027-01-01', '2026-12-31T15:59:59.999Z', 'ITEM_NOT_IN_FORCE'],
  ['at midnight in Beijing, the afternoon before in London, the item may be read', '2027-01-01', '2026-12-31T16:00:00.000Z', null],
  ['an item may be read for ever after', '2027-01-01', '2050-06-01T00:00:00Z', null],
  ['a day of a past summer, when Beijing kept summer time no longer, begins at the same hour', '2024-07-01', '2024-06-30T16:00:00Z', null],
])('%s', (_sentence, inForce, time, verdict) => {
  expect(itemIsInForce.judge(question({ item: inForce ? { inForce } : {}, time: new Date(time) }))).toBe(verdict);
});
