/** The long run of races, with progress in lines and an exit code. */
import { openTestZone } from '../harness/zone.js';
import { type RaceOptions, type RaceTally, runRaces } from './races.js';
import { catalogueOfFuzz } from './world.js';

const PROGRESS_EVERY_MS = 10_000;

export async function runManyRaces(options: Omit<RaceOptions, 'progress'>): Promise<number> {
  console.error(`seed ${options.seed}, ${options.races} races on ${options.processes} gateway processes`);
  const zone = await openTestZone({ enterprises: 0, catalogueOf: catalogueOfFuzz });
  try {
    let toldAt = performance.now();
    const tally = await runRaces(zone, {
      ...options,
      progress(done) {
        if (performance.now() - toldAt < PROGRESS_EVERY_MS) return;
        toldAt = performance.now();
        console.error(lineOf(done));
      },
    });
    console.error(lineOf(tally));
    for (const line of tally.late.slice(0, 5)) console.error(line);
    return tally.late.length > 0 ? 1 : 0;
  } finally {
    await zone.close();
  }
}

function lineOf({ races, late, begunAfter, inFlight, inFlightHolding, holdingAfterAcknowledgement, longestDelayMs, seconds }: RaceTally): string {
  return `${races} races, ${seconds.toFixed(0)} s; begun after: ${begunAfter}, of them holding the item: ${late.length}; in flight: ${inFlight}, holding it: ${inFlightHolding}, of them arriving after the acknowledgement: ${holdingAfterAcknowledgement} (${longestDelayMs.toFixed(1)} ms at most)`;
}
