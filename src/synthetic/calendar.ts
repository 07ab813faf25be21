/** Days as whole numbers since 1970-01-01 and back to text; periods of a year. Knows nothing of clocks and time zones: all is UTC. */

const DAY_MS = 86_400_000;
const FIRST = dayOf('1900-01-01');
const LAST = dayOf('2200-01-01');
const texts: (string | undefined)[] = new Array(LAST - FIRST);

/** The day number of an ISO date. */
export function dayOf(iso: string): number {
  return Math.floor(Date.parse(`${iso.slice(0, 10)}T00:00:00Z`) / DAY_MS);
}

/** `YYYY-MM-DD` of a day between 1900 and 2200. */
export function isoDay(day: number): string {
  const known = texts[day - FIRST];
  if (known !== undefined) return known;
  const text = new Date(day * DAY_MS).toISOString().slice(0, 10);
  texts[day - FIRST] = text;
  return text;
}

/** `YYYY-MM-DDTHH:mm:ssZ` of a day number with a fraction. */
export function isoMoment(moment: number): string {
  const day = Math.floor(moment);
  const second = Math.min(86_399, Math.round((moment - day) * 86_400));
  const two = (value: number) => (value < 10 ? `0${value}` : String(value));
  return `${isoDay(day)}T${two(Math.floor(second / 3600))}:${two(Math.floor(second / 60) % 60)}:${two(second % 60)}Z`;
}

export function yearOf(day: number): number {
  return Number(isoDay(day).slice(0, 4));
}

const MONTHS = { MONTHLY: 1, QUARTERLY: 3, YEARLY: 12 } as const;
export type Period = keyof typeof MONTHS;

/** First and last day of the `back`-th latest period (0: the latest) that has ended on or before `horizon`. */
export function periodBefore(horizon: number, period: Period, back: number): readonly [first: number, last: number] {
  const length = MONTHS[period];
  const tomorrow = isoDay(horizon + 1);
  const months = Number(tomorrow.slice(0, 4)) * 12 + Number(tomorrow.slice(5, 7)) - 1;
  const end = months - (months % length) - back * length;
  return [firstOfMonth(end - length), firstOfMonth(end) - 1];
}

const firsts = new Map<number, number>();
function firstOfMonth(months: number): number {
  const known = firsts.get(months);
  if (known !== undefined) return known;
  const day = Math.floor(Date.UTC(Math.floor(months / 12), months % 12, 1) / DAY_MS);
  firsts.set(months, day);
  return day;
}
