/**
 * Legal holds: whom or what an investigation concerns. A month with an entry that names it anywhere is not dropped until the
 * hold is released. Holds and releases are rows that are never edited, and each leaves an entry in its transaction.
 */
import { Fault } from '../faults.js';
import { LOCKS } from '../locks.js';
import type { Postgres } from '../postgres.js';
import { readUscc } from '../terms.js';
import { type KeeperParts, keeperEntry } from './keeping.js';
import { appendWithin } from './log.js';

export type HoldSubject =
  | { readonly kind: 'INSTITUTION' | 'ENTERPRISE' | 'CASE'; readonly subject: string }
  /** All entries of the months. */
  | { readonly kind: 'MONTHS'; readonly subject: null };
export type Hold = HoldSubject & {
  readonly id: string;
  /** `YYYY-MM`, inclusive; null: without bound. */
  readonly firstMonth: string | null;
  readonly lastMonth: string | null;
  readonly reason: string;
  readonly placedBy: string;
  readonly placedAt: Date;
  readonly released: { readonly reason: string; readonly by: string; readonly at: Date } | null;
};
export interface Holds {
  /** @throws Fault BAD_USER_INPUT */
  place(hold: HoldSubject & Pick<Hold, 'firstMonth' | 'lastMonth' | 'reason'>, by: string): Promise<string>;
  /** All there ever were, the newest first. */
  list(): Promise<readonly Hold[]>;
  /** @throws Fault BAD_USER_INPUT where there is no such hold, or it was released before */
  release(id: string, reason: string, by: string): Promise<void>;
}

/** Taken by whoever drops a month as well: a hold comes before that, or after. */
const HOLDING = `select pg_advisory_xact_lock(${LOCKS.HOLDING})`;
const PLACE = `
insert into audit_hold (id, kind, subject, first_month, last_month, reason, placed_by, entry)
values ($1, $2, $3, to_date($4, 'YYYY-MM'), to_date($5, 'YYYY-MM'), $6, $7, $8)`;
const LIST = `
select h.id, h.kind, h.subject, to_char(h.first_month, 'YYYY-MM') as "firstMonth", to_char(h.last_month, 'YYYY-MM') as "lastMonth", h.reason,
  h.placed_by as "placedBy", h.placed_at as "placedAt", r.reason as "releaseReason", r.released_by as "releasedBy", r.released_at as "releasedAt"
from audit_hold h left join audit_hold_release r on r.hold = h.id order by h.id desc`;
const RELEASE = `
insert into audit_hold_release (hold, reason, released_by, entry) select id, $2, $3, $4 from audit_hold where id = $1 on conflict do nothing`;

const MONTH_FORM = /^\d{4}-(0[1-9]|1[0-2])$/;
const LONGEST_REASON = 1_000;

export function openHolds(parts: KeeperParts & { readonly postgres: Postgres }): Holds {
  const { postgres } = parts;
  return {
    async place(hold, by) {
      const { kind, firstMonth, lastMonth } = hold;
      const reason = reasonOf(hold.reason);
      const subject = subjectOf(hold);
      for (const month of [firstMonth, lastMonth]) if (month !== null && !MONTH_FORM.test(month)) throw new Fault('BAD_USER_INPUT', { detail: '2026-04' });
      if (kind === 'MONTHS' && (firstMonth === null || lastMonth === null)) throw new Fault('BAD_USER_INPUT', { detail: '--from --until' });
      if (firstMonth !== null && lastMonth !== null && firstMonth > lastMonth) throw new Fault('BAD_USER_INPUT', { detail: '--from <= --until' });
      return postgres.transaction(async (client) => {
        await client.query(HOLDING);
        const { id } = await appendWithin(client, keeperEntry(parts, by, 'placeHold', { kind, subject, firstMonth, lastMonth, reason }));
        await client.query(PLACE, [id, kind, subject, firstMonth, lastMonth, reason, by, id]);
        return id;
      });
    },
    async list() {
      const rows = await postgres.query<Hold & { releaseReason: string | null; releasedBy: string; releasedAt: Date }>({ text: LIST });
      return rows.map(({ releaseReason, releasedBy, releasedAt, ...hold }) => ({
        ...hold,
        released: releaseReason === null ? null : { reason: releaseReason, by: releasedBy, at: releasedAt },
      }));
    },
    async release(id, reason, by) {
      const why = reasonOf(reason);
      await postgres.transaction(async (client) => {
        await client.query(HOLDING);
        const entry = await appendWithin(client, keeperEntry(parts, by, 'releaseHold', { hold: id, reason: why }));
        const { rowCount } = await client.query(RELEASE, [id, why, by, entry.id]);
        if (rowCount !== 1) throw new Fault('BAD_USER_INPUT', { detail: `no hold ${id} that is not released` });
      });
    },
  };
}

function reasonOf(typed: string): string {
  const reason = typed.trim();
  if (reason === '' || reason.length > LONGEST_REASON) throw new Fault('BAD_USER_INPUT', { detail: '--reason' });
  return reason;
}

function subjectOf({ kind, subject }: HoldSubject): string | null {
  if (kind === 'MONTHS') return null;
  if (kind !== 'ENTERPRISE') {
    if (subject.trim() === '') throw new Fault('BAD_USER_INPUT', { detail: kind });
    return subject.trim();
  }
  const reading = readUscc(subject);
  if (!reading.ok) throw new Fault('INVALID_USCC', { detail: reading.reason });
  return reading.uscc;
}
