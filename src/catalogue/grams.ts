/** How names are cut for search; whoever writes names and whoever searches them MUST cut alike, so it is said once, here. */

/**
 * All distinct characters and pairs of adjacent characters of a name, in order of first appearance. The name is brought to
 * NFKC and upper case and loses its blanks first, so that full-width and half-width spellings meet.
 */
export function gramsOf(name: string): string[] {
  const characters = [...name.normalize('NFKC').toUpperCase().replace(/\s+/gu, '')];
  const grams = new Set(characters);
  for (let place = 1; place < characters.length; place++) grams.add(`${characters[place - 1]}${characters[place]}`);
  return [...grams];
}
