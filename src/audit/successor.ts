/**
 * Which entry takes the place of one whose answer was thrown away. Only what is asked again at once, by the same client of the
 * same institution and with the same document, does: otherwise whoever may append could strike a read that was delivered.
 */
import type { AuditEntry } from './entry.js';

/** An answer is composed again at once, or not at all. */
const AT_ONCE_MS = 120_000;

type Named = Pick<AuditEntry, 'id' | 'time' | 'institution' | 'client'> & { readonly supersedes?: string; readonly operation?: string };

export function isSuccessor(later: Named, thrown: Named): boolean {
  const after = Date.parse(later.time) - Date.parse(thrown.time);
  return (
    later.supersedes === thrown.id &&
    later.institution === thrown.institution &&
    later.client === thrown.client &&
    // A refusal may come before its document was told from others.
    (later.operation === undefined || later.operation === thrown.operation) &&
    after >= 0 &&
    after <= AT_ONCE_MS
  );
}

/** The same of texts of the log; what cannot be read succeeds nobody. */
export function isSuccessorText(later: string, thrown: string): boolean {
  try {
    return isSuccessor(JSON.parse(later) as Named, JSON.parse(thrown) as Named);
  } catch {
    return false;
  }
}
