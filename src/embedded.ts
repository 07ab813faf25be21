/**
 * A real PostgreSQL from npm's binaries, kept under the zone's home. Promises: works as root and as an ordinary user,
 * below folders nobody else may enter, beside other zones, and after any kill; several processes of one zone share one
 * server, the last one to leave stops it. Knows nothing of tables.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { chownSync, closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type Place, preparePlace } from './embedded/place.js';
import { announce, isAlive, locked, othersPresent, START_LIMIT_MS } from './embedded/presence.js';
import { Fault } from './faults.js';

export interface EmbeddedPostgres {
  /** Address of the database for its owner; the password lies in the zone's home and nowhere else. */
  readonly url: string;
  /** The same for a login that is a member of `role` and of nothing else; `role` MUST be one of those named at opening. */
  urlOf(role: string): string;
  /** Leaves; stops the server when no other process of this zone uses it. */
  close(): Promise<void>;
}

const DATABASE = 'zone';
const OWNER = 'zone_owner';
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  // A gateway holds about thirty at most, and there may be several.
  max_connections: '300',
  shared_buffers: '256MB',
  max_wal_size: '2GB',
  synchronous_commit: 'on',
  log_min_messages: 'warning',
};

/** Starts the server of `home`, or joins the one that already runs there, and restarts it whenever it dies. */
export async function openEmbeddedPostgres(home: string, roles: readonly string[] = []): Promise<EmbeddedPostgres> {
  const place = preparePlace(home);
  const presence = announce(home);
  const port = await ensureRunning(place, null);
  const urlAs = (user: string, password: string) => `postgres://${user}:${password}@127.0.0.1:${port}/${DATABASE}`;
  const owner = urlAs(OWNER, place.password);
  if (roles.length > 0) await locked(home, () => makeLogins(owner, place, roles));
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
    url: owner,
    urlOf: (role) => urlAs(loginOf(role), loginPassword(place, role)),
    async close() {
      if (closing) return;
      closing = true;
      clearInterval(watch);
      await reviving;
      rmSync(presence, { force: true });
      // A home that was removed meanwhile has no server any more.
      if (!existsSync(home) || othersPresent(home)) return;
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
    // Removed under the lock alone: at any other time it may be of a server that is just starting.
    if (!running) rmSync(join(place.data, 'postmaster.pid'), { force: true });
    const port = running?.port ?? (await startServer(place, wantedPort ?? lastPort(place)));
    await answering(place, port);
    return port;
  });
}

/** Where the server was found until now, if anybody still looks for it there: it comes back on that port and on no other. */
function lastPort({ home }: Place): number | null {
  const file = portFile(home);
  return othersPresent(home) && existsSync(file) ? Number(readFileSync(file, 'utf8')) || null : null;
}

function portFile(home: string): string {
  return join(home, 'postgres.port');
}

/** Made beside its place and moved there when it is whole, so that a kill in the middle leaves nothing that looks like a database. */
function initialise(place: Place): void {
  const making = `${place.data}.making-`;
  mkdirSync(dirname(place.data), { recursive: true });
  for (const name of readdirSync(dirname(place.data))) {
    const left = join(dirname(place.data), name);
    if (left === place.data || left.startsWith(making)) rmSync(left, { recursive: true, force: true, maxRetries: 3 });
  }
  const draft = `${making}${randomBytes(4).toString('hex')}`;
  mkdirSync(draft, { mode: 0o700 });
  // The server's account reads the password from a file of its own beside the data.
  const passwordFile = `${draft}.password`;
  writeFileSync(passwordFile, place.password, { mode: 0o600 });
  if (place.account) {
    chownSync(draft, place.account.uid, place.account.gid);
    chownSync(passwordFile, place.account.uid, place.account.gid);
  }
  const flags = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C', '--auth=scram-sha-256', '--no-instructions'];
  try {
    execFileSync(
      join(place.binaries, 'bin', 'initdb'),
      [`--pgdata=${draft}`, `--username=${OWNER}`, `--pwfile=${passwordFile}`, ...flags],
      spawnOptions(place),
    );
    renameSync(draft, place.data);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw new Fault('POSTGRES_NOT_STARTED', { detail: `initdb failed: ${String((error as { stderr?: Buffer }).stderr ?? error)}` });
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/** What `postmaster.pid` tells, when its process lives and is the server of this home. */
function runningServer(place: Place): { pid: number; port: number } | null {
  const file = join(place.data, 'postmaster.pid');
  if (!existsSync(file)) return null;
  const lines = readFileSync(file, 'utf8').split('\n');
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  return pid > 0 && isAlive(pid) && isServerOf(place, pid) ? { pid, port } : null;
}

/** After a restart of the machine the number in a stale file may be anybody's, even of another zone's server. */
function isServerOf(place: Place, pid: number): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return realpathSync(words[words.indexOf('-D') + 1] as string) === realpathSync(place.data);
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
    if (await acceptsSoon(place, child, port, deadline)) {
      writeFileSync(portFile(place.home), String(port));
      return port;
    }
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

/** A login for each role, so that a session cannot become more than its role by a mere `reset role`. */
async function makeLogins(owner: string, place: Place, roles: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: owner });
  await client.connect();
  try {
    for (const role of roles) {
      const { rowCount } = await client.query('select from pg_roles where rolname = $1', [loginOf(role)]);
      if (rowCount === 1) continue;
      const [group, login] = [client.escapeIdentifier(role), client.escapeIdentifier(loginOf(role))];
      await client.query(`do $$ begin create role ${group} nologin; exception when duplicate_object then null; end $$`);
      await client.query(`create role ${login} login password ${client.escapeLiteral(loginPassword(place, role))} in role ${group}`);
    }
  } finally {
    await client.end();
  }
}

function loginOf(role: string): string {
  return `${role}_login`;
}

function loginPassword({ password }: Place, role: string): string {
  return createHmac('sha256', password).update(role).digest('hex');
}

async function stopServer(place: Place): Promise<void> {
  const running = runningServer(place);
  if (!running) return;
  // SIGINT is PostgreSQL's fast shutdown: sessions are ended, nothing committed is lost.
  process.kill(running.pid, 'SIGINT');
  const deadline = Date.now() + 20_000;
  while (isAlive(running.pid) && isServerOf(place, running.pid) && Date.now() < deadline) await sleep(50);
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
