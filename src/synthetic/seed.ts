/**
 * Fills a zone with synthetic firms, their records and the policy about them. Promises: the same bytes for the same seed
 * and number, however many threads draw them; a larger zone contains the smaller one; memory that does not grow with the number
 * of firms but by some bytes each. A small zone comes in one transaction. A large one comes in chunks, and a run that was
 * killed is continued by the next; policy comes last, so that nobody is shown anything of a zone that is not whole.
 * MUST NOT read the clock for anything that is stored, `finished_at` included.
 */
import type { Catalogue } from '../catalogue/model.js';
import { Fault } from '../faults.js';
import { LOCKS } from '../locks.js';
import type { Postgres } from '../postgres.js';
import { type Begun, begin, type Order } from './begin.js';
import type { Drawing } from './chunk.js';
import { type Drawer, openOwnDrawer } from './drawer.js';
import { lackingChunks, writeChunk, writeInLanes } from './fill.js';
import { finish } from './finish.js';
import { LAST_EVENT } from './firm.js';
import { readPolicy } from './policy.js';

/** The time of the synthetic zone, whatever the day: the zone is the same every day. */
export const ZONE_TIME = new Date('2026-11-01T00:00:00Z');
/** Up to so many firms it is all or nothing: some seconds' work. */
const ONE_TRANSACTION = 5_000;

export interface SeedReport {
  readonly enterprises: number;
  readonly records: number;
  /** Rows of consent written; 0 where skipped. */
  readonly consents: number;
  readonly byCategory: Readonly<Record<string, number>>;
  /** Length of all payloads written; 0 where skipped. */
  readonly payloadCharacters: number;
  readonly milliseconds: number;
  /** Of this run, which may have continued another. */
  readonly recordsPerSecond: number;
  /** Firms that were in before, where a run was continued. */
  readonly continuedFrom: number;
  /** True when the zone held exactly this before and nothing was done. */
  readonly skipped: boolean;
}
export interface SeedOptions {
  readonly enterprises: number;
  readonly seed: number;
  readonly seedsFolder: string;
  /** Empties a zone that holds anything else first; the audit log stays. */
  readonly replace?: boolean;
  /** In chunks, each a transaction, although it is small. */
  readonly inChunks?: boolean;
  /** Chunks drawn and written at once; one connection each, and one more. */
  readonly lanes?: number;
  /** Who draws for a lane; without it a thread of its own. */
  readonly openDrawer?: (drawing: Drawing) => Drawer;
  /** Firms done, of how many; every 500 firms and at the end, and at the beginning where a run is continued. */
  readonly onProgress?: (done: number, total: number) => void;
}

const DAY_MS = 86_400_000;

/**
 * Seeds the zone, continues a run that was broken off, or does nothing where the same seed and number were seeded before.
 * @throws Fault ZONE_NOT_EMPTY when the zone holds something else and `replace` is not set, CONFIG_FAULTY when a seed file is faulty.
 */
export async function seedZone(
  { postgres, catalogue, now = ZONE_TIME }: { postgres: Postgres; catalogue: Catalogue; now?: Date },
  { enterprises, seed, seedsFolder, replace = false, inChunks = enterprises > ONE_TRANSACTION, lanes = 1, openDrawer, onProgress }: SeedOptions,
): Promise<SeedReport> {
  const started = performance.now();
  if (!Number.isInteger(enterprises) || enterprises < 1)
    throw new Fault('CONFIG_FAULTY', { detail: `the number of enterprises is ${enterprises}; give a whole number from 1` });
  if (now.getTime() / DAY_MS <= LAST_EVENT) throw new Fault('CONFIG_FAULTY', { detail: 'the synthetic zone cannot be dated before 2026-10-01' });
  const order: Order = {
    policy: readPolicy(seedsFolder),
    catalogue,
    seed,
    now,
    reason: `synthetic zone seed=${seed} enterprises=${enterprises}`,
    replace,
    inChunks,
  };
  let done = 0;
  let continuedFrom = 0;
  const written = (firms: number) => {
    done += firms;
    onProgress?.(done, enterprises);
  };
  const drawingOf = ({ opened }: Begun): Drawing => ({ catalogue, seed, now, seedsFolder, opened });

  const atOnce = () =>
    postgres.transaction(async (client) => {
      await client.query('select pg_advisory_xact_lock($1)', [LOCKS.SEED]);
      const begun = await begin(client, order);
      if (!begun) return null;
      const { draw } = openOwnDrawer(drawingOf(begun));
      for (const chunk of await lackingChunks(client, seed, enterprises)) {
        await writeChunk(client, draw, chunk);
        written(chunk.firms.length);
      }
      return finish(client, order, begun);
    });
  const stepwise = () =>
    postgres.withClient(async (client) => {
      await client.query('select pg_advisory_lock($1)', [LOCKS.SEED]);
      const begun = await postgres.transaction((other) => begin(other, order));
      if (begun) {
        const chunks = await lackingChunks(client, seed, enterprises);
        continuedFrom = enterprises - chunks.reduce((firms, chunk) => firms + chunk.firms.length, 0);
        if (continuedFrom > 0) written(continuedFrom);
        await writeInLanes(postgres.transaction, chunks, { drawing: drawingOf(begun), lanes, openDrawer, written });
      }
      const held = begun && (await postgres.transaction((other) => finish(other, order, begun)));
      // So that names are looked up in the index alone; a small zone waits for nothing.
      if (begun) await client.query('vacuum enterprise_gram, enterprise');
      // Where anything was thrown, the session ends, and the lock with it.
      await client.query('select pg_advisory_unlock($1)', [LOCKS.SEED]);
      return held;
    });
  const held = await (inChunks ? stepwise() : atOnce());
  const milliseconds = performance.now() - started;
  // Of a zone seeded before, the deliveries tell what it got then.
  const byCategory = held ? new Map(catalogue.categories.map(({ code }, place) => [code as string, held.records[place] ?? 0])) : await heldBefore(postgres);
  const records = [...byCategory.values()].reduce((sum, count) => sum + count, 0);
  return {
    enterprises,
    records,
    consents: held?.consents ?? 0,
    byCategory: Object.fromEntries(byCategory),
    payloadCharacters: held?.characters ?? 0,
    milliseconds: Math.round(milliseconds),
    recordsPerSecond: held ? Math.round((((enterprises - continuedFrom) / enterprises) * records * 1000) / milliseconds) : 0,
    continuedFrom,
    skipped: held === null,
  };
}

async function heldBefore(postgres: Postgres): Promise<Map<string, number>> {
  const rows = await postgres.query<{ category: string; accepted: number }>({ text: "select category, accepted from delivery where file_name = 'synthetic'" });
  return new Map(rows.map(({ category, accepted }) => [category, accepted]));
}
