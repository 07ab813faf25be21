/**
 * Makes the chains of all enterprises and the tree over them anew from the entries of the log, as the format says, and holds
 * them against what a checkpoint carries. Together with the statement's own proof: what an enterprise is shown is all there is.
 */
import { canonicalOf } from './canonical.js';
import { parsed } from './entryText.js';
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
  /** The same of an entry that was parsed. */
  addEntry(entry: unknown, leafHash: Buffer): void;
  /** The line that a checkpoint over these entries carries: `enterprises <count> <root>`. */
  line(): string;
  /** The chain of an enterprise as it is by now. */
  chainOf(uscc: string): ReadChain | undefined;
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
  const addEntry = (entry: unknown, leafHash: Buffer) => {
    for (const { uscc, time, extract } of extractsIn(entry, leafHash)) {
      const known = chains.get(uscc) ?? EMPTY_CHAIN;
      chains.set(uscc, chainWith(known, Math.max(known.day, dayOfTime(time)), itemDigest(time, sha256(extract))));
      items++;
    }
  };
  return {
    // Cheaper than reading the many entries that are about nobody's records.
    add({ leafHash, text }) {
      if (text.includes('"reads":')) addEntry(parsed(text), leafHash);
    },
    addEntry,
    line() {
      const leaves = [...chains].map(([uscc, chain]) => leafOf(sha256(uscc), chain)).sort(Buffer.compare);
      return `enterprises ${chains.size} ${rootOver(leaves, 0).toString('base64')}`;
    },
    chainOf: (uscc) => chains.get(uscc),
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

function extractsIn(entry: unknown, leafHash: Buffer): ReadExtract[] {
  if (typeof entry !== 'object' || entry === null) return [];
  try {
    return isOfTheForm(entry as Fields) ? extractsOf(entry as Fields, leafHash) : [];
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
  const readsBy = new Map<string, string[]>();
  for (const read of entry.reads as readonly Fields[]) {
    for (const [uscc, text] of partsOf(read)) readsBy.set(uscc, [...(readsBy.get(uscc) ?? []), text]);
  }
  if (readsBy.size === 0) return [];
  const members: Record<string, unknown> = { receipt: entry.id, leafHash: leafHash.toString('hex') };
  for (const name of TAKEN) members[name] = entry[name];
  if (entry.outcome === 'REFUSED') members.code = entry.code;
  // All but two members are the same for every enterprise: they are written once, around those two.
  const written = (belongs: (name: string) => boolean) =>
    canonicalOf(Object.fromEntries(Object.entries(members).filter(([name]) => belongs(name)))).slice(1, -1);
  const first = written((name) => name < 'enterprise');
  const second = written((name) => name > 'enterprise' && name < 'reads');
  const third = written((name) => name > 'reads');
  const time = Date.parse(entry.time as string);
  return [...readsBy].map(([uscc, reads]) => {
    const own = [`"enterprise":${JSON.stringify(uscc)}`, `"reads":[${reads.join(',')}]`];
    return { uscc, time, extract: `{${[first, own[0], second, own[1], third].filter((part) => part !== '').join(',')}}` };
  });
}

/** What a read says of each of its enterprises, the first time that it names it. */
function partsOf(read: Fields): Map<string, string> {
  const codes = read.enterprises as readonly string[];
  const categories = codes.map((): string[] => []);
  for (const { category, clear, masked, denied, enterprises } of read.categories as readonly Fields[]) {
    const text = canonicalOf({ category, clear, masked, denied });
    for (const position of (enterprises as readonly number[] | undefined) ?? codes.keys()) categories[position]?.push(text);
  }
  const consents = codes.map((): string[] => []);
  for (const { id, enterprise, categories: covered } of (read.consents ?? []) as readonly Fields[]) {
    consents[enterprise as number]?.push(canonicalOf({ id, categories: covered }));
  }
  const unknown = new Set((read.unknown ?? []) as readonly number[]);
  const parts = new Map<string, string>();
  for (const [position, uscc] of codes.entries()) {
    if (!CODE.test(uscc) || parts.has(uscc)) continue;
    const members = [`"categories":[${categories[position]?.join(',')}]`];
    if (consents[position]?.length) members.push(`"consents":[${consents[position].join(',')}]`);
    members.push(`"field":${JSON.stringify(read.field)}`);
    if (unknown.has(position)) members.push('"unknown":true');
    parts.set(uscc, `{${members.join(',')}}`);
  }
  return parts;
}
