/** Proofs over trees of every small size, held against RFC 6962 as its text says it. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isBeginning } from '../../src/audit/consistency.js';
import { consistencySpans, inclusionSpans } from '../../src/audit/merkle.js';
import { rootByInclusion, rootOf } from '../harness/evidence.js';

const leaves = Array.from({ length: 300 }, (_, n) => createHash('sha256').update(String(n)).digest());
const tree = (size: number) => ({ size, root: rootOf(leaves.slice(0, size)) });
const hashes = (spans: readonly { from: number; until: number }[]) => spans.map(({ from, until }) => rootOf(leaves.slice(from, until)));
const pathOf = (older: number, newer: number) => hashes(consistencySpans(older, newer));

describe('a tree', () => {
  test('begins every larger one, and each proves it', () => {
    for (let newer = 0; newer <= 70; newer++)
      for (let older = 0; older <= newer; older++)
        expect([older, newer, isBeginning(tree(older), tree(newer), pathOf(older, newer))]).toEqual([older, newer, true]);
  });

  test('holds every leaf, and each proves it', () => {
    for (let size = 1; size <= 70; size++)
      for (let leaf = 0; leaf < size; leaf++) {
        const root = rootByInclusion({ hash: leaves[leaf] as Buffer, leaf, size, path: hashes(inclusionSpans(leaf, size)) });
        expect([leaf, size, root?.equals(tree(size).root)]).toEqual([leaf, size, true]);
      }
  });

  test('does not begin one in which any of its leaves is another', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 299 }), fc.integer({ min: 1, max: 300 }), fc.nat(), (one, other, which) => {
        const [older, newer] = [Math.min(one, other), Math.max(one, other)];
        const changed = [...leaves];
        changed[which % older] = createHash('sha256').update('changed').digest();
        const forked = { size: newer, root: rootOf(changed.slice(0, newer)) };
        const path = consistencySpans(older, newer).map(({ from, until }) => rootOf(changed.slice(from, until)));
        expect(isBeginning(tree(older), forked, path)).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  test('is not proven by a path in which a hash is missing, added or another', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 299 }), fc.integer({ min: 1, max: 300 }), fc.nat(), (one, other, which) => {
        fc.pre(one !== other);
        const [older, newer] = [Math.min(one, other), Math.max(one, other)];
        const path = pathOf(older, newer);
        const place = which % path.length;
        const spoiled = [path.toSpliced(place, 1), path.toSpliced(place, 0, leaves[0] as Buffer), path.toSpliced(place, 1, leaves[299] as Buffer)];
        for (const wrong of spoiled) expect(isBeginning(tree(older), tree(newer), wrong)).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  test('does not begin a smaller one, nor another of its size', () => {
    expect(isBeginning(tree(5), tree(4), [])).toBe(false);
    expect(isBeginning(tree(5), { size: 5, root: tree(4).root }, [])).toBe(false);
  });
});
