// What resident memory a gateway takes: at its start, while a mix fills its caches, and when the mix goes on. Beside it what the
// caches say they take, and what the heap has grown by since the start once garbage is collected: the two must agree.
import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { openFilled } from './filled.mjs';
import { load } from './load.mjs';
import { freshSelection, queryA, queryB } from './workloads.mjs';

if (process.argv.includes('--help')) {
  console.log(
    'node tests/bench/memory.mjs [--enterprises 20000] [--cache 64] [--node "--max-semi-space-size=16|--max-old-space-size=256"] [--rounds 30] [--requests 1000] [--most 400]\n例 Example: node tests/bench/memory.mjs --enterprises 5000 --cache 32',
  );
  process.exit(0);
}
const option = (name, fallback) => (process.argv.includes(`--${name}`) ? process.argv[process.argv.indexOf(`--${name}`) + 1] : fallback);
const ENTERPRISES = Number(option('enterprises', 20_000));
const CACHE_MB = Number(option('cache', 64));
const ROUNDS = Number(option('rounds', 30));
const MOST_MIB = Number(option('most', 400));
/** One run with each. */
const FLAGS = option('node', '').split('|');
const A_ROUND = Number(option('requests', 1_000));
const CALLERS = 16;
const SELECTIONS = 7;
const MIB = 2 ** 20;

const zone = await openFilled({ enterprises: ENTERPRISES, settings: { CACHE_MB: String(CACHE_MB), DATABASE_LIMIT_MS: '20000' } });
const results = [];
try {
  for (const flags of FLAGS) {
    const { rows, mostRss, full, perSecond } = await mixed(flags);
    const table = new Table({
      head: ['requests', 'RSS MiB', 'heap', 'external', 'caches say', 'grown since the start'],
      style: { head: [], border: [], compact: true },
    });
    for (const { requests, rss, heap, external, claimed, grown } of rows) table.push([requests, ...[rss, heap, external, claimed, grown].map(mib)]);
    console.log(
      `${table.toString()}\nnode ${flags || '(as it comes)'}: most RSS ${mib(mostRss)} MiB, ${MOST_MIB} wanted; ${perSecond.toFixed(0)} requests a second; caches ${full ? 'full' : 'NOT FULL: more rounds or firms are needed'}`,
    );
    results.push({ flags, mostMib: Math.round(mostRss / MIB), full, perSecond, rows });
  }
  const machine = { node: process.version, enterprises: ENTERPRISES, cacheMb: CACHE_MB };
  writeFileSync(join(dirname(fileURLToPath(import.meta.url)), 'results', 'memory.json'), `${JSON.stringify({ machine, results }, null, 2)}\n`);
} finally {
  await zone.close();
}
const last = results.at(-1);
process.exit(last.full && last.mostMib <= MOST_MIB ? 0 : 1);

/** The mix on a gateway of its own, with these flags of node. */
async function mixed(flags) {
  const { catalogue, usccs, headers } = zone;
  // Several operations of each, as several systems of banks send them: a firm has a text for each.
  const ofA = [queryA(catalogue), ...Array.from({ length: SELECTIONS }, (_, n) => queryA(catalogue, freshSelection(catalogue, n)))];
  const b = queryB(catalogue);
  const search = 'query S($name: String!) { searchEnterprises(name: $name, first: 20) { nodes { uscc name } } }';
  let asked = 0;
  // Chance that is the same in each run; firms are asked in turn, so that all of them come.
  const body = () => {
    const at = asked++;
    const kind = (at * 7_919) % 100;
    const uscc = usccs[(at * 31) % usccs.length];
    const a = ofA[at % ofA.length];
    if (kind < 5) return JSON.stringify({ query: search, variables: { name: ['科技', '贸易', '北京', '建', '食品有'][at % 5] } });
    if (kind < 20)
      return JSON.stringify({ query: b, variables: { usccs: Array.from({ length: 100 }, (_, place) => usccs[(at * 100 + place) % usccs.length]) } });
    // No plan covers another field at the root, so that facts are kept too.
    if (kind < 30) return JSON.stringify({ query: a.replace(/}$/, ' catalogue { version } }'), variables: { uscc } });
    return JSON.stringify({ query: a, variables: { uscc } });
  };
  const { child, port } = await gateway(flags.split(' ').filter(Boolean));
  // Everything that is made once is made: schema of the caller, plans, prepared statements.
  await load({ port, headers: await headers(), bodies: [...ofA.map((query) => JSON.stringify({ query, variables: { uscc: usccs[0] } })), body()], callers: 1 });
  const first = await memoryOf(child);
  const rows = [{ requests: 'start', ...first, claimed: await claimedBy(port), grown: 0 }];
  const rates = [];
  let [mostRss, full] = [0, false];
  for (let round = 1; round <= ROUNDS; round++) {
    const bodies = Array.from({ length: A_ROUND }, body);
    const { statuses, perSecond } = await load({ port, headers: await headers(), bodies, callers: CALLERS });
    // A machine that others use too sheds load now and then.
    if ((statuses[200] ?? 0) < 0.9 * A_ROUND) throw new Error(JSON.stringify(statuses));
    rates.push(perSecond);
    // Before the garbage is collected: what the machine has to hold.
    const { rss } = await memoryOf(child, false);
    mostRss = Math.max(mostRss, rss);
    const claimed = await claimedBy(port);
    full = claimed > 0.95 * CACHE_MB * 1e6;
    if (round !== 1 && round % 5 !== 0) continue;
    const memory = await memoryOf(child);
    rows.push({ requests: round * A_ROUND, ...memory, rss, claimed, grown: memory.heap + memory.external - first.heap - first.external });
    console.log(`${round * A_ROUND}: RSS ${mib(rss)} MiB, caches ${mib(claimed)} MiB`);
  }
  child.removeAllListeners('exit');
  child.disconnect();
  await new Promise((gone) => child.once('exit', gone));
  return { rows, mostRss, full, perSecond: rates.sort((left, right) => left - right)[Math.floor(rates.length / 2)] };
}

function mib(bytes) {
  return (bytes / MIB).toFixed(0);
}

function gateway(flags) {
  return new Promise((ready, failed) => {
    const script = join(dirname(fileURLToPath(import.meta.url)), 'gateway.mjs');
    const child = fork(script, [], { env: zone.env, execArgv: ['--expose-gc', ...flags], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    child.once('message', ({ port }) => ready({ child, port }));
    child.once('exit', (code) => failed(new Error(`the gateway ended with ${code}`)));
  });
}

function memoryOf(child, collected = true) {
  return new Promise((told) => {
    child.once('message', told);
    child.send(collected ? 'collect' : 'memory');
  });
}

async function claimedBy(port) {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return ['zone_texts_bytes', 'zone_facts_bytes'].reduce((sum, name) => sum + Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? 0), 0);
}
