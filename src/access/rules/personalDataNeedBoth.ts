import type { DataType } from '../../catalogue/model.js';
import type { Question, Rule } from './rule.js';

/** In the records of an individual's business these identify the person behind it. */
const IDENTIFYING: ReadonlySet<DataType> = new Set(['personName', 'idNumber', 'phone', 'address', 'accountNumber', 'email']);

export const personalDataNeedBoth: Rule = {
  name: 'personalDataNeedBoth',
  says: 'Personal data are masked unless both the grant and the consent say clear.',
  basis: '个人信息保护法 art. 13, 29',
  judge: (question) => (isPersonal(question) && question.consent !== 'PERSONAL_CLEAR' ? 'MASKED' : null),
};

function isPersonal({ item, subject }: Question): boolean {
  return item.personal || (subject === 'PERSON' && (IDENTIFYING.has(item.type) || item.code === 'registration.basic.enterpriseName'));
}
