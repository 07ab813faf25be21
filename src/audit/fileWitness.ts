/**
 * A witness in a file: one checkpoint a line, each on the disk before the next is taken. MUST refuse a checkpoint that the
 * last one it holds does not begin: then the log was cut, forked or rewritten.
 */
import { mkdirSync } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Fault } from '../faults.js';
import { isBeginning } from './consistency.js';
import { treeIn } from './note.js';
import type { KeptCheckpoint, Proofs } from './proofs.js';
import { thinWitness } from './thinWitness.js';
import { Refusal, type Witness } from './witness.js';

/** The last line of a file lies in so many bytes; a note has a few hundred. */
const TAIL_BYTES = 64 * 1024;

/** From here on the file is made thinner, and again whenever it is twice as long as that left it. */
const LONG_BYTES = 64 * 1024 * 1024;

export function openFileWitness({ file, proofs, longBytes = LONG_BYTES }: { file: string; proofs: Proofs; longBytes?: number }): Witness {
  let thinAt = longBytes;
  return { name: 'file', take };

  async function take(newest: KeptCheckpoint): Promise<void> {
    while (!(await isTaken(newest))) {
      // Another process has written meanwhile, or has put a thinner file in its place, which is to hold it, too.
    }
    if ((await stat(file)).size < thinAt) return;
    // A file that cannot be replaced, as on a medium that is written once, holds all the same.
    const left = await thinWitness(file).catch(() => thinAt);
    thinAt = Math.max(longBytes, 2 * left);
  }

  /** @returns whether it is in the file that bears the name; otherwise it is to be tried again */
  async function isTaken({ size, root, note }: KeptCheckpoint): Promise<boolean> {
    mkdirSync(dirname(file), { recursive: true });
    const handle = await open(file, 'a+', 0o644);
    try {
      const held = await lastIn(handle);
      if (held?.note === note) return true;
      if (held) await compare(held.note, { size, root });
      // What was written in between is of another process: the next turn compares with it.
      if ((await lastIn(handle))?.note !== held?.note) return false;
      await handle.appendFile(`${JSON.stringify({ note })}\n`);
      await handle.sync();
      return (await handle.stat()).ino === (await stat(file).catch(() => null))?.ino;
    } finally {
      await handle.close();
    }
  }

  /** @throws Refusal */
  async function compare(held: string, newer: Pick<KeptCheckpoint, 'size' | 'root'>): Promise<void> {
    const older = treeIn(held);
    if (!older) throw new Refusal('its last line is no checkpoint');
    if (newer.size < older.size) throw new Refusal(`it holds a checkpoint of ${older.size} entries, and this one has ${newer.size}`);
    const path = await proofs.pathBetween(older.size, newer.size).catch((error: unknown) => {
      // A database that cannot be reached says nothing about the log; one that answers and has no proof does.
      if (error instanceof Fault) throw error;
      throw new Refusal(`nothing proves that the checkpoint of ${older.size} entries that it holds begins this one of ${newer.size}`);
    });
    if (!isBeginning(older, newer, path)) throw new Refusal(`the checkpoint of ${older.size} entries that it holds does not begin this one of ${newer.size}`);
  }
}

/** The last whole line; a line that a kill cut short is taken away, for it was never told as taken. */
async function lastIn(handle: FileHandle): Promise<{ note: string } | null> {
  const { size } = await handle.stat();
  const from = Math.max(0, size - TAIL_BYTES);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - from), 0, size - from, from);
  const text = buffer.subarray(0, bytesRead);
  const whole = text.lastIndexOf(0x0a) + 1;
  if (whole < text.length) await handle.truncate(from + whole);
  const line = text.subarray(0, whole).toString('utf8').trimEnd().split('\n').at(-1);
  if (!line) return null;
  try {
    const { note } = JSON.parse(line) as { note?: unknown };
    if (typeof note === 'string') return { note };
  } catch {
    // Told below: a witness whose memory is spoiled must not begin anew in silence.
  }
  throw new Refusal('its last line is no checkpoint');
}
