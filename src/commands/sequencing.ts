/**
 * What sequences the log and watches it, in a process of its own beside a gateway: whoever asks must not wait while entries are
 * put into the tree. It ends with its parent and not before it: the last answers are in the tree when the parent has gone.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { Fault } from '../faults.js';
import { openPatience } from './revival.js';

export interface Sequencing {
  readonly pid: number | undefined;
  /** Asks for a last step and waits for the end; to be called when no more answers are given and while the database is there. */
  close(): Promise<void>;
}

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
/** A step holds thousands of entries at once: with the room that is usual they would be copied twice before it ends. */
const ROOM = '--max-semi-space-size=48';
/** Time for a last step; what is left then is sequenced by whoever comes next. */
export const LAST_STEP_MS = 6_000;

/** What the two say to each other. */
export const SEQUENCING_READY = 'sequencing';
export const SEQUENCING_END = 'end';

/** Starts it and waits until it works; its lines of log go where this process's go. @throws Fault CONFIG_FAULTY where it ends before */
export async function startSequencing(log: Logger): Promise<Sequencing> {
  let closing = false;
  const patience = openPatience();
  let child = begin();
  const first = child;
  const ready = await Promise.race([once(first, 'message').then(() => true), once(first, 'exit').then(() => false)]);
  if (!ready) throw new Fault('CONFIG_FAULTY', { detail: 'the process that sequences the log did not start; AUDIT_SEQUENCER=off serves without it' });
  guard(first);

  function begin(): ChildProcess {
    const started = fork(MAIN, ['audit', 'sequence'], { execArgv: [...process.execArgv, ROOM], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    // A channel that breaks is told by the exit; so is a process that could not be made.
    started.on('error', () => undefined);
    return started;
  }
  function guard(guarded: ChildProcess): void {
    const begun = performance.now();
    guarded.once('exit', async (code, signal) => {
      if (closing) return;
      log.error({ code, signal }, 'the process that sequences the log has died');
      await sleep(patience(performance.now() - begun), undefined, { ref: false });
      if (!closing) guard((child = begin()));
    });
  }

  return {
    get pid() {
      return child.pid;
    },
    async close() {
      closing = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      if (child.connected) child.send(SEQUENCING_END);
      const late = setTimeout(() => child.kill('SIGKILL'), LAST_STEP_MS);
      await gone;
      clearTimeout(late);
    },
  };
}
