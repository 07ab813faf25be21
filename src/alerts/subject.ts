/** Whom an alert is about, and the stretches of time that are counted; days and nights are those of Beijing. */
import { DAY_MS, hourInBeijing, midnightBefore, weekdayInBeijing } from '../beijing.js';
export interface Subject {
  readonly institution: string | null;
  readonly operator?: string;
  readonly caseNumber?: string;
  /** What else tells subjects of a rule apart: a purpose, a kind of work, the name of a rule. */
  readonly topic?: string;
}

/** Stands as topic where further subjects of an institution are told together. */
export const MANY_SUBJECTS = 'MANY_SUBJECTS';

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

export const BURST_MS = 300_000;

/** Saturday or Sunday in Beijing. */
export function isWeekend(day: Date): boolean {
  const weekday = weekdayInBeijing(day);
  return weekday === 0 || weekday === 6;
}
/** The day on which a night began: what lies before its end belongs to the day before. */
export function nightOf(time: Date, untilHour: number): Date {
  return midnightBefore(hourInBeijing(time) < untilHour ? new Date(time.getTime() - DAY_MS) : time);
}
/** Whether an hour lies between two; they may lie on both sides of midnight. */
export function isBetween(hour: number, from: number, until: number): boolean {
  return from <= until ? hour >= from && hour < until : hour >= from || hour < until;
}
export function burstOf(time: Date): Date {
  return new Date(Math.floor(time.getTime() / BURST_MS) * BURST_MS);
}
