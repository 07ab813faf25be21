/**
 * Verifies a statement of an enterprise (`zone-statement/1`) with nothing but the file and keys that were trusted before:
 * no database, no network, nothing of what wrote it. Says what is proven, and what is only delayed.
 */
import { openNote, parseKeys, type SealedTree } from './note.js';
import { bytesIn, type Fields, Flawed, momentIn, naturalIn, objectIn, readStatementFile, type StatementFile, type StatementFlaw } from './statementFile.js';
import {
  bitAt,
  bottomHash,
  chainWith,
  dayOfTime,
  EMPTY_AT,
  EMPTY_CHAIN,
  itemDigest,
  leafOf,
  nodeOver,
  type ReadChain,
  sha256,
  TREE_DEPTH,
} from './subjectHashes.js';

/** What is proven of an enterprise at a checkpoint. */
export interface ProvenStatement {
  readonly uscc: string;
  readonly from: string;
  readonly until: string;
  /** Reads within the span, as the log has them; neither delayed nor archived ones are among them. */
  readonly reads: readonly ProvenRead[];
  /** Reads of which nothing is told yet; each may lie within the span. `until` is what the platform says. */
  readonly delayed: readonly { readonly ordinal: number; readonly until: string }[];
  /** Reads of which nothing is told because their month has left the database for a file; each may lie within the span. `month` is what the platform says. */
  readonly archived: readonly { readonly ordinal: number; readonly month: string }[];
  /** Reads of other times: that there are so many is proven. */
  readonly outside: number;
  /** All reads of the enterprise that the log has. */
  readonly count: number;
  readonly origin: string;
  readonly size: number;
  /** What came into the log after this checkpoint is not in the statement. */
  readonly signedAt: string;
}
export interface ProvenRead {
  readonly ordinal: number;
  readonly time: string;
  /** What the log says of the read. */
  readonly content: Fields;
}
export type StatementVerdict =
  | { readonly ok: true; readonly proven: ProvenStatement }
  | { readonly ok: false; readonly flaw: StatementFlaw; readonly place: number | null; readonly detail: string };

/** @param keysText verifier keys that the reader trusts, one a line */
export function verifyStatement(fileText: string, keysText: string): StatementVerdict {
  try {
    return { ok: true, proven: provenIn(readStatementFile(fileText), keysText) };
  } catch (error) {
    if (error instanceof Flawed) return { ok: false, flaw: error.flaw, place: error.place, detail: error.message };
    throw error;
  }
}

function provenIn(file: StatementFile, keysText: string): ProvenStatement {
  const { uscc, count } = file;
  const { origin, size, time, lines } = signedNote(file.checkpoint, keysText);
  const roots = lines.flatMap((line) => /^enterprises \d+ ([A-Za-z0-9+/=]{44})$/.exec(line)?.[1] ?? []);
  if (roots.length !== 1) throw new Flawed('NO_INDEX', null);
  const walked = walk(file);
  if (walked.chain.count !== count) throw new Flawed('CHAIN_ENDS_ELSEWHERE', walked.chain.count, `${walked.chain.count} / ${count}`);
  if (rootFrom(file, walked.chain).toString('base64') !== roots[0]) throw new Flawed('NOT_IN_THE_LOG', null);
  const [from, until] = [new Date(file.from).toISOString(), new Date(file.until).toISOString()];
  const { reads, delayed, archived, outside } = walked;
  return { uscc, from, until, reads, delayed, archived, outside, count, origin, size, signedAt: time.toISOString() };
}

function signedNote(note: string, keysText: string): SealedTree {
  const opened = openNote(note, trustedKeys(keysText));
  if (opened.state !== 'SIGNED') throw new Flawed('NOT_SIGNED', null, opened.why);
  return opened.sealed;
}

function trustedKeys(text: string): ReturnType<typeof parseKeys> {
  try {
    return parseKeys(text);
  } catch (error) {
    throw new Flawed('NOT_SIGNED', null, error instanceof Error ? error.message : '');
  }
}

interface Walked {
  chain: ReadChain;
  readonly reads: ProvenRead[];
  readonly delayed: ProvenStatement['delayed'][number][];
  readonly archived: ProvenStatement['archived'][number][];
  outside: number;
}

/** Makes the chain anew from the items, each of which must be shown, delayed, archived, or of another time. */
function walk({ uscc, from, until, start, items }: StatementFile): Walked {
  const begin = start === null ? EMPTY_CHAIN : begun(start, from);
  const walked: Walked = { chain: begin, reads: [], delayed: [], archived: [], outside: begin.count };
  for (const item of items) {
    const { chain } = walked;
    const place = chain.count + 1;
    if (item.ordinal !== place) throw new Flawed('OUT_OF_ORDER', place);
    if (item.digest !== undefined) {
      const day = naturalIn(item.latest, place);
      if (day < chain.day) throw new Flawed('TIME_DISAGREES', place);
      walked.chain = chainWith(chain, day, bytesIn(item.digest, 32, place));
      if (typeof item.archived === 'string') walked.archived.push({ ordinal: place, month: item.archived });
      else walked.delayed.push({ ordinal: place, until: endOfDelay(item.until, day, place) });
      continue;
    }
    const time = momentIn(item.time, place);
    const within = from <= time && time < until;
    const { extract } = item;
    if (typeof extract === 'string') {
      if (!within) throw new Flawed('OUTSIDE_SPAN', place);
      walked.reads.push({ ordinal: place, time: new Date(time).toISOString(), content: contentOf(extract, uscc, time, place) });
    } else {
      if (within) throw new Flawed('LEFT_OUT', place);
      walked.outside++;
    }
    const hash = typeof extract === 'string' ? sha256(extract) : bytesIn(item.extractHash, 32, place);
    walked.chain = chainWith(chain, Math.max(chain.day, dayOfTime(time)), itemDigest(time, hash));
  }
  return walked;
}

/** Days that policy may delay a read at most. */
const LONGEST_DELAY = 730;
const DAY_MS = 86_400_000;

/** No read is told later than the longest delay after its day, which is the given one or before it. */
function endOfDelay(value: unknown, day: number, place: number): string {
  const until = momentIn(value, place);
  if (until > (day + 1 + LONGEST_DELAY) * DAY_MS) throw new Flawed('DELAYED_TOO_LONG', place);
  return new Date(until).toISOString();
}

/** The chain up to the last item left away; the day in its link says that all until there are of days before the span. */
function begun({ ordinal, latest, before, digest }: Fields, from: number): ReadChain {
  const place = naturalIn(ordinal, null);
  const day = naturalIn(latest, place);
  if (place < 1) throw new Flawed('NOT_A_STATEMENT', null, 'start');
  if (day >= dayOfTime(from)) throw new Flawed('PREFIX_WITHIN_SPAN', place);
  return chainWith({ count: place - 1, day, head: bytesIn(before, 32, place) }, day, bytesIn(digest, 32, place));
}

function contentOf(extract: string, uscc: string, time: number, place: number): Fields {
  const content = objectIn(extract, place);
  if (content.enterprise !== uscc) throw new Flawed('OTHER_ENTERPRISE', place);
  if (typeof content.time !== 'string' || Date.parse(content.time) !== time) throw new Flawed('TIME_DISAGREES', place);
  return content;
}

/** Climbs from the enterprise's leaf, or from where it would be, to the root. */
function rootFrom({ uscc, siblings, beside }: StatementFile, chain: ReadChain): Buffer {
  const key = sha256(uscc);
  const others = beside.map((leaf) => bytesIn(leaf, 72, null));
  const strange = others.some((leaf) => !leaf.subarray(0, 8).equals(key.subarray(0, 8)) || leaf.subarray(0, 32).equals(key));
  if (strange) throw new Flawed('NOT_A_STATEMENT', null, 'beside');
  const path: Buffer[] = [];
  for (const step of siblings) {
    const empty = typeof step === 'number' ? step : 0;
    if (!Number.isInteger(empty) || empty < 0 || path.length + empty > TREE_DEPTH) throw new Flawed('NOT_A_STATEMENT', null, 'siblings');
    if (typeof step !== 'number') path.push(bytesIn(step, 32, null));
    else for (let left = step; left > 0; left--) path.push(EMPTY_AT[TREE_DEPTH - path.length] as Buffer);
  }
  if (path.length !== TREE_DEPTH) throw new Flawed('NOT_A_STATEMENT', null, 'siblings');
  const own = chain.count === 0 ? [] : [leafOf(key, chain)];
  return path.reduce(
    (reached, sibling, height) => (bitAt(key, TREE_DEPTH - 1 - height) === 0 ? nodeOver(reached, sibling) : nodeOver(sibling, reached)),
    bottomHash([...own, ...others]),
  );
}
