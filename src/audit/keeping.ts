/** Entries of those who keep the log: what was done by hand at the command line, and by whom. */
import { type AuditEntry, ENTRY_VERSION } from './entry.js';

export interface KeeperParts {
  readonly now: () => Date;
  readonly newId: () => string;
}

/** The client of such entries: no token was shown. */
const CLIENT = 'command-line';

export function keeperEntry({ now, newId }: KeeperParts, by: string, mutation: string, detail: Readonly<Record<string, unknown>>): AuditEntry {
  return {
    v: ENTRY_VERSION,
    id: newId(),
    time: now().toISOString(),
    institution: null,
    client: CLIENT,
    staff: by,
    fields: [mutation],
    changes: [{ mutation, state: 'DONE', detail }],
    durationMs: 0,
    outcome: 'ANSWERED',
  };
}
