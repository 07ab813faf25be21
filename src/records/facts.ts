/**
 * Facts by enterprise and category, from the nearest place that has them: this process, Redis, PostgreSQL. Keys hold the
 * category's generation, so what is cached is never wrong, only unused. Decides nothing.
 */
import { LRUCache } from 'lru-cache';
import type { Cache } from '../redis.js';
import { type Fact, fromText, IDENTITY, type Line, toFact, toText, type Wanted } from './fact.js';
import type { Generations } from './generations.js';
import { fetchLines, keyOf, type Stores } from './statement.js';

export interface Facts {
  /** One fact for each wanted, in order; `taken` is told where the records among them came from. @throws Fault ZONE_UNAVAILABLE */
  fetch(wanted: readonly Wanted[], taken?: Sources): Promise<Fact[]>;
  /** How many facts came from where. */
  readonly counts: { local: number; redis: number; postgres: number };
  /** What the facts kept in this process take. */
  readonly bytes: number;
}

/** How many records came from the memory of this process, from Redis and from PostgreSQL; names of enterprises are no records. */
export interface Sources {
  memory: number;
  redis: number;
  postgres: number;
}

/** What a kept fact takes: so much, and so much for each character of its payload, which is parsed (`tests/bench/memory.mjs` measures both). */
const OVERHEAD_BYTES = 600;
const BYTES_A_CHARACTER = 1;
const REDIS_TTL_SECONDS = 3_600;

export interface FactsParts {
  readonly stores: Stores;
  readonly cache: Cache;
  readonly generations: Generations;
  readonly keptBytes: number;
}

export function openFacts({ stores, cache, generations, keptBytes }: FactsParts): Facts {
  const local = new LRUCache<string, Fact>({ maxSize: keptBytes, maxEntrySize: keptBytes / 10 });
  const counts = { local: 0, redis: 0, postgres: 0 };

  return {
    counts,
    get bytes() {
      return local.calculatedSize;
    },
    async fetch(wanted, taken) {
      const look = await generations.current();
      const facts = new Array<Fact | undefined>(wanted.length);
      const localKeys = wanted.map(({ uscc, category }) => `${uscc}:${look.idOf(category)}:${look.generationOf(category)}`);
      const settle = (position: number, line: Line | null) => {
        const fact = toFact(line);
        facts[position] = fact;
        local.set(localKeys[position] as string, fact, { size: OVERHEAD_BYTES + BYTES_A_CHARACTER * (line?.payload.length ?? 0) });
      };

      const noteTaken = (from: keyof Sources, position: number) => {
        if (taken && wanted[position]?.category !== IDENTITY) taken[from]++;
      };

      let missing = positionsMissing(facts, (position) => {
        facts[position] = local.get(localKeys[position] as string);
        if (facts[position] !== undefined) noteTaken('memory', position);
      });
      counts.local += wanted.length - missing.length;
      if (missing.length === 0) return facts as Fact[];

      const redisKey = (position: number) => cacheKey(look.zone, localKeys[position] as string);
      const found = await readCache(cache, missing, wanted, redisKey);
      for (const [position, line] of found) {
        try {
          settle(position, line);
          counts.redis++;
          noteTaken('redis', position);
        } catch {
          // What does not parse is not ours: a miss.
        }
      }
      missing = missing.filter((position) => facts[position] === undefined);
      if (missing.length === 0) return facts as Fact[];

      const fetched = await fetchLines(
        stores,
        look,
        missing.map((position) => wanted[position] as Wanted),
      );
      const lines = new Map(fetched.map((line) => [keyOf(line.uscc, line.category), line]));
      counts.postgres += missing.length;
      const written: [string, string][] = [];
      for (const position of missing) {
        const { uscc, category } = wanted[position] as Wanted;
        const line = lines.get(keyOf(uscc, look.idOf(category))) ?? null;
        settle(position, line);
        noteTaken('postgres', position);
        written.push([redisKey(position), toText(line)]);
      }
      cache.write(written, REDIS_TTL_SECONDS);
      return facts as Fact[];
    },
  };
}

function positionsMissing(facts: readonly (Fact | undefined)[], look: (position: number) => void): number[] {
  const missing: number[] = [];
  for (let position = 0; position < facts.length; position++) {
    look(position);
    if (facts[position] === undefined) missing.push(position);
  }
  return missing;
}

/** The braces are Redis Cluster's hash tag: all keys of an enterprise lie on one node. `zone` keeps databases apart that share a Redis. */
function cacheKey(zone: string, localKey: string): string {
  const [uscc, category, generation] = localKey.split(':');
  return `zone:${zone}:{${uscc}}:${category}:${generation}`;
}

async function readCache(
  cache: Cache,
  missing: readonly number[],
  wanted: readonly Wanted[],
  redisKey: (position: number) => string,
): Promise<Map<number, Line | null>> {
  const found = new Map<number, Line | null>();
  const byEnterprise = new Map<string, number[]>();
  for (const position of missing) {
    const { uscc } = wanted[position] as Wanted;
    const group = byEnterprise.get(uscc);
    if (group) group.push(position);
    else byEnterprise.set(uscc, [position]);
  }
  const groups = [...byEnterprise.values()];
  const replies = await cache.read(groups.map((group) => group.map(redisKey)));
  replies?.forEach((texts, index) => {
    texts.forEach((text, place) => {
      const line = text === null ? undefined : fromText(text.toString());
      if (line !== undefined) found.set(groups[index]?.[place] as number, line);
    });
  });
  return found;
}
