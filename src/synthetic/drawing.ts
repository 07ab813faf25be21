/** A thread that draws firms; what it says and hears stands in `drawer.ts`. Begins by itself. */
import { parentPort, workerData } from 'node:worker_threads';
import { compileDrawing, type Drawing } from './chunk.js';
import type { Drawn, Wanted } from './drawer.js';

/** Pieces under way to whoever writes them; beyond them the thread waits. */
const MOST_PIECES = 16;

if (parentPort) {
  const port = parentPort;
  const draw = compileDrawing(workerData as Drawing);
  let under = 0;
  let released: (() => void) | null = null;
  const tell = (drawn: Drawn, transfer: ArrayBuffer[] = []) => port.postMessage(drawn, transfer);
  port.on('message', (wanted: Wanted) => {
    if (wanted.kind === 'TAKEN') {
      under--;
      released?.();
      released = null;
      return;
    }
    draw(wanted.firms, (bytes) => {
      tell({ kind: 'PIECE', bytes }, [bytes.buffer]);
      if (++under < MOST_PIECES) return undefined;
      return new Promise((resolve) => {
        released = resolve;
      });
    }).then(
      (chunk) => tell({ kind: 'CHUNK', chunk }),
      (error: Error) => {
        throw error;
      },
    );
  });
}
