/** Why an item would come out as it does, before anything is read: the decision told item by item, with what can be done. */
import type { Category, Item } from '../catalogue/model.js';
import { type Bilingual, isPersonsBusiness, PURPOSES, type Purpose, type Uscc } from '../terms.js';
import type { Subject } from './compile.js';
import { type ConsentState, consentStateOf, coversItem, type Grounds, isLive, type Standing, settled } from './evidence.js';
import { type Judgement, judge } from './judge.js';
import type { Reason } from './outcome.js';

export interface Explanation extends Judgement {
  readonly category: Category;
  /** As policy in force has it: with the grade and the sharing that count. */
  readonly item: Item;
  readonly policyVersion: number;
  /** Grants in force that cover the item. */
  readonly grants: readonly string[];
  /** Consents in force that cover the category; empty where no enterprise was named. */
  readonly consents: readonly string[];
}
export interface Circumstances {
  readonly purpose: Purpose;
  readonly time: Date;
  readonly subject: Subject;
  readonly state: ConsentState;
  readonly consents: readonly string[];
}

/** Explains every item of the categories; without an enterprise, as for a firm that has consented to nothing. */
export function* explain(grounds: Grounds, purpose: Purpose, uscc: Uscc | null, time: Date, categories: Iterable<Category>): Iterable<Explanation> {
  const subject = uscc && isPersonsBusiness(uscc) ? 'PERSON' : 'FIRM';
  for (const category of categories) {
    const { state, consents } = consentStateOf(uscc ? grounds.consentsOf(uscc) : [], category, purpose, time);
    for (const item of category.items) yield explainItem(grounds.standing, category, item, { purpose, time, subject, state, consents });
  }
}

/** Explains one item, as the catalogue lists it, in known circumstances. */
export function explainItem(standing: Standing, category: Category, listed: Item, { purpose, time, subject, state, consents }: Circumstances): Explanation {
  const item = settled(listed, standing.settings);
  const judgement = judge({ category, item, standing, purpose, time, consent: state, subject });
  const grants = standing.grants
    .filter((grant) => isLive(grant, time) && grant.purposes.includes(purpose) && coversItem(grant.scope, category, item))
    .map(({ id }) => id);
  return { ...judgement, category, item, policyVersion: standing.policyVersion, grants, consents };
}

export const REMEDY_ACTIONS = [
  'REQUEST_ACCESS',
  'RENEW_GRANT',
  'OBTAIN_CONSENT',
  'RENEW_CONSENT',
  'CHANGE_PURPOSE',
  'ASK_FOR_HIGHER_GRADE',
  'WAIT',
  'CONTACT_PLATFORM',
  'NOTHING',
] as const;
export type RemedyAction = (typeof REMEDY_ACTIONS)[number];

/** What can be done about one denial, so that a program can do it. */
export interface Remedy extends Bilingual {
  readonly action: RemedyAction;
  /** The mutation that begins it; null where nothing can be sent. */
  readonly mutation: 'requestAccess' | 'registerConsent' | null;
  /** What to ask it for: codes of items or of categories. */
  readonly scope: readonly string[];
  /** For which purposes; where another purpose is the remedy, those that are agreed. */
  readonly purposes: readonly Purpose[];
}

const remedy = (action: RemedyAction, zh: string, en: string) => ({ action, zh, en });

/** What the institution can do about a denial, reason by reason. */
export const REMEDIES = Object.freeze({
  INSTITUTION_INACTIVE: remedy('CONTACT_PLATFORM', '联系平台恢复入驻资格', 'Ask the platform to restore residence'),
  PURPOSE_NOT_AGREED: remedy('CHANGE_PURPOSE', '使用协议约定的目的，或申请增补目的', 'State an agreed purpose, or apply for this one'),
  ITEM_NOT_IN_FORCE: remedy('WAIT', '自目录所列生效日起查询', 'Ask from the day named in the catalogue'),
  ITEM_NOT_SHARED: remedy('NOTHING', '提供单位不予共享，无法申请', 'The provider does not share it; there is nothing to apply for'),
  NO_GRANT: remedy('REQUEST_ACCESS', '向平台申请该信息项的使用权限', 'Apply to the platform for a grant of this item'),
  GRANT_EXPIRED: remedy('RENEW_GRANT', '向平台申请续期', 'Apply to the platform to renew the grant'),
  GRADE_TOO_HIGH: remedy('ASK_FOR_HIGHER_GRADE', '申请提高协议允许的数据级别', 'Apply for an agreement that allows this grade'),
  CONSENT_REQUIRED: remedy('OBTAIN_CONSENT', '取得企业授权并登记', "Obtain and register the enterprise's consent"),
  CONSENT_EXPIRED: remedy('RENEW_CONSENT', '请企业重新授权', 'Ask the enterprise to renew its consent'),
  CONSENT_WITHDRAWN: remedy('OBTAIN_CONSENT', '企业已撤回授权；需企业重新授权', 'The enterprise has withdrawn its consent; only a new one helps'),
} satisfies Record<Reason, Bilingual & { action: RemedyAction }>);

/** The remedy for a denial of an item, or of a category where `item` is null. */
export function remedyOf(
  reason: Reason,
  { category, item }: { category: Category; item: Item | null },
  { standing, purpose, time }: { standing: Standing; purpose: Purpose; time: Date },
): Remedy {
  const { action, zh, en } = REMEDIES[reason];
  switch (action) {
    case 'REQUEST_ACCESS':
    case 'RENEW_GRANT':
      // No more than what was denied: who needs the whole category asks for it.
      return { action, zh, en, mutation: 'requestAccess', scope: [item?.code ?? category.code], purposes: [purpose] };
    case 'OBTAIN_CONSENT':
    case 'RENEW_CONSENT':
      return { action, zh, en, mutation: 'registerConsent', scope: [category.code], purposes: [purpose] };
    case 'CHANGE_PURPOSE':
      return { action, zh, en, mutation: null, scope: [], purposes: agreedPurposes(standing, time) };
    default:
      return { action, zh, en, mutation: null, scope: [], purposes: [] };
  }
}

function agreedPurposes({ agreements }: Standing, time: Date): Purpose[] {
  return PURPOSES.filter((purpose) => agreements.some((agreement) => isLive(agreement, time) && agreement.purposes.includes(purpose)));
}
