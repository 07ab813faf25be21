/** A text of an enterprise as it is kept: its bytes in this process, a line of text in Redis: `from|until|text`, `-` for an unknown enterprise. */

export interface Kept {
  /** UTF-8; null where the zone holds no such enterprise. It goes out as it lies. */
  readonly text: Buffer | null;
  /** Between these times (ms, both inclusive) what it says of freshness holds. */
  readonly from: number;
  readonly until: number;
}

/** The same before it is kept. */
export type Written = Omit<Kept, 'text'> & { readonly text: string | null };

/** What was written as a line for Redis and as it is kept here, in the same memory. */
export function lineOf({ text, from, until }: Written): { readonly line: Buffer; readonly kept: Kept } {
  const head = `${from}|${until}|`;
  const line = bytesOf(`${head}${text ?? '-'}`);
  return { line, kept: { text: text === null ? null : line.subarray(head.length), from, until } };
}

/** Memory of its own: a slice of Node's pool would keep the pool alive. */
export function bytesOf(text: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  bytes.write(text);
  return bytes;
}

const HEAD = /^(\d{1,16})\|(\d{1,16})\|/;
const LONGEST_HEAD = 34;
const NONE = '-'.charCodeAt(0);
const OPENING = '{'.charCodeAt(0);
const CLOSING = '}'.charCodeAt(0);

/** @returns undefined when the line is none of ours. */
export function fromLine(line: Buffer | null): Kept | undefined {
  const found = line === null ? null : HEAD.exec(line.toString('latin1', 0, LONGEST_HEAD));
  if (!found || line === null) return undefined;
  const text = line.subarray(found[0].length);
  const [from, until] = [Number(found[1]), Number(found[2])];
  if (text.length === 1 && text[0] === NONE) return { text: null, from, until };
  // A text is an object or nothing; whatever else stands there is not ours.
  if (text[0] !== OPENING || text.at(-1) !== CLOSING) return undefined;
  // What came lies in one piece with all that came together.
  const own = Buffer.allocUnsafeSlow(text.length);
  text.copy(own);
  return { text: own, from, until };
}
