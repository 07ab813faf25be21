// One process against several on one port, as `serve --workers` runs them, load from this machine: requests a second, their ratio,
// and the CPU seconds of the servers, of PostgreSQL with Redis and of the load, so that one sees where the load leaves no room. Also
// the latency of B at eight callers from warm caches.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { freePort } from '../../dist/embedded.js';
import { openFilled } from './filled.mjs';
import { load } from './load.mjs';
import { queryA, queryB } from './workloads.mjs';

if (process.argv.includes('--help')) {
  console.log(
    'node tests/bench/workers.mjs [--workers 2] [--enterprises 2000] [--seconds 5] [--rounds 3] [--policy rr|none]\n例 Example: node tests/bench/workers.mjs --seconds 2 --rounds 1',
  );
  process.exit(0);
}
const option = (name, fallback) => (process.argv.includes(`--${name}`) ? process.argv[process.argv.indexOf(`--${name}`) + 1] : fallback);
const WORKERS = Number(option('workers', 2));
const ENTERPRISES = Number(option('enterprises', 2_000));
const SECONDS = Number(option('seconds', 5));
const ROUNDS = Number(option('rounds', 3));
const TICKS_A_SECOND = 100;
const MAIN = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'dist', 'main.js');
/** Few firms, so that they stay in the caches of each process. */
const HOT = 300;

const zone = await openFilled({ enterprises: ENTERPRISES, settings: { DATABASE_LIMIT_MS: '5000' } });
const measured = [];
try {
  const { catalogue, usccs } = zone;
  const bodiesA = usccs.slice(0, HOT).map((uscc) => JSON.stringify({ query: queryA(catalogue), variables: { uscc } }));
  const bodiesB = Array.from({ length: HOT / 100 }, (_, batch) =>
    JSON.stringify({ query: queryB(catalogue), variables: { usccs: usccs.slice(batch * 100, batch * 100 + 100) } }),
  );
  // In turn, so that what else the machine does meets both.
  for (let round = 0; round < ROUNDS; round++) {
    for (const workers of [1, WORKERS]) {
      const server = await serve(workers);
      try {
        // Connections go to the processes in turn, so each process is warmed.
        for (const bodies of [bodiesA, bodiesB])
          await run(server, { bodies: Array.from({ length: 3 * workers }, () => bodies).flat(), callers: 8 * workers, seconds: null });
        for (const [query, bodies, callers] of [
          ['A', bodiesA, 16],
          ['B', bodiesB, 8],
        ]) {
          const one = { workers, query, callers, ...(await run(server, { bodies, callers, seconds: SECONDS })) };
          measured.push(one);
          console.log(`${query} x ${callers}, ${workers} processes: ${one.perSecond.toFixed(0)}/s p50 ${one.p50.toFixed(1)} ms p99 ${one.p99.toFixed(1)} ms`);
        }
      } finally {
        await server.close();
      }
    }
  }
} finally {
  await zone.close();
}

const table = new Table({
  head: [
    'query',
    'callers',
    'processes',
    'req/s',
    'ratio',
    'p50 ms',
    'p99 ms',
    'CPU ms each',
    'CPU: gateways',
    'keeper',
    'sequencer',
    'postgres, redis',
    'load',
    'idle',
  ],
  style: { head: [], border: [] },
});
const results = [];
for (const query of ['A', 'B']) {
  let alone = Number.NaN;
  for (const workers of [1, WORKERS]) {
    const rounds = measured.filter((one) => one.query === query && one.workers === workers);
    const of = (figure) => median(rounds.map(figure));
    const perSecond = of((one) => one.perSecond);
    if (workers === 1) alone = perSecond;
    const cpu = Object.fromEntries(['gateways', 'keeper', 'sequencer', 'stores', 'load', 'idle'].map((part) => [part, of((one) => one.cpu[part])]));
    const row = { query, callers: rounds[0].callers, workers, perSecond, ratio: perSecond / alone, p50: of((one) => one.p50), p99: of((one) => one.p99), cpu };
    results.push({ ...row, spread: [Math.min(...rounds.map((one) => one.perSecond)), Math.max(...rounds.map((one) => one.perSecond))] });
    const share = (part) => `${Math.round(100 * cpu[part])} %`;
    table.push([
      query,
      row.callers,
      workers,
      perSecond.toFixed(0),
      row.ratio.toFixed(2),
      row.p50.toFixed(1),
      row.p99.toFixed(1),
      ...Object.keys(cpu).map(share),
    ]);
  }
}
console.log(table.toString());
console.log(
  `CPU in per cent of one core; this machine has ${cpus().length}. Where nothing is idle, the load leaves no room; CPU ms each is what a request costs gateways and keeper, whatever else runs.`,
);
const machine = { cpu: cpus()[0].model.trim(), cores: cpus().length, node: process.version, enterprises: ENTERPRISES, seconds: SECONDS, rounds: ROUNDS };
writeFileSync(join(dirname(fileURLToPath(import.meta.url)), 'results', 'workers.json'), `${JSON.stringify({ machine, results }, null, 2)}\n`);
process.exit(0);

/** Starts `serve` and waits until it has said where it listens. */
async function serve(workers) {
  const port = await freePort();
  const policy = option('policy', 'rr');
  const env = { ...zone.env, PORT: String(port), NODE_CLUSTER_SCHED_POLICY: policy };
  const child = spawn(process.execPath, ['--max-semi-space-size=32', MAIN, 'serve', '--workers', String(workers)], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((ready, failed) => {
    child.stdout.once('data', ready);
    child.once('exit', (code) => failed(new Error(`serve ended with ${code}`)));
  });
  child.stdout.resume();
  return {
    port,
    pid: child.pid,
    close: () =>
      new Promise((gone) => {
        child.removeAllListeners('exit');
        child.once('exit', gone);
        child.kill('SIGTERM');
      }),
  };
}

async function run({ port, pid }, { bodies, callers, seconds }) {
  const begun = spent(pid);
  const started = performance.now();
  const { perSecond, p50, p99, statuses } = await load({ port, headers: await zone.headers(), bodies, callers, seconds });
  const elapsed = (performance.now() - started) / 1_000;
  const ended = spent(pid);
  if ((statuses[200] ?? 0) < 0.99 * Object.values(statuses).reduce((sum, count) => sum + count, 0)) throw new Error(JSON.stringify(statuses));
  const cpu = Object.fromEntries(Object.keys(ended).map((part) => [part, Math.max(0, (ended[part] - (begun[part] ?? 0)) / TICKS_A_SECOND / elapsed)]));
  return { perSecond, p50, p99, cpu };
}

/** Ticks of CPU that each part has used. With one process the keeper is the gateway. */
function spent(serving) {
  const parts = { gateways: 0, keeper: 0, sequencer: 0, stores: 0, load: 0, idle: 0 };
  const [, ...ticks] = readFileSync('/proc/stat', 'utf8').split('\n')[0].split(/\s+/);
  parts.idle = Number(ticks[3]) + Number(ticks[4]);
  const workers = [];
  for (const pid of readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)) {
    const found = read(pid);
    if (!found) continue;
    if (pid === process.pid) parts.load += found.ticks;
    else if (found.words.includes('worker') && found.parent === serving) workers.push(found);
    else if (found.words.includes('sequence') && found.parent === serving) parts.sequencer += found.ticks;
    else if (zone.stores.includes(pid) || zone.stores.includes(found.parent)) parts.stores += found.ticks;
  }
  const own = read(serving)?.ticks ?? 0;
  parts.gateways = workers.length > 0 ? workers.reduce((sum, { ticks }) => sum + ticks, 0) : own;
  parts.keeper = workers.length > 0 ? own : 0;
  return parts;
}

function read(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]), words: readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0') };
  } catch {
    return null;
  }
}

function median(values) {
  return [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)];
}
