/**
 * Whether a file is the one that was exported: its note is signed by a key that the reader trusts, and its bytes have the
 * digest that the note tells. Takes nothing from the gateway: the formats are C2SP signed notes and the lines of `zone-export/1`.
 */
import { createHash, createPublicKey, verify } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';

export type ExportVerdict =
  | { readonly verdict: 'GOOD'; readonly signedBy: string; readonly says: Readonly<Record<string, string>> }
  /** The note is not of its form. */
  | { readonly verdict: 'NOT_A_NOTE'; readonly what: string }
  /** None of the keys signed it. */
  | { readonly verdict: 'UNKNOWN_KEY'; readonly names: readonly string[] }
  /** A key is named whose signature this is not: the note was changed, or the signature made up. */
  | { readonly verdict: 'WRONGLY_SIGNED'; readonly name: string }
  /** The note is good, and the file is another, or was changed. */
  | { readonly verdict: 'OTHER_FILE'; readonly told: string; readonly found: string };

const KIND = 'zone-export/1';
/** DER of an Ed25519 public key, up to its 32 bytes. */
const ED25519_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const WORDS = ['origin', 'export', 'entry', 'leaf', 'format', 'rows', 'bytes', 'sha256', 'time', 'archived', 'filter'];

/** @param keys path of a file of verifier keys, one `name+keyid+base64` a line */
export async function verifyExport({ file, note, keys }: { file: string; note: string; keys: string }): Promise<ExportVerdict> {
  const text = readFileSync(note, 'utf8');
  const border = text.lastIndexOf('\n\n');
  if (border < 0) return { verdict: 'NOT_A_NOTE', what: 'no signatures' };
  const signed = text.slice(0, border + 1);
  const signatures = text
    .slice(border + 2)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => /^\u2014 (\S+) ([A-Za-z0-9+/]+={0,2})$/.exec(line));
  if (signatures.length === 0 || signatures.some((match) => match === null)) return { verdict: 'NOT_A_NOTE', what: 'a signature is not of its form' };
  const trusted = keysIn(readFileSync(keys, 'utf8'));
  let signedBy: string | null = null;
  for (const match of signatures) {
    const [, name = '', base64 = ''] = match as RegExpExecArray;
    const bytes = Buffer.from(base64, 'base64');
    const key = trusted.find((one) => one.name === name && one.id === bytes.toString('hex', 0, 4));
    // A signature of a key that is not known says nothing.
    if (!key) continue;
    if (bytes.length !== 68 || !verify(null, Buffer.from(signed), key.key, bytes.subarray(4))) return { verdict: 'WRONGLY_SIGNED', name };
    signedBy = `${name}+${key.id}`;
  }
  if (signedBy === null) return { verdict: 'UNKNOWN_KEY', names: signatures.map((match) => match?.[1] ?? '') };
  const says = wordsIn(signed);
  if (typeof says === 'string') return { verdict: 'NOT_A_NOTE', what: says };
  const { sha256, bytes } = await digestOf(file);
  if (sha256 !== says.sha256 || String(bytes) !== says.bytes) return { verdict: 'OTHER_FILE', told: says.sha256 ?? '', found: sha256 };
  return { verdict: 'GOOD', signedBy, says };
}

interface TrustedKey {
  readonly name: string;
  readonly id: string;
  readonly key: ReturnType<typeof createPublicKey>;
}

/** Keys whose id is that of their name and bytes; others are passed over, so that they verify nothing. */
function keysIn(text: string): TrustedKey[] {
  return text.split('\n').flatMap((line) => {
    const [, name = '', id = '', base64 = ''] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/.exec(line.trim()) ?? [];
    const bytes = Buffer.from(base64, 'base64');
    if (bytes.length !== 33 || bytes[0] !== 1) return [];
    const own = createHash('sha256').update(`${name}\n`).update(bytes).digest('hex').slice(0, 8);
    if (own !== id) return [];
    return [{ name, id, key: createPublicKey({ key: Buffer.concat([ED25519_PREFIX, bytes.subarray(1)]), format: 'der', type: 'spki' }) }];
  });
}

/** The lines by their words; or what is wrong with them. */
function wordsIn(signed: string): Readonly<Record<string, string>> | string {
  const [kind, ...lines] = signed.trimEnd().split('\n');
  if (kind !== KIND) return `no note of ${KIND}`;
  if (lines.length !== WORDS.length || lines.some((line, position) => !line.startsWith(`${WORDS[position]} `))) return 'its lines are not those of an export';
  return Object.fromEntries(lines.map((line, position) => [WORDS[position], line.slice((WORDS[position]?.length ?? 0) + 1)]));
}

async function digestOf(file: string): Promise<{ sha256: string; bytes: number }> {
  const digest = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(file)) {
    digest.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  return { sha256: digest.digest('hex'), bytes };
}
