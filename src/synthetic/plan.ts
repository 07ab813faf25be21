/** What every category of a synthetic zone needs to be drawn, and the records of one firm. Writes nothing anywhere. */
import type { Catalogue, Category } from '../catalogue/model.js';
import { drawFirm, type Firm } from './firm.js';
import { dataTimeOf, earlierBy } from './freshness.js';
import { compilePresence, guaranteedHolder, type Presence } from './presence.js';
import { hashText, type Random } from './random.js';
import { compileCategory, type Generator } from './records.js';

/** So much of the catalogue can be handed to another thread. */
export type Described = Pick<Catalogue, 'categories' | 'codeLists'>;

export interface Plan {
  readonly category: Category;
  /** Its place in the catalogue. */
  readonly place: number;
  readonly topic: number;
  readonly present: Presence;
  /** Number of the firm that has a record in any case. */
  readonly holder: number;
  readonly generate: Generator;
  /** Days since 1970 with a fraction: as of when the provider drew the category up. */
  readonly dataTime: number;
  /** Days since 1970: the zone's own time. */
  readonly now: number;
}

export interface SyntheticRecord {
  readonly plan: Plan;
  readonly firm: Firm;
  readonly payload: string;
  /** Days since 1970 with a fraction. */
  readonly dataTime: number;
  readonly receivedAt: number;
}

const DAY_MS = 86_400_000;
const LONGEST_DELIVERY = 0.25;

/** Compiles all categories; a matter of some tens of milliseconds. */
export function planCategories(catalogue: Described, seed: number, now: Date): Plan[] {
  return catalogue.categories.map((category, place) => ({
    category,
    place,
    topic: hashText(category.code),
    present: compilePresence(category),
    holder: guaranteedHolder(seed, category),
    generate: compileCategory(category, catalogue),
    dataTime: dataTimeOf(category, now),
    now: now.getTime() / DAY_MS,
  }));
}

/** Hands each record of the firm with this number to `visit`, in the order of the catalogue. */
export function drawRecords(plans: readonly Plan[], seed: number, index: number, random: Random, visit: (record: SyntheticRecord) => void): void {
  const firm = drawFirm(seed, index, random);
  for (const plan of plans) {
    random.begin(seed, index, plan.topic);
    const isHeld = random.unit() < plan.present(firm);
    if (!isHeld && index !== plan.holder) continue;
    const dataTime = plan.dataTime - earlierBy(plan.category, random);
    // Nothing of the day on which it was drawn up: that day was not over.
    const payload = plan.generate(firm, random, Math.floor(dataTime) - 1);
    if (payload === null) continue;
    visit({ plan, firm, payload, dataTime, receivedAt: Math.min(plan.now, dataTime + random.unit() * LONGEST_DELIVERY) });
  }
}
