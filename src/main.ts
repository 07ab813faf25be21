#!/usr/bin/env node
/** The process: command line, signals, exit code. What a command does is in `commands/`. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { defineAuditCommands } from './commands/auditCommands.js';
import { Fault } from './faults.js';

const whole =
  (least: number, most = Number.MAX_SAFE_INTEGER) =>
  (text: string) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least) throw new InvalidArgumentError(`a whole number from ${least} is wanted`);
    if (value > most) throw new InvalidArgumentError(`at most ${most} are wanted`);
    return value;
  };
const example = (text: string) => `\n例 Example:\n  ${text.split('\n').join('\n  ')}\n`;

/** Whoever acts for nobody, or for two, is told how it is used. */
const actsForOne = (command: Command) => {
  const { institution, staff, enterprise } = command.opts();
  if ([institution, staff, enterprise].filter((named) => named !== undefined).length !== 1)
    command.error('error: exactly one of --institution, --staff and --enterprise is wanted');
};

const workers = () => new Option('--workers <n>', '同一端口上的进程数 / processes that answer on one port').argParser(whole(1, 64)).default(1);

const program = new Command('zone')
  .description('金融公共数据专区网关 / Gateway of the financial public-data zone')
  .version('1.0.0')
  .addHelpText('after', example('node dist/main.js start\nnode dist/main.js query demo.graphql --institution bank-01'));

program
  .command('start')
  .description('演示：建库、生成合成数据、服务并完成一次查询 / Demo: database, synthetic zone, server and one worked query')
  .option('--enterprises <n>', '合成企业数 / synthetic enterprises', whole(1), 2_000)
  .option('--seed <s>', '种子 / seed', whole(0), 1)
  .addOption(workers())
  .addHelpText('after', example('PORT=4000 node dist/main.js start'))
  .action(async (options) => (await import('./commands/start.js')).start(options));

program
  .command('serve')
  .description('服务；先迁移，生产环境只核对 / Serve; migrates first, and in production only looks whether that was done')
  .addOption(workers())
  .addHelpText('after', example('DATABASE_URL=postgres://… REDIS_URL=redis://… node dist/main.js serve --workers 2'))
  .action(async (options) => (await import('./commands/start.js')).serve(options));

// Begun by `serve --workers`, never by people.
program
  .command('worker', { hidden: true })
  .argument('<number>', '', whole(1))
  .argument('<count>', '', whole(1))
  .action(async (worker, of) => (await import('./commands/worker.js')).work({ worker, of }));

program
  .command('migrate')
  .description('迁移数据库 / Bring the database to the schema of this version')
  .addHelpText('after', example('DATABASE_URL=postgres://… node dist/main.js migrate'))
  .action(async () => (await import('./commands/filling.js')).migrateZone());

program
  .command('seed')
  .description('填入合成数据 / Fill in a synthetic zone')
  .option('--enterprises <n>', '企业数 / enterprises', whole(1), 2_000)
  .option('--seed <s>', '种子 / seed', whole(0), 1)
  .option('--replace', '清空专区中已有的记录与策略 / DISCARD the records and policy that the zone holds', false)
  .option('--lanes <n>', '并行数；默认为核数，至多 8 / lanes at once, each a thread and a connection; the cores, 8 at most', whole(1))
  .addHelpText('after', example('node dist/main.js seed --enterprises 200000 --seed 7\n# 中断后再次运行即接续 / run again after a kill, it continues'))
  .action(async (options) => (await import('./commands/filling.js')).seed(options));

program
  .command('deliver <category> <file>')
  .description('交付一个文件（CSV、JSON Lines、xlsx） / Deliver a file into a category')
  .option('--mapping <file>', '映射文件 / mapping file: column -> item')
  .option('--mode <mode>', 'MERGE 或 REPLACE / for categories of many rows', 'MERGE')
  .option('--data-time <time>', '数据时点 / as of when the data hold, ISO 8601')
  .option('--json', '报告以 JSON 输出 / report as JSON', false)
  .addHelpText('after', example('node dist/main.js deliver registration.basic firms.csv --mapping seeds/mappings/beijing-registrations.yaml'))
  .action(async (category, file, options) => (await import('./commands/filling.js')).deliverFile(category, file, options));

const catalogue = program
  .command('catalogue')
  .description('数据目录 / The catalogue')
  .addHelpText('after', example('node dist/main.js catalogue show tax.valueAddedTaxReturn'));
catalogue
  .command('check')
  .description('核对目录 / Check every file of the catalogue')
  .addHelpText('after', example('node dist/main.js catalogue check'))
  .action(async () => (await import('./commands/catalogue.js')).checkFiles());
catalogue
  .command('list')
  .description('列出信息类 / List the categories')
  .option('--domain <domain>', '领域 / domain')
  .option('--provider <provider>', '提供单位 / provider')
  .option('--json', 'JSON', false)
  .addHelpText('after', example('node dist/main.js catalogue list --domain tax'))
  .action(async (options) => (await import('./commands/catalogue.js')).list(options));
catalogue
  .command('show <code>')
  .description('一类及其信息项 / One category with its items')
  .option('--json', 'JSON', false)
  .addHelpText('after', example('node dist/main.js catalogue show intellectualProperty.patent'))
  .action(async (code, options) => (await import('./commands/catalogue.js')).show(code, options));

program
  .command('token')
  .description('沙箱令牌，五分钟 / A sandbox token of five minutes; refused in production')
  .option('--institution <code>', '机构代码 / institution, such as bank-01')
  .option('--staff <login>', '工作人员 / member of staff, such as li.wei')
  .option('--enterprise <uscc>', '企业 / enterprise, by its code')
  .option('--roles <roles>', '工作人员的角色，逗号分隔 / roles of --staff, by commas', 'GOVERNANCE_OFFICER')
  .option('--provider <code>', '数据管家所属单位 / provider that a steward answers for')
  .option('--client <name>', '机构的系统 / the system that holds the credential')
  .option('--purpose <purpose>', '打印可直接粘贴的查询事由 / also print an inquiry with this purpose to paste')
  .addHelpText(
    'after',
    example('curl -H "Authorization: Bearer $(node dist/main.js token --institution bank-01)" …\nnode dist/main.js token --staff li.wei --roles AUDITOR'),
  )
  .hook('preAction', actsForOne)
  .action(async (options) => (await import('./commands/query.js')).token(options));

program
  .command('query <file>')
  .description('以机构、工作人员或企业的身份查询运行中的网关 / Ask a running gateway as an institution, a member of staff or an enterprise')
  .option('--institution <code>', '机构代码 / institution')
  .option('--staff <login>', '工作人员 / member of staff')
  .option('--enterprise <uscc>', '企业 / enterprise')
  .option('--roles <roles>', '工作人员的角色，逗号分隔 / roles of --staff, by commas', 'GOVERNANCE_OFFICER')
  .option('--provider <code>', '数据管家所属单位 / provider that a steward answers for')
  .option('--variables <json>', '变量 / variables as JSON', '{}')
  .option('--url <url>', '网关地址 / gateway', 'http://127.0.0.1:4000/graphql')
  .addHelpText('after', example(`node dist/main.js query seeds/queries/profile.graphql --institution bank-01 --variables '{"uscc":"…"}'`))
  .hook('preAction', actsForOne)
  .action(async (file, options) => (await import('./commands/query.js')).query(file, options));

program
  .command('tour')
  .description('走一遍：申请、批准、授权、查询、撤回、试算 / A walk through: request, approval, consent, reading, withdrawal, simulation')
  .option('--institution <code>', '机构代码 / institution', 'bank-06')
  .option('--uscc <uscc>', '企业；不填为第 8 号演示企业 / enterprise; demo firm 8 where absent')
  .option('--url <url>', '网关地址 / gateway', 'http://127.0.0.1:4000/graphql')
  .addHelpText('after', example('node dist/main.js tour --institution bank-06'))
  .action(async (options) => (await import('./commands/tour.js')).tour(options));
const operations = program
  .command('operations')
  .description('登记的操作 / Registered operations')
  .addHelpText('after', example('node dist/main.js operations check persisted-documents.json'));
operations
  .command('check <manifest>')
  .description('核对操作清单，不登记 / Check a manifest of operations; registers nothing')
  .addHelpText('after', example('node dist/main.js operations check persisted-documents.json'))
  .action(async (manifest) => (await import('./commands/operations.js')).checkManifest(manifest));

const schema = program.command('schema').description('GraphQL 模式 / GraphQL schema').addHelpText('after', example('node dist/main.js schema print'));
schema
  .command('print')
  .description('打印模式 / Print the schema')
  .addHelpText('after', example('node dist/main.js schema print > schema/zone.graphql'))
  .action(async () => (await import('./commands/catalogue.js')).printSchema());

const staff = program
  .command('staff')
  .description('工作人员账号 / Accounts of staff at the embedded issuer')
  .addHelpText('after', example('node dist/main.js staff list'));
staff
  .command('add <login>')
  .description('登记账号，或为其换密码与角色 / Register an account, or give it another password and other roles')
  .requiredOption('--name-zh <name>', '中文姓名 / name in Chinese')
  .requiredOption('--name-en <name>', '英文姓名 / name in English')
  .requiredOption('--roles <roles>', 'GOVERNANCE_OFFICER, AUDITOR, PROVIDER_STEWARD, DASHBOARD_READER')
  .option('--provider <code>', '数据管家所属单位 / provider that a steward answers for')
  .option('--password-file <file>', '密码文件；缺省则生成 / file with the password; made here without it')
  .addHelpText('after', example('node dist/main.js staff add he.qingyuan --name-zh 贺清远 --name-en "He Qingyuan" --roles AUDITOR'))
  .action(async (login, options) => (await import('./commands/registers.js')).addStaff(login, options));
staff
  .command('list')
  .description('列出账号 / List the accounts')
  .addHelpText('after', example('node dist/main.js staff list'))
  .action(async () => (await import('./commands/registers.js')).listStaff());
staff
  .command('disable <login>')
  .description('停用账号 / Disable an account')
  .addHelpText('after', example('node dist/main.js staff disable he.qingyuan'))
  .action(async (login) => (await import('./commands/registers.js')).disableStaff(login));

const client = program
  .command('client')
  .description('机构系统与控制台 / Systems of institutions, and consoles, at the embedded issuer')
  .addHelpText('after', example('node dist/main.js client list'));
client
  .command('add <client>')
  .description('登记机构系统或控制台 / Register a system of an institution, or a console')
  .option('--institution <code>', '机构代码 / institution that the system acts for')
  .option('--redirect-uri <uri...>', '控制台回调地址 / where a console takes staff back')
  .option('--jwks <file>', '公钥（ES256、PS256） / public keys')
  .requiredOption('--audience <name>', 'sandbox | production')
  .option('--certificate <file>', '客户端证书（PEM），令牌与其绑定 / certificate that tokens are bound to')
  .addHelpText('after', example('node dist/main.js client add bank-01-core --institution bank-01 --jwks keys.json --audience sandbox --certificate cert.pem'))
  .action(async (name, options) => (await import('./commands/registers.js')).addClient(name, options));
client
  .command('list')
  .description('列出 / List them')
  .addHelpText('after', example('node dist/main.js client list'))
  .action(async () => (await import('./commands/registers.js')).listClients());
client
  .command('disable <client>')
  .description('停用 / Disable one')
  .addHelpText('after', example('node dist/main.js client disable bank-01-core'))
  .action(async (name) => (await import('./commands/registers.js')).disableClient(name));

const issuer = program.command('issuer').description('内置签发方 / The embedded issuer').addHelpText('after', example('node dist/main.js issuer rotate'));
issuer
  .command('rotate')
  .description('更换签名密钥，新旧重叠 / A new signing key; the old one is believed until its last token has expired')
  .addHelpText('after', example('node dist/main.js issuer rotate'))
  .action(async () => (await import('./commands/registers.js')).rotateKey());

const audit = program
  .command('audit')
  .description('审计日志：排序、核验、证明 / The audit log: sequencing, verification, proofs')
  .addHelpText('after', example('node dist/main.js audit sequence'));
defineAuditCommands(audit, example);

const groups = [audit, catalogue, operations, schema, staff, client, issuer];
for (const command of [program, ...program.commands, ...groups.flatMap(({ commands }) => commands)])
  command.showHelpAfterError('(--help 查看用法 / shows how)');

// Whoever reads what is printed may stop early, as `head` does; that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

try {
  await program.parseAsync();
} catch (error) {
  // What went wrong is for people; where in the code it happened is not.
  if (!(error instanceof CommanderError)) {
    const fault = error instanceof Fault ? error : new Fault('INTERNAL', { detail: error instanceof Error ? error.message : String(error) });
    console.error(`${fault.code}: ${fault.message}\n${String(fault.extensions.remedy)}${fault.code === 'BAD_USER_INPUT' ? ' (--help)' : ''}`);
  }
  process.exitCode = 1;
}
