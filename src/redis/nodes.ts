/**
 * The servers behind one cache: a single Redis, or the masters of a Redis Cluster, each with a connection of its own that
 * comes back by itself. The cluster's client is asked for the map of slots and for nothing else: it would try a lost node
 * again and again, and send a whole pipeline round in circles when one slot has moved.
 */
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { slotOf } from './slot.js';

export interface Nodes {
  /** The node that has a key; null where none is known. */
  of(key: string): Redis | null;
  /** The node that a redirection names, as `host:port`; null where it is not known (yet). */
  at(address: string): Redis | null;
  /** All of them; empty while none is known. */
  all(): readonly Redis[];
  /** Asks where the slots are now; to be called when a node says that one has moved. */
  refresh(): void;
  close(): void;
}

const RECONNECT_AT_MOST_MS = 1_000;
const reconnectAfter = (attempt: number) => Math.min(100 * attempt, RECONNECT_AT_MOST_MS);
/** How soon a node is known that came, went or changed its address while nobody asked it anything. */
const SLOTS_REFRESH_MS = 5_000;
/** After so many vain attempts a node is forgotten, until the others name it again: it may live elsewhere now. */
const ATTEMPTS_AT_NODE = 20;

const OPTIONS = { connectTimeout: 1_000, maxRetriesPerRequest: 0 } satisfies RedisOptions;

export function openSingleNode(url: string): Nodes {
  const redis = new Redis(url, { ...OPTIONS, enableOfflineQueue: false, retryStrategy: reconnectAfter });
  // Without a listener every failed reconnection would be printed; the state is in `health` and the metrics.
  redis.on('error', () => undefined);
  const all = [redis];
  return { of: () => redis, at: () => redis, all: () => all, refresh: () => undefined, close: () => redis.disconnect() };
}

/** `urls` name some of the nodes, with one and the same login; the others are found through them. */
export function openClusterNodes(urls: readonly string[]): Nodes {
  const named = urls.map((url) => new URL(url));
  const login = named[0] as URL;
  const cluster = new Cluster(
    named.map(({ hostname, port }) => ({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 6379) })),
    {
      enableOfflineQueue: false,
      enableReadyCheck: false,
      slotsRefreshInterval: SLOTS_REFRESH_MS,
      clusterRetryStrategy: reconnectAfter,
      clusterNodeRetryStrategy: (attempt) => (attempt > ATTEMPTS_AT_NODE ? null : reconnectAfter(attempt)),
      redisOptions: {
        ...OPTIONS,
        ...(login.username && { username: decodeURIComponent(login.username) }),
        ...(login.password && { password: decodeURIComponent(login.password) }),
        ...(login.protocol === 'rediss:' && { tls: {} }),
      },
    },
  );
  cluster.on('error', () => undefined);
  // Connected before anybody needs them: a request would have to wait for it.
  cluster.on('+node', (node: Redis) => void node.connect().catch(() => undefined));

  const addressOf = ({ options }: Redis) => `${options.host}:${options.port}`;
  let byAddress: ReadonlyMap<string, Redis> = new Map();
  const index = () => {
    byAddress = new Map(cluster.nodes('master').map((node) => [addressOf(node), node]));
  };
  for (const event of ['+node', '-node', 'refresh']) cluster.on(event, index);
  const at = (address: string) => byAddress.get(address) ?? null;
  return {
    at,
    of(key) {
      const [master] = cluster.slots[slotOf(key)] ?? [];
      return master === undefined ? null : at(master);
    },
    all: () => [...byAddress.values()],
    refresh: () => cluster.refreshSlotsCache(),
    close: () => cluster.disconnect(),
  };
}
