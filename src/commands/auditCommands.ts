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
    .option('--time <time>', '回执时间，已归档的条目需要 / time of the receipt; archived entries need it')
    .option('--leaf-hash <hex>', '回执的叶哈希，已归档的条目需要 / leaf hash of the receipt; archived entries need it')
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
}
