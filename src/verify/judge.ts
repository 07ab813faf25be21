/**
 * What became of leaves and entries that stand alone: whether an entry was edited, moved, doubled, put in or taken out.
 * Pure; the order of questions is from the certain to the likely.
 */
import type { LonelyEntry, LonelyLeaf } from './entries.js';
import type { Finding } from './findings.js';

export interface Judgement {
  readonly findings: readonly Finding[];
  /** Leaves whose entry has another hash, by leaf: perhaps it is the tile that is wrong. */
  readonly edited: ReadonlyMap<number, { readonly hash: string; readonly entry: LonelyEntry }>;
  readonly unsealed: readonly LonelyEntry[];
  /** Leaves of which the entry is gone. */
  readonly gone: readonly { readonly leaf: number; readonly leaves: number }[];
}
interface Circumstances {
  /** Leaves of the tree. */
  readonly size: number;
  /** The place of its last leaf, as far as is known. */
  readonly lastPlace: number;
  /** Leaf hashes (latin1) that entries elsewhere have, among those that are asked about. */
  readonly standsElsewhere: (entry: LonelyEntry) => boolean;
}

export function judge(leaves: readonly LonelyLeaf[], entries: readonly LonelyEntry[], { size, lastPlace, standsElsewhere }: Circumstances): Judgement {
  const findings: Finding[] = [];
  const edited = new Map<number, { hash: string; entry: LonelyEntry }>();
  const left = new Set(entries);
  const open = new Map<LonelyLeaf, true>(leaves.map((leaf) => [leaf, true]));

  // The text is one that was sealed, at another place.
  const byHash = new Map(leaves.filter(({ hash }) => hash !== '').map((leaf) => [leaf.hash, leaf]));
  for (const entry of entries) {
    const leaf = byHash.get(entry.hash);
    if (!leaf || !open.has(leaf)) continue;
    findings.push({
      kind: 'REORDERED',
      leaf: leaf.leaf,
      place: entry.place,
      id: entry.id,
      detail: 'its entry stands there unchanged, but not in the order in which it was sealed',
    });
    open.delete(leaf);
    left.delete(entry);
  }
  // The same text stands at a place where it belongs, too.
  for (const entry of [...left]) {
    if (!standsElsewhere(entry)) continue;
    findings.push({ kind: 'DUPLICATED', place: entry.place, id: entry.id, detail: 'the same entry stands at another place, where it was sealed' });
    left.delete(entry);
  }
  const isEdited = (leaf: LonelyLeaf, entry: LonelyEntry) => {
    edited.set(leaf.leaf, { hash: entry.hash, entry });
    open.delete(leaf);
    left.delete(entry);
  };
  // The row still claims the hash that was sealed.
  for (const entry of [...left]) {
    const leaf = entry.flaw?.stored === undefined ? undefined : byHash.get(entry.flaw.stored);
    if (leaf && open.has(leaf)) isEdited(leaf, entry);
  }
  // Between the same two neighbours one leaf and one entry are left: the entry was one of those leaves.
  const gaps = new Map<number, LonelyEntry[]>();
  for (const entry of left) if (entry.place <= lastPlace) gaps.set(entry.gap, [...(gaps.get(entry.gap) ?? []), entry]);
  for (const leaf of open.keys()) {
    const entry = leaf.hash === '' ? undefined : gaps.get(leaf.gap)?.shift();
    if (entry) isEdited(leaf, entry);
  }
  for (const entry of [...left]) {
    if (entry.place > lastPlace) continue;
    findings.push({ kind: 'BACKDATED', place: entry.place, id: entry.id, detail: 'it stands among entries that were sealed without it' });
    left.delete(entry);
  }
  const gone = runsOf([...open.keys()]);
  for (const { leaf, leaves: count } of gone) {
    if (leaf + count === size) findings.push({ kind: 'TRUNCATED', leaf, leaves: count, detail: 'the tree goes on, and no entry is there for it' });
    else findings.push({ kind: 'MISSING', leaf, leaves: count, detail: 'the tree has it, and no entry is there for it' });
  }
  return { findings, edited, unsealed: [...left], gone };
}

/** Leaves side by side as runs. */
function runsOf(leaves: readonly LonelyLeaf[]): { leaf: number; leaves: number }[] {
  const runs: { leaf: number; leaves: number }[] = [];
  for (const { leaf, leaves: count } of [...leaves].sort((one, other) => one.leaf - other.leaf)) {
    const last = runs.at(-1);
    if (last && last.leaf + last.leaves === leaf) last.leaves += count;
    else runs.push({ leaf, leaves: count });
  }
  return runs;
}
