/**
 * A real PostgreSQL from npm's binaries, kept under the zone's home. Promises: works as root and as an ordinary user,
 * below folders nobody else may enter, beside other zones, and after any kill; several processes of one zone share one
 * server, the last one to leave stops it. Knows nothing of tables.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type Place, preparePlace } from './embeddedPlace.js';
import { announce, isAlive, locked, othersPresent, START_LIMIT_MS } from './embeddedPresence.js';
import { Fault } from './faults.js';

export interface EmbeddedPostgres {
  /** Address of the database for its owner; the password lies in the zone's home and nowhere else. */
  readonly url: string;
  /** Leaves; stops the server when no other process of this zone uses it. */
  close(): Promise<void>;
}

const DATABASE = 'zone';
const OWNER = 'zone_owner';
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

/** A port that nobody listens on just now. */
export function freePort(): Promise<number> {
  return new Promise((found, failed) => {
    const server = createServer();
    server.once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => found(port));
    });
  });
}
