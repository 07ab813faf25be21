/**
 * Which generation of each category is the present one. Every delivery that changes a record raises it in its own
 * transaction, and every cache key holds it: so a cached fact is never older than the last look, which is at most
 * `STALE_MS` ago. Without a look that recent, readers wait for one.
 */
import type { Category } from '../catalogue/model.js';
import type { Postgres } from '../postgres.js';
import { IDENTITY, type Wanted } from './fact.js';

export interface Generations {
  /** Resolves at once while the last look is recent. @throws Fault ZONE_UNAVAILABLE */
  current(): Promise<Look>;
  close(): void;
}
export interface Look {
  /** Tells this database from any other, for caches that several zones share. */
  readonly zone: string;
  /** Code of the category; for the identity, of the one that it changes with. */
  codeOf(category: Wanted['category']): string;
  /** Short number of the category; 0 for the identity. */
  idOf(category: Wanted['category']): number;
  generationOf(category: Wanted['category']): number;
}

const LOOK_EVERY_MS = 500;
const STALE_MS = 1_000;
/** The identity of an enterprise changes with its registration. */
const IDENTITY_FOLLOWS = 'registration.basic';

export function openGenerations({ postgres }: { postgres: Postgres }): Generations {
  let last: { look: Look; at: number } | null = null;
  let looking: Promise<Look> | null = null;

  const look = (): Promise<Look> => {
    // The time is taken before the statement: what it shows cannot be older than that.
    const at = Date.now();
    looking ??= load(postgres)
      .then((found) => {
        last = { look: found, at };
        return found;
      })
      .finally(() => {
        looking = null;
      });
    return looking;
  };
  const timer = setInterval(() => void look().catch(() => undefined), LOOK_EVERY_MS);
  timer.unref();
  return {
    current: () => (last && Date.now() - last.at < STALE_MS ? Promise.resolve(last.look) : look()),
    close: () => clearInterval(timer),
  };
}

/** The same at a replica of the database, and at no other. */
export const ZONE = `(select left(md5(concat(system_identifier, '.', d.oid)), 8) from pg_control_system(), pg_database d where d.datname = current_database())`;
const LOOK = `select code, id, generation, ${ZONE} as zone from category`;

async function load(postgres: Postgres): Promise<Look> {
  const rows = await postgres.query<{ code: string; id: number; generation: number; zone: string }>({ name: 'generations', text: LOOK });
  const known = new Map(rows.map((row) => [row.code, row]));
  const codeOf = (category: Category | typeof IDENTITY) => (category === IDENTITY ? IDENTITY_FOLLOWS : category.code);
  const rowOf = (category: Category | typeof IDENTITY) => known.get(codeOf(category));
  return {
    zone: rows[0]?.zone ?? '',
    codeOf,
    idOf: (category) => (category === IDENTITY ? 0 : (rowOf(category)?.id ?? -1)),
    generationOf: (category) => rowOf(category)?.generation ?? 0,
  };
}
