// The audit log under callers that append one entry after the other: the log as it is (entries share a commit), beside one
// INSERT each into a table of the same shape, and beside no writing at all; in one run, in turns. Straight through
// audit/log.ts, so what is measured is the log and not HTTP.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { canonical, ENTRY_VERSION, leafHash } from '../../dist/audit/entry.js';
import { openAuditLog } from '../../dist/audit/log.js';
import { readConfig } from '../../dist/config.js';
import { newRequestId } from '../../dist/http/requestId.js';
import { migrate } from '../../dist/migrations.js';
import { openDatabase } from '../../dist/zone/database.js';
import { openEvidence } from '../../dist/zone/evidence.js';
import { openCatalogue } from '../../dist/zone.js';

const { values } = parseArgs({
  options: {
    callers: { type: 'string', default: '1,16,64' },
    seconds: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    rate: { type: 'string', default: '5000' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(`node tests/bench/append.mjs [--callers 1,16,64] [--seconds 10] [--rounds 3] [--rate 5000] [--only <variant>]
审计追加：成组提交、逐条 INSERT、不写入 Appends to the audit log, beside one INSERT each and no writing.
例 Example: node tests/bench/append.mjs --callers 64 --seconds 10`);
  process.exit(0);
}
const SECONDS = Number(values.seconds);
const ROUNDS = Number(values.rounds);
const LIMIT_MS = 10_000;
const home = mkdtempSync(join(tmpdir(), 'zone-append-'));
// Enterable by all, so that the data lie here and go with it.
chmodSync(home, 0o755);
const config = readConfig({ ZONE_HOME: home, LOG_LEVEL: 'error' });
const database = await openDatabase(config);
await migrate(database.ownerUrl, config.schemaFolder, openCatalogue(config));
const owner = database.open('owner');
// The same columns, constraints and indexes; one table, as if nobody had parted it.
await owner.query({ text: 'create table alone (like audit_entry including all)' });
await owner.query({ text: 'create sequence alone_place' });
await owner.query({ text: "alter table alone alter column sequence set default nextval('alone_place')" });

/** An entry of about a kilobyte: one enterprise, six categories, as query A of the bench leaves it. */
function entry() {
  const items = ['taxPeriodStart', 'taxPeriodEnd', 'taxableSales', 'outputTax', 'deductibleInput', 'taxPayable'];
  const categories = ['tax.valueAddedTaxReturn', 'tax.creditRating', 'registration.basic', 'socialSecurity.insuredHeadcount', 'housingFund.unitAccount'];
  const time = new Date().toISOString();
  return {
    v: ENTRY_VERSION,
    id: newRequestId(),
    time,
    institution: 'bank-01',
    client: 'bank-01-core',
    purpose: 'PRE_LOAN_REVIEW',
    caseNumber: 'BENCH-2026-000017',
    operation: 'c0ffee'.repeat(11).slice(0, 64),
    operationName: 'Profile',
    policyVersion: 17,
    decidedAt: time,
    fields: ['enterprise'],
    reads: [
      {
        field: 'enterprise',
        enterprises: ['91110113MA032KRC5U'],
        categories: categories.map((category) => ({ category, clear: items, ...(category === 'registration.basic' ? { masked: ['contactPhone'] } : {}) })),
        consents: [{ id: 'C-000017', enterprise: 0 }],
      },
    ],
    durationMs: 4.2,
    outcome: 'ANSWERED',
  };
}

const log = openAuditLog({ postgres: database.open('zone_gateway', { poolSize: 2, limitMs: LIMIT_MS }), limitMs: LIMIT_MS });
const alone = (poolSize) => {
  const postgres = database.open('owner', { poolSize, limitMs: LIMIT_MS });
  return async (one) => {
    const text = canonical(one);
    await postgres.query({
      name: 'alone',
      text: 'insert into alone (id, time, institution, entry, leaf_hash) values ($1, $2, $3, $4, $5)',
      values: [one.id, one.time, one.institution, text, leafHash(text)],
    });
  };
};
const VARIANTS = {
  'the log': (one) => log.append(one),
  'the log, sequenced': (one) => log.append(one),
  'INSERT each, 8 connections': alone(8),
  'INSERT each, 16 connections': alone(16),
  'INSERT each, 64 connections': alone(64),
  'nothing written': async (one) => {
    leafHash(canonical(one));
    await new Promise(setImmediate);
  },
};

/** Callers append one entry after the other, as fast as they can, or together at a rate that is given. */
async function measure(append, callers, seconds, rate = null) {
  const latencies = [];
  const until = performance.now() + seconds * 1_000;
  const cpu = process.cpuUsage();
  const began = performance.now();
  let begun = 0;
  const due = async () => {
    const at = began + (begun++ / rate) * 1_000;
    while (performance.now() < at) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  const caller = async () => {
    while (performance.now() < until) {
      if (rate) await due();
      const from = performance.now();
      await append(entry());
      latencies.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const elapsed = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  latencies.sort((left, right) => left - right);
  const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))];
  return { perSecond: latencies.length / elapsed, p50: at(0.5), p99: at(0.99), cpuMicroseconds: (user + system) / latencies.length };
}

const median = (numbers) => [...numbers].sort((left, right) => left - right)[Math.floor(numbers.length / 2)];
const results = [];
try {
  const chosen = Object.entries(VARIANTS).filter(([name]) => !values.only || name === values.only);
  for (const callers of values.callers.split(',').map(Number)) {
    const measured = new Map(chosen.map(([name]) => [name, []]));
    if (callers === 64) {
      // At a rate: what an append takes where nobody pushes.
      chosen.push(['the log, at the rate', VARIANTS['the log']], ['INSERT each, 16 connections, at the rate', VARIANTS['INSERT each, 16 connections']]);
      for (const [name] of chosen.slice(-2)) measured.set(name, []);
    }
    for (const [, append] of chosen) await measure(append, callers, 0.5);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, append] of chosen) {
        const sequencer = name === 'the log, sequenced' ? openEvidence(config, database) : null;
        sequencer?.start();
        measured.get(name).push(await measure(append, callers, SECONDS / ROUNDS, name.endsWith('at the rate') ? Number(values.rate) : null));
        await sequencer?.close();
      }
      // What one round leaves behind must not slow the next.
      await owner.query({ text: 'truncate alone' });
      await owner.query({ text: 'checkpoint' });
    }
    for (const [variant, rounds] of measured) {
      const of = (name) => median(rounds.map((round) => round[name]));
      results.push({ callers, variant, perSecond: of('perSecond'), p50: of('p50'), p99: of('p99'), cpuMicroseconds: of('cpuMicroseconds') });
    }
  }
} finally {
  await database.close();
  rmSync(home, { recursive: true, force: true });
}

const table = new Table({ head: ['callers', 'variant', 'entries/s', 'p50 ms', 'p99 ms', 'CPU µs/entry'], style: { head: [], border: [] } });
for (const { callers, variant, perSecond, p50, p99, cpuMicroseconds } of results)
  table.push([callers, variant, perSecond.toFixed(0), p50.toFixed(2), p99.toFixed(2), cpuMicroseconds.toFixed(0)]);
const machine = {
  cpu: cpus()[0].model.trim(),
  cores: cpus().length,
  node: process.version,
  entryBytes: canonical(entry()).length,
  seconds: SECONDS,
  rounds: ROUNDS,
};
console.log(table.toString());
console.log(machine);
const folder = join(dirname(fileURLToPath(import.meta.url)), 'results');
mkdirSync(folder, { recursive: true });
if (!values.only) writeFileSync(join(folder, 'append.json'), `${JSON.stringify({ machine, results }, null, 2)}\n`);
process.exit(0);
