/** Time limits that measure the other side and not this process's one busy thread. */

/**
 * The outcome of work, or the error that `late` makes when it takes longer than `limitMs` from now. Work that goes on is
 * left to itself.
 */
export function within<T>(limitMs: number, work: Promise<T>, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(late());
    // A timer that comes due while this thread was busy says nothing about the other side: let the sockets be read first.
    const timer = setTimeout(() => setImmediate(() => setImmediate(giveUp)), limitMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
