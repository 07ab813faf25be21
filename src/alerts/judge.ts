/** Whether a count is an alert under the rule in force: pure but for the history it asks for, and only where it may matter. */
import type { AlertKind, Rules } from './rules.js';
import type { Subject } from './subject.js';
import { medianOf, type Weighed } from './volume.js';

export interface Counter {
  readonly kind: AlertKind;
  readonly subject: Subject;
  readonly bucket: Date;
  readonly count: number;
}
export interface Past {
  /** What the stretch of time just before came to. */
  previous(counter: Counter): Promise<number>;
  /** What the nights of the last two weeks came to; nights without reads are left out. */
  nights(counter: Counter): Promise<readonly number[]>;
  /** Enterprises that the subject read in the same day, with a case and without. */
  readOn(counter: Counter): Promise<number>;
  weigh(counter: Counter): Promise<Weighed>;
}
export interface Judged {
  readonly holds: boolean;
  /** Numbers that say why; they stand in the alert. */
  readonly figures: Readonly<Record<string, number>>;
}

const NO: Judged = { holds: false, figures: {} };
/** A habit is what happened on at least so many nights of fourteen. */
const HABIT_NIGHTS = 5;

export async function judge(counter: Counter, rules: Rules, past: Past): Promise<Judged> {
  const { kind, count, subject } = counter;
  if (!rules[kind].enabled) return NO;
  const reached = (threshold: number, figures = { count }) => ({ holds: count >= threshold, figures });
  switch (kind) {
    case 'READS_WITHOUT_LIVE_CASE': {
      // Registers have gaps: among many reads a few stand without a case, and one case or another is reported late.
      const { enterprisesADay, shareOfDay } = rules[kind].thresholds;
      if (count < enterprisesADay) return NO;
      const ofDay = await past.readOn(counter);
      return { holds: count >= shareOfDay * ofDay, figures: { count, ofDay } };
    }
    case 'READS_AFTER_DECLINE':
      return reached(rules[kind].thresholds.readsADay);
    case 'ONE_OPERATOR_MANY_ENTERPRISES': {
      const { lendingEnterprisesADay, monitoringEnterprisesADay } = rules[kind].thresholds;
      return reached(subject.topic === 'MONITORING' ? monitoringEnterprisesADay : lendingEnterprisesADay);
    }
    case 'UNUSUAL_VOLUME': {
      if (count < rules[kind].thresholds.leastEnterprises) return NO;
      const { holds, ...weighed } = await past.weigh(counter);
      return { holds, figures: { count, ...rounded(weighed) } };
    }
    case 'READS_AT_NIGHT': {
      const { readsANight, timesUsual } = rules[kind].thresholds;
      if (count < readsANight) return NO;
      const nights = await past.nights(counter);
      const usual = nights.length >= HABIT_NIGHTS ? medianOf(nights) : 0;
      return { holds: count >= usual * timesUsual, figures: { count, usual } };
    }
    case 'DENIAL_BURST': {
      const inTenMinutes = count + (await past.previous(counter));
      return { holds: inTenMinutes >= rules[kind].thresholds.probes, figures: { count: inTenMinutes } };
    }
    case 'CANARY_TOUCHED':
      return reached(rules[kind].thresholds.touchesADay);
    case 'VERIFIER_FINDING':
      return reached(rules[kind].thresholds.findings);
    // Whether it is stale was decided when it was counted.
    case 'STALE_CHECKPOINT':
    case 'RULE_LOOSENED':
      return reached(1);
  }
}

function rounded<T extends Readonly<Record<string, number>>>(figures: T): Record<keyof T, number> {
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, Math.round(value * 100) / 100])) as Record<keyof T, number>;
}
