/** What whoever owns the tables can do to them, beyond an update here and there: make the tree again, and sign it. */
import { checkpointText, type NoteKey, signNote } from '../../src/audit/note.js';
import { addLeaves } from '../../src/audit/tiles.js';
import type { Client } from '../../src/postgres.js';
import { openFrontier } from '../../src/verify/frontier.js';

export interface LogRow {
  readonly place: number;
  readonly id: string;
  readonly time: Date;
  readonly institution: string | null;
  readonly text: string;
  readonly hash: Buffer;
}
interface CheckpointRow {
  readonly number: number;
  readonly size: number;
  readonly time: Date;
}

/** All rows in the order of places. */
export async function rowsOf(client: Client): Promise<LogRow[]> {
  return (await client.query<LogRow>('select sequence as place, id, time, institution, entry as text, leaf_hash as hash from audit_entry order by sequence'))
    .rows;
}

export async function put(client: Client, row: LogRow): Promise<void> {
  await client.query('insert into audit_entry (sequence, id, time, institution, entry, leaf_hash) values ($1, $2, $3, $4, $5, $6)', [
    row.place,
    row.id,
    row.time,
    row.institution,
    row.text,
    row.hash,
  ]);
}

/** Makes room before a place, or closes one: places from there on are moved. */
export async function shift(client: Client, from: number, by: number): Promise<void> {
  await client.query('update audit_entry set sequence = sequence + $2 where sequence >= $1', [from, by]);
}

/** Tiles and index of places as they would follow from the first `size` rows as they stand. @returns the root */
export async function remake(client: Client, size: number): Promise<Buffer> {
  const rows = (await rowsOf(client)).slice(0, size);
  await client.query('delete from audit_tile');
  await client.query('delete from audit_block');
  await client.query(
    `insert into audit_block
      select (leaf - 1) / 256, min(sequence), max(sequence), count(*), min(time), max(time)
      from (select row_number() over (order by sequence) as leaf, sequence, time from audit_entry) numbered where leaf <= $1 group by 1`,
    [size],
  );
  return addLeaves(
    client,
    0,
    rows.map(({ hash }) => hash),
  );
}

/** Signs checkpoints again, with what the tree now is; those of `only`, or all. */
export async function signAgain(client: Client, key: NoteKey, only: (row: CheckpointRow) => boolean = () => true): Promise<void> {
  const { rows } = await client.query<CheckpointRow>('select number, size, time from audit_checkpoint order by size, number');
  const entries = await rowsOf(client);
  const frontier = openFrontier();
  for (const row of rows) {
    while (frontier.size < row.size) frontier.push((entries[frontier.size] as LogRow).hash, 0);
    if (!only(row)) continue;
    const root = frontier.root();
    const note = signNote(checkpointText({ origin: key.name, size: row.size, root, time: row.time, lines: [] }), key);
    await client.query('update audit_checkpoint set root = $2, note = $3, last_sequence = $4 where number = $1', [
      row.number,
      root,
      note,
      entries[row.size - 1]?.place ?? 0,
    ]);
  }
  await remake(client, rows.at(-1)?.size ?? 0);
}
