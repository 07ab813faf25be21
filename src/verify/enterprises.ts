/**
 * The index over enterprises, derived again from the entries in the order of leaves: held against what checkpoints carry of
 * it, and what statements are read from against what was derived. Whoever asks who read an enterprise is then told all.
 */
import type { Client } from '../postgres.js';
import type { Claim } from './claims.js';
import { formFlawOf } from './entryForm.js';
import { parsed } from './entryText.js';
import type { Findings } from './findings.js';
import { copyRows } from './rows.js';
import { chainWith, dayOfTime, EMPTY_CHAIN, itemDigest, type ReadChain } from './subjectHashes.js';
import { openSubjectChains, type SubjectChains } from './subjects.js';

export type IndexVerification =
  | {
      readonly state: 'DERIVED';
      /** The newest checkpoint that it was held against, and how many in all. */
      readonly checkpoint: number | undefined;
      readonly checkpoints: number;
      readonly entries: number;
      readonly enterprises: number;
      readonly items: number;
      readonly milliseconds: number;
    }
  /** Not the whole log was read; entries are missing or wrong; no checkpoint says anything of it. */
  | { readonly state: 'NOT_VERIFIED'; readonly why: 'SINCE' | 'ARCHIVED' | 'FINDINGS' | 'NOT_CARRIED' };

export interface IndexParts {
  readonly client: Client;
  /** What rows are read from; its entries are the leaves, one after another. */
  readonly source: string;
  /** Checkpoints by size that are trusted and have the root of the tree. */
  readonly seals: readonly Claim[];
  /** Entries read so far, of how many. */
  readonly progress?: ((entries: number, size: number) => void) | undefined;
}

const ROWS_AT_ONCE = 16_384;
/** The tree over all chains is made again where at least so many items an enterprise have come in: then it costs little beside them. */
const ITEMS_AN_ENTERPRISE = 10;

/** MUST be called only where the entries up to the newest of the checkpoints are what was sealed. */
export async function verifyIndex({ client, source, seals, progress }: IndexParts, findings: Findings): Promise<IndexVerification> {
  const began = performance.now();
  const carrying = seals.filter(({ enterprises }) => enterprises !== undefined);
  const newest = carrying.at(-1);
  if (!newest) return { state: 'NOT_VERIFIED', why: 'NOT_CARRIED' };
  for (const { checkpoint } of seals.slice(seals.indexOf(newest) + 1))
    findings.add({ kind: 'INDEX_WRONG', checkpoint, detail: 'it says nothing of the index, and earlier ones do' });
  const chains = openSubjectChains();
  let next = 0;
  let leaf = 0;
  let derivedAt = 0;
  let checkpoints = 0;
  const hold = () => {
    for (; carrying[next]?.size === leaf; next++) {
      const seal = carrying[next] as Claim;
      const due = chains.items - derivedAt >= ITEMS_AN_ENTERPRISE * chains.enterprises;
      // Those of one size say the same; the newest is always asked.
      if (seal !== newest && (!due || carrying[next + 1]?.size === leaf)) continue;
      derivedAt = chains.items;
      checkpoints++;
      const derived = chains.line();
      if (derived !== seal.enterprises)
        findings.add({ kind: 'INDEX_WRONG', checkpoint: seal.checkpoint, detail: `it carries "${seal.enterprises}"; from its entries follows "${derived}"` });
    }
  };
  hold();
  for (let from = Number.MIN_SAFE_INTEGER, came = ROWS_AT_ONCE; leaf < newest.size && came > 0; ) {
    came = await copyRows(client, source, from, Math.min(ROWS_AT_ONCE, newest.size - leaf), ({ bytes, id, idEnd, text, textEnd, hash, hashEnd, place }) => {
      const entry = parsed(bytes.toString('utf8', text, textEnd));
      const flaw = formFlawOf(entry);
      if (flaw !== null) findings.add({ kind: 'MALFORMED', leaf, place, id: bytes.toString('utf8', id, idEnd), detail: flaw });
      chains.addEntry(entry, bytes.subarray(hash, hashEnd));
      from = place + 1;
      leaf++;
      hold();
    });
    progress?.(leaf, newest.size);
  }
  await compareItems(client, chains, findings);
  const { enterprises, items } = chains;
  return { state: 'DERIVED', checkpoint: newest.checkpoint, checkpoints, entries: leaf, enterprises, items, milliseconds: performance.now() - began };
}

interface ItemRow {
  readonly uscc: string;
  readonly ordinal: number;
  readonly time: Date;
  readonly latest: number;
  readonly head: Buffer;
  /** SHA-256 of its extract; a wrong one gives another head. */
  readonly told: Buffer;
}

const ITEMS_AT_ONCE = 10_000;
const ITEMS = `
select uscc, ordinal, time, latest, head, extract_hash as told
from audit_subject_item where (uscc, ordinal) > ($1, $2) order by uscc, ordinal limit ${ITEMS_AT_ONCE}`;
const CHAINS = 'select uscc, count, head from audit_subject where uscc > $1 order by uscc limit $2';

/** What statements are read from: each item as it follows from the one before, each chain as it was derived. */
async function compareItems(client: Client, chains: SubjectChains, findings: Findings): Promise<void> {
  const wrong = new Set<string>();
  const tell = (uscc: string, detail: string) => {
    if (wrong.has(uscc)) return;
    wrong.add(uscc);
    findings.add({ kind: 'INDEX_WRONG', detail: `${uscc}: ${detail}` });
  };
  let met = 0;
  let own = null as { readonly uscc: string; chain: ReadChain } | null;
  const close = () => {
    if (own) compareChain(own.uscc, own.chain, 'items');
  };
  const compareChain = (uscc: string, chain: Pick<ReadChain, 'count' | 'head'>, what: string) => {
    const derived = chains.chainOf(uscc);
    if (!derived) tell(uscc, 'it stands in the index, and no entry names it as read');
    else if (derived.count !== chain.count || !derived.head.equals(chain.head))
      tell(uscc, `its ${what} are not the ${derived.count} that follow from the entries (${chain.count} stand there)`);
  };
  for (let last = { uscc: '', ordinal: 0 }, more = true; more; ) {
    const { rows } = await client.query<ItemRow>(ITEMS, [last.uscc, last.ordinal]);
    for (const { uscc, ordinal, time, latest, head, told } of rows) {
      if (own?.uscc !== uscc) {
        close();
        own = { uscc, chain: EMPTY_CHAIN };
        met++;
      }
      const day: number = Math.max(own.chain.day, dayOfTime(time.getTime()));
      own.chain = chainWith(own.chain, day, itemDigest(time.getTime(), told));
      if (latest !== day || ordinal !== own.chain.count || !own.chain.head.equals(head)) tell(uscc, `item ${ordinal} does not follow from those before`);
    }
    last = rows.at(-1) ?? last;
    more = rows.length === ITEMS_AT_ONCE;
  }
  close();
  let kept = 0;
  for (let after = '', more = true; more; ) {
    const { rows } = await client.query<Pick<ReadChain, 'count' | 'head'> & { uscc: string }>(CHAINS, [after, ITEMS_AT_ONCE]);
    for (const row of rows) compareChain(row.uscc, row, 'chain');
    kept += rows.length;
    after = rows.at(-1)?.uscc ?? after;
    more = rows.length === ITEMS_AT_ONCE;
  }
  if (wrong.size === 0 && (met !== chains.enterprises || kept !== chains.enterprises))
    findings.add({ kind: 'INDEX_WRONG', detail: `${chains.enterprises} enterprises follow from the entries; ${met} have items, ${kept} a chain` });
}
