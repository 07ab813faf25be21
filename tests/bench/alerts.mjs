// A simulated month of the zone with planted abuse, through the real sequencer and rules: precision and recall of each.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { watchEntries } from '../../dist/alerts/watchEntries.js';
import { canonical, leafHash } from '../../dist/audit/entry.js';
import { openSequencer } from '../../dist/audit/sequencer.js';
import { openSigner } from '../../dist/audit/signer.js';
import { readConfig } from '../../dist/config.js';
import { newRequestId } from '../../dist/http/requestId.js';
import { migrate } from '../../dist/migrations.js';
import { openDatabase } from '../../dist/zone/database.js';
import { openEvidence, openWatch } from '../../dist/zone/evidence.js';
import { openCatalogue } from '../../dist/zone.js';
import { monthOf } from './month.mjs';
import { figuresOf, runMonth } from './monthRun.mjs';

const whole = { type: 'string' };
const { values } = parseArgs({
  options: { seed: whole, days: whole, institutions: whole, planted: whole, tick: whole, wrong: { type: 'boolean' }, help: { type: 'boolean' } },
});
if (values.help) {
  console.log(`npm run build && node tests/bench/alerts.mjs [--seed 1] [--days 30] [--institutions 29] [--planted 3] [--tick 300 (seconds)] [--wrong]
模拟一个月的查询并植入滥用，按规则给出查准与查全 A simulated month with planted abuse: precision and recall by rule; --wrong lists what was raised for nothing, and missed.
例 Example: node tests/bench/alerts.mjs --seed 7`);
  process.exit(0);
}
const number = (name, fallback) => Number(values[name] ?? fallback);
const home = mkdtempSync(join(tmpdir(), 'zone-month-'));
chmodSync(home, 0o755);
const config = readConfig({ ZONE_HOME: home, LOG_LEVEL: 'error', PORT: '0', DATABASE_LIMIT_MS: '30000' });
const database = await openDatabase(config);
try {
  await migrate(database.ownerUrl, config.schemaFolder, openCatalogue(config));
  const seed = number('seed', 1);
  const month = monthOf({ seed, days: number('days', 30), institutions: number('institutions', 29), planted: number('planted', 3) });
  console.log(
    `${month.entries.length} 条日志，${month.reports.length} 条案件，植入 ${month.truths.length} 起 / entries, reports of cases, planted; seed ${seed}`,
  );
  const parts = {
    owner: database.open('owner'),
    canonical,
    leafHash,
    newRequestId,
    sequencerAt: (clock) => openEvidence(config, database, undefined, clock),
    watchAt: (clock) => openWatch(config, database, undefined, clock),
  };
  await cost(parts, month.entries.slice(0, 20_000));
  const began = performance.now();
  const progress = (day) => process.stderr.write(process.stderr.isTTY ? `\r第 ${day} 日 / day ${day} ` : day % 5 === 0 ? `day ${day}\n` : '');
  const run = await runMonth(parts, month, { tickMs: 1000 * number('tick', 300), progress });
  const percent = (share) => (share === null ? '-' : `${(100 * share).toFixed(1)} %`);
  const table = new Table({
    head: [
      '规则 rule',
      '告警 raised',
      '查准 precision',
      '植入 planted',
      '查全 recall',
      'faint',
      'plain',
      'gross',
      '任一规则 any rule',
      '延迟 median delay, min',
    ],
    style: { head: [], border: [] },
  });
  for (const row of figuresOf(run))
    table.push([
      row.rule,
      row.raised,
      percent(row.precision),
      row.planted,
      percent(row.recall),
      percent(row.faint),
      percent(row.plain),
      percent(row.gross),
      percent(row.byAnyRule),
      row.medianDelayMinutes === null ? '-' : row.medianDelayMinutes.toFixed(0),
    ]);
  console.log(table.toString());
  const { sequencing, judging, evaluations, slowest } = run.spent;
  console.log(
    `${((performance.now() - began) / 1000).toFixed(0)} s; 排序含计数 sequencing with counting ${((1000 * sequencing) / run.entries).toFixed(0)} µs an entry; 评估 evaluation ${(judging / evaluations).toFixed(1)} ms, at most ${slowest.toFixed(0)} ms`,
  );
  if (values.wrong) {
    for (const { kind, institution, operator, topic, time } of run.judged.filter(({ right }) => !right))
      console.log('wrong', kind, institution, operator, topic, new Date(time).toISOString());
    for (const { kind, intensity, institution, operator, from } of run.found.filter(({ own }) => own === null))
      console.log('missed', kind, intensity, institution, operator, new Date(from).toISOString());
  }
} finally {
  await database.close();
  rmSync(home, { recursive: true, force: true });
}

/** What counting adds to a step of the sequencer, in µs an entry: the same entries integrated without it and with it, in turns. */
async function cost({ owner }, entries) {
  const signer = openSigner({ file: config.auditKeyFile, origin: config.auditOrigin });
  const spent = { without: [], with: [] };
  for (let round = 0; round < 6; round++) {
    const kind = round % 2 === 0 ? 'without' : 'with';
    const whole = entries.map(({ institution, operator, purpose, caseNumber, usccs }) => ({
      v: 1,
      id: newRequestId(),
      time: new Date().toISOString(),
      institution,
      client: 'cost',
      ...(operator ? { operator } : {}),
      purpose,
      caseNumber,
      reads: [{ field: 'enterprises', enterprises: usccs, categories: [{ category: 'tax.payment', clear: ['amount'] }] }],
      durationMs: 1,
      outcome: 'ANSWERED',
    }));
    const texts = whole.map(canonical);
    await owner.query({
      text: 'select count(*) from append_audit($1, $2, $3, $4, $5)',
      values: [whole.map(({ id }) => id), whole.map(({ time }) => time), whole.map(({ institution }) => institution), texts, texts.map(leafHash)],
    });
    const sequencer = openSequencer({
      postgres: database.open('zone_sequencer'),
      signer,
      integrations: kind === 'with' ? [watchEntries()] : [],
      now: () => new Date(),
    });
    const began = performance.now();
    for (let left = whole.length; left > 0; left -= 5_000) await sequencer.step();
    spent[kind].push((1000 * (performance.now() - began)) / whole.length);
  }
  const least = (list) => Math.min(...list).toFixed(1);
  console.log(
    `排序 sequencing: ${least(spent.without)} µs an entry without counting, ${least(spent.with)} with it (the best of three, ${entries.length} entries)`,
  );
  await owner.query({ text: 'truncate audit_entry, audit_tile, audit_block, audit_checkpoint, alert_counter, alert_pending_read' });
}
