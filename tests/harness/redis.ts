/** A real Redis of a test's own, on a free port, which can be stopped, paused and started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from '../../src/embedded.js';

export interface TestRedis {
  readonly url: string;
  /** A client for looking into it. */
  readonly client: Redis;
  /** Kills the server, as a crash would. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
  close(): Promise<void>;
}

export async function openTestRedis(): Promise<TestRedis> {
  const named = process.env.REDIS_URL;
  const port = named ? 0 : await freePort();
  const url = named ?? `redis://127.0.0.1:${port}`;
  let server: ChildProcess | null = null;
  const client = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: null });
  client.on('error', () => undefined);

  async function start(): Promise<void> {
    if (named) return;
    const binary = process.env.ZONE_REDIS_SERVER ?? 'redis-server';
    server = spawn(binary, ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], { stdio: 'ignore' });
    for (let tries = 0; ; tries++) {
      const probe = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
      probe.on('error', () => undefined);
      const answered = await probe.connect().then(
        () => true,
        () => false,
      );
      probe.disconnect();
      if (answered) return;
      if (tries > 100) throw new Error(`no Redis on port ${port}`);
      await sleep(50);
    }
  }
  await start();
  await client.connect();
  return {
    url,
    client,
    start,
    async kill() {
      const dying = server;
      if (!dying) return;
      const gone = new Promise((resolve) => dying.once('exit', resolve));
      dying.kill('SIGKILL');
      await gone;
      server = null;
    },
    pause: () => void server?.kill('SIGSTOP'),
    resume: () => void server?.kill('SIGCONT'),
    async close() {
      client.disconnect();
      server?.kill('SIGKILL');
    },
  };
}
