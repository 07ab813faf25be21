/**
 * The audit log. MUST: a promise of `append` resolves only after the entry is durable, and carries the policy epoch seen
 * by the very statement that made it so. Entries that arrive while a commit is under way share the next one: no timer,
 * no waiting when idle.
 */

import { Fault } from '../faults.js';
import type { Client, Postgres } from '../postgres.js';
import type { Branded } from '../terms.js';
import { within } from '../within.js';
import { type AuditEntry, canonical, leafHash } from './entry.js';

/** Proof that an entry is durable: no answer leaves without one, and only `append` mints it. */
export type Receipt = Branded<{ readonly id: string; readonly time: string; readonly leafHash: string }, 'Receipt'>;

export interface Appended {
  readonly receipt: Receipt;
  /** The policy epoch of an institution when the entry became durable. */
  epochOf(institution: string): number;
}
export interface AuditLog {
  /** @throws Fault AUDIT_UNAVAILABLE when the entry cannot be made durable; nothing may then be given. */
  append(entry: AuditEntry): Promise<Appended>;
  /** AWAY for a while after a statement failed, unless one has succeeded since: long enough to be seen, and then tried again. */
  readonly state: 'READY' | 'AWAY';
}

interface Waiting {
  readonly row: { id: string; time: string; institution: string | null; entry: string; hash: Buffer };
  readonly resolve: (appended: Appended) => void;
  readonly reject: (fault: Fault) => void;
}

/** Entries and characters that share one statement at most; bounds the statement's size, not the throughput. */
const MOST_TOGETHER = 500;
const MOST_CHARACTERS = 4_000_000;
/** Entries that may wait; beyond it the log refuses at once rather than let memory and waiting grow. */
const MOST_WAITING = 20_000;
const AWAY_MS = 10_000;

/** Takes turns with whoever narrows policy, so that the epoch is of a moment no earlier than the entry; see 0007_evidence_log.sql. */
const APPEND = 'select institution, epoch from append_audit($1, $2, $3, $4, $5)';

/** Appends within the transaction of a change: both become durable together or not at all, and the receipt counts from then. */
export async function appendWithin(client: Client, entry: AuditEntry): Promise<Receipt> {
  const text = canonical(entry);
  const hash = leafHash(text);
  await client.query('select append_audit_within($1, $2, $3, $4, $5)', [entry.id, entry.time, entry.institution, text, hash]);
  return { id: entry.id, time: entry.time, leafHash: hash.toString('hex') } as Receipt;
}

export function openAuditLog({ postgres, limitMs }: { postgres: Postgres; limitMs: number }): AuditLog {
  const waiting: Waiting[] = [];
  let flushing = false;
  let failedAt = Number.NEGATIVE_INFINITY;

  async function appendOrReject(together: readonly Waiting[]): Promise<void> {
    try {
      await appendTogether(postgres, together);
      failedAt = Number.NEGATIVE_INFINITY;
    } catch (error) {
      const away = error instanceof Fault;
      // The database refused the statement itself: one entry is to blame, and the others must not suffer for it.
      if (!away && together.length > 1) {
        for (const one of together) await appendOrReject([one]);
        return;
      }
      failedAt = performance.now();
      for (const { reject } of together) reject(new Fault('AUDIT_UNAVAILABLE', { cause: error }));
    }
  }
  async function flush(): Promise<void> {
    flushing = true;
    while (waiting.length > 0) await appendOrReject(takeTogether(waiting));
    flushing = false;
  }

  return {
    get state() {
      return performance.now() - failedAt < AWAY_MS ? ('AWAY' as const) : ('READY' as const);
    },
    async append(entry) {
      if (waiting.length >= MOST_WAITING) throw new Fault('AUDIT_UNAVAILABLE');
      const text = canonical(entry);
      const row = { id: entry.id, time: entry.time, institution: entry.institution, entry: text, hash: leafHash(text) };
      let mine: Waiting | null = null;
      const durable = new Promise<Appended>((resolve, reject) => {
        waiting.push((mine = { row, resolve, reject }));
        if (!flushing) void flush();
      });
      return within(limitMs, durable, () => {
        // Nobody waits for it any more. One that is under way may still become durable: more is recorded than was given, never less.
        const position = waiting.indexOf(mine as Waiting);
        if (position >= 0) waiting.splice(position, 1);
        return new Fault('AUDIT_UNAVAILABLE', { cause: new Error(`not durable within ${limitMs} ms`) });
      });
    },
  };
}

/** Takes the entries that go into the next statement from the front of the queue: at least one. */
function takeTogether(waiting: Waiting[]): Waiting[] {
  let characters = 0;
  const end = waiting.findIndex(({ row }, position) => {
    characters += row.entry.length;
    return position > 0 && (position >= MOST_TOGETHER || characters > MOST_CHARACTERS);
  });
  return waiting.splice(0, end === -1 ? waiting.length : end);
}

async function appendTogether(postgres: Postgres, together: readonly Waiting[]): Promise<void> {
  const rows = together.map(({ row }) => row);
  const epochs = await postgres.query<{ institution: string; epoch: number }>({
    name: 'append',
    text: APPEND,
    values: [
      rows.map(({ id }) => id),
      rows.map(({ time }) => time),
      rows.map(({ institution }) => institution),
      rows.map(({ entry }) => entry),
      rows.map(({ hash }) => hash),
    ],
  });
  const epoch = new Map(epochs.map((row) => [row.institution, row.epoch]));
  const epochOf = (institution: string) => (epoch.get(institution) ?? 0) + (epoch.get('*') ?? 0);
  for (const { row, resolve } of together) {
    resolve({ receipt: { id: row.id, time: row.time, leafHash: row.hash.toString('hex') } as Receipt, epochOf });
  }
}
