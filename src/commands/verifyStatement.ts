/** Verifies the statement of an enterprise from a file and trusted keys; needs no database, no network and no configuration. */
import { readFile } from 'node:fs/promises';
import { Fault } from '../faults.js';
import { type ProvenStatement, verifyStatement as verdictOn } from '../verify/statement.js';
import type { StatementFlaw } from '../verify/statementFile.js';
import { say, table } from './paper.js';

/** Reads that are listed; the others are counted. */
const MOST_LISTED = 50;

const FLAWS: Readonly<Record<StatementFlaw, string>> = {
  NOT_A_STATEMENT: '不是对账单文件，或已损坏 / It is no file of a statement, or a damaged one',
  NOT_SIGNED: '检查点未由所给公钥签署 / The checkpoint is not signed by a key that was given',
  NO_INDEX: '检查点不含企业索引 / The checkpoint carries no index over enterprises',
  PREFIX_WITHIN_SPAN: '略去的部分并非全在时段之前 / What is left away is not all of before the span',
  OUT_OF_ORDER: '条目缺失、重复或次序有误 / An item is missing, repeated or out of order',
  TIME_DISAGREES: '条目时间与内容或次序不符 / The time of an item disagrees with what it says, or with the order',
  LEFT_OUT: '时段内的读取未被列出 / A read within the span is not shown',
  OUTSIDE_SPAN: '列出的读取不在时段内 / A read that is shown is not of the span',
  OTHER_ENTERPRISE: '条目属于另一家企业 / An item is of another enterprise',
  DELAYED_TOO_LONG: '延迟披露的期限超过最长期限 / A read is delayed for longer than any policy may delay it',
  CHAIN_ENDS_ELSEWHERE: '条目数与所称不符 / There are not as many items as it says',
  NOT_IN_THE_LOG: '条目与已签署的日志不符 / The items are not those of the signed log',
};

/** The statement holds, and something of it is not told yet. */
const UNTOLD = 3;

/** Prints what is proven. The exit code is 0 where all of it is told, 3 where it holds but reads are delayed or archived, 1 where it does not hold. */
export async function verifyStatement({ statement, keys }: { statement: string; keys: string }): Promise<void> {
  const [fileText, keysText] = await Promise.all([readText(statement), readText(keys)]);
  const verdict = verdictOn(fileText, keysText);
  if (verdict.ok) return tell(verdict.proven);
  say(`✗ ${FLAWS[verdict.flaw]}`);
  if (verdict.place !== null) say(`  条目 / item: ${verdict.place}`);
  say(`  ${verdict.flaw}${verdict.detail ? `: ${verdict.detail}` : ''}`);
  process.exitCode = 1;
}

async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw new Fault('BAD_USER_INPUT', { detail: error instanceof Error ? error.message : file, cause: error });
  });
}

function tell({ uscc, from, until, reads, delayed, archived, outside, count, origin, size, signedAt }: ProvenStatement): void {
  const untold = delayed.length + archived.length;
  if (untold === 0) say('✓ 对账单成立，无一遗漏 / The statement holds, and nothing is left out of it');
  else {
    say(`◐ 对账单成立，但有 ${untold} 次读取尚未披露内容 / The statement holds, but of ${untold} reads nothing is told yet`);
    say(
      `  其中延迟披露 ${delayed.length}、已归档 ${archived.length}，均可能在时段内 / ${delayed.length} delayed, ${archived.length} archived; each may be of the span`,
    );
    process.exitCode = UNTOLD;
  }
  say(`  企业 / enterprise        ${uscc}`);
  say(`  时段 / span              ${from} – ${until}`);
  say(`  检查点 / checkpoint      ${origin}, ${size}, ${signedAt ?? '-'}`);
  say(`  时段内 / within          ${reads.length}`);
  say(`  延迟披露 / told later    ${delayed.length}`);
  say(`  已归档 / archived        ${archived.length}`);
  say(`  其他时间 / other times   ${outside}`);
  say(`  累计 / in all            ${count}`);
  if (signedAt === null || until > signedAt) say('  检查点之后的读取不在其中 / Reads after the checkpoint are not in it');
  const rows = reads.slice(-MOST_LISTED).map(({ ordinal, time, content }) => [ordinal, time, ...COLUMNS.map((name) => shown(content[name]))]);
  if (rows.length > 0) say(table(['#', '时间 / time', '机构 / institution', '目的 / purpose', '案件 / case', '结果 / outcome', '回执 / receipt'], rows));
  if (reads.length > MOST_LISTED) say(`  … ${reads.length - MOST_LISTED}`);
  for (const { ordinal, until: end } of delayed.slice(0, MOST_LISTED)) {
    say(`  #${ordinal}: 延迟披露，平台称至 / told later, the platform says by ${shown(end)}`);
  }
  for (const { ordinal, month } of archived.slice(0, MOST_LISTED)) {
    say(`  #${ordinal}: 已归档，平台称在该月文件中 / archived, the platform says in the file of ${shown(month)}`);
  }
}

const COLUMNS = ['institution', 'purpose', 'caseNumber', 'outcome', 'receipt'] as const;

/** Text of the file on a terminal: without control characters. */
function shown(value: unknown): string {
  return typeof value === 'string' ? value.replace(/\p{C}/gu, '·').slice(0, 64) : '-';
}
