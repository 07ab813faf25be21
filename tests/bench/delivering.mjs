// A delivery while everybody reads what it changes: how fast it is, what readers notice of it, and what they are told.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { load } from './load.mjs';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const CATEGORY = 'housingFund.unitAccount';
const ITEM = 'activeDepositorCount';
const STEP = 1_000_000;

/** Delivers `changed` records, those of `sample` among them, in a process of its own, while `callers` read the sample round and round. */
export async function readDuringDelivery({ owner, home, env, sample, changed, callers, seconds, query, port, headers }) {
  const { file, newOf } = await changedRecords({ owner, home, sample, changed });
  const readers = sample.filter((uscc) => newOf.has(uscc)).slice(0, 2_000);
  const bodies = readers.map((uscc) => JSON.stringify({ query, variables: { uscc } }));
  const before = await load({ port, headers, bodies, callers, seconds });

  const answers = [];
  const note = (status, body, took) => {
    const ended = performance.now();
    if (status !== 200) throw new Error(`status ${status}: ${body.toString().slice(0, 300)}`);
    const { uscc, housingFund } = JSON.parse(body.toString()).data.enterprise;
    answers.push({ uscc, begun: ended - took, ended, isNew: housingFund.unitAccount[ITEM] === newOf.get(uscc) });
  };
  let report = null;
  const until = new AbortController();
  const delivering = deliver(file, env).then((told) => {
    report = told;
    setTimeout(() => until.abort(), 2_000);
  });
  delivering.catch(() => until.abort());
  const during = await loadUntil(until.signal, { port, headers, bodies, callers, check: note });
  await delivering;
  return {
    rows: report.read,
    changed: report.changed,
    rowsPerSecond: report.rowsPerSecond,
    milliseconds: report.milliseconds,
    before: { perSecond: before.perSecond, p50: before.p50, p99: before.p99 },
    during,
    ...stalenessOf(answers),
  };
}

/** Records that differ in one number, as a file of JSON lines. */
async function changedRecords({ owner, home, sample, changed }) {
  const rows = await owner.query({
    // By their keys: a category is found among all records by nothing else.
    text: `select uscc, payload from record where category = (select id from category where code = $1) and uscc = any($2)
           union all
           select uscc, payload from record where category = (select id from category where code = $1)
             and uscc = any(array(select uscc from enterprise order by uscc limit 2 * $3)) and uscc <> all($2)
           limit $3`,
    values: [CATEGORY, sample.slice(0, 4_000), changed],
  });
  const newOf = new Map();
  const file = join(home, 'changed.jsonl');
  const lines = rows.map(({ uscc, payload }) => {
    const record = JSON.parse(payload);
    newOf.set(uscc, (record[ITEM] ?? 0) + STEP);
    return JSON.stringify({ uscc, ...record, [ITEM]: newOf.get(uscc) });
  });
  writeFileSync(file, `${lines.join('\n')}\n`);
  return { file, newOf };
}

async function deliver(file, env) {
  const child = spawn(process.execPath, [MAIN, 'deliver', CATEGORY, file, '--json', '--data-time', new Date().toISOString()], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (part) => {
    out += part;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`deliver ended with ${code}: ${out}`);
  return JSON.parse(out);
}

/** Rounds of the load until the signal; what is measured is of all rounds. */
async function loadUntil(signal, options) {
  const latencies = [];
  const started = performance.now();
  while (!signal.aborted) {
    await load({
      ...options,
      seconds: 1,
      check: (status, body, took) => {
        latencies.push(took);
        options.check(status, body, took);
      },
    });
  }
  const elapsed = (performance.now() - started) / 1000;
  latencies.sort((left, right) => left - right);
  const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))] ?? Number.NaN;
  return { perSecond: latencies.length / elapsed, p50: at(0.5), p99: at(0.99) };
}

/**
 * A delivery becomes visible at one moment, which lies before the end of the first answer that shows it. What a request that began
 * after that is told of old values is stale, by as much as it began later; and nobody may see an old value after a new one.
 */
function stalenessOf(answers) {
  const firstNew = Math.min(...answers.filter(({ isNew }) => isNew).map(({ ended }) => ended));
  const late = answers.filter(({ isNew, begun }) => !isNew && begun > firstNew).map(({ begun }) => begun - firstNew);
  const newSince = new Map();
  for (const { uscc, ended, isNew } of answers) if (isNew && ended < (newSince.get(uscc) ?? Number.POSITIVE_INFINITY)) newSince.set(uscc, ended);
  const olderAfterNewer = answers.filter(({ uscc, begun, isNew }) => !isNew && begun > (newSince.get(uscc) ?? Number.POSITIVE_INFINITY)).length;
  return {
    answers: answers.length,
    newAnswers: answers.filter(({ isNew }) => isNew).length,
    staleMs: late.length === 0 ? 0 : Math.max(...late),
    staleAnswers: late.length,
    olderAfterNewer,
  };
}
