/** A signed note as whoever verifies reads it (C2SP signed-note, Ed25519): nothing of those who write it is used here. */
import { createHash, createPublicKey, verify } from 'node:crypto';

export interface ReadCheckpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
  /** When it was signed, as it says. */
  readonly time: string | null;
  /** All lines after the root. */
  readonly lines: readonly string[];
}
interface VerifierKey {
  readonly name: string;
  readonly id: Buffer;
  readonly publicKey: Buffer;
}

/** DER of an Ed25519 public key, before its 32 bytes. */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

/** Verifier keys, one a line. @throws Error where a line is none */
export function readKeys(text: string): readonly VerifierKey[] {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '' && !line.startsWith('#')).map(keyIn);
}

function keyIn(line: string): VerifierKey {
  const [, name = '', id = '', encoded = ''] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(line) ?? [];
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.length !== 33 || bytes[0] !== 1) throw new Error(`not a verifier key (Ed25519): ${line.slice(0, 80)}`);
  const known = createHash('sha256').update(`${name}\n`).update(bytes).digest().subarray(0, 4);
  if (known.toString('hex') !== id) throw new Error(`the id of the verifier key ${name} does not fit it`);
  return { name, id: known, publicKey: bytes.subarray(1) };
}

/** The checkpoint in a note. @throws Error where it is of no such form, or none of the keys signed it */
export function readNote(note: string, keys: readonly VerifierKey[]): ReadCheckpoint {
  const end = note.indexOf('\n\n');
  if (end === -1) throw new Error('the checkpoint is no signed note');
  const text = note.slice(0, end + 1);
  const [origin = '', size = '', root = '', ...lines] = text.slice(0, -1).split('\n');
  const signatures = note.slice(end + 2).split('\n');
  // A key signs for the log that bears its name; other signatures are of witnesses.
  const signed = keys.some((key) => key.name === origin && signatures.some((line) => isSignedBy(line, key, text)));
  if (!signed) throw new Error('no signature of the checkpoint is by a key that was given');
  if (!/^(0|[1-9]\d{0,14})$/.test(size) || Buffer.from(root, 'base64').length !== 32) throw new Error('the checkpoint is of no known form');
  const time = lines.find((line) => line.startsWith('time '))?.slice(5) ?? null;
  return { origin, size: Number(size), root: Buffer.from(root, 'base64'), time, lines };
}

function isSignedBy(line: string, { name, id, publicKey }: VerifierKey, text: string): boolean {
  const [, signer, encoded = ''] = /^\u2014 (\S+) (\S+)$/.exec(line) ?? [];
  const bytes = Buffer.from(encoded, 'base64');
  if (signer !== name || bytes.length !== 68 || !bytes.subarray(0, 4).equals(id)) return false;
  const key = createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: 'der', type: 'spki' });
  return verify(null, Buffer.from(text, 'utf8'), key, bytes.subarray(4));
}
