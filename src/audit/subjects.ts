/**
 * Keeps a chain for each enterprise of what entries say of it, and the tree over all chains, while entries are integrated:
 * whoever has a checkpoint can then be shown that a statement leaves nothing out. Rests often: the session must not fall
 * silent, and others may be served by the same thread.
 */
import type { Client } from '../postgres.js';
import { rest } from '../rest.js';
import { numbers } from './columns.js';
import { type Extract, extractsOf } from './extract.js';
import type { IntegratedEntry, Integration } from './sequencer.js';
import { prefixOf, updateMap } from './subjectMap.js';
import { type Chain, digestOf, EMPTY, extractHashOf, keyOf, linked, NO_CHAIN } from './subjectTree.js';

/** Items a statement: bounds memory, and how long the transaction lies idle. */
const MOST_TOGETHER = 1_000;
/** Items between two rests of the thread: a few milliseconds. */
const REST_AFTER = 100;

// Columns go as one text or as bytes side by side: to quote and parse lists of thousands costs more than to write the rows.
const CHAINS = `select uscc, count, latest, head from audit_subject where uscc = any(string_to_array($1, ','))`;
const ADD_ITEMS = `
insert into audit_subject_item (uscc, ordinal, time, latest, place, extract_hash, head, supersedes)
select uscc, ordinal, to_timestamp(0) + milliseconds * interval '1 millisecond', latest, place, substr($6::bytea, (32 * n - 31)::int, 32),
  substr($7::bytea, (32 * n - 31)::int, 32), nullif(supersedes, '')
from unnest(string_to_array($1, ','), $2::bigint[], $3::bigint[], $4::int[], $5::bigint[], string_to_array($8, ',')) with ordinality
  as added (uscc, ordinal, milliseconds, latest, place, supersedes, n)`;
const WRITE_CHAINS = `
insert into audit_subject (uscc, prefix, count, latest, head)
select uscc, prefix, count, latest, substr($5::bytea, (32 * n - 31)::int, 32)
from unnest(string_to_array($1, ','), $2::int[], $3::bigint[], $4::int[]) with ordinality as written (uscc, prefix, count, latest, n)
on conflict (uscc) do update set count = excluded.count, latest = excluded.latest, head = excluded.head`;
const ROOT = 'select enterprises, root from audit_subject_root';

/** The index over enterprises; its line of a checkpoint is `enterprises <count> <root>`. */
export function keepSubjects(): Integration {
  return { integrate, lines };
}

interface Item extends Omit<Found, 'text'>, Chain {
  readonly extractHash: Buffer;
}
interface Found extends Extract {
  /** The entry's. */
  readonly place: number;
}
/** Chains as they are by now, of all that entries of this step name, and how many of them are new. */
interface Kept {
  readonly chains: Map<string, Chain>;
  added: number;
}

async function integrate(client: Client, entries: readonly IntegratedEntry[]): Promise<void> {
  const kept: Kept = { chains: new Map(), added: 0 };
  let waiting: Found[] = [];
  for (const [position, { entry, leafHash, sequence }] of entries.entries()) {
    for (const extract of extractsOf(entry, leafHash)) waiting.push({ ...extract, place: sequence });
    if (waiting.length >= MOST_TOGETHER) {
      await addItems(client, kept, waiting);
      waiting = [];
    } else if (position % REST_AFTER === REST_AFTER - 1) await rest();
  }
  if (waiting.length > 0) await addItems(client, kept, waiting);
  if (kept.chains.size > 0) await writeChains(client, kept);
}

async function addItems(client: Client, kept: Kept, extracts: readonly Found[]): Promise<void> {
  const { chains } = kept;
  const unmet = [...new Set(extracts.map(({ uscc }) => uscc))].filter((uscc) => !chains.has(uscc));
  if (unmet.length > 0) {
    const { rows } = await client.query<Chain & { uscc: string }>({ name: 'chains', text: CHAINS, values: [unmet.join()] });
    for (const { uscc, ...chain } of rows) chains.set(uscc, chain);
    kept.added += unmet.length - rows.length;
  }
  for (let at = 0; at < extracts.length; at += MOST_TOGETHER) {
    const items: Item[] = [];
    for (const { uscc, time, text, supersedes, place } of extracts.slice(at, at + MOST_TOGETHER)) {
      const extractHash = extractHashOf(text);
      const chain = linked(chains.get(uscc) ?? NO_CHAIN, time, digestOf(time, extractHash));
      chains.set(uscc, chain);
      items.push({ uscc, time, supersedes, place, extractHash, ...chain });
      if (items.length % REST_AFTER === 0) await rest();
    }
    await client.query({
      name: 'add items',
      text: ADD_ITEMS,
      values: [
        items.map(({ uscc }) => uscc).join(),
        ...(['count', 'time', 'latest', 'place'] as const).map((name) => numbers(items.map((item) => item[name]))),
        Buffer.concat(items.map(({ extractHash }) => extractHash)),
        Buffer.concat(items.map(({ head }) => head)),
        items.map(({ supersedes }) => supersedes ?? '').join(),
      ],
    });
  }
}

async function writeChains(client: Client, { chains, added }: Kept): Promise<void> {
  const touched = new Set<number>();
  const all = [...chains];
  for (let at = 0; at < all.length; at += MOST_TOGETHER) {
    const rows = all.slice(at, at + MOST_TOGETHER).map(([uscc, chain]) => ({ uscc, prefix: prefixOf(keyOf(uscc)), ...chain }));
    for (const { prefix } of rows) touched.add(prefix);
    await client.query({
      name: 'write chains',
      text: WRITE_CHAINS,
      values: [
        rows.map(({ uscc }) => uscc).join(),
        ...(['prefix', 'count', 'latest'] as const).map((name) => numbers(rows.map((row) => row[name]))),
        Buffer.concat(rows.map(({ head }) => head)),
      ],
    });
    await rest();
  }
  await updateMap(client, touched, added);
}

async function lines(client: Client): Promise<readonly string[]> {
  const [row] = (await client.query<{ enterprises: number; root: Buffer }>(ROOT)).rows;
  return [`enterprises ${row?.enterprises ?? 0} ${(row?.root ?? (EMPTY[0] as Buffer)).toString('base64')}`];
}
