/** What verifications of the log came to: kept so that the watch tells of findings, whoever ran the verifier. */
import type { Postgres } from '../postgres.js';

export interface VerificationSummary {
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly entries: number;
  /** How many findings of each kind; empty where all was in order. */
  readonly kinds: Readonly<Record<string, number>>;
}
export interface Verifications {
  record(summary: VerificationSummary): Promise<void>;
}

export function openVerifications({ postgres }: { postgres: Postgres }): Verifications {
  return {
    async record({ startedAt, finishedAt, entries, kinds }) {
      const findings = Object.values(kinds).reduce((sum, count) => sum + count, 0);
      await postgres.query({
        text: 'insert into audit_verification (started_at, finished_at, entries, findings, kinds) values ($1, $2, $3, $4, $5)',
        values: [startedAt, finishedAt, entries, findings, kinds],
      });
    },
  };
}
