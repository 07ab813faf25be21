/**
 * A campaign: two gateways under load on one database, and at random moments one of them, the whole server of the database
 * or one of its processes is ended by SIGKILL, or a gateway by SIGTERM. What died is started again, and it goes on. Then the
 * lost-audit checker compares what the clients hold with what the log holds.
 */
import { fork, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readConfig } from '../../dist/config.js';
import { freePort } from '../../dist/embedded.js';
import { migrate } from '../../dist/migrations.js';
import { seedZone } from '../../dist/synthetic/seed.js';
import { openDatabase } from '../../dist/zone/database.js';
import { openCatalogue } from '../../dist/zone.js';
import { chanceFrom, oneOf } from './chance.mjs';
import { startGateway } from './gateways.mjs';
import { checkEvidence } from './lostAudit.mjs';

const ENTERPRISES = 60;
/** Answers between one blow and the next, so that each strikes a zone that works. */
const ANSWERS_BETWEEN = 10;
const WORKS_WITHIN_MS = 180_000;
const ENDS_WITHIN_MS = 30_000;

/** What the checker must find: commits that are not waited for. Keeps to what a wrong setting of the server could do. */
const PLANTED = `
alter function append_audit rename to append_audit_waiting;
create function append_audit(ids text[], times timestamptz[], institutions text[], entries text[], hashes bytea[])
returns table (institution text, epoch bigint) language plpgsql volatile security definer set search_path = public, pg_temp as $$
begin
  return query select * from append_audit_waiting(ids, times, institutions, entries, hashes);
  perform set_config('synchronous_commit', 'off', true);
end $$`;

/** @returns what was done and what the checker found */
export async function runCampaign({ kills, seed, drains = 0, callers = 6, planted = false, say = () => undefined }) {
  const home = mkdtempSync(join(tmpdir(), 'zone-kills-'));
  // Enterable by all, so that the data lie here and go with it.
  chmodSync(home, 0o755);
  const redis = await startRedis();
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    ZONE_HOME: home,
    LOG_LEVEL: 'fatal',
    DATABASE_LIMIT_MS: '2000',
    ...(redis ? { REDIS_URL: redis.url } : {}),
  };
  const config = readConfig(env);
  const database = await openDatabase(config);
  const gateways = [];
  /** Every gateway ever begun, so that none outlives a campaign that breaks off. */
  const started = [];
  let client = null;
  try {
    const catalogue = openCatalogue(config);
    await migrate(database.ownerUrl, config.schemaFolder, catalogue);
    const owner = database.open('owner');
    await seedZone({ postgres: owner, catalogue }, { enterprises: ENTERPRISES, seed: 1, seedsFolder: config.seedsFolder });
    if (planted) await owner.query({ text: PLANTED });
    gateways.push(await startGateway(env, started), await startGateway(env, started));
    const file = join(home, 'answers.jsonl');
    client = await startClient(env, { file, callers, seed, enterprises: ENTERPRISES });
    const place = { home, env, gateways, started, client, chance: chanceFrom(seed), drained: [] };
    tellPorts(place);
    const struck = await strikeMany(place, { kills, drains, say });
    await works(place);
    await client.end();
    say('checking', { struck });
    const checked = await checkEvidence({ url: database.ownerUrl, file, keyFile: config.auditKeyFile, origin: config.auditOrigin, drained: place.drained });
    return { struck, ...checked };
  } finally {
    client?.child.kill('SIGKILL');
    for (const child of started) child.kill('SIGKILL');
    redis?.child.kill('SIGKILL');
    await database.close();
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Blow after blow; drains stand between them, evenly. */
async function strikeMany(place, { kills, drains, say }) {
  const struck = { gateway: 0, postgres: 0, backend: 0, drain: 0 };
  const blows = [...Array(kills).fill('kill'), ...Array(drains).fill('drain')];
  const order = blows.map((blow, position) => ({ blow, at: blow === 'kill' ? position : ((position - kills + 0.5) * kills) / drains }));
  let restarting = Promise.resolve();
  for (const { blow } of order.sort((left, right) => left.at - right.at)) {
    await works(place);
    await sleep(place.chance() * 700);
    if (blow === 'drain') {
      await restarting;
      await works(place);
      await drain(place);
      restarting = Promise.resolve();
      struck.drain++;
    } else {
      const kind = oneOf(place.chance, [
        [45, 'gateway'],
        [40, 'postgres'],
        [15, 'backend'],
      ]);
      // The next blow need not wait until this one is mended, as long as somebody answers.
      if (kind === 'gateway') {
        await restarting;
        restarting = killGateway(place);
      } else await killPostgres(place, kind);
      struck[kind]++;
    }
    // Whether one came back is seen before the next is taken away.
    restarting.catch(() => undefined);
    say(blow, { struck, received: place.client.received });
  }
  await restarting;
  return struck;
}

/** Waits until answers come again. */
async function works({ client, gateways }) {
  const from = client.received;
  for (const until = Date.now() + WORKS_WITHIN_MS; client.received < from + ANSWERS_BETWEEN; await sleep(20)) {
    if (Date.now() > until) throw new Error(`no answers: ${gateways.map((gateway) => gateway?.words()).join('\n')}`);
  }
}

function tellPorts({ client, gateways }) {
  client.child.send({ ports: gateways.filter(Boolean).map(({ port }) => port) });
}

/** @returns a promise of the one that takes its place */
async function replace(place, position) {
  place.gateways[position] = null;
  tellPorts(place);
  place.gateways[position] = await startGateway(place.env, place.started);
  tellPorts(place);
}

function killGateway(place) {
  const position = place.chance() < 0.5 ? 0 : 1;
  const gateway = place.gateways[position];
  gateway.child.kill('SIGKILL');
  return replace(place, position);
}

/** Ends one in good order, under load. MUST end with exit code 0, and no request that it took on may go unanswered. */
async function drain(place) {
  const position = place.chance() < 0.5 ? 0 : 1;
  const gateway = place.gateways[position];
  place.drained.push(gateway.port);
  gateway.child.kill('SIGTERM');
  const code = await Promise.race([gateway.ended, sleep(ENDS_WITHIN_MS, 'not at all', { ref: false })]);
  if (code !== 0) throw new Error(`after SIGTERM a gateway ended with ${code}: ${gateway.words()}`);
  await replace(place, position);
}

/** The postmaster and all its children, or one child that serves a session: then the postmaster ends the others itself. */
async function killPostgres({ home, chance }, kind) {
  const postmaster = Number(readFileSync(join(home, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
  const children = childrenOf(postmaster);
  if (kind === 'backend') {
    const sessions = children.filter(({ words }) => words.includes('zone_'));
    const one = sessions[Math.floor(chance() * sessions.length)];
    if (one) kill(one.pid);
    return;
  }
  // Either may be first: children that lose their postmaster, or a postmaster that sees its children go.
  const pids = [postmaster, ...children.map(({ pid }) => pid)];
  for (const pid of chance() < 0.5 ? pids : pids.reverse()) kill(pid);
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It has gone by itself.
    if (error.code !== 'ESRCH') throw error;
  }
}

function childrenOf(parent) {
  const listed = spawnSync('ps', ['-o', 'pid=,args=', '--ppid', String(parent)], { encoding: 'utf8' }).stdout;
  return listed
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => ({ pid: Number.parseInt(line, 10), words: line }));
}

async function startClient(env, options) {
  const child = fork(fileURLToPath(new URL('caller.mjs', import.meta.url)), [JSON.stringify(options)], { env });
  const client = {
    child,
    received: 0,
    async end() {
      const done = new Promise((resolve) => child.once('exit', resolve));
      child.send({ end: true });
      if ((await done) !== 0) throw new Error('the clients ended badly');
    },
  };
  await new Promise((ready, failed) => {
    child.once('exit', (code) => failed(new Error(`the clients ended with ${code}`)));
    child.on('message', (message) => {
      if (message.ready) ready();
      client.received = message.received ?? client.received;
    });
  });
  return client;
}

/** A Redis where there is one; campaigns go without it, too. */
async function startRedis() {
  const program = process.env.ZONE_REDIS_SERVER ?? 'redis-server';
  if (!existsSync(program) && spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0) return null;
  const port = await freePort();
  const child = spawn(program, ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], { stdio: 'ignore' });
  return { child, url: `redis://127.0.0.1:${port}` };
}
