// Servers as processes of their own, each on its core, and what they cost.
import { fork, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** As the product is started; the peers get the same. */
const FLAGS = ['--max-semi-space-size=64'];
const TICKS_A_SECOND = 100;
const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 30_000;

export const SERVER_CORE = 0;
export const SENDER_CORE = 1;

/** Starts a script that tells its port, and pins it. */
export function start({ script, args = [], env, node = process.execPath }) {
  return new Promise((ready, failed) => {
    const child = fork(script, args, { env, execPath: node, execArgv: FLAGS, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    pin(child.pid, SERVER_CORE);
    const late = setTimeout(() => {
      child.kill('SIGKILL');
      failed(new Error(`${script} did not start`));
    }, START_LIMIT_MS);
    child.once('message', ({ port }) => {
      clearTimeout(late);
      ready({ port, child });
    });
    child.once('exit', (code) => failed(new Error(`${script} ended with ${code}`)));
  });
}

export function stop({ child }) {
  return new Promise((stopped) => {
    child.removeAllListeners('exit');
    if (child.exitCode !== null || child.signalCode !== null) return stopped();
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    child.once('exit', () => {
      clearTimeout(late);
      stopped();
    });
    child.disconnect();
  });
}

export function pin(pid, core) {
  if (existsSync('/usr/bin/taskset') && cpus().length > 1) spawnSync('taskset', ['-a', '-cp', String(core), String(pid)]);
}

/** Seconds of CPU that a process has taken, all threads of it; NaN where the system does not tell. */
export function cpuSeconds(pid) {
  if (!existsSync(`/proc/${pid}/stat`)) return Number.NaN;
  // The name, in parentheses, may hold spaces.
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

/** Resident memory in MiB. */
export function residentMiB(pid) {
  if (!existsSync(`/proc/${pid}/status`)) return Number.NaN;
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) / 1024;
}
