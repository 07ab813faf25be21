/**
 * Monthly reports. MUST: a report is made and its reading is durable in the log before a byte of it is given; where the log
 * cannot be written, there is no report.
 */
import type { Caller } from '../access/inquiry.js';
import { type AuditEntry, ENTRY_VERSION } from '../audit/entry.js';
import type { AuditLog } from '../audit/log.js';
import { Fault } from '../faults.js';
import { type FiguresParts, figuresOf, type ReportSubject } from './figures.js';
import { reportPage } from './page.js';

/** Who reads a report: a member of staff, or whoever runs the command at the platform. */
export type ReportReader = Pick<AuditEntry, 'client' | 'staff' | 'operator'>;
export interface ReportAsked {
  readonly subject: ReportSubject;
  /** `YYYY-MM` */
  readonly month: string;
  readonly reader: ReportReader;
  /** Becomes the id of the entry, and of the receipt. */
  readonly id: string;
  /** performance.now() when it was asked. */
  readonly startedAt: number;
}
export interface Reports {
  /** The page. @throws Fault BAD_USER_INPUT, AUDIT_UNAVAILABLE, ZONE_UNAVAILABLE */
  monthly(asked: ReportAsked): Promise<string>;
}
export interface ReportsParts extends FiguresParts {
  readonly audit: AuditLog;
  readonly now: () => Date;
}

export function openReports(parts: ReportsParts): Reports {
  return {
    async monthly({ subject, month, reader, id, startedAt }) {
      const figures = await figuresOf(parts, subject, month);
      const time = parts.now();
      const page = reportPage(figures, { id, time });
      const { kind: _kind, ...whose } = subject;
      await parts.audit.append({
        v: ENTRY_VERSION,
        id,
        time: time.toISOString(),
        institution: null,
        ...reader,
        fields: ['auditReport'],
        lookups: [{ field: 'auditReport', filter: { ...whose, month }, returned: figures.days.length + figures.categories.length + figures.versions.length }],
        durationMs: Math.round((performance.now() - startedAt) * 10) / 10,
        outcome: 'ANSWERED',
      });
      return page;
    },
  };
}

/** Who may read any report. @throws Fault ACCESS_DENIED */
export function readerOf(caller: Caller): ReportReader {
  if (caller.kind !== 'STAFF' || !caller.roles.some((role) => role === 'GOVERNANCE_OFFICER' || role === 'AUDITOR')) throw new Fault('ACCESS_DENIED');
  return { client: caller.client, staff: caller.staff };
}

/** Exactly one of the two. @throws Fault BAD_USER_INPUT */
export function subjectOf({ institution, provider }: { readonly institution?: unknown; readonly provider?: unknown }): ReportSubject {
  if (typeof institution === 'string' && provider === undefined) return { kind: 'INSTITUTION', institution };
  if (typeof provider === 'string' && institution === undefined) return { kind: 'PROVIDER', provider };
  throw new Fault('BAD_USER_INPUT', { detail: 'institution | provider' });
}
