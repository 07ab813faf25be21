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

export const toLine = ({ text, from, until }: Written) => `${from}|${until}|${text ?? '-'}`;

export const keptOf = ({ text, from, until }: Written): Kept => ({ text: text === null ? null : bytesOf(text), from, until });

/** Memory of its own: a slice of Node's pool would keep the pool alive. */
export function bytesOf(text: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  bytes.write(text);
  return bytes;
}

/** @returns undefined when the line is none of ours. */
export function fromLine(line: string | null): Kept | undefined {
  const found = line === null ? null : /^(\d{1,16})\|(\d{1,16})\|/.exec(line);
  if (!found || line === null) return undefined;
  const text = line.slice(found[0].length);
  // A text is an object or nothing; whatever else stands there is not ours.
  if (text !== '-' && !(text.startsWith('{') && text.endsWith('}'))) return undefined;
  return { text: text === '-' ? null : bytesOf(text), from: Number(found[1]), until: Number(found[2]) };
}
