/** Proofs as files: JSON that whoever verifies reads without this system. */
import type { Consistency, Inclusion } from './proofs.js';

/** `zone-inclusion/1`: the receipt's leaf hash, folded with the path, is the root of the checkpoint. */
export function inclusionText({ receipt, leaf, path, checkpoint }: Extract<Inclusion, { state: 'PROVEN' }>): string {
  const { size, note } = checkpoint;
  return `${JSON.stringify({ kind: 'zone-inclusion/1', receipt, leaf, size, path: hexOf(path), checkpoint: note }, null, 2)}\n`;
}

/** `zone-consistency/1`: the tree of the older note begins that of the newer one. */
export function consistencyText({ older, newer, path }: Consistency): string {
  return `${JSON.stringify({ kind: 'zone-consistency/1', older: older.note, newer: newer.note, path: hexOf(path) }, null, 2)}\n`;
}

/** Hashes as proofs write them. */
export function hexOf(hashes: readonly Buffer[]): string[] {
  return hashes.map((hash) => hash.toString('hex'));
}
