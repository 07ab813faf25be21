/**
 * Hashes of enterprises' chains and of the tree over them, written from the format's description alone: what is wrong in
 * whoever writes is not wrong here in the same way.
 */
import { hash } from 'node:crypto';

export const TREE_DEPTH = 64;
const DAY_MS = 86_400_000;

export function sha256(bytes: Buffer | string): Buffer {
  return hash('sha256', bytes, 'buffer');
}
const tagged = (tag: number, ...parts: readonly Buffer[]): Buffer => sha256(Buffer.concat([Buffer.of(tag), ...parts]));

function eightBytes(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

/** A chain so far; the empty one has 32 zero bytes for its head. */
export interface ReadChain {
  readonly count: number;
  /** The latest day of any item, counted in UTC since 1970. */
  readonly day: number;
  readonly head: Buffer;
}
export const EMPTY_CHAIN: ReadChain = { count: 0, day: 0, head: Buffer.alloc(32) };

export function dayOfTime(time: number): number {
  return Math.floor(time / DAY_MS);
}
/** 0x04, time in ms, hash of the extract. */
export function itemDigest(time: number, extractHash: Buffer): Buffer {
  return tagged(4, eightBytes(time), extractHash);
}
/** 0x03, head, day, digest; `day` is the latest of any item until now. */
export function chainWith({ count, head }: ReadChain, day: number, digest: Buffer): ReadChain {
  return { count: count + 1, day, head: tagged(3, head, eightBytes(day), digest) };
}

/** What stands for an enterprise in the tree: the hash of its code, the length of its chain, its head: 72 bytes. */
export function leafOf(key: Buffer, { count, head }: ReadChain): Buffer {
  return Buffer.concat([key, eightBytes(count), head]);
}
/** 0x05 and the leaves at the bottom: those whose keys share 64 bits, in the order of keys. */
export function bottomHash(leaves: readonly Buffer[]): Buffer {
  return tagged(5, ...[...leaves].sort(Buffer.compare));
}
/** 0x06, left, right. */
export function nodeOver(left: Buffer, right: Buffer): Buffer {
  return tagged(6, left, right);
}
export function bitAt(key: Buffer, depth: number): number {
  return (key.readUInt8(Math.floor(depth / 8)) >> (7 - (depth % 8))) & 1;
}

/** Hashes of empty subtrees by depth. */
export const EMPTY_AT: readonly Buffer[] = emptyHashes();

function emptyHashes(): Buffer[] {
  const hashes = [bottomHash([])];
  for (let depth = TREE_DEPTH; depth > 0; depth--) hashes.unshift(nodeOver(hashes[0] as Buffer, hashes[0] as Buffer));
  return hashes;
}
