/** Commands that serve: the gateway alone, and the demonstration of everything; in one process or in several. */
import closeWithGrace from 'close-with-grace';
import type { Logger } from 'pino';
import type { Catalogue } from '../catalogue/model.js';
import { type Config, readConfig } from '../config.js';
import { Fault } from '../faults.js';
import { demoFirm } from '../synthetic/firm.js';
import { type Database, openDatabase } from '../zone/database.js';
import { openIssuer } from '../zone/issuing.js';
import { openLog } from '../zone/log.js';
import { openCatalogue, openGateway } from '../zone.js';
import { workedQuery } from './demonstration.js';
import { seedLine, seedWithProgress } from './filling.js';
import { keepHeapSmall } from './heap.js';
import { DRAIN_MS, demandFreePort, listening } from './listening.js';
import { say } from './paper.js';
import { readySchema } from './readySchema.js';
import { type SandboxAccounts, seedSandboxAccounts } from './sandboxAccounts.js';
import { LAST_STEP_MS, type Sequencing, startSequencing } from './sequencing.js';
import { demandSharedCounts, startWorkers } from './workers.js';

/** What answers: a gateway in this process, or several in processes of their own. */
interface Serving {
  readonly address: string;
  close(): Promise<void>;
}

export async function serve({ workers }: { workers: number }): Promise<void> {
  const { config, address } = await open({ workers, seeding: null });
  say(addresses(address, config));
}

export async function start({ enterprises, seed, workers }: { enterprises: number; seed: number; workers: number }): Promise<void> {
  const started = performance.now();
  const { config, address } = await open({ workers, seeding: { enterprises, seed } });
  if (issuesTokens(config)) await workedQuery({ address, issuer: await openIssuer(config), uscc: demoFirm(1, seed), institution: 'bank-07' });
  say(`\n${((performance.now() - started) / 1000).toFixed(1)} s 后就绪 / ready after\n${addresses(address, config)}`);
}

async function open({ workers, seeding }: { workers: number; seeding: { enterprises: number; seed: number } | null }) {
  const config = readConfig();
  demandSharedCounts(config, workers);
  if (seeding && config.production) throw new Fault('CONFIG_FAULTY', { detail: 'ZONE_ENV: start is the demonstration; in production: migrate, then serve' });
  const log = openLog(config);
  const catalogue = openCatalogue(config);
  const database = await openDatabase(config);
  let serving: Serving | null = null;
  let sequencing: Promise<Sequencing> | null = null;
  // From here on a signal closes whatever is open, in the order in which requests stand on it.
  const grace = closeWithGrace({ delay: DRAIN_MS + LAST_STEP_MS, logger: false }, async ({ err }) => {
    if (err) log.fatal({ error: `${err.name}: ${err.message}` }, 'ended by an error');
    await serving?.close();
    await (await sequencing?.catch(() => null))?.close();
    await database.close();
  });
  try {
    await readySchema(config, database, catalogue);
    if (seeding) {
      await fillIfEmpty(config, catalogue, database, seeding);
      if (issuesTokens(config)) say(accountsLine(await seedSandboxAccounts(config, database)));
    }
    serving = workers > 1 ? await servedByWorkers(config, workers, log) : await servedHere(config, database, catalogue, log);
    if (config.sequencing) sequencing = startSequencing(log);
    await sequencing;
    return { config, address: serving.address };
  } catch (error) {
    // It would end the process in good order, with exit code 0.
    grace.uninstall();
    await serving?.close();
    await (await sequencing?.catch(() => null))?.close();
    await database.close();
    throw error;
  }
}

async function servedHere(...[config, database, catalogue, log]: [Config, Database, Catalogue, Logger]): Promise<Serving> {
  keepHeapSmall();
  const gateway = await openGateway(config, database, catalogue, log);
  try {
    return { address: await listening(gateway, config), close: gateway.close };
  } catch (error) {
    await gateway.close();
    throw error;
  }
}

async function servedByWorkers(config: Config, count: number, log: Logger): Promise<Serving> {
  if (!config.redisUrl) say(`没有 Redis：每个进程各计 1/${count} 的用量限额 / no Redis: each worker counts by 1/${count} of each allowance`);
  await demandFreePort(config);
  return startWorkers({ count, log });
}

/** Whether the embedded issuer's sandbox tokens are believed. */
const issuesTokens = ({ production, tokenJwksFile, tokenJwksUrl }: Config) => !production && !tokenJwksFile && !tokenJwksUrl;

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

function addresses(address: string, config: Config): string {
  return [
    `GraphQL   POST ${address}/graphql`,
    ...(issuesTokens(config) ? [`GraphiQL  ${address}/graphql`, `issuer    ${address}/oidc/.well-known/openid-configuration`] : []),
    `health    ${address}/health`,
    `metrics   ${address}/metrics`,
    'Ctrl-C 结束 / ends it',
  ].join('\n');
}
