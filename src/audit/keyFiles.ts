/**
 * Keys of the log in files: the one that signs; those that signed before it, until a checkpoint bears both; and beside
 * them `keys.txt`, the verifier keys of all that ever signed, which is what is handed out.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { idOfKey, type NoteKey, verifierKeyOf } from './note.js';

export interface KeyFiles {
  /** The key that signs now, and those that it takes over from; read again whenever a file is another. */
  read(): { readonly signing: NoteKey; readonly leaving: readonly NoteKey[] };
  /** Those that it took over from are no longer needed: a checkpoint bears both signatures. */
  forgetLeaving(): void;
  /** A new key signs from now on, in every process that reads these files. */
  rotate(): { readonly signing: string; readonly leaving: string };
  /** Verifier keys as they are handed out, one a line. */
  verifiers(): string[];
}

const PEM = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/g;

/** @param file the key that signs; made where there is none @param origin the log's name */
export function openKeyFiles({ file, origin }: { file: string; origin: string }): KeyFiles {
  const leavingFile = `${file}.leaving`;
  const verifierFile = join(dirname(file), 'keys.txt');
  const named = (secret: KeyObject): NoteKey => ({ name: origin, secret });
  const verifiers = () => (existsSync(verifierFile) ? readFileSync(verifierFile, 'utf8').split('\n').filter(Boolean) : []);
  const publish = (key: NoteKey): void => {
    const known = verifiers();
    if (!known.includes(verifierKeyOf(key))) replace(verifierFile, `${[...known, verifierKeyOf(key)].join('\n')}\n`, 0o644);
  };
  const leavingPem = () => (existsSync(leavingFile) ? readFileSync(leavingFile, 'utf8') : '');

  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true });
    const draft = drafted(file, newKeyPem(), 0o600);
    // Two processes that start together both rename; whoever reads later reads the same whole file.
    if (!existsSync(file)) renameSync(draft, file);
    else rmSync(draft);
  }
  // Once there is a list, only a rotation adds to it: a key that was put in place by hand is to be noticed.
  if (!existsSync(verifierFile)) publish(named(createPrivateKey(readFileSync(file, 'utf8'))));

  let held: { stamp: string; signing: NoteKey; leaving: NoteKey[] } | null = null;
  const read = () => {
    const stamp = `${stampOf(file)} ${stampOf(leavingFile)}`;
    if (held?.stamp === stamp) return held;
    const signing = named(createPrivateKey(readFileSync(file, 'utf8')));
    const leaving = (leavingPem().match(PEM) ?? []).map((pem) => named(createPrivateKey(pem)));
    return (held = { stamp, signing, leaving: leaving.filter((key) => idOfKey(key) !== idOfKey(signing)) });
  };
  return {
    read,
    verifiers,
    forgetLeaving: () => rmSync(leavingFile, { force: true }),
    rotate() {
      const old = readFileSync(file, 'utf8');
      const fresh = newKeyPem();
      const [signing, leaving] = [fresh, old].map((pem) => verifierKeyOf(named(createPrivateKey(pem)))) as [string, string];
      // Whoever verifies knows the new key before it signs, and the old one is kept before another takes its place.
      publish(named(createPrivateKey(fresh)));
      replace(leavingFile, `${leavingPem()}${old}`, 0o600);
      replace(file, fresh, 0o600);
      return { signing, leaving };
    },
  };
}

function newKeyPem(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
}

function stampOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  return found ? `${found.ino}.${found.mtimeMs}` : '-';
}

function replace(file: string, text: string, mode: number): void {
  renameSync(drafted(file, text, mode), file);
}

function drafted(file: string, text: string, mode: number): string {
  const draft = `${file}.${process.pid}.${crypto.randomUUID().slice(0, 8)}`;
  writeFileSync(draft, text, { mode });
  return draft;
}
