/**
 * The only way to a record. MUST: nothing is fetched without a permit, and nothing of which all that was asked is denied;
 * what is handed out has passed `release`. One Reading per request batches what its resolvers ask into one fetch.
 */
import DataLoader from 'dataloader';
import { NAME_ITEM, type Permit } from '../access/decide.js';
import type { Read } from '../access/inquiry.js';
import { maskValue } from '../access/masks.js';
import { fromByte, isGiven } from '../access/outcome.js';
import type { Catalogue, Category } from '../catalogue/model.js';
import type { Cache } from '../redis.js';
import type { Uscc } from '../terms.js';
import { IDENTITY, type Wanted } from './fact.js';
import { openFacts, type Sources } from './facts.js';
import type { Generations } from './generations.js';
import { type Released, release } from './release.js';
import type { Stores } from './statement.js';
import { type FetchedTexts, openTexts, type TextCounts, type WantedTexts } from './texts.js';

export interface Records {
  /** Opens the reading of one request under its permit. */
  begin(permit: Permit): Reading;
  /** How many facts came from this process, Redis and PostgreSQL. */
  readonly counts: Readonly<{ local: number; redis: number; postgres: number }>;
  /** How many texts of enterprises came from this process, from Redis, or were written anew. */
  readonly textCounts: Readonly<TextCounts>;
  /** Bytes that facts take in this process. */
  readonly factBytes: number;
}

export interface Reading {
  /**
   * The enterprise as the zone knows it; everything the read asks of it is fetched in the same batch.
   * @returns null when the zone holds no such enterprise, which is told only to those who are given something of what they
   * ask. `name` is null unless it is given.
   */
  enterprise(read: Read, uscc: Uscc): Promise<{ name: string | null } | null>;
  /** What may leave of a category: DENIED when all that was asked is, ABSENT when there is no record. */
  category(read: Read, uscc: Uscc, category: Category): Promise<Reached>;
  /**
   * The same as text, of all that an operation reads at once. Adds to what is looked up only when it succeeds.
   * @throws Unwritable where a value is not as its type has it
   */
  texts(wanted: readonly WantedTexts[]): Promise<FetchedTexts['texts']>;
  /** Records looked up so far: what the answer has cost. */
  readonly lookedUp: number;
  /** Where they were taken from. */
  readonly sources: Readonly<Sources>;
}
export type Reached = { readonly state: 'DENIED' } | { readonly state: 'ABSENT' } | { readonly state: 'GIVEN'; readonly released: Released };

const DENIED: Reached = Object.freeze({ state: 'DENIED' });
const NO_RECORD: Reached = Object.freeze({ state: 'ABSENT' });

export interface RecordsParts {
  readonly stores: Stores;
  readonly generations: Generations;
  readonly cache: Cache;
  readonly catalogue: Catalogue;
  /** What this process keeps of records, in bytes of its memory. */
  readonly cacheBytes: number;
}
/** Texts answer nearly everything; facts are kept for what no plan covers. */
const PART_OF_TEXTS = 0.75;

export function openRecords({ stores, generations, cache, catalogue, cacheBytes }: RecordsParts): Records {
  const nameItem = catalogue.item(NAME_ITEM);
  const nameCategory = catalogue.category(NAME_ITEM.slice(0, NAME_ITEM.lastIndexOf('.')));
  const facts = openFacts({ stores, cache, generations, keptBytes: (1 - PART_OF_TEXTS) * cacheBytes });
  const texts = openTexts({ stores, cache, generations, catalogue, keptBytes: PART_OF_TEXTS * cacheBytes });
  return {
    counts: facts.counts,
    textCounts: texts.counts,
    get factBytes() {
      return facts.bytes;
    },
    begin(permit) {
      let lookedUp = 0;
      const sources: Sources = { memory: 0, redis: 0, postgres: 0 };
      const loader = new DataLoader(
        (wanted: readonly Wanted[]) => {
          lookedUp += wanted.filter(({ category }) => category !== IDENTITY).length;
          return facts.fetch(wanted, sources);
        },
        { cacheKeyFn: ({ uscc, category }: Wanted) => `${uscc} ${category === IDENTITY ? IDENTITY : category.code}` },
      );
      return {
        sources,
        async texts(wanted) {
          const fetched = await texts.fetch(permit, wanted);
          lookedUp += fetched.lookedUp;
          for (const source of ['memory', 'redis', 'postgres'] as const) sources[source] += fetched.sources[source];
          return fetched.texts;
        },
        get lookedUp() {
          return lookedUp;
        },
        async enterprise(read, uscc) {
          const nameByte = nameItem && nameCategory ? permit.of(uscc, nameCategory).outcomes[nameItem.index] : undefined;
          const fetched = [...read.asked].filter(([category, asked]) => permit.fetches(uscc, category, asked));
          // Where nothing of what is asked is given, nothing is looked up, not even whether the enterprise exists.
          if (fetched.length === 0 && !(isGiven(nameByte) && (read.name || read.asked.size === 0))) return { name: null };

          const identity = loader.load({ uscc, category: IDENTITY });
          // Only begun here, so that it shares the batch; a failure is met where the category is asked for.
          for (const [category] of fetched) loader.load({ uscc, category }).catch(() => undefined);
          const fact = await identity;
          if (!fact.known) return null;
          const name = fact.rows[0]?.name;
          if (!read.name || name === undefined || !nameItem) return { name: null };
          const { effect } = fromByte(nameByte);
          return { name: effect === 'CLEAR' ? String(name) : effect === 'MASKED' ? (maskValue(nameItem, name) as string | null) : null };
        },
        async category(read, uscc, category) {
          const asked = read.asked.get(category) ?? [];
          if (!permit.fetches(uscc, category, asked)) return DENIED;
          const fact = await loader.load({ uscc, category });
          const released = release(fact, category, asked, permit.of(uscc, category).outcomes, permit.time);
          return released ? { state: 'GIVEN', released } : NO_RECORD;
        },
      };
    },
  };
}
