/**
 * Keeps a chain for each enterprise of what entries say of it, and the tree over all chains, while entries are integrated:
 * whoever has a checkpoint can then be shown that a statement leaves nothing out. Rests often, because others are served by
 * the same thread.
 */
import type { Client } from '../postgres.js';
import { type Extract, extractsOf } from './extract.js';
import type { IntegratedEntry, Integration } from './sequencer.js';
import { prefixOf, updateMap } from './subjectMap.js';
import { type Chain, digestOf, EMPTY, extractHashOf, keyOf, linked, NO_CHAIN } from './subjectTree.js';

/** Items a statement: bounds memory, and how long the transaction lies idle. */
const MOST_TOGETHER = 500;
/** Items between two rests of the thread: a few milliseconds. */
const REST_AFTER = 50;

const CHAINS = 'select uscc, count, latest, head from audit_subject where uscc = any($1)';
// Extracts are one text, a line each: canonical JSON holds no line break, and a text needs no quoting.
const ADD_ITEMS = `
insert into audit_subject_item (uscc, ordinal, time, latest, extract_hash, head, supersedes, extract)
select * from unnest($1::text[], $2::bigint[], $3::timestamptz[], $4::int[], $5::bytea[], $6::bytea[], $7::text[], string_to_array($8, E'\\n'))`;
const WRITE_CHAINS = `
insert into audit_subject (uscc, prefix, count, latest, head) select * from unnest($1::text[], $2::int[], $3::bigint[], $4::int[], $5::bytea[])
on conflict (uscc) do update set count = excluded.count, latest = excluded.latest, head = excluded.head`;
const ROOT = 'select enterprises, root from audit_subject_root';

/** The index over enterprises; its line of a checkpoint is `enterprises <count> <root>`. */
export function keepSubjects(): Integration {
  return { integrate, lines };
}

interface Item extends Omit<Extract, 'time'>, Chain {
  /** ISO 8601. */
  readonly time: string;
  readonly extractHash: Buffer;
}
/** Chains as they are by now, of all that entries of this step name, and how many of them are new. */
interface Kept {
  readonly chains: Map<string, Chain>;
  added: number;
}

async function integrate(client: Client, entries: readonly IntegratedEntry[]): Promise<void> {
  const kept: Kept = { chains: new Map(), added: 0 };
  let waiting: Extract[] = [];
  for (const [position, { entry, leafHash }] of entries.entries()) {
    waiting.push(...extractsOf(entry, leafHash));
    if (waiting.length >= MOST_TOGETHER) {
      await addItems(client, kept, waiting);
      waiting = [];
    } else if (position % REST_AFTER === REST_AFTER - 1) await rest();
  }
  if (waiting.length > 0) await addItems(client, kept, waiting);
  if (kept.chains.size > 0) await writeChains(client, kept);
}

async function addItems(client: Client, kept: Kept, extracts: readonly Extract[]): Promise<void> {
  const { chains } = kept;
  const unmet = [...new Set(extracts.map(({ uscc }) => uscc))].filter((uscc) => !chains.has(uscc));
  const { rows } = await client.query<Chain & { uscc: string }>({ name: 'chains', text: CHAINS, values: [unmet] });
  for (const { uscc, ...chain } of rows) chains.set(uscc, chain);
  kept.added += unmet.length - rows.length;
  for (let at = 0; at < extracts.length; at += MOST_TOGETHER) {
    const items: Item[] = [];
    for (const { uscc, time, text, supersedes } of extracts.slice(at, at + MOST_TOGETHER)) {
      const extractHash = extractHashOf(text);
      const chain = linked(chains.get(uscc) ?? NO_CHAIN, time, digestOf(time, extractHash));
      chains.set(uscc, chain);
      items.push({ uscc, time: new Date(time).toISOString(), text, supersedes, extractHash, ...chain });
      if (items.length % REST_AFTER === 0) await rest();
    }
    const columns = (['uscc', 'count', 'time', 'latest', 'extractHash', 'head', 'supersedes'] as const).map((name) => items.map((item) => item[name]));
    await client.query({ name: 'add items', text: ADD_ITEMS, values: [...columns, items.map(({ text }) => text).join('\n')] });
  }
}

async function writeChains(client: Client, { chains, added }: Kept): Promise<void> {
  const touched = new Set<number>();
  const all = [...chains];
  for (let at = 0; at < all.length; at += MOST_TOGETHER) {
    const rows = all.slice(at, at + MOST_TOGETHER).map(([uscc, chain]) => ({ uscc, prefix: prefixOf(keyOf(uscc)), ...chain }));
    for (const { prefix } of rows) touched.add(prefix);
    const columns = (['uscc', 'prefix', 'count', 'latest', 'head'] as const).map((name) => rows.map((row) => row[name]));
    await client.query({ name: 'write chains', text: WRITE_CHAINS, values: columns });
    await rest();
  }
  await updateMap(client, touched, added, rest);
}

async function lines(client: Client): Promise<readonly string[]> {
  const [row] = (await client.query<{ enterprises: number; root: Buffer }>(ROOT)).rows;
  return [`enterprises ${row?.enterprises ?? 0} ${(row?.root ?? (EMPTY[0] as Buffer)).toString('base64')}`];
}

function rest(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
