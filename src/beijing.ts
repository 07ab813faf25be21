/** Days of the calendar in Beijing, which knows no summer time: whatever counts by the day counts by these. PURE. */
export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
const AHEAD_MS = 8 * HOUR_MS;

/** `YYYY-MM-DD`. */
export function dayInBeijing(time: Date): string {
  return new Date(time.getTime() + AHEAD_MS).toISOString().slice(0, 10);
}
/** When a day begins. */
export function startOfDayInBeijing(day: string): Date {
  return new Date(`${day}T00:00:00+08:00`);
}
/** The last midnight, which may be the moment itself. */
export function midnightBefore(time: Date): Date {
  return new Date(Math.floor((time.getTime() + AHEAD_MS) / DAY_MS) * DAY_MS - AHEAD_MS);
}
/** The midnight that follows. */
export function endOfDayInBeijing(time: Date): Date {
  return new Date(midnightBefore(time).getTime() + DAY_MS);
}
/** The hour of the day, from 0 on. */
export function hourInBeijing(time: Date): number {
  return Math.floor((time.getTime() - midnightBefore(time).getTime()) / HOUR_MS);
}
/** The day of the week, Sunday 0. */
export function weekdayInBeijing(time: Date): number {
  return new Date(time.getTime() + AHEAD_MS).getUTCDay();
}
