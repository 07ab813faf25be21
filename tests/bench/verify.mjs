// How fast the whole log is verified: entries of about 1 KB, the verifier on one core, PostgreSQL on another.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonical, leafHash } from '../../dist/audit/entry.js';
import { openSequencer } from '../../dist/audit/sequencer.js';
import { openSigner } from '../../dist/audit/signer.js';
import { readConfig } from '../../dist/config.js';
import { migrate } from '../../dist/migrations.js';
import { parseKeys } from '../../dist/verify/note.js';
import { verifyLog } from '../../dist/verify/verifyLog.js';
import { openDatabase } from '../../dist/zone/database.js';
import { openCatalogue } from '../../dist/zone.js';

if (process.argv.includes('--help')) {
  console.log('node tests/bench/verify.mjs [--entries 300000] [--rounds 5]   (npm run build first)');
  process.exit(0);
}
const option = (name, fallback) => (process.argv.includes(`--${name}`) ? Number(process.argv[process.argv.indexOf(`--${name}`) + 1]) : fallback);
const ENTRIES = option('entries', 300_000);
const ROUNDS = option('rounds', 5);
const BATCH = 5_000;
const home = mkdtempSync(join(tmpdir(), 'zone-bench-'));
// Enterable by all, so that the data lie here and go with it.
chmodSync(home, 0o755);
const config = readConfig({ ...process.env, ZONE_HOME: home, LOG_LEVEL: 'silent' });
const database = await openDatabase(config);
try {
  await migrate(database.ownerUrl, config.schemaFolder, openCatalogue(config));
  const owner = database.open('owner');
  const signer = openSigner({ file: config.auditKeyFile, origin: config.auditOrigin });
  const sequencer = openSequencer({ postgres: database.open('zone_sequencer'), signer, integrations: [], now: () => new Date() });
  console.log(`写入 Writing ${ENTRIES} entries …`);
  let bytes = 0;
  for (let done = 0; done < ENTRIES; done += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, ENTRIES - done) }, (_, at) => entry(done + at));
    bytes += batch.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
    await owner.query({
      text: 'select append_audit($1, $2, $3, $4, $5)',
      values: [
        batch.map((one) => one.id),
        batch.map((one) => one.time),
        batch.map((one) => one.institution),
        batch.map((one) => one.text),
        batch.map((one) => leafHash(one.text)),
      ],
    });
    await sequencer.step();
  }
  await owner.query({ text: 'vacuum analyze audit_entry' });
  await owner.query({ text: 'checkpoint' });
  console.log(`${ENTRIES} entries of ${Math.round(bytes / ENTRIES)} bytes; node ${process.version}, ${cpus()[0].model}`);
  const keys = parseKeys(signer.verifierKey);
  for (let round = 0; round < ROUNDS; round++) {
    await owner.withClient(async (client) => {
      const [{ pid }] = (await client.query('select pg_backend_pid() as pid')).rows;
      pin(process.pid, 0);
      pin(pid, 1);
      await client.query('begin isolation level repeatable read read only');
      const cpu = process.cpuUsage();
      const found = await verifyLog({ client, keys });
      const { user, system } = process.cpuUsage(cpu);
      await client.query('rollback');
      if (found.state !== 'CLEAN' || found.proven !== ENTRIES) throw new Error(JSON.stringify(found.findings.slice(0, 3)));
      const seconds = (user + system) / 1e6;
      console.log(
        `${found.state}: ${(found.milliseconds / 1000).toFixed(2)} s, ${Math.round((ENTRIES / found.milliseconds) * 1000)} entries a second; verifier's CPU ${seconds.toFixed(2)} s, ${Math.round(ENTRIES / seconds)} entries a CPU second`,
      );
    });
  }
} finally {
  await database.close();
  rmSync(home, { recursive: true, force: true });
}

function pin(pid, core) {
  spawnSync('taskset', ['-a', '-p', '-c', String(core), String(pid)], { stdio: 'ignore' });
}

function hex(length) {
  return Array.from({ length }, () => Math.floor(Math.random() * 16).toString(16)).join('');
}

function entry(number) {
  const now = new Date();
  const moment = now.getTime().toString(16).padStart(12, '0');
  const id = `${moment.slice(0, 8)}-${moment.slice(8)}-7${hex(3)}-8${hex(3)}-${hex(12)}`;
  const institution = `bank-${String(1 + (number % 22)).padStart(2, '0')}`;
  const time = now.toISOString();
  const categories = ['registration.basic', 'tax.valueAddedTaxReturn', 'socialSecurity.insuredUnit'].map((category) => ({
    category,
    clear: ['registeredCapital', 'establishedOn', 'status', 'taxPeriodStart', 'outputTax'],
    masked: ['legalRepresentative'],
    denied: { CONSENT_REQUIRED: ['taxPayable', 'inputTax'] },
  }));
  const text = canonical({
    v: 1,
    id,
    time,
    institution,
    client: `${institution}-core`,
    operator: `员工-${hex(4)}`,
    caseNumber: `LN-2026-${hex(6)}`,
    purpose: 'PRE_LOAN_REVIEW',
    operation: hex(64),
    operationName: 'Profile',
    policyVersion: 3,
    decidedAt: time,
    fields: ['enterprise'],
    reads: [{ field: 'enterprise', enterprises: [`91110113MA0${hex(7).toUpperCase()}`], categories, consents: [{ id: `consent-${hex(12)}`, enterprise: 0 }] }],
    durationMs: 12.3,
    outcome: 'ANSWERED',
  });
  return { id, time, institution, text };
}
