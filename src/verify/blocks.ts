/** The index of places, derived again from the entries in the order of leaves and held against what the database keeps. */
import type { Client } from '../postgres.js';
import type { Findings } from './findings.js';
import { TILE_WIDTH } from './tree.js';

interface Block {
  readonly block: number;
  readonly first: number;
  last: number;
  entries: number;
  least: number;
  most: number;
}
interface Row {
  readonly block: number;
  readonly first: number;
  readonly last: number;
  readonly entries: number;
  readonly least: number;
  readonly most: number;
}

const BLOCKS = `
select block, first_sequence as first, last_sequence as last, entries, extract(epoch from first_time) * 1000 as least, extract(epoch from last_time) * 1000 as most
from audit_block where block >= $1 and block <= $2`;

export interface Blocks {
  add(leaf: number, place: number, time: number): void;
  /** Holds blocks that are behind `leaf` against the database; `last` where no leaf follows. */
  compare(client: Client, leaf: number, findings: Findings, last?: boolean): Promise<void>;
}

/** @param from first leaf; a block that begins before it is not asked about */
export function openBlocks(from: number): Blocks {
  const done: Block[] = [];
  let now: Block | null = null;
  return {
    add(leaf, place, time) {
      const block = Math.floor(leaf / TILE_WIDTH);
      if (now?.block !== block) {
        if (now) done.push(now);
        now = { block, first: place, last: place, entries: 1, least: time, most: time };
        return;
      }
      now.last = place;
      now.entries++;
      now.least = Math.min(now.least, time);
      now.most = Math.max(now.most, time);
    },
    async compare(client, leaf, findings, last = false) {
      if (now && (last || (now.block + 1) * TILE_WIDTH <= leaf)) {
        done.push(now);
        now = null;
      }
      const derived = done.splice(0);
      if (derived.length === 0) return;
      const { rows } = await client.query<Row>(BLOCKS, [derived[0]?.block, derived.at(-1)?.block]);
      const kept = new Map(rows.map((row) => [row.block, row]));
      for (const one of derived) {
        // Where entries of a block stand alone, that is told, and its row follows from what was.
        const whole = Math.min((one.block + 1) * TILE_WIDTH, leaf) - one.block * TILE_WIDTH;
        if (one.block * TILE_WIDTH < from || one.entries !== whole) continue;
        const row = kept.get(one.block);
        if (!row) findings.add({ kind: 'BLOCK_WRONG', block: one.block, detail: 'it is not there' });
        else if (
          row.first !== one.first ||
          row.last !== one.last ||
          row.entries !== one.entries ||
          Number(row.least) !== one.least ||
          Number(row.most) !== one.most
        )
          findings.add({
            kind: 'BLOCK_WRONG',
            block: one.block,
            detail: `it says places ${row.first}-${row.last}, ${row.entries} entries; they are ${one.first}-${one.last}, ${one.entries}`,
          });
      }
    },
  };
}
