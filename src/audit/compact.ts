/**
 * The root of a tree whose parts come from left to right, in the memory of its height: leaves one by one, and complete
 * subtrees in place of the leaves that are not at hand. Pure.
 */
import { foldNodes, type Node, nodeHash } from './merkle.js';

export interface CompactRange {
  /** Leaves taken so far. */
  readonly size: number;
  /** The next complete subtree. @throws RangeError where it does not begin at `size` */
  add(node: Node, hash: Buffer): void;
  /** RFC 6962 over all that was taken; there MUST be something. */
  root(): Buffer;
}

export function openCompactRange(): CompactRange {
  const stack: (Node & { hash: Buffer })[] = [];
  let size = 0;
  return {
    get size() {
      return size;
    },
    add({ height, index }, hash) {
      if (index * 2 ** height !== size) throw new RangeError(`leaf ${index * 2 ** height} follows ${size}`);
      size += 2 ** height;
      let right = { height, index, hash };
      // A right child meets its left one: both become their parent.
      while (right.index % 2 === 1) {
        const left = stack.pop();
        if (left?.height !== right.height) throw new RangeError(`a subtree of height ${right.height} has no left neighbour`);
        right = { height: right.height + 1, index: (right.index - 1) / 2, hash: nodeHash(left.hash, right.hash) };
      }
      stack.push(right);
    },
    root: () => foldNodes(stack.map(({ hash }) => hash)),
  };
}
