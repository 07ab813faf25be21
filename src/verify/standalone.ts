#!/usr/bin/env node
/**
 * The verifier for whoever holds a receipt: `node standalone.js receipt|consistency ...`. Copy this file with merkle.js,
 * note.js and receipt.js anywhere; nothing else is needed but Node, no network, no database.
 */
import { readFileSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parseKeys } from './note.js';
import { parseReceipt, type Verdict, verifyConsistency, verifyReceipt } from './receipt.js';

const USAGE = `核验回执 Verify a receipt:
  node standalone.js receipt --receipt <file|id,time,leafHash> --proof <file> --keys <file> [--entry <file>] [--json]
核验日志延续 Verify that a log continues an older one:
  node standalone.js consistency --proof <file> --keys <file> [--json]
退出码 Exit code: 0 已证明 proven, 2 不成立 not proven, 1 无法核验 could not run`;

export interface ReceiptFiles {
  /** A file, or `id,time,leafHash`. */
  readonly receipt: string;
  readonly proof: string;
  readonly keys: string;
  readonly entry?: string;
}

/** @throws Error where a file cannot be read or is none of its kind */
export function verifyReceiptFiles({ receipt, proof, keys, entry }: ReceiptFiles): Verdict {
  const text = /^[^,\s{]+,[^,\s]+,[0-9a-f]{64}$/.test(receipt) ? receipt : read(receipt);
  return verifyReceipt(parseReceipt(text), read(proof), parseKeys(read(keys)), entry === undefined ? undefined : entryText(read(entry)));
}

export function verifyConsistencyFiles({ proof, keys }: { proof: string; keys: string }): Verdict {
  return verifyConsistency(read(proof), parseKeys(read(keys)));
}

/** What is printed, and the exit code. */
export function reportOf(verdict: Verdict, json: boolean): { text: string; code: 0 | 2 } {
  const code = verdict.state === 'PROVEN' ? 0 : 2;
  if (json) return { text: JSON.stringify(verdict, null, 2), code };
  if (verdict.state === 'FAILED') return { text: `不成立 / NOT PROVEN: ${verdict.kind}\n${verdict.zh}\n${verdict.en}`, code };
  return { text: ['已证明 / PROVEN', ...verdict.zh, ...verdict.en].join('\n'), code };
}

function read(file: string): string {
  return readFileSync(file, 'utf8');
}

/** Editors end files with a newline, which is not of the entry. */
function entryText(text: string): string {
  return text.replace(/\r?\n$/, '');
}

function run(args: readonly string[]): number {
  const option = { type: 'string' } as const;
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { receipt: option, proof: option, keys: option, entry: option, json: { type: 'boolean' }, help: { type: 'boolean' } },
    });
    const { receipt, proof, keys, entry, json = false, help = false } = values;
    const [what] = positionals;
    if (help) {
      process.stdout.write(`${USAGE}\n`);
      return 0;
    }
    const verdict =
      what === 'receipt' && receipt && proof && keys
        ? verifyReceiptFiles({ receipt, proof, keys, entry })
        : what === 'consistency' && proof && keys
          ? verifyConsistencyFiles({ proof, keys })
          : null;
    if (!verdict) throw new Error(USAGE);
    const { text, code } = reportOf(verdict, json);
    process.stdout.write(`${text}\n`);
    return code;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

const [, started = ''] = process.argv;
if (started !== '' && isThisFile(started)) process.exitCode = run(process.argv.slice(2));

function isThisFile(path: string): boolean {
  try {
    return realpathSync(path) === realpathSync(fileURLToPath(import.meta.url));
  } catch {
    return false;
  }
}
