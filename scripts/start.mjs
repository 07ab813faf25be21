// `npm start` on a fresh clone: installs what is missing, builds what is newer than its output, then runs the demo.
// Knows nothing but Node's own modules, because nothing else may be there yet.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

export function run(command, args, options = {}) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (status !== 0) process.exit(status ?? 1);
}

export function install() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (stamp(installed) >= stamp(join(root, 'package-lock.json')) && stamp(installed) > 0) return;
  console.log('安装依赖 Installing dependencies …');
  // Not `npm ci`: the lock names only the platforms whose packages the registry it was made from carries, which `ci` takes for a fault.
  run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']);
  utimesSync(installed, new Date(), new Date());
}

export function build() {
  const done = join(root, 'dist', '.built');
  const sources = ['src', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'].flatMap((name) => filesBelow(join(root, name)));
  if (sources.every((path) => stamp(path) <= stamp(done))) return;
  console.log('构建 Building …');
  run(process.execPath, [join('node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json']);
  writeFileSync(done, '');
}

function filesBelow(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, encoding: 'utf8' }).map((name) => join(path, name));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  install();
  build();
  if (process.argv.includes('--build-only')) process.exit(0);
  // In this process, so that Ctrl-C and kill reach the gateway itself.
  process.argv = [process.argv[0], join(root, 'dist', 'main.js'), 'start', ...process.argv.slice(2)];
  await import('../dist/main.js');
}
