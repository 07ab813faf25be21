/**
 * Signed notes and checkpoints as whoever verifies reads them: C2SP signed-note and tlog-checkpoint, from their texts; Ed25519
 * only. All that is signed is read here, and nothing of those who write it is used.
 */
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';

/** A key that was handed over: `name+keyid+base64`. */
export interface VerifierKey {
  readonly name: string;
  /** Eight hexadecimal digits. */
  readonly id: string;
  readonly key: KeyObject;
}
/** What a checkpoint says. */
export interface SealedTree {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
  readonly time: Date;
  /** Further lines, each `word value ...`. */
  readonly lines: readonly string[];
}
/** A note of any text; its text ends with a newline. */
export type SignedText =
  | { readonly state: 'SIGNED'; readonly text: string; readonly signers: readonly VerifierKey[] }
  /** None of the keys is among those that it names as its signers. */
  | { readonly state: 'UNKNOWN_KEY'; readonly text: string; readonly names: readonly string[] }
  /** A key is named whose signature this is not. */
  | { readonly state: 'WRONGLY_SIGNED'; readonly text: string; readonly key: VerifierKey }
  | { readonly state: 'UNREADABLE'; readonly why: string };
export type Opened =
  | { readonly state: 'SIGNED'; readonly sealed: SealedTree; readonly keyIds: readonly string[] }
  | { readonly state: 'WRONGLY_SIGNED'; readonly sealed: SealedTree; readonly why: string }
  | { readonly state: 'UNREADABLE'; readonly why: string };

const ED25519 = 1;
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const SIGNED_BY = /^\u2014 (\S+) ([A-Za-z0-9+/]+={0,2})$/;

/** Keys, one a line; empty lines and lines that begin with # say nothing. @throws Error that names the line that is no key */
export function parseKeys(text: string): VerifierKey[] {
  return text.split(/\r?\n/).flatMap((line, at): VerifierKey[] => {
    if (line.trim() === '' || line.startsWith('#')) return [];
    const [, name = '', id = '', encoded = ''] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/.exec(line.trim()) ?? [];
    const bytes = Buffer.from(encoded, 'base64');
    if (bytes.length !== KEY_BYTES + 1 || bytes[0] !== ED25519) throw new Error(`line ${at + 1} of the keys is no verifier key of Ed25519`);
    const expected = createHash('sha256').update(`${name}\n`).update(bytes).digest().subarray(0, 4).toString('hex');
    if (expected !== id) throw new Error(`line ${at + 1} of the keys: the key id is not that of the key`);
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: bytes.subarray(1).toString('base64url') }, format: 'jwk' });
    return [{ name, id, key }];
  });
}

/** Reads a note and checks its signatures: one of the keys MUST have signed, and none that is known may have signed wrongly. */
export function openSigned(note: string, keys: readonly VerifierKey[]): SignedText {
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || !note.endsWith('\n')) return { state: 'UNREADABLE', why: 'it is no signed note' };
  const text = note.slice(0, split + 1);
  const names: string[] = [];
  const signers: VerifierKey[] = [];
  for (const line of note.slice(split + 2, -1).split('\n')) {
    const [, name, encoded = ''] = SIGNED_BY.exec(line) ?? [];
    const bytes = Buffer.from(encoded, 'base64');
    if (!name || bytes.length < 5 || bytes.toString('base64') !== encoded) return { state: 'UNREADABLE', why: 'a line of signature is not of the form' };
    names.push(name);
    const id = bytes.subarray(0, 4).toString('hex');
    // A signature of a key that is not known says nothing.
    const known = keys.find((one) => one.id === id && one.name === name);
    if (!known) continue;
    const signature = bytes.subarray(4);
    if (signature.length !== SIGNATURE_BYTES || !verify(null, Buffer.from(text, 'utf8'), known.key, signature))
      return { state: 'WRONGLY_SIGNED', text, key: known };
    signers.push(known);
  }
  return signers.length > 0 ? { state: 'SIGNED', text, signers } : { state: 'UNKNOWN_KEY', text, names };
}

/** The checkpoint in a note. A note names its log first, and only a key of that name speaks for it. */
export function openNote(note: string, keys: readonly VerifierKey[]): Opened {
  const origin = note.slice(0, note.indexOf('\n'));
  const opened = openSigned(
    note,
    keys.filter(({ name }) => name === origin),
  );
  if (opened.state === 'UNREADABLE') return opened;
  const sealed = parseText(opened.text);
  if (typeof sealed === 'string') return { state: 'UNREADABLE', why: sealed };
  switch (opened.state) {
    case 'SIGNED':
      return { state: 'SIGNED', sealed, keyIds: opened.signers.map(({ id }) => id) };
    case 'WRONGLY_SIGNED':
      return { state: 'WRONGLY_SIGNED', sealed, why: `the signature of key ${opened.key.id} is not that of its text` };
    case 'UNKNOWN_KEY':
      return { state: 'WRONGLY_SIGNED', sealed, why: 'no key that is trusted has signed it' };
  }
}

/** The text of a checkpoint; a sentence where it is none. */
function parseText(text: string): SealedTree | string {
  const [origin = '', count = '', encoded = '', ...lines] = text.slice(0, -1).split('\n');
  const size = Number(count);
  const root = Buffer.from(encoded, 'base64');
  if (origin === '' || !/^(0|[1-9]\d*)$/.test(count) || !Number.isSafeInteger(size)) return 'its first lines are not those of a checkpoint';
  if (root.length !== 32 || root.toString('base64') !== encoded) return 'its root is no hash';
  const told = (word: string) => lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  if (told('hash').join() !== 'SHA-256') return 'its hash is not SHA-256';
  const written = told('time').join();
  const time = new Date(written);
  if (Number.isNaN(time.getTime()) || time.toISOString() !== written) return 'its time is none';
  return { origin, size, root, time, lines: lines.filter((line) => !/^(hash|time) /.test(line)) };
}
