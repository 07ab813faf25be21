/** Commands about the audit log: what each is called and takes. What it does is in files of its own, loaded when it runs. */
import type { Command } from 'commander';

export function defineAuditCommands(audit: Command, example: (text: string) => string): void {
  audit
    .command('sequence')
    .description('只排序并签署检查点，不提供服务 / Sequence the log and sign checkpoints, without serving')
    .addHelpText('after', example('AUDIT_KEY_FILE=/secrets/audit.pem node dist/main.js audit sequence'))
    .action(async () => (await import('./sequence.js')).sequence());
  audit
    .command('report')
    .description('机构或提供单位的月报，HTML / Monthly report of an institution or of a provider, as HTML')
    .option('--institution <code>', '机构代码 / institution, such as bank-01')
    .option('--provider <code>', '提供单位代码 / provider, such as tax')
    .requiredOption('--month <month>', '月份 / month, YYYY-MM')
    .option('--out <file>', '写入的文件 / file to write; usage-<code>-<month>.html where absent')
    .addHelpText('after', example('node dist/main.js audit report --institution bank-01 --month 2026-11 --out report.html'))
    .action(async (options) => (await import('./report.js')).writeReport(options));
}
