/**
 * The tree of the log as pure functions: RFC 6962, kept in tiles of 256 hashes (C2SP tlog-tiles). Which hashes a root or a
 * proof needs is told as nodes; where they come from is not known here. Numbers of leaves stay below 2^53.
 */
import { sha256 } from './sha256.js';

export const HASH_BYTES = 32;
const TILE_HEIGHT = 8;
export const TILE_WIDTH = 2 ** TILE_HEIGHT;
/** The hash over leaves and nodes, as checkpoints name it. */
export const HASH_ALGORITHM = 'SHA-256';
export const EMPTY_ROOT = sha256('');

const node = Buffer.alloc(1 + 2 * HASH_BYTES, 1);

/** The leaves [from, until) of the log. */
export interface Span {
  readonly from: number;
  readonly until: number;
}
/** A complete subtree: the leaves [index * 2^height, (index + 1) * 2^height). */
export interface Node {
  readonly height: number;
  readonly index: number;
}
/** Where the hashes lie that a node is made of: `count` of them, side by side in one tile. */
export interface Place {
  readonly level: number;
  readonly tile: number;
  readonly offset: number;
  readonly count: number;
}

/** RFC 6962: SHA-256 over 0x01 and both children. */
export function nodeHash(left: Buffer, right: Buffer): Buffer {
  left.copy(node, 1);
  right.copy(node, 1 + HASH_BYTES);
  return sha256(node);
}

/** The root over complete subtrees of equal height: their number is a power of two. */
export function rootOfEqual(hashes: readonly Buffer[]): Buffer {
  if (hashes.length === 1) return hashes[0] as Buffer;
  const half = hashes.length / 2;
  return nodeHash(rootOfEqual(hashes.slice(0, half)), rootOfEqual(hashes.slice(half)));
}

/** The hash over a span from those of its nodes, left to right. */
export function foldNodes(hashes: readonly Buffer[]): Buffer {
  return hashes.reduceRight((right, left) => nodeHash(left, right));
}

/** The complete subtrees that a span of a tree of RFC 6962 is made of, left to right. */
export function nodesOf({ from, until }: Span): Node[] {
  const nodes: Node[] = [];
  for (let at = from; at < until; ) {
    let height = 0;
    while (at % 2 ** (height + 1) === 0 && at + 2 ** (height + 1) <= until) height++;
    nodes.push({ height, index: at / 2 ** height });
    at += 2 ** height;
  }
  return nodes;
}

export function placeOf({ height, index }: Node): Place {
  const level = Math.floor(height / TILE_HEIGHT);
  const count = 2 ** (height % TILE_HEIGHT);
  const start = index * count;
  return { level, tile: Math.floor(start / TILE_WIDTH), offset: start % TILE_WIDTH, count };
}

/** Spans whose hashes prove that a leaf stands in a tree of so many, from the leaf upwards (RFC 6962, 2.1.1). */
export function inclusionSpans(leaf: number, size: number): Span[] {
  const path = (from: number, until: number): Span[] => {
    if (until - from === 1) return [];
    const middle = from + largestPowerBelow(until - from);
    return leaf < middle ? [...path(from, middle), { from: middle, until }] : [...path(middle, until), { from, until: middle }];
  };
  return path(0, size);
}

/** Spans whose hashes prove that a tree of `older` leaves begins one of `newer` (RFC 6962, 2.1.2). */
export function consistencySpans(older: number, newer: number): Span[] {
  const path = (from: number, until: number, whole: boolean): Span[] => {
    if (older === until) return whole ? [] : [{ from, until }];
    const middle = from + largestPowerBelow(until - from);
    return older <= middle ? [...path(from, middle, whole), { from: middle, until }] : [...path(middle, until, false), { from, until: middle }];
  };
  return older === 0 || older === newer ? [] : path(0, newer, true);
}

function largestPowerBelow(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}
