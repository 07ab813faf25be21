/** Commands about the audit log: what each is called and takes. What it does is in files of its own, loaded when it runs. */
import type { Command } from 'commander';

export function defineAuditCommands(audit: Command, example: (text: string) => string): void {
  audit
    .command('sequence')
    .description('只排序并签署检查点，不提供服务 / Sequence the log and sign checkpoints, without serving')
    .addHelpText('after', example('AUDIT_KEY_FILE=/secrets/audit.pem node dist/main.js audit sequence'))
    .action(async () => (await import('./sequence.js')).sequence());
}
