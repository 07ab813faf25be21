/**
 * Registered operations: which documents an institution may send by their hash. A document is its hash's content for
 * ever; whether it is registered is looked at again with every policy epoch, and every few seconds at least.
 */
import { LRUCache } from 'lru-cache';
import type { Standing } from '../access/evidence.js';
import type { Postgres } from '../postgres.js';
import type { InstitutionId } from '../terms.js';

export interface RegisteredOperation {
  /** SHA-256 (hex) of the document. */
  readonly hash: string;
  readonly name: string;
  readonly document: string;
  /** ISO, UTC. */
  readonly registeredAt: string;
  /** Who registered it: the institution's system, or an officer. */
  readonly registeredBy: string;
}
export interface Operations {
  /** Whether a document of this hash is registered. */
  has(standing: Standing, hash: string): Promise<boolean>;
  /** The document of a registered hash; null where it is not registered. */
  find(standing: Standing, hash: string): Promise<string | null>;
  /** A page of them in the order of their hashes, with one more than asked where there are more. */
  list(institution: InstitutionId, first: number, after: string | null): Promise<readonly RegisteredOperation[]>;
}

/** A removal that raised no epoch is seen after so long. */
const BELIEVED_MS = 4_000;
/** Who sends what is not registered makes the database be asked so often, and no oftener. */
const LOOK_AGAIN_MS = 250;
const INSTITUTIONS_KEPT = 1_000;
const DOCUMENTS_KEPT = 10_000;
const CHARACTERS_KEPT = 32_000_000;

interface Known {
  readonly epoch: number;
  readonly at: number;
  readonly hashes: Promise<ReadonlySet<string>>;
}

export function openOperations({ postgres }: { postgres: Postgres }): Operations {
  const known = new LRUCache<InstitutionId, Known>({ max: INSTITUTIONS_KEPT });
  const documents = new LRUCache<string, string>({ max: DOCUMENTS_KEPT, maxSize: CHARACTERS_KEPT, sizeCalculation: (document) => document.length + 1 });

  async function load(institution: InstitutionId): Promise<ReadonlySet<string>> {
    const rows = await postgres.query<{ hash: string }>({
      name: 'operations',
      text: 'select hash from registered_operation where institution = $1',
      values: [institution],
    });
    return new Set(rows.map(({ hash }) => hash));
  }
  function hashesOf({ institution, epoch }: Standing, newerThanMs: number): Promise<ReadonlySet<string>> {
    const kept = known.get(institution);
    if (kept?.epoch === epoch && performance.now() - kept.at < newerThanMs) return kept.hashes;
    const hashes = load(institution);
    const loading: Known = { epoch, at: performance.now(), hashes };
    known.set(institution, loading);
    // What failed is no knowledge.
    hashes.catch(() => known.get(institution) === loading && known.delete(institution));
    return hashes;
  }
  async function has(standing: Standing, hash: string): Promise<boolean> {
    if ((await hashesOf(standing, BELIEVED_MS)).has(hash)) return true;
    // It may have been registered a moment ago.
    return (await hashesOf(standing, LOOK_AGAIN_MS)).has(hash);
  }
  return {
    has,
    async find(standing, hash) {
      if (!(await has(standing, hash))) return null;
      const kept = documents.get(hash);
      if (kept !== undefined) return kept;
      const [row] = await postgres.query<{ document: string }>({
        name: 'operation',
        text: 'select document from registered_operation where institution = $1 and hash = $2',
        values: [standing.institution, hash],
      });
      if (row) documents.set(hash, row.document);
      return row?.document ?? null;
    },
    list: async (institution, first, after) =>
      postgres.query<{ hash: string; name: string; document: string; registeredAt: string; registeredBy: string }>({
        name: 'operations-page',
        text: `select hash, name, document, to_char(registered_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "registeredAt", registered_by as "registeredBy"
               from registered_operation where institution = $1 and ($3::text is null or hash > $3) order by hash limit $2`,
        values: [institution, first + 1, after],
      }),
  };
}
