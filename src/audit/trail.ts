/**
 * The audit log as it is read: one entry by its receipt, what fits a filter, or all since a time, page by page, the newest
 * first. Promises: nothing is held but a page, and what was composed and thrown away is told from what was answered.
 */
import { LRUCache } from 'lru-cache';
import type { Catalogue } from '../catalogue/model.js';
import type { Postgres } from '../postgres.js';
import type { InstitutionId } from '../terms.js';
import type { AuditEntry } from './entry.js';
import type { TrailFilter } from './filter.js';
import { type FoundPage, type SearchedPage, search } from './search.js';
import { isSuccessor, isSuccessorText } from './successor.js';

export interface PastEntry {
  readonly entry: AuditEntry;
  /** The answer was thrown away, because policy moved under it or it could not be written out: nobody got it. */
  readonly superseded: boolean;
}
export interface Span {
  readonly since: Date;
  /** Entries of this institution only; absent: of everybody. */
  readonly institution?: InstitutionId;
}
export interface Trail {
  /** The entry behind a receipt; null where there is none. */
  entryOf(receipt: string): Promise<PastEntry | null>;
  /** A page of what fits a filter, superseded entries among it; see search.ts. */
  search(filter: TrailFilter, page: SearchedPage): Promise<FoundPage>;
  /** Entries whose request began since then, the newest first, without those that were superseded. */
  pagesOf(span: Span): AsyncGenerator<readonly AuditEntry[], void, void>;
}

const PAGE = 500;
/** Places in the log follow the time of requests but for their length and the difference of gateways' clocks. */
const LOOSE_MS = 600_000;
/** Superseded entries met through their successors and not yet met themselves; there are hardly ever two. */
const MOST_SUPERSEDED = 10_000;

/** The index of 0006_evidence_of_change.sql finds the successor. */
const ENTRY = `
select a.entry, array(
  select b.entry from audit_entry b
  where b.entry like '%"supersedes":"%' and substring(b.entry from '"supersedes":"([0-9a-f-]{36})"') = a.id
  order by b.sequence limit 100) as successors
from audit_entry a where a.id = $1`;
const page = (condition: string) => `
select sequence, id, entry from audit_entry where sequence < $1 ${condition} order by sequence desc limit ${PAGE}`;
const PAGE_OF_ALL = page('');
const PAGE_OF_ONE = page('and institution = $2');

export function openTrail({ postgres, catalogue }: { postgres: Postgres; catalogue: Catalogue }): Trail {
  return {
    async entryOf(receipt) {
      const [row] = await postgres.query<{ entry: string; successors: string[] }>({ name: 'trail entry', text: ENTRY, values: [receipt] });
      return row ? { entry: JSON.parse(row.entry) as AuditEntry, superseded: row.successors.some((later) => isSuccessorText(later, row.entry)) } : null;
    },
    search: (filter, page) => search({ postgres, catalogue }, filter, page),
    async *pagesOf({ since, institution }) {
      const [least, loose] = [leastIdAt(since), leastIdAt(new Date(since.getTime() - LOOSE_MS))];
      const superseded = new LRUCache<string, AuditEntry>({ max: MOST_SUPERSEDED });
      for (let before = Number.MAX_SAFE_INTEGER; ; ) {
        const rows = await postgres.query<{ sequence: number; id: string; entry: string }>({
          name: institution ? 'trail page of one' : 'trail page',
          text: institution ? PAGE_OF_ONE : PAGE_OF_ALL,
          values: [before, ...(institution ? [institution] : [])],
        });
        const entries = rows.filter(({ id }) => id >= least).map(({ entry }) => JSON.parse(entry) as AuditEntry);
        // A successor has the later place in the log, so it is met first.
        const kept = entries.filter((entry) => {
          const later = superseded.get(entry.id);
          superseded.delete(entry.id);
          if (entry.supersedes) superseded.set(entry.supersedes, entry);
          return !later || !isSuccessor(later, entry);
        });
        if (kept.length > 0) yield kept;
        if (rows.length < PAGE || rows.every(({ id }) => id < loose)) return;
        before = (rows.at(-1) as { sequence: number }).sequence;
      }
    },
  };
}

/** The smallest id that a request of that time can have: ids begin with their time (UUID version 7). */
function leastIdAt(time: Date): string {
  const milliseconds = Math.max(0, time.getTime()).toString(16).padStart(12, '0');
  return `${milliseconds.slice(0, 8)}-${milliseconds.slice(8)}-7000-8000-000000000000`;
}
