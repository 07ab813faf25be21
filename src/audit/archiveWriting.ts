/** Writes a month of the log into a file: from the rows as they stand, with their leaves as the tiles have them. */
import { once } from 'node:events';
import { closeSync, createWriteStream, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { createGzip } from 'node:zlib';
import { Fault } from '../faults.js';
import { ARCHIVE_END_KIND, ARCHIVE_KIND, type ArchivedEntry, type ArchiveEnd, type ArchiveHeader } from './archive.js';
import { HASH_ALGORITHM, HASH_BYTES, nodesOf, type Span, TILE_WIDTH } from './merkle.js';
import { hashesOf, type Reader } from './tiles.js';

/** Which entries a file is to hold: those with an id from the first to below the other. */
export interface MonthOfLog {
  /** `YYYY-MM`. */
  readonly month: string;
  readonly firstId: string;
  readonly beyond: string;
}

interface Row {
  readonly sequence: number;
  readonly id: string;
  readonly time: Date;
  readonly institution: string | null;
  readonly entry: string;
  readonly hash: string;
}
interface Block {
  readonly block: number;
  readonly first: number;
  readonly last: number;
  readonly hashes: Buffer;
}

const TOGETHER = 2_000;
const ROWS = `
select sequence, id, time, institution, entry, encode(leaf_hash, 'hex') as hash from audit_entry
where id >= $1 and id < $2 and sequence > $3 order by sequence limit ${TOGETHER}`;
const BLOCKS = `
select b.block, b.first_sequence as first, b.last_sequence as last, t.hashes from audit_block b join audit_tile t on t.level = 0 and t.tile = b.block
where b.last_sequence >= $1 and b.first_sequence <= $2 order by b.block`;
const COVERING = 'select size, note from audit_checkpoint where size > $1 order by size, number limit 1';

/**
 * Writes the file, whole or not at all, and durable when it is done.
 * @throws Fault ARCHIVE_REFUSED where an entry is not in the tree as it stands
 */
export async function writeArchive(parts: {
  readonly read: Reader;
  readonly month: MonthOfLog;
  readonly origin: string;
  readonly file: string;
  readonly onProgress?: (done: number) => void;
}): Promise<void> {
  const { file } = parts;
  mkdirSync(dirname(file), { recursive: true });
  rmSync(file, { force: true });
  const zip = createGzip({ level: 6 });
  const out = zip.pipe(createWriteStream(file, { mode: 0o640 }));
  const failed = new Promise<never>((_resolve, reject) => {
    out.once('error', reject);
    zip.once('error', reject);
  });
  failed.catch(() => undefined);
  const finished = new Promise<void>((resolve) => out.once('close', resolve));
  try {
    for await (const text of linesOf(parts)) if (!zip.write(text)) await Promise.race([once(zip, 'drain'), failed]);
    zip.end();
    await Promise.race([finished, failed]);
  } catch (error) {
    zip.destroy();
    out.destroy();
    rmSync(file, { force: true });
    throw error;
  }
  sync(file);
}

/** Gives a draft its name, durably. */
export function publishArchive(draft: string, file: string): void {
  renameSync(draft, file);
  sync(dirname(file));
}

function sync(path: string): void {
  const opened = openSync(path, 'r');
  try {
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
}

/** The text of the file, a page of entries at a time. */
async function* linesOf({ read, month, origin, onProgress }: Parameters<typeof writeArchive>[0]): AsyncGenerator<string> {
  const header: ArchiveHeader = { kind: ARCHIVE_KIND, month: month.month, origin, hash: HASH_ALGORITHM };
  yield `${JSON.stringify(header)}\n`;
  const gaps: { from: number; until: number }[] = [];
  let first = null as ArchivedEntry | null;
  let last = null as ArchivedEntry | null;
  let entries = 0;
  for (let after = 0; ; ) {
    const rows = await read<Row>({ text: ROWS, values: [month.firstId, month.beyond, after] });
    const page = await withLeaves(read, rows);
    for (const one of page) {
      const next: number = last === null ? 0 : last.leaf + 1;
      if (one.leaf < next) throw new Fault('ARCHIVE_REFUSED', { detail: `place ${one.sequence} is out of order` });
      if (one.leaf > next) gaps.push({ from: next, until: one.leaf });
      first ??= one;
      last = one;
    }
    entries += page.length;
    yield page.map((one) => `${JSON.stringify(one)}\n`).join('');
    onProgress?.(entries);
    if (rows.length < TOGETHER) break;
    after = (rows.at(-1) as Row).sequence;
  }
  if (!first || !last) throw new Fault('ARCHIVE_REFUSED', { detail: `${month.month}: no entries` });
  const [covering] = await read<{ size: number; note: string }>({ text: COVERING, values: [last.leaf] });
  if (!covering) throw new Fault('ARCHIVE_REFUSED', { detail: `${month.month}: no checkpoint covers it` });
  gaps.push({ from: last.leaf + 1, until: covering.size });
  const end: ArchiveEnd = {
    kind: ARCHIVE_END_KIND,
    entries,
    firstLeaf: first.leaf,
    lastLeaf: last.leaf,
    firstSequence: first.sequence,
    lastSequence: last.sequence,
    path: await pathOver(read, gaps),
    checkpoint: covering.note,
  };
  yield `${JSON.stringify(end)}\n`;
}

async function pathOver(read: Reader, gaps: readonly Span[]): Promise<string[]> {
  const nodes = gaps.flatMap(nodesOf).map(({ height, index }): Span => ({ from: index * 2 ** height, until: (index + 1) * 2 ** height }));
  const hashes: string[] = [];
  for (let at = 0; at < nodes.length; at += TOGETHER) {
    hashes.push(...(await hashesOf(read, nodes.slice(at, at + TOGETHER))).map((hash) => hash.toString('hex')));
  }
  return hashes;
}

/** Each row with its leaf: where its hash stands in the tile of its block. Counting places would not do, once months have left. */
async function withLeaves(read: Reader, rows: readonly Row[]): Promise<ArchivedEntry[]> {
  const [first, last] = [rows[0], rows.at(-1)];
  if (!first || !last) return [];
  const blocks = await read<Block>({ text: BLOCKS, values: [first.sequence, last.sequence] });
  let position = 0;
  let leaves = blocks[0] && leavesIn(blocks[0]);
  return rows.map(({ sequence, hash, entry, ...row }) => {
    while (position < blocks.length && (blocks[position] as Block).last < sequence) leaves = blocks[++position] && leavesIn(blocks[position] as Block);
    const leaf = leaves?.get(hash)?.shift();
    if (leaf === undefined) throw new Fault('ARCHIVE_REFUSED', { detail: `place ${sequence} does not stand in the tree as it is now` });
    return { leaf, sequence, id: row.id, time: row.time.toISOString(), institution: row.institution, leafHash: hash, entry };
  });
}

function leavesIn({ block, hashes }: Block): Map<string, number[]> {
  const leaves = new Map<string, number[]>();
  for (let at = 0; at < hashes.length; at += HASH_BYTES) {
    const hash = hashes.toString('hex', at, at + HASH_BYTES);
    leaves.set(hash, [...(leaves.get(hash) ?? []), block * TILE_WIDTH + at / HASH_BYTES]);
  }
  return leaves;
}

/** The name of the file of a month; of its second, third ... where it was written again. */
export function archiveName(month: string, ordinal: number): string {
  return `audit-${month}${ordinal > 1 ? `.${ordinal}` : ''}.jsonl.gz`;
}
