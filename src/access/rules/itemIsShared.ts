import type { Rule } from './rule.js';

export const itemIsShared: Rule = {
  name: 'itemIsShared',
  says: 'What the provider does not share is given to nobody.',
  basis: '政务信息资源共享管理暂行办法 art. 9',
  judge: ({ item }) => (item.sharing === 'NOT_SHARED' ? 'ITEM_NOT_SHARED' : null),
};
