/**
 * Redis as a cache and nothing else: every call answers within its limit or not at all, and "not at all" is a miss.
 * A breaker keeps a dead or hanging server from costing every request its limit.
 */
import { Redis } from 'ioredis';
import CircuitBreaker from 'opossum';

export interface Cache {
  /** Values of the keys of each group, null where absent; null altogether when Redis is away. Keys of a group share a hash tag. */
  read(groups: readonly (readonly string[])[]): Promise<(readonly (string | null)[])[] | null>;
  /** Best effort; never throws, never waited for. */
  write(entries: readonly (readonly [key: string, value: string])[], ttlSeconds: number): void;
  readonly state: 'READY' | 'AWAY' | 'NONE';
  close(): Promise<void>;
}

const COMMAND_LIMIT_MS = 50;
/** After a failure the server is left alone for this long. */
const REST_MS = 1_000;

/** The cache of a zone without Redis: everything is a miss. */
export const noCache: Cache = Object.freeze({
  read: async () => null,
  write: () => undefined,
  state: 'NONE' as const,
  close: async () => undefined,
});

export function openRedis(url: string): Cache {
  const redis = new Redis(url, {
    commandTimeout: COMMAND_LIMIT_MS,
    connectTimeout: 1_000,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(100 * attempt, 1_000),
  });
  // Without a listener every failed reconnection would be printed; the state is in `health` and the metrics.
  redis.on('error', () => undefined);

  async function readGroups(groups: readonly (readonly string[])[]): Promise<(readonly (string | null)[])[]> {
    const pipeline = redis.pipeline();
    for (const group of groups) pipeline.mget(...group);
    const replies = await pipeline.exec();
    if (!replies) throw new Error('no replies');
    return replies.map(([error, values]) => {
      if (error) throw error;
      return values as (string | null)[];
    });
  }
  async function writeEntries(entries: readonly (readonly [string, string])[], ttlSeconds: number): Promise<void> {
    const pipeline = redis.pipeline();
    for (const [key, value] of entries) pipeline.set(key, value, 'EX', ttlSeconds);
    await pipeline.exec();
  }
  const options = { timeout: COMMAND_LIMIT_MS, errorThresholdPercentage: 1, volumeThreshold: 1, resetTimeout: REST_MS };
  const reading = new CircuitBreaker(readGroups, options);
  const writing = new CircuitBreaker(writeEntries, { ...options, timeout: 1_000 });
  return {
    async read(groups) {
      if (redis.status !== 'ready' || reading.opened) return null;
      return reading.fire(groups).catch(() => null);
    },
    write(entries, ttlSeconds) {
      if (redis.status !== 'ready' || entries.length === 0 || writing.opened) return;
      writing.fire(entries, ttlSeconds).catch(() => undefined);
    },
    get state() {
      return redis.status === 'ready' && !reading.opened ? ('READY' as const) : ('AWAY' as const);
    },
    async close() {
      reading.shutdown();
      writing.shutdown();
      redis.disconnect();
    },
  };
}
