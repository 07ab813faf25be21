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
  /** What the days, or nights, of the last two weeks came to; those without reads are left out. */
  fortnight(counter: Counter): Promise<readonly number[]>;
  /** The most that one operator of the institution came to in the same stretch of time. */
  busiest(counter: Counter): Promise<number>;
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
const HABIT_DAYS = 5;
/** So many people, each just below what one may, are behind a client that stands out without one of them standing out. */
const CLIENT_TIMES = 3;

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
      if (isOfClient(counter)) return judgeClient(counter, rules[kind].thresholds.lendingEnterprisesADay, { timesUsual: 2, timesUnknown: 10 }, past);
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
      if (isOfClient(counter)) return judgeClient(counter, readsANight, { timesUsual, timesUnknown: CLIENT_TIMES }, past);
      if (count < readsANight) return NO;
      const usual = (await usualOf(counter, past)) ?? 0;
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

const isOfClient = ({ subject }: Counter) => subject.operator === undefined && subject.topic !== undefined;

async function usualOf(counter: Counter, past: Past): Promise<number | null> {
  const days = await past.fortnight(counter);
  return days.length >= HABIT_DAYS ? medianOf(days) : null;
}

/** Many names of operators behind one client: what the busiest of them did is told of that one, and does not count here. */
async function judgeClient(counter: Counter, threshold: number, times: { timesUsual: number; timesUnknown: number }, past: Past): Promise<Judged> {
  const { count } = counter;
  if (count < CLIENT_TIMES * threshold) return NO;
  const others = count - (await past.busiest(counter));
  const usual = await usualOf(counter, past);
  const enough = usual === null ? times.timesUnknown * threshold : Math.max(CLIENT_TIMES * threshold, times.timesUsual * usual);
  return { holds: others >= enough, figures: { count, others, usual: usual ?? 0 } };
}

function rounded<T extends Readonly<Record<string, number>>>(figures: T): Record<keyof T, number> {
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, Math.round(value * 100) / 100])) as Record<keyof T, number>;
}
