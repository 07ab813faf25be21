/**
 * Which entry is which leaf, where the two do not simply run side by side. Pure. Leaves that stand in order keep their
 * entries (a longest increasing run); what remains on both sides of a gap is told for others to judge.
 */

export interface Alignment {
  /** For each entry the leaf (as a position in the window) that it is, in order; -1 where it is none. */
  readonly leafOf: Int32Array;
  /** Position after the last entry and leaf that belong together; 0 where none does. */
  readonly entries: number;
  readonly leaves: number;
}

/** @param leaves,entries hashes in latin1 */
export function align(leaves: readonly string[], entries: readonly string[]): Alignment {
  const positions = new Map<string, number[]>();
  for (const [position, hash] of leaves.entries()) {
    const known = positions.get(hash);
    if (known) known.push(position);
    else positions.set(hash, [position]);
  }
  // Where a hash stands in the tree twice, its entries take its leaves one after another.
  const taken = new Map<string, number>();
  const candidates = entries.map((hash) => {
    const known = positions.get(hash);
    const turn = taken.get(hash) ?? 0;
    taken.set(hash, turn + 1);
    return known?.[turn] ?? -1;
  });
  const leafOf = new Int32Array(entries.length).fill(-1);
  let lastEntry = -1;
  for (const entry of longestRun(candidates)) {
    leafOf[entry] = candidates[entry] as number;
    lastEntry = entry;
  }
  return { leafOf, entries: lastEntry + 1, leaves: lastEntry < 0 ? 0 : (leafOf[lastEntry] as number) + 1 };
}

/** Positions of a longest increasing run of values that are not -1 (patience sorting). */
export function longestRun(values: readonly number[]): number[] {
  const tails: number[] = [];
  const before = new Int32Array(values.length).fill(-1);
  for (const [position, value] of values.entries()) {
    if (value < 0) continue;
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((values[tails[middle] as number] as number) < value) low = middle + 1;
      else high = middle;
    }
    if (low > 0) before[position] = tails[low - 1] as number;
    tails[low] = position;
  }
  const run: number[] = [];
  for (let at = tails.at(-1) ?? -1; at >= 0; at = before[at] as number) run.push(at);
  return run.reverse();
}
