/** Streams rows into a table through COPY. Promises: bounded memory whatever the number of rows; knows no table. */
import { once } from 'node:events';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

const CHUNK_BYTES = 256 * 1024;
/** UTF-8 needs no more for a character of JavaScript's strings. */
const MOST_BYTES = 3;

/** Takes lines in COPY's text form, each with its line feed; a promise MUST be awaited before much more is written. */
export type WriteLine = (line: string) => Promise<void> | undefined;

/**
 * Copies what `fill` writes. Where it fails the COPY is broken off, so that the transaction can be rolled back at once.
 * @throws what `fill` threw, or the server's error.
 */
export async function copyInto(client: pg.PoolClient, target: string, fill: (write: WriteLine) => Promise<void>): Promise<void> {
  await copyBytes(client, target, async (send) => {
    let chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let filled = 0;
    const flush = () => {
      const full = chunk.subarray(0, filled);
      // The stream still reads the old one.
      chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      filled = 0;
      return send(full);
    };
    await fill((line) => {
      // Line by line: most hold nothing but ASCII, and only such are encoded at the speed of copying.
      if (line.length * MOST_BYTES > CHUNK_BYTES) return flush().then(() => send(Buffer.from(line, 'utf8')));
      const waiting = line.length * MOST_BYTES > CHUNK_BYTES - filled ? flush() : undefined;
      filled += chunk.write(line, filled, 'utf8');
      return waiting;
    });
    if (filled > 0) await flush();
  });
}

/** The same for bytes that are in `form` already. */
export async function copyBytes(
  client: pg.PoolClient,
  target: string,
  fill: (send: (bytes: Uint8Array) => Promise<void>) => Promise<void>,
  form: 'text' | 'binary' = 'text',
): Promise<void> {
  const stream = client.query(copyFrom(`copy ${target} from stdin (format ${form})`));
  let failure: Error | undefined;
  const ended = once(stream, 'finish').catch((error: Error) => {
    failure = error;
  });
  try {
    await fill(async (bytes) => {
      if (failure) throw failure;
      if (!stream.write(bytes)) await Promise.race([once(stream, 'drain'), ended]);
      if (failure) throw failure;
    });
  } catch (error) {
    stream.destroy(error as Error);
    await ended;
    throw error;
  }
  stream.end();
  await ended;
  if (failure) throw failure;
}

/** A text as a field of COPY. */
export function field(text: string | null): string {
  if (text === null) return '\\N';
  return /[\\\n\r\t]/.test(text) ? text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t') : text;
}

/** A `text[]` as a field of COPY. */
export function arrayField(texts: readonly string[]): string {
  return field(`{${texts.map((text) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`).join(',')}}`);
}
