/** Long work in a process with one thread: it stops now and then, so that requests have their turn. */
import { setImmediate as turn } from 'node:timers/promises';

/** How long one turn lasts before others have theirs. */
const TURN_MS = 8;

/** A pause that is taken only when the thread has been held for a while. */
export function openTurns(): () => Promise<void> {
  let begun = performance.now();
  return async () => {
    if (performance.now() - begun < TURN_MS) return;
    await turn();
    begun = performance.now();
  };
}
