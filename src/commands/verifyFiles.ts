/** `audit verify-receipt`, `audit verify-consistency`: files and keys alone, no database and no configuration. */
import { Fault } from '../faults.js';
import type { Verdict } from '../verify/receipt.js';
import { type ReceiptFiles, reportOf, verifyConsistencyFiles, verifyReceiptFiles } from '../verify/standalone.js';
import { say } from './paper.js';

export function verifyReceiptCommand({ json, ...files }: ReceiptFiles & { readonly json: boolean }): void {
  report(() => verifyReceiptFiles(files), json);
}

export function verifyConsistencyCommand({ json, ...files }: { readonly proof: string; readonly keys: string; readonly json: boolean }): void {
  report(() => verifyConsistencyFiles(files), json);
}

function report(verify: () => Verdict, json: boolean): void {
  let verdict: Verdict;
  try {
    verdict = verify();
  } catch (error) {
    throw new Fault('BAD_USER_INPUT', { detail: error instanceof Error ? error.message : String(error) });
  }
  const { text, code } = reportOf(verdict, json);
  say(text);
  process.exitCode = code;
}
