import { expect, test } from '@jest/globals';
import type { Grant } from '../../../src/access/evidence.js';
import { grantCoversItem } from '../../../src/access/rules/grantCoversItem.js';
import { AFTER, BEFORE, grant, NOW, question, standing } from '../../harness/invented.js';

const ended = { validUntil: new Date(NOW.getTime() - 1) };
const coming = { validFrom: new Date(NOW.getTime() + 1) };

/** The item asked about is tax.inventedBasis.matter. */
test.each<[sentence: string, grants: Grant[], verdict: string | null]>([
  ['a grant of everything covers it', [grant({ scope: ['*'] })], null],
  ['a grant of its domain covers it', [grant({ scope: ['tax'] })], null],
  ['a grant of its category covers it', [grant({ scope: ['tax.inventedBasis'] })], null],
  ['a grant of the item itself covers it', [grant({ scope: ['customs', 'tax.inventedBasis.matter'] })], null],
  ['a grant of another domain does not', [grant({ scope: ['customs'] })], 'NO_GRANT'],
  ['a grant of another category of its domain does not', [grant({ scope: ['tax.inventedReturn'] })], 'NO_GRANT'],
  ['a grant of another item of its category does not', [grant({ scope: ['tax.inventedBasis.office'] })], 'NO_GRANT'],
  ['a grant of what its code merely begins with does not', [grant({ scope: ['ta', 'tax.invented', 'tax.inventedBasis.mat'] })], 'NO_GRANT'],
  ['a grant of nothing does not', [grant({ scope: [] })], 'NO_GRANT'],
  ['without any grant nothing is given', [], 'NO_GRANT'],
  ['a grant for other purposes does not count', [grant({ purposes: ['RISK_DISPOSAL'] })], 'NO_GRANT'],
  ['a masked grant masks', [grant({ effect: 'MASKED' })], 'MASKED'],
  ['of a clear and a masked grant the masked one counts', [grant(), grant({ effect: 'MASKED' })], 'MASKED'],
  ['the order of grants does not matter', [grant({ effect: 'MASKED' }), grant()], 'MASKED'],
  [
    'a wide masked grant masks what a narrow one gives clear',
    [grant({ scope: ['tax.inventedBasis.matter'] }), grant({ scope: ['*'], effect: 'MASKED' })],
    'MASKED',
  ],
  ['a masked grant of something else does not mask', [grant(), grant({ scope: ['customs'], effect: 'MASKED' })], null],
  ['a masked grant for another purpose does not mask', [grant(), grant({ purposes: ['RISK_DISPOSAL'], effect: 'MASKED' })], null],
  ['a masked grant that ended does not mask', [grant(), grant({ effect: 'MASKED', ...ended })], null],
  ['a masked grant still to come does not mask', [grant(), grant({ effect: 'MASKED', ...coming })], null],
  ['a grant that ended has expired', [grant(ended)], 'GRANT_EXPIRED'],
  ['a grant that ends at this very moment has expired', [grant({ validUntil: NOW })], 'GRANT_EXPIRED'],
  ['a grant in its last millisecond holds', [grant({ validUntil: new Date(NOW.getTime() + 1) })], null],
  ['a grant that begins at this very moment holds', [grant({ validFrom: NOW })], null],
  ['a grant still to come is none', [grant(coming)], 'NO_GRANT'],
  ['a grant that ended is told before one still to come', [grant(coming), grant(ended)], 'GRANT_EXPIRED'],
  ['an ended grant of something else is not told', [grant({ scope: ['customs'], ...ended })], 'NO_GRANT'],
  ['an ended grant for another purpose is not told', [grant({ purposes: ['RISK_DISPOSAL'], ...ended })], 'NO_GRANT'],
  ['a renewed grant holds though an older one ended', [grant({ validFrom: BEFORE, validUntil: NOW }), grant({ validFrom: NOW, validUntil: AFTER })], null],
])('%s', (_sentence, grants, verdict) => {
  expect(grantCoversItem.judge(question({ standing: standing({ grants }), purpose: 'PRE_LOAN_REVIEW' }))).toBe(verdict);
});
