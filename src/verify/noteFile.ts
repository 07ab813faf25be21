/**
 * The notes of a witness as they lie in a file: JSON Lines of `{"note": ...}`, or one note as it is. Read line by line, because
 * a file of some months is longer than a string may be; up to where it ended when it was opened.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const CHUNK_BYTES = 1 << 20;
const NEWLINE = 0x0a;

/** Opens the file at once, and reads it once, as it is walked through. @throws Error where it is neither */
export function notesInFile(file: string): Iterable<string> {
  const handle = openSync(file, 'r');
  const { size } = fstatSync(handle);
  return notesOf(linesOf(handle, size));
}

function* notesOf(lines: Iterable<Line>): Generator<string, void, void> {
  let at = 0;
  let whole = null as string | null;
  for (const { text, ended } of lines) {
    at++;
    if (whole === null && at === 1 && !text.trimStart().startsWith('{')) whole = '';
    if (whole !== null) {
      whole += ended ? `${text}\n` : text;
      continue;
    }
    if (text.trim() === '') continue;
    const note = noteIn(text);
    // The witness was writing it, or was killed over it: then it was never told as taken.
    if (note === null && !ended) return;
    if (note === null) throw new Error(`line ${at} holds no note`);
    yield note;
  }
  if (whole !== null) yield whole;
}

function noteIn(line: string): string | null {
  try {
    const { note } = JSON.parse(line) as { note?: unknown };
    return typeof note === 'string' ? note : null;
  } catch {
    return null;
  }
}

interface Line {
  readonly text: string;
  /** Whether its end is there. */
  readonly ended: boolean;
}

function* linesOf(handle: number, size: number): Generator<Line, void, void> {
  try {
    let rest = Buffer.alloc(0);
    for (let from = 0; from < size; ) {
      const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, size - from));
      const read = readSync(handle, chunk, 0, chunk.length, from);
      if (read === 0) break;
      from += read;
      const bytes = Buffer.concat([rest, chunk.subarray(0, read)]);
      let begins = 0;
      for (let ends = bytes.indexOf(NEWLINE); ends >= 0; ends = bytes.indexOf(NEWLINE, begins)) {
        yield { text: bytes.toString('utf8', begins, ends), ended: true };
        begins = ends + 1;
      }
      rest = bytes.subarray(begins);
    }
    if (rest.length > 0) yield { text: rest.toString('utf8'), ended: false };
  } finally {
    closeSync(handle);
  }
}
