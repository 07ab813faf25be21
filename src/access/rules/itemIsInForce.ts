import { startOfDayInBeijing } from '../../beijing.js';
import type { Rule } from './rule.js';

export const itemIsInForce: Rule = {
  name: 'itemIsInForce',
  says: 'An item announced for a later day is not read before that day begins in Beijing.',
  basis: 'Catalogue of the zone',
  judge: ({ item, time }) => (item.inForceFrom === null || time >= startOfDayInBeijing(item.inForceFrom) ? null : 'ITEM_NOT_IN_FORCE'),
};
