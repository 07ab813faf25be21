/** Keys of checkpoints as whoever verifies follows them: a key that has handed over is trusted for what it signed, and no longer. */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { checkpointText, type NoteKey, signNote, verifierKeyOf } from '../../src/audit/note.js';
import type { Client } from '../../src/postgres.js';
import { readClaims } from '../../src/verify/claims.js';
import { openFindings } from '../../src/verify/findings.js';
import { parseKeys } from '../../src/verify/note.js';

const ORIGIN = 'zone.example/audit';
const newKey = (): NoteKey => ({ name: ORIGIN, secret: generateKeyPairSync('ed25519').privateKey });
const [first, second, third] = [newKey(), newKey(), newKey()];
const keys = parseKeys([first, second, third].map(verifierKeyOf).join('\n'));

const START = Date.parse('2026-11-22T10:00:00Z');
const rootAt = (size: number) => createHash('sha256').update(String(size)).digest();
const noteAt = (size: number, [key, ...others]: readonly [NoteKey, ...NoteKey[]]) =>
  signNote(checkpointText({ origin: ORIGIN, size, root: rootAt(size), time: new Date(START + size * 1000), lines: [] }), key, ...others);

async function claimsOf(signers: readonly (readonly [NoteKey, ...NoteKey[]])[], witnesses: readonly string[] = []) {
  const rows = signers.map((by, at) => {
    const size = 10 * (at + 1);
    return { number: at + 1, size, time: new Date(START + size * 1000), lastPlace: size, root: rootAt(size), note: noteAt(size, by) };
  });
  const findings = openFindings();
  const claims = await readClaims({ query: async () => ({ rows }) } as unknown as Client, { keys, witnesses }, findings);
  return {
    sizes: claims.seals.map(({ size }) => size),
    found: findings.kept.map(({ kind, checkpoint, witness, detail }) => ({ kind, at: checkpoint ?? witness, detail })),
  };
}

test('keys that hand over, one to the next, are followed', async () => {
  expect(await claimsOf([[first], [first], [second, first], [second], [third, second], [third]])).toEqual({ sizes: [10, 20, 30, 40, 50, 60], found: [] });
  // The order of the signatures says nothing, and whoever begins in the middle begins with the key that leaves.
  expect((await claimsOf([[first, second], [second]])).found).toEqual([expect.objectContaining({ kind: 'WRONGLY_SIGNED', at: 2 })]);
  expect((await claimsOf([[second, first], [second]])).found).toEqual([]);
  expect((await claimsOf([[first], [first, second], [second]])).found).toEqual([]);
});

test('a key that has handed over signs no more, and none takes over by itself', async () => {
  expect(await claimsOf([[first], [second, first], [first], [second]])).toMatchObject({
    sizes: [10, 20, 40],
    found: [{ kind: 'WRONGLY_SIGNED', at: 3, detail: expect.stringMatching(/had handed over at checkpoint 2$/) }],
  });
  expect(await claimsOf([[first], [second, first], [third, first], [third]])).toMatchObject({
    sizes: [10, 20],
    found: [
      { kind: 'WRONGLY_SIGNED', at: 3, detail: expect.stringMatching(/never handed over$/) },
      { kind: 'WRONGLY_SIGNED', at: 4 },
    ],
  });
  expect(await claimsOf([[first], [second]])).toMatchObject({ sizes: [10], found: [{ kind: 'WRONGLY_SIGNED', at: 2 }] });
});

test('a witness that holds a note of a key after it handed over is told; of one before, believed', async () => {
  const log = [[first], [second, first], [second]] as const;
  expect((await claimsOf(log, [noteAt(10, [first]), noteAt(20, [second, first]), noteAt(30, [second])])).found).toEqual([]);
  expect((await claimsOf(log, [noteAt(10, [first]), noteAt(25, [first])])).found).toEqual([
    { kind: 'WRONGLY_SIGNED', at: 2, detail: expect.stringMatching(/had handed over/) },
  ]);
});
