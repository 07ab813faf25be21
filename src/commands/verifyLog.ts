/** `audit verify`: the whole log against keys and witnesses that are at hand; what is wrong is said line by line. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readConfig } from '../config.js';
import { Fault } from '../faults.js';
import { notesIn } from '../verify/claims.js';
import { lineOf } from '../verify/findings.js';
import { parseKeys } from '../verify/note.js';
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

/** @returns what the run found; the exit code is 0 where it is clean and 2 where it is not */
export async function verifyWholeLog(options: VerifyLogOptions): Promise<Verification> {
  const config = readConfig();
  const beside = (name: string) => join(dirname(config.auditKeyFile), name);
  const keys = readBy('--keys', parseKeys, options.keys ?? beside('keys.txt'));
  const witnessFile = options.against ?? beside('witness.jsonl');
  const since = sinceOf(options.since);
  // Before the snapshot: what a witness is told later is not in it.
  const witnesses = options.against !== undefined || existsSync(witnessFile) ? readBy('--against', notesIn, witnessFile) : [];
  const archives = archivesIn(options.archive);
  const database = await openDatabase(config);
  let bar: Progress | null = null;
  try {
    const verification = await database.open('zone_sequencer', { poolSize: 1 }).withClient(async (client) => {
      // Archives are read into a table of this session, which is a write.
      await client.query(`begin isolation level repeatable read ${archives.length > 0 ? '' : 'read only'}`);
      try {
        return await verifyLog({
          client,
          keys,
          witnesses,
          archives,
          since,
          told: (finding) => options.json || say(lineOf(finding)),
          progress(entries, size) {
            if (options.json) return;
            bar ??= progress('核验 Verified', Math.max(size, 1));
            bar.update(Math.min(entries, size));
          },
        });
      } finally {
        await client.query('rollback');
      }
    });
    (bar as Progress | null)?.end();
    bar = null;
    say(options.json ? JSON.stringify(verification, null, 2) : summaryOf(verification, keys.length));
    process.exitCode = verification.state === 'CLEAN' ? 0 : 2;
    return verification;
  } finally {
    (bar as Progress | null)?.end();
    await database.close();
  }
}

function readBy<T>(option: string, parse: (text: string) => T, file: string): T {
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Fault('BAD_USER_INPUT', { detail: `${option} ${file}: ${error instanceof Error ? error.message : String(error)}` });
  }
}

function archivesIn(folder: string | undefined): string[] {
  if (folder === undefined) return [];
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
  const { state, counts, size, since, entries, unsealed, checkpoints, witnesses, proven, milliseconds } = verification;
  return table(
    [state === 'CLEAN' ? '无异常 CLEAN' : '有异常 FINDINGS', ''],
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
      ['秒 seconds', (milliseconds / 1_000).toFixed(1)],
      ['条/秒 entries a second', Math.round((entries / milliseconds) * 1_000)],
    ],
  );
}
