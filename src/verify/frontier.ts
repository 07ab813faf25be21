/**
 * The right edge of a growing tree: takes leaf hashes one after another and knows the root at any moment, in memory of one
 * hash a level. A node costs one hash and no object, for the whole log goes through here.
 */
import { hash } from 'node:crypto';
import { EMPTY_ROOT, HASH_BYTES } from './merkle.js';

/** Levels: leaves are counted below 2^53. */
const HEIGHTS = 54;
const LEFT = 1;
const RIGHT = LEFT + HASH_BYTES;

export interface Frontier {
  readonly size: number;
  /** Adds the hash at `offset`: of a leaf, or of a complete subtree where nothing lower is open. */
  push(hashes: Buffer, offset: number, height?: number): void;
  root(): Buffer;
}

/** @param completed told of each node that is complete, above the leaves; its hash is in latin1 */
export function openFrontier(completed?: (height: number, node: string) => void): Frontier {
  // For each height the bytes of the node above: 0x01, left, right.
  const nodes = Array.from({ length: HEIGHTS }, () => Buffer.alloc(RIGHT + HASH_BYTES, 1));
  const open = new Uint8Array(HEIGHTS);
  let size = 0;
  return {
    get size() {
      return size;
    },
    push(hashes, offset, height = 0) {
      size += 2 ** height;
      let at = height;
      let node = nodes[at] as Buffer;
      if (open[at] === 0) {
        open[at] = 1;
        hashes.copy(node, LEFT, offset, offset + HASH_BYTES);
        return;
      }
      hashes.copy(node, RIGHT, offset, offset + HASH_BYTES);
      for (;;) {
        const above = hash('sha256', node, 'binary');
        open[at] = 0;
        at++;
        completed?.(at, above);
        node = nodes[at] as Buffer;
        if (open[at] === 0) {
          open[at] = 1;
          node.write(above, LEFT, HASH_BYTES, 'latin1');
          return;
        }
        node.write(above, RIGHT, HASH_BYTES, 'latin1');
      }
    },
    root() {
      let folded: Buffer | null = null;
      for (let at = 0; at < HEIGHTS; at++) {
        if (open[at] === 0) continue;
        const node = nodes[at] as Buffer;
        if (folded) folded.copy(node, RIGHT);
        folded = Buffer.from(folded ? hash('sha256', node, 'binary') : node.toString('latin1', LEFT, RIGHT), 'latin1');
      }
      return folded ?? EMPTY_ROOT;
    },
  };
}
