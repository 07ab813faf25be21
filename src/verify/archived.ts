/**
 * Months that the database records as archived, where no folder of archives was given: what is missing of them is not
 * verified, and said to be so. The record may be false; so it excuses no more leaves than it names, and never makes a log clean.
 */
import type { Client } from '../postgres.js';
import type { Finding } from './findings.js';

/** A month that has left the database, as the database says. */
export interface MonthAway {
  /** `YYYY-MM`. */
  readonly month: string;
  readonly file: string;
  readonly entries: number;
  readonly firstLeaf: number;
  readonly lastLeaf: number;
}

const AWAY = `
select to_char(m.month, 'YYYY-MM') as month, a.file, a.entries, a.first_leaf as "firstLeaf", a.last_leaf as "lastLeaf"
from audit_archived_month m join audit_archive a on a.number = m.archive where m.state = 'DROPPED' order by a.first_leaf`;

export async function monthsAway(client: Client): Promise<readonly MonthAway[]> {
  return (await client.query<MonthAway>(AWAY)).rows;
}

/** @returns what remains missing, and how many leaves are those of months that are away */
export function setAside(findings: readonly Finding[], months: readonly MonthAway[]): { readonly findings: readonly Finding[]; readonly leaves: number } {
  let leaves = 0;
  const remaining = findings.flatMap((finding): Finding[] => {
    if (finding.kind !== 'MISSING' || finding.leaf === undefined || finding.leaves === undefined) return [finding];
    const rest: Finding[] = [];
    const end = finding.leaf + finding.leaves;
    let from = finding.leaf;
    const keep = (until: number) => {
      if (until > from) rest.push({ ...finding, leaf: from, leaves: until - from });
    };
    for (const { firstLeaf, lastLeaf } of months) {
      const [begin, beyond] = [Math.max(from, firstLeaf), Math.min(end, lastLeaf + 1)];
      if (begin >= beyond) continue;
      keep(begin);
      leaves += beyond - begin;
      from = beyond;
    }
    keep(end);
    return rest;
  });
  const recorded = months.reduce((sum, { entries }) => sum + entries, 0);
  if (leaves <= recorded) return { findings: remaining, leaves };
  const [first, last] = [Math.min(...months.map(({ firstLeaf }) => firstLeaf)), Math.max(...months.map(({ lastLeaf }) => lastLeaf))];
  const detail = `${leaves} leaves among them have no entry, and only ${recorded} are recorded as archived: ${leaves - recorded} are missing`;
  return { findings: [...remaining, { kind: 'MISSING', leaf: first, leaves: last - first + 1, detail }], leaves: recorded };
}
