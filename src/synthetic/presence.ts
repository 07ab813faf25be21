/**
 * Which firm holds a record of which category. Promises: the catalogue's coverage overall, at least one holder of each
 * category among the first 2,000 firms, and trouble gathered where there is trouble.
 */
import type { Category } from '../catalogue/model.js';
import { drawFirm, type Firm, LAST_EVENT, SHARES } from './firm.js';
import { hashText, Random } from './random.js';

/** Zones of at least this many firms hold every category. */
export const FULL_FROM = 2_000;

const TROUBLE =
  /penalt|violation|arrears|dishonest|abnormal|nonNormal|enforce|consumptionRestriction|equityFreeze|bankruptcy|blacklist|seizure|default|punishment|propertyPreservation|judicialAuction|idleLand|overlimit|Dishonesty|railwayCredit/i;
const MOST_LIKELY = 0.95;

/** Categories that only some kinds of owner have. */
const STATE_ONLY = /^finance\.state|\.statePropertyRight$/;
const FOREIGN_ONLY = /\.foreignInvestmentReport$/;
const COMPANIES_ONLY =
  /^registration\.(shareholder|keyPersonnel|equityPledge|branch|outwardInvestment|outOfTownInvestment)$|\.(enterpriseIncomeTax\w+|cashFlowStatement|securitiesIssuance|bondDefault|listedCompanyViolation|equityFreeze)$/;

/** The probability that a firm holds a record. */
export type Presence = (firm: Firm) => number;

export function compilePresence(category: Category): Presence {
  const { coverage, industries } = category.typical;
  const sections = new Set(industries);
  const ofSection = (firm: Firm) => sections.size === 0 || sections.has(firm.section);
  if (category.code === 'registration.basic') return () => 1;
  if (category.code === 'registration.liquidation') {
    const ended = Math.min(MOST_LIKELY, coverage / (SHARES.deregistered + SHARES.revoked));
    return ({ vitality }) => (vitality === 'DEREGISTERED' ? ended : vitality === 'REVOKED' ? ended / 2 : 0);
  }
  if (STATE_ONLY.test(category.code)) return only(({ ownership }) => ownership === 'STATE', coverage / SHARES.state);
  if (FOREIGN_ONLY.test(category.code)) return only(({ ownership }) => ownership === 'FOREIGN', coverage / SHARES.foreign);
  if (isTrouble(category)) {
    const troubled = Math.min(MOST_LIKELY, 8 * coverage);
    const others = Math.max(0, (coverage - SHARES.distressed * troubled) / (1 - SHARES.distressed));
    return (firm) => (ofSection(firm) ? (firm.distressed ? troubled : others) : 0);
  }
  const companies = COMPANIES_ONLY.test(category.code);
  const share = companies ? Math.min(1, coverage / (1 - SHARES.personal)) : coverage;
  // What few firms have, larger firms have more often.
  const bySize = coverage < 0.3 ? ([0.6, 1.4, 3] as const) : ([1, 1, 1] as const);
  return (firm) => (!ofSection(firm) || (companies && firm.ownership === 'PERSONAL') ? 0 : Math.min(1, share * bySize[firm.size]));
}

/** Whether the category tells of something gone wrong. */
export function isTrouble({ code }: Category): boolean {
  return TROUBLE.test(code.split('.')[1] as string);
}

function only(belongs: (firm: Firm) => boolean, share: number): Presence {
  const probability = Math.min(MOST_LIKELY, share);
  return (firm) => (belongs(firm) ? probability : 0);
}

/** The firm that holds the category in any case: an old and living one, whatever its industry, so that every category is met. */
export function guaranteedHolder(seed: number, category: Category, random = new Random()): number {
  const liquidated = category.code === 'registration.liquidation';
  for (let step = 0; step < FULL_FROM; step++) {
    const index = (hashText(category.code) + step) % FULL_FROM;
    const firm = drawFirm(seed, index, random);
    if (firm.founded > LAST_EVENT - 15 * 365) continue;
    if (liquidated ? firm.vitality === 'DEREGISTERED' : firm.vitality === 'EXISTING') return index;
  }
  return 0;
}
