// Same answers first: what every contestant says to the same asks is what we say, leaf by leaf, or nothing is measured.
import { isDeepStrictEqual } from 'node:util';
import { maskValue } from '../../../dist/access/masks.js';

/** @throws Error that says where the two differ */
export function assertSame(expected, got, who) {
  const differing = differenceOf(expected, got, 'data');
  if (differing) throw new Error(`${who} answers otherwise at ${differing}`);
}

/** The first place where two answers differ, or null. */
export function differenceOf(expected, got, path) {
  if (isDeepStrictEqual(expected, got)) return null;
  if (typeof expected !== 'object' || typeof got !== 'object' || expected === null || got === null)
    return `${path}: ${JSON.stringify(got)?.slice(0, 200)} instead of ${JSON.stringify(expected)?.slice(0, 200)}`;
  for (const key of new Set([...Object.keys(expected), ...Object.keys(got)])) {
    const found = differenceOf(expected[key], got[key], `${path}.${key}`);
    if (found) return found;
  }
  return `${path}: the order of its fields`;
}

/** Masks what we mask for this caller, where the one who answered does not: `masks` are the items, by coordinate. */
export function masked(data, { categories, masks }) {
  const enterprises = (data.enterprises ?? [data.enterprise]).filter(Boolean);
  for (const enterprise of enterprises) {
    for (const { type, domain, field } of categories) {
      const rows = [enterprise[domain]?.[field] ?? []].flat();
      for (const row of rows) {
        for (const [coordinate, item] of Object.entries(masks)) {
          const [of, name] = coordinate.split('.');
          if (of === type && typeof row[name] === 'string') row[name] = maskValue(item, row[name]);
        }
      }
    }
  }
  return data;
}
