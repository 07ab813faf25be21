/**
 * The file that keeps a month of the log: its format and its reader. Pure but for the reading of the file.
 *
 * `audit-YYYY-MM.jsonl.gz` is gzip over UTF-8 lines, each a JSON object that ends with "\n". A month that was restored and then
 * got entries that had come late is written again as `audit-YYYY-MM.2.jsonl.gz` (3, 4 ...): the highest number counts, and
 * holds all that lower ones do. In this order:
 *
 * 1. One header: `{"kind":"zone-archive/1","month":"2026-04","origin":"zone.example/audit","hash":"SHA-256"}`.
 *    A month runs from midnight to midnight in Beijing by the time in the entry's id (UUID version 7).
 * 2. A line for each entry, by ascending leaf and by ascending place at once:
 *    `{"leaf":n,"sequence":n,"id":"...","time":"<ISO>","institution":"..."|null,"leafHash":"<hex>","entry":"<text>"}`.
 *    `entry` is the canonical JSON (RFC 8785) as one string; `leafHash` is SHA-256 over 0x00 and its UTF-8 bytes;
 *    `sequence` is the place in the table, `leaf` the number in the tree; id, time and institution repeat the entry's own.
 * 3. One end: `{"kind":"zone-archive-end/1","entries":n,"firstLeaf":n,"lastLeaf":n,"firstSequence":n,"lastSequence":n,
 *    "path":["<hex>"...],"checkpoint":"<signed note>"}`. Nothing follows it; a file without it is not whole.
 *
 * Inclusion: the checkpoint's size is N. The leaves of [0, N) that the file does not hold fall into gaps: before, between and
 * after its entries. Each gap is covered from left to right by the largest complete subtrees that fit and are aligned (RFC 6962:
 * 2^h leaves that begin at a multiple of 2^h); `path` has their hashes, in order over all gaps. Whoever goes through the lines
 * and the path from left to right gets the root in the checkpoint, which proves every line and, by what follows, that none
 * was put in; see archiveCheck.ts, which does it in the memory of a few hashes.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { Transform, type TransformCallback } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Fault } from '../faults.js';
import { leafHash } from './entry.js';

export const ARCHIVE_KIND = 'zone-archive/1';
export const ARCHIVE_END_KIND = 'zone-archive-end/1';

export interface ArchiveHeader {
  readonly kind: typeof ARCHIVE_KIND;
  /** `YYYY-MM`, in Beijing. */
  readonly month: string;
  readonly origin: string;
  readonly hash: string;
}
export interface ArchivedEntry {
  readonly leaf: number;
  readonly sequence: number;
  readonly id: string;
  readonly time: string;
  readonly institution: string | null;
  /** Hex. */
  readonly leafHash: string;
  /** Canonical JSON. */
  readonly entry: string;
}
export interface ArchiveEnd {
  readonly kind: typeof ARCHIVE_END_KIND;
  readonly entries: number;
  readonly firstLeaf: number;
  readonly lastLeaf: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Hashes of the subtrees that cover what the file does not hold, left to right; hex. */
  readonly path: readonly string[];
  readonly checkpoint: string;
}
export type ArchiveLine =
  | { readonly line: 'HEADER'; readonly header: ArchiveHeader }
  | { readonly line: 'ENTRY'; readonly entry: ArchivedEntry }
  | { readonly line: 'END'; readonly end: ArchiveEnd; readonly sha256: Buffer };

/**
 * The lines of a file, in order and each of its form: header, entries by ascending leaf and place whose hash is that of their
 * text, end. The SHA-256 of the file comes with its end. @throws Fault ARCHIVE_FAULTY saying in which line and how
 */
export async function* readArchive(file: string): AsyncGenerator<ArchiveLine> {
  const digest = createHash('sha256');
  const watched = new Transform({
    transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback) {
      digest.update(chunk);
      done(null, chunk);
    },
  });
  const source = createReadStream(file);
  const unzipped = createGunzip();
  source.on('error', (error) => unzipped.destroy(error));
  source.pipe(watched).pipe(unzipped);
  let number = 0;
  let last: ArchivedEntry | null = null;
  let ended: ArchiveEnd | null = null;
  const faulty = (what: string, cause?: unknown) => new Fault('ARCHIVE_FAULTY', { detail: `${basename(file)} ${number}: ${what}`, cause });
  try {
    for await (const text of linesOf(unzipped)) {
      number++;
      if (ended) throw faulty('a line after the end');
      const line = parse(text);
      if (number === 1) {
        if (!isHeader(line)) throw faulty(`no header of ${ARCHIVE_KIND}`);
        yield { line: 'HEADER', header: line };
      } else if (isEnd(line)) {
        ended = line;
      } else {
        if (!isEntry(line)) throw faulty('no entry');
        if (last && (line.leaf <= last.leaf || line.sequence <= last.sequence)) throw faulty('out of order');
        if (leafHash(line.entry).toString('hex') !== line.leafHash) throw faulty('the entry is not what was hashed');
        last = line;
        yield { line: 'ENTRY', entry: line };
      }
    }
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw faulty((error as Error).message, error);
  } finally {
    source.destroy();
  }
  if (!ended) throw faulty('the file has no end');
  yield { line: 'END', end: ended, sha256: digest.digest() };
}

/** Errors of the stream come out of the loop over it; readline alone would pass over them. */
async function* linesOf(stream: NodeJS.ReadableStream): AsyncGenerator<string> {
  let failed: Error | null = null;
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  stream.on('error', (error: Error) => {
    failed = error;
    lines.close();
  });
  for await (const line of lines) {
    if (failed) break;
    yield line;
  }
  if (failed) throw failed;
}

function parse(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

const isWhole = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isHash = (value: unknown): boolean => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
type Parsed = Readonly<Record<string, unknown>> | null;

function isHeader(line: Parsed): line is Parsed & ArchiveHeader {
  return line?.kind === ARCHIVE_KIND && /^\d{4}-(0[1-9]|1[0-2])$/.test(String(line.month)) && typeof line.origin === 'string';
}
function isEntry(line: Parsed): line is Parsed & ArchivedEntry {
  if (!line || !isWhole(line.leaf) || !isWhole(line.sequence) || !isHash(line.leafHash)) return false;
  const named = typeof line.id === 'string' && (line.institution === null || typeof line.institution === 'string');
  return named && typeof line.entry === 'string' && !Number.isNaN(Date.parse(String(line.time)));
}
function isEnd(line: Parsed): line is Parsed & ArchiveEnd {
  if (line?.kind !== ARCHIVE_END_KIND || typeof line.checkpoint !== 'string') return false;
  const whole = [line.entries, line.firstLeaf, line.lastLeaf, line.firstSequence, line.lastSequence].every(isWhole);
  return whole && Array.isArray(line.path) && line.path.every(isHash);
}
