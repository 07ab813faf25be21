/** What a rule is: a name, the sentence it asserts, its basis, and a judgement on one item. */
import type { Category, Item } from '../../catalogue/model.js';
import type { Purpose } from '../../terms.js';
import type { ConsentState, Standing } from '../evidence.js';
import type { Reason } from '../outcome.js';

export interface Question {
  readonly category: Category;
  readonly item: Item;
  readonly standing: Standing;
  readonly purpose: Purpose;
  readonly time: Date;
  readonly consent: ConsentState;
  /** PERSON: the enterprise is an individual's business, so what identifies it identifies a person. */
  readonly subject: 'FIRM' | 'PERSON';
}

/** null: this rule has nothing against a clear value. A rule never widens what another one narrowed. */
export type Verdict = null | 'MASKED' | Reason;

export interface Rule {
  readonly name: string;
  readonly says: string;
  readonly basis: string;
  readonly judge: (question: Question) => Verdict;
}
