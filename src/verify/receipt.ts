/** Whether a receipt stands in a signed log, and whether one signed log continues another: needs the files and the keys, nothing else. */
import { HASH_BYTES, hashOfLeaf, isConsistent, rootOfPath } from './merkle.js';
import { openNote, type SealedTree, type VerifierKey } from './note.js';

/** What an answer carries in `extensions.receipt`. */
export interface Receipt {
  readonly id: string;
  readonly time: string;
  readonly leafHash: string;
}
export type FailureKind = 'UNREADABLE' | 'WRONGLY_SIGNED' | 'OTHER_RECEIPT' | 'NOT_INCLUDED' | 'OTHER_ENTRY' | 'TRUNCATED' | 'FORKED';
/** What was proven, in both languages; or what was not, and why. */
export type Verdict =
  | { readonly state: 'PROVEN'; readonly zh: readonly string[]; readonly en: readonly string[] }
  | { readonly state: 'FAILED'; readonly kind: FailureKind; readonly zh: string; readonly en: string };

interface InclusionProof {
  readonly kind: 'zone-inclusion/1';
  readonly receipt: Receipt;
  readonly leaf: number;
  readonly size: number;
  readonly path: readonly string[];
  readonly checkpoint: string;
}
interface ConsistencyProof {
  readonly kind: 'zone-consistency/1';
  readonly older: string;
  readonly newer: string;
  readonly path: readonly string[];
}

const failed = (kind: FailureKind, zh: string, en: string): Verdict => ({ state: 'FAILED', kind, zh, en });
/** Of a million million leaves the path is no longer. */
const LONGEST_PATH = 128;

/** A receipt as a file has it: JSON (also a whole answer of the gateway), or `id,time,leafHash`. @throws Error where it is none */
export function parseReceipt(text: string): Receipt {
  if (!text.trimStart().startsWith('{')) {
    const [id = '', time = '', leafHash = ''] = text.trim().split(',');
    return checkedReceipt({ id, time, leafHash });
  }
  const parsed = JSON.parse(text) as { receipt?: unknown; extensions?: { receipt?: unknown } };
  return checkedReceipt(parsed.extensions?.receipt ?? parsed.receipt ?? parsed);
}

function checkedReceipt(value: unknown): Receipt {
  const { id, time, leafHash } = (value ?? {}) as Partial<Record<keyof Receipt, unknown>>;
  if (typeof id !== 'string' || id === '' || typeof time !== 'string' || typeof leafHash !== 'string' || !/^[0-9a-f]{64}$/.test(leafHash))
    throw new Error('a receipt has an id, a time and a leafHash of 64 hexadecimal digits');
  return { id, time, leafHash };
}

/** @param entry the canonical text of the entry, where it is at hand */
export function verifyReceipt(receipt: Receipt, proofText: string, keys: readonly VerifierKey[], entry?: string): Verdict {
  const proof = parsed<InclusionProof>(proofText, 'zone-inclusion/1');
  const path = hashesIn(proof?.path);
  if (!proof || !path || !isCount(proof.leaf) || !isCount(proof.size) || typeof proof.checkpoint !== 'string')
    return failed('UNREADABLE', '证明文件不是 zone-inclusion/1 格式', 'The proof is not of the format zone-inclusion/1');
  const { id, time, leafHash } = proof.receipt ?? {};
  if (id !== receipt.id || time !== receipt.time || leafHash !== receipt.leafHash)
    return failed('OTHER_RECEIPT', '证明针对的是另一张回执', 'The proof is about another receipt');
  const sealed = sealedBy(proof.checkpoint, keys, 'checkpoint');
  if ('state' in sealed) return sealed;
  const root = rootOfPath(Buffer.from(receipt.leafHash, 'hex'), proof.leaf, sealed.size, path);
  if (proof.size !== sealed.size || !root?.equals(sealed.root))
    return failed(
      'NOT_INCLUDED',
      '由回执与路径算不出已签名的根：日志中没有此回执',
      'Receipt and path do not lead to the signed root: the log does not hold this receipt',
    );
  if (entry !== undefined) {
    const wrong = entryFault(entry, receipt);
    if (wrong) return wrong;
  }
  const at = sealed.time.toISOString();
  return {
    state: 'PROVEN',
    zh: [
      `日志 ${sealed.origin} 由受信任的密钥签名，于 ${at} 有 ${sealed.size} 条`,
      `回执 ${receipt.id} 是其中第 ${proof.leaf} 条（从 0 起），此后改动或删除都会被发现`,
      ...(entry === undefined ? [] : ['所给条目的内容就是被记录的内容，编号与时间与回执一致']),
    ],
    en: [
      `The log ${sealed.origin}, signed by a key that is trusted, held ${sealed.size} entries at ${at}`,
      `Receipt ${receipt.id} is entry ${proof.leaf} of them (counted from 0): it cannot be changed or taken out unnoticed`,
      ...(entry === undefined ? [] : ['The entry at hand is what was recorded, and has the id and the time of the receipt']),
    ],
  };
}

export function verifyConsistency(proofText: string, keys: readonly VerifierKey[]): Verdict {
  const proof = parsed<ConsistencyProof>(proofText, 'zone-consistency/1');
  const path = hashesIn(proof?.path);
  if (!proof || !path || typeof proof.older !== 'string' || typeof proof.newer !== 'string')
    return failed('UNREADABLE', '证明文件不是 zone-consistency/1 格式', 'The proof is not of the format zone-consistency/1');
  const older = sealedBy(proof.older, keys, 'older');
  if ('state' in older) return older;
  const newer = sealedBy(proof.newer, keys, 'newer');
  if ('state' in newer) return newer;
  if (older.origin !== newer.origin) return failed('FORKED', '两个检查点属于不同的日志', 'The two checkpoints are of different logs');
  if (older.size > newer.size) return failed('TRUNCATED', '较新的检查点条数更少：日志被截断', 'The newer checkpoint has fewer entries: the log was cut');
  if (!isConsistent(older, newer, path)) return failed('FORKED', '较新的日志不是较早日志的延续', 'The newer log does not continue the older one');
  return {
    state: 'PROVEN',
    zh: [
      `日志 ${newer.origin} 的前 ${older.size} 条自 ${older.time.toISOString()} 至 ${newer.time.toISOString()} 未变，其后增加了 ${newer.size - older.size} 条`,
    ],
    en: [
      `The first ${older.size} entries of the log ${newer.origin} did not change from ${older.time.toISOString()} to ${newer.time.toISOString()}; ${newer.size - older.size} were added`,
    ],
  };
}

function entryFault(text: string, receipt: Receipt): Verdict | null {
  if (hashOfLeaf(text).toString('hex') !== receipt.leafHash)
    return failed('OTHER_ENTRY', '条目内容的哈希与回执不符', 'The entry does not have the hash that the receipt says');
  try {
    const entry = JSON.parse(text) as { id?: unknown; time?: unknown } | null;
    if (entry?.id === receipt.id && entry.time === receipt.time) return null;
  } catch {
    // What is no JSON has no id either.
  }
  return failed('OTHER_ENTRY', '条目的编号或时间与回执不符', 'The entry has another id or time than the receipt');
}

function sealedBy(note: string, keys: readonly VerifierKey[], name: string): SealedTree | Extract<Verdict, { state: 'FAILED' }> {
  const opened = openNote(note, keys);
  if (opened.state === 'SIGNED') return opened.sealed;
  const zh = opened.state === 'UNREADABLE' ? '无法读取' : '没有受信任密钥的有效签名';
  return { state: 'FAILED', kind: opened.state, zh: `检查点（${name}）${zh}`, en: `Checkpoint (${name}): ${opened.why}` };
}

function parsed<Proof extends { kind: string }>(text: string, kind: Proof['kind']): Proof | null {
  try {
    const value = JSON.parse(text) as Proof | null;
    return value?.kind === kind ? value : null;
  } catch {
    return null;
  }
}

function hashesIn(path: unknown): Buffer[] | null {
  if (!Array.isArray(path) || path.length > LONGEST_PATH || !path.every((hash) => typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash))) return null;
  return path.map((hash: string) => Buffer.from(hash, 'hex')).filter(({ length }) => length === HASH_BYTES);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
