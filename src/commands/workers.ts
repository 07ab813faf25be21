/**
 * Several processes that answer on one port, and the one that keeps them: it accepts connections and hands them out in turn
 * (a kernel that wakes whoever it likes leaves long-lived connections to one), starts again whoever dies, and passes on what they ask
 * each other. It reads no record and knows no key.
 */
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import type { Config } from '../config.js';
import { Fault, type FaultCode } from '../faults.js';
import type { Topic } from '../http/siblings.js';
import { closeWhatIsNotTaken } from './handedOut.js';
import { DRAIN_MS } from './listening.js';
import { openPatience } from './revival.js';
import { type FromWorker, isWord, type ToWorker } from './workerWords.js';

export interface Workers {
  /** Where they listen. */
  readonly address: string;
  /** Lets all answer what they have begun, and waits for their end; to be called before what sequences the log is ended. */
  close(): Promise<void>;
}

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
/** Who does not tell within this time is left out. */
const TOLD_LIMIT_MS = 1_000;

/** @throws Fault CONFIG_FAULTY where they would not count together what institutions ask */
export function demandSharedCounts({ production, redisUrl }: Pick<Config, 'production' | 'redisUrl'>, count: number): void {
  if (count > 1 && production && !redisUrl)
    throw new Fault('CONFIG_FAULTY', { detail: 'REDIS_URL is needed in production for --workers: without it each would count allowances for itself' });
}

/** Starts them and waits until all listen. @throws Fault what kept one of them from it */
export async function startWorkers({ count, log }: { count: number; log: Logger }): Promise<Workers> {
  const listening = new Map<number, Worker>();
  const present = new Set<Worker>();
  const gathering = openGathering(listening);
  let closing = false;
  const begin = (number: number): Worker => {
    cluster.setupPrimary({
      exec: MAIN,
      args: ['worker', String(number), String(count)],
      execArgv: process.execArgv,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const worker = cluster.fork();
    present.add(worker);
    closeWhatIsNotTaken(worker.process);
    // A channel that breaks is told by the exit.
    worker.on('error', () => undefined);
    worker.on('message', (message: unknown) => {
      if (!isWord(message)) return;
      const word = message as FromWorker;
      if (word.kind === 'READY') listening.set(number, worker);
      if (word.kind === 'ASK') gathering.ask(worker, word.id, word.topic);
      if (word.kind === 'TOLD') gathering.told(number, word.id, word.value);
      if (word.kind === 'FAILED' && started) log.error({ worker: number, code: word.code, detail: word.detail }, 'a worker could not begin');
    });
    worker.once('exit', () => {
      present.delete(worker);
      if (listening.get(number) === worker) listening.delete(number);
    });
    return worker;
  };
  function guard(number: number, worker: Worker, patience = openPatience()): void {
    const begun = performance.now();
    worker.once('exit', async (code: number | null, signal: string | null) => {
      if (closing) return;
      log.error({ worker: number, code, signal }, 'a worker has died');
      await sleep(patience(performance.now() - begun), undefined, { ref: false });
      if (!closing) guard(number, begin(number), patience);
    });
  }
  async function close(): Promise<void> {
    closing = true;
    await Promise.all([...present].map(end));
  }

  let started = false;
  const first = Array.from({ length: count }, (_, place) => begin(place + 1));
  try {
    const [address] = await Promise.all(first.map(addressOf));
    started = true;
    first.forEach((worker, place) => {
      // One that died between its word and now is started again like any other.
      if (worker.isDead()) log.error({ worker: place + 1 }, 'a worker has died');
      guard(place + 1, worker.isDead() ? begin(place + 1) : worker);
    });
    return { address: address as string, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Where a worker listens, once it does. */
function addressOf(worker: Worker): Promise<string> {
  return new Promise((found, failed) => {
    worker.on('message', (message: unknown) => {
      if (!isWord(message)) return;
      const word = message as FromWorker;
      if (word.kind === 'READY') found(word.address);
      if (word.kind === 'FAILED') failed(new Fault(word.code as FaultCode, { detail: word.detail }));
    });
    worker.once('exit', (code, signal) => failed(new Fault('CONFIG_FAULTY', { detail: `a worker ended with ${code ?? signal} before it listened` })));
  });
}

async function end(worker: Worker): Promise<void> {
  if (worker.isDead()) return;
  const gone = once(worker, 'exit');
  if (worker.isConnected()) worker.send({ kind: 'END' } satisfies ToWorker);
  const late = setTimeout(() => worker.process.kill('SIGKILL'), DRAIN_MS);
  await gone;
  clearTimeout(late);
}

/** Passes on what one asks of all, and what all say, in the order of their numbers. */
function openGathering(listening: ReadonlyMap<number, Worker>) {
  interface Asked {
    readonly told: Map<number, unknown>;
    readonly wanted: number;
    readonly answer: () => void;
  }
  const underWay = new Map<number, Asked>();
  let last = 0;
  const send = (worker: Worker, word: ToWorker) => {
    if (worker.isConnected()) worker.send(word, () => undefined);
  };
  return {
    ask(asker: Worker, asked: number, topic: Topic): void {
      const id = last++;
      const told = new Map<number, unknown>();
      const answer = () => {
        clearTimeout(late);
        underWay.delete(id);
        const values = [...told].sort(([left], [right]) => left - right).map(([, value]) => value);
        send(asker, { kind: 'ALL_TOLD', id: asked, values });
      };
      const late = setTimeout(answer, TOLD_LIMIT_MS);
      underWay.set(id, { told, wanted: listening.size, answer });
      for (const worker of listening.values()) send(worker, { kind: 'TELL', id, topic });
    },
    told(number: number, id: number, value: unknown): void {
      const asked = underWay.get(id);
      asked?.told.set(number, value);
      if (asked && asked.told.size >= asked.wanted) asked.answer();
    },
  };
}
