/**
 * Texts of enterprises by template, from the nearest place that has them: this process, Redis, or written anew from facts.
 * A key holds all that a text depends on: the template, what the caller is given of it (never who he is), the generations
 * of its categories. So what is kept is never wrong, only unused.
 */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { NAME_ITEM, type Permit } from '../access/decide.js';
import { maskValue } from '../access/masks.js';
import { fromByte } from '../access/outcome.js';
import type { Catalogue, Category } from '../catalogue/model.js';
import type { Entry } from '../redis/calls.js';
import type { Cache } from '../redis.js';
import type { Uscc } from '../terms.js';
import { type Fact, IDENTITY, type Wanted } from './fact.js';
import type { Sources } from './facts.js';
import { type FactOf, openFrontReader } from './front.js';
import type { Generations, Look } from './generations.js';
import { type Given, openGiven } from './given.js';
import { freshnessOf } from './provenance.js';
import { type Released, release } from './release.js';
import type { Stores } from './statement.js';
import type { Template } from './template.js';
import { bytesOf, fromLine, type Kept, lineOf, type Written } from './textLine.js';

export interface WantedTexts {
  readonly template: Template;
  readonly usccs: readonly Uscc[];
}
export interface FetchedTexts {
  /** Of each wanted, by enterprise, as UTF-8; null where the zone holds no such enterprise, which is told only to those who are given something. */
  readonly texts: readonly ReadonlyMap<Uscc, Buffer | null>[];
  /** Records looked up, each once. */
  readonly lookedUp: number;
  readonly sources: Readonly<Sources>;
}
export interface Texts {
  /** @throws Fault ZONE_UNAVAILABLE; Unwritable */
  fetch(permit: Permit, wanted: readonly WantedTexts[]): Promise<FetchedTexts>;
  /** Texts by where they came from, and what this process keeps. */
  readonly counts: Readonly<TextCounts>;
}
export interface TextCounts {
  local: number;
  redis: number;
  written: number;
  readonly bytes: number;
}

interface Missing {
  readonly place: number;
  readonly uscc: Uscc;
  readonly given: Given;
  /** What the text depends on beside the enterprise. */
  readonly kind: Kind;
  readonly newRecords: number;
}

/** All that a text depends on beside the enterprise: for Redis in full, in this process by a short number. */
interface Kind {
  readonly full: string;
  readonly short: string;
}

const NO_KIND: Kind = { full: '', short: '' };
/** Kinds that are in use in one process at once; one that is forgotten gets another number, and its texts are not met again. */
const MOST_KINDS = 10_000;
const REDIS_TTL_SECONDS = 3_600;
/** What a kept text takes beside its bytes: its key, its Buffer, its place in the list. */
const OVERHEAD_BYTES = 400;

export interface TextsParts {
  readonly stores: Stores;
  readonly cache: Cache;
  readonly generations: Generations;
  readonly catalogue: Catalogue;
  /** What is kept in this process, in bytes of its memory. */
  readonly keptBytes: number;
}

export function openTexts({ stores, cache, generations, catalogue, keptBytes }: TextsParts): Texts {
  const local = new LRUCache<string, Kept>({ maxSize: keptBytes, maxEntrySize: keptBytes / 10 });
  const nameItem = catalogue.item(NAME_ITEM);
  const counts = { local: 0, redis: 0, written: 0 };
  const kinds = new LRUCache<string, Kind>({ max: MOST_KINDS });
  let lastKind = 0;
  function kindOf(template: Template, given: Given, generations: string): Kind {
    const full = `${template.hash}${given.hash}${generations}`;
    let kind = kinds.get(full);
    if (!kind) kinds.set(full, (kind = { full, short: (++lastKind).toString(36) }));
    return kind;
  }

  const { givenOf, nameByteOf } = openGiven(catalogue);
  const reader = openFrontReader(stores);

  function write(permit: Permit, template: Template, uscc: Uscc, factOf: FactOf): Written {
    const identity = factOf(uscc, IDENTITY);
    if (!identity.known) return { text: null, ...ALWAYS };
    const released = new Map<Category, Released | null>();
    const releasedOf = (category: Category): Released | null => {
      const made = released.get(category);
      if (made !== undefined) return made;
      const asked = template.asked.get(category) ?? [];
      const fresh = permit.fetches(uscc, category, asked)
        ? release(factOf(uscc, category), category, asked, permit.of(uscc, category).outcomes, permit.time)
        : null;
      released.set(category, fresh);
      return fresh;
    };
    return {
      text: template.write(uscc, nameIn(identity, permit, template, uscc), releasedOf),
      ...holding(template, (category) => factOf(uscc, category), permit.time),
    };
  }
  function nameIn(identity: Fact, permit: Permit, { name }: Template, uscc: Uscc): string | null {
    const found = identity.known ? identity.rows[0]?.name : undefined;
    if (!name || found === undefined || !nameItem) return null;
    const { effect } = fromByte(nameByteOf(permit, uscc));
    return effect === 'CLEAR' ? String(found) : effect === 'MASKED' ? (maskValue(nameItem, found) as string | null) : null;
  }

  async function fromRedis(look: Look, missing: readonly Missing[]): Promise<(Kept | undefined)[]> {
    const replies = await cache.read(missing.map(({ uscc, kind }) => [redisKey(look, uscc, kind)]));
    return missing.map((_, position) => fromLine(replies?.[position]?.[0] ?? null));
  }

  return {
    counts: {
      get local() {
        return counts.local;
      },
      get redis() {
        return counts.redis;
      },
      get written() {
        return counts.written;
      },
      get bytes() {
        return local.calculatedSize;
      },
    },
    async fetch(permit, wanted) {
      const look = await generations.current();
      const time = permit.time.getTime();
      const texts = wanted.map(() => new Map<Uscc, Buffer | null>());
      const sources: Sources = { memory: 0, redis: 0, postgres: 0 };
      const tally = openTally(wanted.length > 1);
      let missing: Missing[] = [];
      for (let place = 0; place < wanted.length; place++) {
        const { template, usccs } = wanted[place] as WantedTexts;
        const word = generationsOf(template, look, catalogue);
        // Mostly the same is given of one enterprise as of the one before.
        let before: { given: Given | null; kind: Kind } = { given: null, kind: NO_KIND };
        for (const uscc of usccs) {
          const given = givenOf(permit, template, uscc);
          if (!given.looksUp) {
            const nothing = template.write(uscc, null, () => null);
            texts[place]?.set(uscc, bytesOf(nothing));
            continue;
          }
          const newRecords = tally.add(uscc, given.fetched);
          if (before.given !== given) before = { given, kind: kindOf(template, given, word) };
          const { kind } = before;
          const kept = local.get(uscc + kind.short);
          if (kept && kept.from <= time && time <= kept.until) {
            counts.local++;
            sources.memory += newRecords;
            texts[place]?.set(uscc, kept.text);
          } else missing.push({ place, uscc, given, kind, newRecords });
        }
      }
      const settle = ({ place, uscc, kind }: Missing, kept: Kept) => {
        texts[place]?.set(uscc, kept.text);
        local.set(uscc + kind.short, kept, { size: OVERHEAD_BYTES + (kept.text?.length ?? 0) });
      };
      if (missing.length > 0) {
        const found = await fromRedis(look, missing);
        missing = missing.filter((one, position) => {
          const kept = found[position];
          if (!kept || time < kept.from || kept.until < time) return true;
          counts.redis++;
          sources.redis += one.newRecords;
          settle(one, kept);
          return false;
        });
      }
      if (missing.length > 0) {
        const factOf = await reader.fetch(look, missing);
        for (const { newRecords } of missing) sources.postgres += newRecords;
        const lines: Entry[] = [];
        for (const one of missing) {
          const { template } = wanted[one.place] as WantedTexts;
          const { line, kept } = lineOf(write(permit, template, one.uscc, factOf));
          counts.written++;
          settle(one, kept);
          lines.push([redisKey(look, one.uscc, one.kind), line]);
        }
        cache.write(lines, REDIS_TTL_SECONDS);
      }
      return { texts, lookedUp: tally.total, sources };
    },
  };
}

const ALWAYS = { from: 0, until: Number.MAX_SAFE_INTEGER };

/** Between which times the freshness that a text tells is right. */
function holding({ dated }: Template, factOf: (category: Category) => Fact, time: Date): Pick<Kept, 'from' | 'until'> {
  let { from, until } = ALWAYS;
  for (const category of dated) {
    const fact = factOf(category);
    if (!fact.known) continue;
    const { dueBy } = freshnessOf(fact.dataTime, category, time);
    if (dueBy === null) continue;
    const due = Date.parse(dueBy);
    if (time.getTime() <= due) until = Math.min(until, due);
    else from = Math.max(from, due + 1);
  }
  return { from, until };
}

/** Counts records, each once; where one read alone asks, its enterprises differ anyway. */
function openTally(several: boolean) {
  const counted = new Set<string>();
  const tally = {
    total: 0,
    add(uscc: Uscc, categories: readonly Category[]): number {
      let fresh = categories.length;
      if (several) {
        fresh = 0;
        for (const { code } of categories) {
          const before = counted.size;
          if (counted.add(`${uscc} ${code}`).size > before) fresh++;
        }
      }
      tally.total += fresh;
      return fresh;
    },
  };
  return tally;
}

/** Generations of all that a template asks, and the catalogue that says how it is masked, in one short word, made once for each look. */
const wordsOf = new WeakMap<Look, WeakMap<Template, string>>();
function generationsOf(template: Template, look: Look, { digest }: Catalogue): string {
  let words = wordsOf.get(look);
  if (!words) wordsOf.set(look, (words = new WeakMap()));
  let word = words.get(template);
  if (word === undefined) {
    const text = [IDENTITY as Wanted['category'], ...template.asked.keys()].map((one) => `${look.idOf(one)}.${look.generationOf(one)}`).join();
    words.set(template, (word = createHash('sha256').update(`${digest} ${text}`).digest('base64url').slice(0, 22)));
  }
  return word;
}

/** The braces are Redis Cluster's hash tag: all keys of an enterprise lie on one node. */
function redisKey({ zone }: Look, uscc: Uscc, { full }: Kind): string {
  return `zone:${zone}:{${uscc}}:text:${full}`;
}
