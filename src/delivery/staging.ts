/**
 * The two temporary tables of a delivery: rows that may be loaded and cells that may not. Promises: filled by COPY in batches
 * of bounded size, gone at the end of the transaction. What the tables are for is the store's matter.
 */
import { finished } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { gramsOf } from '../catalogue/grams.js';
import type { GoodRow, Refusal } from './rows.js';

const BATCH_ROWS = 2_000;
const BATCH_CHARACTERS = 4_000_000;
const LONGEST_VALUE = 200;

const TABLES = `
  create temporary table staged (
    uscc text collate "C" not null, row_number bigint not null, identity text collate "C" not null, payload text collate "C" not null,
    name text, division text, industry text, grams text[]
  ) on commit drop;
  create temporary table refused (
    uscc text collate "C", row_number bigint not null, column_name text not null, value text, reason text not null, detail text not null
  ) on commit drop;`;

export interface Staging {
  stage(rowNumber: number, row: GoodRow): Promise<void>;
  refuse(rowNumber: number, uscc: string | null, refusals: readonly Refusal[]): Promise<void>;
  /** Sends what is still held; MUST be called before the tables are read. */
  flush(): Promise<void>;
}

/** Makes the tables in the client's transaction. `keepsNames`: the category is the one that enterprises are named by. */
export async function openStaging(client: pg.PoolClient, keepsNames: boolean): Promise<Staging> {
  await client.query(TABLES);
  let staged: string[] = [];
  let refused: string[] = [];
  let characters = 0;
  // One batch is on its way while the next is read: the two processes take turns otherwise.
  let sending: Promise<void> = Promise.resolve();
  const send = async () => {
    await sending;
    sending = copyBatch(client, staged, refused);
    // Awaited before the next batch; until then its failure must not count as unhandled.
    sending.catch(() => undefined);
    staged = [];
    refused = [];
    characters = 0;
  };
  const hold = async (lines: string[], line: string) => {
    lines.push(line);
    characters += line.length;
    if (lines.length >= BATCH_ROWS || characters >= BATCH_CHARACTERS) await send();
  };
  return {
    stage: (rowNumber, { uscc, identity, payload, values }) =>
      hold(staged, copyLine([uscc, String(rowNumber), identity, payload, ...(keepsNames ? namedBy(values) : [null, null, null, null])])),
    async refuse(rowNumber, uscc, refusals) {
      for (const { column, value, reason, detail } of refusals) {
        await hold(refused, copyLine([uscc, String(rowNumber), column, value === null ? null : cut(value), reason, detail]));
      }
    },
    async flush() {
      await send();
      await sending;
    },
  };
}

async function copyBatch(client: pg.PoolClient, staged: readonly string[], refused: readonly string[]): Promise<void> {
  await copyLines(client, 'staged', staged);
  await copyLines(client, 'refused', refused);
}

function namedBy(values: GoodRow['values']): (string | null)[] {
  const text = (name: string) => (values.has(name) ? String(values.get(name)) : null);
  const name = text('enterpriseName') ?? '';
  const grams = gramsOf(name).map((gram) => `"${gram.replace(/["\\]/g, '\\$&')}"`);
  return [name, text('division'), text('industry'), `{${grams.join(',')}}`];
}

/** Cut between characters, never within one; a NUL cannot be stored. */
function cut(value: string): string {
  const characters = value.length > LONGEST_VALUE ? [...value.slice(0, 2 * LONGEST_VALUE)].slice(0, LONGEST_VALUE).join('') : value;
  return characters.replaceAll('\0', '\uFFFD');
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function copyLine(fields: readonly (string | null)[]): string {
  return `${fields.map((field) => (field === null ? '\\N' : field.replace(/[\\\n\r\t]/g, (character) => ESCAPES[character] as string))).join('\t')}\n`;
}

async function copyLines(client: pg.PoolClient, table: 'staged' | 'refused', lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  const copy = client.query(copyFrom(`copy ${table} from stdin`));
  copy.end(lines.join(''));
  await finished(copy);
}
