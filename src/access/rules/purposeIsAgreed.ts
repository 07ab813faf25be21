import { isLive } from '../evidence.js';
import type { Rule } from './rule.js';

export const purposeIsAgreed: Rule = {
  name: 'purposeIsAgreed',
  says: 'The purpose stated is one that an agreement in force names.',
  basis: '个人信息保护法 art. 6; 数据安全法 art. 32: data are used for the purpose agreed',
  judge: ({ standing, purpose, time }) =>
    standing.agreements.some((agreement) => isLive(agreement, time) && agreement.purposes.includes(purpose)) ? null : 'PURPOSE_NOT_AGREED',
};
