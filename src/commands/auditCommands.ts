/** Commands about the audit log: what each is called and takes. What it does is in files of its own, loaded when it runs. */
import type { Command } from 'commander';

export function defineAuditCommands(audit: Command, example: (text: string) => string): void {
  audit
    .command('sequence')
    .description('只排序并签署检查点，不提供服务 / Sequence the log and sign checkpoints, without serving')
    .addHelpText('after', example('AUDIT_KEY_FILE=/secrets/audit.pem node dist/main.js audit sequence'))
    .action(async () => (await import('./sequence.js')).sequence());
  audit
    .command('verify')
    .description('核验整个日志；0 无异常，2 有异常，1 无法核验 / Verify the whole log; exit code 0 clean, 2 findings, 1 could not run')
    .option('--since <time|size>', '自该检查点起 / begin at the checkpoint of that time or size, trusting what it signs')
    .option('--against <file>', '见证文件，或一个检查点 / file of a witness, or one checkpoint; by default witness.jsonl beside the signing key')
    .option('--keys <file>', '公钥文件，每行一个 / verifier keys, one a line; by default keys.txt beside the signing key')
    .option('--archive <folder>', '已归档月份的文件夹 / folder with the files of months that have left the database')
    .option('--json', 'JSON', false)
    .addHelpText('after', example('node dist/main.js audit verify --against witness.jsonl --keys keys.txt'))
    .action(async (options) => void (await (await import('./verifyLog.js')).verifyWholeLog(options)));
  audit
    .command('verify-receipt')
    .description('核验一张回执，不需要数据库 / Verify a receipt by its proof; needs no database, no network')
    .requiredOption('--receipt <file|id,time,leafHash>', '回执 / the receipt, or an answer that carries it')
    .requiredOption('--proof <file>', '包含证明 / inclusion proof')
    .requiredOption('--keys <file>', '公钥文件 / verifier keys')
    .option('--entry <file>', '条目原文 / the entry as canonical JSON')
    .option('--json', 'JSON', false)
    .addHelpText('after', example('node dist/main.js audit verify-receipt --receipt receipt.json --proof proof.json --keys keys.txt'))
    .action(async (options) => (await import('./verifyFiles.js')).verifyReceiptCommand(options));
  audit
    .command('verify-consistency')
    .description('核验日志延续了较早的检查点 / Verify that the log continues an older checkpoint')
    .requiredOption('--proof <file>', '一致性证明 / consistency proof')
    .requiredOption('--keys <file>', '公钥文件 / verifier keys')
    .option('--json', 'JSON', false)
    .addHelpText('after', example('node dist/main.js audit verify-consistency --proof consistency.json --keys keys.txt'))
    .action(async (options) => (await import('./verifyFiles.js')).verifyConsistencyCommand(options));
}
