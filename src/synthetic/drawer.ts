/** Who draws the firms of a zone: this thread, or one beside it, so that drawing and writing share the machine's cores. */
import { on } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Chunk, compileDrawing, type DrawChunk, type Drawing } from './chunk.js';

export interface Drawer {
  /** One chunk after another. @throws what drawing or taking throws; then it is of no use any more */
  readonly draw: DrawChunk;
  close(): Promise<void>;
}

/** What the two threads say to each other. */
export type Wanted = { readonly kind: 'FIRMS'; readonly firms: Uint32Array } | { readonly kind: 'TAKEN' };
export type Drawn = { readonly kind: 'PIECE'; readonly bytes: Uint8Array<ArrayBuffer> } | { readonly kind: 'CHUNK'; readonly chunk: Chunk };

const THREAD = new URL('./drawing.js', import.meta.url);
/** Most of what it makes dies young: with the room that is usual it would be copied before. */
const YOUNG_MB = 64;

export function openOwnDrawer(drawing: Drawing): Drawer {
  return { draw: compileDrawing(drawing), close: async () => undefined };
}

export function openThreadDrawer({ catalogue: { categories, codeLists }, ...rest }: Drawing): Drawer {
  // Nothing but data goes over; the catalogue itself has functions.
  const worker = new Worker(THREAD, { workerData: { catalogue: { categories, codeLists }, ...rest }, resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB } });
  // Keeps what comes while nobody waits, and throws what ends the thread.
  const messages = on(worker, 'message');
  const say = (wanted: Wanted) => worker.postMessage(wanted);
  return {
    async draw(firms, take) {
      say({ kind: 'FIRMS', firms });
      for (;;) {
        const drawn: Drawn = (await messages.next()).value[0];
        if (drawn.kind === 'CHUNK') return drawn.chunk;
        await take(drawn.bytes);
        say({ kind: 'TAKEN' });
      }
    },
    async close() {
      await worker.terminate();
    },
  };
}
