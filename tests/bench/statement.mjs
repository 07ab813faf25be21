// What the index over enterprises costs the process that sequences, and how fast a statement of 1, 100 and 5,000 reads is
// given, with its proof, and verified. On a database of its own.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import Table from 'cli-table3';
import { canonical, leafHash } from '../../dist/audit/entry.js';
import { openSequencer } from '../../dist/audit/sequencer.js';
import { openSigner } from '../../dist/audit/signer.js';
import { keepSubjects } from '../../dist/audit/subjects.js';
import { readConfig } from '../../dist/config.js';
import { migrate } from '../../dist/migrations.js';
import { seedZone } from '../../dist/synthetic/seed.js';
import { usccCheckCharacter } from '../../dist/terms.js';
import { verifyStatement } from '../../dist/verify/statement.js';
import { openSubjectChains } from '../../dist/verify/subjects.js';
import { openDatabase } from '../../dist/zone/database.js';
import { openCatalogue, openGateway } from '../../dist/zone.js';

if (process.argv.includes('--help')) {
  console.log('node tests/bench/statement.mjs [--enterprises 20000] [--entries 5000]\n例 Example: node tests/bench/statement.mjs --enterprises 200000');
  process.exit(0);
}
const option = (name, fallback) => (process.argv.includes(`--${name}`) ? Number(process.argv[process.argv.indexOf(`--${name}`) + 1]) : fallback);
const ENTERPRISES = option('enterprises', 20_000);
const ENTRIES = option('entries', 5_000);
const home = mkdtempSync(join(tmpdir(), 'zone-bench-'));
// Enterable by all, so that the data lie here and go with it.
chmodSync(home, 0o755);
const config = readConfig({ ...process.env, ZONE_HOME: home, PORT: '0', LOG_LEVEL: 'silent' });
const catalogue = openCatalogue(config);
const database = await openDatabase(config);
try {
  await migrate(database.ownerUrl, config.schemaFolder, catalogue);
  const owner = database.open('owner');
  await seedZone({ postgres: owner, catalogue }, { enterprises: 10, seed: 1, seedsFolder: config.seedsFolder });
  const postgres = database.open('zone_sequencer');
  const signer = openSigner({ file: config.auditKeyFile, origin: config.auditOrigin });
  const sequencerWith = (integrations) => openSequencer({ postgres, signer, integrations, now: () => new Date() });
  const kept = sequencerWith([keepSubjects()]);

  console.log(`${ENTERPRISES} 家企业，索引建立中 / filling the index with ${ENTERPRISES} enterprises …`);
  for (let at = 0; at < ENTERPRISES; at += 1_000) {
    await append(owner, [entryAbout(Array.from({ length: Math.min(1_000, ENTERPRISES - at) }, (_, index) => codeOf(at + index)))]);
    if (at % 20_000 === 19_000) await kept.step();
  }
  await kept.step();

  const costs = new Table({ head: ['entries', 'enterprises each', 'index', 'items', 'ms', 'CPU us an item', 'longest block, ms'] });
  for (const [entries, each] of [
    [ENTRIES, 1],
    [Math.ceil(ENTRIES / 10), 100],
  ]) {
    for (const [name, integrations] of [
      ['none', []],
      ['kept', [keepSubjects()]],
    ]) {
      // Both run on entries of their own; those without an index stay out of it.
      const made = Array.from({ length: entries }, () => entryAbout(someOf(each)));
      for (let at = 0; at < made.length; at += 200) await append(owner, made.slice(at, at + 200));
      const delay = monitorEventLoopDelay({ resolution: 1 });
      delay.enable();
      const [cpu, begun] = [process.cpuUsage(), performance.now()];
      await sequencerWith(integrations).step();
      const { user, system } = process.cpuUsage(cpu);
      delay.disable();
      const items = entries * each;
      costs.push([entries, each, name, items, Math.round(performance.now() - begun), ((user + system) / items).toFixed(1), (delay.max / 1e6).toFixed(1)]);
    }
  }
  console.log(costs.toString());

  const gateway = await openGateway(config, database, catalogue);
  const address = await gateway.listen();
  const keys = signer.verifierKey;
  const told = new Table({ head: ['reads', 'proof', 'runs', 'p50 ms', 'p99 ms', 'bytes', 'verify ms'] });
  for (const [index, reads] of [1, 100, 5_000].entries()) {
    const uscc = codeOf(10_000_000 + index);
    for (let at = 0; at < reads; at += 500)
      await append(
        owner,
        Array.from({ length: Math.min(500, reads - at) }, () => entryAbout([uscc])),
      );
    while (await kept.step());
    const token = await gateway.issuer.tokenFor(uscc, 'portal', { actor: 'enterprise' });
    for (const proof of ['', 'proof']) {
      const query = `{ enterpriseStatement(uscc: "${uscc}", from: "2020-01-01T00:00:00Z", until: "2100-01-01T00:00:00Z") { total ${proof} entries { ... on StatementRead { time institution outcomes { category clear } } } } }`;
      const times = [];
      let statement = null;
      for (let run = 0; run < 30; run++) {
        const begun = performance.now();
        const response = await fetch(`${address}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
          body: JSON.stringify({ query }),
        });
        const { data, errors } = await response.json();
        times.push(performance.now() - begun);
        if (errors || data.enterpriseStatement.total !== reads) throw new Error(JSON.stringify(errors ?? data).slice(0, 300));
        statement = data.enterpriseStatement;
      }
      times.sort((left, right) => left - right);
      let verifying = '';
      if (proof) {
        const begun = performance.now();
        const verdict = verifyStatement(statement.proof, keys);
        if (!verdict.ok || verdict.proven.reads.length !== reads) throw new Error(JSON.stringify(verdict).slice(0, 300));
        verifying = (performance.now() - begun).toFixed(1);
      }
      told.push([reads, proof ? 'yes' : 'no', times.length, times[15].toFixed(1), times[29].toFixed(1), statement.proof?.length ?? '', verifying]);
    }
  }
  console.log(told.toString());
  await gateway.close();

  const again = openSubjectChains();
  const rows = await owner.query({ text: 'select leaf_hash as "leafHash", entry as text from audit_entry order by sequence limit 20000' });
  const begun = performance.now();
  for (const row of rows) again.add(row);
  const added = performance.now();
  again.line();
  const all = performance.now();
  console.log(
    `made anew: ${rows.length} entries, ${again.items} items, ${(((added - begun) * 1_000) / again.items).toFixed(1)} us an item; root over ${again.enterprises} enterprises ${Math.round(all - added)} ms`,
  );
} finally {
  await database.close();
  rmSync(home, { recursive: true, force: true });
}

function codeOf(index) {
  const body = `91110108${String(index).padStart(9, '0')}`;
  return body + usccCheckCharacter(body);
}
function someOf(count) {
  const found = new Set();
  while (found.size < count) found.add(codeOf(Math.floor(Math.random() * ENTERPRISES)));
  return [...found];
}
/** As a bank's query of six categories leaves it. */
function entryAbout(enterprises) {
  const time = new Date();
  const milliseconds = time.getTime().toString(16).padStart(12, '0');
  const random = Array.from({ length: 18 }, () => Math.floor(Math.random() * 16).toString(16)).join('');
  const names = catalogue.categories.slice(0, 6);
  return {
    v: 1,
    id: `${milliseconds.slice(0, 8)}-${milliseconds.slice(8)}-7${random.slice(0, 3)}-8${random.slice(3, 6)}-${random.slice(6, 18)}`,
    time: time.toISOString(),
    institution: 'bank-01',
    client: 'bank-01-core',
    operator: 'chen.hua',
    purpose: 'POST_LOAN_MONITORING',
    caseNumber: 'B-2026-000123',
    operation: 'a'.repeat(64),
    policyVersion: 1,
    decidedAt: time.toISOString(),
    fields: ['enterprises'],
    reads: [
      {
        field: 'enterprises',
        enterprises,
        categories: names.map(({ code, items }) => ({ category: code, clear: items.slice(0, 8).map(({ name }) => name) })),
        consents: enterprises.map((_, enterprise) => ({ id: `C-${enterprise}`, enterprise })),
      },
    ],
    durationMs: 12.5,
    outcome: 'ANSWERED',
  };
}
async function append(owner, entries) {
  const texts = entries.map(canonical);
  await owner.query({
    text: 'select append_audit($1, $2, $3, $4, $5)',
    values: [entries.map(({ id }) => id), entries.map(({ time }) => time), entries.map(({ institution }) => institution), texts, texts.map(leafHash)],
  });
}
