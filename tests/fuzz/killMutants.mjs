// `npm run mutants`: each mutant is compiled into a copy and put to the fuzz, which must find it. One database, one Redis.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compileFile, compileProject, copyOf, PROJECT } from './build.mjs';

const { values } = parseArgs({
  options: {
    set: { type: 'string', default: 'policy,planner' },
    cases: { type: 'string', default: '30000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(`npm run mutants -- [--set policy,planner] [--only <words>] [--cases 30000] [--seed 1]
逐个植入错误，模糊测试必须发现 Plants one fault after another, and the fuzz must find each: those of policy the fuzz, those of the planner the equality. --cases: how long it may look for one.
例 Example: npm run mutants -- --set policy --only masks`);
  process.exit(0);
}
const folder = compileProject();
const { MUTANTS } = await import(join(folder, 'tests/fuzz/mutants.js'));
const { PLANNER_MUTANTS } = await import(join(folder, 'tests/fuzz/plannerMutants.js'));
const { openMutantPlace } = await import(join(folder, 'tests/fuzz/mutantPlace.js'));
const place = await openMutantPlace();
const home = mkdtempSync(join(tmpdir(), 'zone-mutants-'));
const runOf = { policy: 'mutantRun.js', planner: 'equalityRun.js' };
const sets = values.set.split(',');
const chosen = [...MUTANTS.map((one) => ({ ...one, set: 'policy' })), ...PLANNER_MUTANTS.map((one) => ({ ...one, set: 'planner' }))].filter(
  ({ file, breaks, set }) => sets.includes(set) && (!values.only || `${file} ${breaks}`.includes(values.only)),
);
const startedAt = Date.now();
let survivors = 0;
try {
  for (const set of new Set(chosen.map((one) => one.set))) {
    const sound = await fuzzOf(folder, set, Math.min(500, Number(values.cases)));
    if (sound.end !== 'AGREED') throw new Error(`the fuzz does not agree with the sound gateway: ${sound.told}`);
  }
  for (const [number, { file, search, replacement, breaks, set }] of chosen.entries()) {
    const copy = copyOf(folder);
    compileFile(
      copy,
      file,
      readFileSync(join(PROJECT, file), 'utf8').replace(search, () => replacement),
    );
    const { end, cases, seconds, told } = await fuzzOf(copy, set, Number(values.cases));
    rmSync(copy, { recursive: true, force: true });
    if (end !== 'DISAGREED') survivors++;
    const word = end === 'DISAGREED' ? 'killed' : end === 'AGREED' ? 'SURVIVED' : 'BROKEN';
    console.log(
      `${String(number + 1).padStart(3)} ${word.padEnd(8)} ${String(cases).padStart(6)} cases ${seconds.toFixed(1).padStart(6)} s  ${file.slice(4).padEnd(38)} ${breaks}${end === 'BROKEN' ? `\n${told}` : `  ${/difference: (.{0,90})/.exec(told ?? '')?.[1] ?? ''}`}`,
    );
  }
} finally {
  await place.close();
  for (const path of [folder, home]) rmSync(path, { recursive: true, force: true });
}
console.log(`${chosen.length - survivors} of ${chosen.length} killed in ${((Date.now() - startedAt) / 1000).toFixed(0)} s`);
process.exitCode = survivors > 0 ? 1 : 0;

/** The fuzz of one compiled project, in a process of its own. */
async function fuzzOf(compiled, set, cases) {
  await place.clear();
  const startedThen = Date.now();
  const child = spawn(process.execPath, [join(compiled, 'tests/fuzz', runOf[set]), String(cases), values.seed], {
    env: { ...process.env, DATABASE_URL: place.databaseUrl, REDIS_URL: place.redisUrl, ZONE_HOME: home, LOG_LEVEL: 'silent', DATABASE_LIMIT_MS: '10000' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => (out += chunk));
  child.stderr.on('data', (chunk) => (err += chunk));
  await new Promise((resolve) => child.once('exit', resolve));
  const seconds = (Date.now() - startedThen) / 1000;
  try {
    const outcome = JSON.parse(out.trim().split('\n').at(-1));
    return { end: outcome.counterexample === null ? 'AGREED' : 'DISAGREED', cases: outcome.cases, seconds, told: outcome.counterexample };
  } catch {
    return { end: 'BROKEN', cases: 0, seconds, told: err.slice(-2_000) || out.slice(-2_000) };
  }
}
