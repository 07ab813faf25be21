/**
 * Canonical JSON (RFC 8785) at the price of `JSON.stringify`: the members are put in order, and the engine writes the text,
 * whose numbers and strings are those of the standard. Whatever it would write otherwise goes to the library instead.
 */
import canonicalize from 'canonicalize';

/** Thrown and caught here alone: the value has something in it that the quick way does not write as the standard wants. */
const UNUSUAL = new Error('not for the quick way');

const LONE_SURROGATE = /\\ud[89a-f]/;

/** @throws Error where the value has no canonical form: numbers that are none, strings that are no Unicode */
export function canonicalText(value: unknown): string {
  try {
    const text = JSON.stringify(ordered(value));
    // The engine escapes what is not Unicode, and nothing else so; the library refuses it.
    if (!LONE_SURROGATE.test(text)) return text;
  } catch (error) {
    if (error !== UNUSUAL) throw error;
  }
  return canonicalize(value) as string;
}

/** The same with all members in the order of their UTF-16 units, in which the engine then writes them. */
function ordered(value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) throw UNUSUAL;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.every(isString) ? value : value.map(ordered);
  if ('toJSON' in value) throw UNUSUAL;
  const members: Record<string, unknown> = {};
  for (const name of Object.keys(value).sort()) {
    // Numbers come first in an object whatever the order they were put there, and __proto__ is no member there.
    if (isDigit(name.charCodeAt(0)) || name === '__proto__') throw UNUSUAL;
    members[name] = ordered((value as Record<string, unknown>)[name]);
  }
  return members;
}

function isString(value: unknown): boolean {
  return typeof value === 'string';
}

function isDigit(unit: number): boolean {
  return unit >= 48 && unit <= 57;
}
