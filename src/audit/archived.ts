/** What of the log is not in the database but in files: so that whoever asks for it is told where it is, not that it never was. */
import type { Postgres } from '../postgres.js';

export interface ArchivedMonth {
  /** `YYYY-MM`, in Beijing. */
  readonly month: string;
  readonly file: string;
  /** When it left the database. */
  readonly since: Date;
}
export interface Archived {
  /** The archived month that a receipt of this id belongs to; null where its month is in the database. */
  monthOf(receipt: string): Promise<ArchivedMonth | null>;
  /** Archived months of a span of time, the oldest first. */
  within(span: { readonly from?: Date | undefined; readonly until?: Date | undefined }): Promise<readonly ArchivedMonth[]>;
}

const SELECT = "select to_char(month, 'YYYY-MM') as month, file, since from audit_archived_month where state = 'DROPPED'";
const OF_RECEIPT = `${SELECT} and $1 >= (audit_month_bounds(month)).first_id and $1 < (audit_month_bounds(month)).beyond`;
const WITHIN = `
${SELECT} and ($1::timestamptz is null or (month + interval '1 month') at time zone 'Asia/Shanghai' > $1)
  and ($2::timestamptz is null or month::timestamp at time zone 'Asia/Shanghai' < $2) order by 1`;

export function openArchived({ postgres }: { postgres: Postgres }): Archived {
  return {
    async monthOf(receipt) {
      return (await postgres.query<ArchivedMonth>({ name: 'archived receipt', text: OF_RECEIPT, values: [receipt] }))[0] ?? null;
    },
    within: ({ from, until }) => postgres.query<ArchivedMonth>({ text: WITHIN, values: [from ?? null, until ?? null] }),
  };
}
