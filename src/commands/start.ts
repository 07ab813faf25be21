/** Commands that serve: the gateway alone, and the demonstration of everything. */
import closeWithGrace from 'close-with-grace';
import type { Catalogue } from '../catalogue/model.js';
import { type Config, readConfig } from '../config.js';
import { Fault } from '../faults.js';
import { demoFirm } from '../synthetic/firm.js';
import { type Database, openDatabase } from '../zone/database.js';
import { openLog } from '../zone/log.js';
import { type Gateway, openCatalogue, openGateway } from '../zone.js';
import { workedQuery } from './demonstration.js';
import { seedLine, seedWithProgress } from './filling.js';
import { say } from './paper.js';
import { readySchema } from './readySchema.js';
import { type SandboxAccounts, seedSandboxAccounts } from './sandboxAccounts.js';
import { LAST_STEP_MS, type Sequencing, startSequencing } from './sequencing.js';

/** Time that requests under way have to end after a signal, in ms. */
const DRAIN_MS = 10_000;

export async function serve(): Promise<void> {
  const { gateway, address } = await open({ seeding: null });
  say(addresses(address, gateway));
}

export async function start({ enterprises, seed }: { enterprises: number; seed: number }): Promise<void> {
  const started = performance.now();
  const { gateway, address } = await open({ seeding: { enterprises, seed } });
  if (gateway.issuer) await workedQuery({ address, issuer: gateway.issuer, uscc: demoFirm(1, seed), institution: 'bank-07' });
  say(`\n${((performance.now() - started) / 1000).toFixed(1)} s 后就绪 / ready after\n${addresses(address, gateway)}`);
}

async function open({ seeding }: { seeding: { enterprises: number; seed: number } | null }): Promise<{ gateway: Gateway; address: string }> {
  const config = readConfig();
  if (seeding && config.production) throw new Fault('CONFIG_FAULTY', { detail: 'ZONE_ENV: start is the demonstration; in production: migrate, then serve' });
  const log = openLog(config);
  const catalogue = openCatalogue(config);
  const database = await openDatabase(config);
  let gateway: Gateway | null = null;
  let sequencing: Promise<Sequencing> | null = null;
  // From here on a signal closes whatever is open, in the order in which requests stand on it.
  const grace = closeWithGrace({ delay: DRAIN_MS + LAST_STEP_MS, logger: false }, async ({ err }) => {
    if (err) log.fatal({ error: `${err.name}: ${err.message}` }, 'ended by an error');
    await gateway?.close();
    await (await sequencing?.catch(() => null))?.close();
    await database.close();
  });
  try {
    await readySchema(config, database, catalogue);
    if (seeding) {
      await fillIfEmpty(config, catalogue, database, seeding);
      const embedded = !config.production && !config.tokenJwksFile && !config.tokenJwksUrl;
      if (embedded) say(accountsLine(await seedSandboxAccounts(config, database)));
    }
    gateway = await openGateway(config, database, catalogue, log);
    const address = await listening(gateway, config);
    if (config.sequencing) sequencing = startSequencing(log);
    await sequencing;
    return { gateway, address };
  } catch (error) {
    // It would end the process in good order, with exit code 0.
    grace.uninstall();
    await gateway?.close();
    await (await sequencing?.catch(() => null))?.close();
    await database.close();
    throw error;
  }
}

function listening(gateway: Gateway, { port, host }: Config): Promise<string> {
  return gateway.listen().catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'EADDRINUSE' ? 'another process listens there' : error.code;
    throw new Fault('CONFIG_FAULTY', { detail: `PORT ${port} on ${host}: ${why}`, cause: error });
  });
}

/** A zone that holds other data is served as it is: the demonstration discards nothing. */
async function fillIfEmpty(...[config, catalogue, database, seeding]: [Config, Catalogue, Database, { enterprises: number; seed: number }]): Promise<void> {
  try {
    say(seedLine(await seedWithProgress(config, catalogue, database, { ...seeding, replace: false })));
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'ZONE_NOT_EMPTY') throw error;
    say(error.message);
  }
}

function accountsLine({ passwordFile, keyFile }: SandboxAccounts): string {
  return `工作人员密码 / Passwords of staff: ${passwordFile}\n机构客户端私钥 / Private key of bank-01-core: ${keyFile}`;
}

function addresses(address: string, { issuer }: Gateway): string {
  return [
    `GraphQL   POST ${address}/graphql`,
    ...(issuer ? [`GraphiQL  ${address}/graphql`, `issuer    ${address}/oidc/.well-known/openid-configuration`] : []),
    `health    ${address}/health`,
    `metrics   ${address}/metrics`,
    'Ctrl-C 结束 / ends it',
  ].join('\n');
}
