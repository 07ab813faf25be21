/**
 * Lists of MANY categories: brings the staged rows of each enterprise, and what it has already, into one payload. Promises:
 * memory holds a bounded number of staged rows and their enterprises, never the whole file.
 */
import type pg from 'pg';
import type { Category, Item } from '../catalogue/model.js';
import { compareDecimals } from './numbers.js';
import { identityOf } from './rows.js';

/** MERGE keeps the rows that the file does not name; REPLACE takes the file's rows for all there are. */
export type DeliveryMode = 'MERGE' | 'REPLACE';

type ListedRow = Readonly<Record<string, unknown>>;
interface StagedRow {
  readonly uscc: string;
  readonly payload: string;
}

const CHUNK_ROWS = 5_000;

/**
 * Fills the temporary table `ready (uscc, payload)` from `staged`, one row an enterprise. Even under REPLACE the rows of an
 * enterprise stay where the file has a refused row for it: its list is then known to be incomplete.
 */
export async function assembleLists(client: pg.PoolClient, category: Category, categoryId: number, mode: DeliveryMode): Promise<void> {
  await client.query('create temporary table ready (uscc text collate "C" not null, payload text collate "C" not null) on commit drop');
  await client.query('declare staged_rows no scroll cursor for select uscc, payload from staged order by uscc, row_number');
  let held: StagedRow[] = [];
  for (;;) {
    const { rows } = await client.query<StagedRow>(`fetch ${CHUNK_ROWS} from staged_rows`);
    held.push(...rows);
    const isLast = rows.length < CHUNK_ROWS;
    // The last enterprise of a chunk may go on in the next.
    const open = isLast ? undefined : held.at(-1)?.uscc;
    const complete = held.filter(({ uscc }) => uscc !== open);
    held = held.filter(({ uscc }) => uscc === open);
    await assembleChunk(client, category, categoryId, mode, complete);
    if (isLast) break;
  }
  await client.query('close staged_rows');
}

async function assembleChunk(client: pg.PoolClient, category: Category, categoryId: number, mode: DeliveryMode, rows: readonly StagedRow[]): Promise<void> {
  if (rows.length === 0) return;
  const delivered = new Map<string, string[]>();
  for (const { uscc, payload } of rows) {
    const list = delivered.get(uscc);
    if (list) list.push(payload);
    else delivered.set(uscc, [payload]);
  }
  const usccs = [...delivered.keys()];
  const kept = await client.query<StagedRow>({
    text: `select uscc, payload from record r where category = $2 and uscc = any($1)
           and ($3 = 'MERGE' or exists (select from refused f where f.uscc = r.uscc))`,
    values: [usccs, categoryId, mode],
  });
  const existing = new Map(kept.rows.map(({ uscc, payload }) => [uscc, payload]));
  const payloads = usccs.map((uscc) => listOf(category, existing.get(uscc), delivered.get(uscc) ?? []));
  await client.query({ text: 'insert into ready select * from unnest($1::text[], $2::text[])', values: [usccs, payloads] });
}

/** One list as JSON text: rows of the same identity are replaced, order is that of the category, ties by the row's JSON text. */
export function listOf(category: Category, existing: string | undefined, delivered: readonly string[]): string {
  const rows = new Map<string, { row: ListedRow; text: string }>();
  const add = (row: ListedRow, text: string) =>
    rows.set(
      identityOf(category.identifiedBy, (name) => row[name]),
      { row, text },
    );
  for (const row of JSON.parse(existing ?? '[]') as ListedRow[]) add(row, JSON.stringify(row));
  for (const text of delivered) add(JSON.parse(text) as ListedRow, text);
  const ordering = category.itemsByName.get(category.orderedBy ?? '');
  const sorted = [...rows.values()].sort((left, right) => compareByItem(ordering, right.row, left.row) || (left.text < right.text ? -1 : 1));
  return `[${sorted.map(({ text }) => text).join(',')}]`;
}

/** A row without the value counts as the smallest, so that it stands last. */
function compareByItem(item: Item | undefined, left: ListedRow, right: ListedRow): number {
  const [first, second] = [left[item?.name ?? ''], right[item?.name ?? '']];
  if (first === undefined || second === undefined) return Number(first !== undefined) - Number(second !== undefined);
  if (typeof first === 'number' && typeof second === 'number') return first - second;
  if (item?.type === 'decimal') return compareDecimals(String(first), String(second));
  return first === second ? 0 : String(first) < String(second) ? -1 : 1;
}
