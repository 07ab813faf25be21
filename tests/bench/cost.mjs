// What the work on the log costs beside answering: CPU an entry of each integration and of the step around them, in this process
// and in the server's backend. Entries are those of query A (one enterprise, six categories, fifty items) and B (a hundred).
// CPU and not time is measured, so that neighbours on the machine disturb little. On a database of its own.
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import Table from 'cli-table3';
import { watchEntries } from '../../dist/alerts/watchEntries.js';
import { canonical, leafHash } from '../../dist/audit/entry.js';
import { openExportNotes } from '../../dist/audit/export/notes.js';
import { openPostings } from '../../dist/audit/postings.js';
import { openSequencer } from '../../dist/audit/sequencer.js';
import { openSigner } from '../../dist/audit/signer.js';
import { keepSubjects } from '../../dist/audit/subjects.js';
import { openUsage } from '../../dist/audit/usage.js';
import { readConfig } from '../../dist/config.js';
import { migrate } from '../../dist/migrations.js';
import { usccCheckCharacter } from '../../dist/terms.js';
import { openDatabase } from '../../dist/zone/database.js';
import { openCatalogue } from '../../dist/zone.js';

if (process.argv.includes('--help')) {
  console.log('node tests/bench/cost.mjs [--enterprises 2500] [--steps 500,2000,5000] [--batches 50,200]\n例 Example: node tests/bench/cost.mjs --steps 5000');
  process.exit(0);
}
const option = (name, fallback) => (process.argv.includes(`--${name}`) ? process.argv[process.argv.indexOf(`--${name}`) + 1] : fallback);
const ENTERPRISES = Number(option('enterprises', 2_500));
const sizes = (name, fallback) => option(name, fallback).split(',').filter(Boolean).map(Number);
const home = mkdtempSync(join(tmpdir(), 'zone-bench-'));
// Enterable by all, so that the data lie here and go with it.
chmodSync(home, 0o755);
const config = readConfig({ ...process.env, ZONE_HOME: home, PORT: '0', LOG_LEVEL: 'silent' });
const catalogue = openCatalogue(config);
const database = await openDatabase(config);
const spent = new Map();
try {
  await migrate(database.ownerUrl, config.schemaFolder, catalogue);
  const owner = database.open('owner');
  const postgres = database.open('zone_sequencer', { poolSize: 1 });
  const signer = openSigner({ file: config.auditKeyFile, origin: config.auditOrigin });
  const now = () => new Date();
  const integrations = [
    measured('postings', openPostings()),
    measured('subjects', keepSubjects()),
    measured('usage', openUsage()),
    measured('export notes', openExportNotes({ signer, now })),
    measured('alert watch', watchEntries()),
  ];
  const sequencer = openSequencer({ postgres, signer, integrations, now });
  // All enterprises are known and all prepared statements prepared, as in a zone in use.
  await append(
    owner,
    Array.from({ length: Math.ceil(ENTERPRISES / 1_000) }, (_, at) => entryAbout(everyOf(at * 1_000, Math.min(ENTERPRISES, (at + 1) * 1_000)))),
  );
  await append(
    owner,
    Array.from({ length: 300 }, () => entryAbout(someOf(1))),
  );
  while (await sequencer.step());
  const table = new Table({
    head: ['entries', 'each', 'part', 'node us/entry', 'postgres us/entry', 'ms', 'longest block ms'],
    style: { head: [], border: [], compact: true },
  });
  for (const [entries, each] of [...sizes('steps', '500,2000,5000').map((size) => [size, 1]), ...sizes('batches', '50,200').map((size) => [size, 100])]) {
    for (let at = 0; at < entries; at += 100)
      await append(
        owner,
        Array.from({ length: Math.min(100, entries - at) }, () => entryAbout(someOf(each))),
      );
    spent.clear();
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const begun = await cpuOf(postgres);
    while (await sequencer.step());
    const all = since(begun, await cpuOf(postgres));
    delay.disable();
    const own = [...spent.values()].reduce((sum, part) => ({ node: sum.node + part.node, server: sum.server + part.server, ms: sum.ms + part.ms }), none());
    const rest = { node: all.node - own.node, server: all.server - own.server, ms: all.ms - own.ms };
    for (const [part, cost] of [...spent, ['tree, signing', rest], ['all', all]])
      table.push([
        entries,
        each,
        part,
        (cost.node / entries).toFixed(1),
        (cost.server / entries).toFixed(1),
        cost.ms.toFixed(0),
        part === 'all' ? (delay.max / 1e6).toFixed(1) : '',
      ]);
  }
  console.log(table.toString());
  const grown = await owner.query({
    text: "select relname as name, pg_total_relation_size(oid) / 1024 as kilobytes from pg_class where relkind = 'r' and relname ~ '^(audit|usage|alert)_' order by 2 desc limit 8",
  });
  console.log(grown.map(({ name, kilobytes }) => `${name} ${kilobytes} kB`).join('\n'));
} finally {
  await database.close();
  rmSync(home, { recursive: true, force: true });
}

function none() {
  return { node: 0, server: 0, ms: 0 };
}
/** CPU of this process and of the backend that sequences, in microseconds. */
async function cpuOf(postgres) {
  const [{ pid }] = await postgres.query({ text: 'select pg_backend_pid() as pid' });
  return cpuNow(pid);
}
function cpuNow(pid) {
  const { user, system } = process.cpuUsage();
  return { pid, node: user + system, server: Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1_000, ms: performance.now() };
}
function since(begun, ended) {
  return { node: ended.node - begun.node, server: ended.server - begun.server, ms: ended.ms - begun.ms };
}
function measured(name, { integrate, lines }) {
  return {
    async integrate(client, entries) {
      const pid = client.processID;
      const begun = cpuNow(pid);
      await integrate(client, entries);
      const cost = since(begun, cpuNow(pid));
      const known = spent.get(name) ?? none();
      spent.set(name, { node: known.node + cost.node, server: known.server + cost.server, ms: known.ms + cost.ms });
    },
    ...(lines ? { lines } : {}),
  };
}

function codeOf(index) {
  const body = `91110108${String(index).padStart(9, '0')}`;
  return body + usccCheckCharacter(body);
}
function everyOf(from, until) {
  return Array.from({ length: until - from }, (_, index) => codeOf(from + index));
}
function someOf(count) {
  const found = new Set();
  while (found.size < count) found.add(codeOf(Math.floor(Math.random() * ENTERPRISES)));
  return [...found];
}
/** As a bank's query of six categories leaves it: half of the firms have consented, the others are denied two categories. */
function entryAbout(enterprises) {
  const time = new Date();
  const milliseconds = time.getTime().toString(16).padStart(12, '0');
  const random = Array.from({ length: 18 }, () => Math.floor(Math.random() * 16).toString(16)).join('');
  const bank = `bank-${String(1 + Math.floor(Math.random() * 22)).padStart(2, '0')}`;
  const positions = enterprises.map((_, position) => position);
  const consenting = positions.filter((position) => enterprises[position].charCodeAt(16) % 2 === 0);
  const others = positions.filter((position) => !consenting.includes(position));
  const outcomes = catalogue.categories.slice(0, 6).flatMap(({ code, items }, at) => {
    const names = items.slice(0, 8).map(({ name }) => name);
    const given = { category: code, clear: names.slice(1), masked: names.slice(0, 1) };
    if (at < 4 || others.length === 0) return [given];
    const denied = { category: code, denied: { CONSENT_REQUIRED: names } };
    return consenting.length === 0
      ? [denied]
      : [
          { ...given, enterprises: consenting },
          { ...denied, enterprises: others },
        ];
  });
  const consents = consenting.map((enterprise) => ({ id: `C-${enterprises[enterprise].slice(-6)}`, enterprise }));
  return {
    v: 1,
    id: `${milliseconds.slice(0, 8)}-${milliseconds.slice(8)}-7${random.slice(0, 3)}-8${random.slice(3, 6)}-${random.slice(6, 18)}`,
    time: time.toISOString(),
    institution: bank,
    client: `${bank}-core`,
    operator: `operator-${Math.floor(Math.random() * 40)}`,
    purpose: 'PRE_LOAN_REVIEW',
    caseNumber: `B-2026-${Math.floor(Math.random() * 100_000)}`,
    operation: 'a'.repeat(64),
    policyVersion: 1,
    decidedAt: time.toISOString(),
    fields: ['enterprises'],
    reads: [{ field: 'enterprises', enterprises, categories: outcomes, ...(consents.length > 0 ? { consents } : {}) }],
    sources: { memory: 6 },
    durationMs: 12.5,
    outcome: 'ANSWERED',
  };
}
async function append(owner, entries) {
  const texts = entries.map(canonical);
  await owner.query({
    text: 'select append_audit($1, $2, $3, $4, $5)',
    values: [
      entries.map(({ id }) => id),
      entries.map(({ time }) => time),
      entries.map(({ institution }) => institution),
      texts,
      texts.map((text) => leafHash(text)),
    ],
  });
}
