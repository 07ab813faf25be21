/**
 * Chains of enterprises and the tree over them as pure functions. The tree is a sparse Merkle tree over the first 64 bits of
 * SHA-256(code): what is empty hashes alike everywhere, so a proof holds the hashes beside the path and nobody's name.
 */
import { hash } from 'node:crypto';
import { HASH_BYTES } from './merkle.js';
import { sha256 } from './sha256.js';

export const DEPTH = 64;
const DAY_MS = 86_400_000;

/** How a chain ends: so many items, the latest day of any, and the hash over all. */
export interface Chain {
  readonly count: number;
  readonly latest: number;
  readonly head: Buffer;
}
/** An enterprise's leaf; `key` is the whole SHA-256 of its code. */
export interface SubjectLeaf {
  readonly key: Buffer;
  readonly count: number;
  readonly head: Buffer;
}

export const NO_CHAIN: Chain = Object.freeze({ count: 0, latest: 0, head: Buffer.alloc(HASH_BYTES) });

export function keyOf(uscc: string): Buffer {
  return sha256(uscc);
}
export function extractHashOf(extract: string): Buffer {
  return sha256(extract);
}

/** H(0x04 || time in ms, 8 bytes || H(extract)): a chain can be shown without telling what an item says. */
export function digestOf(time: number, extractHash: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(41);
  bytes[0] = 4;
  bytes.writeBigUInt64BE(BigInt(time), 1);
  extractHash.copy(bytes, 9);
  return sha256(bytes);
}

/** H(0x03 || head || latest day, 8 bytes || digest): the day lets a statement begin where its span does. */
export function linked({ count, latest, head }: Chain, time: number, digest: Buffer): Chain {
  const day = Math.max(latest, dayOf(time));
  const bytes = Buffer.allocUnsafe(73);
  bytes[0] = 3;
  head.copy(bytes, 1);
  bytes.writeBigUInt64BE(BigInt(day), 33);
  digest.copy(bytes, 41);
  return { count: count + 1, latest: day, head: sha256(bytes) };
}

/** Days since 1970, in UTC. */
export function dayOf(time: number): number {
  return Math.floor(time / DAY_MS);
}

const pair = Buffer.alloc(65);
pair[0] = 6;

/** H(0x06 || left || right). */
export function innerHash(left: Buffer, right: Buffer): Buffer {
  left.copy(pair, 1);
  right.copy(pair, 33);
  return sha256(pair);
}

const BUCKET = Buffer.from([5]);

/** H(0x05 || key, count in 8 bytes and head of each): hardly ever more than one, as the first 64 bits of keys differ. */
export function bucketHash(leaves: readonly SubjectLeaf[]): Buffer {
  return sha256(Buffer.concat([BUCKET, ...leaves.map(leafBytes)]));
}

export function leafBytes({ key, count, head }: SubjectLeaf): Buffer {
  const bytes = Buffer.allocUnsafe(72);
  key.copy(bytes);
  bytes.writeBigUInt64BE(BigInt(count), 32);
  head.copy(bytes, 40);
  return bytes;
}

/** Hashes of empty subtrees, by the depth at which they stand. */
export const EMPTY: readonly Buffer[] = emptyHashes();

function emptyHashes(): Buffer[] {
  const hashes: Buffer[] = [];
  hashes[DEPTH] = bucketHash([]);
  for (let depth = DEPTH - 1; depth >= 0; depth--) hashes[depth] = innerHash(hashes[depth + 1] as Buffer, hashes[depth + 1] as Buffer);
  return hashes;
}

export function bitOf(key: Buffer, depth: number): number {
  return ((key[depth >> 3] as number) >> (7 - (depth & 7))) & 1;
}

/** The hash at a depth of the subtree with these leaves, which share all bits above and are sorted by key. */
export function subtreeHash(leaves: readonly SubjectLeaf[], depth: number): Buffer {
  if (leaves.length === 0) return EMPTY[depth] as Buffer;
  if (depth === DEPTH) return bucketHash(leaves);
  if (leaves.length === 1) return climbed(leaves, depth);
  const middle = leaves.findIndex(({ key }) => bitOf(key, depth) === 1);
  const end = middle === -1 ? leaves.length : middle;
  return innerHash(subtreeHash(leaves.slice(0, end), depth + 1), subtreeHash(leaves.slice(end), depth + 1));
}

/** A single leaf, from the bottom up beside what is empty: done for every enterprise of every step, so in one buffer. */
function climbed(leaves: readonly SubjectLeaf[], until: number): Buffer {
  const { key } = leaves[0] as SubjectLeaf;
  let reached = hash('sha256', Buffer.concat([BUCKET, ...leaves.map(leafBytes)]), 'binary');
  for (let depth = DEPTH - 1; depth >= until; depth--) {
    const right = bitOf(key, depth);
    pair.write(reached, right === 0 ? 1 : 33, 'latin1');
    (EMPTY[depth + 1] as Buffer).copy(pair, right === 0 ? 33 : 1);
    reached = hash('sha256', pair, 'binary');
  }
  return Buffer.from(reached, 'latin1');
}

/** Hashes beside the path of a key, from the bottom up to a depth, and the other leaves with the same 64 bits. */
export function pathBelow(key: Buffer, leaves: readonly SubjectLeaf[], depth: number): { siblings: Buffer[]; beside: SubjectLeaf[] } {
  const siblings: Buffer[] = [];
  let near = leaves;
  for (let at = depth; at < DEPTH; at++) {
    const bit = bitOf(key, at);
    siblings.unshift(
      subtreeHash(
        near.filter((leaf) => bitOf(leaf.key, at) !== bit),
        at + 1,
      ),
    );
    near = near.filter((leaf) => bitOf(leaf.key, at) === bit);
  }
  return { siblings, beside: near.filter((leaf) => !leaf.key.equals(key)) };
}
