/** A real Redis Cluster of three: the same answers, one account, slots that move, and a node that goes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { keysOf } from '../../src/allowance/script.js';
import { slotOf } from '../../src/redis/slot.js';
import { type Cache, openRedis } from '../../src/redis.js';
import type { InstitutionId } from '../../src/terms.js';
import { openTestCluster, type TestCluster, type TestNode } from '../harness/redisCluster.js';
import { entryOf, NOW, openWatchedGateway, type WatchedGateway } from '../harness/watched.js';
import { firm, openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
let cluster: TestCluster;
const opened: WatchedGateway[] = [];
const caches: Cache[] = [];
const FIRMS = Array.from({ length: 40 }, (_, place) => firm(place));
let truth: unknown;

beforeAll(async () => {
  [zone, cluster] = await Promise.all([openTestZone({ enterprises: 40 }), openTestCluster()]);
  const alone = await open(null);
  truth = (await ask(alone)).body.data;
}, 60_000);
afterAll(async () => {
  for (const gateway of opened) await gateway.close();
  for (const cache of caches) await cache.close();
  await cluster?.close();
  await zone?.close();
});

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${what} did not come about`);
    await sleep(20);
  }
}
const health = async (gateway: WatchedGateway) => (await gateway.server.inject('/health')).json() as Record<string, string>;

async function open(redisUrl: string | null = cluster.url): Promise<WatchedGateway> {
  const gateway = await openWatchedGateway(zone, { redisUrl, redisCluster: redisUrl !== null });
  opened.push(gateway);
  if (redisUrl) await until('the cluster', async () => (await health(gateway)).redis === 'ok');
  return gateway;
}
const ask = (gateway: WatchedGateway) =>
  gateway.ask(
    `query ($usccs: [USCC!]!) { enterprises(usccs: $usccs, inquiry: { purpose: PRE_LOAN_REVIEW, caseNumber: "C-1" }) {
      ... on Enterprise { uscc name registration { basic { establishmentDate registeredCapital } } tax { valueAddedTaxReturns { taxableSales } } } } }`,
    { variables: { usccs: FIRMS } },
  );
/** Texts of enterprises that a gateway took from Redis so far. */
async function hits(gateway: WatchedGateway): Promise<number> {
  const { body } = await gateway.server.inject('/metrics');
  return Number(/^zone_texts\{source="redis"\} (\d+)$/m.exec(body)?.[1]);
}
const nodeOf = (key: string): TestNode => {
  const found = cluster.nodes.find(({ slots: [first, last] }) => first <= slotOf(key) && slotOf(key) <= last);
  if (!found) throw new Error('every slot has a node');
  return found;
};
const firmsOn = (node: TestNode) => FIRMS.filter((uscc) => nodeOf(`{${uscc}}`) === node);
async function openCache(): Promise<Cache> {
  const cache = openRedis(cluster.url.split(',').slice(0, 1), { cluster: true });
  caches.push(cache);
  await until('the cluster', () => cache.state === 'READY');
  return cache;
}

test('a slot is reckoned as Redis does', async () => {
  const keys = ['', 'a', '企业', 'zone:1:{x}:2', 'a{}b{c}', '{a', 'a}b{c}d}', ...FIRMS.map((uscc) => `zone:abc:{${uscc}}:text:1`)];
  const told = await Promise.all(keys.map((key) => cluster.nodes[0]?.client.call('cluster', 'keyslot', key)));
  expect(keys.map(slotOf)).toEqual(told);
});

test('the keys of an enterprise lie on one node, all of them together on all three, and a second gateway finds them', async () => {
  const [first, second] = [await open(), await open()];
  expect((await ask(first)).body.data).toEqual(truth);
  const keysOn = async ({ client }: TestNode) => (await client.keys('*')).filter((key) => key.includes(':text:'));
  await until('what was written', async () => (await Promise.all(cluster.nodes.map(keysOn))).flat().length === FIRMS.length);
  for (const node of cluster.nodes) {
    const keys = await keysOn(node);
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.map((key) => /\{(\w+)\}/.exec(key)?.[1]).sort()).toEqual([...firmsOn(node)].sort());
  }
  const read = second.recordStatements().length;
  const answer = await ask(second);
  expect(answer.body.data).toEqual(truth);
  expect([await hits(first), await hits(second), second.recordStatements().length - read]).toEqual([0, FIRMS.length, 0]);
});

test('gateways count together', async () => {
  const [first, second] = [await open(), await open()];
  const left = async (gateway: WatchedGateway) => {
    const { body } = await gateway.ask('{ rateLimit(purpose: RISK_DISPOSAL) { enterprisesToday shared } }');
    return body.data.rateLimit;
  };
  expect(await left(first)).toEqual({ enterprisesToday: 0, shared: true });
  for (const [gateway, uscc] of [
    [first, firm(1)],
    [second, firm(2)],
  ] as const)
    await gateway.ask(`{ enterprise(uscc: "${uscc}", inquiry: { purpose: RISK_DISPOSAL, caseNumber: "C-2" }) { uscc registration { basic { industry } } } }`);
  expect(await left(first)).toEqual({ enterprisesToday: 2, shared: true });
  expect(await left(second)).toEqual({ enterprisesToday: 2, shared: true });
  const keys = keysOf({ institution: 'bank-01' as InstitutionId, purpose: 'RISK_DISPOSAL', allowed: { costPerMinute: 1, enterprisesADay: 1, atOnce: 1 } }, NOW);
  expect(new Set(keys.map(slotOf)).size).toBe(1);
});

describe('a slot that moved', () => {
  const COUNT = { name: 'count', text: "return redis.call('INCR', KEYS[1])" };

  test('is followed at once, by what reads and by what counts', async () => {
    const cache = await openCache();
    const read = async (groups: string[][]) => (await cache.read(groups))?.map((values) => values.map((value) => value?.toString()));
    const [from, to] = cluster.nodes as [TestNode, TestNode];
    const uscc = firmsOn(from)[0] as string;
    const other = firmsOn(from).find((one) => slotOf(`{${one}}`) !== slotOf(`{${uscc}}`)) as string;
    const keys = [`moving:{${uscc}}:a`, `moving:{${uscc}}:b`];
    cache.write(
      [...keys, `staying:{${other}}`].map((key) => [key, `value of ${key}`]),
      60,
    );
    await until('what was written', async () => (await from.client.exists(...keys)) === 2);
    expect(await cache.run(COUNT, [`count:{${uscc}}`], [])).toBe(1);

    await cluster.moveSlot(slotOf(`{${uscc}}`), from, to);
    expect(await cache.run(COUNT, [`count:{${uscc}}`], [])).toBe(2);
    expect(await read([keys, [`staying:{${other}}`]])).toEqual([keys.map((key) => `value of ${key}`), [`value of staying:{${other}}`]]);
    // What is written goes to the new node as soon as it is known there.
    await until('what is written after the move', async () => {
      cache.write([[`late:{${uscc}}`, 'late']], 60);
      return (await to.client.exists(`late:{${uscc}}`).catch(() => 0)) === 1;
    });
    expect(cache.state).toBe('READY');

    await cluster.moveSlot(slotOf(`{${uscc}}`), to, from);
    expect(await read([keys])).toEqual([keys.map((key) => `value of ${key}`)]);
  });
});

describe('one node of three', () => {
  test.each([
    ['killed', (node: TestNode) => node.kill(), (node: TestNode) => node.start()],
    ['paused, with connections that stay open', async (node: TestNode) => node.pause(), async (node: TestNode) => node.resume()],
  ])('%s: nobody is refused, nobody waits, its keys miss and the others are found', async (_, away, back) => {
    const lost = nodeOf('zone:{bank-01:PRE_LOAN_REVIEW}:budget');
    const [first, second] = [await open(), await open()];
    expect((await ask(first)).body.data).toEqual(truth);
    await sleep(100);
    await away(lost);
    try {
      const met: number[] = [];
      const told = new Set<string | undefined>();
      for (let turn = 0; turn < 12; turn++) {
        const begun = performance.now();
        // The account of the bank lies on the node that is lost, too.
        const answer = await ask(turn % 2 === 0 ? second : first);
        met.push(performance.now() - begun);
        told.add((await health(second)).redis);
        expect([answer.status, answer.body.data]).toEqual([200, truth]);
        expect(await entryOf(zone, answer.body.extensions.receipt.id)).toMatchObject({ outcome: 'ANSWERED', caseNumber: 'C-1' });
      }
      // Far from the seconds that a client that waits for the node would take; limits count idle time of this busy process.
      expect([...met].sort((left, right) => left - right)[6]).toBeLessThan(400);
      expect(Math.max(...met)).toBeLessThan(2_000);
      expect(await hits(second)).toBe(FIRMS.length - firmsOn(lost).length);
      expect(told).toContain('slow');
    } finally {
      await back(lost);
    }
    await until('the node', async () => (await health(second)).redis === 'ok');
    expect((await ask(second)).body.data).toEqual(truth);
  });
});
