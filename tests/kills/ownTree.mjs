// RFC 6962 once more, written for the checker alone: a tree that grows by one leaf at a time and tells its root at any size.
import { createHash, createPublicKey, verify } from 'node:crypto';

const sha256 = (...parts) => createHash('sha256').update(Buffer.concat(parts)).digest();
export const leafOf = (text) => sha256(Buffer.from([0]), Buffer.from(text, 'utf8'));

export class OwnTree {
  size = 0;
  /** Roots of complete subtrees, the largest first. */
  #peaks = [];
  add(leaf) {
    let hash = leaf;
    for (let left = this.size; left % 2 === 1; left = (left - 1) / 2) hash = sha256(Buffer.from([1]), this.#peaks.pop(), hash);
    this.#peaks.push(hash);
    this.size++;
  }
  get root() {
    return this.#peaks.length === 0 ? sha256() : this.#peaks.reduceRight((right, left) => sha256(Buffer.from([1]), left, right));
  }
}

/** What is wrong with a signed note of this size and root; null where nothing is. */
export function faultOfNote(note, { origin, size, root, secretPem }) {
  const end = note.indexOf('\n\n');
  const [text, signatures] = [
    note.slice(0, end + 1),
    note
      .slice(end + 2)
      .trimEnd()
      .split('\n'),
  ];
  const [saidOrigin, saidSize, saidRoot] = text.split('\n');
  if (saidOrigin !== origin) return 'another log';
  if (saidSize !== String(size)) return `says ${saidSize} leaves`;
  if (saidRoot !== root.toString('base64')) return 'another root';
  const key = createPublicKey(secretPem);
  const signed = signatures.some((line) => {
    const [, name, value] = /^— (\S+) (\S+)$/.exec(line) ?? [];
    return name === origin && verify(null, Buffer.from(text, 'utf8'), key, Buffer.from(value, 'base64').subarray(4));
  });
  return signed ? null : 'not signed';
}

/** RFC 8785 for what `JSON.parse` gives: members by their UTF-16 code units, numbers and strings as JavaScript writes them. */
export function canonicalText(value) {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonicalText(value[name])}`).join(',')}}`;
}
