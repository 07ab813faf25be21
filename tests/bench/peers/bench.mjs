// The gateway side by side with its peers, in one run: same PostgreSQL, same Redis, same records, same answers. Ours always
// with permit, masks and audit; each peer bare and with the same duties in its usual way.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asksOf, bareDialect, constantDialect, graphqlDialect, operationsOf } from './asks.mjs';
import { chartOf } from './chart.mjs';
import { checkAnswers, ourAnswers } from './checking.mjs';
import { contestantsOf, newerNode } from './contestants.mjs';
import { measure } from './measure.mjs';
import { readOptions } from './options.mjs';
import { postgraphileDialect, typedTables } from './postgraphile.mjs';
import { pin, SENDER_CORE } from './processes.mjs';
import { joined, judge, relativeTo, summarise } from './ratios.mjs';
import { shapeOf } from './shape.mjs';
import { ceilingLine, resultsTable, targetsTable } from './tables.mjs';
import { versionsOf } from './versions.mjs';
import { openBenchZone } from './zone.mjs';

const BASELINE = 'mercurius-bare';
const folder = dirname(fileURLToPath(import.meta.url));
const options = readOptions(process.argv.slice(2));
const contestants = contestantsOf(options.peers);
if (contestants.length === 0) {
  console.error(`--peers: ${options.peers} begins no name of ${contestantsOf(null).map(({ name }) => name)}`);
  process.exit(2);
}
if (!newerNode()) console.log('PostGraphile 5 需要 Node >= 22，本机没有，略去 / PostGraphile 5 needs Node >= 22 and there is none here: left out');

const zone = await openBenchZone(options.enterprises);
// PostgreSQL and Redis were started before and go where the system puts them; who asks stays on one core.
pin(process.pid, SENDER_CORE);
const measurements = [];
const failures = [];
try {
  const graphql = graphqlDialect(zone.catalogue);
  // Enough for warming that who caches has been through what he does before he has it cached, and not only through his cache.
  const measuredUsccs = zone.usccs.slice(0, Math.floor((2 / 3) * zone.usccs.length));
  const warmingUsccs = zone.usccs.slice(measuredUsccs.length);
  const asksFor = (workload) => ({ measured: asksOf(workload, measuredUsccs, zone.names), warming: asksOf(workload, warmingUsccs, zone.names) });
  const tooFew = options.workloads.filter((workload) => Object.values(asksFor(workload)).some((asks) => asks.length === 0));
  if (tooFew.length > 0) throw new Error(`--enterprises is too small for ${tooFew.join(', ')}: every measured one is asked once, and a third is for warming`);

  const ours = await ourAnswers({ zone, graphql, usccs: measuredUsccs, workloads: options.workloads });
  const shape = shapeOf({
    catalogue: zone.catalogue,
    schemaFolder: zone.config.schemaFolder,
    operations: operationsOf(zone.catalogue),
    ids: zone.ids,
    masked: ours.masked,
  });
  if (contestants.some(({ dialect }) => dialect === 'postgraphile')) await typedTables(zone.owner, shape);
  const dialects = { graphql, bare: bareDialect, constant: constantDialect(graphql, ours.bytes), postgraphile: postgraphileDialect(shape) };
  const env = zone.environment(shape);
  await checkAnswers({ contestants, zone, env, shape, dialects, answers: ours.answers });

  const steps = options.rounds * options.workloads.length * contestants.length;
  const started = performance.now();
  let step = 0;
  for (let round = 0; round < options.rounds; round++) {
    for (const workload of options.workloads) {
      // Peer by peer within a round, and another one first each time: what changes on the machine meets all.
      for (let place = 0; place < contestants.length; place++) {
        const contestant = contestants[(place + round) % contestants.length];
        const asks = asksFor(workload);
        const measuring = measure({
          contestant,
          workload,
          asks,
          dialect: dialects[contestant.dialect],
          zone,
          env,
          options,
          took(measurement) {
            measurements.push({ round, ...measurement });
            const { state, callers, perSecond, p50, p99, cpuMs } = measurement;
            console.log(
              `  ${workload} ${state} × ${callers} ${contestant.label}: ${perSecond.toFixed(1)}/s p50 ${p50.toFixed(2)} p99 ${p99.toFixed(2)} ms CPU ${cpuMs.toFixed(3)} ms`,
            );
          },
        });
        await measuring.catch((error) => {
          // One that breaks is told at the end; the others are measured still.
          failures.push(`${workload}, ${contestant.label}: ${error.message}`);
          console.error(failures.at(-1));
        });
        step++;
        const left = (((performance.now() - started) / step) * (steps - step)) / 60_000;
        console.log(`[${step}/${steps}] 约余 about ${left.toFixed(1)} min left`);
      }
    }
  }
} finally {
  await zone.close();
}

const labels = Object.fromEntries(contestantsOf(null).map(({ name, label }) => [name, label]));
const machine = {
  cpu: cpus()[0].model.trim(),
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  kernel: process.report.getReport().header.osRelease,
};
const versions = versionsOf({ postgres: zone.version, newerNode: newerNode() });
const file = join(folder, '..', 'results', 'peers.json');
const rows = relativeTo(joined(options.add ? earlierRows() : [], summarise(measurements)), BASELINE);
const judged = judge(rows);
const results = { machine, versions, options, labels, rows, targets: judged, failures };

/** What other versions or another machine measured says nothing beside this. */
function earlierRows() {
  if (!existsSync(file)) return [];
  const earlier = JSON.parse(readFileSync(file, 'utf8'));
  const same = ['machine', 'versions'].every((part) => JSON.stringify(earlier[part]) === JSON.stringify({ machine, versions }[part]));
  if (same && earlier.options.enterprises === options.enterprises) return earlier.rows;
  console.log('此前结果出自别的机器、版本或企业数，弃用 / What was measured before is of another machine, version or zone and is dropped');
  return [];
}
console.log(resultsTable(rows, labels));
console.log(targetsTable(judged, labels));
console.log(ceilingLine(rows));
console.log({ ...machine, ...versions });
mkdirSync(join(folder, '..', 'results'), { recursive: true });
writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
writeFileSync(join(folder, '..', 'results', 'peers.svg'), chartOf(results));
console.log('tests/bench/results/peers.json, tests/bench/results/peers.svg');
for (const failure of failures) console.error(failure);
process.exit(failures.length > 0 ? 1 : 0);
