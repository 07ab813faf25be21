/**
 * The tree as the tiles have it: every root that was signed and every tile above the leaves is derived again from the leaf
 * hashes. Whether those are the entries' is asked elsewhere.
 */
import type { Client } from '../postgres.js';
import type { Findings } from './findings.js';
import { type Frontier, openFrontier } from './frontier.js';
import { HASH_BYTES } from './merkle.js';

const TILE_HEIGHT = 8;
export const TILE_WIDTH = 2 ** TILE_HEIGHT;
/** Tiles that are read at once. */
const TILES_AT_ONCE = 256;

/** Where verification begins: nothing, or a tree that a signed root vouches for. */
export interface Start {
  readonly size: number;
  /** Makes the right edge of that tree; each call a new one. */
  frontier(completed?: (height: number, node: string) => void): Frontier;
}
export const FROM_NOTHING: Start = { size: 0, frontier: openFrontier };

const LEAVES = 'select tile, hashes from audit_tile where level = 0 and tile >= $1 and tile < $2 order by tile';
const LAST_TILE = 'select level, tile, length(hashes) as bytes from audit_tile where level = $1 order by tile desc limit 1';
const UPPER = 'select tile, hashes from audit_tile where level = $1 and tile >= $2 and tile < $3 order by tile';

/** How many leaves the tiles hold, by the last of them. */
export async function leavesInTiles(client: Client): Promise<number> {
  const [last] = (await client.query<{ tile: number; bytes: number }>(LAST_TILE, [0])).rows;
  return last ? last.tile * TILE_WIDTH + Math.floor(last.bytes / HASH_BYTES) : 0;
}

/** Leaf hashes [from, until), side by side; zeros where a tile has none, which is told to `short` by tile. */
export async function readLeaves(client: Client, from: number, until: number, short?: (tile: number, bytes: number) => void): Promise<Buffer> {
  const first = Math.floor(from / TILE_WIDTH);
  const after = Math.ceil(until / TILE_WIDTH);
  const { rows } = await client.query<{ tile: number; hashes: Buffer }>(LEAVES, [first, after]);
  const tiles = new Map(rows.map(({ tile, hashes }) => [tile, hashes]));
  const read = Buffer.alloc((until - from) * HASH_BYTES);
  for (let tile = first; tile < after; tile++) {
    const hashes = tiles.get(tile);
    const begins = tile * TILE_WIDTH;
    const wanted = Math.min(until - begins, TILE_WIDTH) * HASH_BYTES;
    if ((hashes?.length ?? 0) < wanted) short?.(tile, hashes?.length ?? 0);
    hashes?.copy(read, Math.max(begins - from, 0) * HASH_BYTES, Math.max(from - begins, 0) * HASH_BYTES, wanted);
  }
  return read;
}

export interface TreeRead {
  /** Roots at the sizes asked. */
  readonly roots: ReadonlyMap<number, Buffer>;
}

/**
 * Roots at sizes (ascending), over leaves of the tiles up to `size`; `substitutes` stand in for leaves. Tiles above are held
 * against what follows from those below, where `findings` are wanted.
 */
export async function deriveRoots(
  client: Client,
  { start, size, sizes, substitutes }: { start: Start; size: number; sizes: readonly number[]; substitutes?: ReadonlyMap<number, Buffer> },
  findings?: Findings,
): Promise<TreeRead> {
  const roots = new Map<number, Buffer>();
  const upper = findings ? openUpperTiles() : null;
  const frontier = start.frontier(upper?.completed);
  upper?.begin(start.size);
  let next = sizes.findIndex((one) => one >= start.size);
  if (next < 0) next = sizes.length;
  const wanted = () => {
    while (next < sizes.length && sizes[next] === frontier.size) roots.set(sizes[next++] as number, frontier.root());
  };
  wanted();
  const step = TILES_AT_ONCE * TILE_WIDTH;
  for (let from = start.size; from < size; ) {
    const until = Math.min((Math.floor(from / step) + 1) * step, size);
    const leaves = await readLeaves(client, from, until, (tile, bytes) => {
      findings?.add({ kind: 'TILE_WRONG', tile: `0/${tile}`, detail: `it holds ${bytes / HASH_BYTES} hashes, and the log is longer` });
    });
    for (let leaf = from; leaf < until; leaf++) {
      const substitute = substitutes?.get(leaf);
      frontier.push(substitute ?? leaves, substitute ? 0 : (leaf - from) * HASH_BYTES);
      if (frontier.size === sizes[next]) wanted();
    }
    if (findings) await upper?.compare(client, findings);
    from = until;
  }
  if (findings) await upper?.end(client, size, findings);
  return { roots };
}

/** Tiles above the leaves, as they follow from what goes by. */
function openUpperTiles() {
  // By level: hashes since the last comparison, and the number of the first of them.
  const levels: { first: number; hashes: string[] }[] = [];
  const levelAt = (level: number) => (levels[level] ??= { first: 0, hashes: [] });
  return {
    completed(height: number, node: string) {
      if (height % TILE_HEIGHT === 0) levelAt(height / TILE_HEIGHT).hashes.push(node);
    },
    /** The tree before it is vouched for: hashes of its tiles are not held against anything. */
    begin(size: number) {
      for (let level = 1, count = Math.floor(size / TILE_WIDTH); count > 0; level++, count = Math.floor(count / TILE_WIDTH)) {
        levelAt(level).first = count;
        levelAt(level).hashes = [];
      }
    },
    async compare(client: Client, findings: Findings) {
      for (const [level, one] of levels.entries()) {
        if (!one || one.hashes.length === 0) continue;
        const { first, hashes } = one;
        const firstTile = Math.floor(first / TILE_WIDTH);
        const { rows } = await client.query<{ tile: number; hashes: Buffer }>(UPPER, [level, firstTile, Math.ceil((first + hashes.length) / TILE_WIDTH)]);
        const tiles = new Map(rows.map(({ tile, hashes: bytes }) => [tile, bytes]));
        const wrong = new Set<number>();
        for (const [position, hash] of hashes.entries()) {
          const tile = Math.floor((first + position) / TILE_WIDTH);
          const offset = ((first + position) % TILE_WIDTH) * HASH_BYTES;
          if (tiles.get(tile)?.toString('latin1', offset, offset + HASH_BYTES) !== hash) wrong.add(tile);
        }
        for (const tile of wrong) findings.add({ kind: 'TILE_WRONG', tile: `${level}/${tile}`, detail: 'its hashes are not the roots of the tiles below' });
        one.first += hashes.length;
        one.hashes = [];
      }
    },
    /** No tile may hold more than follows from so many leaves. */
    async end(client: Client, size: number, findings: Findings) {
      const { rows } = await client.query<{ level: number; tile: number; bytes: number }>(
        'select distinct on (level) level, tile, length(hashes) as bytes from audit_tile order by level, tile desc',
      );
      for (const { level, tile, bytes } of rows) {
        const most = Math.floor(size / TILE_WIDTH ** level);
        if (tile * TILE_WIDTH + Math.floor(bytes / HASH_BYTES) > most || bytes % HASH_BYTES !== 0)
          findings.add({ kind: 'TILE_WRONG', tile: `${level}/${tile}`, detail: 'it holds more hashes than the log has leaves for' });
      }
    },
  };
}

/** The tree of so many leaves from its tiles, to begin with; its root is for the caller to hold against what was signed. */
export async function startAt(client: Client, size: number): Promise<Start> {
  const parts: { height: number; hashes: Buffer; count: number }[] = [];
  for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / TILE_WIDTH)) {
    const { rows } = await client.query<{ hashes: Buffer }>('select hashes from audit_tile where level = $1 and tile = $2', [
      level,
      Math.floor(count / TILE_WIDTH),
    ]);
    const within = count % TILE_WIDTH;
    const hashes = Buffer.alloc(within * HASH_BYTES);
    rows[0]?.hashes.copy(hashes, 0, 0, hashes.length);
    parts.unshift({ height: level * TILE_HEIGHT, hashes, count: within });
  }
  return {
    size,
    frontier(completed) {
      let telling = false;
      const frontier = openFrontier((height, node) => telling && completed?.(height, node));
      for (const { height, hashes, count } of parts) for (let at = 0; at < count; at++) frontier.push(hashes, at * HASH_BYTES, height);
      telling = true;
      return frontier;
    },
  };
}
