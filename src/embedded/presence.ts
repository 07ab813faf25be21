/**
 * Which processes use the embedded PostgreSQL of a home: the last one to leave stops it, and one at a time starts it.
 * What a killed process left behind counts for nothing.
 */
import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../faults.js';

/** Time a process may hold the lock that starts the server, in ms. */
export const START_LIMIT_MS = 60_000;

export function announce(home: string): string {
  const presence = join(home, 'running', String(process.pid));
  writeFileSync(presence, '');
  return presence;
}

export function othersPresent(home: string): boolean {
  const folder = join(home, 'running');
  return (
    existsSync(folder) &&
    readdirSync(folder).some((name) => {
      if (Number(name) === process.pid) return false;
      if (isAlive(Number(name))) return true;
      rmSync(join(home, 'running', name), { force: true });
      return false;
    })
  );
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** One process of a zone at a time; a lock whose holder died is taken over. */
export async function locked<T>(home: string, work: () => Promise<T>): Promise<T> {
  const lock = join(home, 'starting.lock');
  const deadline = Date.now() + 2 * START_LIMIT_MS;
  for (;;) {
    try {
      const handle = openSync(lock, 'wx');
      writeFileSync(handle, String(process.pid));
      closeSync(handle);
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (Date.now() > deadline) throw new Fault('POSTGRES_NOT_STARTED', { detail: `another process holds ${lock}` });
      if (holderIsGone(lock)) rmSync(lock, { force: true });
      else await sleep(100);
    }
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function holderIsGone(lock: string): boolean {
  try {
    const holder = readFileSync(lock, 'utf8');
    // An empty lock is one whose holder is just writing its number, unless it is old.
    return holder === '' ? Date.now() - statSync(lock).mtimeMs > 5_000 : !isAlive(Number(holder)) || Number(holder) === process.pid;
  } catch {
    return false;
  }
}
