/** Which ids came twice, in eight bytes an entry: a set of fingerprints, whose rare false alarms whoever asks looks up. */

export interface IdSet {
  /** @returns whether this id, or one with the same fingerprint, was there already */
  add(id: string): boolean;
}

const FULL = 0.6;

export function openIdSet(): IdSet {
  let slots = new Float64Array(1 << 16);
  let count = 0;
  const place = (into: Float64Array, fingerprint: number): boolean => {
    const mask = into.length - 1;
    for (let at = fingerprint % into.length; ; at = (at + 1) & mask) {
      if (into[at] === fingerprint) return false;
      if (into[at] === 0) {
        into[at] = fingerprint;
        return true;
      }
    }
  };
  return {
    add(id) {
      if (count > slots.length * FULL) {
        const larger = new Float64Array(slots.length * 2);
        for (const fingerprint of slots) if (fingerprint !== 0) place(larger, fingerprint);
        slots = larger;
      }
      if (!place(slots, fingerprintOf(id))) return true;
      count++;
      return false;
    },
  };
}

/** 52 bits, never 0. Two runs over the characters, so that what is alike in neighbouring ids is mixed in. */
function fingerprintOf(id: string): number {
  let high = 0x811c9dc5;
  let low = 0x1b873593;
  for (let at = 0; at < id.length; at++) {
    const code = id.charCodeAt(at);
    high = Math.imul(high ^ code, 0x01000193);
    low = Math.imul(low ^ code, 0x85ebca6b);
    low = (low << 13) | (low >>> 19);
  }
  return ((high >>> 0) & 0xfffff) * 2 ** 32 + (low >>> 0) + 1;
}
