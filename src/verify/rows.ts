/**
 * Rows of the log as they lie in the database, read by COPY in its binary form: lengths instead of escapes, so that nothing
 * is looked for byte by byte. One row is one view into what came in; nothing of it may be kept.
 */
import type { Client } from '../postgres.js';

/** Where the fields of a row lie in `bytes`. */
export interface RowView {
  bytes: Buffer;
  place: number;
  /** Microseconds since 1970. */
  micros: number;
  id: number;
  idEnd: number;
  /** -1 where it is null. */
  institution: number;
  institutionEnd: number;
  text: number;
  textEnd: number;
  hash: number;
  hashEnd: number;
}

/** What the driver calls of a statement that it runs; COPY to the client, which the driver passes on message by message. */
interface CopyOut {
  /** Set for the driver, which clears its time limit through it. */
  callback: (error: Error | null) => void;
  submit(connection: { query(text: string): void }): void;
  handleCopyData(message: { chunk: Buffer }): void;
  handleCommandComplete(): void;
  handleReadyForQuery(): void;
  handleError(error: Error): void;
}

const SIGNATURE_BYTES = 19;
const FIELDS = 6;
/** PostgreSQL counts from 2000-01-01. */
const EPOCH_MICROS = 946_684_800_000_000;

/** Rows from a place on of what is read from (no word of a caller's), in the order of places, at most so many. @returns how many there were */
export async function copyRows(client: Client, source: string, from: number, most: number, each: (row: RowView) => void): Promise<number> {
  const sql = `copy (select sequence, id, time, institution, entry, leaf_hash from ${source} where sequence >= ${BigInt(from)} order by sequence limit ${BigInt(most)}) to stdout (format binary)`;
  const row: RowView = {
    bytes: Buffer.alloc(0),
    place: 0,
    micros: 0,
    id: 0,
    idEnd: 0,
    institution: 0,
    institutionEnd: 0,
    text: 0,
    textEnd: 0,
    hash: 0,
    hashEnd: 0,
  };
  let count = 0;
  let failure: Error | null = null;
  await new Promise<void>((resolve, reject) => {
    const copy: CopyOut = {
      callback: (error) => (error ? reject(error) : resolve()),
      submit: (connection) => connection.query(sql),
      handleCopyData({ chunk }) {
        if (failure) return;
        // An error here must not be the socket's; what still comes is let go by.
        try {
          // Each row is a message of its own; the signature comes first, with the first of them or alone.
          const at = count === 0 && chunk.length >= SIGNATURE_BYTES && chunk.toString('latin1', 0, 6) === 'PGCOPY' ? SIGNATURE_BYTES : 0;
          if (!readRow(chunk, at, row)) return;
          count++;
          each(row);
        } catch (error) {
          failure = error as Error;
        }
      },
      handleCommandComplete: () => undefined,
      handleReadyForQuery: () => copy.callback(failure),
      handleError: (error) => copy.callback(error),
    };
    client.query(copy);
  });
  return count;
}

/** Reads the row at `at`; false where there is none. */
function readRow(bytes: Buffer, at: number, row: RowView): boolean {
  // Two bytes say how many fields; -1 ends it all.
  if (at + 2 > bytes.length || bytes.readInt16BE(at) !== FIELDS) return false;
  row.bytes = bytes;
  row.place = int64(bytes, at + 6);
  row.id = at + 18;
  row.idEnd = row.id + bytes.readInt32BE(row.id - 4);
  row.micros = int64(bytes, row.idEnd + 4) + EPOCH_MICROS;
  const institution = row.idEnd + 16;
  const length = bytes.readInt32BE(institution - 4);
  row.institution = length < 0 ? -1 : institution;
  row.institutionEnd = institution + Math.max(length, 0);
  row.text = row.institutionEnd + 4;
  row.textEnd = row.text + bytes.readInt32BE(row.text - 4);
  row.hash = row.textEnd + 4;
  row.hashEnd = row.hash + bytes.readInt32BE(row.hash - 4);
  return true;
}

/** Whole numbers below 2^53, as all that are met here. */
function int64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
}
