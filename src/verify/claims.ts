/**
 * What was signed of the log: its checkpoints, and the notes that witnesses hold. Each is a claim that the first so many
 * leaves have a root; only claims signed by a key that is trusted count.
 */
import type { Client } from '../postgres.js';
import type { Findings } from './findings.js';
import { openKeyChain } from './keyChain.js';
import { openNote, type SealedTree, type VerifierKey } from './note.js';

/** Where a claim was found. */
export interface Source {
  readonly checkpoint?: number;
  readonly witness?: number;
}
export interface Claim extends Source {
  readonly size: number;
  readonly root: Buffer;
  /** In ms. */
  readonly time: number;
  /** What it says of the index over enterprises: `enterprises <count> <root>`; absent where it says nothing of it. */
  readonly enterprises?: string | undefined;
}
export interface Claims {
  /** Trusted ones, each size and root once, by size. */
  readonly trusted: readonly Claim[];
  /** Every trusted checkpoint by number, also those that say nothing new: they tell how far the log was when. */
  readonly seals: readonly Claim[];
  /** The newest row, trusted or not. */
  readonly newest: { readonly number: number; readonly size: number; readonly lastPlace: number } | null;
  /** Places of last leaves as columns tell them, by checkpoint. */
  readonly lastPlaces: readonly { readonly number: number; readonly size: number; readonly place: number }[];
  readonly checkpoints: number;
  /** Notes of witnesses, of archives among them. */
  readonly witnessed: number;
}
interface Row {
  readonly number: number;
  readonly size: number;
  readonly time: Date;
  readonly lastPlace: number;
  readonly root: Buffer;
  readonly note: string;
}

const CHECKPOINTS = 'select number, size, time, last_sequence as "lastPlace", root, note from audit_checkpoint order by number';
/** Clocks of processes that sign one after another may differ by so much. */
const CLOCKS_MS = 10_000;

export async function readClaims(
  client: Client,
  { keys, witnesses }: { keys: readonly VerifierKey[]; witnesses: Iterable<string> },
  findings: Findings,
): Promise<Claims> {
  const { rows } = await client.query<Row>(CHECKPOINTS);
  const seals: Claim[] = [];
  const chain = openKeyChain();
  let last: Claim | null = null;
  for (const row of rows) {
    const sealed = sealedOf(openNote(row.note, keys), { checkpoint: row.number }, findings, (keyIds, { size }) =>
      chain.follow(keyIds, { checkpoint: row.number, size }),
    );
    if (!sealed) continue;
    const enterprises = sealed.lines.find((line) => line.startsWith('enterprises '));
    const claim: Claim = { checkpoint: row.number, size: sealed.size, root: sealed.root, time: sealed.time.getTime(), enterprises };
    const wrong = [
      ...(row.size === sealed.size ? [] : [`size ${row.size} instead of ${sealed.size}`]),
      ...(row.root.equals(sealed.root) ? [] : ['another root']),
      ...(row.time.getTime() === claim.time ? [] : [`time ${row.time.toISOString()} instead of ${sealed.time.toISOString()}`]),
    ];
    if (wrong.length > 0) findings.add({ kind: 'EDITED', checkpoint: row.number, detail: `its columns do not say what its note says: ${wrong.join(', ')}` });
    if (last && (claim.size < last.size || claim.time < last.time - CLOCKS_MS))
      findings.add({ kind: 'REORDERED', checkpoint: row.number, detail: `its size or time lies before that of checkpoint ${last.checkpoint}` });
    last = claim;
    seals.push(claim);
  }
  const seen = new Set(seals.map(keyOf));
  const notes: Claim[] = [];
  let witnessed = 0;
  for (const note of witnesses) {
    const sealed = sealedOf(openNote(note, keys), { witness: ++witnessed }, findings, (keyIds, { size }) => chain.judge(keyIds, size));
    if (!sealed) continue;
    const claim = { witness: witnessed, size: sealed.size, root: sealed.root, time: sealed.time.getTime() };
    // Most say what a checkpoint says, too, and are not kept: a file of them is long.
    if (!seen.has(keyOf(claim))) notes.push(claim);
  }
  const newest = rows.at(-1);
  return {
    trusted: once([...seals, ...notes]),
    seals,
    newest: newest ? { number: newest.number, size: newest.size, lastPlace: newest.lastPlace } : null,
    lastPlaces: rows.map(({ number, size, lastPlace }) => ({ number, size, place: lastPlace })),
    checkpoints: rows.length,
    witnessed,
  };
}

/** What a note says where it can be believed; what is wrong with it is told otherwise. */
function sealedOf(
  opened: ReturnType<typeof openNote>,
  source: Source,
  findings: Findings,
  whyNot: (keyIds: readonly string[], sealed: SealedTree) => string | null,
): SealedTree | null {
  if (opened.state === 'SIGNED') {
    const why = whyNot(opened.keyIds, opened.sealed);
    if (why === null) return opened.sealed;
    findings.add({ kind: 'WRONGLY_SIGNED', ...source, detail: why });
    return null;
  }
  findings.add({ kind: opened.state, ...source, detail: opened.why });
  return null;
}

function once(claims: readonly Claim[]): Claim[] {
  const first = new Map<string, Claim>();
  for (const claim of claims) if (!first.has(keyOf(claim))) first.set(keyOf(claim), claim);
  return [...first.values()].sort((one, other) => one.size - other.size);
}

function keyOf({ size, root }: Claim): string {
  return `${size} ${root.toString('latin1')}`;
}
