import { isLive } from '../evidence.js';
import type { Rule } from './rule.js';

export const gradeIsWithinAgreement: Rule = {
  name: 'gradeIsWithinAgreement',
  says: 'The item is not graded above what the agreements for the purpose allow; of several the strictest counts.',
  basis: 'DB11/T 1918-2021',
  judge({ standing, item, purpose, time }) {
    const highest = standing.agreements
      .filter((agreement) => isLive(agreement, time) && agreement.purposes.includes(purpose))
      .map(({ highestGrade }) => highestGrade);
    // Where no agreement applies, purposeIsAgreed has spoken.
    return highest.length > 0 && item.grade > Math.min(...highest) ? 'GRADE_TOO_HIGH' : null;
  },
};
