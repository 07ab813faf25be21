/** Why an item would come out as it does, before anything is read: the decision told item by item. */
import type { Category, Item } from '../catalogue/model.js';
import { type Bilingual, isPersonsBusiness, type Purpose, type Uscc } from '../terms.js';
import { consentStateOf, coversItem, type Grounds, isLive, settled } from './evidence.js';
import { type Judgement, judge } from './judge.js';
import type { Reason } from './outcome.js';

export interface Explanation extends Judgement {
  readonly category: Category;
  readonly item: Item;
  readonly policyVersion: number;
  /** Grants in force that cover the item. */
  readonly grants: readonly string[];
  /** Consents in force that cover the category; empty where no enterprise was named. */
  readonly consents: readonly string[];
}

/** Explains every item of the categories; without an enterprise, as for a firm that has consented to nothing. */
export function* explain(grounds: Grounds, purpose: Purpose, uscc: Uscc | null, time: Date, categories: Iterable<Category>): Iterable<Explanation> {
  const subject = uscc && isPersonsBusiness(uscc) ? 'PERSON' : 'FIRM';
  const { standing } = grounds;
  for (const category of categories) {
    const { state, consents } = consentStateOf(uscc ? grounds.consentsOf(uscc) : [], category, purpose, time);
    for (const listed of category.items) {
      const item = settled(listed, standing.settings);
      const judgement = judge({ category, item, standing, purpose, time, consent: state, subject });
      const grants = standing.grants
        .filter((grant) => isLive(grant, time) && grant.purposes.includes(purpose) && coversItem(grant.scope, category, item))
        .map(({ id }) => id);
      yield { ...judgement, category, item, policyVersion: standing.policyVersion, grants, consents };
    }
  }
}

/** What the institution can do about a denial. */
export const REMEDIES: Readonly<Record<Reason, Bilingual>> = Object.freeze({
  INSTITUTION_INACTIVE: { zh: '联系平台恢复入驻资格', en: 'Ask the platform to restore residence' },
  PURPOSE_NOT_AGREED: { zh: '使用协议约定的目的，或申请增补目的', en: 'State an agreed purpose, or apply for this one' },
  ITEM_NOT_IN_FORCE: { zh: '自目录所列生效日起查询', en: 'Ask from the day named in the catalogue' },
  ITEM_NOT_SHARED: { zh: '提供单位不予共享，无法申请', en: 'The provider does not share it; there is nothing to apply for' },
  NO_GRANT: { zh: '向平台申请该信息项的使用权限', en: 'Apply to the platform for a grant of this item' },
  GRANT_EXPIRED: { zh: '向平台申请续期', en: 'Apply to the platform to renew the grant' },
  GRADE_TOO_HIGH: { zh: '申请提高协议允许的数据级别', en: 'Apply for an agreement that allows this grade' },
  CONSENT_REQUIRED: { zh: '取得企业授权并登记', en: "Obtain and register the enterprise's consent" },
  CONSENT_EXPIRED: { zh: '请企业重新授权', en: 'Ask the enterprise to renew its consent' },
  CONSENT_WITHDRAWN: { zh: '企业已撤回授权；需企业重新授权', en: 'The enterprise has withdrawn its consent; only a new one helps' },
});
