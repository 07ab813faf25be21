/** What the processes that answer on one port and the one that keeps them say to each other. */
import type { Topic } from '../http/siblings.js';

/** What a worker says. */
export type FromWorker =
  | { readonly kind: 'READY'; readonly address: string }
  /** It could not begin; `detail` is for people. */
  | { readonly kind: 'FAILED'; readonly code: string; readonly detail: string }
  /** Ask all of us. */
  | { readonly kind: 'ASK'; readonly id: number; readonly topic: Topic }
  | { readonly kind: 'TOLD'; readonly id: number; readonly value: unknown };

/** What is said to a worker. */
export type ToWorker =
  | { readonly kind: 'TELL'; readonly id: number; readonly topic: Topic }
  /** What all said that answered in time. */
  | { readonly kind: 'ALL_TOLD'; readonly id: number; readonly values: readonly unknown[] }
  | { readonly kind: 'END' };

/** Whether a message is one of ours: the channel carries those of node:cluster too. */
export function isWord(message: unknown): message is { kind: string } {
  return typeof message === 'object' && message !== null && 'kind' in message;
}
