/**
 * How many different enterprises, without keeping which (linear counting): each sets one of 2,048 bits, and the share of
 * bits that are not set tells the number: within three percent up to five thousand, within six up to ten thousand.
 */
const BITS = 2_048;
/** Bits set in each byte. */
const SET = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll('0', '').length);

export function emptySketch(): Buffer {
  return Buffer.alloc(BITS / 8);
}

/** Adds enterprises to a sketch, in place. */
export function addTo(sketch: Buffer, usccs: Iterable<string>): void {
  for (const uscc of usccs) {
    const bit = bitOf(uscc);
    sketch[bit >> 3] = (sketch[bit >> 3] as number) | (1 << (bit & 7));
  }
}

export function numberIn(sketch: Buffer): number {
  let unset = BITS;
  for (const byte of sketch) unset -= SET[byte] as number;
  return Math.round(BITS * Math.log(BITS / Math.max(unset, 1)));
}

/** FNV-1a, then mixed once more: codes differ in few characters. */
function bitOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let place = 0; place < text.length; place++) hash = Math.imul(hash ^ text.charCodeAt(place), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % BITS;
}
