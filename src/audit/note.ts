/** Checkpoints as signed notes (C2SP signed-note, tlog-checkpoint): pure, the format and nothing else. */
import { createHash, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { HASH_ALGORITHM, HASH_BYTES } from './merkle.js';

/** What a checkpoint says of the log. */
export interface Checkpoint {
  /** The log's name, such as `zone.example/audit`. */
  readonly origin: string;
  /** Leaves. */
  readonly size: number;
  readonly root: Buffer;
  readonly time: Date;
  /** More lines, such as the root over the enterprises; each `word value ...`. */
  readonly lines: readonly string[];
}
/** A key that signs, by the name under which its signatures stand. */
export interface NoteKey {
  readonly name: string;
  readonly secret: KeyObject;
}

/** Ed25519 in signed notes. */
const ED25519 = Buffer.from([1]);

/** The text that is signed: origin, size, root, then lines of our own. */
export function checkpointText({ origin, size, root, time, lines }: Checkpoint): string {
  return [origin, size, root.toString('base64'), `hash ${HASH_ALGORITHM}`, `time ${time.toISOString()}`, ...lines, ''].join('\n');
}

/** @param text ends with a newline @param others sign it too, as while a key takes over from another */
export function signNote(text: string, key: NoteKey, ...others: readonly NoteKey[]): string {
  const lines = [key, ...others].map(({ name, secret }) => {
    const signature = sign(null, Buffer.from(text, 'utf8'), secret);
    return `\u2014 ${name} ${Buffer.concat([keyIdOf(name, publicBytes(secret)), signature]).toString('base64')}\n`;
  });
  return `${text}\n${lines.join('')}`;
}

/** Ids (hex) of the keys whose signatures a note bears; nothing is said of whether they are right. */
export function keyIdsIn(note: string): string[] {
  return [...note.matchAll(/^\u2014 \S+ (\S+)$/gm)].map(([, signature]) =>
    Buffer.from(signature as string, 'base64')
      .subarray(0, 4)
      .toString('hex'),
  );
}

/** How large the tree of a note is, and its root; null where the text is no checkpoint. */
export function treeIn(note: string): { readonly size: number; readonly root: Buffer } | null {
  const [, size = '', root = ''] = note.split('\n');
  const bytes = Buffer.from(root, 'base64');
  return /^(0|[1-9]\d{0,15})$/.test(size) && bytes.length === HASH_BYTES ? { size: Number(size), root: bytes } : null;
}

/** The id (hex) under which a key's signatures stand. */
export function idOfKey({ name, secret }: NoteKey): string {
  return keyIdOf(name, publicBytes(secret)).toString('hex');
}

/** What is handed to those who verify: `name+keyid+key`. */
export function verifierKeyOf({ name, secret }: NoteKey): string {
  const bytes = publicBytes(secret);
  return `${name}+${keyIdOf(name, bytes).toString('hex')}+${Buffer.concat([ED25519, bytes]).toString('base64')}`;
}

/** Four bytes that tell keys of one name apart. */
export function keyIdOf(name: string, publicKey: Buffer): Buffer {
  return createHash('sha256').update(`${name}\n`).update(ED25519).update(publicKey).digest().subarray(0, 4);
}

/** The 32 bytes of an Ed25519 public key: they end its DER form. */
function publicBytes(secret: KeyObject): Buffer {
  return createPublicKey(secret).export({ format: 'der', type: 'spki' }).subarray(-32);
}
