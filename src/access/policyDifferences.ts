/** What differs between two policies, row by row, for people to read; who would see what is told by compare.ts. */
import type { Policy } from './policy.js';

export interface PolicyDifference {
  readonly kind: 'RESIDENCE' | 'AGREEMENT' | 'GRANT' | 'ITEM' | 'ALLOWANCE' | 'DELAY';
  /** Institution, grant, item or delay. */
  readonly subject: string;
  /** JSON; null where there was nothing. */
  readonly before: string | null;
  readonly after: string | null;
}

export function differencesBetween(before: Policy, after: Policy): PolicyDifference[] {
  const was = rowsOf(before);
  const is = rowsOf(after);
  return [...new Set([...was.keys(), ...is.keys()])].sort().flatMap((key) => {
    const [old, present] = [was.get(key), is.get(key)];
    if (old?.text === present?.text) return [];
    const { kind, subject } = (present ?? old) as Row;
    return [{ kind, subject, before: old?.text ?? null, after: present?.text ?? null }];
  });
}

interface Row extends Pick<PolicyDifference, 'kind' | 'subject'> {
  readonly text: string;
}

function rowsOf({ residents, agreements, grants, settings, allowances, delays }: Policy): Map<string, Row> {
  const rows = [
    ...[...residents.values()].map((resident) => row('RESIDENCE', resident.institution, resident)),
    ...agreements.map((agreement) => row('AGREEMENT', `${agreement.institution} ${agreement.id}`, agreement)),
    ...grants.map((grant) => row('GRANT', grant.id, grant)),
    ...[...settings].map(([item, setting]) => row('ITEM', item, setting)),
    ...allowances.map((allowance) => row('ALLOWANCE', `${allowance.institution} ${allowance.purpose}`, allowance)),
    ...delays.map((delay) => row('DELAY', delay.id, delay)),
  ];
  return new Map(rows.map((one) => [`${one.kind} ${one.subject}`, one]));
}

/** The version that wrote a row is no difference of its own. */
function row(kind: Row['kind'], subject: string, content: object): Row {
  return { kind, subject, text: JSON.stringify({ ...content, version: undefined }) };
}
