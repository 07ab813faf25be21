/** A real Redis Cluster of three masters of a test's own, without replicas: each can be killed, paused and started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from '../../src/embedded.js';

export interface TestCluster {
  /** As REDIS_URL names it. */
  readonly url: string;
  readonly nodes: readonly TestNode[];
  /** Gives a slot with its keys to another node, as whoever resizes a cluster does. */
  moveSlot(slot: number, from: TestNode, to: TestNode): Promise<void>;
  close(): Promise<void>;
}
export interface TestNode {
  readonly address: string;
  /** A client for looking into this node alone. */
  readonly client: Redis;
  readonly slots: readonly [first: number, last: number];
  kill(): Promise<void>;
  start(): Promise<void>;
  pause(): void;
  resume(): void;
}

const RANGES = [
  [0, 5_460],
  [5_461, 10_922],
  [10_923, 16_383],
] as const;

export async function openTestCluster(): Promise<TestCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'zone-redis-'));
  const ports: number[] = [];
  // Asked one after another: two that are asked at once may be the same.
  while (ports.length < 6) {
    const port = await freePort();
    if (!ports.includes(port)) ports.push(port);
  }
  const nodes = RANGES.map((slots, place) => openNode(folder, ports[2 * place] as number, ports[2 * place + 1] as number, slots));
  await Promise.all(nodes.map((node) => node.start()));
  for (const { client, slots } of nodes) await client.call('cluster', 'addslotsrange', ...slots.map(String));
  for (const [place, node] of nodes.entries()) await node.client.call('cluster', 'set-config-epoch', String(place + 1));
  for (const place of [1, 2]) await nodes[0]?.client.call('cluster', 'meet', '127.0.0.1', String(ports[2 * place]), String(ports[2 * place + 1]));
  for (const { client } of nodes) {
    const knows = async () => {
      const told = String(await client.call('cluster', 'info'));
      return told.includes('cluster_state:ok') && told.includes('cluster_slots_ok:16384');
    };
    for (let tries = 0; !(await knows()); tries++) {
      if (tries > 200) throw new Error('the cluster did not come together');
      await sleep(50);
    }
  }
  return {
    url: nodes.map(({ address }) => `redis://${address}`).join(','),
    nodes,
    async moveSlot(slot, from, to) {
      const [source, target] = await Promise.all([from, to].map(({ client }) => client.call('cluster', 'myid').then(String)));
      await to.client.call('cluster', 'setslot', String(slot), 'importing', String(source));
      await from.client.call('cluster', 'setslot', String(slot), 'migrating', String(target));
      const keys = (await from.client.call('cluster', 'getkeysinslot', String(slot), '1000')) as string[];
      const [host = '', port = ''] = to.address.split(':');
      if (keys.length > 0) await from.client.call('migrate', host, port, '', '0', '5000', 'KEYS', ...keys);
      for (const { client } of [to, from]) await client.call('cluster', 'setslot', String(slot), 'node', String(target));
    },
    async close() {
      for (const node of nodes) {
        node.client.disconnect();
        await node.kill();
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function openNode(folder: string, port: number, busPort: number, slots: TestNode['slots']): TestNode {
  let server: ChildProcess | null = null;
  const client = new Redis({ port, host: '127.0.0.1', lazyConnect: true, maxRetriesPerRequest: null, retryStrategy: () => 50 });
  client.on('error', () => undefined);
  const settings = [
    ['port', port],
    ['bind', '127.0.0.1'],
    ['dir', folder],
    ['save', ''],
    ['cluster-enabled', 'yes'],
    ['cluster-port', busPort],
    ['cluster-config-file', `nodes-${port}.conf`],
    ['cluster-node-timeout', 2_000],
    // A cache: what has no node just now is a miss, and no reason to refuse the rest.
    ['cluster-require-full-coverage', 'no'],
  ].flatMap(([name, value]) => [`--${name}`, String(value)]);
  return {
    address: `127.0.0.1:${port}`,
    client,
    slots,
    async start() {
      server = spawn(process.env.ZONE_REDIS_SERVER ?? 'redis-server', settings, { stdio: 'ignore' });
      // Waits until the server answers.
      if (client.status === 'wait') void client.connect().catch(() => undefined);
      await client.ping();
    },
    async kill() {
      const dying = server;
      if (!dying || dying.exitCode !== null) return;
      const gone = new Promise((resolve) => dying.once('exit', resolve));
      dying.kill('SIGKILL');
      await gone;
      server = null;
    },
    pause: () => void server?.kill('SIGSTOP'),
    resume: () => void server?.kill('SIGCONT'),
  };
}
