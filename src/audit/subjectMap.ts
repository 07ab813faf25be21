/**
 * The tree over the chains of enterprises in the database: its upper 24 levels lie in rows of four levels each, what is
 * below is made from the leaves with those 24 bits. MUST run where only one sequences; all is of one transaction.
 */
import type { Client } from '../postgres.js';
import { rest } from '../rest.js';
import { numbers } from './columns.js';
import { EMPTY, innerHash, keyOf, pathBelow, type SubjectLeaf, subtreeHash } from './subjectTree.js';
import type { Reader } from './tiles.js';

/** Levels of a row, and the bits above which rows are kept. */
const STEP = 4;
const WIDTH = 2 ** STEP;
const KEPT_BITS = 24;
/** Leaves between two rests of the thread; prefixes a statement, which bounds how long the transaction lies idle. */
const REST_AFTER = 64;
const MOST_TOGETHER = 1_000;

interface LeafRow {
  readonly uscc: string;
  readonly prefix: number;
  readonly count: number;
  readonly head: Buffer;
}
interface TileRow {
  readonly depth: number;
  readonly prefix: number;
  readonly present: number;
  readonly hashes: Buffer;
}
type Children = (Buffer | undefined)[];

const LEAVES = 'select uscc, prefix, count, head from audit_subject where prefix = any($1::int[])';
const TILES = 'select depth, prefix, present, hashes from audit_subject_tile where (depth, prefix) in (select * from unnest($1::smallint[], $2::int[]))';
const LEVEL = 'select depth, prefix, present, hashes from audit_subject_tile where depth = $1 and prefix = any($2::int[])';
// The hashes of all rows side by side: each row's begin where those before it end.
const WRITE_TILES = `
insert into audit_subject_tile (depth, prefix, present, hashes)
select $1, prefix, present, substr($4::bytea, (sum(32 * bit_count(present::bit(16))) over (order by n) - 32 * bit_count(present::bit(16)) + 1)::int,
  (32 * bit_count(present::bit(16)))::int)
from unnest($2::int[], $3::int[]) with ordinality as written (prefix, present, n)
on conflict (depth, prefix) do update set present = excluded.present, hashes = excluded.hashes`;
const WRITE_ROOT = `
insert into audit_subject_root (enterprises, root) values ($1, $2)
on conflict (whole) do update set enterprises = audit_subject_root.enterprises + excluded.enterprises, root = excluded.root`;

/** Where a code's leaf lies. */
export function prefixOf(key: Buffer): number {
  return key.readUIntBE(0, KEPT_BITS / 8);
}

/** Brings the tree up to the chains of these prefixes, as `audit_subject` has them by now. */
export async function updateMap(client: Client, touched: ReadonlySet<number>, added: number): Promise<void> {
  let changed = new Map<number, Buffer>();
  const all = [...touched];
  for (let at = 0; at < all.length; at += MOST_TOGETHER) {
    const prefixes = all.slice(at, at + MOST_TOGETHER);
    const { rows } = await client.query<LeafRow>({ name: 'subject leaves', text: LEAVES, values: [numbers(prefixes)] });
    let worked = 0;
    for (const [prefix, leaves] of leavesBy(rows)) {
      changed.set(prefix, subtreeHash(leaves, KEPT_BITS));
      if (++worked % REST_AFTER === 0) await rest();
    }
  }
  for (let depth = KEPT_BITS - STEP; depth >= 0; depth -= STEP) changed = await updateLevel(client, depth, changed);
  await client.query(WRITE_ROOT, [added, changed.get(0)]);
}

/** Puts nodes into the rows above them. @returns the hashes of those rows, by prefix */
async function updateLevel(client: Client, depth: number, nodes: ReadonlyMap<number, Buffer>): Promise<Map<number, Buffer>> {
  const below = new Map<number, [place: number, hash: Buffer][]>();
  for (const [prefix, hash] of nodes) {
    const above = Math.floor(prefix / WIDTH);
    const known = below.get(above);
    if (known) known.push([prefix % WIDTH, hash]);
    else below.set(above, [[prefix % WIDTH, hash]]);
  }
  const hashes = new Map<number, Buffer>();
  const all = [...below];
  for (let at = 0; at < all.length; at += MOST_TOGETHER) {
    const some = all.slice(at, at + MOST_TOGETHER);
    const { rows } = await client.query<TileRow>({ name: 'subject tiles', text: LEVEL, values: [depth, numbers(some.map(([prefix]) => prefix))] });
    const known = new Map(rows.map((row) => [row.prefix, childrenIn(row)]));
    const written: { readonly prefix: number; readonly present: number; readonly hashes: Buffer }[] = [];
    for (const [prefix, set] of some) {
      const children = known.get(prefix) ?? new Array<Buffer | undefined>(WIDTH);
      for (const [place, hash] of set) children[place] = hash;
      hashes.set(prefix, rowHash(children, depth));
      const present = children.reduce((mask, hash, place) => mask | (hash ? 1 << place : 0), 0);
      written.push({ prefix, present, hashes: Buffer.concat(children.filter((hash) => hash !== undefined)) });
      if (written.length % REST_AFTER === 0) await rest();
    }
    await client.query({
      name: 'write subject tiles',
      text: WRITE_TILES,
      values: [depth, numbers(written.map((row) => row.prefix)), numbers(written.map((row) => row.present)), Buffer.concat(written.map((row) => row.hashes))],
    });
  }
  return hashes;
}

function leavesBy(rows: readonly LeafRow[]): Map<number, SubjectLeaf[]> {
  const found = new Map<number, SubjectLeaf[]>();
  for (const { uscc, prefix, count, head } of rows) found.set(prefix, [...(found.get(prefix) ?? []), { key: keyOf(uscc), count, head }]);
  for (const leaves of found.values()) leaves.sort((left, right) => left.key.compare(right.key));
  return found;
}

function childrenIn({ present, hashes }: TileRow): Children {
  let read = 0;
  return Array.from({ length: WIDTH }, (_, place) => (present & (1 << place) ? hashes.subarray(32 * read, 32 * ++read) : undefined));
}

/** The root of a row; what is empty costs no hash. */
function rowHash(children: Children, depth: number): Buffer {
  const nodes = children.slice();
  for (let width = WIDTH / 2, level = depth + STEP; width >= 1; width /= 2, level--) {
    for (let place = 0; place < width; place++) {
      const [left, right] = [nodes[2 * place], nodes[2 * place + 1]];
      nodes[place] = left || right ? innerHash(left ?? (EMPTY[level] as Buffer), right ?? (EMPTY[level] as Buffer)) : undefined;
    }
  }
  return nodes[0] ?? (EMPTY[depth] as Buffer);
}

/** All nodes of a row, level by level from its root; what is empty costs no hash. */
function levelsOf(children: Children, depth: number): Buffer[][] {
  const levels: Buffer[][] = [];
  levels[STEP] = Array.from({ length: WIDTH }, (_, place) => children[place] ?? (EMPTY[depth + STEP] as Buffer));
  for (let level = STEP - 1; level >= 0; level--) {
    const under = levels[level + 1] as Buffer[];
    const empty = EMPTY[depth + level + 1] as Buffer;
    levels[level] = Array.from({ length: 2 ** level }, (_, place) => {
      const [left, right] = [under[2 * place] as Buffer, under[2 * place + 1] as Buffer];
      return left === empty && right === empty ? (EMPTY[depth + level] as Buffer) : innerHash(left, right);
    });
  }
  return levels;
}

/** A code's place in the tree: the hashes beside its path from the bottom up, whether or not it is there. */
export interface SubjectPath {
  /** 64 of them, at depths 64 to 1. */
  readonly siblings: readonly Buffer[];
  /** Leaves of others whose keys begin with the same 64 bits: hardly ever any. */
  readonly beside: readonly SubjectLeaf[];
}

export async function pathOf(read: Reader, uscc: string): Promise<SubjectPath> {
  const key = keyOf(uscc);
  const prefix = prefixOf(key);
  const rows = await read<LeafRow>({ text: LEAVES, values: [[prefix]] });
  const { siblings, beside } = pathBelow(key, leavesBy(rows).get(prefix) ?? [], KEPT_BITS);
  const depths = [20, 16, 12, 8, 4, 0];
  const above = (depth: number) => prefix >>> (KEPT_BITS - depth);
  const tiles = await read<TileRow>({ text: TILES, values: [depths, depths.map(above)] });
  for (const depth of depths) {
    const tile = tiles.find((row) => row.depth === depth);
    const levels = levelsOf(tile ? childrenIn(tile) : [], depth);
    const place = above(depth + STEP) % WIDTH;
    for (let level = STEP; level > 0; level--) siblings.push(levels[level]?.[(place >> (STEP - level)) ^ 1] as Buffer);
  }
  return { siblings, beside };
}
