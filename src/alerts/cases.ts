/** The register of cases: what institutions say of theirs, revision by revision, and whether one is a reason for a read. */

import { LOCKS } from '../locks.js';
import type { Client } from '../postgres.js';

export const CASE_STATES = ['OPEN', 'APPROVED', 'DECLINED', 'CLOSED'] as const;
export type CaseState = (typeof CASE_STATES)[number];

export interface CaseReport {
  readonly institution: string;
  readonly uscc: string;
  readonly caseNumber: string;
  readonly revision: number;
  readonly state: CaseState;
  readonly reportedAt: Date;
}
/** A read, as far as cases are concerned. */
export interface CaseRead {
  readonly caseNumber: string;
  readonly purpose: string;
  readonly time: Date;
}

/** Before a loan is granted the case itself must be open; afterwards any loan to the enterprise is a reason. */
const ACCEPTED: Readonly<Record<string, { readonly states: readonly CaseState[]; readonly sameCase: boolean }>> = {
  PRE_LOAN_REVIEW: { states: ['OPEN'], sameCase: true },
  LOAN_APPROVAL: { states: ['OPEN', 'APPROVED'], sameCase: true },
  POST_LOAN_MONITORING: { states: ['APPROVED'], sameCase: false },
  RISK_DISPOSAL: { states: ['APPROVED'], sameCase: false },
};
const HOUR_MS = 3_600_000;

/** Whether some case of the institution on the enterprise was live within the grace before or after the read. */
export function isLive(reports: readonly CaseReport[], { caseNumber, purpose, time }: CaseRead, graceHours: number): boolean {
  const accepted = ACCEPTED[purpose];
  if (!accepted) return true;
  const [from, until] = [time.getTime() - graceHours * HOUR_MS, time.getTime() + graceHours * HOUR_MS];
  return casesIn(reports).some((revisions) => {
    if (accepted.sameCase && revisions[0]?.caseNumber !== caseNumber) return false;
    return revisions.some(({ state, reportedAt }, place) => {
      const ended = revisions[place + 1]?.reportedAt.getTime() ?? Number.POSITIVE_INFINITY;
      return accepted.states.includes(state) && reportedAt.getTime() <= until && ended > from;
    });
  });
}

/** Whether the case that a read names was declined longer ago than the grace, and no other of the enterprise is under way. */
export function isAfterDecline(reports: readonly CaseReport[], { caseNumber, time }: CaseRead, graceHours: number): boolean {
  const at = time.getTime();
  const standing = casesIn(reports).flatMap((revisions) => revisions.filter(({ reportedAt }) => reportedAt.getTime() <= at).at(-1) ?? []);
  const named = standing.find((report) => report.caseNumber === caseNumber);
  if (named?.state !== 'DECLINED' || named.reportedAt.getTime() + graceHours * HOUR_MS >= at) return false;
  return !standing.some(({ state }) => state === 'OPEN' || state === 'APPROVED');
}

/** Revisions of each case, the oldest first. */
function casesIn(reports: readonly CaseReport[]): CaseReport[][] {
  const cases = new Map<string, CaseReport[]>();
  for (const report of reports) cases.set(report.caseNumber, [...(cases.get(report.caseNumber) ?? []), report]);
  return [...cases.values()].map((revisions) => revisions.sort((a, b) => a.revision - b.revision));
}

const REPORTS = `
select c.institution, c.uscc, c.case_number as "caseNumber", c.revision, c.state, c.reported_at as "reportedAt"
from unnest($1::text[], $2::text[]) as asked (institution, uscc)
join case_report c on c.uscc = asked.uscc and c.institution = asked.institution`;

/** Reports of institutions on enterprises, by `pairKey`. */
export async function reportsOn(client: Client, pairs: readonly (readonly [institution: string, uscc: string])[]): Promise<Map<string, CaseReport[]>> {
  const found = new Map<string, CaseReport[]>();
  if (pairs.length === 0) return found;
  const values = [pairs.map(([institution]) => institution), pairs.map(([, uscc]) => uscc)];
  const { rows } = await client.query<CaseReport>({ name: 'case reports', text: REPORTS, values });
  for (const report of rows) {
    const key = pairKey(report.institution, report.uscc);
    const known = found.get(key);
    if (known) known.push(report);
    else found.set(key, [report]);
  }
  return found;
}

export function pairKey(institution: string, uscc: string): string {
  return `${institution} ${uscc}`;
}

/** Which of these institutions report cases at all. */
export async function reportingAmong(client: Client, institutions: readonly string[]): Promise<ReadonlySet<string>> {
  if (institutions.length === 0) return new Set();
  const { rows } = await client.query<{ code: string }>({
    name: 'reporting institutions',
    text: 'select code from unnest($1::text[]) as asked (code) where exists (select from case_report where institution = code)',
    values: [institutions],
  });
  return new Set(rows.map(({ code }) => code));
}

export type Reported = { readonly state: 'REPORTED'; readonly report: CaseReport } | { readonly state: 'NOTHING_CHANGES' };

/** Adds what an institution says of a case; the state it has already adds nothing. */
export async function reportCase(
  client: Client,
  {
    institution,
    client: system,
    uscc,
    caseNumber,
    state,
    time,
  }: Omit<CaseReport, 'revision' | 'reportedAt'> & { readonly client: string; readonly time: Date },
): Promise<Reported> {
  // Two that report on one case at once take turns.
  await client.query(`select pg_advisory_xact_lock(hashtextextended($1, ${LOCKS.CASE}))`, [`${institution} ${uscc} ${caseNumber}`]);
  const { rows } = await client.query<{ revision: number; state: CaseState }>(
    'select revision, state from case_report where uscc = $1 and institution = $2 and case_number = $3 order by revision desc limit 1',
    [uscc, institution, caseNumber],
  );
  if (rows[0]?.state === state) return { state: 'NOTHING_CHANGES' };
  const revision = (rows[0]?.revision ?? 0) + 1;
  await client.query('insert into case_report (uscc, institution, case_number, revision, state, client, reported_at) values ($1, $2, $3, $4, $5, $6, $7)', [
    uscc,
    institution,
    caseNumber,
    revision,
    state,
    system,
    time,
  ]);
  return { state: 'REPORTED', report: { institution, uscc, caseNumber, revision, state, reportedAt: time } };
}
