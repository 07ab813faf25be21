/**
 * Makes the chains of all enterprises and the tree over them anew from the entries of the log, as the format says, and holds
 * them against what a checkpoint carries. Together with the statement's own proof: what an enterprise is shown is all there is.
 */
import { canonicalOf } from './canonical.js';
import type { Fields } from './statementFile.js';
import {
  bitAt,
  bottomHash,
  chainWith,
  dayOfTime,
  EMPTY_AT,
  EMPTY_CHAIN,
  itemDigest,
  leafOf,
  nodeOver,
  type ReadChain,
  sha256,
  TREE_DEPTH,
} from './subjectHashes.js';

/** An entry in the order of leaves. */
export interface EntryText {
  readonly leafHash: Buffer;
  readonly text: string;
}
export type SubjectsVerdict =
  | { readonly ok: true; readonly enterprises: number; readonly items: number }
  | { readonly ok: false; readonly expected: string; readonly found: string };

/** What is kept of entries met so far. */
export interface SubjectChains {
  add(entry: EntryText): void;
  /** The line that a checkpoint over these entries carries: `enterprises <count> <root>`. */
  line(): string;
  readonly enterprises: number;
  readonly items: number;
}

/** @param expected the checkpoint's `enterprises` line */
export async function verifySubjects(entries: AsyncIterable<EntryText>, expected: string): Promise<SubjectsVerdict> {
  const chains = openSubjectChains();
  for await (const entry of entries) chains.add(entry);
  const found = chains.line();
  return found === expected ? { ok: true, enterprises: chains.enterprises, items: chains.items } : { ok: false, expected, found };
}

/** To be used where entries come from a loop that does more with them; several checkpoints can be asked on the way. */
export function openSubjectChains(): SubjectChains {
  const chains = new Map<string, ReadChain>();
  let items = 0;
  return {
    add({ leafHash, text }) {
      for (const { uscc, time, extract } of extractsIn(text, leafHash)) {
        const known = chains.get(uscc) ?? EMPTY_CHAIN;
        chains.set(uscc, chainWith(known, Math.max(known.day, dayOfTime(time)), itemDigest(time, sha256(extract))));
        items++;
      }
    },
    line() {
      const leaves = [...chains].map(([uscc, chain]) => leafOf(sha256(uscc), chain)).sort(Buffer.compare);
      return `enterprises ${chains.size} ${rootOver(leaves, 0).toString('base64')}`;
    },
    get enterprises() {
      return chains.size;
    },
    get items() {
      return items;
    },
  };
}

/** The node over leaves that share the bits above a depth, sorted. */
function rootOver(leaves: readonly Buffer[], depth: number): Buffer {
  if (leaves.length === 0) return EMPTY_AT[depth] as Buffer;
  if (depth === TREE_DEPTH) return bottomHash(leaves);
  const right = leaves.findIndex((leaf) => bitAt(leaf, depth) === 1);
  const middle = right === -1 ? leaves.length : right;
  return nodeOver(rootOver(leaves.slice(0, middle), depth + 1), rootOver(leaves.slice(middle), depth + 1));
}

/* ---- what an entry says of each enterprise ---- */

interface ReadExtract {
  readonly uscc: string;
  readonly time: number;
  readonly extract: string;
}

const CODE = /^[0-9A-Z]{18}$/;
const ID = /^[0-9a-f-]{36}$/;
/** What an extract takes from the entry as it is. */
const TAKEN = ['caseNumber', 'client', 'decidedAt', 'institution', 'operator', 'outcome', 'policyVersion', 'purpose', 'supersedes', 'time', 'v'] as const;

function extractsIn(text: string, leafHash: Buffer): ReadExtract[] {
  // Cheaper than reading the many entries that are about nobody's records.
  if (!text.includes('"reads":')) return [];
  try {
    const entry = JSON.parse(text) as Fields | null;
    return entry !== null && isOfTheForm(entry) ? extractsOf(entry, leafHash) : [];
  } catch {
    // What is no entry is about nobody; that it is none is told elsewhere.
    return [];
  }
}

function isOfTheForm({ v, id, time, reads, supersedes }: Fields): boolean {
  const at = typeof time === 'string' ? Date.parse(time) : Number.NaN;
  const identified = v === 1 && ID.test(String(id)) && (supersedes === undefined || ID.test(String(supersedes)));
  return identified && at >= 0 && new Date(at).toISOString() === time && Array.isArray(reads);
}

function extractsOf(entry: Fields, leafHash: Buffer): ReadExtract[] {
  const readsBy = new Map<string, Fields[]>();
  for (const read of entry.reads as readonly Fields[]) {
    const codes = read.enterprises as readonly string[];
    const groups = read.categories as readonly Fields[];
    for (const [position, uscc] of codes.entries()) {
      if (!CODE.test(uscc) || codes.indexOf(uscc) !== position) continue;
      const known = readsBy.get(uscc) ?? [];
      readsBy.set(uscc, [...known, readOf(read, groups, position)]);
    }
  }
  const taken = Object.fromEntries(TAKEN.flatMap((name) => (entry[name] === undefined ? [] : [[name, entry[name]]])));
  const refused = entry.outcome === 'REFUSED' ? { code: entry.code } : {};
  return [...readsBy].map(([uscc, reads]) => {
    const extract = { ...taken, ...refused, receipt: entry.id, leafHash: leafHash.toString('hex'), enterprise: uscc, reads };
    return { uscc, time: Date.parse(entry.time as string), extract: canonicalOf(extract) };
  });
}

/** What a read says of the enterprise at a position in its list. */
function readOf(read: Fields, groups: readonly Fields[], position: number): Fields {
  const positionsOf = (value: unknown) => value as readonly number[] | undefined;
  const categories = groups
    .filter(({ enterprises }) => positionsOf(enterprises)?.includes(position) ?? true)
    .map(({ category, clear, masked, denied }) => ({ category, clear, masked, denied }));
  const consents = ((read.consents ?? []) as readonly Fields[])
    .filter(({ enterprise }) => enterprise === position)
    .map(({ id, categories: covered }) => ({ id, categories: covered }));
  const unknown = positionsOf(read.unknown)?.includes(position) ? { unknown: true } : {};
  return { field: read.field, categories, ...(consents.length > 0 ? { consents } : {}), ...unknown };
}
