/**
 * How far the heap of a process that serves grows before garbage is collected. Left to itself, node lets it grow to several times
 * what lives in it, so that what is resident says nothing of what is kept. A hard bound (--max-old-space-size) would end the process
 * under one answer that is large; this one only collects earlier.
 */
import { setFlagsFromString } from 'node:v8';

/** By how much the heap may grow beyond what lived after the last collection (`tests/bench/memory.mjs`). */
const GROWING_PERCENT = 30;

/** To be called before the process has much in it; whoever starts node with --heap-growing-percent has said otherwise. */
export function keepHeapSmall(): void {
  if (process.execArgv.some((flag) => flag.startsWith('--heap-growing-percent'))) return;
  setFlagsFromString(`--heap-growing-percent=${GROWING_PERCENT}`);
}
