/** Commands about the audit log: what each is called and takes. What it does is in files of its own, loaded when it runs. */
import type { Command } from 'commander';

export function defineAuditCommands(audit: Command, example: (text: string) => string): void {
  audit
    .command('sequence')
    .description('只排序并签署检查点，不提供服务 / Sequence the log and sign checkpoints, without serving')
    .addHelpText('after', example('AUDIT_KEY_FILE=/secrets/audit.pem node dist/main.js audit sequence'))
    .action(async () => (await import('./sequence.js')).sequence());
  const canary = audit
    .command('canary')
    .description('哨兵企业：无人有理由读取 / Canaries: enterprises that nobody has reason to read')
    .addHelpText('after', example('node dist/main.js audit canary list'));
  canary
    .command('add <uscc>')
    .description('登记一家；须为无真实对应的合成企业 / Register one; a synthetic enterprise that nobody lends to')
    .option('--reason <text>', '说明 / why this one', 'synthetic')
    .addHelpText('after', example('node dist/main.js audit canary add 91110113MA032KRC5U --reason "planted in November"'))
    .action(async (uscc, options) => (await import('./canaries.js')).addCanary(uscc, options));
  canary
    .command('list')
    .description('列出 / List them')
    .addHelpText('after', example('node dist/main.js audit canary list'))
    .action(async () => (await import('./canaries.js')).listCanaries());
}
