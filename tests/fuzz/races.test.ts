/** Two hundred races of reads against what takes the item away, on gateways in processes of their own. */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openTestZone, type TestZone } from '../harness/zone.js';
import { compileProject } from './build.mjs';
import { runRaces } from './races.js';
import { catalogueOfFuzz, SHORT_RUN_SEED } from './world.js';

let zone: TestZone;
let compiled: string;
beforeAll(async () => {
  compiled = compileProject();
  zone = await openTestZone({ enterprises: 0, catalogueOf: catalogueOfFuzz });
}, 120_000);
afterAll(async () => {
  await zone?.close();
  if (compiled) rmSync(compiled, { recursive: true, force: true });
});

test('no answer begun after the acknowledgement holds the item, in any process', async () => {
  const tally = await runRaces(zone, { races: 200, seed: SHORT_RUN_SEED, compiled, processes: 2 });
  expect(tally.late).toEqual([]);
  expect(tally.races).toBeGreaterThanOrEqual(200);
  // It was a race: some were in time and some were not.
  expect(tally.inFlightHolding).toBeGreaterThan(0);
  expect(tally.inFlightHolding).toBeLessThan(tally.inFlight);
}, 300_000);
