/** What every category of a synthetic zone needs to be drawn, and the records of one firm. Writes nothing anywhere. */
import type { Catalogue, Category } from '../catalogue/model.js';
import { drawFirm, type Firm } from './firm.js';
import { ageOf, earlierBy } from './freshness.js';
import { compilePresence, guaranteedHolder, type Presence } from './presence.js';
import { hashText, type Random } from './random.js';
import { compileCategory, type Generator } from './records.js';

export interface Plan {
  readonly category: Category;
  readonly topic: number;
  readonly present: Presence;
  /** Number of the firm that has a record in any case. */
  readonly holder: number;
  readonly generate: Generator;
  /** Whether its examples hold what COPY would read as its own signs; looking into every payload costs a tenth of the time. */
  readonly escapes: boolean;
  /** Days since 1970 with a fraction: as of when the provider drew the category up. */
  readonly dataTime: number;
  /** Days since 1970: the zone's own time. */
  readonly now: number;
  /** Records drawn so far, for reports. */
  records: number;
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
export function planCategories(catalogue: Catalogue, seed: number, now: Date): Plan[] {
  return catalogue.categories.map((category) => ({
    category,
    topic: hashText(category.code),
    present: compilePresence(category),
    holder: guaranteedHolder(seed, category),
    generate: compileCategory(category, catalogue),
    escapes: category.items.some(({ example }) => /[\\"\n\r\t]/.test(example.join())),
    dataTime: now.getTime() / DAY_MS - ageOf(category),
    now: now.getTime() / DAY_MS,
    records: 0,
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
