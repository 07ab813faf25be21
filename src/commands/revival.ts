/** How long to wait before what died is started again: longer each time, unless it lived well. */

/** At first well within the time in which another may take over. */
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 30_000;
/** What lived for so long is started again at once. */
const SOUND_AFTER_MS = 60_000;

/** @returns how long to wait, told each time how long the one that died has lived */
export function openPatience(): (livedMs: number) => number {
  let waitMs = FIRST_WAIT_MS;
  return (livedMs) => {
    waitMs = livedMs > SOUND_AFTER_MS ? FIRST_WAIT_MS : Math.min(2 * waitMs, LONGEST_WAIT_MS);
    return waitMs;
  };
}
