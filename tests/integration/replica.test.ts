/** Records from a real streaming replica: never older than what the primary said a moment ago, and never waited for. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { deliver } from '../../src/delivery/deliver.js';
import { openTestReplica, type TestReplica } from '../harness/replica.js';
import { entryOf, NOW, openWatchedGateway, type WatchedGateway } from '../harness/watched.js';
import { firm, openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
let replica: TestReplica;
const opened: WatchedGateway[] = [];

beforeAll(async () => {
  zone = await openTestZone({ enterprises: 40, statementLimitMs: 900 });
  replica = await openTestReplica(zone);
}, 90_000);
afterAll(async () => {
  for (const gateway of opened) await gateway.close();
  await replica?.close();
  await zone?.close();
});

type Outcomes = Record<'taken' | 'unlike' | 'away', number>;
async function outcomes(gateway: WatchedGateway): Promise<Outcomes> {
  const { body } = await gateway.server.inject('/metrics');
  return Object.fromEntries(
    [...body.matchAll(/^zone_replica_fetches\{outcome="(\w+)"\} (\d+)$/gm)].map(([, name, count]) => [name, Number(count)]),
  ) as Outcomes;
}
async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${what} did not come about`);
    await sleep(50);
  }
}

/** A gateway with nothing in its memory. */
async function open(replicaDatabaseUrl: string | null = replica.url): Promise<WatchedGateway> {
  const gateway = await openWatchedGateway(zone, { replicaDatabaseUrl });
  opened.push(gateway);
  return gateway;
}
const isTaken = async (gateway: WatchedGateway) => (await outcomes(gateway)).taken;
/** One that has found the replica. */
async function openNear(): Promise<WatchedGateway> {
  const gateway = await open();
  await until('the replica', async () => {
    await search(gateway, '北京');
    return (await isTaken(gateway)) > 0;
  });
  return gateway;
}
const INQUIRY = 'inquiry: { purpose: PRE_LOAN_REVIEW, caseNumber: "C-1" }';
const ask = (gateway: WatchedGateway, usccs: readonly string[]) =>
  gateway.ask(
    `query ($usccs: [USCC!]!) { enterprises(usccs: $usccs, ${INQUIRY}) {
      ... on Enterprise { uscc name registration { basic { establishmentDate registeredCapital } } tax { valueAddedTaxReturns { taxableSales } } } } }`,
    { variables: { usccs } },
  );
const search = async (gateway: WatchedGateway, name: string) => {
  const { body } = await gateway.ask('query ($name: String!) { searchEnterprises(name: $name, first: 50) { nodes { uscc name } } }', { variables: { name } });
  return body.data.searchEnterprises.nodes as { uscc: string; name: string }[];
};
async function register(uscc: string, name: string, registeredCapital: string): Promise<void> {
  const file = join(zone.config.zoneHome, 'registration.jsonl');
  writeFileSync(file, `${JSON.stringify({ uscc, enterpriseName: name, registeredCapital })}\n`);
  const postgres = zone.database.open('zone_delivery');
  const { changed, quarantined } = await deliver({ postgres, catalogue: zone.catalogue, now: () => NOW }, { category: 'registration.basic', file });
  await postgres.close();
  expect([changed, quarantined.total]).toEqual([1, 0]);
}
/** Of a firm, as a gateway tells it: name and registered capital. */
async function told(gateway: WatchedGateway, uscc: string): Promise<[name: string, capital: string]> {
  const { body } = await gateway.ask(`{ enterprise(uscc: "${uscc}", ${INQUIRY}) { name registration { basic { registeredCapital } } } }`);
  return [body.data.enterprise.name, body.data.enterprise.registration.basic.registeredCapital];
}
/** Longer than a look at the generations is believed. */
const LOOK_MS = 1_100;
const FIRMS = Array.from({ length: 20 }, (_, place) => firm(place));

test('answers the same, with all records and searches from the replica and nothing else', async () => {
  const alone = await open(null);
  const near = await openNear();
  const begun = near.statements.length;
  expect((await ask(near, FIRMS)).body.data).toEqual((await ask(alone, FIRMS)).body.data);
  expect(await search(near, '科技')).toEqual(await search(alone, '科技'));
  expect(await search(near, '龘龘龘')).toEqual([]);
  const names = (replicated: boolean) => new Set(near.statements.slice(begun).flatMap(({ name, replica }) => (replica === replicated ? [String(name)] : [])));
  expect(names(true)).toEqual(new Set(['records of pairs in front with names, replica', 'directory, replica']));
  expect([...names(false)].filter((name) => /record|directory/.test(name))).toEqual([]);
  expect(names(false)).toContain('append');
  // Without a permit for any of it, nothing is read there either.
  const read = near.statements.filter(({ replica }) => replica).length;
  await near.ask(`{ enterprise(uscc: "${FIRMS[0]}", ${INQUIRY}) { tax { valueAddedTaxReturns { taxableSales } } } }`, { institution: 'bank-99' });
  expect(near.statements.filter(({ replica }) => replica)).toHaveLength(read);
});

describe('a replica that lags', () => {
  test('gives no old record and no old name', async () => {
    const uscc = firm(21);
    const [gateway, warm] = [await openNear(), await openNear()];
    const [before] = await told(warm, uscc);
    await replica.lag();
    try {
      await register(uscc, '北京迟到科技有限公司', '515151');
      await sleep(LOOK_MS);
      const counted = await outcomes(gateway);
      expect(await told(gateway, uscc)).toEqual(['北京迟到科技有限公司', '515151']);
      expect(await told(warm, uscc)).toEqual(['北京迟到科技有限公司', '515151']);
      expect(await outcomes(gateway)).toMatchObject({ taken: counted.taken, unlike: counted.unlike + 1 });
      await sleep(150);
      expect(await search(gateway, '北京迟到')).toEqual([{ uscc, name: '北京迟到科技有限公司' }]);
      expect((await search(gateway, before)).map((found) => found.uscc)).not.toContain(uscc);
    } finally {
      await replica.catchUp();
    }
    const later = await openNear();
    expect(await told(later, uscc)).toEqual(['北京迟到科技有限公司', '515151']);
    expect((await outcomes(later)).unlike).toBe(0);
  });

  test('goes on giving what has not changed', async () => {
    const gateway = await openNear();
    await replica.lag();
    try {
      await zone.owner.query({ text: "update category set generation = generation + 1 where code = 'judicial.judgment'" });
      await sleep(LOOK_MS);
      const taken = await isTaken(gateway);
      await told(gateway, firm(23));
      expect(await outcomes(gateway)).toMatchObject({ taken: taken + 1, unlike: 0 });
      await gateway.ask(`{ enterprise(uscc: "${firm(23)}", ${INQUIRY}) { judicial { judgments { provenance { dataTime } } } } }`);
      expect(await outcomes(gateway)).toMatchObject({ taken: taken + 1, unlike: 1 });
    } finally {
      await replica.catchUp();
    }
  });

  test('and catches up again and again: no reader ever sees what was replaced a second before he asked', async () => {
    const uscc = firm(22);
    const gateway = await openNear();
    const delivered: { at: number; capital: number }[] = [];
    const seen: { begun: number; capital: number }[] = [];
    let going = true;
    const reading = (async () => {
      while (going) {
        const begun = performance.now();
        const [, capital] = await told(gateway, uscc);
        seen.push({ begun, capital: Number(capital) });
        await sleep(15);
      }
    })();
    try {
      for (let round = 1; round <= 8; round++) {
        if (round % 2 === 1) await replica.lag();
        await register(uscc, '北京往复科技有限公司', String(1_000_000 + round));
        delivered.push({ at: performance.now(), capital: 1_000_000 + round });
        await sleep(round % 3 === 0 ? LOOK_MS : 300);
        if (round % 2 === 0) await replica.catchUp();
      }
      await sleep(LOOK_MS);
    } finally {
      going = false;
      await reading;
      await replica.catchUp();
    }
    const late = seen.filter(({ begun, capital }) => delivered.some((one) => one.at + LOOK_MS < begun && one.capital > capital));
    expect(late).toEqual([]);
    expect(seen.at(-1)?.capital).toBe(1_000_008);
    const { taken, unlike } = await outcomes(gateway);
    expect([taken > 1, unlike > 1]).toEqual([true, true]);
  }, 30_000);
});

test.each([
  ['killed', () => replica.kill(), () => replica.start()],
  ['frozen, with connections that stay open', async () => replica.freeze(), async () => replica.thaw()],
])(
  'a replica that is %s is not waited for, and used again when it is back',
  async (_, away, back) => {
    const alone = await open(null);
    const truth = new Map<string, unknown>();
    for (const uscc of FIRMS.slice(0, 10)) truth.set(uscc, (await ask(alone, [uscc])).body.data);
    const gateway = await openNear();
    await away();
    const met: number[] = [];
    try {
      for (const [uscc, data] of truth) {
        const begun = performance.now();
        const answer = await ask(gateway, [uscc]);
        met.push(performance.now() - begun);
        expect([answer.status, answer.body.data]).toEqual([200, data]);
        expect(await entryOf(zone, answer.body.extensions.receipt.id)).toMatchObject({ outcome: 'ANSWERED', caseNumber: 'C-1' });
      }
    } finally {
      await back();
    }
    expect((await outcomes(gateway)).away).toBeGreaterThanOrEqual(truth.size - 1);
    expect([...met].sort((left, right) => left - right)[5]).toBeLessThan(400);
    expect(Math.max(...met)).toBeLessThan(2_000);
    await until('the replica', async () => {
      const taken = await isTaken(gateway);
      await search(gateway, '北京');
      return (await isTaken(gateway)) > taken;
    });
  },
  30_000,
);

test('what is no replica of this database is never read: the primary itself, or one that was promoted', async () => {
  for (const url of [zone.database.ownerUrl, replica.url]) {
    if (url === replica.url) await replica.promote();
    const gateway = await open(url);
    await until('an answer', async () => {
      await search(gateway, '北京');
      return (await outcomes(gateway)).unlike > 0;
    });
    expect((await ask(gateway, FIRMS)).status).toBe(200);
    expect(await isTaken(gateway)).toBe(0);
  }
}, 60_000);
