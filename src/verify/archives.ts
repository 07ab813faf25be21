/**
 * Months that have left the database, read from their archive files (`audit-YYYY-MM[.n].jsonl.gz`: a header, a line for
 * each entry, an end with a signed checkpoint) into a table of this session, so that they are verified like all others.
 */
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import type { Client } from '../postgres.js';
import type { Findings } from './findings.js';

export interface ArchivesRead {
  /** What rows are read from. */
  readonly source: string;
  /** The checkpoints with which the files end: whoever keeps the files is a witness. */
  readonly notes: readonly string[];
}
interface Line {
  readonly kind?: string;
  readonly sequence?: number;
  readonly id?: string;
  readonly time?: string;
  readonly institution?: string | null;
  readonly entry?: string;
  readonly leafHash?: string;
  readonly checkpoint?: string;
}

export const LOG_ALONE = 'audit_entry';
const NAME = /^audit-(\d{4}-\d{2})(?:\.(\d+))?\.jsonl\.gz$/;
const ROWS_AT_ONCE = 2_000;
const TABLE = `create temporary table archived_entry (
  sequence bigint not null, id text collate "C" not null, time timestamptz not null, institution text collate "C", entry text not null, leaf_hash bytea not null
) on commit drop`;
const INSERT = 'insert into archived_entry select * from unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::bytea[])';
// A month that was restored stands in both.
const RESTORED = `delete from archived_entry archived using audit_entry kept
  where kept.id = archived.id and kept.sequence = archived.sequence and kept.entry = archived.entry`;
const BOTH = `(select sequence, id, time, institution, entry, leaf_hash from audit_entry
  union all select sequence, id, time, institution, entry, leaf_hash from archived_entry) as log`;

/** Of each month the file with the highest number, which holds all that earlier ones do; what is no archive is left out. */
export function newestArchives(files: readonly string[]): string[] {
  const newest = new Map<string, { number: number; file: string }>();
  for (const file of files) {
    const [, month, number = '1'] = NAME.exec(basename(file)) ?? [];
    if (month && Number(number) > (newest.get(month)?.number ?? 0)) newest.set(month, { number: Number(number), file });
  }
  return [...newest.values()].map(({ file }) => file).sort();
}

/** MUST run in a transaction that may write: the table goes with it. */
export async function readArchives(client: Client, files: readonly string[], findings: Findings): Promise<ArchivesRead> {
  const chosen = newestArchives(files);
  if (chosen.length === 0) return { source: LOG_ALONE, notes: [] };
  await client.query(TABLE);
  const notes: string[] = [];
  for (const file of chosen) {
    try {
      notes.push(await readArchive(client, file));
    } catch (error) {
      findings.add({ kind: 'UNREADABLE', detail: `${basename(file)}: ${error instanceof Error ? error.message : String(error)}` });
    }
  }
  await client.query('create index on archived_entry (sequence); create index on archived_entry (id); analyze archived_entry');
  await client.query(RESTORED);
  return { source: BOTH, notes };
}

/** @returns the checkpoint at its end @throws Error where the file is not whole */
async function readArchive(client: Client, file: string): Promise<string> {
  const unpacked = createGunzip();
  const source = createReadStream(file);
  source.on('error', (error) => unpacked.destroy(error));
  let waiting: Line[] = [];
  let number = 0;
  let checkpoint: string | null = null;
  const flush = async () => {
    const columns = (['sequence', 'id', 'time', 'institution', 'entry'] as const).map((name) => waiting.map((line) => line[name] ?? null));
    await client.query(INSERT, [...columns, waiting.map(({ leafHash = '' }) => Buffer.from(leafHash, 'hex'))]);
    waiting = [];
  };
  for await (const text of linesOf(source.pipe(unpacked))) {
    number++;
    const line = JSON.parse(text) as Line;
    if (checkpoint !== null) throw new Error(`line ${number} follows its end`);
    if (number === 1 && line.kind !== 'zone-archive/1') throw new Error('its header is not that of an archive');
    if (line.kind === 'zone-archive-end/1') checkpoint = line.checkpoint ?? '';
    else if (number > 1) waiting.push(line);
    if (waiting.length >= ROWS_AT_ONCE) await flush();
  }
  await flush();
  if (checkpoint === null) throw new Error('its end is not there');
  return checkpoint;
}

/** Lines, one after another; what goes wrong while they are read is thrown. */
async function* linesOf(stream: ReturnType<typeof createGunzip>): AsyncGenerator<string> {
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  let failure: Error | null = null;
  stream.on('error', (error) => {
    failure = error;
    lines.close();
  });
  yield* lines;
  if (failure) throw failure;
}
