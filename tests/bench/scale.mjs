// Whether cost grows with the zone: zones of several sizes are seeded (a run that was broken off is continued), then the same is asked
// of each: one enterprise, a hundred, names; memory, bytes an enterprise, and a delivery while everybody reads.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { Redis } from 'ioredis';
import { readConfig } from '../../dist/config.js';
import { migrate } from '../../dist/migrations.js';
import { drawFirm } from '../../dist/synthetic/firm.js';
import { Random } from '../../dist/synthetic/random.js';
import { seedZone } from '../../dist/synthetic/seed.js';
import { openDatabase } from '../../dist/zone/database.js';
import { openIssuer } from '../../dist/zone/issuing.js';
import { openCatalogue } from '../../dist/zone.js';
import { readDuringDelivery } from './delivering.mjs';
import { load } from './load.mjs';
import { queryA, queryB, querySearch } from './workloads.mjs';

if (process.argv.includes('--help')) {
  console.log(`npm run bench:scale -- [--sizes 20000,200000] [--folder <kept between runs>] [--seconds 5] [--callers 8] [--lanes ${cpus().length}]
  [--changed 100000] [--keep] [--drop-caches]
--sizes        enterprises of each zone, the smallest first; about 38 KB of disk each
--folder       where the zones lie, one below the other; a run that was killed is continued there
--keep         leaves the zones where they are
--drop-caches  empties the system's page cache before what is cold (root)
例 Example: npm run bench:scale -- --sizes 20000,200000,2000000 --folder /var/tmp/scale --keep`);
  process.exit(0);
}
const text = (name, fallback) => (process.argv.includes(`--${name}`) ? process.argv[process.argv.indexOf(`--${name}`) + 1] : fallback);
const number = (name, fallback) => Number(text(name, fallback));
const SIZES = text('sizes', '20000,200000').split(',').map(Number);
const SECONDS = number('seconds', 5);
const CALLERS = number('callers', 8);
const LANES = number('lanes', cpus().length);
const CHANGED = number('changed', 100_000);
const FOLDER = text('folder', join(tmpdir(), 'zone-scale'));
const SEED = 1;
const SAMPLED = 20_000;
const HOT = 500;
const SEARCHES = 1_000;
const here = dirname(fileURLToPath(import.meta.url));
const redisPort = 20_000 + (process.pid % 10_000);
const redis = spawn('redis-server', ['--port', String(redisPort), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], { stdio: 'ignore' });
const results = [];
const file = join(here, 'results', 'scale.json');

try {
  for (const enterprises of SIZES) {
    results.push(await measure(enterprises));
    // After each size: what was measured is not lost with what comes.
    mkdirSync(dirname(file), { recursive: true });
    const machine = { cpu: cpus()[0].model.trim(), cores: cpus().length, memoryGiB: Math.round(totalmem() / 2 ** 30), node: process.version };
    writeFileSync(file, `${JSON.stringify({ machine, seconds: SECONDS, callers: CALLERS, lanes: LANES, results }, null, 2)}\n`);
  }
} finally {
  redis.kill('SIGKILL');
}
console.log(tableOf(results).toString());
process.exit(0);

async function measure(enterprises) {
  const home = join(FOLDER, `zone-${enterprises}`);
  mkdirSync(home, { recursive: true });
  // Enterable by all, so that the data lie here and go with it.
  chmodSync(home, 0o755);
  const env = { ...process.env, ZONE_HOME: home, PORT: '0', LOG_LEVEL: 'silent', REDIS_URL: `redis://127.0.0.1:${redisPort}` };
  const config = readConfig(env);
  const catalogue = openCatalogue(config);
  const database = await openDatabase(config);
  const children = new Set();
  try {
    await migrate(database.ownerUrl, config.schemaFolder, catalogue);
    const owner = database.open('owner', { poolSize: LANES + 1 });
    const seeding = await seeded({ owner, catalogue, config, home, enterprises });
    const bytes = await bytesOf(owner, enterprises);
    console.log(`${enterprises}: ${bytes.total} bytes an enterprise`);
    const sample = sampleOf(enterprises);
    await consentOf(owner, sample);
    await owner.query({ text: 'checkpoint' });

    const issuer = await openIssuer(config);
    const headers = async () => ({ authorization: `Bearer ${await issuer.tokenFor('bank-01')}` });
    const client = new Redis(env.REDIS_URL);
    const tools = { env, children, client, headers };
    const usccs = sample.map(({ uscc }) => uscc);
    const bodies = {
      A: usccs.slice(0, 2_000).map((uscc) => JSON.stringify({ query: queryA(catalogue), variables: { uscc } })),
      B: batches(usccs).map((batch) => JSON.stringify({ query: queryB(catalogue), variables: { usccs: batch } })),
      ...Object.fromEntries([1, 2, 3].map((length) => [`search ${length}`, searchesOf(sample, length)])),
    };
    const reads = [];
    for (const [name, all] of Object.entries(bodies)) {
      for (const callers of [1, CALLERS]) reads.push(...(await coldAndWarm(tools, { name, all, callers })));
    }
    const memory = await memoryAfterMix(tools, bodies);
    const delivered = await duringDelivery(tools, { owner, catalogue, home, sample });
    client.disconnect();
    return { enterprises, seeding, bytes, load: loadavg()[0], reads, memory, delivered };
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await database.close();
    if (!process.argv.includes('--keep')) rmSync(home, { recursive: true, force: true });
  }
}

/** What the run that filled it said is kept with it. */
async function seeded({ owner, catalogue, config, home, enterprises }) {
  const kept = join(home, 'seeding.json');
  const started = performance.now();
  let first = null;
  let told = 0;
  const onProgress = (done, total) => {
    first ??= { done, at: performance.now() };
    if (performance.now() - told < 5_000 && done < total) return;
    told = performance.now();
    const rate = (1000 * (done - first.done)) / (performance.now() - first.at);
    console.log(`seeding ${done}/${total}, ${rate.toFixed(0)} a second${rate > 0 ? `, ${Math.round((total - done) / rate)} s left` : ''}`);
  };
  const { byCategory, ...report } = await seedZone(
    { postgres: owner, catalogue },
    { enterprises, seed: SEED, seedsFolder: config.seedsFolder, lanes: LANES, inChunks: true, onProgress },
  );
  if (report.skipped && existsSync(kept)) return JSON.parse(readFileSync(kept, 'utf8'));
  const seconds = (performance.now() - started) / 1000;
  const seeding = { ...report, enterprisesPerSecond: report.skipped ? null : Math.round((enterprises - report.continuedFrom) / seconds), load: loadavg()[0] };
  writeFileSync(kept, JSON.stringify(seeding));
  console.log(seeding);
  return seeding;
}

async function bytesOf(owner, enterprises) {
  const rows = await owner.query({
    text: `select relname as name, pg_relation_size(oid) as heap, pg_indexes_size(oid) as indexes, pg_total_relation_size(oid) as total from pg_class
           where relname = any('{record,enterprise,enterprise_gram,consent}')`,
  });
  const each = (bytes) => Math.round(bytes / enterprises);
  const tables = Object.fromEntries(rows.map(({ name, heap, indexes, total }) => [name, { heap: each(heap), indexes: each(indexes), total: each(total) }]));
  return { total: each(rows.reduce((sum, { total }) => sum + total, 0)), tables };
}

/** Firms from all over the zone; the same at every run. */
function sampleOf(enterprises) {
  const random = new Random().begin(SEED, enterprises, 1);
  const drawing = new Random();
  const indices = new Set();
  while (indices.size < Math.min(SAMPLED, enterprises)) indices.add(random.below(enterprises));
  return [...indices].map((index) => drawFirm(SEED, index, drawing));
}
function batches(usccs) {
  return Array.from({ length: Math.floor(usccs.length / 100) }, (_, place) => usccs.slice(place * 100, place * 100 + 100));
}
function searchesOf(sample, length) {
  const random = new Random().begin(SEED, length, 2);
  return Array.from({ length: SEARCHES }, () => {
    const name = [...random.pick(sample).name];
    const at = random.below(Math.max(1, name.length - length + 1));
    return JSON.stringify({ query: querySearch(), variables: { name: name.slice(at, at + length).join(''), first: 20 } });
  });
}

async function coldAndWarm(tools, { name, all, callers }) {
  const rows = [];
  const few = all.slice(0, name === 'B' ? 60 : 1_000);
  const hot = name === 'B' ? all.slice(0, 5) : name === 'A' ? all.slice(0, HOT) : few;
  await tools.client.flushall();
  if (process.argv.includes('--drop-caches')) writeFileSync('/proc/sys/vm/drop_caches', '3');
  const server = await gateway(tools);
  // The plan and the policy of the operation are not what is measured.
  await load({ port: server.port, headers: await tools.headers(), bodies: all.slice(-1), callers: 1, check: fine });
  // The second run asks for others: those of the first are in PostgreSQL's memory.
  const cold = name === 'B' ? all.slice(callers === 1 ? 0 : 60).slice(0, 60) : all.slice(callers === 1 ? 0 : -few.length).slice(0, few.length);
  rows.push({ state: 'cold', ...(await load({ port: server.port, headers: await tools.headers(), bodies: cold, callers, check: fine })) });
  await load({ port: server.port, headers: await tools.headers(), bodies: hot, callers, check: fine });
  rows.push({ state: 'warm', ...(await load({ port: server.port, headers: await tools.headers(), bodies: hot, callers, seconds: SECONDS, check: fine })) });
  await stop(tools, server);
  for (const { state, perSecond, p50, p99 } of rows)
    console.log(`${name} × ${callers} ${state}: ${perSecond.toFixed(0)}/s p50 ${p50.toFixed(2)} ms p99 ${p99.toFixed(2)} ms`);
  return rows.map(({ state, perSecond, p50, p99 }) => ({ name, callers, state, perSecond, p50, p99 }));
}

/** 80 % of one, 15 % of a hundred, 5 % by name, among all that are sampled. */
async function memoryAfterMix(tools, bodies) {
  const server = await gateway(tools);
  const random = new Random().begin(SEED, 0, 3);
  const mix = Array.from({ length: 20_000 }, () => {
    const point = random.unit();
    return random.pick(point < 0.8 ? bodies.A : point < 0.95 ? bodies.B : bodies['search 2']);
  });
  const { perSecond } = await load({ port: server.port, headers: await tools.headers(), bodies: mix, callers: CALLERS, seconds: 4 * SECONDS, check: fine });
  const status = readFileSync(`/proc/${server.child.pid}/status`, 'utf8');
  const mebibytes = (field) => Math.round(Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024);
  await stop(tools, server);
  const memory = { residentMiB: mebibytes('VmRSS'), highestMiB: mebibytes('VmHWM'), perSecond };
  console.log(memory);
  return memory;
}

async function duringDelivery(tools, { owner, catalogue, home, sample }) {
  const server = await gateway(tools);
  const delivered = await readDuringDelivery({
    owner,
    home,
    env: tools.env,
    sample: sample.map(({ uscc }) => uscc),
    changed: CHANGED,
    callers: CALLERS,
    seconds: SECONDS,
    query: queryA(catalogue),
    port: server.port,
    headers: await tools.headers(),
  });
  await stop(tools, server);
  console.log(delivered);
  return delivered;
}

/** The bench measures reading under permit and audit, so every sampled firm consents, and no allowance is used up. */
async function consentOf(owner, sample) {
  const usccs = sample.map(({ uscc }) => uscc);
  await owner.query({ text: "delete from consent where uscc = any($1) and institution = 'bank-01'", values: [usccs] });
  await owner.query({
    text: `insert into consent (uscc, id, institution, purposes, scope, personal, valid_from, valid_until, evidence_hash)
           select uscc, 'bench', 'bank-01', '{PRE_LOAN_REVIEW}', '{*}', 'CLEAR', now() - interval '1 day', now() + interval '1 year', repeat('0', 64) from unnest($1::text[]) uscc`,
    values: [usccs],
  });
  await owner.query({
    text: `insert into allowance (institution, purpose, version, cost_per_minute, enterprises_a_day, at_once)
           select 'bank-01', 'PRE_LOAN_REVIEW', max(version), 100000000, 100000000, 10000 from policy_version on conflict do nothing`,
  });
}

function fine(status, body) {
  if (status !== 200) throw new Error(`status ${status}: ${body.toString().slice(0, 300)}`);
}

async function gateway({ env, children }) {
  const child = fork(join(here, 'gateway.mjs'), [], { env, execArgv: ['--max-semi-space-size=64'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  children.add(child);
  const [{ port }] = await once(child, 'message');
  return { child, port };
}
async function stop({ children }, { child }) {
  const gone = once(child, 'exit');
  child.disconnect();
  await gone;
  children.delete(child);
}

function tableOf(sizes) {
  const table = new Table({ head: ['', ...sizes.map(({ enterprises }) => `${enterprises}`), 'largest / smallest'], style: { head: [], border: [] } });
  const [smallest, largest] = [sizes[0], sizes.at(-1)];
  smallest.reads.forEach(({ name, callers, state, p50 }, place) => {
    const cells = sizes.map(({ reads }) => `p50 ${reads[place].p50.toFixed(2)} p99 ${reads[place].p99.toFixed(2)} ms`);
    table.push([`${name} × ${callers} ${state}`, ...cells, (largest.reads[place].p50 / p50).toFixed(2)]);
  });
  table.push(['enterprises seeded a second', ...sizes.map(({ seeding }) => seeding.enterprisesPerSecond ?? 'kept'), '']);
  table.push(['bytes an enterprise', ...sizes.map(({ bytes }) => bytes.total), (largest.bytes.total / smallest.bytes.total).toFixed(2)]);
  table.push([
    'gateway after the mix, MiB',
    ...sizes.map(({ memory }) => memory.residentMiB),
    (largest.memory.residentMiB / smallest.memory.residentMiB).toFixed(2),
  ]);
  table.push(['records delivered a second', ...sizes.map(({ delivered }) => Math.round(delivered.rowsPerSecond)), '']);
  table.push(['readers p99 before, during, ms', ...sizes.map(({ delivered }) => `${delivered.before.p99.toFixed(1)}, ${delivered.during.p99.toFixed(1)}`), '']);
  table.push(['an old value after a new one', ...sizes.map(({ delivered }) => delivered.olderAfterNewer), '']);
  return table;
}
