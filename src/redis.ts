/**
 * Redis as a cache and as a counter that may be missing: every call answers within its limit or not at all, and "not at
 * all" is a miss. A breaker keeps a dead or hanging server from costing every request its limit. In a Redis Cluster each
 * node has a breaker of its own: where one is away its keys miss, and the others answer as before.
 */
import type { Redis } from 'ioredis';
import CircuitBreaker from 'opossum';
import {
  type Elsewhere,
  type Entry,
  type Group,
  isElsewhere,
  readGroups,
  readTogether,
  runScript,
  type Script,
  type ScriptCall,
  type Values,
  writeEntries,
} from './redis/calls.js';
import { openClusterNodes, openSingleNode } from './redis/nodes.js';

export interface Cache {
  /** Values of the keys of each group as bytes, which are the reader's to copy where he keeps them; null where absent or away; null altogether when nothing answers. Keys of a group share a hash tag. */
  read(groups: readonly Group[]): Promise<Values[] | null>;
  /** Best effort; never throws, never waited for. */
  write(entries: readonly Entry[], ttlSeconds: number): void;
  /** What a script answers; null when Redis is away. Its keys share a hash tag. */
  run(script: Script, keys: readonly string[], values: readonly string[]): Promise<unknown>;
  /** READY while every node answers. */
  readonly state: 'READY' | 'AWAY' | 'NONE';
  close(): Promise<void>;
}

/** Keys asked at once: more take longer than the limit by their mere number. */
const KEYS_AT_ONCE = 1_000;
/** After a failure a server is left alone for this long. */
const REST_MS = 1_000;

/** The cache of a zone without Redis: everything is a miss. */
export const noCache: Cache = Object.freeze({
  read: async () => null,
  write: () => undefined,
  run: async () => null,
  state: 'NONE' as const,
  close: async () => undefined,
});

/** @param urls of a single Redis, or of some nodes of a Redis Cluster. */
export function openRedis(urls: readonly string[], { cluster }: { cluster: boolean }): Cache {
  const nodes = cluster ? openClusterNodes(urls) : openSingleNode(urls[0] as string);
  const guards = new Map<Redis, Guard>();

  function guardOf(node: Redis): Guard {
    let guard = guards.get(node);
    if (guard) return guard;
    for (const [gone, old] of guards) {
      if (gone.status !== 'end') continue;
      old.shutdown();
      guards.delete(gone);
    }
    guards.set(node, (guard = openGuard(node, cluster)));
    return guard;
  }
  const usable = (node: Redis | null): Guard | null => {
    if (node?.status !== 'ready') return null;
    const guard = guardOf(node);
    return guard.reading.opened ? null : guard;
  };

  /** Answers of what lies on one node, into their places. */
  async function readFrom(guard: Guard, groups: readonly Group[], places: readonly number[], found: Values[]): Promise<boolean> {
    for (const part of inParts(groups, places)) {
      if (guard.reading.opened) return false;
      const asked = part.map((place) => groups[place] as Group);
      const answers = await guard.reading.fire(asked, false).catch(() => null);
      if (answers === null) return false;
      await Promise.all(
        answers.map(async (answer, position) => {
          const values = isElsewhere(answer) ? await followed(answer, asked[position] as Group) : answer;
          if (values !== null) found[part[position] as number] = values;
        }),
      );
    }
    return true;
  }
  /** One step only: where that does not find it, it is a miss, and by the next time it is known where the slot is. */
  async function followed({ to, once }: Elsewhere, group: Group): Promise<Values | null> {
    if (!once) nodes.refresh();
    const guard = to === null ? null : usable(nodes.at(to));
    const answers = await guard?.reading.fire([group], once).catch(() => null);
    const [values] = answers ?? [];
    return values === undefined || isElsewhere(values) ? null : values;
  }

  return {
    async read(groups) {
      const placesOf = new Map<Guard, number[]>();
      groups.forEach((group, place) => {
        const guard = usable(nodes.of(group[0] ?? ''));
        const places = guard && placesOf.get(guard);
        if (places) places.push(place);
        else if (guard) placesOf.set(guard, [place]);
      });
      const found = groups.map((group): Values => new Array<null>(group.length).fill(null));
      const answered = await Promise.all([...placesOf].map(([guard, places]) => readFrom(guard, groups, places, found)));
      return answered.includes(true) ? found : null;
    },
    write(entries, ttlSeconds) {
      const entriesOf = new Map<Guard, Entry[]>();
      for (const entry of entries) {
        const node = nodes.of(entry[0]);
        if (node?.status !== 'ready') continue;
        const guard = guardOf(node);
        const others = entriesOf.get(guard);
        if (others) others.push(entry);
        else entriesOf.set(guard, [entry]);
      }
      for (const [{ writing }, part] of entriesOf) {
        if (writing.opened) continue;
        writing.fire(part, ttlSeconds).then(
          (moved) => void (moved && nodes.refresh()),
          () => undefined,
        );
      }
    },
    async run(script, keys, values) {
      const call = { script, keys, values };
      const guard = usable(nodes.of(keys[0] ?? ''));
      if (!guard || guard.running.opened) return null;
      const answer = await guard.running.fire(call, false).catch(() => null);
      if (!isElsewhere(answer)) return answer;
      if (!answer.once) nodes.refresh();
      const other = answer.to === null ? null : usable(nodes.at(answer.to));
      const second = await other?.running.fire(call, answer.once).catch(() => null);
      return isElsewhere(second) ? null : (second ?? null);
    },
    get state() {
      const all = nodes.all();
      return all.length > 0 && all.every(usable) ? ('READY' as const) : ('AWAY' as const);
    },
    async close() {
      for (const guard of guards.values()) guard.shutdown();
      nodes.close();
    },
  };
}

interface Guard {
  readonly reading: CircuitBreaker<[groups: readonly Group[], once: boolean], (Values | Elsewhere)[]>;
  readonly writing: CircuitBreaker<[entries: readonly Entry[], ttlSeconds: number], boolean>;
  readonly running: CircuitBreaker<[call: ScriptCall, once: boolean], unknown>;
  shutdown(): void;
}

function openGuard(node: Redis, cluster: boolean): Guard {
  // The calls' own limits know when this thread was too busy to listen; the breaker's would not.
  const options = { timeout: false as const, errorThresholdPercentage: 1, volumeThreshold: 1, resetTimeout: REST_MS };
  const read = (groups: readonly Group[], once: boolean) => (cluster ? readGroups(node, groups, once) : readTogether(node, groups));
  const reading = new CircuitBreaker(read, options);
  const writing = new CircuitBreaker((entries: readonly Entry[], ttlSeconds: number) => writeEntries(node, entries, ttlSeconds), options);
  const running = new CircuitBreaker((call: ScriptCall, once: boolean) => runScript(node, call, once), options);
  return {
    reading,
    writing,
    running,
    shutdown() {
      for (const breaker of [reading, writing, running]) breaker.shutdown();
    },
  };
}

function* inParts(groups: readonly Group[], places: readonly number[]): Iterable<number[]> {
  let part: number[] = [];
  let keys = 0;
  for (const place of places) {
    const { length } = groups[place] as Group;
    if (keys > 0 && keys + length > KEYS_AT_ONCE) {
      yield part;
      part = [];
      keys = 0;
    }
    part.push(place);
    keys += length;
  }
  if (part.length > 0) yield part;
}
