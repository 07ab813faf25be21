// Query A (one enterprise, six categories) and query B (a hundred), cold and warm, beside the floor, in one run.
// The server is pinned to one core, the load to the other; PostgreSQL and Redis go where the system puts them.
import { fork, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { Redis } from 'ioredis';
import { readConfig } from '../../dist/config.js';
import { migrate } from '../../dist/migrations.js';
import { demoFirm } from '../../dist/synthetic/firm.js';
import { seedZone } from '../../dist/synthetic/seed.js';
import { openDatabase } from '../../dist/zone/database.js';
import { openIssuer } from '../../dist/zone/issuing.js';
import { openCatalogue } from '../../dist/zone.js';
import { load } from './load.mjs';
import { openToAll } from './opened.mjs';
import { leavesOf, queryA, queryB } from './workloads.mjs';

if (process.argv.includes('--help')) {
  console.log('npm run bench -- [--enterprises 10000] [--seconds 5] [--rounds 3]\n例 Example: npm run bench -- --enterprises 2000 --seconds 2 --rounds 1');
  process.exit(0);
}
const option = (name, fallback) => (process.argv.includes(`--${name}`) ? Number(process.argv[process.argv.indexOf(`--${name}`) + 1]) : fallback);
const ENTERPRISES = option('enterprises', 10_000);
const SECONDS = option('seconds', 5);
const ROUNDS = option('rounds', 3);
const SEED = 1;
const folder = dirname(fileURLToPath(import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'zone-bench-'));
// Enterable by all, so that the data lie here and go with it.
chmodSync(home, 0o755);
const redisPort = 20_000 + (process.pid % 10_000);
const env = { ...process.env, ZONE_HOME: home, PORT: '0', LOG_LEVEL: 'silent', REDIS_URL: `redis://127.0.0.1:${redisPort}` };
const config = readConfig(env);

pin(process.pid, 1);
const redis = spawn('redis-server', ['--port', String(redisPort), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], { stdio: 'ignore' });
const catalogue = openCatalogue(config);
const database = await openDatabase(config);
const results = [];
try {
  await migrate(database.ownerUrl, config.schemaFolder, catalogue);
  const owner = database.open('owner');
  console.log(`合成 ${ENTERPRISES} 家企业 / seeding ${ENTERPRISES} enterprises …`);
  const seeded = await seedZone({ postgres: owner, catalogue }, { enterprises: ENTERPRISES, seed: SEED, seedsFolder: config.seedsFolder });
  console.log(`${seeded.records} records, ${seeded.recordsPerSecond} a second`);
  const usccs = Array.from({ length: ENTERPRISES }, (_, index) => demoFirm(index, SEED));
  await openToAll(owner, usccs);
  await owner.query({ text: 'vacuum analyze record' });
  await owner.query({ text: 'checkpoint' });

  const issuer = await openIssuer(config);
  const headers = async () => ({ authorization: `Bearer ${await issuer.tokenFor('bank-01')}` });
  const bodiesA = usccs.map((uscc) => JSON.stringify({ query: queryA(catalogue), variables: { uscc } }));
  const bodiesB = Array.from({ length: Math.floor(ENTERPRISES / 100) }, (_, batch) =>
    JSON.stringify({ query: queryB(catalogue), variables: { usccs: usccs.slice(batch * 100, batch * 100 + 100) } }),
  );
  const client = new Redis(env.REDIS_URL);
  for (const [name, bodies, callers] of [
    ['A', bodiesA, 1],
    ['A', bodiesA, 16],
    ['B', bodiesB, 1],
    ['B', bodiesB, 16],
  ]) {
    const hot = bodies.slice(0, name === 'A' ? 500 : 5);
    const rounds = { floor: [], 'cold, PostgreSQL': [], 'warm, Redis': [], 'warm, process': [] };
    let size = 0;
    let leaves = 0;
    for (let round = 0; round < ROUNDS; round++) {
      // Cold: nothing in Redis, nothing in the process, each enterprise asked once.
      await client.flushall();
      const few = (from) => bodies.slice(from, from + (name === 'A' ? 2_000 : 60));
      let server = await gateway();
      const shape = JSON.parse((await one(server.port, await headers(), bodies.at(-1))).toString());
      if (shape.errors) throw new Error(JSON.stringify(shape.errors).slice(0, 500));
      leaves = leavesOf(shape.data);
      size = Math.max(size, JSON.stringify(shape).length);
      rounds['cold, PostgreSQL'].push(await load({ port: server.port, headers: await headers(), bodies: few(0), callers, check: fine }));
      await stop(server);
      // Warm from Redis: a new process, the same enterprises.
      server = await gateway();
      await one(server.port, await headers(), bodies.at(-1));
      rounds['warm, Redis'].push(await load({ port: server.port, headers: await headers(), bodies: few(0), callers, check: fine }));
      // Warm from the process: the same few again and again.
      await load({ port: server.port, headers: await headers(), bodies: hot, callers, check: fine });
      rounds['warm, process'].push(await load({ port: server.port, headers: await headers(), bodies: hot, callers, seconds: SECONDS, check: fine }));
      await stop(server);
      const floor = await start(join(folder, 'floor.mjs'), [String(size)]);
      await load({ port: floor.port, bodies: hot, callers, seconds: 0.5 });
      rounds.floor.push(await load({ port: floor.port, bodies: hot, callers, seconds: SECONDS }));
      await stop(floor);
    }
    const floorRate = median(rounds.floor.map(({ perSecond }) => perSecond));
    for (const [temperature, measured] of Object.entries(rounds)) {
      const perSecond = median(measured.map((result) => result.perSecond));
      const row = {
        query: name,
        callers,
        temperature,
        leaves,
        bytes: size,
        perSecond,
        p50: median(measured.map(({ p50 }) => p50)),
        p99: median(measured.map(({ p99 }) => p99)),
        floorShare: perSecond / floorRate,
      };
      results.push({ ...row, spread: [Math.min(...measured.map((result) => result.perSecond)), Math.max(...measured.map((result) => result.perSecond))] });
      console.log(`${name} × ${callers} ${temperature}: ${perSecond.toFixed(0)}/s p50 ${row.p50.toFixed(2)} ms p99 ${row.p99.toFixed(2)} ms`);
    }
  }
  client.disconnect();
  const [{ entries }] = await owner.query({ text: 'select count(*) as entries from audit_entry' });
  console.log(`${entries} audit entries were written by this run`);
} finally {
  await database.close();
  redis.kill('SIGKILL');
  rmSync(home, { recursive: true, force: true });
}

const machine = {
  cpu: cpus()[0].model.trim(),
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  enterprises: ENTERPRISES,
  rounds: ROUNDS,
  seconds: SECONDS,
};
const table = new Table({ head: ['query', 'callers', 'state', 'leaves', 'KB', 'req/s', 'p50 ms', 'p99 ms', 'of the floor'], style: { head: [], border: [] } });
for (const { query, callers, temperature, leaves, bytes, perSecond, p50, p99, floorShare } of results) {
  table.push([
    query,
    callers,
    temperature,
    leaves,
    (bytes / 1024).toFixed(1),
    perSecond.toFixed(0),
    p50.toFixed(2),
    p99.toFixed(2),
    `${(100 * floorShare).toFixed(1)} %`,
  ]);
}
console.log(table.toString());
console.log(machine);
mkdirSync(join(folder, 'results'), { recursive: true });
writeFileSync(join(folder, 'results', 'latest.json'), `${JSON.stringify({ machine, results }, null, 2)}\n`);
process.exit(0);

function fine(status) {
  if (status !== 200) throw new Error(`status ${status}`);
}

async function one(port, headers, body) {
  let text;
  await load({
    port,
    headers,
    bodies: [body],
    callers: 1,
    check: (status, got) => {
      fine(status);
      text = got;
    },
  });
  return text;
}

async function gateway() {
  return start(join(folder, 'gateway.mjs'), []);
}

function start(script, args) {
  return new Promise((ready, failed) => {
    const child = fork(script, args, { env, execArgv: ['--max-semi-space-size=64'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    pin(child.pid, 0);
    child.once('message', ({ port }) => ready({ port, child }));
    child.once('exit', (code) => failed(new Error(`${script} ended with ${code}`)));
  });
}

function stop({ child }) {
  return new Promise((stopped) => {
    child.removeAllListeners('exit');
    child.once('exit', stopped);
    child.disconnect();
  });
}

function pin(pid, core) {
  if (existsSync('/usr/bin/taskset') && cpus().length > 1) spawnSync('taskset', ['-a', '-cp', String(core), String(pid)]);
}

function median(values) {
  return [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)];
}
