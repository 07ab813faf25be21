/** Who signs checkpoints: an Ed25519 key in a file of its own, which no database role and no other process needs. */
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Checkpoint, checkpointText, type NoteKey, signNote, verifierKeyOf } from './note.js';

export interface Signer {
  readonly origin: string;
  /** The key that signs now, as it is handed to those who verify. */
  readonly verifierKey: string;
  sign(checkpoint: Omit<Checkpoint, 'origin'>): string;
  /** Signs a text that is no checkpoint; it MUST begin with a line that says what it is, and end with a newline. */
  signText(text: string): string;
}

/** The key in `file`, made there where there is none. */
export function openSigner({ file, origin }: { file: string; origin: string }): Signer {
  if (!existsSync(file)) writeNewKey(file);
  const key: NoteKey = { name: origin, secret: createPrivateKey(readFileSync(file, 'utf8')) };
  return {
    origin,
    verifierKey: verifierKeyOf(key),
    sign: (checkpoint) => signNote(checkpointText({ ...checkpoint, origin }), key),
    signText: (text) => signNote(text, key),
  };
}

function writeNewKey(file: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
  // Two processes that start together both rename; whoever reads later reads the same whole file.
  if (!existsSync(file)) renameSync(draft, file);
}
