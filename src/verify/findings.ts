/** What a verifier can find: a closed list, each with its meaning, and where it was found. */

/** In both languages, as in the table of faults. */
interface Meaning {
  readonly zh: string;
  readonly en: string;
}

export const FINDING_KINDS = Object.freeze({
  EDITED: { zh: '内容被改动', en: 'is not what was sealed' },
  MISSING: { zh: '缺失', en: 'is not there any more' },
  DUPLICATED: { zh: '重复', en: 'stands there more than once' },
  REORDERED: { zh: '顺序被改动', en: 'stands at another place than when it was sealed' },
  BACKDATED: { zh: '时间倒填', en: 'claims an earlier moment than that at which it came in' },
  TRUNCATED: { zh: '末尾被截断', en: 'the end of the log has been cut off' },
  FORKED: { zh: '历史分叉', en: 'two signed histories contradict each other' },
  WRONGLY_SIGNED: { zh: '签名不符', en: 'is not signed by a key that is trusted' },
  TILE_WRONG: { zh: '哈希块不符', en: 'a tile of the tree does not hold the hashes that follow from the entries' },
  BLOCK_WRONG: { zh: '位置索引不符', en: 'the index of places does not follow from the entries' },
  INDEX_WRONG: { zh: '企业索引不符', en: 'the index over enterprises does not follow from the entries' },
  MALFORMED: { zh: '不是审计条目', en: 'was sealed and is no audit entry of the format: it is in no statement, no figure and no alert' },
  UNREADABLE: { zh: '无法读取', en: 'cannot be read' },
} satisfies Record<string, Meaning>);

export type FindingKind = keyof typeof FINDING_KINDS;

/** One thing that is wrong, and where. */
export interface Finding {
  readonly kind: FindingKind;
  /** Leaf of the tree; the first of `leaves` where it concerns several side by side. */
  readonly leaf?: number;
  readonly leaves?: number;
  /** Place of the row, as the database gave it. */
  readonly place?: number;
  /** Id of the entry, which is that of its receipt. */
  readonly id?: string;
  /** Number of a checkpoint. */
  readonly checkpoint?: number;
  /** Line of the witness file. */
  readonly witness?: number;
  /** `level/number`. */
  readonly tile?: string;
  readonly block?: number;
  readonly detail: string;
}

/** A finding as one line. */
export function lineOf({ kind, detail, leaf, leaves, ...where }: Finding): string {
  const meaning = FINDING_KINDS[kind];
  const range = leaf === undefined ? [] : [leaves === undefined || leaves === 1 ? `leaf ${leaf}` : `leaves ${leaf}-${leaf + leaves - 1}`];
  const places = [...range, ...Object.entries(where).map(([name, value]) => `${name} ${value}`)];
  return `${kind.padEnd(14)} ${places.join(', ') || '-'}: ${meaning.zh} / ${meaning.en}; ${detail}`;
}

/** Findings, of which only so many are kept, and all are counted. */
export interface Findings {
  readonly kept: readonly Finding[];
  readonly counts: Readonly<Partial<Record<FindingKind, number>>>;
  add(finding: Finding): void;
}

const MOST_KEPT = 1_000;

export function openFindings(told?: (finding: Finding) => void): Findings {
  const kept: Finding[] = [];
  const counts: Partial<Record<FindingKind, number>> = {};
  return {
    kept,
    counts,
    add(finding) {
      counts[finding.kind] = (counts[finding.kind] ?? 0) + 1;
      if (kept.length >= MOST_KEPT) return;
      kept.push(finding);
      told?.(finding);
    },
  };
}
