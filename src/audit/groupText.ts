import type { CategoryOutcome } from './entry.js';

const texts = new WeakMap<CategoryOutcome, string>();

/**
 * A group of outcomes as canonical JSON (RFC 8785), without the enterprises that it concerns: written once for all who index
 * the entry. Entries of a step say few different things, so it also serves to know again what was met before.
 */
export function groupText(group: CategoryOutcome): string {
  const known = texts.get(group);
  if (known !== undefined) return known;
  const { category, clear, masked, denied } = group;
  // Names of members in their order; what entries are made of is written by JSON as RFC 8785 wants it, but for that.
  const text = JSON.stringify({ category, clear, denied: sorted(denied), masked });
  texts.set(group, text);
  return text;
}

function sorted<T>(members: Readonly<Record<string, T>> | undefined): Readonly<Record<string, T>> | undefined {
  return members && Object.fromEntries(Object.entries(members).sort(([left], [right]) => (left < right ? -1 : 1)));
}
