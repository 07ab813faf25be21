/**
 * The sequencer: puts committed entries into the tree in the order of their places, hands them to whoever keeps an index of
 * them, and signs a checkpoint. MUST: one at a time; each step is one transaction, so tree, indexes and checkpoint agree.
 * Whoever holds the advisory lock sequences; its session ends with its process, or when it is frozen, and another takes over.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { LOCKS } from '../locks.js';
import type { Client, Postgres } from '../postgres.js';
import { rest as paused } from '../rest.js';
import type { AuditEntry, ReadEntry } from './entry.js';
import { isOfForm } from './form.js';
import { integrateAll } from './integrating.js';
import { publishKey } from './keys.js';
import type { LastSigned } from './lastSigned.js';
import { TILE_WIDTH } from './merkle.js';
import { lastSettled } from './settled.js';
import { parseShared } from './sharedEntry.js';
import type { Signer } from './signer.js';
import { addLeaves, hashesOf, readerOf } from './tiles.js';

/** An entry's row at its place in the tree. */
export interface Leaf {
  /** Its leaf: 0, 1, 2 ... */
  readonly leaf: number;
  /** Its place in the table; places have gaps. */
  readonly sequence: number;
  readonly id: string;
  readonly time: Date;
  readonly institution: string | null;
  /** The bytes that were hashed: canonical JSON. */
  readonly text: string;
  readonly leafHash: Buffer;
}
export interface IntegratedEntry extends Leaf {
  readonly entry: AuditEntry;
}
/** Who keeps something that follows from entries, in the transaction that integrates them: exactly once each, in order. */
export interface Integration {
  integrate(client: Client, entries: readonly IntegratedEntry[]): Promise<void>;
  /** Lines that each checkpoint is to carry, such as the root of an index; asked after `integrate`. */
  lines?(client: Client): Promise<readonly string[]>;
}
/** What was signed. */
export interface SignedCheckpoint {
  readonly number: number;
  readonly size: number;
  readonly time: Date;
  readonly note: string;
}
export interface Sequencer {
  /** Sequences whenever it holds the lock, until closed. */
  start(): void;
  /** One step now, if no other process sequences. @returns what was signed; null where nothing was to be */
  step(): Promise<SignedCheckpoint | null>;
  readonly state: 'SEQUENCING' | 'WAITING' | 'CLOSED';
  close(): Promise<void>;
}
export interface SequencerParts {
  readonly postgres: Postgres;
  readonly signer: Signer;
  readonly integrations: readonly Integration[];
  /** What was signed last, kept where the database has no say: the log is signed only where it goes on from there. */
  readonly lastSigned?: LastSigned;
  readonly now: () => Date;
  /** Told of each checkpoint once it is durable; MUST NOT throw. */
  readonly told?: (checkpoint: SignedCheckpoint) => void;
  readonly failed?: (error: unknown) => void;
  /** Time between steps, in ms. */
  readonly intervalMs?: number;
}

const INTERVAL_MS = 3_000;
/** Between two steps the session is heard of so often, for a silent one is taken for frozen. */
const HEARD_EVERY_MS = 1_000;
/** How often the months ahead are looked at. */
const MONTHS_EVERY_MS = 6 * 3_600_000;
const MONTHS_AGAIN_MS = 60_000;
/** How long those who wait for the lock wait between tries: another takes over well within five seconds. */
const TRY_EVERY_MS = 500;
/** A process that is frozen while it sequences loses its session, and with it the lock: also when it no longer takes what it asked for. */
const FROZEN_AFTER = "set idle_session_timeout = '3s'; set idle_in_transaction_session_timeout = '3s'; set tcp_user_timeout = '3s'";
const THAWED = 'reset idle_session_timeout; reset idle_in_transaction_session_timeout; reset tcp_user_timeout; select pg_advisory_unlock_all()';
/** Whoever adds an entry may take so long; then what is settled without it waits for the next step. */
const PATIENCE_MS = 3_000;
/** Entries a step, and enterprises read in them: bounds memory, and keeps a step below two seconds. */
const MOST_AT_ONCE = 5_000;
const MOST_READS = 20_000;
/** Entries a statement. */
const PAGE = 250;
/** A log in which nothing happens says so now and then: a checkpoint that is old is a sign that nobody signs. */
const HEARTBEAT_MS = 60_000;

const LAST_CHECKPOINT = 'select size, last_sequence as sequence, time, note from audit_checkpoint order by number desc limit 1';
const NEXT = `
select sequence, id, time, institution, entry as text, leaf_hash as "leafHash" from audit_entry
where sequence > $1 and sequence <= $2 order by sequence limit ${PAGE}`;
const BLOCKS = `
insert into audit_block (block, first_sequence, last_sequence, entries, first_time, last_time)
  select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::smallint[], $5::timestamptz[], $6::timestamptz[])
on conflict (block) do update set last_sequence = excluded.last_sequence, entries = audit_block.entries + excluded.entries,
  first_time = least(audit_block.first_time, excluded.first_time), last_time = greatest(audit_block.last_time, excluded.last_time)`;
const SIGNED = 'insert into audit_checkpoint (size, time, last_sequence, root, note) values ($1, $2, $3, $4, $5) returning number';

interface Reached {
  readonly size: number;
  readonly sequence: number;
  readonly time: Date | null;
  readonly note: string | null;
}

export function openSequencer(parts: SequencerParts): Sequencer {
  const { postgres, intervalMs = INTERVAL_MS } = parts;
  let state: Sequencer['state'] = 'WAITING';
  let running: Promise<void> = Promise.resolve();
  const closing = new AbortController();
  const closed = () => closing.signal.aborted;
  /** Rests for a while, but not when it is to end. */
  const rest = (ms: number) => sleep(ms, undefined, { signal: closing.signal }).catch(() => undefined);

  /** Runs work while holding the lock; null where another process has it. */
  const alone = <T>(work: (client: Client) => Promise<T>): Promise<T | null> =>
    postgres.withClient(async (client) => {
      const { rows } = await client.query<{ mine: boolean }>('select pg_try_advisory_lock($1) as mine', [LOCKS.SEQUENCING]);
      if (!rows[0]?.mine) return null;
      await client.query(FROZEN_AFTER);
      try {
        return await work(client);
      } finally {
        await client.query(THAWED);
      }
    });

  async function sequence(): Promise<void> {
    while (!closed()) {
      await alone(async (client) => {
        state = 'SEQUENCING';
        for (let months = Number.NEGATIVE_INFINITY; !closed(); ) {
          if (performance.now() - months > MONTHS_EVERY_MS) {
            months = performance.now();
            // Months can be made later; what is committed is sealed all the same.
            await client.query("select create_audit_months(now(), now() + interval '70 days')").catch((error: unknown) => {
              parts.failed?.(error);
              months += MONTHS_AGAIN_MS - MONTHS_EVERY_MS;
            });
          }
          // As long as there is more than fits into a step, the next one follows at once.
          const began = performance.now();
          while ((await stepOf(client, parts))?.more && !closed());
          for (const until = began + intervalMs; performance.now() < until && !closed(); ) {
            await rest(Math.min(HEARD_EVERY_MS, until - performance.now()));
            await client.query('select');
          }
        }
      }).catch((error: unknown) => parts.failed?.(error));
      state = 'WAITING';
      await rest(TRY_EVERY_MS);
    }
  }

  return {
    start() {
      running = sequence();
    },
    step: () => alone((client) => stepOf(client, parts)),
    get state() {
      return state;
    },
    async close() {
      closing.abort();
      await running;
      state = 'CLOSED';
    },
  };
}

/** Integrates what is settled, up to a bound, and signs; null where there is nothing new and the last checkpoint is young. */
async function stepOf(
  client: Client,
  { integrations, signer, lastSigned, now, told, failed }: SequencerParts,
): Promise<(SignedCheckpoint & { more: boolean }) | null> {
  const reached = await lastReached(client);
  const settled = await lastSettled(client, PATIENCE_MS);
  if (settled.state === 'HELD') {
    // No sign of life either: a log whose entries wait must look as old as its last checkpoint.
    failed?.(new Error(`entries cannot be sealed as long as these keep adding some: ${settled.holders.join(', ')}`));
    return null;
  }
  const { entries, readable, more } = await nextEntries(client, reached, settled.place);
  const time = now();
  const young = reached.time !== null && time.getTime() - reached.time.getTime() < HEARTBEAT_MS;
  if (entries.length === 0 && (young || reached.size === 0)) return null;
  await client.query('begin');
  try {
    const root =
      entries.length > 0
        ? await addLeaves(
            client,
            reached.size,
            entries.map(({ leafHash }) => leafHash),
          )
        : await rootOf(client, reached.size);
    if (entries.length > 0) await client.query(BLOCKS, blocksOf(entries));
    const lines: string[] = [];
    for (const integration of integrations) {
      const out = await integrateAll(client, integration, readable);
      if (out.length > 0) failed?.(new Error(`${out.length} entries are left out of an index, the first ${out[0]?.entry.id}: ${String(out[0]?.error)}`));
      lines.push(...((await integration.lines?.(client)) ?? []));
    }
    const size = reached.size + entries.length;
    await lastSigned?.demandContinued({ size, root }, readerOf(client));
    const note = signer.sign({ size, root, time, lines }, reached.note);
    await publishKey(client, signer, { previous: reached.note, note, time });
    const sequence = entries.at(-1)?.sequence ?? reached.sequence;
    const { rows } = await client.query<{ number: number }>(SIGNED, [size, time, sequence, root, note]);
    // Before anybody can see it; a step that is lost here is made again with the same entries in the same order.
    lastSigned?.keep({ size, root });
    await client.query('commit');
    const signed: SignedCheckpoint = { number: rows[0]?.number as number, size, time, note };
    told?.(signed);
    return { ...signed, more };
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

async function lastReached(client: Client): Promise<Reached> {
  return (await client.query<Reached>(LAST_CHECKPOINT)).rows[0] ?? { size: 0, sequence: 0, time: null, note: null };
}

/** What a step takes: the entries in the order of their places, and those of them that can be read. */
interface Taken {
  readonly entries: Leaf[];
  readonly readable: IntegratedEntry[];
  /** There are more than fit into a step. */
  readonly more: boolean;
}

async function nextEntries(client: Client, { size, sequence }: Reached, settled: number): Promise<Taken> {
  const [entries, readable]: [Leaf[], IntegratedEntry[]] = [[], []];
  for (let reads = 0; entries.length < MOST_AT_ONCE; ) {
    const values = [entries.at(-1)?.sequence ?? sequence, settled];
    const { rows } = await client.query<Omit<Leaf, 'leaf'>>({ name: 'next entries', text: NEXT, values });
    for (const row of rows) {
      const leaf = { ...row, leaf: size + entries.length };
      entries.push(leaf);
      const [read] = readableOf(leaf);
      if (!read) continue;
      readable.push(read);
      reads += readsIn(read.entry);
      if (reads >= MOST_READS) return { entries, readable, more: true };
    }
    if (rows.length < PAGE) return { entries, readable, more: false };
    await paused();
  }
  return { entries, readable, more: true };
}

/** Enterprises that an entry names as read: what the indexes cost goes by these. */
function readsIn({ reads }: AuditEntry): number {
  if (!Array.isArray(reads)) return 0;
  return reads.reduce((sum: number, read: ReadEntry | null) => sum + (Array.isArray(read?.enterprises) ? read.enterprises.length : 0), 0);
}

/** What nobody can read stands in the tree all the same, where whoever verifies will find it; it is in no index. */
function readableOf(leaf: Leaf): IntegratedEntry[] {
  try {
    const entry: unknown = parseShared(leaf.text);
    return isOfForm(entry, leaf) ? [{ ...leaf, entry }] : [];
  } catch {
    return [];
  }
}

async function rootOf(client: Client, size: number): Promise<Buffer> {
  return (await hashesOf(readerOf(client), [{ from: 0, until: size }]))[0] as Buffer;
}

/** The rows of `audit_block` that these entries begin or continue, column by column. */
function blocksOf(entries: readonly Leaf[]): unknown[][] {
  const blocks = new Map<number, Leaf[]>();
  for (const one of entries) {
    const block = Math.floor(one.leaf / TILE_WIDTH);
    blocks.set(block, [...(blocks.get(block) ?? []), one]);
  }
  const rows = [...blocks].map(([block, within]) => {
    const times = within.map(({ time }) => time.getTime());
    return [block, within[0]?.sequence, within.at(-1)?.sequence, within.length, new Date(Math.min(...times)), new Date(Math.max(...times))];
  });
  return [0, 1, 2, 3, 4, 5].map((column) => rows.map((row) => row[column]));
}
