/** A filter as people send it: JSON, every part named and of its form, or refused by name. Pure. */
import { REASONS, type Reason } from '../../access/outcome.js';
import { Fault } from '../../faults.js';
import { type InstitutionId, PURPOSES, type Purpose, readUscc, type Uscc } from '../../terms.js';
import type { TrailFilter } from '../filter.js';

const wrong = (detail: string) => new Fault('BAD_USER_INPUT', { detail: `filter: ${detail}` });
const LONGEST = 200;

function text(name: string, value: unknown): string {
  if (typeof value !== 'string' || value === '' || value.length > LONGEST) throw wrong(name);
  return value;
}
function oneOf<T extends string>(name: string, value: unknown, words: readonly T[]): T {
  if (!words.includes(value as T)) throw wrong(`${name}: ${words.join(', ')}`);
  return value as T;
}
function moment(name: string, value: unknown): Date {
  const time = new Date(text(name, value));
  if (Number.isNaN(time.getTime())) throw wrong(`${name}: ISO 8601`);
  return time;
}
function code(name: string, value: unknown): Uscc {
  const reading = readUscc(text(name, value));
  if (!reading.ok) throw new Fault('INVALID_USCC', { detail: reading.reason });
  return reading.uscc;
}
function whole(name: string, value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw wrong(name);
  return value as number;
}

const PARTS: { readonly [Name in keyof Required<TrailFilter>]: (value: unknown) => Required<TrailFilter>[Name] } = {
  institution: (value) => text('institution', value) as InstitutionId,
  client: (value) => text('client', value),
  staff: (value) => text('staff', value),
  operator: (value) => text('operator', value),
  caseNumber: (value) => text('caseNumber', value),
  purpose: (value) => oneOf<Purpose>('purpose', value, PURPOSES),
  enterprise: (value) => code('enterprise', value),
  provider: (value) => text('provider', value),
  category: (value) => text('category', value),
  item: (value) => text('item', value),
  outcome: (value) => oneOf('outcome', value, ['ANSWERED', 'REFUSED']),
  reason: (value) => oneOf<Reason>('reason', value, REASONS),
  consent: (value) => text('consent', value),
  policyVersion: (value) => whole('policyVersion', value),
  from: (value) => moment('from', value),
  until: (value) => moment('until', value),
};

/** @throws Fault BAD_USER_INPUT, INVALID_USCC */
export function readFilter(typed: string | undefined): TrailFilter {
  if (typed === undefined || typed === '') return {};
  let given: unknown;
  try {
    given = JSON.parse(typed);
  } catch {
    throw wrong('JSON');
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw wrong('an object');
  const parts = Object.entries(given).filter(([, value]) => value !== null);
  for (const [name] of parts) if (!Object.hasOwn(PARTS, name)) throw wrong(`${name.slice(0, 40)}?`);
  return Object.fromEntries(parts.map(([name, value]) => [name, PARTS[name as keyof TrailFilter](value)]));
}

/** A filter as the log keeps it. */
export function filterWords(filter: TrailFilter): Record<string, unknown> {
  return Object.fromEntries(Object.entries(filter).map(([name, value]) => [name, value instanceof Date ? value.toISOString() : value]));
}
