import { coversItem, isLive } from '../evidence.js';
import type { Rule } from './rule.js';

export const grantCoversItem: Rule = {
  name: 'grantCoversItem',
  says: 'A grant in force covers the item for the purpose; of several the strictest counts.',
  basis: '政务信息资源共享管理暂行办法 art. 11: access is granted item by item',
  judge({ standing, category, item, purpose, time }) {
    const covering = standing.grants.filter((grant) => grant.purposes.includes(purpose) && coversItem(grant.scope, category, item));
    const live = covering.filter((grant) => isLive(grant, time));
    if (live.length > 0) return live.some(({ effect }) => effect === 'MASKED') ? 'MASKED' : null;
    return covering.some(({ validUntil }) => validUntil <= time) ? 'GRANT_EXPIRED' : 'NO_GRANT';
  },
};
