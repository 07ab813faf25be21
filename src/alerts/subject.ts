/** Whom an alert is about, and the stretches of time that are counted; days and nights are those of Beijing. */
export interface Subject {
  readonly institution: string | null;
  readonly operator?: string;
  readonly caseNumber?: string;
  /** What else tells subjects of a rule apart: a purpose, a kind of work, the name of a rule. */
  readonly topic?: string;
}

/** One text a subject, for keys; read back by `subjectOf`. */
export function keyOf({ institution, operator, caseNumber, topic }: Subject): string {
  return JSON.stringify([institution, operator ?? null, caseNumber ?? null, topic ?? null]);
}

/** How the keys begin of all that an institution did, or one operator of it. */
export function beginningOf({ institution, operator }: Subject): string {
  return `${JSON.stringify([institution, ...(operator ? [operator] : [])]).slice(0, -1)},`;
}

export function subjectOf(key: string): Subject {
  const [institution, operator, caseNumber, topic] = JSON.parse(key) as (string | null)[];
  return {
    institution: institution ?? null,
    ...(operator ? { operator } : {}),
    ...(caseNumber ? { caseNumber } : {}),
    ...(topic ? { topic } : {}),
  };
}

const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
const BEIJING_MS = 8 * HOUR_MS;
export const BURST_MS = 300_000;

/** When the day of a moment began in Beijing. */
export function dayOf(time: Date): Date {
  return new Date(Math.floor((time.getTime() + BEIJING_MS) / DAY_MS) * DAY_MS - BEIJING_MS);
}
/** The hour of the day in Beijing. */
export function hourOf(time: Date): number {
  return Math.floor(((time.getTime() + BEIJING_MS) % DAY_MS) / HOUR_MS);
}
/** Saturday or Sunday in Beijing. */
export function isWeekend(day: Date): boolean {
  const weekday = new Date(day.getTime() + BEIJING_MS).getUTCDay();
  return weekday === 0 || weekday === 6;
}
/** The day on which a night began: what lies before its end belongs to the day before. */
export function nightOf(time: Date, untilHour: number): Date {
  return dayOf(hourOf(time) < untilHour ? new Date(time.getTime() - DAY_MS) : time);
}
/** Whether an hour lies between two; they may lie on both sides of midnight. */
export function isBetween(hour: number, from: number, until: number): boolean {
  return from <= until ? hour >= from && hour < until : hour >= from || hour < until;
}
export function burstOf(time: Date): Date {
  return new Date(Math.floor(time.getTime() / BURST_MS) * BURST_MS);
}
