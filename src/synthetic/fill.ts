/**
 * The rows of a zone, chunk by chunk. Promises: a chunk and its mark come in together or not at all, so that whoever
 * continues writes what lacks and nothing twice. Knows nothing of policy and of what makes a zone whole.
 */
import type pg from 'pg';
import { type Chunk, CONSENT_COLUMNS, type DrawChunk, type Drawing, ENTERPRISE_COLUMNS, GRAM_COLUMNS } from './chunk.js';
import { copyBytes, copyInto } from './copy.js';
import { type Drawer, openThreadDrawer } from './drawer.js';
import { orderByCode } from './order.js';
import { RECORD_COLUMNS } from './recordRows.js';

/** Firms that are written together: half a second's work, of which a kill takes no more than this. */
export const CHUNK_FIRMS = 500;

/** A chunk that lacks: its number, and the numbers of its firms. */
export interface Lacking {
  readonly number: number;
  readonly firms: Uint32Array;
}

/** What is not in yet, of all chunks of the zone. */
export async function lackingChunks(client: pg.PoolClient, seed: number, enterprises: number): Promise<Lacking[]> {
  const { rows } = await client.query<{ number: number }>('select number from seeding_chunk');
  const held = new Set(rows.map(({ number }) => number));
  const order = orderByCode(seed, enterprises);
  const chunks = Array.from({ length: Math.ceil(enterprises / CHUNK_FIRMS) }, (_, number) => number);
  return chunks.filter((number) => !held.has(number)).map((number) => ({ number, firms: order.slice(number * CHUNK_FIRMS, (number + 1) * CHUNK_FIRMS) }));
}

/** Writes one chunk with its mark, in the transaction of the caller. */
export async function writeChunk(client: pg.PoolClient, draw: DrawChunk, { number, firms }: Lacking): Promise<void> {
  let drawn: Chunk | undefined;
  await copyBytes(client, RECORD_COLUMNS, async (send) => void (drawn = await draw(firms, send)), 'binary');
  const { enterprises, grams, consents, consentRows, canaries, records, characters } = drawn as Chunk;
  const lines = async (columns: string, text: string) => copyInto(client, columns, async (write) => write(text));
  await lines(ENTERPRISE_COLUMNS, enterprises);
  await lines(GRAM_COLUMNS, grams);
  await lines(CONSENT_COLUMNS, consents);
  await client.query("insert into canary_enterprise (uscc, reason) select unnest($1::text[]), 'synthetic'", [canaries]);
  await client.query('insert into seeding_chunk (number, records, consents, characters) values ($1, $2, $3, $4)', [number, records, consentRows, characters]);
}

/**
 * Writes chunks in lanes, each a thread that draws and a connection that writes, each chunk in a transaction of its own.
 * @throws what broke the first lane; the others end their chunk first.
 */
export async function writeInLanes(
  transaction: <T>(work: (client: pg.PoolClient) => Promise<T>) => Promise<T>,
  chunks: readonly Lacking[],
  { drawing, lanes, openDrawer = openThreadDrawer, written }: LaneOptions,
): Promise<void> {
  let next = 0;
  let failed = false;
  const lane = async () => {
    const drawer = openDrawer(drawing);
    try {
      while (!failed && next < chunks.length) {
        const chunk = chunks[next++] as Lacking;
        await transaction(async (client) => {
          // A crash of the server takes back whole chunks, which are written again.
          await client.query('set local synchronous_commit = off');
          await writeChunk(client, drawer.draw, chunk);
        });
        written(chunk.firms.length);
      }
    } catch (error) {
      failed = true;
      throw error;
    } finally {
      await drawer.close();
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: Math.min(lanes, chunks.length) }, lane));
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
}

export interface LaneOptions {
  readonly drawing: Drawing;
  readonly lanes: number;
  readonly openDrawer?: ((drawing: Drawing) => Drawer) | undefined;
  /** Told the number of firms of each chunk that is in. */
  readonly written: (firms: number) => void;
}
