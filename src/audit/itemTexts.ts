/**
 * What items of an enterprise's chain say, made anew from their entries: items keep the hash of it and nothing more. Promise:
 * a text that is given is the one that was hashed when the entry was put into the tree.
 */
import { Fault } from '../faults.js';
import type { Client } from '../postgres.js';
import { rest } from '../rest.js';
import { numbers } from './columns.js';
import type { AuditEntry } from './entry.js';
import { extractsOf } from './extract.js';
import { extractHashOf } from './subjectTree.js';

export interface ItemAt {
  readonly ordinal: number;
  /** The sequence of its entry. */
  readonly place: number;
  readonly extractHash: Buffer;
}
export type ItemText =
  | { readonly state: 'PRESENT'; readonly text: string }
  /** The entry's month has left the database; `YYYY-MM`, in Beijing. */
  | { readonly state: 'ARCHIVED'; readonly month: string };

/** Entries a statement, and characters read between two rests of the thread: a few milliseconds. */
const MOST_TOGETHER = 200;
const REST_AFTER = 200_000;

const ENTRIES = 'select sequence as place, entry, leaf_hash as "leafHash" from audit_entry where sequence = any($1::bigint[])';
const ARCHIVED = `
select distinct on (place) place, to_char(m.month, 'YYYY-MM') as month
from unnest($1::bigint[]) as place
join audit_archive a on place between a.first_sequence and a.last_sequence
join audit_archived_month m on m.archive = a.number and m.state = 'DROPPED' order by place, m.month`;

/** By ordinal. @throws Fault INTERNAL where an entry is not in the log any more, or not as it was, and in no archive */
export async function textsOf(client: Client, uscc: string, items: readonly ItemAt[]): Promise<Map<number, ItemText>> {
  const found = new Map<number, ItemText>();
  const missing: ItemAt[] = [];
  let read = 0;
  for (let at = 0; at < items.length; at += MOST_TOGETHER) {
    const some = items.slice(at, at + MOST_TOGETHER);
    const { rows } = await client.query<{ place: number; entry: string; leafHash: Buffer }>({
      name: 'entries of items',
      text: ENTRIES,
      values: [numbers(some.map(({ place }) => place))],
    });
    const entries = new Map(rows.map((row) => [row.place, row]));
    for (const item of some) {
      const kept = entries.get(item.place);
      if (!kept) {
        missing.push(item);
        continue;
      }
      found.set(item.ordinal, { state: 'PRESENT', text: textIn(kept, uscc, item) });
      read += kept.entry.length;
      if (read > REST_AFTER) {
        read = 0;
        await rest();
      }
    }
  }
  if (missing.length > 0) await addArchived(client, found, missing);
  return found;
}

function textIn({ entry, leafHash }: { entry: string; leafHash: Buffer }, uscc: string, { place, extractHash }: ItemAt): string {
  const [extract] = extractsOf(parsed(entry), leafHash, uscc);
  if (!extract || !extractHashOf(extract.text).equals(extractHash)) throw changed(place);
  return extract.text;
}

function parsed(entry: string): AuditEntry {
  try {
    return JSON.parse(entry) as AuditEntry;
  } catch {
    return {} as AuditEntry;
  }
}

async function addArchived(client: Client, found: Map<number, ItemText>, missing: readonly ItemAt[]): Promise<void> {
  const { rows } = await client.query<{ place: number; month: string }>(ARCHIVED, [numbers(missing.map(({ place }) => place))]);
  const months = new Map(rows.map(({ place, month }) => [place, month]));
  for (const { ordinal, place } of missing) {
    const month = months.get(place);
    if (month === undefined) throw changed(place);
    found.set(ordinal, { state: 'ARCHIVED', month });
  }
}

/** Somebody wrote into the log: nothing is told that it does not bear out, and whoever verifies it will say what is wrong. */
function changed(place: number): Fault {
  return new Fault('INTERNAL', { cause: new Error(`the entry at ${place} is not what was put into the tree`) });
}
