/** Where an export takes its entries from. */
import type { TrailFilter } from '../filter.js';
import type { FoundEntry } from '../search.js';
import type { Trail } from '../trail.js';

export type ExportedEntry = Pick<FoundEntry, 'entry' | 'text'>;
export interface TrailSource {
  /** What fits, the newest first, a page at a time; nothing is held but a page. */
  pages(filter: TrailFilter): AsyncIterable<readonly ExportedEntry[]>;
}

const PAGE = 500;

/** Searches page by page; answers that were thrown away are left out. */
export function openTrailSource({ trail }: { trail: Pick<Trail, 'search'> }): TrailSource {
  return {
    async *pages(filter) {
      for (let after: number | null = null; ; ) {
        const { nodes, next } = await trail.search(filter, { first: PAGE, after });
        const given = nodes.filter(({ superseded }) => !superseded);
        if (given.length > 0) yield given;
        if (next === null) return;
        after = next;
      }
    },
  };
}
