/**
 * Retention: months of the log go into files and leave the database, and come back. MUST: nothing is dropped that a file does
 * not hold, which the file is read again to show; whatever is done leaves an entry in the same transaction. Each step is
 * whole by itself, so whoever was killed begins again and goes on where it ended.
 */
import { join } from 'node:path';
import { Fault } from '../faults.js';
import { LOCKS } from '../locks.js';
import type { Client, Postgres } from '../postgres.js';
import { type ArchiveFacts, checkArchive } from './archiveCheck.js';
import { archiveName, publishArchive, writeArchive } from './archiveWriting.js';
import { canonical, leafHash } from './entry.js';
import { type KeeperParts, keeperEntry } from './keeping.js';
import { appendWithin } from './log.js';
import type { Reader } from './tiles.js';

/** What has become, or would become, of a month. */
export type MonthOutcome =
  | { readonly month: string; readonly outcome: 'ARCHIVED' | 'DUE'; readonly file: string; readonly entries: number }
  | { readonly month: string; readonly outcome: 'HELD'; readonly holds: readonly string[]; readonly entries: number }
  /** Not over for a day, or not all of it in the tree. */
  | { readonly month: string; readonly outcome: 'UNSEALED'; readonly entries: number }
  | { readonly month: string; readonly outcome: 'EMPTY'; readonly entries: 0 };
/** Steps of the archiving of a month, told when they are done. */
export type RetentionStep = 'WRITTEN' | 'CHECKED' | 'RECORDED' | 'DROPPED';
export interface Watching {
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly onStep?: ((step: RetentionStep, month: string) => void) | undefined;
}
export interface Retention {
  /** Months in the database before a month (`YYYY-MM`), the oldest first. */
  monthsBefore(month: string): Promise<readonly string[]>;
  /** What `archive` would do, without doing it. */
  lookAt(month: string): Promise<MonthOutcome>;
  /** @throws Fault ARCHIVE_REFUSED, ARCHIVE_FAULTY */
  archive(month: string, by: string, watching?: Watching): Promise<MonthOutcome>;
  /** Takes the month of a file in again. @throws Fault ARCHIVE_REFUSED, ARCHIVE_FAULTY */
  restore(file: string, by: string, watching?: Watching): Promise<{ readonly month: string; readonly entries: number }>;
}
export interface RetentionParts extends KeeperParts {
  readonly postgres: Postgres;
  readonly folder: string;
  readonly origin: string;
}

interface Kept {
  readonly number: number;
  readonly file: string;
  readonly sha256: Buffer;
  readonly entries: number;
  readonly state: 'WRITTEN' | 'DROPPED' | 'RESTORED';
}

const MONTHS = "select to_char(month, 'YYYY-MM') as month from audit_months() where month < to_date($1, 'YYYY-MM') order by 1";
const STATE = "select entries, last_sequence as last, coalesce(holds, '{}') as holds from audit_month_state(to_date($1, 'YYYY-MM'))";
const SEALED = 'select coalesce(max(last_sequence), 0)::bigint as last from audit_checkpoint';
const BOUNDS = 'select first_id as "firstId", beyond from audit_month_bounds(to_date($1, \'YYYY-MM\'))';
const OVER = "select (to_date($1, 'YYYY-MM') + interval '1 month' + interval '1 day') at time zone 'Asia/Shanghai' <= now() as over";
const KEPT = `
select a.number, a.file, a.sha256, a.entries, m.state from audit_archived_month m join audit_archive a on a.number = m.archive
where m.month = to_date($1, 'YYYY-MM')`;
const FILES = "select count(*) as files from audit_archive where month = to_date($1, 'YYYY-MM')";
const RECORD = `
select record_audit_archive(to_date($1, 'YYYY-MM'), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) as number`;
const DROP = 'select drop_audit_month($1, $2, $3, $4, $5, $6) as word';
const BY_DIGEST = 'select number from audit_archive where sha256 = $1 order by number desc limit 1';
const BEGIN_RESTORE = 'select begin_audit_restore($1) as draft';
const ATTACH = 'select attach_audit_month($1, $2, $3, $4, $5, $6) as word';

/** Each waits for some seconds while others hold the month. */
const MOST_ATTEMPTS = 6;
const MONTH_FORM = /^\d{4}-(0[1-9]|1[0-2])$/;

export function openRetention(parts: RetentionParts): Retention {
  const { postgres, folder, origin } = parts;
  const read: Reader = (statement) => postgres.query(statement);
  const one = async <Row extends object>(text: string, values: unknown[]): Promise<Row> => (await postgres.query<Row>({ text, values }))[0] as Row;

  async function lookAt(month: string): Promise<MonthOutcome> {
    const { entries, last, holds } = await one<{ entries: number | null; last: number | null; holds: string[] }>(STATE, [month]);
    if (!entries || last === null) return { month, outcome: 'EMPTY', entries: 0 };
    const sealed = await one<{ last: number }>(SEALED, []);
    const { over } = await one<{ over: boolean }>(OVER, [month]);
    if (!over || last > sealed.last) return { month, outcome: 'UNSEALED', entries };
    if (holds.length > 0) return { month, outcome: 'HELD', holds, entries };
    const kept = await keptOf(month);
    return { month, outcome: 'DUE', file: kept?.file ?? (await nextName(month)), entries };
  }
  const keptOf = async (month: string): Promise<Kept | null> => (await one<Kept | (undefined & object)>(KEPT, [month])) ?? null;
  const nextName = async (month: string) => archiveName(month, (await one<{ files: number }>(FILES, [month])).files + 1);

  /** A file that was recorded and is whole; null where another has to be written. */
  async function whole(kept: Kept | null, total: number, { onProgress }: Watching): Promise<ArchiveFacts | null> {
    if (!kept) return null;
    const facts = await checkArchive({ read, file: join(folder, kept.file), onProgress: (done) => onProgress?.(total + done, 2 * total) }).catch(() => null);
    return facts?.sha256.equals(kept.sha256) ? facts : null;
  }

  async function write(month: string, total: number, by: string, { onProgress, onStep }: Watching): Promise<number> {
    const name = await nextName(month);
    // It has no name until it was found good: nobody takes a draft for an archive.
    const draft = join(folder, `${name}.partial`);
    const bounds = await one<{ firstId: string; beyond: string }>(BOUNDS, [month]);
    await writeArchive({ read, month: { month, ...bounds }, origin, file: draft, onProgress: (done) => onProgress?.(done, 2 * total) });
    onStep?.('WRITTEN', month);
    const facts = await checkArchive({ read, file: draft, onProgress: (done) => onProgress?.(total + done, 2 * total) });
    publishArchive(draft, join(folder, name));
    onStep?.('CHECKED', month);
    const number = await postgres.transaction((client) => record(client, name, facts, by));
    onStep?.('RECORDED', month);
    return number;
  }
  async function record(client: Client, file: string, { month, sha256, end, places }: ArchiveFacts, by: string): Promise<number> {
    const detail = { month, file, sha256: sha256.toString('hex'), entries: end.entries };
    const { id } = await appendWithin(client, keeperEntry(parts, by, 'archiveMonth', detail));
    const values = [month, file, sha256, end.entries, end.firstLeaf, end.lastLeaf, end.firstSequence, end.lastSequence, places, end.checkpoint, by, id];
    const number = (await client.query<{ number: number | null }>(RECORD, values)).rows[0]?.number ?? null;
    if (number === null) throw new Fault('ARCHIVE_FAULTY', { detail: file });
    return number;
  }

  async function drop(month: string, archive: number, by: string): Promise<string> {
    const entry = keeperEntry(parts, by, 'dropMonth', { month, archive });
    const text = canonical(entry);
    for (let attempts = 1; ; attempts++) {
      const { word } = await one<{ word: string }>(DROP, [archive, by, entry.id, entry.time, text, leafHash(text)]);
      if (word !== 'BUSY' || attempts === MOST_ATTEMPTS) return word;
    }
  }

  /** One process at a time: two would write the same file. */
  const alone = <T>(work: () => Promise<T>): Promise<T> =>
    postgres.withClient(async (client) => {
      const { rows } = await client.query<{ mine: boolean }>('select pg_try_advisory_lock($1) as mine', [LOCKS.KEEPING]);
      if (!rows[0]?.mine) throw new Fault('ARCHIVE_REFUSED', { detail: 'another process archives or restores' });
      try {
        return await work();
      } finally {
        await client.query('select pg_advisory_unlock($1)', [LOCKS.KEEPING]);
      }
    });

  async function archive(month: string, by: string, watching: Watching): Promise<MonthOutcome> {
    const due = await lookAt(month);
    if (due.outcome !== 'DUE') return due;
    const kept = await keptOf(month);
    const good = await whole(kept, due.entries, watching);
    let number = kept && good ? kept.number : await write(month, due.entries, by, watching);
    let word = await drop(month, number, by);
    if (word === 'CHANGED' && number === kept?.number) {
      // What came late is in no file yet.
      number = await write(month, due.entries, by, watching);
      word = await drop(month, number, by);
    }
    if (word === 'HELD' || word === 'UNSEALED') return lookAt(month);
    if (word !== 'DROPPED' && word !== 'GONE') throw new Fault('ARCHIVE_REFUSED', { detail: `${month}: ${word}` });
    watching.onStep?.('DROPPED', month);
    return { month, outcome: 'ARCHIVED', file: (await keptOf(month))?.file ?? due.file, entries: due.entries };
  }

  async function restore(file: string, by: string, { onProgress }: Watching) {
    const first = await checkArchive({ read, file });
    const known = await one<{ number: number } | (undefined & object)>(BY_DIGEST, [first.sha256]);
    if (!known) throw new Fault('ARCHIVE_REFUSED', { detail: `${first.month}: the file is not one that was recorded` });
    const { draft } = await one<{ draft: string | null }>(BEGIN_RESTORE, [known.number]);
    if (!draft) throw new Fault('ARCHIVE_REFUSED', { detail: `${first.month}: not dropped, or a later file holds it` });
    const insert = `insert into ${draft} (sequence, id, time, institution, entry, leaf_hash)
      select * from unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::bytea[])`;
    const { month, end } = await checkArchive({ read, file, onProgress: (done) => onProgress?.(done, first.end.entries) }, async (page) => {
      const columns = [
        page.map(({ sequence }) => sequence),
        page.map(({ id }) => id),
        page.map(({ time }) => time),
        page.map(({ institution }) => institution),
        page.map(({ entry }) => entry),
        page.map(({ leafHash: hash }) => Buffer.from(hash, 'hex')),
      ];
      await postgres.query({ text: insert, values: columns });
    });
    const entry = keeperEntry(parts, by, 'restoreMonth', { month, archive: known.number, entries: end.entries });
    const text = canonical(entry);
    const { word } = await one<{ word: string }>(ATTACH, [known.number, by, entry.id, entry.time, text, leafHash(text)]);
    if (word !== 'RESTORED') throw new Fault('ARCHIVE_REFUSED', { detail: `${month}: ${word}` });
    return { month, entries: end.entries };
  }

  return {
    async monthsBefore(month) {
      if (!MONTH_FORM.test(month)) throw new Fault('BAD_USER_INPUT', { detail: '2026-06' });
      return (await postgres.query<{ month: string }>({ text: MONTHS, values: [month] })).map((row) => row.month);
    },
    lookAt,
    archive: (month, by, watching = {}) => alone(() => archive(month, by, watching)),
    restore: (file, by, watching = {}) => alone(() => restore(file, by, watching)),
  };
}
