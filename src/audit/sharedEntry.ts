/**
 * Entries parsed for those that index thousands of them: outcomes by category are most of an entry's text, and systems ask the
 * same again and again, so entries with the same outcomes share one object. MUST not be changed by whoever is given them.
 */
import type { AuditEntry, CategoryOutcome } from './entry.js';

const BEGIN = '"reads":[{"categories":';
/** Outcomes kept, and the longest that are: a batch's name positions and come only once. */
const MOST_KEPT = 1_000;
const LONGEST = 8_000;

const kept = new Map<string, readonly CategoryOutcome[]>();

/** As `JSON.parse` would; null where it is no object. @throws SyntaxError */
export function parseShared(text: string): AuditEntry | null {
  const entry = shared(text) ?? (JSON.parse(text) as AuditEntry | null);
  return typeof entry === 'object' ? entry : null;
}

/** The rest of the text is parsed alone and given what is kept; null where the entry is not of this form. */
function shared(text: string): AuditEntry | null {
  // Within a string its quotes would be escaped: it is where it seems to be, though maybe deeper than looked for.
  const found = text.indexOf(BEGIN);
  if (found === -1) return null;
  const begin = found + BEGIN.length;
  const end = endOfList(text, begin);
  if (end === -1 || end - begin > LONGEST) return null;
  const entry = JSON.parse(`${text.slice(0, begin)}0${text.slice(end)}`) as { reads?: { categories?: unknown }[] } | null;
  const read = entry?.reads?.[0];
  if (read?.categories !== 0) return null;
  read.categories = outcomesIn(text.slice(begin, end));
  return entry as unknown as AuditEntry;
}

function outcomesIn(text: string): readonly CategoryOutcome[] {
  const known = kept.get(text);
  if (known) return known;
  const outcomes = JSON.parse(text) as readonly CategoryOutcome[];
  if (kept.size >= MOST_KEPT) kept.clear();
  kept.set(text, outcomes);
  return outcomes;
}

/** The place after the list that begins here; -1 where none does, or none ends. */
function endOfList(text: string, begin: number): number {
  if (text[begin] !== '[') return -1;
  let depth = 0;
  for (let at = begin; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === 0x22) {
      at = endOfString(text, at);
      if (at === -1) return -1;
    } else if (character === 0x5b) depth++;
    else if (character === 0x5d && --depth === 0) return at + 1;
  }
  return -1;
}

/** The closing quote of the string that begins here; -1 where there is none. */
function endOfString(text: string, begin: number): number {
  for (let at = begin + 1; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === 0x5c) at++;
    else if (character === 0x22) return at;
  }
  return -1;
}
