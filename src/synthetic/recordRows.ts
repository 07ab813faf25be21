/**
 * Rows of the table `record` in COPY's binary form: no sign to escape, no time to write out and to read again. Promises: bytes
 * leave in pieces of bounded size.
 */

/** What is the same in all rows of a category. */
export interface Opened {
  readonly id: number;
  readonly generation: number;
  readonly delivery: number;
}
export interface RecordRow {
  readonly uscc: string;
  readonly payload: string;
  /** Days since 1970 with a fraction. */
  readonly dataTime: number;
  readonly receivedAt: number;
}
/** Takes a piece; a promise MUST be awaited before much more is written. The piece is the taker's. */
export type Take = (bytes: Uint8Array<ArrayBuffer>) => Promise<void> | undefined;
export interface RecordRows {
  /** A promise MUST be awaited before much more is written. */
  write(opened: Opened, row: RecordRow): Promise<void> | undefined;
  end(): Promise<void> | undefined;
}

export const RECORD_COLUMNS = 'record (uscc, category, payload, data_time, received_at, delivery, version)';
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const COLUMNS = 7;
const PIECE_BYTES = 256 * 1024;
/** All columns but the payload, with the length of each. */
const FIXED_BYTES = 100;
const MOST_BYTES = 3;
const DAY_SECONDS = 86_400;
const DAY_OF_2000 = 10_957;
const WORD = 2 ** 32;

export function openRecordRows(take: Take): RecordRows {
  let piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
  let at = SIGNATURE.copy(piece);

  const flush = (room: number) => {
    const full = piece.subarray(0, at) as Buffer<ArrayBuffer>;
    piece = Buffer.allocUnsafeSlow(Math.max(PIECE_BYTES, room));
    at = 0;
    return take(full);
  };
  const number = (value: number) => {
    at = piece.writeInt32BE(8, at);
    at = piece.writeInt32BE(Math.floor(value / WORD), at);
    at = piece.writeUInt32BE(value % WORD, at);
  };
  return {
    write({ id, generation, delivery }, { uscc, payload, dataTime, receivedAt }) {
      const room = payload.length * MOST_BYTES + FIXED_BYTES;
      const waiting = room > piece.length - at ? flush(room) : undefined;
      at = piece.writeInt16BE(COLUMNS, at);
      at = piece.writeInt32BE(uscc.length, at);
      at += piece.write(uscc, at, 'latin1');
      at = piece.writeInt32BE(2, at);
      at = piece.writeInt16BE(id, at);
      const length = piece.write(payload, at + 4, 'utf8');
      at = piece.writeInt32BE(length, at) + length;
      number(microseconds(dataTime));
      number(microseconds(receivedAt));
      number(delivery);
      number(generation);
      return waiting;
    },
    end() {
      const waiting = 2 > piece.length - at ? flush(0) : undefined;
      at = piece.writeInt16BE(-1, at);
      return waiting ? waiting.then(() => flush(0)) : flush(0);
    },
  };
}

/** Since 2000, as PostgreSQL counts; whole seconds, and none of the next day. */
function microseconds(moment: number): number {
  const day = Math.floor(moment);
  const second = Math.min(DAY_SECONDS - 1, Math.round((moment - day) * DAY_SECONDS));
  return ((day - DAY_OF_2000) * DAY_SECONDS + second) * 1e6;
}
