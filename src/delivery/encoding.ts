/**
 * What a file is before it is believed: its digest, its kind by content, its encoding. Promises: bytes that are not wholly
 * of the encoding found or named are refused with the place, never replaced by U+FFFD; memory does not grow with the file.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import iconv from 'iconv-lite';
import { Fault } from '../faults.js';

export type Encoding = 'UTF-8' | 'GB18030';

const HEAD_BYTES = 65_536;
/** Three bytes that are one Chinese character in UTF-8: by chance they hardly ever occur in GB18030 from the start of a file on. */
const THREE_BYTES = /[\xE0-\xEF][\x80-\xBF]{2}/;

/** SHA-256 of the file, hexadecimal. */
export async function digestOf(path: string): Promise<string> {
  const digest = createHash('sha256');
  for await (const chunk of createReadStream(path)) digest.update(chunk as Buffer);
  return digest.digest('hex');
}

/** The first bytes of the file, at most 64 KiB. */
export async function headOf(path: string): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/**
 * Finds the encoding of a text file on its first bytes and verifies it on all of them.
 * @param named encoding that the mapping names; then it is only verified.
 * @throws Fault DELIVERY_REFUSED when the file is of neither encoding, or not of the one named.
 */
export async function verifiedEncoding(path: string, head: Buffer, named: Encoding | null): Promise<Encoding> {
  const file = basename(path);
  if (head.subarray(0, 2).equals(Buffer.from([0xff, 0xfe])) || head.subarray(0, 2).equals(Buffer.from([0xfe, 0xff]))) {
    throw new Fault('DELIVERY_REFUSED', { detail: `${file} is UTF-16; save it as UTF-8 or GB18030` });
  }
  if (head.includes(0)) throw new Fault('DELIVERY_REFUSED', { detail: `${file} holds NUL bytes and is no text; deliver CSV, JSON Lines or .xlsx` });

  const utf8Fault = named === 'GB18030' ? 0 : await faultOfUtf8(path);
  if (utf8Fault === null) return 'UTF-8';
  const isPlainlyUtf8 = utf8Fault > head.length && THREE_BYTES.test(head.toString('latin1'));
  if (named === 'UTF-8' || isPlainlyUtf8) {
    throw new Fault('DELIVERY_REFUSED', { detail: `${file} is UTF-8 but for a fault shortly before byte ${utf8Fault}; mend it there` });
  }
  const fault = await faultOfGb18030(path);
  if (fault === null) return 'GB18030';
  const tried = named === 'GB18030' ? 'is not GB18030' : `is neither UTF-8 (fault shortly before byte ${utf8Fault}) nor GB18030`;
  throw new Fault('DELIVERY_REFUSED', { detail: `${file} ${tried} (fault shortly before byte ${fault}); save it in one encoding` });
}

/** The characters of a file whose encoding was verified. A byte order mark stays for the reader to drop. */
export function textOf(path: string, encoding: Encoding): Readable {
  const bytes = createReadStream(path);
  if (encoding === 'UTF-8') return bytes.setEncoding('utf8');
  const decoder = iconv.decodeStream('gb18030');
  bytes.on('error', (error) => (decoder as unknown as Readable).destroy(error));
  return bytes.pipe(decoder) as unknown as Readable;
}

/** Where the file stops being UTF-8: the end of the chunk, in bytes; null when it never does. */
async function faultOfUtf8(path: string): Promise<number | null> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let position = 0;
  try {
    for await (const chunk of createReadStream(path)) {
      position += (chunk as Buffer).length;
      decoder.decode(chunk as Buffer, { stream: true });
    }
    decoder.decode();
    return null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_ENCODING_INVALID_ENCODED_DATA') throw error;
    return position;
  }
}

async function faultOfGb18030(path: string): Promise<number | null> {
  const decoder = iconv.getDecoder('gb18030');
  let position = 0;
  for await (const chunk of createReadStream(path)) {
    position += (chunk as Buffer).length;
    if (decoder.write(chunk as Buffer).includes('\uFFFD')) return position;
  }
  return decoder.end()?.includes('\uFFFD') ? position : null;
}
