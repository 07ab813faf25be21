/** Which leaves of a block have something, as bits in memory, and as they are kept: few as a list, many as the bits. */
import { TILE_WIDTH } from './merkle.js';

/** A bit for each leaf of a block; that of the first leaf is the highest of the first byte. */
export type Places = Uint8Array;

const BYTES = TILE_WIDTH / 8;

export function noPlaces(): Places {
  return new Uint8Array(BYTES);
}

export function addPlace(places: Places, place: number): void {
  places[place >> 3] = (places[place >> 3] as number) | (0x80 >> (place & 7));
}

/** The leaves, the last first. */
export function placesIn(places: Places): number[] {
  const found: number[] = [];
  for (let at = BYTES - 1; at >= 0; at--) {
    const byte = places[at] as number;
    for (let bit = 7; byte !== 0 && bit >= 0; bit--) if (byte & (0x80 >> bit)) found.push(8 * at + bit);
  }
  return found;
}

/** Short where few leaves have it: a list is always shorter than the bits are. */
export function packed(places: Places): Buffer {
  const found = placesIn(places);
  return Buffer.from(found.length < BYTES ? found : places);
}

/** Adds what is kept to places in memory. */
export function addPacked(places: Places, kept: Uint8Array): void {
  if (kept.length < BYTES) for (const place of kept) addPlace(places, place);
  else for (let at = 0; at < BYTES; at++) places[at] = (places[at] as number) | (kept[at] as number);
}

/** What both have; changes the first. */
export function keepShared(places: Places, others: Places): void {
  for (let at = 0; at < BYTES; at++) places[at] = (places[at] as number) & (others[at] as number);
}
