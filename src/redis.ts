/**
 * Redis as a cache and as a counter that may be missing: every call answers within its limit or not at all, and "not at
 * all" is a miss. A breaker keeps a dead or hanging server from costing every request its limit.
 */
import { createHash } from 'node:crypto';
import { Redis } from 'ioredis';
import CircuitBreaker from 'opossum';
import { within } from './within.js';

type Groups = readonly (readonly string[])[];
type Values = readonly (string | null)[];

/** Lua that runs as one step; `name` is for people. */
export interface Script {
  readonly name: string;
  readonly text: string;
}

export interface Cache {
  /** Values of the keys of each group, null where absent; null altogether when Redis is away. Keys of a group share a hash tag. */
  read(groups: Groups): Promise<Values[] | null>;
  /** Best effort; never throws, never waited for. */
  write(entries: readonly (readonly [key: string, value: string])[], ttlSeconds: number): void;
  /** What a script answers; null when Redis is away. Its keys share a hash tag. */
  run(script: Script, keys: readonly string[], values: readonly string[]): Promise<unknown>;
  readonly state: 'READY' | 'AWAY' | 'NONE';
  close(): Promise<void>;
}

const READ_LIMIT_MS = 50;
const WRITE_LIMIT_MS = 1_000;
/** Keys asked at once: more take longer than the limit by their mere number. */
const KEYS_AT_ONCE = 1_000;
/** After a failure the server is left alone for this long. */
const REST_MS = 1_000;

/** The cache of a zone without Redis: everything is a miss. */
export const noCache: Cache = Object.freeze({
  read: async () => null,
  write: () => undefined,
  run: async () => null,
  state: 'NONE' as const,
  close: async () => undefined,
});

export function openRedis(url: string): Cache {
  const redis = new Redis(url, {
    connectTimeout: 1_000,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    // Commands of one turn go out in one write.
    enableAutoPipelining: true,
    retryStrategy: (attempt) => Math.min(100 * attempt, 1_000),
  });
  // Without a listener every failed reconnection would be printed; the state is in `health` and the metrics.
  redis.on('error', () => undefined);

  async function readGroups(groups: Groups): Promise<Values[]> {
    const pipeline = redis.pipeline();
    for (const group of groups) pipeline.mget(...group);
    const replies = await within(READ_LIMIT_MS, pipeline.exec(), () => new Error(`no answer within ${READ_LIMIT_MS} ms`));
    if (!replies) throw new Error('no replies');
    return replies.map(([error, values]) => {
      if (error) throw error;
      return values as (string | null)[];
    });
  }
  async function writeEntries(entries: readonly (readonly [string, string])[], ttlSeconds: number): Promise<void> {
    const pipeline = redis.pipeline();
    for (const [key, value] of entries) pipeline.set(key, value, 'EX', ttlSeconds);
    await within(WRITE_LIMIT_MS, pipeline.exec(), () => new Error(`no answer within ${WRITE_LIMIT_MS} ms`));
  }
  async function runScript(script: Script, keys: readonly string[], values: readonly string[]): Promise<unknown> {
    const given = [keys.length, ...keys, ...values] as const;
    // Sent by its hash; in full where the server has forgotten it.
    const answered = redis.evalsha(hashOf(script), ...given).catch((error: Error) => {
      if (error.message.startsWith('NOSCRIPT')) return redis.eval(script.text, ...given);
      throw error;
    });
    return within(READ_LIMIT_MS, answered, () => new Error(`no answer within ${READ_LIMIT_MS} ms`));
  }
  // The limits above know when this thread was too busy to listen; the breaker's own would not.
  const options = { timeout: false as const, errorThresholdPercentage: 1, volumeThreshold: 1, resetTimeout: REST_MS };
  const reading = new CircuitBreaker(readGroups, options);
  const writing = new CircuitBreaker(writeEntries, options);
  const running = new CircuitBreaker(runScript, options);
  return {
    async read(groups) {
      const found: Values[] = [];
      for (const part of inParts(groups)) {
        if (redis.status !== 'ready' || reading.opened) return null;
        const values = await reading.fire(part).catch(() => null);
        if (values === null) return null;
        found.push(...values);
      }
      return found;
    },
    write(entries, ttlSeconds) {
      if (redis.status !== 'ready' || entries.length === 0 || writing.opened) return;
      writing.fire(entries, ttlSeconds).catch(() => undefined);
    },
    async run(script, keys, values) {
      if (redis.status !== 'ready' || reading.opened || running.opened) return null;
      return running.fire(script, keys, values).catch(() => null);
    },
    get state() {
      return redis.status === 'ready' && !reading.opened ? ('READY' as const) : ('AWAY' as const);
    },
    async close() {
      reading.shutdown();
      writing.shutdown();
      running.shutdown();
      redis.disconnect();
    },
  };
}

const hashes = new WeakMap<Script, string>();

function hashOf(script: Script): string {
  const known = hashes.get(script) ?? createHash('sha1').update(script.text).digest('hex');
  hashes.set(script, known);
  return known;
}

function* inParts(groups: Groups): Iterable<Groups> {
  let part: (readonly string[])[] = [];
  let keys = 0;
  for (const group of groups) {
    if (keys > 0 && keys + group.length > KEYS_AT_ONCE) {
      yield part;
      part = [];
      keys = 0;
    }
    part.push(group);
    keys += group.length;
  }
  if (part.length > 0) yield part;
}
