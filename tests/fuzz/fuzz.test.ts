/** The short run of the fuzz, with a seed that stays: gateways and oracle agree on every leaf of two thousand answers. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { PROJECT } from '../harness/house.js';
import { openTestRedis, type TestRedis } from '../harness/redis.js';
import { importsOf } from '../harness/syntax.js';
import { openTestZone, type TestZone } from '../harness/zone.js';
import { runFuzz } from './run.js';
import { catalogueOfFuzz, openWorld, SHORT_RUN_SEED, type World } from './world.js';

let zone: TestZone;
let redis: TestRedis;
let world: World;
beforeAll(async () => {
  [zone, redis] = await Promise.all([openTestZone({ enterprises: 0, catalogueOf: catalogueOfFuzz }), openTestRedis()]);
  world = await openWorld(zone.config, zone.database);
}, 120_000);
afterAll(async () => {
  await world?.close();
  await redis?.close();
  await zone?.close();
});

test('gateways and oracle agree on 2,000 answers: cold, warm, over Redis, and after changes of policy', async () => {
  const outcome = await runFuzz(world, { cases: 2_000, seed: SHORT_RUN_SEED, redisUrl: redis.url, shrinks: true });
  expect(outcome.counterexample).toBeNull();
  // The run was about something: much was given, masked and denied, and some of it refused.
  expect(outcome.cases).toBeGreaterThanOrEqual(2_000);
  for (const share of [outcome.giving, outcome.masking, outcome.denying]) expect(share).toBeGreaterThan(outcome.cases / 10);
  expect(outcome.refused).toBeGreaterThan(outcome.cases / 100);
}, 300_000);

test('the oracle shares no code with the gateway', () => {
  const folder = join(PROJECT, 'tests/oracle');
  const imports = readdirSync(folder).flatMap((path) => importsOf(path, readFileSync(join(folder, path), 'utf8')));
  expect(imports.length).toBeGreaterThan(5);
  expect(imports.filter(({ to }) => !(to?.startsWith('./') || to === 'node:fs' || to === 'node:path' || to === 'yaml'))).toEqual([]);
});
