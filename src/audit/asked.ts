/** What an entry of the log says was asked, in the words of the catalogue as it is now. */
import type { Catalogue, Category, Item } from '../catalogue/model.js';
import type { CategoryOutcome, ReadEntry } from './entry.js';

/** Names of the items asked in one group of enterprises: whatever became of them. */
export function namesIn({ clear = [], masked = [], denied = {} }: CategoryOutcome): string[] {
  return [...clear, ...masked, ...Object.values(denied).flat()];
}

/**
 * Items asked of each category; an empty list where only its provenance was. What the catalogue no longer has is left out:
 * nobody can ask it again.
 */
export function askedIn(read: ReadEntry, catalogue: Catalogue): Map<Category, readonly Item[]> {
  const asked = new Map<Category, readonly Item[]>();
  for (const group of read.categories) {
    const category = catalogue.category(group.category);
    // All groups of a category were asked the same.
    if (!category || asked.has(category)) continue;
    const names = namesIn(group);
    const items = names.flatMap((name) => category.itemsByName.get(name) ?? []);
    if (items.length > 0 || names.length === 0) asked.set(category, items);
  }
  return asked;
}
