/** `audit verify`: the whole log against keys and witnesses that are at hand; what is wrong is said line by line. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openVerifications } from '../alerts/verifications.js';
import { type Config, readConfig } from '../config.js';
import { Fault } from '../faults.js';
import type { IndexVerification } from '../verify/enterprises.js';
import { lineOf } from '../verify/findings.js';
import { parseKeys } from '../verify/note.js';
import { notesInFile } from '../verify/noteFile.js';
import { type Verification, verifyLog } from '../verify/verifyLog.js';
import { openDatabase } from '../zone/database.js';
import { type Progress, progress, say, table } from './paper.js';

export interface VerifyLogOptions {
  readonly since?: string;
  readonly against?: string;
  readonly keys?: string;
  readonly archive?: string;
  readonly json: boolean;
}

/**
 * @returns what the run found, which is recorded so that the watch tells of it; the exit code is 0 where all is clean, 2 where
 * something was found, 3 where nothing was and archived months were not looked at, 1 where it could not run
 */
export async function verifyWholeLog(options: VerifyLogOptions): Promise<Verification> {
  const config = readConfig();
  const beside = (name: string) => join(dirname(config.auditKeyFile), name);
  const keys = readBy('--keys', parseKeys, options.keys ?? beside('keys.txt'));
  const witnessFile = options.against ?? beside('witness.jsonl');
  const since = sinceOf(options.since);
  // Opened before the snapshot: what a witness is told later is not in it.
  const witnessed = options.against !== undefined || existsSync(witnessFile);
  const witnesses = witnessed ? notesBy(witnessFile) : [];
  const archives = archivesIn(options.archive, config);
  const database = await openDatabase(config);
  let bar: Progress | null = null;
  const showing = (what: string) => {
    let own: Progress | null = null;
    return (entries: number, size: number) => {
      if (options.json) return;
      if (own === null) {
        bar?.end();
        own = progress(what, Math.max(size, 1));
        bar = own;
      }
      own.update(Math.min(entries, size));
    };
  };
  const startedAt = new Date();
  try {
    const postgres = database.open('zone_verifier', { poolSize: 1 });
    const verification = await postgres.withClient(async (client) => {
      // Archives are read into a table of this session, which is a write.
      await client.query(`begin isolation level repeatable read ${archives?.length ? '' : 'read only'}`);
      try {
        return await verifyLog({
          client,
          keys,
          witnesses,
          archives,
          since,
          told: (finding) => options.json || say(lineOf(finding)),
          progress: showing('核验 Verified'),
          indexProgress: showing('企业索引 Index'),
        });
      } finally {
        await client.query('rollback');
      }
    });
    (bar as Progress | null)?.end();
    bar = null;
    say(options.json ? JSON.stringify(verification, null, 2) : summaryOf(verification, keys.length));
    if (!witnessed) process.stderr.write(UNWITNESSED);
    process.exitCode = EXIT_CODES[verification.state];
    const { entries, counts: kinds } = verification;
    await openVerifications({ postgres }).record({ startedAt, finishedAt: new Date(), entries, kinds });
    return verification;
  } finally {
    (bar as Progress | null)?.end();
    await database.close();
  }
}

const UNWITNESSED = `未用见证：倒退后以同一密钥重签的日志看似完好，请以 --against 给出见证文件
NO WITNESS was held against it: a log that was rewound and signed anew by the same key looks whole. Give a witness's file by --against.
`;
const EXIT_CODES = { CLEAN: 0, FINDINGS: 2, PARTIAL: 3 } as const;
const STATES = { CLEAN: '无异常 CLEAN', FINDINGS: '有异常 FINDINGS', PARTIAL: '已核验部分无异常 PARTIAL' } as const;

function readBy<T>(option: string, parse: (text: string) => T, file: string): T {
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Fault('BAD_USER_INPUT', { detail: `${option} ${file}: ${error instanceof Error ? error.message : String(error)}` });
  }
}

/** Notes of a file that is opened now and read while they are taken. */
function notesBy(file: string): Iterable<string> {
  const faulty = (error: unknown) => new Fault('BAD_USER_INPUT', { detail: `--against ${file}: ${error instanceof Error ? error.message : String(error)}` });
  let notes: Iterable<string>;
  try {
    notes = notesInFile(file);
  } catch (error) {
    throw faulty(error);
  }
  return (function* () {
    try {
      yield* notes;
    } catch (error) {
      throw faulty(error);
    }
  })();
}

/** Files of the folder; undefined where nobody named one and none is there: then archives are not looked at. */
function archivesIn(named: string | undefined, { auditArchiveFolder }: Config): string[] | undefined {
  if (named === undefined && !existsSync(auditArchiveFolder)) return undefined;
  const folder = named ?? auditArchiveFolder;
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch (error) {
    throw new Fault('BAD_USER_INPUT', { detail: `--archive ${folder}: ${error instanceof Error ? error.message : String(error)}` });
  }
}

/** A size in digits, or a time. */
function sinceOf(text: string | undefined): { size: number } | { time: Date } | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return { size: Number(text) };
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new Fault('BAD_USER_INPUT', { detail: '--since 2026-11-01T00:00:00Z | --since 100000' });
  return { time };
}

function summaryOf(verification: Verification, keys: number): string {
  const { state, counts, size, index, archived, since, entries, unsealed, checkpoints, witnesses, proven, milliseconds } = verification;
  return table(
    [STATES[state], ''],
    [
      ['叶数 leaves', size],
      ...(since > 0 ? [['自 from leaf', since] as [string, number]] : []),
      ['已证明 proven up to', proven],
      ['条目 entries', entries],
      ['未封存 not yet sealed', unsealed],
      ['检查点 checkpoints', checkpoints],
      ['见证 notes of witnesses', witnesses],
      ['公钥 keys', keys],
      ...Object.entries(counts).map(([kind, count]): [string, number] => [`  ${kind}`, count]),
      ...(archived.leaves > 0
        ? ([['未核验：已归档 NOT VERIFIED: archived', `${archived.leaves} (${archived.months.join(', ')}; --archive)`]] as [string, string][])
        : []),
      ...indexRows(index),
      ['秒 seconds', (milliseconds / 1_000).toFixed(1)],
      ['条/秒 entries a second', Math.round((entries / (milliseconds - (index.state === 'DERIVED' ? index.milliseconds : 0))) * 1_000)],
    ],
  );
}

const NOT_DERIVED = {
  SINCE: '自检查点起核验，不重算 not derived: --since begins within the log',
  ARCHIVED: '有月份已归档而未给出文件 not derived: months are archived and no folder was given',
  FINDINGS: '条目本身有异常 not derived: the entries themselves are not what was sealed',
  NOT_CARRIED: '检查点未载索引 no checkpoint carries it',
} as const;

function indexRows(index: IndexVerification): [string, string | number][] {
  if (index.state === 'NOT_VERIFIED') return [['企业索引 index over enterprises', NOT_DERIVED[index.why]]];
  const { checkpoints, enterprises, items, entries, milliseconds } = index;
  return [
    ['企业索引：企业 index: enterprises', enterprises],
    ['  读取项 items', items],
    ['  检查点 checkpoints held against', checkpoints],
    ['  条/秒 entries a second', Math.round((entries / Math.max(milliseconds, 1)) * 1_000)],
  ];
}
