/**
 * How a file of a providing unit becomes records. Promises: readers see all of a delivery or nothing; a delivery that fails
 * leaves nothing; the same file twice changes nothing; no row and no value is lost without being counted. MUST NOT know who
 * may read what.
 */
import { basename } from 'node:path';
import type { Catalogue } from '../catalogue/model.js';
import { Fault } from '../faults.js';
import type { Postgres } from '../postgres.js';
import type { DeliveryMode } from './manyRows.js';
import { impliedMapping, loadMapping, type Mapping } from './mapping.js';
import { rowReader } from './rows.js';
import { settled } from './settle.js';
import { openSource, type Source } from './source.js';
import { openStaging, type Staging } from './staging.js';
import { type Loaded, lockCategory, store } from './store.js';
import { openTally, type Warnings } from './tally.js';

export interface DeliveryTools {
  /** Opened with role `zone_delivery`, its limit longer than a delivery and the wait for another one take. */
  readonly postgres: Postgres;
  readonly catalogue: Catalogue;
  readonly now: () => Date;
}
export interface DeliveryOrder {
  /** Category code, such as `registration.basic`. */
  readonly category: string;
  /** Path of a .csv, .tsv, .jsonl, .ndjson or .xlsx file. */
  readonly file: string;
  /** Path of a mapping file; without one, columns are named as items and the code stands in `uscc`. */
  readonly mapping?: string | undefined;
  /** As of when the data hold; without it what the mapping says, without that now. */
  readonly dataTime?: Date | undefined;
  /**
   * For categories of many rows: MERGE (without it) replaces rows of the same identity and keeps the others; REPLACE takes the
   * file for all rows of each enterprise it names, unless a row of that enterprise was refused, which then merges.
   */
  readonly mode?: DeliveryMode | undefined;
  /** Told the number of rows read, once every 1,000 rows. */
  readonly onProgress?: ((rowsRead: number) => void) | undefined;
}
export interface DeliveryReport {
  readonly delivery: number;
  readonly category: string;
  /** Rows below the header. `accepted + quarantined.total === read`. */
  readonly read: number;
  readonly accepted: number;
  /** What was accepted although something was supposed or left out. */
  readonly warnings: Warnings;
  /** Records; `changed + unchanged === enterprises`. */
  readonly changed: number;
  readonly unchanged: number;
  /** `total` counts rows; `byReason` counts refused cells, of which a row may have several. */
  readonly quarantined: { readonly total: number; readonly byReason: Readonly<Record<string, number>> };
  readonly enterprises: number;
  readonly milliseconds: number;
  readonly rowsPerSecond: number;
}

const PROGRESS_ROWS = 1_000;
/** The category that enterprises are named and found by. */
const NAMING_CATEGORY = 'registration.basic';

/**
 * Delivers one file into one category, in one transaction; a second delivery of the category waits for the first. Rows about
 * an enterprise that `registration.basic` does not hold (yet) are accepted: units deliver in any order, and such an enterprise
 * is found by its code, though not by its name.
 * @throws Fault DELIVERY_REFUSED when file, mapping or category cannot be taken as a whole; ZONE_UNAVAILABLE when the server is away.
 */
export async function deliver({ postgres, catalogue, now }: DeliveryTools, order: DeliveryOrder): Promise<DeliveryReport> {
  const startedAt = now();
  const started = performance.now();
  const category = catalogue.category(order.category);
  if (!category) throw new Fault('DELIVERY_REFUSED', { detail: `there is no category ${order.category}; see the catalogue for its code` });
  const mapping = order.mapping === undefined ? impliedMapping(category, catalogue) : loadMapping(order.mapping, category, catalogue);
  const source = await openSource(order.file, mapping);
  const tally = openTally();
  const keepsNames = category.code === NAMING_CATEGORY;

  const take = () =>
    postgres.transaction(async (client) => {
      const categoryId = await lockCategory(client, category);
      const staging = await openStaging(client, keepsNames);
      const rows = await stageRows(source, mapping, staging, tally.note, order.onProgress);
      const loaded = await store(client, {
        category,
        categoryId,
        mode: order.mode ?? 'MERGE',
        fileName: basename(order.file),
        fileDigest: source.digest,
        dataTime: order.dataTime ?? mapping.dataTime ?? startedAt,
        startedAt,
        finish: now,
        rowsRead: rows.read,
        rowsRefused: rows.refused,
        usccColumn: mapping.usccColumn,
        keepsNames,
      });
      return { loaded, rows, categoryId };
    });
  const { loaded, rows } = await settled(postgres, category.code, take, ({ loaded, categoryId }) => ({ ...loaded, categoryId }));
  return reportOf(category.code, loaded, rows.read, tally.warnings(), performance.now() - started);
}

async function stageRows(source: Source, mapping: Mapping, staging: Staging, note: Parameters<typeof rowReader>[2], onProgress: DeliveryOrder['onProgress']) {
  const readRow = rowReader(mapping, source.columns, note);
  let [read, refused] = [0, 0];
  for await (const record of source.rows()) {
    read++;
    if (read % PROGRESS_ROWS === 0) onProgress?.(read);
    if ('unreadable' in record) {
      refused++;
      await staging.refuse(record.row, null, [{ column: '*', value: null, reason: 'ROW_UNREADABLE', detail: record.unreadable }]);
      continue;
    }
    const outcome = readRow(record.cells);
    if (outcome.ok) await staging.stage(record.row, outcome.row);
    else {
      refused++;
      await staging.refuse(record.row, outcome.uscc, outcome.refusals);
    }
  }
  await staging.flush();
  return { read, refused };
}

function reportOf(category: string, loaded: Loaded, read: number, warnings: Warnings, milliseconds: number): DeliveryReport {
  return {
    delivery: loaded.delivery,
    category,
    read,
    accepted: loaded.accepted,
    warnings,
    changed: loaded.changed,
    unchanged: loaded.unchanged,
    quarantined: { total: loaded.quarantined, byReason: loaded.byReason },
    enterprises: loaded.changed + loaded.unchanged,
    milliseconds: Math.round(milliseconds),
    rowsPerSecond: Math.round((read * 1_000) / Math.max(milliseconds, 1)),
  };
}
