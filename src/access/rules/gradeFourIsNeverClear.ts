import type { Rule } from './rule.js';

export const gradeFourIsNeverClear: Rule = {
  name: 'gradeFourIsNeverClear',
  says: 'An item of grade 4 leaves masked at most.',
  basis: 'DB11/T 1918-2021',
  judge: ({ item }) => (item.grade === 4 ? 'MASKED' : null),
};
