/**
 * Makes the file of a witness thinner: of each hour that lies more than a day before its newest checkpoint, only the newest
 * stays. MUST never lose the newest, though other processes write to the file meanwhile: whoever wrote looks whether the
 * file still bears the name, and what came into the old file while it was replaced is carried over here.
 */
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A draft that was left this long ago is of a process that was killed. */
const LEFT_MS = HOUR_MS;

/** @returns how many bytes are left. @throws Error where another process is at it */
export async function thinWitness(file: string): Promise<number> {
  const draft = `${file}.thinner`;
  const left = await stat(draft).catch(() => null);
  if (left && Date.now() - left.mtimeMs > LEFT_MS) await rm(draft, { force: true });
  // One process at a time has the draft, so that nobody else replaces the file that is read here.
  const made = await open(draft, 'wx', 0o644);
  try {
    const old = await open(file, 'r');
    try {
      const { size } = await old.stat();
      await writeThinner(file, size, made);
      await rename(draft, file);
      await carryOver(old, size, file);
      const folder = await open(dirname(file), 'r');
      await folder.sync().finally(() => folder.close());
      return (await stat(file)).size;
    } finally {
      await old.close();
    }
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  } finally {
    await made.close();
  }
}

async function writeThinner(file: string, size: number, made: FileHandle): Promise<void> {
  let newest = 0;
  for await (const line of linesOf(file, size)) newest = Math.max(newest, timeOf(line) ?? 0);
  let waiting: { readonly line: string; readonly hour: number } | null = null;
  for await (const line of linesOf(file, size)) {
    const time = timeOf(line);
    const hour = time !== null && time < newest - DAY_MS ? Math.floor(time / HOUR_MS) : null;
    // The newest of an hour is the last of it: it is written when another hour begins.
    if (waiting && waiting.hour !== hour) await made.write(`${waiting.line}\n`);
    waiting = hour === null ? null : { line, hour };
    if (hour === null) await made.write(`${line}\n`);
  }
  if (waiting) await made.write(`${waiting.line}\n`);
  await made.sync();
}

/** What was written to the file that bore the name until now. */
async function carryOver(old: FileHandle, from: number, file: string): Promise<void> {
  const { size } = await old.stat();
  if (size <= from) return;
  const { buffer, bytesRead } = await old.read(Buffer.alloc(size - from), 0, size - from, from);
  const late = buffer.subarray(0, bytesRead);
  const handle = await open(file, 'a');
  await handle.appendFile(late.subarray(0, late.lastIndexOf(0x0a) + 1));
  await handle.sync().finally(() => handle.close());
}

/** Whole lines among the first so many bytes; a witness ends each with a line feed before it tells that it is taken. */
async function* linesOf(file: string, size: number): AsyncGenerator<string, void, void> {
  if (size === 0) return;
  const input = createReadStream(file, { end: size - 1 });
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) if (line !== '') yield line;
}

/** When a line's checkpoint was signed, in ms; null where that cannot be read: such a line stays. */
function timeOf(line: string): number | null {
  try {
    const { note } = JSON.parse(line) as { note?: unknown };
    const [, written = ''] = /\ntime (\S+)\n/.exec(String(note)) ?? [];
    const time = Date.parse(written);
    return Number.isNaN(time) ? null : time;
  } catch {
    return null;
  }
}
