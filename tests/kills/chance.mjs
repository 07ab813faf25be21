// Chance from a seed, so that a campaign can be run again; what the machine makes of it is never quite the same.

/** A function that gives numbers from 0 to 1 (mulberry32). */
export function chanceFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One of the entries `[weight, what]`, the likelier the heavier. */
export function oneOf(chance, weighted) {
  let left = chance() * weighted.reduce((sum, [weight]) => sum + weight, 0);
  return (weighted.find(([weight]) => (left -= weight) < 0) ?? weighted.at(-1))[1];
}
