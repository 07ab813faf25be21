/**
 * Proofs from the tree of the log: that an entry stands in it, and that one checkpoint begins another. Promises: a proof
 * costs a handful of tiles however large the log is; nothing here tells what an entry says.
 */
import type { Postgres } from '../postgres.js';
import { openArchived } from './archived.js';
import { type PublishedKey, publishedKeys } from './keys.js';
import { consistencySpans, inclusionSpans } from './merkle.js';
import { hashesOf, leafIn, type Reader } from './tiles.js';

/** A checkpoint as it was signed. */
export interface KeptCheckpoint {
  readonly size: number;
  readonly time: Date;
  readonly root: Buffer;
  /** C2SP signed note. */
  readonly note: string;
}
/** What of a receipt the tree is about. */
export interface ProvenReceipt {
  readonly id: string;
  readonly time: string;
  readonly leafHash: string;
}
export type Inclusion =
  | {
      readonly state: 'PROVEN';
      readonly receipt: ProvenReceipt;
      readonly leaf: number;
      /** Siblings from the leaf upwards. */
      readonly path: readonly Buffer[];
      readonly checkpoint: KeptCheckpoint;
    }
  /** Durable, and in no checkpoint yet: it will be within seconds while somebody sequences. */
  | { readonly state: 'PENDING'; readonly receipt: ProvenReceipt }
  /** Its month is not in the database: the whole receipt is needed to find its leaf. */
  | { readonly state: 'ARCHIVED'; readonly month: string }
  /** The log holds no such entry. */
  | { readonly state: 'UNKNOWN' }
  /** The entry is not what was integrated at its place: somebody changed one of the two. */
  | { readonly state: 'CONTRADICTED'; readonly receipt: ProvenReceipt };

export interface Consistency {
  readonly older: KeptCheckpoint;
  readonly newer: KeptCheckpoint;
  readonly path: readonly Buffer[];
}
export interface Proofs {
  /** The newest checkpoint; null before the first one. */
  latest(): Promise<KeptCheckpoint | null>;
  /** The first checkpoint over so many entries; null where none is of that size. */
  ofSize(size: number): Promise<KeptCheckpoint | null>;
  /** The smallest checkpoint in which a leaf stands; null where none covers it yet. */
  covering(leaf: number): Promise<KeptCheckpoint | null>;
  /**
   * That the entry of a receipt stands under the newest checkpoint. The id alone finds what lies in the table; the whole
   * receipt also finds what was archived, for the tree keeps every leaf.
   */
  inclusion(receipt: Pick<ProvenReceipt, 'id'> | ProvenReceipt): Promise<Inclusion>;
  /** That one checkpoint begins another; null where one of the two sizes was never signed. `newer` absent: the newest. */
  consistency(older: number, newer?: number): Promise<Consistency | null>;
  /** Hashes that lead from a tree of one size to one of another. @throws Error where the tiles do not reach so far */
  pathBetween(older: number, newer: number): Promise<Buffer[]>;
  /** Keys that ever signed, in the order in which they did. */
  keys(): Promise<PublishedKey[]>;
}

const CHECKPOINT = 'select size, time, root, note from audit_checkpoint';
const LATEST = `${CHECKPOINT} order by number desc limit 1`;
const OF_SIZE = `${CHECKPOINT} where size = $1 order by number limit 1`;
const COVERING = `${CHECKPOINT} where size > $1 order by size, number limit 1`;
/** All of one moment: the entry, the tile of level 0 that holds its leaf, and a checkpoint over it. */
const PLACE = `
select e.id, e.time, e.leaf_hash as "leafHash", b.block, t.hashes, c.size, c.signed, c.root, c.note
from audit_entry e
left join lateral (
  select block, last_sequence from audit_block where first_sequence <= e.sequence order by first_sequence desc limit 1
) b on b.last_sequence >= e.sequence
left join audit_tile t on t.level = 0 and t.tile = b.block
left join lateral (
  select size, last_sequence, time as signed, root, note from audit_checkpoint order by number desc limit 1
) c on c.last_sequence >= e.sequence
where e.id = $1`;

/** Tiles with entries of a time; times run backwards a little, so the first few that end after it are looked at. */
const ARCHIVED = `
select near.block, t.hashes, c.size, c.time as signed, c.root, c.note
from (select block, first_time from audit_block where last_time >= $1 order by last_time limit 64) near
join audit_tile t on t.level = 0 and t.tile = near.block
cross join lateral (select size, time, root, note from audit_checkpoint order by number desc limit 1) c
where near.first_time <= $1 and position($2::bytea in t.hashes) > 0`;

interface PlaceRow {
  readonly id: string;
  readonly time: Date;
  readonly leafHash: Buffer;
  readonly block: number | null;
  readonly hashes: Buffer | null;
  readonly size: number | null;
  readonly signed: Date;
  readonly root: Buffer;
  readonly note: string;
}

export function openProofs({ postgres }: { postgres: Postgres }): Proofs {
  const read: Reader = (statement) => postgres.query(statement);
  const one = async (name: string, text: string, values: unknown[] = []): Promise<KeptCheckpoint | null> =>
    (await postgres.query<KeptCheckpoint>({ name, text, values }))[0] ?? null;
  /** null where the leaf does not stand in the tile, or after the checkpoint. */
  async function proven(
    receipt: ProvenReceipt,
    { block, hashes, size, signed, root, note }: Omit<PlaceRow, 'id' | 'time' | 'leafHash'>,
  ): Promise<Inclusion | null> {
    const leaf = block === null || hashes === null ? null : leafIn(hashes, Buffer.from(receipt.leafHash, 'hex'), block);
    if (size === null || leaf === null || leaf >= size) return null;
    const path = await hashesOf(read, inclusionSpans(leaf, size));
    return { state: 'PROVEN', receipt, leaf, path, checkpoint: { size, time: signed, root, note } };
  }
  async function archived(receipt: ProvenReceipt): Promise<Inclusion> {
    const rows = await postgres.query<PlaceRow>({
      name: 'place of an archived leaf',
      text: ARCHIVED,
      values: [receipt.time, Buffer.from(receipt.leafHash, 'hex')],
    });
    for (const row of rows) {
      const found = await proven(receipt, row);
      if (found) return found;
    }
    return { state: 'UNKNOWN' };
  }
  const months = openArchived({ postgres });
  async function away(id: string): Promise<Inclusion> {
    const month = await months.monthOf(id);
    return month ? { state: 'ARCHIVED', month: month.month } : { state: 'UNKNOWN' };
  }
  const proofs: Proofs = {
    latest: () => one('latest checkpoint', LATEST),
    ofSize: (size) => one('checkpoint of size', OF_SIZE, [size]),
    covering: (leaf) => one('covering checkpoint', COVERING, [leaf]),
    async inclusion(receipt) {
      const [row] = await postgres.query<PlaceRow>({ name: 'place in the tree', text: PLACE, values: [receipt.id] });
      if (!row) return 'leafHash' in receipt ? archived(receipt) : away(receipt.id);
      const told = { id: row.id, time: row.time.toISOString(), leafHash: row.leafHash.toString('hex') };
      // Before the newest checkpoint and in no block: its place was passed over, or taken away afterwards.
      if (row.size === null) return { state: 'PENDING', receipt: told };
      return (await proven(told, row)) ?? { state: 'CONTRADICTED', receipt: told };
    },
    async consistency(older, newer) {
      const [first, second] = await Promise.all([proofs.ofSize(older), newer === undefined ? proofs.latest() : proofs.ofSize(newer)]);
      if (!first || !second || first.size > second.size) return null;
      return { older: first, newer: second, path: await proofs.pathBetween(first.size, second.size) };
    },
    pathBetween: (older, newer) => hashesOf(read, consistencySpans(older, newer)),
    keys: () => publishedKeys(postgres),
  };
  return proofs;
}
