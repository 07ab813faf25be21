/** What a witness is: a place that keeps checkpoints. */
import type { KeptCheckpoint } from './proofs.js';

export interface Witness {
  readonly name: 'file' | 'url';
  /** @throws Refusal where it will not have this one; any other error: it cannot be reached now */
  take(checkpoint: KeptCheckpoint): Promise<void>;
}

/** A witness holds something that contradicts the checkpoint it was offered. */
export class Refusal extends Error {}
