// `npm test`: everything that must hold, in the order in which a fault is cheapest to find.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, install, run } from './start.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const node = (...args) => run(process.execPath, args);

if (process.argv.includes('--help')) {
  console.log(
    'npm test                    every check and every test\nnpm test -- tests/unit      only the tests below a folder, without the checks\n例 Example: npm test -- tests/unit/masks.test.ts',
  );
  process.exit(0);
}

const chosen = process.argv.slice(2);
install();
build();
if (chosen.length === 0) {
  step('类型 types', () => node(join('node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.json'));
  step('规范与格式 lint and format', () => node(join('node_modules', '@biomejs', 'biome', 'bin', 'biome'), 'check', '--error-on-warnings'));
  step('目录 catalogue', () => node(join('dist', 'main.js'), 'catalogue', 'check'));
  step('模式 schema', schemaIsCurrent);
}
const counted = step('测试 tests', test);
console.log(`\n${counted}`);

function step(title, work) {
  const started = Date.now();
  console.log(`\n== ${title}`);
  const result = work();
  console.log(`== ${title}: ${((Date.now() - started) / 1000).toFixed(1)} s`);
  return result;
}

function schemaIsCurrent() {
  const { stdout, status } = spawnSync(process.execPath, [join('dist', 'main.js'), 'schema', 'print'], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
  const committed = join(root, 'schema', 'zone.graphql');
  if (status === 0 && existsSync(committed) && readFileSync(committed, 'utf8') === stdout) return;
  console.error('schema/zone.graphql is not what the catalogue and the code make: run `npm run schema:build` and commit it');
  process.exit(1);
}

function test() {
  const redis = redisServer();
  const folder = mkdtempSync(join(tmpdir(), 'zone-test-'));
  const report = join(folder, 'report.json');
  const { status } = spawnSync(
    process.execPath,
    ['--experimental-vm-modules', '--no-warnings', join('node_modules', 'jest', 'bin', 'jest.js'), '--json', `--outputFile=${report}`, ...chosen],
    { cwd: root, stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, ...(redis ? { ZONE_REDIS_SERVER: redis } : {}), LOG_LEVEL: 'silent' } },
  );
  const { numPassedTests, numFailedTests, numPendingTests } = existsSync(report)
    ? JSON.parse(readFileSync(report, 'utf8'))
    : { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0 };
  rmSync(folder, { recursive: true, force: true });
  process.exitCode = status ?? 1;
  return `${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped`;
}

/** A real Redis: named by REDIS_URL, found on PATH, or installed where that is ours to do. */
function redisServer() {
  if (process.env.REDIS_URL) return null;
  const find = () => spawnSync('sh', ['-c', 'command -v redis-server'], { encoding: 'utf8' }).stdout.trim();
  const found = find();
  if (found) return found;
  if (process.getuid?.() === 0 && existsSync('/etc/debian_version')) {
    console.log('安装 Redis Installing redis-server …');
    const quiet = { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
    spawnSync('apt-get', ['update', '-qq'], quiet);
    // The package would start a server of its own; the tests start theirs.
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', '-o', 'Dpkg::Options::=--force-confold', 'redis-server'], {
      ...quiet,
      env: { ...quiet.env, RUNLEVEL: '1' },
    });
    const installed = find();
    if (installed) return installed;
  }
  console.error('The tests need a real Redis: put redis-server on PATH (Debian: apt-get install redis-server), or set REDIS_URL.');
  process.exit(1);
}
