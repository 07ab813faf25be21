/** Programs of this project run as processes of their own and shown as people would run them: what was typed, what came. */
import { spawn } from 'node:child_process';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Fault } from '../faults.js';
import { say } from './paper.js';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
/** What whoever holds a receipt runs: it has nothing of the gateway. */
const STANDALONE = fileURLToPath(new URL('../verify/standalone.js', import.meta.url));
const MOST_LINES = 24;

interface Run {
  /** Exit code that is expected; another ends the walk. */
  readonly code?: 0 | 2;
  readonly stdout?: RegExp;
}

/** A command of this zone, with its configuration. @throws Fault INTERNAL where it ends otherwise than expected */
export function command(args: readonly string[], expected: Run = {}): Promise<string> {
  return run(MAIN, args, {}, expected);
}

/** The standalone verifier, in a folder and with no configuration at all. @throws Fault INTERNAL where it ends otherwise than expected */
export function standalone(args: readonly string[], folder: string, expected: Run = {}): Promise<string> {
  return run(STANDALONE, args, { cwd: folder, env: {} }, expected);
}

async function run(program: string, args: readonly string[], where: { cwd?: string; env?: Record<string, string> }, expected: Run): Promise<string> {
  const { code: wanted = 0, stdout: words } = expected;
  say(`  $ node ${relative(process.cwd(), program)} ${args.map(quoted).join(' ')}`);
  const child = spawn(process.execPath, [program, ...args], { ...where, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (err += chunk));
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  const lines = out.trimEnd().split('\n');
  const shown = lines.length > MOST_LINES ? [...lines.slice(0, MOST_LINES), `… ${lines.length}`] : lines;
  say(shown.map((line) => `    ${line}`).join('\n'));
  say(`    退出码 / exit code ${code}`);
  if (code !== wanted || (words && !words.test(out)))
    throw new Fault('INTERNAL', { detail: `${args.slice(0, 2).join(' ')}: ${code}, not ${wanted}. ${err.trim().slice(0, 400)}` });
  return out;
}

/** As a shell would take it. */
function quoted(argument: string): string {
  return /^[\w./:=+,-]+$/.test(argument) ? argument : `'${argument}'`;
}
