/** The long run: a database and a Redis of its own, progress in lines, an exit code. */
import { openTestRedis } from '../harness/redis.js';
import { openTestZone } from '../harness/zone.js';
import { runFuzz, type Tally } from './run.js';
import { catalogueOfFuzz, openWorld } from './world.js';

const PROGRESS_EVERY_MS = 10_000;

export async function runLong({ cases, seed }: { cases: number; seed: number }): Promise<number> {
  console.error(`seed ${seed}, ${cases} cases`);
  const [zone, redis] = await Promise.all([openTestZone({ enterprises: 0, catalogueOf: catalogueOfFuzz }), openTestRedis()]);
  try {
    const world = await openWorld(zone.config, zone.database);
    let toldAt = performance.now();
    const outcome = await runFuzz(world, {
      cases,
      seed,
      redisUrl: redis.url,
      shrinks: true,
      progress(tally) {
        if (performance.now() - toldAt < PROGRESS_EVERY_MS) return;
        toldAt = performance.now();
        console.error(lineOf(tally));
      },
    });
    await world.close();
    console.error(lineOf(outcome));
    if (outcome.counterexample) console.error(`\nDISAGREEMENT\n${outcome.counterexample}`);
    else console.error('一致 Gateways and oracle agree');
    return outcome.counterexample ? 1 : 0;
  } finally {
    await redis.close();
    await zone.close();
  }
}

function lineOf({ cases, scenarios, seconds, refused, denying, masking, giving }: Tally): string {
  return `${cases} cases, ${scenarios} policies, ${seconds.toFixed(0)} s, ${(cases / seconds).toFixed(0)} a second; with denials ${denying}, with masks ${masking}, with records ${giving}, refused ${refused}`;
}
