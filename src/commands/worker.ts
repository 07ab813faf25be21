/**
 * One of the processes that answer on one port: a gateway and nothing else. The one that keeps them has seen to the database
 * and sequences the log; this one ends when that one says so, or with it.
 */
import cluster from 'node:cluster';
import closeWithGrace from 'close-with-grace';
import { readConfig } from '../config.js';
import { Fault } from '../faults.js';
import type { Siblings, Topic } from '../http/siblings.js';
import { type Database, openDatabase } from '../zone/database.js';
import { openLogOf } from '../zone/log.js';
import { type Gateway, openCatalogue, openGateway } from '../zone.js';
import { keepHeapSmall } from './heap.js';
import { DRAIN_MS, listening } from './listening.js';
import { type FromWorker, isWord, type ToWorker } from './workerWords.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const;
/** Who asked is told within this time, whatever became of the one that keeps the workers. */
const ASKED_LIMIT_MS = 2_000;

export async function work({ worker, of: count }: { worker: number; of: number }): Promise<void> {
  if (!cluster.isWorker) throw new Fault('BAD_USER_INPUT', { detail: 'worker is begun by serve --workers' });
  // Signals to a group reach it too; it goes by the process that keeps it, which lets all end in order.
  for (const signal of SIGNALS) process.on(signal, () => undefined);
  keepHeapSmall();
  const config = readConfig();
  const log = openLogOf(worker, config);
  const siblings = openSiblings({ number: worker, count });
  let database: Database | null = null;
  let gateway: Gateway | null = null;
  let serving = false;
  const close = async () => {
    await gateway?.close();
    await database?.close();
  };
  const grace = closeWithGrace({ delay: DRAIN_MS, logger: false, skip: [...SIGNALS] }, async ({ err }) => {
    if (err) log.fatal({ error: `${err.name}: ${err.message}` }, 'ended by an error');
    await close();
  });
  // Nothing was promised to anybody yet.
  siblings.onEnd(() => (serving ? grace.close() : process.exit(0)));
  try {
    database = await openDatabase(config);
    gateway = await openGateway(config, database, openCatalogue(config), log, () => new Date(), siblings);
    const address = await listening(gateway, config);
    serving = true;
    say({ kind: 'READY', address });
  } catch (error) {
    grace.uninstall();
    const fault = error instanceof Fault ? error : new Fault('INTERNAL', { detail: error instanceof Error ? error.message : String(error) });
    await new Promise((sent) => process.send?.({ kind: 'FAILED', code: fault.code, detail: fault.options.detail ?? '' } satisfies FromWorker, sent));
    await close().catch(() => undefined);
    process.exit(1);
  }
}

function say(word: FromWorker): void {
  // Whoever keeps the workers may have gone just now.
  if (process.connected) process.send?.(word, () => undefined);
}

/** The others, reached through the process that keeps all. */
function openSiblings({ number, count }: { number: number; count: number }): Siblings & { onEnd(end: () => void): void } {
  const told = new Map<Topic, () => Promise<unknown>>();
  const waiting = new Map<number, (values: readonly unknown[]) => void>();
  let asked = 0;
  let end = (): void => process.exit(0);
  const tellOf = async (topic: Topic) => (await told.get(topic)?.()) ?? null;
  process.on('message', (message) => {
    if (!isWord(message)) return;
    const word = message as ToWorker;
    switch (word.kind) {
      case 'TELL':
        // Who cannot tell is as one who does not answer.
        void tellOf(word.topic).then(
          (value) => value !== null && say({ kind: 'TOLD', id: word.id, value }),
          () => undefined,
        );
        return;
      case 'ALL_TOLD':
        waiting.get(word.id)?.(word.values);
        return;
      case 'END':
        end();
    }
  });
  return {
    number,
    count,
    tells: (topic, tell) => void told.set(topic, tell),
    async ask(topic) {
      const id = asked++;
      const late = setTimeout(() => waiting.get(id)?.([]), ASKED_LIMIT_MS);
      const values = await new Promise<readonly unknown[]>((resolve) => {
        waiting.set(id, resolve);
        say({ kind: 'ASK', id, topic });
      });
      clearTimeout(late);
      waiting.delete(id);
      return values.length > 0 ? values : [await tellOf(topic)];
    },
    onEnd: (how) => void (end = how),
  };
}
