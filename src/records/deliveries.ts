/** What has been delivered lately, category by category: how old the newest data are, without looking at any. */
import type { Postgres } from '../postgres.js';

export interface Deliveries {
  /** As of when the newest delivery of each category holds; a category of which nothing was ever delivered is missing. */
  latest(categories: readonly string[]): Promise<ReadonlyMap<string, Date>>;
}

const LATEST = `
select asked.code as category, newest.data_time from unnest($1::text[]) as asked (code)
cross join lateral (select data_time from delivery where category = asked.code order by data_time desc limit 1) newest`;

export function openDeliveries({ postgres }: { postgres: Postgres }): Deliveries {
  return {
    async latest(categories) {
      const rows = await postgres.query<{ category: string; data_time: Date }>({ name: 'latest deliveries', text: LATEST, values: [categories] });
      return new Map(rows.map(({ category, data_time }) => [category, data_time]));
    },
  };
}
