/** Whether one tree begins another, by a proof (RFC 9162, 2.1.4.2): pure, and believes nothing but the two roots. */
import { nodeHash } from './merkle.js';

export interface Tree {
  readonly size: number;
  readonly root: Buffer;
}

/** @param path as `consistencySpans` orders it */
export function isBeginning(older: Tree, newer: Tree, path: readonly Buffer[]): boolean {
  if (older.size > newer.size) return false;
  if (older.size === newer.size) return path.length === 0 && older.root.equals(newer.root);
  // Everything begins with nothing.
  if (older.size === 0) return path.length === 0;
  const isWhole = Number.isInteger(Math.log2(older.size)) && 2 ** Math.log2(older.size) === older.size;
  const [first, ...rest] = isWhole ? [older.root, ...path] : path;
  if (!first) return false;
  let [node, last] = [older.size - 1, newer.size - 1];
  while (node % 2 === 1) [node, last] = [half(node), half(last)];
  let [left, right] = [first, first];
  for (const hash of rest) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      left = nodeHash(hash, left);
      right = nodeHash(hash, right);
      while (node !== 0 && node % 2 === 0) [node, last] = [half(node), half(last)];
    } else {
      right = nodeHash(right, hash);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && left.equals(older.root) && right.equals(newer.root);
}

/** Sizes go beyond the 32 bits of shifts. */
function half(count: number): number {
  return Math.floor(count / 2);
}
