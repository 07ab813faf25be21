/**
 * The watch: evaluates the rules and feeds the webhook every few seconds, in each process that offers to sequence; one of
 * them does at a time, whichever comes first, so it goes on when the one that sequences dies.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Postgres } from '../postgres.js';
import { type Evaluated, evaluate, type Memory } from './evaluate.js';
import { sendDue } from './outbox.js';
import type { Webhook } from './webhook.js';

export interface Watch {
  /** Watches until closed. */
  start(): void;
  /** One evaluation now. @returns null where another process evaluates at this moment */
  evaluate(): Promise<Evaluated | null>;
  /** Sends what is due to the webhook. @returns how many messages were taken; null where there is no webhook, or another process sends */
  send(): Promise<number | null>;
  close(): Promise<void>;
}
export interface WatchParts {
  readonly postgres: Postgres;
  readonly webhook: Webhook | null;
  readonly now: () => Date;
  /** Ids that sort by time. */
  readonly newId: () => string;
  readonly failed?: (error: unknown) => void;
  readonly intervalMs?: number;
}

const INTERVAL_MS = 5_000;
/** A webhook that answers slowly or not at all must not keep rules waiting. */
const SEND_EVERY_MS = 2_000;

export function openWatch({ postgres, webhook, now, newId, failed, intervalMs = INTERVAL_MS }: WatchParts): Watch {
  const memory: Memory = {};
  const closing = new AbortController();
  let running: Promise<unknown> = Promise.resolve();
  const watch: Watch = {
    start() {
      const repeat = async (work: () => Promise<unknown>, everyMs: number) => {
        while (!closing.signal.aborted) {
          await work().catch((error: unknown) => failed?.(error));
          await sleep(everyMs, undefined, { signal: closing.signal }).catch(() => undefined);
        }
      };
      const evaluateAll = async () => {
        while ((await watch.evaluate())?.more && !closing.signal.aborted);
      };
      running = Promise.all([repeat(evaluateAll, intervalMs), ...(webhook ? [repeat(watch.send, SEND_EVERY_MS)] : [])]);
    },
    evaluate: () => postgres.transaction((client) => evaluate(client, { now: now(), newId, memory, failed })),
    send: async () => (webhook ? sendDue(postgres, webhook, now) : null),
    async close() {
      closing.abort();
      await running;
    },
  };
  return watch;
}
