// Gateways as processes of their own, as they run in earnest: `serve`, with the sequencer on. Each new one has a port of its
// own, so that a port tells which process it was.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../dist/embedded.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const SERVES_WITHIN_MS = 180_000;

/** Starts one and waits until it answers; one that dies on its way, because its database was just killed, is started again. @param started told of every process begun */
export async function startGateway(env, started) {
  let words = '';
  for (const until = Date.now() + SERVES_WITHIN_MS; Date.now() < until; ) {
    const port = await freePort();
    const child = spawn(process.execPath, [MAIN, 'serve'], { env: { ...env, PORT: String(port) }, stdio: ['ignore', 'ignore', 'pipe'] });
    started.push(child);
    child.stderr.setEncoding('utf8').on('data', (text) => (words = (words + text).slice(-2_000)));
    const ended = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
    while (child.exitCode === null && child.signalCode === null && Date.now() < until) {
      if (await answers(port)) return { port, child, ended, words: () => words };
      await sleep(50);
    }
    words += `ended with ${child.exitCode ?? child.signalCode}\n`;
    child.kill('SIGKILL');
  }
  throw new Error(`no gateway serves within ${SERVES_WITHIN_MS} ms: ${words}`);
}

async function answers(port) {
  return fetch(`http://127.0.0.1:${port}/health/live`, { signal: AbortSignal.timeout(1_000) }).then(
    ({ status }) => status === 200,
    () => false,
  );
}
