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
  audit
    .command('verify-statement')
    .description('核验企业对账单：只需文件与公钥 / Verify the statement of an enterprise, with nothing but the file and the keys')
    .requiredOption('--statement <file>', '对账单的 proof / the proof of the statement')
    .requiredOption('--keys <file>', '可信公钥，每行一个 / verifier keys you trust, one a line')
    .addHelpText(
      'after',
      `${example('node dist/main.js audit verify-statement --statement statement.json --keys keys.txt')}
退出码 Exit code: 0 成立 holds, 3 成立但有读取尚未披露 holds, but reads are delayed or archived, 1 不成立 does not hold`,
    )
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
    .description(
      '核验整个日志；0 无异常，2 有异常，3 已归档月份未核验，1 无法核验 / Verify the whole log; exit code 0 clean, 2 findings, 3 archived months not verified, 1 could not run',
    )
    .option('--since <time|size>', '自该检查点起 / begin at the checkpoint of that time or size, trusting what it signs')
    .option('--against <file>', '见证文件，或一个检查点 / file of a witness, or one checkpoint; by default witness.jsonl beside the signing key')
    .option('--keys <file>', '公钥文件，每行一个 / verifier keys, one a line; by default keys.txt beside the signing key')
    .option(
      '--archive <folder>',
      '已归档月份的文件夹 / folder with the files of months that have left the database; AUDIT_ARCHIVE_FOLDER by default, where it is there',
    )
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
  defineRetention(audit, example);
  defineExports(audit, example);
  defineCanaries(audit, example);
  defineWalk(audit, example);
}

function defineWalk(audit: Command, example: (text: string) => string): void {
  audit
    .command('walk')
    .description(
      '审计员走一遍：告警、日志、解释、证明、对账单、用量、导出、核验 / As an auditor walks: alert, trail, explanation, proofs, statement, usage, export',
    )
    .option('--url <url>', '网关地址 / gateway', 'http://127.0.0.1:4000')
    .option('--institution <code>', '机构代码 / institution whose operator reads what it should not', 'bank-07')
    .option('--folder <folder>', '所得文件的去处 / where the files go; a new folder below ZONE_HOME/walks where absent')
    .option('--tamper', '改动日志一个字节再复原，以示核验 / also change one byte of the log, and put it back', false)
    .addHelpText('after', example('node dist/main.js audit walk --institution bank-07 --tamper'))
    .action(async (options) => (await import('./walk.js')).walk(options));
}

function defineRetention(audit: Command, example: (text: string) => string): void {
  audit
    .command('archive')
    .description('将整月日志写成文件、核对后移出数据库 / Move whole months of the log into files, check these, and drop the months')
    .requiredOption('--before <month>', '此月之前的各月 / months before this one, such as 2026-06')
    .option('--folder <folder>', '归档文件夹 / folder of the files; AUDIT_ARCHIVE_FOLDER where absent')
    .option('--by <login>', '经办人 / who does it; the account of this machine where absent')
    .option('--dry-run', '只说明将做什么 / only say what would be done', false)
    .addHelpText('after', example('node dist/main.js audit archive --before 2026-06 --dry-run'))
    .action(async (options) => (await import('./retention.js')).archiveMonths(options));
  audit
    .command('restore <file>')
    .description('核对归档文件并将该月放回数据库 / Check the file of a month and take the month in again')
    .option('--by <login>', '经办人 / who does it')
    .addHelpText('after', example('node dist/main.js audit restore /archive/audit-2026-04.jsonl.gz --by li.wei'))
    .action(async (file, options) => (await import('./retention.js')).restoreMonth(file, options));
  const hold = audit.command('hold').description('法律保全：所涉月份不移出 / Legal holds: months they concern are not dropped');
  hold.addHelpText('after', example('node dist/main.js audit hold list'));
  hold
    .command('add')
    .description('设立保全 / Place a hold')
    .option('--institution <code>', '机构 / institution')
    .option('--enterprise <uscc>', '企业 / enterprise')
    .option('--case <number>', '案件编号 / case number')
    .option('--from <month>', '起始月 / first month, such as 2026-03')
    .option('--until <month>', '截止月，含 / last month, inclusive')
    .requiredOption('--reason <text>', '事由 / why')
    .requiredOption('--by <login>', '经办人 / who places it')
    .addHelpText('after', example('node dist/main.js audit hold add --institution bank-03 --reason "(2026) 京0105 刑初 88 号" --by li.wei'))
    .action(async (options) => (await import('./retention.js')).addHold(options));
  hold
    .command('list')
    .description('列出保全，含已解除 / List the holds, those released too')
    .addHelpText('after', example('node dist/main.js audit hold list'))
    .action(async () => (await import('./retention.js')).listHolds());
  hold
    .command('release <hold>')
    .description('解除保全 / Release a hold')
    .requiredOption('--reason <text>', '事由 / why')
    .requiredOption('--by <login>', '经办人 / who releases it')
    .addHelpText('after', example('node dist/main.js audit hold release 019… --reason "案件已结" --by li.wei'))
    .action(async (id, options) => (await import('./retention.js')).releaseHold(id, options));
}

function defineExports(audit: Command, example: (text: string) => string): void {
  audit
    .command('export')
    .description('经网关导出日志，附签名 / Export the trail through a gateway, with its signed note')
    .requiredOption('--out <file>', '输出文件；签名写入 <file>.note / file to write; its note goes beside it')
    .option('--format <format>', 'csv | xlsx | jsonl', 'csv')
    .option('--filter <json>', '筛选 / filter of the trail as JSON', '{}')
    .option('--bom', 'CSV 前加 UTF-8 BOM / a byte order mark before CSV, for Excel', false)
    .requiredOption('--staff <login>', '工作人员 / member of staff')
    .option('--roles <roles>', 'GOVERNANCE_OFFICER, AUDITOR', 'AUDITOR')
    .option('--url <url>', '网关地址 / gateway', 'http://127.0.0.1:4000')
    .addHelpText('after', example(`node dist/main.js audit export --staff li.wei --format xlsx --filter '{"institution":"bank-01"}' --out trail.xlsx`))
    .action(async (options) => (await import('./exportTrail.js')).exportTrail(options));
  audit
    .command('verify-export')
    .description('核验导出文件：只需文件、签名与公钥 / Check an exported file with its note and the public keys alone')
    .requiredOption('--file <file>', '导出文件 / exported file')
    .option('--note <file>', '签名；缺省为 <file>.note / its note; <file>.note where absent')
    .requiredOption('--keys <file>', '公钥，每行一个 / verifier keys, one a line')
    .addHelpText('after', example('node dist/main.js audit verify-export --file trail.csv --keys keys.txt'))
    .action(async (options) => (await import('./exportTrail.js')).verifyExported(options));
}

function defineCanaries(audit: Command, example: (text: string) => string): void {
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
