/** When what was read is told to the enterprise: at once, or later where policy delays it. Pure. */

import { DAY_MS, endOfDayInBeijing } from '../beijing.js';
import type { HeldDelay } from './policy.js';

/** What of a read a delay goes by. */
export interface DisclosedRead {
  readonly institution: string | null;
  readonly purpose: string | null;
  readonly caseNumber: string | null;
  /** When it was read, in ms since 1970. */
  readonly time: number;
}
export type Disclosure = { readonly state: 'DISCLOSED' } | { readonly state: 'DELAYED'; readonly until: Date };

/** The longest of all delays in force counts; it ends at midnight in Beijing, so that its end does not tell the hour of the read. */
export function disclosureOf(read: DisclosedRead, delays: readonly HeldDelay[], now: Date): Disclosure {
  const days = delays.filter((delay) => !delay.ended && concerns(delay, read)).map((delay) => delay.days);
  if (days.length === 0) return { state: 'DISCLOSED' };
  // At midnight exactly it is that midnight.
  const until = endOfDayInBeijing(new Date(read.time + Math.max(...days) * DAY_MS - 1));
  return now < until ? { state: 'DELAYED', until } : { state: 'DISCLOSED' };
}

/** What a delay leaves open fits every read. */
function concerns({ institution, purpose, caseNumber }: HeldDelay, read: DisclosedRead): boolean {
  return (
    (institution === null || institution === read.institution) &&
    (purpose === null || purpose === read.purpose) &&
    (caseNumber === null || caseNumber === read.caseNumber)
  );
}
