// The zone that all are measured on: one PostgreSQL, one Redis, the same records, and what the peers need beside them.
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { readConfig } from '../../../dist/config.js';
import { migrate } from '../../../dist/migrations.js';
import { demoFirm } from '../../../dist/synthetic/firm.js';
import { seedZone } from '../../../dist/synthetic/seed.js';
import { openDatabase } from '../../../dist/zone/database.js';
import { openIssuer } from '../../../dist/zone/issuing.js';
import { openCatalogue } from '../../../dist/zone.js';
import { openToAll } from '../opened.mjs';
import { CALLER } from './servers/caller.mjs';

const SEED = 1;
const INSTITUTION = 'bank-01';

export async function openBenchZone(enterprises) {
  const home = mkdtempSync(join(tmpdir(), 'zone-peers-'));
  // Enterable by all, so that the data lie here and go with it.
  chmodSync(home, 0o755);
  const redisUrl = `redis://127.0.0.1:${20_000 + (process.pid % 10_000)}`;
  const env = { ...process.env, NODE_ENV: 'production', ZONE_HOME: home, PORT: '0', LOG_LEVEL: 'silent', REDIS_URL: redisUrl };
  const config = readConfig(env);
  const redis = spawn('redis-server', ['--port', new URL(redisUrl).port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], { stdio: 'ignore' });
  const catalogue = openCatalogue(config);
  const database = await openDatabase(config);
  const client = new Redis(redisUrl);
  const close = async () => {
    client.disconnect();
    await database.close();
    redis.kill('SIGKILL');
    rmSync(home, { recursive: true, force: true });
  };
  // Also where the console goes away: PostgreSQL and Redis would stay.
  const end = (error) => {
    if (error instanceof Error && error.code !== 'EPIPE') console.error(error);
    void close().finally(() => process.exit(1));
  };
  for (const ending of ['SIGINT', 'SIGTERM', 'SIGHUP', 'uncaughtException']) process.once(ending, end);
  try {
    await migrate(database.ownerUrl, config.schemaFolder, catalogue);
    const owner = database.open('owner');
    console.log(`合成 ${enterprises} 家企业 / seeding ${enterprises} enterprises …`);
    const { records } = await seedZone({ postgres: owner, catalogue }, { enterprises, seed: SEED, seedsFolder: config.seedsFolder });
    const usccs = Array.from({ length: enterprises }, (_, index) => demoFirm(index, SEED));
    await openToAll(owner, usccs);
    await owner.query({ text: AUDIT });
    await owner.query({ text: 'vacuum analyze record' });
    await owner.query({ text: 'vacuum analyze enterprise' });
    const issuer = await openIssuer(config);
    return {
      catalogue,
      config,
      usccs,
      records,
      owner,
      names: await namesIn(owner),
      ids: new Map((await owner.query({ text: 'select code, id from category' })).map(({ code, id }) => [code, id])),
      version: (await owner.query({ text: 'show server_version' }))[0].server_version,
      /** A token lives for minutes: made anew for each measurement. Peers are told by a header who calls. */
      headers: async () => ({ authorization: `Bearer ${await issuer.tokenFor(INSTITUTION)}`, [CALLER]: INSTITUTION }),
      forget: () => client.flushall(),
      /** What the servers are started with; ours takes no notice of what is for the peers. */
      environment(shape) {
        const file = join(home, 'shape.json');
        writeFileSync(file, JSON.stringify(shape));
        return { ...env, PEER_SHAPE: file, PEER_DATABASE_URL: database.ownerUrl, PEER_REDIS_URL: redisUrl };
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Where a peer with duties writes that it was asked. */
const AUDIT = `
create schema peers;
create table peers.audit (
  id bigint generated always as identity primary key, time timestamptz not null default now(),
  institution text, purpose text, case_number text, enterprises text[] not null)`;

/** Parts of names that a search finds something by: the characters behind the city. */
async function namesIn(owner) {
  const rows = await owner.query({
    text: "select distinct substring(name from 3 for 3) as part from enterprise where uscc not like '92%' and length(name) > 8 order by part limit 200",
  });
  return rows.map(({ part }) => part);
}
