/** The equality of one mutant, until it is found; says in one line of JSON how it ended. */
import { readConfig } from '../../src/config.js';
import { openDatabase } from '../../src/zone/database.js';
import { runEquality } from './equality.js';
import { catalogueOfFuzz, openWorld } from './world.js';

const [operations, seed] = process.argv.slice(2).map(Number) as [number, number];
const config = readConfig();
const database = await openDatabase(config);
const world = await openWorld(config, database);
const outcome = await runEquality({
  world,
  catalogue: catalogueOfFuzz(config),
  database,
  operations,
  seed,
  redisUrl: config.redisUrl as string,
  shrinks: false,
});
const told = { counterexample: outcome.counterexample?.slice(0, 2_000) ?? null, cases: outcome.operations };
process.stdout.write(`${JSON.stringify(told)}\n`, () => process.exit(0));
