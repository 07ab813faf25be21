/** Commands about the audit log: what each is called and takes. What it does is in files of its own, loaded when it runs. */
import type { Command } from 'commander';

export function defineAuditCommands(audit: Command, example: (text: string) => string): void {
  audit
    .command('sequence')
    .description('只排序并签署检查点，不提供服务 / Sequence the log and sign checkpoints, without serving')
    .addHelpText('after', example('AUDIT_KEY_FILE=/secrets/audit.pem node dist/main.js audit sequence'))
    .action(async () => (await import('./sequence.js')).sequence());
  audit
    .command('verify-statement')
    .description('核验企业对账单：只需文件与公钥 / Verify the statement of an enterprise, with nothing but the file and the keys')
    .requiredOption('--statement <file>', '对账单的 proof / the proof of the statement')
    .requiredOption('--keys <file>', '可信公钥，每行一个 / verifier keys you trust, one a line')
    .addHelpText('after', example('node dist/main.js audit verify-statement --statement statement.json --keys keys.txt'))
    .action(async (options) => (await import('./verifyStatement.js')).verifyStatement(options));
}
