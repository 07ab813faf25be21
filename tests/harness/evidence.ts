/** What tests of the log's evidence share: entries in numbers, and proofs checked by the texts of RFC 9162 and of signed notes. */
import { createHash, createPublicKey, verify } from 'node:crypto';
import { leafHash } from '../../src/audit/entry.js';
import { newRequestId } from '../../src/http/requestId.js';
import type { TestZone } from './zone.js';

const sha = (...parts: Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
const nodeOf = (left: Buffer, right: Buffer) => sha(Buffer.from([1]), left, right);

/** RFC 6962 as its text says it. */
export function rootOf(leaves: readonly Buffer[]): Buffer {
  if (leaves.length < 2) return leaves[0] ?? sha();
  let half = 1;
  while (half * 2 < leaves.length) half *= 2;
  return nodeOf(rootOf(leaves.slice(0, half)), rootOf(leaves.slice(half)));
}

/** The root that a leaf and its path lead to (RFC 9162, 2.1.3.2); null where the path is too long or too short. */
export function rootByInclusion({ hash, leaf, size, path }: { hash: Buffer; leaf: number; size: number; path: readonly Buffer[] }): Buffer | null {
  let [node, last, root] = [leaf, size - 1, hash];
  for (const sibling of path) {
    if (last === 0) return null;
    if (node % 2 === 1 || node === last) {
      root = nodeOf(sibling, root);
      while (node % 2 === 0 && node !== 0) [node, last] = [node >> 1, last >> 1];
    } else root = nodeOf(root, sibling);
    [node, last] = [node >> 1, last >> 1];
  }
  return last === 0 ? root : null;
}

/** What a signed note says, and which of the verifier keys have rightly signed it. */
export function readNote(note: string, verifiers: readonly string[]): { size: number; root: Buffer; signers: string[] } {
  const end = note.indexOf('\n\n') + 1;
  const text = note.slice(0, end);
  const [, size, root] = text.split('\n');
  const signatures = note
    .slice(end + 1)
    .split('\n')
    .filter(Boolean)
    .map((line) => Buffer.from(line.split(' ')[2] as string, 'base64'));
  const signers = verifiers.filter((verifier) => {
    const [, id, key] = /^.+\+([0-9a-f]{8})\+(.+)$/.exec(verifier) ?? [];
    const raw = Buffer.from(key as string, 'base64').subarray(1);
    const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw]);
    return signatures.some(
      (bytes) =>
        bytes.subarray(0, 4).toString('hex') === id &&
        verify(null, Buffer.from(text), createPublicKey({ key: der, format: 'der', type: 'spki' }), bytes.subarray(4)),
    );
  });
  return { size: Number(size), root: Buffer.from(root as string, 'base64'), signers };
}

let added = 0;

/** Adds so many entries, whose texts say nothing, by the way that entries come in. @returns their ids */
export async function addEntries({ owner }: Pick<TestZone, 'owner'>, count: number): Promise<string[]> {
  const numbers = Array.from({ length: count }, () => added++);
  const entries = numbers.map((n) => JSON.stringify({ n }));
  const ids = numbers.map(() => newRequestId());
  const times = numbers.map(() => new Date().toISOString());
  const hashes = entries.map(leafHash);
  await owner.query({ text: 'select append_audit($1, $2, $3, $4, $5)', values: [ids, times, numbers.map(() => null), entries, hashes] });
  return ids;
}
