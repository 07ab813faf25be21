// How fast the whole log is verified: entries of about 1 KB, the verifier on one core, PostgreSQL on another.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSigner } from '../../dist/audit/signer.js';
import { addLeaves } from '../../dist/audit/tiles.js';
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
const CHECKPOINT_EVERY = 1_000;
/** Entries as queries of banks leave them, written by the database itself, which is quicker; canonical JSON, about 1 KB. */
const FILL = `
insert into audit_entry (sequence, id, time, institution, entry, leaf_hash)
select nextval('audit_place'), id, time, institution, entry, sha256('\\x00'::bytea || convert_to(entry, 'UTF8'))
from (
  select id, time, institution, format(
    '{"caseNumber":"LN-2026-%s","client":"%s-core","decidedAt":"%s","durationMs":12.3,"fields":["enterprise"],"id":"%s","institution":"%s","operation":"%s","operationName":"Profile","operator":"员工-%s","outcome":"ANSWERED","policyVersion":3,"purpose":"PRE_LOAN_REVIEW","reads":[{"categories":[%s],"consents":[{"enterprise":0,"id":"consent-%s"}],"enterprises":["91110113MA0%s"],"field":"enterprise"}],"time":"%s","v":1}',
    left(salt, 6), institution, written, id, institution, salt || reverse(salt), left(salt, 4), categories, left(salt, 12), upper(left(salt, 7)), written) as entry
  from (
    select substr(least, 1, 14) || '7' || substr(salt, 1, 3) || '-8' || substr(salt, 4, 3) || '-' || substr(salt, 7, 12) as id, time, salt,
      to_char(time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as written, 'bank-' || lpad((1 + number % 22)::text, 2, '0') as institution,
      '{"category":"registration.basic","clear":["registeredCapital","establishedOn","status"],"masked":["legalRepresentative"]},{"category":"tax.valueAddedTaxReturn","clear":["taxPeriodStart","outputTax"],"denied":{"CONSENT_REQUIRED":["taxPayable","inputTax"]}},{"category":"socialSecurity.insuredUnit","clear":["insuredHeadcount"]}' as categories
    from (
      select number, time, md5(number::text) as salt, least_audit_id(time) as least
      from (select number, date_trunc('milliseconds', now()) - interval '60 seconds' + (number / 20) * interval '1 millisecond' as time from generate_series(1, $1::bigint) as number) numbered
    ) salted
  ) named
) written`;
const BLOCKS = `
insert into audit_block select (leaf - 1) / 256, min(sequence), max(sequence), count(*), min(time), max(time)
from (select row_number() over (order by sequence) as leaf, sequence, time from audit_entry) numbered group by 1`;
const home = mkdtempSync(join(tmpdir(), 'zone-verifying-'));
// Enterable by all, so that the data lie here and go with it.
chmodSync(home, 0o755);
const config = readConfig({ ...process.env, ZONE_HOME: home, LOG_LEVEL: 'silent' });
const database = await openDatabase(config);
try {
  await migrate(database.ownerUrl, config.schemaFolder, openCatalogue(config));
  const owner = database.open('owner');
  const signer = openSigner({ file: config.auditKeyFile, origin: config.auditOrigin });
  console.log(`写入 Writing ${ENTRIES} entries …`);
  await owner.query({ text: FILL, values: [ENTRIES] });
  await owner.query({ text: BLOCKS });
  const [{ bytes }] = await owner.query({ text: 'select sum(octet_length(entry)) as bytes from audit_entry' });
  await owner.transaction(async (client) => {
    const { rows } = await client.query('select sequence as place, leaf_hash as hash from audit_entry order by sequence');
    // A checkpoint every thousand entries, as a busy second has one.
    for (let size = 0; size < ENTRIES; ) {
      const leaves = rows.slice(size, size + CHECKPOINT_EVERY).map(({ hash }) => hash);
      const root = await addLeaves(client, size, leaves);
      size += leaves.length;
      const time = new Date();
      await client.query('insert into audit_checkpoint (size, time, last_sequence, root, note) values ($1, $2, $5, $3, $4)', [
        size,
        time,
        root,
        signer.sign({ size, root, time, lines: [] }),
        rows[size - 1].place,
      ]);
    }
  });
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
