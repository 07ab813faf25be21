/** The short run of the equality, with a seed that stays: answers by plan are those of graphql-js, to the letter. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openTestRedis, type TestRedis } from '../harness/redis.js';
import { openTestZone, type TestZone } from '../harness/zone.js';
import { runEquality } from './equality.js';
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

test('400 operations are answered alike: by graphql-js, by plan, from memory and from Redis, while everything around them changes', async () => {
  const { catalogue, database } = zone;
  const outcome = await runEquality({ world, catalogue, database, operations: 400, seed: SHORT_RUN_SEED, redisUrl: redis.url, shrinks: true });
  expect(outcome.counterexample).toBeNull();
  expect(outcome.operations).toBeGreaterThanOrEqual(400);
  // The run was about something: nearly all was planned, much of it given, masked and denied, and it came from everywhere.
  const { PLANNED, NOT_COVERED, UNWRITABLE } = outcome.executions;
  expect(PLANNED).toBeGreaterThan((PLANNED + NOT_COVERED + UNWRITABLE) * 0.7);
  for (const share of [outcome.giving, outcome.denying, outcome.masking, outcome.problems]) expect(share).toBeGreaterThan(outcome.operations / 50);
  for (const source of [outcome.texts.local, outcome.texts.written]) expect(source).toBeGreaterThan(100);
  for (const change of ['POLICY', 'DELIVERY', 'CLOCK']) expect(outcome.changes.get(change)).toBeGreaterThan(0);
}, 300_000);
