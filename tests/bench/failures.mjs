// What clients see when Redis or PostgreSQL go away, or the audit log cannot be written, under load. Prints a table: for
// each phase the statuses, the slowest answer, and whether any refusal carried data.
import { execFileSync, fork, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { readConfig } from '../../dist/config.js';
import { migrate } from '../../dist/migrations.js';
import { demoFirm } from '../../dist/synthetic/firm.js';
import { seedZone } from '../../dist/synthetic/seed.js';
import { openDatabase } from '../../dist/zone/database.js';
import { openIssuer } from '../../dist/zone/issuing.js';
import { openCatalogue } from '../../dist/zone.js';
import { load } from './load.mjs';
import { freshSelection, queryA } from './workloads.mjs';

if (process.argv.includes('--help')) {
  console.log('node tests/bench/failures.mjs [--seconds 4] [--callers 8]\n例 Example: node tests/bench/failures.mjs --seconds 8');
  process.exit(0);
}
const option = (name, fallback) => (process.argv.includes(`--${name}`) ? Number(process.argv[process.argv.indexOf(`--${name}`) + 1]) : fallback);
const SECONDS = option('seconds', 4);
const CALLERS = option('callers', 8);
const ENTERPRISES = 2_000;

const folder = dirname(fileURLToPath(import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'zone-failures-'));
// Enterable by all, so that the data lie here and go with it.
chmodSync(home, 0o755);
const redisPort = 20_000 + (process.pid % 10_000);
const env = { ...process.env, ZONE_HOME: home, PORT: '0', LOG_LEVEL: 'silent', REDIS_URL: `redis://127.0.0.1:${redisPort}` };
const config = readConfig(env);
const startRedis = () => spawn('redis-server', ['--port', String(redisPort), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], { stdio: 'ignore' });

let redis = startRedis();
const catalogue = openCatalogue(config);
const database = await openDatabase(config);
await migrate(database.ownerUrl, config.schemaFolder, catalogue);
const owner = database.open('owner');
await seedZone({ postgres: owner, catalogue }, { enterprises: ENTERPRISES, seed: 1, seedsFolder: config.seedsFolder });
const gateway = await new Promise((ready, failed) => {
  const child = fork(join(folder, 'gateway.mjs'), [], { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  child.once('message', ({ port }) => ready({ port, child }));
  child.once('exit', (code) => failed(new Error(`the gateway ended with ${code}`)));
});
const issuer = await openIssuer(config);
// Each phase asks for categories that no phase before has asked for, so that its first answers come from the database.
const bodiesOf = (n) => {
  const query = queryA(catalogue, freshSelection(catalogue, n));
  return Array.from({ length: ENTERPRISES }, (_, index) => JSON.stringify({ query, variables: { uscc: demoFirm(index, 1) } }));
};
let phases = 0;
const table = new Table({
  head: ['phase', 'answers', 'by status', 'p50 ms', 'p99 ms', 'slowest ms', 'refusals with data', '200 without receipt'],
  style: { head: [], border: [] },
});

async function phase(name, meanwhile = async () => undefined) {
  let refusedWithData = 0;
  let unreceipted = 0;
  let slowest = 0;
  const check = (status, text, milliseconds) => {
    slowest = Math.max(slowest, milliseconds);
    const body = JSON.parse(text.toString());
    if (status !== 200 && body.data !== undefined) refusedWithData++;
    if (status === 200 && !body.extensions?.receipt?.leafHash) unreceipted++;
  };
  const headers = { authorization: `Bearer ${await issuer.tokenFor('bank-01')}` };
  const [measured] = await Promise.all([
    load({ port: gateway.port, headers, bodies: bodiesOf(phases++), callers: CALLERS, seconds: SECONDS, check }),
    meanwhile(),
  ]);
  table.push([
    name,
    measured.requests,
    JSON.stringify(measured.statuses),
    measured.p50.toFixed(1),
    measured.p99.toFixed(1),
    slowest.toFixed(0),
    refusedWithData,
    unreceipted,
  ]);
}
const postmaster = () => Number(readFileSync(join(home, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
const soon = 500;

try {
  await phase('warming up');
  await phase('all well');
  await phase('Redis killed', async () => {
    await sleep(soon);
    redis.kill('SIGKILL');
  });
  await phase('Redis away');
  redis = startRedis();
  await phase('Redis back');
  await phase('Redis hangs (SIGSTOP)', async () => {
    await sleep(soon);
    redis.kill('SIGSTOP');
  });
  redis.kill('SIGCONT');
  await phase('Redis wakes');
  await phase('audit insert refused', async () => {
    await sleep(soon);
    await owner.query({ text: 'revoke execute on function append_audit from zone_gateway' });
  });
  await owner.query({ text: 'grant execute on function append_audit to zone_gateway' });
  await phase('audit allowed again');
  await owner.query({
    text: "create function full_disk() returns trigger language plpgsql as $$ begin raise exception 'no space left' using errcode = '53100'; end $$",
  });
  await phase('audit disk full (53100)', async () => {
    await sleep(soon);
    await owner.query({ text: 'create trigger full_disk before insert on audit_entry execute function full_disk()' });
  });
  await owner.query({ text: 'drop trigger full_disk on audit_entry' });
  await phase('disk free again');
  await phase('PostgreSQL killed (SIGKILL)', async () => {
    await sleep(soon);
    execFileSync('kill', ['-9', String(postmaster())]);
  });
  await sleep(1_000);
  await phase('PostgreSQL restarted by itself');
  await phase('PostgreSQL hangs (SIGSTOP)', async () => {
    await sleep(soon);
    stopAll('-STOP');
    await sleep(SECONDS * 1_000 - soon);
    stopAll('-CONT');
  });
  await sleep(500);
  await phase('PostgreSQL wakes');
  console.log(table.toString());
} finally {
  redis.kill('SIGKILL');
  gateway.child.removeAllListeners('exit');
  gateway.child.disconnect();
  await new Promise((ended) => gateway.child.once('exit', ended));
  await database.close();
  rmSync(home, { recursive: true, force: true });
}
process.exit(0);

/** The postmaster and its children: a stopped postmaster alone would leave open sessions working. */
function stopAll(signal) {
  const parent = postmaster();
  const children = execFileSync('pgrep', ['-P', String(parent)], { encoding: 'utf8' })
    .trim()
    .split('\n');
  execFileSync('kill', [signal, String(parent), ...children]);
}
