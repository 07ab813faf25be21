import type { ConsentState } from '../evidence.js';
import type { Rule, Verdict } from './rule.js';

const VERDICT: Record<ConsentState, Verdict> = {
  NONE: 'CONSENT_REQUIRED',
  EXPIRED: 'CONSENT_EXPIRED',
  WITHDRAWN: 'CONSENT_WITHDRAWN',
  PERSONAL_MASKED: null,
  PERSONAL_CLEAR: null,
};

export const consentCoversItem: Rule = {
  name: 'consentCoversItem',
  says: 'What is shared on condition, or is of grade 3 or 4, needs a consent of the enterprise in force for institution, purpose and category.',
  basis: '征信业管理条例 art. 18; 个人信息保护法 art. 13',
  judge: ({ item, consent }) => (item.sharing === 'CONDITIONAL' || item.grade >= 3 ? VERDICT[consent] : null),
};
