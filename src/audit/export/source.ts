/** Where an export takes its entries from. */
import type { Catalogue } from '../../catalogue/model.js';
import type { InstitutionId } from '../../terms.js';
import { type AuditEntry, canonical } from '../entry.js';
import type { TrailFilter } from '../filter.js';
import type { Trail } from '../trail.js';
import { fitsFilter } from './fits.js';

export interface ExportedEntry {
  readonly entry: AuditEntry;
  /** Canonical JSON: the bytes that were hashed. */
  readonly text: string;
}
export interface TrailSource {
  /** What fits, the newest first, a page at a time; nothing is held but a page. */
  pages(filter: TrailFilter): AsyncIterable<readonly ExportedEntry[]>;
}

/** Goes through the log from its end and holds each entry against the filter. */
export function openTrailSource({ trail, catalogue }: { trail: Pick<Trail, 'pagesOf'>; catalogue: Catalogue }): TrailSource {
  return {
    async *pages(filter) {
      const fits = fitsFilter(filter, catalogue);
      const institution: InstitutionId | undefined = filter.institution;
      const span = { since: filter.from ?? new Date(0), ...(institution === undefined ? {} : { institution }) };
      for await (const page of trail.pagesOf(span)) {
        const found = page.filter(fits);
        if (found.length > 0) yield found.map((entry) => ({ entry, text: canonical(entry) }));
      }
    },
  };
}
