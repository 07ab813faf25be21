/**
 * The format of an audit entry, as pure functions: what was asked of whom, for what, under which policy and consents,
 * and what went out clear, masked or was denied. MUST hold no value of any item.
 */
import type { Reason } from '../access/outcome.js';
import { canonicalText } from './canonicalText.js';
import { sha256 } from './sha256.js';

export const ENTRY_VERSION = 1;

/** Enterprises with equal outcomes of a category stand together; `enterprises` are positions in the read's list. */
export interface CategoryOutcome {
  readonly category: string;
  /** Positions in `ReadEntry.enterprises`; absent: all of them. */
  readonly enterprises?: readonly number[];
  readonly clear?: readonly string[];
  readonly masked?: readonly string[];
  /** By reason; no names where nothing but the provenance was asked. */
  readonly denied?: Readonly<Partial<Record<Reason, readonly string[]>>>;
}
/** A consent that outcomes rest on. */
export interface ConsentUse {
  readonly id: string;
  /** Position in `ReadEntry.enterprises` of the enterprise that gave it. */
  readonly enterprise: number;
  /** Categories asked of which something was given under it; absent: all of them. */
  readonly categories?: readonly string[];
}
export interface ReadEntry {
  readonly field: string;
  readonly enterprises: readonly string[];
  readonly categories: readonly CategoryOutcome[];
  readonly consents?: readonly ConsentUse[];
  /** Codes refused as invalid; they are counted, not kept. */
  readonly invalid?: number;
  /** Enterprises asked that the zone does not hold: positions. */
  readonly unknown?: readonly number[];
}
/** A search in the directory. What was typed is kept as its SHA-256: enough to confirm a suspicion, too little to read. */
export interface SearchEntry {
  readonly nameHash: string;
  readonly division: string | null;
  readonly industry: string | null;
  readonly found: number;
}
interface ReceiptAsked {
  readonly receipt: string;
}
/** An operation that was weighed and not run. */
interface PreviewAsked {
  /** SHA-256 (hex) of its document. */
  readonly preview: string;
  readonly purpose?: string;
  readonly caseNumber?: string;
  readonly enterprises?: readonly string[];
  readonly categories?: readonly string[];
}
/** What a mutation changed, or why it changed nothing. */
export interface ChangeEntry {
  readonly mutation: string;
  /** Idempotency key; absent where it was of no valid form. */
  readonly key?: string;
  readonly state: 'DONE' | 'REPEATED' | 'REFUSED';
  /** Codes of what was wrong with what was handed in. */
  readonly errors?: readonly string[];
  readonly policyVersion?: number;
  readonly proposal?: string;
  readonly request?: string;
  readonly consent?: string;
  readonly enterprise?: string;
  readonly institutions?: readonly string[];
  /** The change itself, as it is kept. */
  readonly detail?: unknown;
}
/** A question what would be given, or why something was. */
export type AccessQuestion = AccessAsked | ReceiptAsked | PreviewAsked;
interface AccessAsked {
  readonly purpose: string;
  readonly enterprise: string | null;
  readonly category: string | null;
}
/** A look into the log or at what is kept of it: trail, statement, usage, export, alerts. */
export interface LookupEntry {
  /** Root field or route, such as `auditTrail`. */
  readonly field: string;
  /** What was looked for, as it was asked. */
  readonly filter: Readonly<Record<string, unknown>>;
  /** How many entries, rows or cells were given. */
  readonly returned: number;
  /** How an export ended, in an entry of its own. */
  readonly ended?: ExportEnded;
}
export interface ExportEnded {
  /** Id of the entry that began it. */
  readonly export: string;
  readonly bytes: number;
  /** SHA-256 (hex) of all bytes; absent where the export was broken off. */
  readonly sha256?: string;
}
/** How many records an answer took from where; what is missing is none. */
export interface SourcesEntry {
  readonly memory?: number;
  readonly redis?: number;
  readonly postgres?: number;
}
export type Outcome =
  | { readonly outcome: 'ANSWERED' }
  /** Nothing was given; `code` is of the table of faults. */
  | { readonly outcome: 'REFUSED'; readonly code: string };

export type AuditEntry = Outcome & {
  readonly v: typeof ENTRY_VERSION;
  /** The request's id, which is also the receipt's. */
  readonly id: string;
  /** ISO, UTC, milliseconds. */
  readonly time: string;
  readonly institution: string | null;
  readonly client: string | null;
  /** Where no institution acts: the member of staff who does, or the enterprise. */
  readonly staff?: string;
  readonly enterprise?: string;
  readonly operator?: string;
  readonly caseNumber?: string;
  readonly purpose?: string;
  /** SHA-256 (hex) of the document as sent. */
  readonly operation?: string;
  readonly operationName?: string;
  readonly policyVersion?: number;
  /** The moment terms were held against; with policy version and consents of then the decision can be made again. */
  readonly decidedAt?: string;
  /** Root fields asked, such as `enterprise` or `catalogue`. */
  readonly fields?: readonly string[];
  readonly reads?: readonly ReadEntry[];
  readonly searches?: readonly SearchEntry[];
  /** Questions what would be given, which read no record but tell about consents. */
  readonly questions?: readonly AccessQuestion[];
  readonly changes?: readonly ChangeEntry[];
  readonly lookups?: readonly LookupEntry[];
  /** Absent where no record was looked up. */
  readonly sources?: SourcesEntry;
  readonly durationMs: number;
  /** The entry of an answer that was composed and thrown away because policy changed under it. */
  readonly supersedes?: string;
};

/** Canonical JSON (RFC 8785): the bytes that are hashed and stored. */
export function canonical(entry: AuditEntry): string {
  return canonicalText(entry);
}

/** RFC 6962: SHA-256 over 0x00 and the leaf's bytes. */
export function leafHash(canonicalEntry: string): Buffer {
  return sha256(`\0${canonicalEntry}`);
}
