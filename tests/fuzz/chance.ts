/** Chance from a seed: under the same seed the same choices again, many millions a second. */
export interface Chance {
  /** A whole number from 0, below `end`. */
  below(end: number): number;
  /** Whether something happens that does in this share of all cases. */
  is(share: number): boolean;
  of<T>(list: readonly T[]): T;
  /** One of the entries `[weight, what]`, the likelier the heavier. */
  weighed<T>(entries: readonly (readonly [weight: number, what: T])[]): T;
}

/** mulberry32 */
export function chanceFrom(seed: number): Chance {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    below: (end) => Math.floor(next() * end),
    is: (share) => next() < share,
    of: <T>(list: readonly T[]) => list[Math.floor(next() * list.length)] as T,
    weighed<T>(entries: readonly (readonly [number, T])[]) {
      let left = next() * entries.reduce((sum, [weight]) => sum + weight, 0);
      return (entries.find(([weight]) => (left -= weight) < 0) ?? (entries.at(-1) as readonly [number, T]))[1];
    },
  };
}
