/** The long run of the equality: a database and a Redis of its own, progress in lines, an exit code. */
import { openTestRedis } from '../harness/redis.js';
import { openTestZone } from '../harness/zone.js';
import { type EqualityTally, runEquality } from './equality.js';
import { catalogueOfFuzz, openWorld } from './world.js';

const PROGRESS_EVERY_MS = 10_000;

export async function runLongEquality({ operations, seed }: { operations: number; seed: number }): Promise<number> {
  console.error(`seed ${seed}, ${operations} operations`);
  const [zone, redis] = await Promise.all([openTestZone({ enterprises: 0, catalogueOf: catalogueOfFuzz }), openTestRedis()]);
  try {
    const world = await openWorld(zone.config, zone.database);
    let toldAt = performance.now();
    const outcome = await runEquality({
      world,
      catalogue: zone.catalogue,
      database: zone.database,
      operations,
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
    console.error(
      `覆盖 What was tried: ${[...outcome.features]
        .sort(([, one], [, other]) => other - one)
        .map(([feature, times]) => `${feature} ${times}`)
        .join(', ')}`,
    );
    console.error(`其间 In between: ${[...outcome.changes].map(([kind, times]) => `${kind} ${times}`).join(', ')}`);
    if (outcome.counterexample) console.error(`\nDIFFERENCE\n${outcome.counterexample}`);
    else console.error('一致 Plans and graphql-js answer alike');
    return outcome.counterexample ? 1 : 0;
  } finally {
    await redis.close();
    await zone.close();
  }
}

function lineOf({ operations, scenarios, seconds, executions, texts, refused, denying, masking, giving, problems }: EqualityTally): string {
  const how = Object.entries(executions).map(([name, times]) => `${name} ${times}`);
  return `${operations} operations, ${scenarios} policies, ${seconds.toFixed(0)} s, ${(operations / seconds).toFixed(0)} a second; ${how.join(', ')}; texts from memory ${texts.local}, Redis ${texts.redis}, written ${texts.written}; with records ${giving}, denials ${denying}, masks ${masking}, problems ${problems}, refused ${refused}`;
}
