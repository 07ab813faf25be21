/** The law of access: one frozen list. A new rule is a file beside this one, a line here, and its table of cases. */
import { consentCoversItem } from './consentCoversItem.js';
import { gradeFourIsNeverClear } from './gradeFourIsNeverClear.js';
import { gradeIsWithinAgreement } from './gradeIsWithinAgreement.js';
import { grantCoversItem } from './grantCoversItem.js';
import { institutionIsActive } from './institutionIsActive.js';
import { itemIsInForce } from './itemIsInForce.js';
import { itemIsShared } from './itemIsShared.js';
import { personalDataNeedBoth } from './personalDataNeedBoth.js';
import { purposeIsAgreed } from './purposeIsAgreed.js';
import type { Rule } from './rule.js';

export const RULES: readonly Rule[] = Object.freeze([
  institutionIsActive,
  purposeIsAgreed,
  itemIsInForce,
  itemIsShared,
  grantCoversItem,
  gradeIsWithinAgreement,
  consentCoversItem,
  gradeFourIsNeverClear,
  personalDataNeedBoth,
]);
