/**
 * CSV (RFC 4180) that no spreadsheet takes for formulas: what begins like one, also in full-width forms or after blanks, gets
 * an apostrophe in front; every cell is quoted.
 */
import { COLUMNS, rowOf } from './columns.js';
import type { ExportedEntry } from './source.js';

/** Tab, line ends, = + - @ and their full-width forms, behind whatever blanks a spreadsheet may pass over. */
const LIKE_A_FORMULA = /^[\s\p{Cc}\p{Cf}]*[=+\-@\uff1d\uff0b\uff0d\uff20\u2212]|^[\t\r\n]/u;
const BOM = '\ufeff';

export function csvCell(value: string): string {
  const safe = LIKE_A_FORMULA.test(value) ? `'${value}` : value;
  return `"${safe.replaceAll('"', '""')}"`;
}

const line = (cells: readonly string[]): string => `${cells.map(csvCell).join(',')}\r\n`;

/** Characters of a chunk, or one row where that is longer: what waits for a slow reader is small. */
const CHUNK = 64 * 1024;

function* chunksOf(lines: Iterable<string>): Generator<Buffer> {
  let chunk = '';
  for (const one of lines) {
    chunk += one;
    if (chunk.length < CHUNK) continue;
    yield Buffer.from(chunk);
    chunk = '';
  }
  if (chunk !== '') yield Buffer.from(chunk);
}

/** A byte order mark in front tells Excel that it is UTF-8. */
export async function* csvOf(pages: AsyncIterable<readonly ExportedEntry[]>, { bom }: { bom: boolean }): AsyncGenerator<Buffer> {
  yield Buffer.from(`${bom ? BOM : ''}${line(COLUMNS.map(({ title }) => title))}`);
  for await (const page of pages) yield* chunksOf(page.map((one) => line(rowOf(one))));
}

/** Canonical entries, one a line: what was hashed, so that whoever has proofs can check each. */
export async function* jsonLinesOf(pages: AsyncIterable<readonly ExportedEntry[]>): AsyncGenerator<Buffer> {
  for await (const page of pages) yield* chunksOf(page.map(({ text }) => `${text}\n`));
}
