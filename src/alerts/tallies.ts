/**
 * What an entry adds to what is counted: pure, so that a month can be put through it as a test. Counting says nothing yet;
 * whether a count is an alert is judged later, by the rule in force then.
 */
import type { AuditEntry, ReadEntry } from '../audit/entry.js';
import { hourInBeijing, midnightBefore } from '../beijing.js';
import { type CaseReport, isAfterDecline, isLive } from './cases.js';
import type { AlertKind, Rules } from './rules.js';
import { burstOf, isBetween, nightOf, type Subject } from './subject.js';

/** Something that an entry adds to a count. */
export interface Tally {
  readonly kind: AlertKind;
  readonly subject: Subject;
  /** Beginning of the stretch of time that it is counted in. */
  readonly bucket: Date;
  readonly count: number;
  /** Where different enterprises count, and not reads: these. */
  readonly usccs?: readonly string[];
  readonly receipt: string;
  readonly time: Date;
}
/** A read that no live case was reported for, yet. */
export interface Uncovered {
  readonly institution: string;
  readonly uscc: string;
  readonly caseNumber: string;
  readonly purpose: string;
  readonly operator: string;
  readonly receipt: string;
  readonly time: Date;
}
/** What must be known beside the entry. */
export interface Known {
  readonly rules: Rules;
  readonly canaries: ReadonlySet<string>;
  /** Whether the institution reports cases. */
  readonly reports: (institution: string) => boolean;
  readonly casesOf: (institution: string, uscc: string) => readonly CaseReport[];
}

/** Work on loans that are yet to be granted, or that fail; what follows a loan is done in batches, by day and by night. */
const isMonitoring = (purpose: string | undefined) => purpose === 'POST_LOAN_MONITORING';

/** Entries without a client are none of a system that is registered. */
const UNNAMED = '-';

/** Refusals that whoever looks for what is not his meets; limits met and failures of the zone are none. */
const PROBING = new Set([
  'ACCESS_DENIED',
  'TOKEN_INVALID',
  'TOKEN_UNBOUND',
  'CALLER_UNKNOWN',
  'OPERATION_NOT_REGISTERED',
  'GRAPHQL_VALIDATION_FAILED',
  'INVALID_USCC',
  'RECEIPT_UNKNOWN',
]);

export function talliesOf(entry: AuditEntry, known: Known): { readonly tallies: readonly Tally[]; readonly uncovered: readonly Uncovered[] } {
  const tallies: Tally[] = [];
  const uncovered: Uncovered[] = [];
  const time = new Date(entry.time);
  const { institution, operator = '', purpose, caseNumber = '' } = entry;
  const add = (kind: AlertKind, subject: Subject, bucket: Date, count: number, usccs?: readonly string[]) => {
    if (count > 0) tallies.push({ kind, subject, bucket, count, receipt: entry.id, time, ...(usccs ? { usccs } : {}) });
  };
  const probes = probesIn(entry);
  if (probes > 0) add('DENIAL_BURST', { institution, topic: entry.client ?? '' }, burstOf(time), probes);
  for (const { mutation, state, detail } of entry.changes ?? []) {
    const rule = (detail as { loosens?: unknown; kind?: unknown } | undefined | null) ?? {};
    if (mutation === 'changeAlertRule' && state === 'DONE' && rule.loosens)
      add('RULE_LOOSENED', { institution: null, topic: typeof rule.kind === 'string' ? rule.kind : '?' }, midnightBefore(time), 1);
  }
  if (institution === null || !entry.reads) return { tallies, uncovered };

  const day = midnightBefore(time);
  const who = operator === '' ? { institution } : { institution, operator };
  // Names of operators are what an institution writes: whoever takes a new one for each read stays in what its client comes to.
  const client = { institution, topic: entry.client || UNNAMED };
  const usccs = [...new Set(entry.reads.flatMap(({ enterprises }) => enterprises))];
  add(
    'CANARY_TOUCHED',
    who,
    day,
    usccs.reduce((sum, uscc) => sum + (known.canaries.has(uscc) ? 1 : 0), 0),
  );
  if (entry.outcome !== 'ANSWERED' || usccs.length === 0) return { tallies, uncovered };

  add('UNUSUAL_VOLUME', { institution, topic: purpose ?? '' }, day, usccs.length);
  // Without a name it is a system that works, whose volume is that of its institution.
  if (operator !== '') {
    add('ONE_OPERATOR_MANY_ENTERPRISES', { ...who, topic: isMonitoring(purpose) ? 'MONITORING' : 'LENDING' }, day, usccs.length, usccs);
    if (!isMonitoring(purpose)) add('ONE_OPERATOR_MANY_ENTERPRISES', client, day, usccs.length, usccs);
  }
  const { fromHour, untilHour } = known.rules.READS_AT_NIGHT.thresholds;
  if (!isMonitoring(purpose) && isBetween(hourInBeijing(time), fromHour, untilHour)) {
    add('READS_AT_NIGHT', who, nightOf(time, untilHour), usccs.length);
    if (operator !== '') add('READS_AT_NIGHT', client, nightOf(time, untilHour), usccs.length);
  }
  if (purpose !== undefined && known.reports(institution)) {
    for (const uscc of usccs) {
      const reports = known.casesOf(institution, uscc);
      const read = { caseNumber, purpose, time };
      if (isAfterDecline(reports, read, known.rules.READS_AFTER_DECLINE.thresholds.graceHours)) add('READS_AFTER_DECLINE', { institution, caseNumber }, day, 1);
      else if (!isLive(reports, read, known.rules.READS_WITHOUT_LIVE_CASE.thresholds.graceHours))
        uncovered.push({ institution, uscc, caseNumber, purpose, operator, receipt: entry.id, time });
    }
  }
  return { tallies, uncovered };
}

/** A portfolio holds firms of other cities, and an agreement that has ended denies a whole batch: one request is not a burst. */
const MOST_PROBES_AN_ENTRY = 10;

/** How often an entry came upon nothing: codes that are wrong or unknown, enterprises of which all was denied, refusals. */
function probesIn(entry: AuditEntry): number {
  if (entry.outcome === 'REFUSED') return PROBING.has(entry.code) ? 1 : 0;
  const probes = (entry.reads ?? []).reduce((sum, read) => sum + (read.invalid ?? 0) + (read.unknown?.length ?? 0) + whollyDenied(read), 0);
  return Math.min(probes, MOST_PROBES_AN_ENTRY);
}

/** Enterprises of which something was asked and nothing given. */
function whollyDenied({ enterprises, categories, unknown = [] }: ReadEntry): number {
  if (!categories.some(({ denied }) => denied)) return 0;
  const given = new Set<number>(unknown);
  const refused = new Set<number>();
  for (const { enterprises: places, clear = [], masked = [], denied } of categories) {
    const gives = clear.length + masked.length > 0 || !denied;
    if (!places) {
      if (gives) return 0;
      for (const place of enterprises.keys()) refused.add(place);
    } else for (const place of places) (gives ? given : refused).add(place);
  }
  return [...refused].filter((place) => !given.has(place)).length;
}
