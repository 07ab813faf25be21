/** The fuzz of one mutant, until it is found; says in one line of JSON how it ended. */
import { readConfig } from '../../src/config.js';
import { openDatabase } from '../../src/zone/database.js';
import { runFuzz } from './run.js';
import { openWorld } from './world.js';

const [cases, seed] = process.argv.slice(2).map(Number) as [number, number];
const config = readConfig();
const database = await openDatabase(config);
const world = await openWorld(config, database);
const outcome = await runFuzz(world, { cases, seed, redisUrl: config.redisUrl, shrinks: false });
process.stdout.write(`${JSON.stringify({ ...outcome, counterexample: outcome.counterexample?.slice(0, 2_000) ?? null })}\n`, () => process.exit(0));
