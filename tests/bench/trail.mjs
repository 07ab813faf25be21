// Search over a log of millions of entries: each filter alone and several together, common and rare values, the first page
// and one deep in the log. Entries, blocks and postings are made by the code that makes them in the zone, and copied in.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { leafHash } from '../../dist/audit/entry.js';
import { packed } from '../../dist/audit/places.js';
import { openPostings, postingsOf } from '../../dist/audit/postings.js';
import { openTrail } from '../../dist/audit/trail.js';
import { readConfig } from '../../dist/config.js';
import { migrate } from '../../dist/migrations.js';
import { copyInto, field } from '../../dist/synthetic/copy.js';
import { openDatabase } from '../../dist/zone/database.js';
import { openCatalogue } from '../../dist/zone.js';
import { chance, openEntries } from './entries.mjs';

if (process.argv.includes('--help')) {
  console.log(
    'node tests/bench/trail.mjs [--entries 10000000] [--months 24] [--values 20] [--rounds 5]\n例 Example: node tests/bench/trail.mjs --entries 500000',
  );
  process.exit(0);
}
const option = (name, fallback) => (process.argv.includes(`--${name}`) ? Number(process.argv[process.argv.indexOf(`--${name}`) + 1]) : fallback);
const ENTRIES = option('entries', 10_000_000);
const MONTHS = option('months', 24);
const VALUES = option('values', 20);
const WARM_ROUNDS = option('rounds', 5);
const PAGE = 50;
const GOAL_MS = 100;
const BLOCK = 256;
/** Entries made and copied at once: whole blocks, as the sequencer's batches nearly are. */
const TOGETHER = 32 * BLOCK;
const TOLD_EVERY = 16 * TOGETHER;
const SPAN_MS = MONTHS * 30 * 86_400_000;
const SINCE = Date.parse('2024-12-01T00:00:00Z');

const home = mkdtempSync(join(tmpdir(), 'zone-trail-'));
// Enterable by all, so that the data lie here and go with it.
chmodSync(home, 0o755);
const config = readConfig({ ...process.env, ZONE_HOME: home, PORT: '0', LOG_LEVEL: 'silent' });
const catalogue = openCatalogue(config);
const database = await openDatabase(config);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void leave().then(() => process.exit(1)));
let left = null;
let watching = null;
const leave = () => {
  left ??= database.close().finally(() => rmSync(home, { recursive: true, force: true }));
  return left;
};

try {
  await migrate(database.ownerUrl, config.schemaFolder, catalogue);
  const owner = database.open('owner');
  const samples = await fill(owner);
  const sizes = await sizesOf(owner);
  const postgres = database.open('zone_gateway', { poolSize: 2, limitMs: 60_000 });
  watching = database.open('zone_gateway', { poolSize: 1, limitMs: 60_000 });
  const trail = openTrail({ postgres, catalogue });
  // The first plans of a connection and the first runs of the code are nobody's search.
  for (let round = 0; round < 8; round++) await trail.search({ outcome: 'ANSWERED' }, { first: PAGE, after: null });
  const rows = [];
  for (const [name, filters] of Object.entries(filtersOf(samples))) {
    for (const [page, after] of [
      ['first', null],
      ['deep', Math.floor(ENTRIES * 0.4)],
    ]) {
      const measured = await measure(trail, filters, after);
      rows.push({ name, page, ...measured });
      console.log(`${name} (${page}): ${ms(measured.warm.p50)} ms`);
    }
  }
  const integrated = await integrate(owner);
  report(rows, sizes, integrated);
} finally {
  await leave();
}

/** Loads the log; gives some of its entries. */
async function fill(owner) {
  const entryAt = openEntries({ catalogue, entries: ENTRIES, since: SINCE, spanMs: SPAN_MS });
  const random = chance(11);
  const samples = [];
  await owner.query({ text: 'select create_audit_months($1, $2)', values: [new Date(SINCE), new Date(SINCE + SPAN_MS)] });
  const begun = performance.now();
  let spent = 0;
  for (let from = 0; from < ENTRIES; from += TOGETHER) {
    const until = Math.min(from + TOGETHER, ENTRIES);
    const leaves = Array.from({ length: until - from }, (_, at) => ({ leaf: from + at, entry: entryAt(from + at) }));
    for (const { entry } of leaves) if (random() < 4_000 / ENTRIES) samples.push(entry);
    await owner.withClient(async (client) => {
      await client.query('set synchronous_commit = off');
      await copyInto(client, 'audit_entry (sequence, id, time, institution, entry, leaf_hash)', async (write) => {
        for (const { leaf, entry } of leaves) {
          // Not canonical, which takes long and nobody looks at here; of the same length.
          const text = JSON.stringify(entry);
          const hash = `\\\\x${leafHash(text).toString('hex')}`;
          await write(`${leaf + 1}\t${entry.id}\t${entry.time}\t${field(entry.institution)}\t${field(text)}\t${hash}\n`);
        }
      });
      const started = performance.now();
      const postings = [...postingsOf(leaves)];
      spent += performance.now() - started;
      await copyInto(client, 'audit_posting (segment, facet, block, places)', async (write) => {
        for (const { facet, block, places } of postings)
          await write(`${Math.floor(block / 256)}\t${facet}\t${block}\t\\\\x${packed(places).toString('hex')}\n`);
      });
      await copyInto(client, 'audit_block (block, first_sequence, last_sequence, entries, first_time, last_time)', async (write) => {
        for (let first = 0; first < leaves.length; first += BLOCK) {
          const within = leaves.slice(first, first + BLOCK);
          const [oldest, newest] = [within[0], within.at(-1)];
          await write(
            `${Math.floor(oldest.leaf / BLOCK)}\t${oldest.leaf + 1}\t${newest.leaf + 1}\t${within.length}\t${oldest.entry.time}\t${newest.entry.time}\n`,
          );
        }
      });
    });
    if (until % TOLD_EVERY !== 0 && until < ENTRIES) continue;
    const seconds = (performance.now() - begun) / 1000;
    console.log(`${until} / ${ENTRIES} (${Math.round((100 * until) / ENTRIES)} %), ${Math.round(until / seconds)} a second, ${Math.round(seconds)} s`);
  }
  await owner.query({
    text: `insert into audit_checkpoint (size, time, last_sequence, root, note) values ($1, now(), $1, sha256('bench'), 'bench')`,
    values: [ENTRIES],
  });
  await owner.query({ text: `select setval('audit_place', $1)`, values: [ENTRIES] });
  console.log(`facets: ${((1000 * spent) / ENTRIES).toFixed(1)} µs an entry; vacuum …`);
  for (const table of ['audit_posting', 'audit_block', 'audit_entry']) await owner.query({ text: `vacuum analyze ${table}` });
  return samples;
}

async function sizesOf(owner) {
  const [row] = await owner.query({
    text: `select (select sum(pg_total_relation_size(relid)) from pg_partition_tree('audit_entry'))::bigint as entries,
      pg_total_relation_size('audit_posting') as postings, (select count(*) from audit_posting) as rows`,
  });
  return row;
}

/** Filters by what they are about, each with several values as they occur; what is looked for is there as a rule. */
function filtersOf(samples) {
  const reads = samples.filter(({ reads }) => reads?.[0]?.categories.length > 0);
  const each = (of, from = reads) => Array.from({ length: VALUES }, (_, at) => of(from[Math.floor((at * from.length) / VALUES)]));
  const groupOf = (entry) => entry.reads[0].categories[0];
  const enterpriseOf = (entry) => entry.reads[0].enterprises[0];
  const itemOf = (entry) => `${groupOf(entry).category}.${groupOf(entry).clear[0]}`;
  const providerOf = (entry) => catalogue.category(groupOf(entry).category).provider;
  const denied = reads.filter((entry) => groupOf(entry).denied);
  const consented = reads.filter((entry) => entry.reads[0].consents && entry.reads[0].enterprises.length === 1);
  const [staffed, refused] = [samples.filter(({ staff }) => staff), samples.filter(({ outcome }) => outcome === 'REFUSED')];
  const day = (entry) => ({ from: new Date(entry.time), until: new Date(Date.parse(entry.time) + 86_400_000) });
  const deniedOf = (entry) => `${groupOf(entry).category}.${Object.values(groupOf(entry).denied)[0][0]}`;
  const reasonOf = (entry) => Object.keys(groupOf(entry).denied)[0];
  return {
    nothing: [{}],
    institution: each(({ institution }) => ({ institution })),
    client: each(({ client }) => ({ client })),
    staff: each(({ staff }) => ({ staff }), staffed),
    operator: each(({ operator }) => ({ operator })),
    'case number': each(({ caseNumber }) => ({ caseNumber })),
    purpose: each(({ purpose }) => ({ purpose })),
    enterprise: each((entry) => ({ enterprise: enterpriseOf(entry) })),
    'enterprise, the most asked': Array.from({ length: VALUES }, (_, at) => ({ enterprise: `91110${String(at).padStart(13, '0')}` })),
    provider: each((entry) => ({ provider: providerOf(entry) })),
    category: each((entry) => ({ category: groupOf(entry).category })),
    item: each((entry) => ({ item: itemOf(entry) })),
    outcome: [{ outcome: 'ANSWERED' }, { outcome: 'REFUSED' }],
    reason: each((entry) => ({ reason: reasonOf(entry) }), denied),
    consent: each((entry) => ({ consent: entry.reads[0].consents[0].id }), consented),
    'policy version': each(({ policyVersion }) => ({ policyVersion })),
    'a day': each(day),
    'institution + a day': each((entry) => ({ institution: entry.institution, ...day(entry) })),
    'institution + category': each((entry) => ({ institution: entry.institution, category: groupOf(entry).category })),
    'institution + enterprise': each((entry) => ({ institution: entry.institution, enterprise: enterpriseOf(entry) })),
    'operator + reason': each((entry) => ({ operator: entry.operator, reason: reasonOf(entry) }), denied),
    'institution + item + reason': each((entry) => ({ institution: entry.institution, item: deniedOf(entry), reason: reasonOf(entry) }), denied),
    'provider + purpose + outcome': each((entry) => ({ provider: providerOf(entry), purpose: entry.purpose, outcome: 'ANSWERED' })),
    'enterprise + provider': each((entry) => ({ enterprise: enterpriseOf(entry), provider: providerOf(entry) })),
    'operator + refused': each(({ operator }) => ({ operator, outcome: 'REFUSED' }), refused),
    'what never met (bank, client of another)': each(({ institution }) => ({
      institution,
      client: institution === 'bank-01' ? 'bank-02-core' : 'bank-01-core',
    })),
    'what is not there': Array.from({ length: VALUES }, (_, at) => ({ enterprise: `91110999999999999${at % 10}`, institution: 'bank-01' })),
  };
}

/** The first time of each value, then several rounds of all. */
async function measure(trail, filters, after) {
  const rounds = [];
  let found = 0;
  let unfinished = 0;
  let begun = null;
  for (let round = 0; round <= WARM_ROUNDS; round++) {
    const took = [];
    if (round === 1) begun = await cpuSpent();
    for (const filter of filters) {
      const started = performance.now();
      const { nodes, next } = await trail.search(filter, { first: PAGE, after });
      took.push(performance.now() - started);
      if (round === 0) found += nodes.length;
      if (round === 0 && nodes.length < PAGE && next !== null) unfinished++;
    }
    rounds.push(took);
  }
  const cpu = spentBetween(begun, await cpuSpent()) / (WARM_ROUNDS * filters.length);
  return { cold: spread(rounds[0]), warm: spread(rounds.slice(1).flat()), cpu, found: found / filters.length, unfinished };
}

/** Milliseconds of processor time that this process and its database's sessions have had: what a busy machine does not change. */
async function cpuSpent() {
  const own = process.cpuUsage();
  const sessions = await watching.query({ text: `select pid from pg_stat_activity where application_name like 'zone %' and datname = current_database()` });
  const spent = new Map([[process.pid, (own.user + own.system) / 1000]]);
  for (const { pid } of sessions) {
    const [, utime, stime] = /^.*\) (?:\S+ ){11}(\d+) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [0, 0, 0];
    spent.set(pid, 10 * (Number(utime) + Number(stime)));
  }
  return spent;
}
function spentBetween(before, after) {
  return [...after].reduce((sum, [pid, spent]) => sum + spent - (before.get(pid) ?? 0), 0);
}

/** What the sequencer's integration adds to its transaction, batch by batch, at the end of this log. */
async function integrate(owner) {
  const entryAt = openEntries({ catalogue, entries: ENTRIES, since: SINCE, spanMs: SPAN_MS, seed: 8 });
  const postings = openPostings();
  const took = [];
  let cpu = 0;
  await owner.withClient(async (client) => {
    await client.query('begin');
    for (let batch = 0; batch < 6; batch++) {
      const entries = Array.from({ length: 5_000 }, (_, at) => ({ leaf: ENTRIES + batch * 5_000 + at, entry: entryAt(ENTRIES - 1 - at) }));
      const [begun, spent] = [performance.now(), await cpuSpent()];
      await postings.integrate(client, entries);
      took.push(performance.now() - begun);
      cpu += spentBetween(spent, await cpuSpent());
    }
    await client.query('rollback');
  });
  return { ms: took.reduce((sum, one) => sum + one, 0) / took.length, cpu: cpu / took.length };
}

function report(rows, { entries, postings, rows: count }, integrated) {
  const table = new Table({
    style: { head: [], border: [] },
    head: ['filter', 'page', 'cold p50', 'cold p99', 'warm p50', 'warm p99', 'CPU', 'found', 'goes on'],
  });
  for (const { name, page, cold, warm, cpu, found, unfinished } of rows)
    table.push([name, page, ms(cold.p50), ms(cold.p99), ms(warm.p50), ms(warm.p99), ms(cpu), found.toFixed(1), unfinished]);
  console.log(table.toString());
  const each = (bytes) => `${(bytes / ENTRIES).toFixed(0)} bytes an entry`;
  console.log(`${ENTRIES} entries: ${each(Number(entries))}; postings: ${each(Number(postings))}, ${(Number(count) / ENTRIES).toFixed(1)} rows an entry`);
  console.log(`integration of 5,000 entries: ${integrated.ms.toFixed(0)} ms, ${integrated.cpu.toFixed(0)} ms of processor`);
  const slow = rows.filter(({ warm }) => warm.p99 > GOAL_MS);
  console.log(
    slow.length === 0 ? `all below ${GOAL_MS} ms (warm, p99)` : `above ${GOAL_MS} ms: ${slow.map(({ name, page }) => `${name} (${page})`).join(', ')}`,
  );
  const folder = join(dirname(fileURLToPath(import.meta.url)), 'results');
  mkdirSync(folder, { recursive: true });
  const results = { entries: ENTRIES, months: MONTHS, bytes: { entries: Number(entries), postings: Number(postings) }, integrated, rows };
  writeFileSync(join(folder, 'trail.json'), `${JSON.stringify(results, null, 2)}\n`);
}

function spread(took) {
  const sorted = [...took].sort((left, right) => left - right);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return { p50: at(0.5), p99: at(0.99) };
}
function ms(value) {
  return value.toFixed(1);
}
