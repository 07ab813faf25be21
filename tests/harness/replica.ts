/** A real streaming replica of a test zone's PostgreSQL, which can lag, hang and die. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { appendFileSync, closeSync, cpSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { preparePlace } from '../../src/embedded/place.js';
import { freePort } from '../../src/embedded.js';
import type { TestZone } from './zone.js';

export interface TestReplica {
  /** As DATABASE_REPLICA_URL names it. */
  readonly url: string;
  /** From now on it receives and does not show what the primary commits. */
  lag(): Promise<void>;
  catchUp(): Promise<void>;
  /** Nothing answers any more, and connections stay open. */
  freeze(): void;
  thaw(): void;
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Makes it a primary of its own, beside the one that it followed. */
  promote(): Promise<void>;
  close(): Promise<void>;
}

export async function openTestReplica(zone: TestZone): Promise<TestReplica> {
  const { binaries, data: source, account } = preparePlace(zone.config.zoneHome);
  const data = join(zone.config.zoneHome, 'replica');
  const port = await freePort();
  const primary = new URL(zone.database.ownerUrl);
  const replica = new URL(primary);
  replica.port = String(port);
  const url = replica.href;

  await zone.owner.withClient(async (client) => {
    await client.query("select pg_create_physical_replication_slot('replica', true)");
    await client.query("select pg_backup_start('replica', true)");
    // The log comes over the wire, from where the backup began.
    const left = /^(pg_wal|postmaster\.(pid|opts)|pg_replslot\/.|pg_stat_tmp\/.|pgsql_tmp)/;
    cpSync(source, data, { recursive: true, filter: (path) => !left.test(relative(source, path)) });
    for (const folder of ['pg_wal', 'pg_wal/archive_status', 'pg_wal/summaries']) execFileSync('mkdir', ['-p', join(data, folder)]);
    const { rows } = await client.query<{ labelfile: string }>('select labelfile from pg_backup_stop(false)');
    writeFileSync(join(data, 'backup_label'), rows[0]?.labelfile ?? '');
  });
  writeFileSync(join(data, 'standby.signal'), '');
  const { hostname, username, password } = primary;
  appendFileSync(
    join(data, 'postgresql.auto.conf'),
    `primary_conninfo = 'host=${hostname} port=${primary.port} user=${username} password=${password}'\nprimary_slot_name = 'replica'\n`,
  );
  execFileSync('chmod', ['-R', 'go-rwx', data]);
  if (account) execFileSync('chown', ['-R', `${account.uid}:${account.gid}`, data]);

  let server: ChildProcess | null = null;
  async function ask<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end().catch(() => undefined);
    }
  }
  async function start(): Promise<void> {
    const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=300', 'shared_buffers=64MB', 'hot_standby=on'];
    const output = openSync(join(zone.config.zoneHome, 'replica.log'), 'a');
    server = spawn(join(binaries, 'bin', 'postgres'), ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])], {
      cwd: '/',
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', LD_LIBRARY_PATH: join(binaries, 'lib'), TZ: 'UTC' },
      stdio: ['ignore', output, output],
      ...(account ?? {}),
    });
    closeSync(output);
    for (let tries = 0; ; tries++) {
      const answers = await ask('select').then(
        () => true,
        () => false,
      );
      if (answers) return;
      if (tries > 200 || server.exitCode !== null)
        throw new Error(`no replica: ${readFileSync(join(zone.config.zoneHome, 'replica.log'), 'utf8').slice(-2_000)}`);
      await sleep(100);
    }
  }
  /** The server and its children, each of which has a session of its own. */
  function processes(): number[] {
    const parent = server?.pid;
    if (parent === undefined) return [];
    const children = readdirSync('/proc').filter((name) => {
      if (!/^\d+$/.test(name)) return false;
      try {
        return new RegExp(`^\\d+ \\(.*\\) \\S ${parent} `, 's').test(readFileSync(`/proc/${name}/stat`, 'utf8'));
      } catch {
        return false;
      }
    });
    return [parent, ...children.map(Number)];
  }
  const signal = (name: NodeJS.Signals) => {
    for (const pid of processes()) process.kill(pid, name);
  };
  async function kill(): Promise<void> {
    const dying = server;
    if (!dying || dying.exitCode !== null || dying.signalCode !== null) return;
    const gone = new Promise((resolve) => dying.once('exit', resolve));
    signal('SIGCONT');
    dying.kill('SIGQUIT');
    await gone;
    server = null;
  }
  await start();
  return {
    url,
    lag: async () => void (await ask('select pg_wal_replay_pause()')),
    async catchUp() {
      await ask('select pg_wal_replay_resume()');
      const [now] = await zone.owner.query<{ lsn: string }>({ text: 'select pg_current_wal_lsn()::text as lsn' });
      for (let tries = 0; ; tries++) {
        const [row] = await ask<{ there: boolean }>('select pg_last_wal_replay_lsn() >= $1::pg_lsn as there', [now?.lsn]);
        if (row?.there) return;
        if (tries > 200) throw new Error('the replica does not catch up');
        await sleep(50);
      }
    },
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    kill,
    start,
    async promote() {
      await ask('select pg_promote(true, 30)');
    },
    async close() {
      await kill();
      rmSync(data, { recursive: true, force: true });
    },
  };
}
