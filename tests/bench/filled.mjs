// A zone of its own for a bench: database, Redis, firms, and a bank whose every question is allowed, so that reading is measured and
// not refusing. All of it goes with `close`.
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../dist/config.js';
import { freePort } from '../../dist/embedded.js';
import { migrate } from '../../dist/migrations.js';
import { demoFirm } from '../../dist/synthetic/firm.js';
import { seedZone } from '../../dist/synthetic/seed.js';
import { openDatabase } from '../../dist/zone/database.js';
import { openIssuer } from '../../dist/zone/issuing.js';
import { openCatalogue } from '../../dist/zone.js';
import { openToAll } from './opened.mjs';

const SEED = 1;

export async function openFilled({ enterprises, settings = {} }) {
  const home = mkdtempSync(join(tmpdir(), 'zone-bench-'));
  // Enterable by all, so that the data lie here and go with it.
  chmodSync(home, 0o755);
  const redisPort = await freePort();
  const env = { ...process.env, ZONE_HOME: home, PORT: '0', LOG_LEVEL: 'silent', REDIS_URL: `redis://127.0.0.1:${redisPort}`, ...settings };
  const config = readConfig(env);
  const redis = spawn('redis-server', ['--port', String(redisPort), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], { stdio: 'ignore' });
  const database = await openDatabase(config);
  const close = async () => {
    await database.close();
    redis.kill('SIGKILL');
    rmSync(home, { recursive: true, force: true });
  };
  try {
    const catalogue = openCatalogue(config);
    await migrate(database.ownerUrl, config.schemaFolder, catalogue);
    const owner = database.open('owner');
    console.log(`合成 ${enterprises} 家企业 / seeding ${enterprises} enterprises …`);
    await seedZone({ postgres: owner, catalogue }, { enterprises, seed: SEED, seedsFolder: config.seedsFolder });
    const usccs = Array.from({ length: enterprises }, (_, index) => demoFirm(index, SEED));
    await openToAll(owner, usccs);
    await owner.query({ text: 'vacuum analyze record' });
    const issuer = await openIssuer(config);
    const headers = async () => ({ authorization: `Bearer ${await issuer.tokenFor('bank-01')}` });
    const postmaster = Number(readFileSync(join(home, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
    return { env, config, catalogue, owner, usccs, headers, stores: [redis.pid, postmaster], close };
  } catch (error) {
    await close();
    throw error;
  }
}
