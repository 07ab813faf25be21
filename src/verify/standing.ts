/** Entries that may stand twice: what the set of ids suspects, and what stands where it should not, looked up. */
import type { Client } from '../postgres.js';
import type { EntriesRead, LonelyEntry } from './entries.js';
import type { Findings } from './findings.js';

/** Look-ups for one run; whoever doubles more is found all the same. */
const MOST_ASKED = 1_000;

const OF_ID = 'select sequence as place from audit_entry where id = $1 order by sequence';
const TEXT_ID = `select (select other.sequence from audit_entry other where other.entry = mine.entry and other.sequence <> mine.sequence
    and other.id = substring(mine.entry from '"id":"([0-9a-f-]{36})","institution"') limit 1) as place
  from audit_entry mine where mine.id = $1 and mine.sequence = $2`;

/** Tells of ids and places that are there twice. @returns whether the same text stands at another place, too */
export async function standsElsewhere(client: Client, read: EntriesRead, findings: Findings): Promise<(entry: LonelyEntry) => boolean> {
  const doubled = new Set<string>();
  const alone = new Set(read.lonelyEntries.map(({ id }) => id));
  for (const id of read.again.slice(0, MOST_ASKED)) {
    const places = (await client.query<{ place: number }>(OF_ID, [id])).rows.map(({ place }) => place);
    if (places.length < 2) continue;
    if (!alone.has(id)) findings.add({ kind: 'DUPLICATED', id, place: places[1], detail: `its id stands at the places ${places.join(', ')}` });
    doubled.add(id);
  }
  for (const { place, id } of read.samePlace) findings.add({ kind: 'DUPLICATED', place, id, detail: 'another entry has the same place' });
  const copies = new Set<LonelyEntry>();
  for (const entry of read.lonelyEntries.slice(0, MOST_ASKED)) {
    if (doubled.has(entry.id)) copies.add(entry);
    if (doubled.has(entry.id) || entry.flaw?.kind !== 'EDITED') continue;
    const [row] = (await client.query<{ place: number | null }>(TEXT_ID, [entry.id, entry.place])).rows;
    if (typeof row?.place === 'number') copies.add(entry);
  }
  return (entry) => copies.has(entry);
}
