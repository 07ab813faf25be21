import type { Rule } from './rule.js';

export const institutionIsActive: Rule = {
  name: 'institutionIsActive',
  says: 'An institution that has left the loan service centre, or is suspended, is given nothing.',
  basis: 'Residence agreement of the loan service centre',
  judge: ({ standing }) => (standing.active ? null : 'INSTITUTION_INACTIVE'),
};
