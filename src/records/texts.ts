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
import type { Postgres } from '../postgres.js';
import type { Cache } from '../redis.js';
import type { Uscc } from '../terms.js';
import { ABSENT, type Fact, IDENTITY, toFact, type Wanted } from './fact.js';
import type { Sources } from './facts.js';
import type { Generations, Look } from './generations.js';
import { type Given, openGiven } from './given.js';
import { freshnessOf } from './provenance.js';
import { type Released, release } from './release.js';
import { fetchLines, keyOf } from './statement.js';
import type { Template } from './template.js';

export interface WantedTexts {
  readonly template: Template;
  readonly usccs: readonly Uscc[];
}
export interface FetchedTexts {
  /** Of each wanted, by enterprise; null where the zone holds no such enterprise, which is told only to those who are given something. */
  readonly texts: readonly ReadonlyMap<Uscc, string | null>[];
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

interface Kept {
  readonly text: string | null;
  /** Between these times (ms, both inclusive) what it says of freshness holds. */
  readonly from: number;
  readonly until: number;
}
interface Missing {
  readonly place: number;
  readonly uscc: Uscc;
  readonly given: Given;
  readonly key: string;
  readonly newRecords: number;
}

const REDIS_TTL_SECONDS = 3_600;
/** What a kept text takes beside its characters, which are counted as two bytes each. */
const OVERHEAD_BYTES = 250;

export interface TextsParts {
  readonly postgres: Postgres;
  readonly cache: Cache;
  readonly generations: Generations;
  readonly catalogue: Catalogue;
  /** What is kept in this process, in bytes of its memory. */
  readonly keptBytes: number;
}

export function openTexts({ postgres, cache, generations, catalogue, keptBytes }: TextsParts): Texts {
  const local = new LRUCache<string, Kept>({ maxSize: keptBytes, maxEntrySize: keptBytes / 10 });
  const nameItem = catalogue.item(NAME_ITEM);
  const counts = { local: 0, redis: 0, written: 0 };

  const { givenOf, nameByteOf } = openGiven(catalogue);

  function write(permit: Permit, template: Template, uscc: Uscc, identity: Fact, factOf: (category: Category) => Fact): Kept {
    if (!identity.known) return { text: null, ...ALWAYS };
    const released = new Map<Category, Released | null>();
    const releasedOf = (category: Category): Released | null => {
      const made = released.get(category);
      if (made !== undefined) return made;
      const asked = template.asked.get(category) ?? [];
      const fresh = permit.fetches(uscc, category, asked) ? release(factOf(category), category, asked, permit.of(uscc, category).outcomes, permit.time) : null;
      released.set(category, fresh);
      return fresh;
    };
    return { text: inOnePiece(template.write(uscc, nameIn(identity, permit, template, uscc), releasedOf)), ...holding(template, factOf, permit.time) };
  }
  function nameIn(identity: Fact, permit: Permit, { name }: Template, uscc: Uscc): string | null {
    const found = identity.known ? identity.rows[0]?.name : undefined;
    if (!name || found === undefined || !nameItem) return null;
    const { effect } = fromByte(nameByteOf(permit, uscc));
    return effect === 'CLEAR' ? String(found) : effect === 'MASKED' ? (maskValue(nameItem, found) as string | null) : null;
  }

  async function fromRedis(look: Look, missing: readonly Missing[]): Promise<(Kept | undefined)[]> {
    const replies = await cache.read(missing.map(({ uscc, key }) => [redisKey(look, uscc, key)]));
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
      const texts = wanted.map(() => new Map<Uscc, string | null>());
      const sources: Sources = { memory: 0, redis: 0, postgres: 0 };
      const tally = openTally(wanted.length > 1);
      let missing: Missing[] = [];
      for (let place = 0; place < wanted.length; place++) {
        const { template, usccs } = wanted[place] as WantedTexts;
        const word = generationsOf(template, look);
        for (const uscc of usccs) {
          const given = givenOf(permit, template, uscc);
          if (!given.looksUp) {
            texts[place]?.set(
              uscc,
              template.write(uscc, null, () => null),
            );
            continue;
          }
          const newRecords = tally.add(uscc, given.fetched);
          const key = `${uscc}${template.hash}${given.hash}${word}`;
          const kept = local.get(key);
          if (kept && kept.from <= time && time <= kept.until) {
            counts.local++;
            sources.memory += newRecords;
            texts[place]?.set(uscc, kept.text);
          } else missing.push({ place, uscc, given, key, newRecords });
        }
      }
      const settle = ({ place, uscc, key }: Missing, kept: Kept) => {
        texts[place]?.set(uscc, kept.text);
        local.set(key, kept, { size: OVERHEAD_BYTES + 2 * (key.length + (kept.text?.length ?? 0)) });
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
        const factOf = await fetchFacts(postgres, look, missing);
        for (const { newRecords } of missing) sources.postgres += newRecords;
        const lines: [string, string][] = [];
        for (const one of missing) {
          const { template } = wanted[one.place] as WantedTexts;
          const kept = write(permit, template, one.uscc, factOf(one.uscc, IDENTITY), (category) => factOf(one.uscc, category));
          counts.written++;
          settle(one, kept);
          lines.push([redisKey(look, one.uscc, one.key), toLine(kept)]);
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

/** Text that was added up stays a tree of its pieces, more than twice as large, until a character of it is read. */
function inOnePiece(text: string): string {
  return Number.isNaN(text.charCodeAt(0)) ? '' : text;
}

/** All that is missing in one statement; each fact is read once, however many texts are made of it. */
async function fetchFacts(postgres: Postgres, look: Look, missing: readonly Missing[]): Promise<(uscc: Uscc, category: Wanted['category']) => Fact> {
  const wanted = new Map<string, Wanted>();
  const want = (one: Wanted) => wanted.set(keyOf(one.uscc, look.idOf(one.category)), one);
  for (const { uscc, given } of missing) {
    want({ uscc, category: IDENTITY });
    for (const category of given.fetched) want({ uscc, category });
  }
  const lines = await fetchLines(postgres, look, [...wanted.values()]);
  const facts = new Map<string, Fact>();
  return (uscc, category) => {
    const key = keyOf(uscc, look.idOf(category));
    let fact = facts.get(key);
    if (!fact) facts.set(key, (fact = wanted.has(key) ? toFact(lines.get(key) ?? null) : ABSENT));
    return fact;
  };
}

/** Generations of all that a template asks, in one short word; looks are replaced, so the word is made once for each. */
const wordsOf = new WeakMap<Look, WeakMap<Template, string>>();
function generationsOf(template: Template, look: Look): string {
  let words = wordsOf.get(look);
  if (!words) wordsOf.set(look, (words = new WeakMap()));
  let word = words.get(template);
  if (word === undefined) {
    const text = [IDENTITY as Wanted['category'], ...template.asked.keys()].map((one) => `${look.idOf(one)}.${look.generationOf(one)}`).join();
    words.set(template, (word = createHash('sha256').update(text).digest('base64url').slice(0, 22)));
  }
  return word;
}

/** The braces are Redis Cluster's hash tag: all keys of an enterprise lie on one node. */
function redisKey({ zone }: Look, uscc: Uscc, key: string): string {
  return `zone:${zone}:{${uscc}}:text:${key.slice(uscc.length)}`;
}

const toLine = ({ text, from, until }: Kept) => `${from}|${until}|${text ?? '-'}`;

function fromLine(line: string | null): Kept | undefined {
  const found = line === null ? null : /^(\d{1,16})\|(\d{1,16})\|/.exec(line);
  if (!found || line === null) return undefined;
  const text = line.slice(found[0].length);
  // A text is an object or nothing; whatever else stands there is not ours.
  if (text !== '-' && !(text.startsWith('{') && text.endsWith('}'))) return undefined;
  return { text: text === '-' ? null : text, from: Number(found[1]), until: Number(found[2]) };
}
