/** Time limits that measure the other side and not this process's one busy thread. */
import { performance } from 'node:perf_hooks';

/** However busy this thread is, nobody waits longer than so many times the limit. */
const BUSY_PATIENCE = 4;

/**
 * The outcome of work, or the error that `late` makes when it takes longer than `limitMs` from now. Only time in which
 * this thread was idle counts: while it is busy, an answer that has arrived lies unread. Work that goes on is left to itself.
 */
export function within<T>(limitMs: number, work: Promise<T>, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    const atBegin = performance.eventLoopUtilization();
    const check = () => {
      const left = limitMs - performance.eventLoopUtilization(atBegin).idle;
      if (left > 1 && performance.now() - begun < BUSY_PATIENCE * limitMs) timer = setTimeout(check, left);
      // What came in while this check was due is read first.
      else setImmediate(() => setImmediate(() => reject(late())));
    };
    let timer = setTimeout(check, limitMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
