/**
 * What an entry says of one enterprise alone: pure, and never naming another. Extracts are canonical JSON (RFC 8785), put
 * together from pieces, because a batch says the same of hundreds. A statement is made of them, so this is a format.
 */
import type { AuditEntry, ReadEntry } from './entry.js';
import { groupText } from './groupText.js';

export interface Extract {
  readonly uscc: string;
  /** When the request ended, in ms since 1970. */
  readonly time: number;
  readonly text: string;
  /** Receipt of an answer that was composed and thrown away. */
  readonly supersedes: string | null;
}
/** The parts of an extract, as who reads one sees them. */
export interface ExtractContent {
  readonly v: 1;
  readonly enterprise: string;
  readonly receipt: string;
  readonly leafHash: string;
  readonly time: string;
  readonly institution: string | null;
  readonly client: string | null;
  readonly operator?: string;
  readonly purpose?: string;
  readonly caseNumber?: string;
  readonly policyVersion?: number;
  readonly decidedAt?: string;
  readonly outcome: AuditEntry['outcome'];
  readonly code?: string;
  readonly supersedes?: string;
  readonly reads: readonly ExtractRead[];
}
export interface ExtractRead {
  readonly field: string;
  readonly categories: readonly {
    readonly category: string;
    readonly clear?: readonly string[];
    readonly masked?: readonly string[];
    readonly denied?: Readonly<Record<string, readonly string[]>>;
  }[];
  readonly consents?: readonly { readonly id: string; readonly categories?: readonly string[] }[];
  /** The zone held no such enterprise. */
  readonly unknown?: true;
}

const USCC_FORM = /^[0-9A-Z]{18}$/;
const ID_FORM = /^[0-9a-f-]{36}$/;

/** One extract for each enterprise that the reads of an entry name, or for `only` one; none where the entry is not of the form. */
export function extractsOf(entry: AuditEntry, leafHash: Buffer, only?: string): Extract[] {
  // What somebody put into the log by other ways must not stop those that keep it in order.
  try {
    return readable(entry) ? made(entry, leafHash, only) : [];
  } catch {
    return [];
  }
}

function readable({ v, id, time, reads, supersedes }: AuditEntry): boolean {
  const at = Date.parse(time);
  return (
    v === 1 &&
    ID_FORM.test(id) &&
    at >= 0 &&
    new Date(at).toISOString() === time &&
    Array.isArray(reads) &&
    (supersedes === undefined || ID_FORM.test(supersedes)) &&
    reads.every(({ enterprises, categories }) => Array.isArray(categories) && Array.isArray(enterprises))
  );
}

function made(entry: AuditEntry, leafHash: Buffer, only?: string): Extract[] {
  const readsOf = new Map<string, string[]>();
  for (const read of entry.reads ?? []) {
    for (const [uscc, text] of partsOf(read, only)) {
      const known = readsOf.get(uscc);
      if (known) known.push(text);
      else readsOf.set(uscc, [text]);
    }
  }
  if (readsOf.size === 0) return [];
  const { caseNumber, client, decidedAt, institution, operator, outcome, policyVersion, purpose } = entry;
  const code = entry.outcome === 'REFUSED' ? entry.code : undefined;
  const { id, time, v } = entry;
  const supersedes = entry.supersedes ?? null;
  // Keys in the order of RFC 8785: caseNumber to decidedAt, enterprise, institution to purpose, reads, receipt to v.
  const first = piece({ caseNumber, client, code, decidedAt });
  const second = piece({ institution, leafHash: leafHash.toString('hex'), operator, outcome, policyVersion, purpose });
  const last = piece({ receipt: id, supersedes: entry.supersedes, time, v });
  const at = Date.parse(time);
  return [...readsOf].map(([uscc, texts]) => ({
    uscc,
    time: at,
    supersedes,
    text: `{${first},"enterprise":"${uscc}",${second},"reads":[${texts.join(',')}],${last}}`,
  }));
}

/**
 * Members of an object as canonical JSON, without its braces; what is undefined is left out. They MUST be given in the order
 * of their names: what entries are made of is written by JSON as RFC 8785 wants it, but for the order of names.
 */
function piece(members: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(members).slice(1, -1);
}

/** What a read says of each of its enterprises, or of `only` one. */
function partsOf({ field, enterprises, categories, consents = [], unknown = [] }: ReadEntry, only?: string): Map<string, string> {
  const groups = enterprises.map((): string[] => []);
  for (const group of categories) {
    const text = groupText(group);
    for (const position of group.enterprises ?? groups.keys()) groups[position]?.push(text);
  }
  const uses = new Map<number, string[]>();
  for (const { id, enterprise, categories: covered } of consents) {
    const text = `{${piece({ categories: covered, id })}}`;
    uses.set(enterprise, [...(uses.get(enterprise) ?? []), text]);
  }
  const missing = new Set(unknown);
  const name = piece({ field });
  const found = new Map<string, string>();
  for (const [position, uscc] of enterprises.entries()) {
    if ((only !== undefined && uscc !== only) || !USCC_FORM.test(uscc) || found.has(uscc)) continue;
    const used = uses.get(position);
    const given = used ? `,"consents":[${used.join(',')}]` : '';
    found.set(uscc, `{"categories":[${(groups[position] ?? []).join(',')}]${given},${name}${missing.has(position) ? ',"unknown":true' : ''}}`);
  }
  return found;
}
