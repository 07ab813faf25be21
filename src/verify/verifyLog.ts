/**
 * Verifies the whole log by itself: entries, tree, signatures, times, index of places. It trusts the keys it is given and
 * the notes of witnesses, and nothing that the database says of itself. Nothing of the code that writes is used.
 */
import type { Client } from '../postgres.js';
import { findAltered } from './altered.js';
import { type MonthAway, monthsAway, setAside } from './archived.js';
import { readArchives } from './archives.js';
import { openBlocks } from './blocks.js';
import { type Claim, type Claims, readClaims } from './claims.js';
import { type IndexVerification, verifyIndex } from './enterprises.js';
import { type Flaw, readEntries, type Seen } from './entries.js';
import { type Finding, type FindingKind, type Findings, openFindings } from './findings.js';
import { judge } from './judge.js';
import type { VerifierKey } from './note.js';
import { standsElsewhere } from './standing.js';
import { openTimes } from './times.js';
import { deriveRoots, FROM_NOTHING, leavesInTiles, type Start, startAt } from './tree.js';

export interface VerifyOptions {
  /** MUST be in a transaction of one snapshot; it is only read from. */
  readonly client: Client;
  readonly keys: readonly VerifierKey[];
  /** Notes of witnesses as they were before the snapshot was taken: newer ones would look like a log that was cut. Walked through once. */
  readonly witnesses?: Iterable<string>;
  /**
   * Files of months that have left the database; then the transaction MUST be one that may write. Absent: months that are
   * recorded as archived are not verified.
   */
  readonly archives?: readonly string[] | undefined;
  /** Begin at the newest checkpoint of that time or size, whose signed root vouches for what is before it. */
  readonly since?: { readonly time: Date } | { readonly size: number };
  /** Rows that are read at once. */
  readonly rows?: number;
  readonly told?: (finding: Finding) => void;
  /** Entries read so far, and leaves of the tree. */
  readonly progress?: (entries: number, size: number) => void;
  /** The same of the index over enterprises, which is derived after the entries were read. */
  readonly indexProgress?: (entries: number, size: number) => void;
}
/** How a verification came out. PARTIAL: nothing was found, and months that are archived were not looked at. */
export interface Verification {
  readonly state: 'CLEAN' | 'PARTIAL' | 'FINDINGS';
  readonly counts: Readonly<Partial<Record<FindingKind, number>>>;
  /** The first thousand. */
  readonly findings: readonly Finding[];
  /** Leaves of the tree, and the first of them that was looked at. */
  readonly size: number;
  readonly since: number;
  readonly entries: number;
  /** Entries that no checkpoint covers yet. */
  readonly unsealed: number;
  readonly checkpoints: number;
  readonly witnesses: number;
  /** Size of the newest tree that is signed and is what was derived again. */
  readonly proven: number;
  readonly index: IndexVerification;
  /** What was not verified because it is archived. */
  readonly archived: { readonly months: readonly string[]; readonly leaves: number };
  readonly milliseconds: number;
}

/** Findings with which what entries say of enterprises need not be what was sealed. */
const ABOUT_ENTRIES: readonly FindingKind[] = ['EDITED', 'MISSING', 'DUPLICATED', 'REORDERED', 'BACKDATED', 'TRUNCATED', 'UNREADABLE'];

export async function verifyLog({ client, keys, witnesses = [], archives, since, rows, told, progress, indexProgress }: VerifyOptions): Promise<Verification> {
  const began = performance.now();
  const findings = openFindings(told);
  const { source, notes } = await readArchives(client, archives ?? [], findings);
  const away = await monthsAway(client);
  const claims = await readClaims(client, { keys, witnesses: oneAfterAnother(witnesses, notes) }, findings);
  const { start, after } = await startOf(client, claims, since, findings);
  const signed = claims.newest?.size ?? 0;
  const inTiles = await leavesInTiles(client);
  const size = Math.max(signed, inTiles);
  const sizes = [...new Set(claims.trusted.map((claim) => claim.size))].filter((one) => one >= start.size && one <= size);
  const tree = await deriveRoots(client, { start, size, sizes }, findings);

  const blocks = openBlocks(start.size);
  const times = openTimes(claims);
  let unsealed = 0;
  let lastMatched: { leaf: number; place: number } | null = null;
  const flawed = (seen: Seen, { kind, detail }: Flaw, leaf?: number) => findings.add({ kind, leaf, place: seen.place, id: seen.id, detail });
  const takeUnsealed = (seen: Seen) => {
    unsealed++;
    if (seen.flaw) flawed(seen, seen.flaw);
    times.unsealed(seen);
  };
  const read = await readEntries({
    client,
    source,
    size,
    after,
    leaf: start.size,
    lastPlace: claims.newest?.lastPlace ?? 0,
    // The index is not derived then, which otherwise reads each entry.
    thorough: start.size > 0 || (archives === undefined && away.length > 0),
    matched(leaf, place, time) {
      lastMatched = { leaf, place };
      blocks.add(leaf, place, time);
      times.sealed(leaf, place, time);
    },
    flawed: (leaf, seen, flaw) => flawed(seen, flaw, leaf),
    unsealed: takeUnsealed,
    rows,
    async progress(entries, leaf) {
      await blocks.compare(client, leaf, findings);
      progress?.(entries, size);
    },
  });
  await blocks.compare(client, size, findings, true);
  const { place: lastPlace = 0, leaf: lastLeaf = -1 } = (lastMatched ?? {}) as { leaf?: number; place?: number };
  const elsewhere = await standsElsewhere(client, read, findings);
  const judgement = judge(read.lonelyLeaves, read.lonelyEntries, {
    size,
    lastPlace: Math.max(lastPlace, claims.newest?.lastPlace ?? 0),
    standsElsewhere: elsewhere,
  });
  judgement.unsealed.forEach(takeUnsealed);
  if (read.overflowed) findings.add({ kind: 'EDITED', leaf: lastLeaf + 1, detail: 'from here on more is wrong than can be told apart' });

  // Whose hashes are right where tile and entry differ: those with which the signed roots come out.
  const agrees = (roots: ReadonlyMap<number, Buffer>) => (claim: Claim) => roots.get(claim.size)?.equals(claim.root) ?? false;
  const asked = claims.trusted.filter((claim) => claim.size >= start.size);
  let holding = asked.filter(agrees(tree.roots));
  let tilesWrong = false;
  if (holding.length < asked.length && judgement.edited.size > 0) {
    const substitutes = new Map([...judgement.edited].map(([leaf, { hash }]) => [leaf, Buffer.from(hash, 'latin1')]));
    const again = asked.filter(agrees((await deriveRoots(client, { start, size, sizes, substitutes })).roots));
    tilesWrong = again.length > holding.length;
    if (tilesWrong) holding = again;
  }
  for (const [leaf, { entry }] of judgement.edited) {
    const where = { leaf, place: entry.place, id: entry.id };
    if (!tilesWrong) findings.add({ kind: 'EDITED', ...where, detail: entry.flaw?.detail ?? 'its text is not the one that was sealed' });
    else
      findings.add({
        kind: 'TILE_WRONG',
        tile: `0/${Math.floor(leaf / 256)}`,
        ...where,
        detail: 'its hash there is not that of the entry, with which the signed roots come out',
      });
    if (tilesWrong && entry.flaw) flawed(entry, entry.flaw, leaf);
  }
  const proven = Math.max(0, ...holding.map((claim) => claim.size));
  const rebuilt = await findRebuilt();
  const aside = archives ? { findings: judgement.findings.map((finding) => withFile(finding, away)), leaves: 0 } : setAside(judgement.findings, away);
  for (const finding of aside.findings) if (!rebuilt || finding.kind !== 'TRUNCATED') findings.add(finding);
  if (!rebuilt && inTiles > signed) {
    const covered = lastLeaf >= signed;
    if (covered)
      findings.add({
        kind: 'TRUNCATED',
        leaf: signed,
        leaves: inTiles - signed,
        detail: 'the tree has these, and no checkpoint covers them: checkpoints are gone',
      });
    else
      findings.add({ kind: 'TILE_WRONG', tile: `0/${Math.floor(inTiles / 256)}`, detail: `the tiles hold ${inTiles} leaves, the newest checkpoint ${signed}` });
  }
  judgeClaims(asked, { holding: new Set(holding), proven, signed }, findings);
  if (rebuilt) findings.add(rebuilt);
  // From there on leaves and places are others than they were, and what times say follows from it.
  for (const finding of times.findings) if (!rebuilt || (finding.leaf ?? 0) < (rebuilt.leaf ?? 0)) findings.add(finding);

  const seals = claims.seals.filter((seal) => holding.some(({ size: sealed, root }) => sealed === seal.size && root.equals(seal.root)));
  const index = await indexOf();

  const total = Object.values(findings.counts).reduce((sum, count) => sum + count, 0);
  return {
    state: total > 0 ? 'FINDINGS' : aside.leaves > 0 ? 'PARTIAL' : 'CLEAN',
    counts: findings.counts,
    findings: findings.kept,
    size: signed,
    since: start.size,
    entries: read.entries,
    unsealed,
    checkpoints: claims.checkpoints,
    witnesses: claims.witnessed - notes.length,
    proven,
    index,
    archived: { months: aside.leaves > 0 ? away.map(({ month }) => month) : [], leaves: aside.leaves },
    milliseconds: performance.now() - began,
  };

  async function indexOf(): Promise<IndexVerification> {
    if (start.size > 0) return { state: 'NOT_VERIFIED', why: 'SINCE' };
    if (aside.leaves > 0) return { state: 'NOT_VERIFIED', why: 'ARCHIVED' };
    if (read.overflowed || ABOUT_ENTRIES.some((kind) => findings.counts[kind])) return { state: 'NOT_VERIFIED', why: 'FINDINGS' };
    return verifyIndex({ client, source, seals, progress: indexProgress }, findings);
  }

  /** What was done between the last root that holds and the first that does not, where nothing else tells it. */
  async function findRebuilt(): Promise<Finding | null> {
    const first = asked.find((claim) => claim.size > proven && claim.size <= size && !holding.includes(claim));
    if (!first) return null;
    const within = (leaf: number | undefined) => leaf !== undefined && leaf >= proven && leaf < first.size;
    const told = [...findings.kept, ...judgement.findings].some(({ kind, leaf }) => ['EDITED', 'MISSING', 'REORDERED'].includes(kind) && within(leaf));
    // The end is gone, and nothing before it: then the places end where they would.
    const cutOnly = first.size > inTiles && lastPlace < (claims.newest?.lastPlace ?? 0);
    if (told || cutOnly) return null;
    const holes = judgement.gone.reduce((sum, { leaves }) => sum + leaves, 0);
    const surplus = inTiles > signed ? inTiles - signed : -holes;
    return findAltered(client, {
      source,
      from: Math.max(proven, start.size),
      until: first.size,
      root: first.root,
      surplus,
      after,
      leaf: start.size,
      conspicuous: times.conspicuous,
    });
  }
}

function* oneAfterAnother(one: Iterable<string>, other: Iterable<string>): Generator<string, void, void> {
  yield* one;
  yield* other;
}

/** What is missing of a month that is recorded as archived, and is not in the files that were given. */
function withFile(finding: Finding, months: readonly MonthAway[]): Finding {
  const { kind, leaf = -1, leaves = 1 } = finding;
  const of = months.filter(({ firstLeaf, lastLeaf }) => leaf <= lastLeaf && leaf + leaves > firstLeaf).map(({ file }) => file);
  return kind === 'MISSING' && of.length > 0 ? { ...finding, detail: `${finding.detail}; recorded as archived: ${of.join(', ')}` } : finding;
}

/** Claims that do not hold although a later one does contradict it; claims of more than there is say what was cut off. */
function judgeClaims(
  asked: readonly Claim[],
  { holding, proven, signed }: { holding: ReadonlySet<Claim>; proven: number; signed: number },
  findings: Findings,
): void {
  for (const claim of asked) {
    const source = claim.checkpoint === undefined ? { witness: claim.witness } : { checkpoint: claim.checkpoint };
    if (claim.size > signed)
      findings.add({
        kind: 'TRUNCATED',
        ...source,
        leaf: signed,
        leaves: claim.size - signed,
        detail: `it was signed for ${claim.size} leaves, and the log ends at ${signed}`,
      });
    else if (!holding.has(claim) && claim.size <= proven)
      findings.add({
        kind: 'FORKED',
        ...source,
        detail: `it was signed for another root of the first ${claim.size} leaves than the log has, which was signed, too`,
      });
    else if (holding.has(claim) && claim.checkpoint === undefined)
      findings.add({ kind: 'MISSING', ...source, detail: `the checkpoint that the witness has seen at size ${claim.size} is not in the log any more` });
  }
}

/** Where verification begins, and the place after which. */
async function startOf(
  client: Client,
  { seals, lastPlaces }: Claims,
  since: VerifyOptions['since'],
  findings: Findings,
): Promise<{ start: Start; after: number }> {
  const whole = { start: FROM_NOTHING, after: Number.MIN_SAFE_INTEGER };
  if (!since) return whole;
  const seal = seals.findLast((claim) => ('size' in since ? claim.size <= since.size : claim.time <= since.time.getTime()));
  if (!seal || seal.size === 0) return whole;
  const start = await startAt(client, seal.size);
  const place = lastPlaces.find(({ number }) => number === seal.checkpoint)?.place;
  if (place !== undefined && start.frontier().root().equals(seal.root)) return { start, after: place };
  findings.add({
    kind: 'TILE_WRONG',
    checkpoint: seal.checkpoint,
    detail: 'the tiles do not have the root that was signed, so that everything is verified from the beginning',
  });
  return whole;
}
