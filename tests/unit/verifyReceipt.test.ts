/** Receipts and consistency by files alone: proofs of RFC 6962 made here by hand, and every way to spoil them. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { transformSync } from '@swc/core';
import fc from 'fast-check';
import { checkpointText, type NoteKey, signNote, verifierKeyOf } from '../../src/audit/note.js';
import { longestRun } from '../../src/verify/alignment.js';
import { openFrontier } from '../../src/verify/frontier.js';
import { hashOfLeaf, isConsistent, rootOfPath } from '../../src/verify/merkle.js';
import { openNote, parseKeys } from '../../src/verify/note.js';
import { parseReceipt, verifyConsistency, verifyReceipt } from '../../src/verify/receipt.js';
import { PROJECT, readHouse } from '../harness/house.js';
import { importsOf } from '../harness/syntax.js';

const sha = (...parts: Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
const node = (left: Buffer, right: Buffer) => sha(Buffer.from([1]), left, right);
const half = (count: number) => {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
};
/** MTH, PATH and SUBPROOF as RFC 6962, 2.1 words them. */
function rootOf(leaves: readonly Buffer[]): Buffer {
  if (leaves.length < 2) return leaves[0] ?? sha();
  const k = half(leaves.length);
  return node(rootOf(leaves.slice(0, k)), rootOf(leaves.slice(k)));
}
function pathOf(m: number, leaves: readonly Buffer[]): Buffer[] {
  if (leaves.length < 2) return [];
  const k = half(leaves.length);
  return m < k ? [...pathOf(m, leaves.slice(0, k)), rootOf(leaves.slice(k))] : [...pathOf(m - k, leaves.slice(k)), rootOf(leaves.slice(0, k))];
}
function subproof(m: number, leaves: readonly Buffer[], whole: boolean): Buffer[] {
  if (m === leaves.length) return whole ? [] : [rootOf(leaves)];
  const k = half(leaves.length);
  return m <= k
    ? [...subproof(m, leaves.slice(0, k), whole), rootOf(leaves.slice(k))]
    : [...subproof(m - k, leaves.slice(k), false), rootOf(leaves.slice(0, k))];
}

const texts = Array.from({ length: 70 }, (_, number) =>
  JSON.stringify({ id: `id-${number}`, time: `2026-11-22T10:00:${String(number % 60).padStart(2, '0')}.000Z` }),
);
const leaves = texts.map(hashOfLeaf);
const key: NoteKey = { name: 'zone.example/audit', secret: generateKeyPairSync('ed25519').privateKey };
const stranger: NoteKey = { name: 'zone.example/audit', secret: generateKeyPairSync('ed25519').privateKey };
const keys = parseKeys(`# of the zone\n${verifierKeyOf(key)}\n`);
const noteAt = (size: number, by = key) =>
  signNote(checkpointText({ origin: by.name, size, root: rootOf(leaves.slice(0, size)), time: new Date('2026-11-22T11:00:00Z'), lines: [] }), by);
const receiptOf = (leaf: number) => ({
  ...(JSON.parse(texts[leaf] as string) as { id: string; time: string }),
  leafHash: (leaves[leaf] as Buffer).toString('hex'),
});
const inclusion = (leaf: number, size: number, by = key) => ({
  kind: 'zone-inclusion/1',
  receipt: receiptOf(leaf),
  leaf,
  size,
  path: pathOf(leaf, leaves.slice(0, size)).map((hash) => hash.toString('hex')),
  checkpoint: noteAt(size, by),
});
const consistency = (older: number, newer: number) => ({
  kind: 'zone-consistency/1',
  older: noteAt(older),
  newer: noteAt(newer),
  path: older === newer || older === 0 ? [] : subproof(older, leaves.slice(0, newer), true).map((hash) => hash.toString('hex')),
});

describe('the tree', () => {
  test('frontier, paths and consistency agree with RFC 6962 at every size', () => {
    const frontier = openFrontier();
    for (let size = 0; size <= leaves.length; size++) {
      const tree = { size, root: rootOf(leaves.slice(0, size)) };
      expect(frontier.root()).toEqual(tree.root);
      for (let leaf = 0; leaf < size; leaf++) expect(rootOfPath(leaves[leaf] as Buffer, leaf, size, pathOf(leaf, leaves.slice(0, size)))).toEqual(tree.root);
      for (let older = 1; older <= size; older++)
        expect(
          isConsistent({ size: older, root: rootOf(leaves.slice(0, older)) }, tree, older === size ? [] : subproof(older, leaves.slice(0, size), true)),
        ).toBe(true);
      if (size < leaves.length) frontier.push(leaves[size] as Buffer, 0);
    }
  });
  test('no other leaf, size or path leads to the root', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 70 }), fc.nat(69), fc.nat(69), fc.nat(6), (size, one, other, at) => {
        const [leaf, wrong] = [one % size, other % size];
        const path = pathOf(leaf, leaves.slice(0, size));
        const root = rootOf(leaves.slice(0, size));
        if (wrong !== leaf) expect(rootOfPath(leaves[wrong] as Buffer, leaf, size, path)?.equals(root) ?? false).toBe(false);
        const spoilt = path.map((hash, position) => (position === at % path.length ? sha(hash) : hash));
        expect(rootOfPath(leaves[leaf] as Buffer, leaf, size, spoilt)?.equals(root) ?? false).toBe(false);
        expect(rootOfPath(leaves[leaf] as Buffer, leaf, size, path.slice(1))?.equals(root) ?? false).toBe(false);
        expect(rootOfPath(leaves[leaf] as Buffer, leaf, size, [...path, root])).toBeNull();
      }),
    );
  });
  test('the longest run in order is in order, and none is longer', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1, max: 9 }), { maxLength: 9 }), (values) => {
        const run = longestRun(values);
        const picked = run.map((at) => values[at] as number);
        expect(picked.every((value, at) => value >= 0 && (at === 0 || value > (picked[at - 1] as number)))).toBe(true);
        let most = 0;
        for (let mask = 0; mask < 2 ** values.length; mask++) {
          const chosen = values.filter((_, at) => (mask >> at) & 1);
          if (chosen.every((value, at) => value >= 0 && (at === 0 || value > (chosen[at - 1] as number)))) most = Math.max(most, chosen.length);
        }
        expect(run.length).toBe(most);
      }),
    );
  });
});

describe('signed notes', () => {
  test('any byte that is changed is noticed', () => {
    const note = noteAt(7);
    for (let at = 0; at < note.length; at++) {
      const other = note.slice(0, at) + (note[at] === 'A' ? 'B' : 'A') + note.slice(at + 1);
      expect(openNote(other, keys).state).not.toBe('SIGNED');
    }
    expect(openNote(note, keys)).toMatchObject({ state: 'SIGNED', sealed: { size: 7, origin: 'zone.example/audit' } });
  });
  test('two keys may sign; one that is known may not sign wrongly', () => {
    const [text, signed] = noteAt(7).split('\n\n') as [string, string];
    const other = noteAt(7, stranger).split('\n\n')[1] as string;
    const both = `${text}\n\n${other}${signed}`;
    expect(openNote(both, keys).state).toBe('SIGNED');
    expect(openNote(noteAt(7, stranger), keys).state).toBe('WRONGLY_SIGNED');
    const wrong = noteAt(8, stranger).split('\n\n')[1] as string;
    expect(openNote(`${text}\n\n${wrong}${signed}`, [...keys, ...parseKeys(verifierKeyOf(stranger))]).state).toBe('WRONGLY_SIGNED');
  });
  test('a key that is none is refused', () => {
    expect(() => parseKeys('zone.example/audit+00000000+AAAA')).toThrow('line 1');
    expect(() => parseKeys(verifierKeyOf(key).replace(/\+[0-9a-f]{8}\+/, '+00000000+'))).toThrow('key id');
  });
});

describe('receipts', () => {
  const spoil = (proof: object) => verifyReceipt(receiptOf(3), JSON.stringify(proof), keys);
  test('a receipt in the log is proven, with its entry', () => {
    expect(verifyReceipt(receiptOf(3), JSON.stringify(inclusion(3, 70)), keys, texts[3])).toMatchObject({ state: 'PROVEN' });
    expect(verifyReceipt(receiptOf(0), JSON.stringify(inclusion(0, 1)), keys)).toMatchObject({ state: 'PROVEN' });
  });
  test.each([
    ['UNREADABLE', { ...inclusion(3, 70), kind: 'zone-inclusion/2' }],
    ['UNREADABLE', { ...inclusion(3, 70), path: ['zz'] }],
    ['UNREADABLE', { ...inclusion(3, 70), leaf: -1 }],
    ['UNREADABLE', { ...inclusion(3, 70), checkpoint: 'zone' }],
    ['OTHER_RECEIPT', inclusion(4, 70)],
    ['OTHER_RECEIPT', { ...inclusion(3, 70), receipt: { ...receiptOf(3), time: '2026-11-22T10:00:04.000Z' } }],
    ['NOT_INCLUDED', { ...inclusion(3, 70), leaf: 4 }],
    ['NOT_INCLUDED', { ...inclusion(3, 70), size: 69 }],
    ['NOT_INCLUDED', { ...inclusion(3, 70), path: inclusion(4, 70).path }],
    ['NOT_INCLUDED', { ...inclusion(3, 70), checkpoint: noteAt(69) }],
    ['WRONGLY_SIGNED', inclusion(3, 70, stranger)],
  ])('%s', (kind, proof) => expect(spoil(proof)).toMatchObject({ state: 'FAILED', kind }));
  test('an entry that is not that of the receipt', () => {
    const proof = JSON.stringify(inclusion(3, 70));
    expect(verifyReceipt(receiptOf(3), proof, keys, texts[4])).toMatchObject({ kind: 'OTHER_ENTRY' });
    expect(verifyReceipt(receiptOf(3), proof, keys, `${texts[3]} `)).toMatchObject({ kind: 'OTHER_ENTRY' });
  });
  test('a receipt is read from an answer, from a line, from itself', () => {
    const receipt = receiptOf(5);
    for (const text of [JSON.stringify({ data: {}, extensions: { receipt } }), JSON.stringify(receipt), `${receipt.id},${receipt.time},${receipt.leafHash}\n`])
      expect(parseReceipt(text)).toEqual(receipt);
    expect(() => parseReceipt('{}')).toThrow('a receipt');
  });
});

describe('consistency', () => {
  test('a log that went on is proven to continue', () => {
    for (const [older, newer] of [
      [1, 70],
      [64, 70],
      [69, 70],
      [70, 70],
      [0, 5],
    ] as const)
      expect(verifyConsistency(JSON.stringify(consistency(older, newer)), keys)).toMatchObject({ state: 'PROVEN' });
  });
  test.each([
    ['TRUNCATED', { ...consistency(30, 60), older: noteAt(60), newer: noteAt(30) }],
    ['FORKED', { ...consistency(30, 60), path: consistency(31, 60).path }],
    ['FORKED', { ...consistency(30, 60), older: noteAt(29) }],
    ['WRONGLY_SIGNED', { ...consistency(30, 60), newer: noteAt(60, stranger) }],
    ['UNREADABLE', { kind: 'zone-consistency/1' }],
  ])('%s', (kind, proof) => expect(verifyConsistency(JSON.stringify(proof), keys)).toMatchObject({ state: 'FAILED', kind }));
});

describe('standing alone', () => {
  const house = readHouse();
  /** Every file that one needs, and every module that is none of the house. */
  const needs = (path: string, seen = new Set<string>(), modules = new Set<string>()) => {
    if (seen.has(path)) return { seen, modules };
    seen.add(path);
    for (const { to, typeOnly } of importsOf(path, house[path] as string)) {
      if (typeOnly) continue;
      if (to?.startsWith('.')) needs(join(path, '..', to).replace(/\.js$/, '.ts'), seen, modules);
      else modules.add(String(to));
    }
    return { seen, modules };
  };
  const { seen, modules } = needs('verify/standalone.ts');

  test('it needs its neighbours and what Node brings, nothing else', () => {
    expect([...seen].sort()).toEqual(['verify/merkle.ts', 'verify/note.ts', 'verify/receipt.ts', 'verify/standalone.ts']);
    expect([...modules].filter((module) => !module.startsWith('node:'))).toEqual([]);
  });
  test('nothing in the room takes anything of the writer', () => {
    const taken = Object.keys(house)
      .filter((path) => path.startsWith('verify/'))
      .flatMap((path) => importsOf(path, house[path] as string).map(({ to }) => to));
    expect(taken.filter((to) => to?.includes('audit'))).toEqual([]);
  });
  test('it runs from a folder that holds nothing else, and says by its exit code what it found', () => {
    const folder = mkdtempSync(join(tmpdir(), 'zone-alone-'));
    try {
      for (const path of seen) {
        const { code } = transformSync(readFileSync(join(PROJECT, 'src', path), 'utf8'), {
          filename: join(PROJECT, 'src', path),
          configFile: join(PROJECT, '.swcrc'),
        });
        writeFileSync(join(folder, path.replace('verify/', '').replace(/\.ts$/, '.js')), code);
      }
      writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
      const write = (name: string, text: string) => {
        writeFileSync(join(folder, name), text);
        return join(folder, name);
      };
      const files = ['--keys', write('keys.txt', verifierKeyOf(key)), '--proof', write('proof.json', JSON.stringify(inclusion(9, 40)))];
      const run = (...args: string[]) => spawnSync(process.execPath, [join(folder, 'standalone.js'), ...args], { encoding: 'utf8', cwd: folder });
      const proven = run(
        'receipt',
        ...files,
        '--receipt',
        write('receipt.json', JSON.stringify(receiptOf(9))),
        '--entry',
        write('entry.json', `${texts[9]}\n`),
      );
      expect([proven.status, proven.stdout]).toEqual([0, expect.stringMatching(/^已证明 \/ PROVEN/)]);
      const { id, time, leafHash } = receiptOf(8);
      const other = run('receipt', ...files, '--receipt', `${id},${time},${leafHash}`, '--json');
      expect([other.status, JSON.parse(other.stdout)]).toEqual([2, expect.objectContaining({ state: 'FAILED', kind: 'OTHER_RECEIPT' })]);
      expect(run('receipt', ...files, '--receipt', join(folder, 'nothing')).status).toBe(1);
      expect(run('receipt').status).toBe(1);
      const continued = ['consistency', '--keys', join(folder, 'keys.txt'), '--proof', write('consistency.json', JSON.stringify(consistency(12, 40)))];
      expect(execFileSync(process.execPath, [join(folder, 'standalone.js'), ...continued], { encoding: 'utf8' })).toContain('PROVEN');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
