/** The tree's tiles in the database: leaves are added at the right, and hashes of any span are read from a few rows. */
import type { Client, Statement } from '../postgres.js';
import { EMPTY_ROOT, foldNodes, HASH_BYTES, nodesOf, placeOf, rootOfEqual, type Span, TILE_WIDTH } from './merkle.js';

interface Row {
  readonly level: number;
  readonly tile: number;
  readonly hashes: Buffer;
}
type Tiles = Map<string, Buffer[]>;
/** Whatever reads rows: a pool, or `readerOf` a transaction. */
export type Reader = <Row extends object>(statement: Statement) => Promise<Row[]>;

export function readerOf(client: Client): Reader {
  return async (statement) => (await client.query(statement)).rows;
}

const READ = 'select level, tile, hashes from audit_tile where (level, tile) in (select * from unnest($1::smallint[], $2::bigint[]))';
const WRITE = `
insert into audit_tile (level, tile, hashes) select * from unnest($1::smallint[], $2::bigint[], $3::bytea[])
on conflict (level, tile) do update set hashes = excluded.hashes`;

/** The hashes over spans of the tree, as the tiles have them. @throws Error where the tiles are not there: the tree is smaller */
export async function hashesOf(read: Reader, spans: readonly Span[]): Promise<Buffer[]> {
  const wanted = spans.map((span) => nodesOf(span).map(placeOf));
  const tiles = await readTiles(read, wanted.flat());
  return wanted.map((places) => {
    if (places.length === 0) return EMPTY_ROOT;
    return foldNodes(
      places.map(({ level, tile, offset, count }) => {
        const hashes = tiles.get(keyOf(level, tile))?.slice(offset, offset + count) ?? [];
        if (hashes.length < count) throw new Error(`tile ${level}/${tile} of the audit log is short`);
        return rootOfEqual(hashes);
      }),
    );
  });
}

/** Adds leaves to a tree of so many; MUST run alone and in the transaction that tells the new size. @returns the new root */
export async function addLeaves(client: Client, size: number, leaves: readonly Buffer[]): Promise<Buffer> {
  const tiles = await readTiles(readerOf(client), rightEdge(size));
  const changed = new Set<string>();
  const add = (level: number, index: number, hash: Buffer): void => {
    const key = keyOf(level, Math.floor(index / TILE_WIDTH));
    const hashes = tiles.get(key) ?? [];
    if (hashes.length < index % TILE_WIDTH) throw new Error(`tile ${key} of the audit log is short`);
    // What a failed attempt of before left in the tile is written over.
    hashes.length = index % TILE_WIDTH;
    hashes.push(hash);
    tiles.set(key, hashes);
    changed.add(key);
    if (hashes.length === TILE_WIDTH) add(level + 1, Math.floor(index / TILE_WIDTH), rootOfEqual(hashes));
  };
  for (const [position, leaf] of leaves.entries()) add(0, size + position, leaf);
  const rows = [...changed].map((key) => [...key.split('/').map(Number), Buffer.concat(tiles.get(key) as Buffer[])]);
  await client.query(
    WRITE,
    [0, 1, 2].map((column) => rows.map((row) => row[column])),
  );
  const [root] = await hashesOf(readerOf(client), [{ from: 0, until: size + leaves.length }]);
  return root as Buffer;
}

/** The tiles that the next leaf may change. */
function rightEdge(size: number): { level: number; tile: number }[] {
  const edge = [];
  for (let level = 0, left = size; left > 0 || level === 0; level++, left = Math.floor(left / TILE_WIDTH))
    edge.push({ level, tile: Math.floor(left / TILE_WIDTH) });
  return edge;
}

async function readTiles(read: Reader, places: readonly { level: number; tile: number }[]): Promise<Tiles> {
  const wanted = [...new Map(places.map((place) => [keyOf(place.level, place.tile), place])).values()];
  const found = await read<Row>({ text: READ, values: [wanted.map(({ level }) => level), wanted.map(({ tile }) => tile)] });
  return new Map(found.map(({ level, tile, hashes }) => [keyOf(level, tile), hashesIn(hashes)]));
}

function hashesIn(bytes: Buffer): Buffer[] {
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, position) => bytes.subarray(position * HASH_BYTES, (position + 1) * HASH_BYTES));
}

function keyOf(level: number, tile: number): string {
  return `${level}/${tile}`;
}

/** The leaf whose hash it is, in the tile of level 0 that belongs to a block; null where it does not stand there. */
export function leafIn(hashes: Buffer, hash: Buffer, block: number): number | null {
  for (let offset = 0; offset < hashes.length; offset += HASH_BYTES)
    if (hashes.subarray(offset, offset + HASH_BYTES).equals(hash)) return block * TILE_WIDTH + offset / HASH_BYTES;
  return null;
}
