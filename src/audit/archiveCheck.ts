/**
 * Whether a file of a month is what it says: its lines, its inclusion in the checkpoint that it carries, and every hash beside
 * the tiles of the database. Promises: what is told here was read from the file, not from what wrote it.
 */
import { createHash, type Hash } from 'node:crypto';
import { basename } from 'node:path';
import { Fault } from '../faults.js';
import { type ArchivedEntry, type ArchiveEnd, readArchive } from './archive.js';
import { type CompactRange, openCompactRange } from './compact.js';
import { HASH_BYTES, nodeHash, nodesOf, TILE_WIDTH } from './merkle.js';
import type { Reader } from './tiles.js';

/** What a file was found to hold. */
export interface ArchiveFacts {
  readonly month: string;
  readonly origin: string;
  readonly sha256: Buffer;
  readonly end: ArchiveEnd;
  /** Digest over places and leaf hashes, as the database makes it; see `openPlacesDigest`. */
  readonly places: Buffer;
}

const TILES = 'select tile, hashes from audit_tile where level = 0 and tile = any($1::bigint[])';
const TOGETHER = 2_000;

/** Goes through the file once. @throws Fault ARCHIVE_FAULTY saying what is wrong with it */
export async function checkArchive(
  { read, file, onProgress }: { read: Reader; file: string; onProgress?: (done: number) => void },
  take: (entries: readonly ArchivedEntry[]) => Promise<void> = async () => undefined,
): Promise<ArchiveFacts> {
  const faulty = (what: string) => new Fault('ARCHIVE_FAULTY', { detail: `${basename(file)}: ${what}` });
  const places = openPlacesDigest();
  let header = { month: '', origin: '' };
  let page: ArchivedEntry[] = [];
  let entries = 0;
  let ending: { end: ArchiveEnd; sha256: Buffer } | null = null;
  const runs: Run[] = [];
  const turn = async () => {
    const strange = await firstBesideTiles(read, page);
    if (strange !== null) throw faulty(`leaf ${strange} is not that of the tree`);
    for (const { leaf, leafHash } of page) takeLeaf(runs, leaf, Buffer.from(leafHash, 'hex'));
    await take(page);
    entries += page.length;
    page = [];
    onProgress?.(entries);
  };
  for await (const line of readArchive(file)) {
    if (line.line === 'HEADER') header = line.header;
    else if (line.line === 'END') ending = line;
    else {
      places.add(line.entry.sequence, line.entry.leafHash);
      if (page.push(line.entry) === TOGETHER) await turn();
    }
  }
  await turn();
  const { end, sha256 } = ending as unknown as { end: ArchiveEnd; sha256: Buffer };
  if (entries !== end.entries || entries === 0) throw faulty(`${entries} entries, and ${end.entries} are told`);
  const [size, root] = told(end.checkpoint);
  if (rootOver(runs, end, size)?.toString('base64') !== root) throw faulty('the entries do not lead to the root of the checkpoint');
  return { ...header, sha256, end, places: places.digest() };
}

/** Size and root that a checkpoint tells; its signature is for those who hold keys of their own to check. */
function told(checkpoint: string): [size: number, root: string] {
  const lines = checkpoint.split('\n');
  return [Number(lines[1]), lines[2] ?? ''];
}

/** The first leaf whose hash is not the one in the tiles; null where all agree. */
async function firstBesideTiles(read: Reader, page: readonly ArchivedEntry[]): Promise<number | null> {
  const wanted = [...new Set(page.map(({ leaf }) => Math.floor(leaf / TILE_WIDTH)))];
  const rows = await read<{ tile: number; hashes: Buffer }>({ text: TILES, values: [wanted] });
  const tiles = new Map(rows.map(({ tile, hashes }) => [tile, hashes]));
  for (const { leaf, leafHash } of page) {
    const from = (leaf % TILE_WIDTH) * HASH_BYTES;
    const kept = tiles.get(Math.floor(leaf / TILE_WIDTH))?.subarray(from, from + HASH_BYTES);
    if (kept?.toString('hex') !== leafHash) return leaf;
  }
  return null;
}

/** Leaves side by side, as the complete subtrees that they make: what is held of a month is a few hashes. */
interface Run {
  readonly from: number;
  until: number;
  readonly nodes: { height: number; index: number; hash: Buffer }[];
}

function takeLeaf(runs: Run[], leaf: number, hash: Buffer): void {
  let run = runs.at(-1);
  if (run?.until !== leaf) runs.push((run = { from: leaf, until: leaf, nodes: [] }));
  const open = (run as Run).nodes;
  open.push({ height: 0, index: leaf, hash });
  (run as Run).until = leaf + 1;
  for (;;) {
    const [left, right] = [open.at(-2), open.at(-1)];
    if (!left || !right || left.height !== right.height || left.index % 2 === 1) return;
    open.splice(-2, 2, { height: left.height + 1, index: left.index / 2, hash: nodeHash(left.hash, right.hash) });
  }
}

/** The root over what the file holds and, in the gaps, over what its path tells; null where these do not fit together. */
function rootOver(runs: readonly Run[], { path, lastLeaf }: ArchiveEnd, size: number): Buffer | null {
  if (!Number.isSafeInteger(size) || size <= lastLeaf) return null;
  const range = openCompactRange();
  let next = 0;
  const fill = (until: number, into: CompactRange) => {
    for (const node of nodesOf({ from: into.size, until })) into.add(node, Buffer.from(path[next++] ?? '', 'hex'));
  };
  try {
    for (const run of runs) {
      fill(run.from, range);
      for (const node of run.nodes) range.add(node, node.hash);
    }
    fill(size, range);
  } catch {
    return null;
  }
  return next === path.length ? range.root() : null;
}

/** As `audit_places_digest` of 0012_retention.sql: SHA-256 over the digests of 65,536 places each. */
export function openPlacesDigest(): { add(sequence: number, leafHash: string): void; digest(): Buffer } {
  const whole = createHash('sha256');
  let part: { number: number; hash: Hash } | null = null;
  const close = () => {
    if (part) whole.update(part.hash.digest());
  };
  return {
    add(sequence, leafHash) {
      const number = Math.floor(sequence / 65_536);
      if (part?.number !== number) {
        close();
        part = { number, hash: createHash('sha256') };
      }
      const place = Buffer.alloc(8);
      place.writeBigInt64BE(BigInt(sequence));
      part.hash.update(place).update(Buffer.from(leafHash, 'hex'));
    },
    digest() {
      close();
      return whole.digest();
    },
  };
}
