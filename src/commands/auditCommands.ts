/** Commands about the audit log: what each is called and takes. What it does is in files of its own, loaded when it runs. */
import type { Command } from 'commander';

export function defineAuditCommands(audit: Command, example: (text: string) => string): void {
  audit
    .command('sequence')
    .description('只排序并签署检查点，不提供服务 / Sequence the log and sign checkpoints, without serving')
    .addHelpText('after', example('AUDIT_KEY_FILE=/secrets/audit.pem node dist/main.js audit sequence'))
    .action(async () => (await import('./sequence.js')).sequence());
  audit
    .command('checkpoint')
    .description('打印最新检查点 / Print the newest checkpoint: of this zone, or as a gateway tells it')
    .option('--url <url>', '网关地址；不填则读本库 / gateway; this zone’s own database where absent')
    .addHelpText('after', example('node dist/main.js audit checkpoint --url http://127.0.0.1:4000 > checkpoint.txt'))
    .action(async (options) => (await import('./proofs.js')).printCheckpoint(options));
  audit
    .command('proof <receipt>')
    .description('从网关取回执的包含证明，存为文件 / Fetch the proof of a receipt from a gateway into a file')
    .option('--url <url>', '网关地址 / gateway', 'http://127.0.0.1:4000')
    .option('--out <file>', '文件；不填为 <receipt>.proof.json / file; <receipt>.proof.json where absent')
    .addHelpText('after', example('node dist/main.js audit proof 019a9f6e-0000-7000-8000-000000000000 --url http://127.0.0.1:4000 --out proof.json'))
    .action(async (receipt, options) => (await import('./proofs.js')).fetchProof(receipt, options));
  const keys = audit
    .command('keys')
    .description('签署检查点的密钥 / Keys that sign checkpoints')
    .addHelpText('after', example('node dist/main.js audit keys list'));
  keys
    .command('list')
    .description('列出现用与停用的公钥 / List the key that signs and those that did')
    .addHelpText('after', example('node dist/main.js audit keys list'))
    .action(async () => (await import('./auditKeys.js')).listKeys());
  keys
    .command('rotate')
    .description('更换签署密钥；运行中的进程自动跟随 / A new key signs from the next checkpoint on; running processes follow')
    .addHelpText('after', example('AUDIT_KEY_FILE=/secrets/audit.pem node dist/main.js audit keys rotate'))
    .action(async () => (await import('./auditKeys.js')).rotateKeys());
  audit
    .command('verify-statement')
    .description('核验企业对账单：只需文件与公钥 / Verify the statement of an enterprise, with nothing but the file and the keys')
    .requiredOption('--statement <file>', '对账单的 proof / the proof of the statement')
    .requiredOption('--keys <file>', '可信公钥，每行一个 / verifier keys you trust, one a line')
    .addHelpText('after', example('node dist/main.js audit verify-statement --statement statement.json --keys keys.txt'))
    .action(async (options) => (await import('./verifyStatement.js')).verifyStatement(options));
  audit
    .command('report')
    .description('机构或提供单位的月报，HTML / Monthly report of an institution or of a provider, as HTML')
    .option('--institution <code>', '机构代码 / institution, such as bank-01')
    .option('--provider <code>', '提供单位代码 / provider, such as tax')
    .requiredOption('--month <month>', '月份 / month, YYYY-MM')
    .option('--out <file>', '写入的文件 / file to write; usage-<code>-<month>.html where absent')
    .addHelpText('after', example('node dist/main.js audit report --institution bank-01 --month 2026-11 --out report.html'))
    .action(async (options) => (await import('./report.js')).writeReport(options));
  audit
    .command('verify')
    .description('核验整个日志；0 无异常，2 有异常，1 无法核验 / Verify the whole log; exit code 0 clean, 2 findings, 1 could not run')
    .option('--since <time|size>', '自该检查点起 / begin at the checkpoint of that time or size, trusting what it signs')
    .option('--against <file>', '见证文件，或一个检查点 / file of a witness, or one checkpoint; by default witness.jsonl beside the signing key')
    .option('--keys <file>', '公钥文件，每行一个 / verifier keys, one a line; by default keys.txt beside the signing key')
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
