/** When what was read is told to the enterprise: at once, or later where policy delays it. Pure. */

import { DAY_MS } from '../beijing.js';
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

/** Days since 1970 in UTC, as the chain of an enterprise has them: all that is told of when a delayed read was. */
export function dayOfRead(time: number): number {
  return Math.floor(time / DAY_MS);
}

/** The longest of all delays in force counts, from the end of the day (UTC) on, so that its end tells of the read no more than its day. */
export function disclosureOf(read: DisclosedRead, delays: readonly HeldDelay[], now: Date): Disclosure {
  const days = delays.filter((delay) => !delay.ended && concerns(delay, read)).map((delay) => delay.days);
  if (days.length === 0) return { state: 'DISCLOSED' };
  const until = new Date((dayOfRead(read.time) + 1 + Math.max(...days)) * DAY_MS);
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
