/**
 * Whether a file is the one that was exported: its note is signed by a key that the reader trusts, and its bytes have the
 * digest that the note tells. Takes nothing from the gateway: the formats are C2SP signed notes and the lines of `zone-export/1`.
 */
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { openSigned, parseKeys } from './note.js';

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
const WORDS = ['origin', 'export', 'entry', 'leaf', 'format', 'rows', 'bytes', 'sha256', 'time', 'archived', 'filter'];

/** @param keys path of a file of verifier keys, one `name+keyid+base64` a line */
export async function verifyExport({ file, note, keys }: { file: string; note: string; keys: string }): Promise<ExportVerdict> {
  const opened = openSigned(readFileSync(note, 'utf8'), parseKeys(readFileSync(keys, 'utf8')));
  if (opened.state === 'UNREADABLE') return { verdict: 'NOT_A_NOTE', what: opened.why };
  if (opened.state === 'WRONGLY_SIGNED') return { verdict: 'WRONGLY_SIGNED', name: opened.key.name };
  if (opened.state === 'UNKNOWN_KEY') return { verdict: 'UNKNOWN_KEY', names: opened.names };
  const [signer] = opened.signers;
  const signedBy = `${signer?.name}+${signer?.id}`;
  const says = wordsIn(opened.text);
  if (typeof says === 'string') return { verdict: 'NOT_A_NOTE', what: says };
  const { sha256, bytes } = await digestOf(file);
  if (sha256 !== says.sha256 || String(bytes) !== says.bytes) return { verdict: 'OTHER_FILE', told: says.sha256 ?? '', found: sha256 };
  return { verdict: 'GOOD', signedBy, says };
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
