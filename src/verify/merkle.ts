/**
 * The tree of RFC 6962 for whoever verifies: written from the RFC's text (proofs as RFC 9162, 2.1.3.2 and 2.1.4.2, words
 * them), apart from the code that writes the tree.
 */
import { createHash } from 'node:crypto';

export const HASH_BYTES = 32;
const LEAF = Buffer.from([0]);
const NODE = Buffer.from([1]);

export function sha256(...parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

export const EMPTY_ROOT: Buffer = sha256();

/** The leaf hash of an entry's text. */
export function hashOfLeaf(text: string): Buffer {
  return sha256(LEAF, Buffer.from(text, 'utf8'));
}

function hashOfNode(left: Buffer, right: Buffer): Buffer {
  return sha256(NODE, left, right);
}

/** The root that a leaf and its path lead to; null where the path is not of the right length. */
export function rootOfPath(leafHash: Buffer, leaf: number, size: number, path: readonly Buffer[]): Buffer | null {
  if (leaf >= size) return null;
  let node = leaf;
  let last = size - 1;
  let root = leafHash;
  for (const sibling of path) {
    if (last === 0) return null;
    if (node % 2 === 1 || node === last) {
      root = hashOfNode(sibling, root);
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      root = hashOfNode(root, sibling);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 ? root : null;
}

/** A tree as a checkpoint tells it. */
interface Tree {
  readonly size: number;
  readonly root: Buffer;
}

/** Whether a path proves that the older tree begins the newer one. */
export function isConsistent(older: Tree, newer: Tree, path: readonly Buffer[]): boolean {
  if (older.size > newer.size) return false;
  if (older.size === newer.size) return path.length === 0 && older.root.equals(newer.root);
  if (older.size === 0) return path.length === 0 && older.root.equals(EMPTY_ROOT);
  let node = older.size - 1;
  let last = newer.size - 1;
  while (node % 2 === 1) [node, last] = [half(node), half(last)];
  // Where the older tree is a complete subtree of the newer, its root is not sent.
  const [first, ...rest] = node === 0 ? [older.root, ...path] : path;
  if (!first) return false;
  let was = first;
  let is = first;
  for (const sibling of rest) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      was = hashOfNode(sibling, was);
      is = hashOfNode(sibling, is);
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      is = hashOfNode(is, sibling);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && was.equals(older.root) && is.equals(newer.root);
}

function half(number: number): number {
  return Math.floor(number / 2);
}
