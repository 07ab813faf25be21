/** A small campaign of kill -9 under load: whatever a client received has its entry. `npm run kills` strikes two hundred times. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

test('after a gateway and a database were killed, and one SIGTERM, under load every answer has its entry, and the tree holds them all', () => {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [join('tests', 'kills', 'kills.mjs'), '--kills', '2', '--drains', '1', '--callers', '4', '--seed', '3', '--json'],
    { encoding: 'utf8' },
  );
  expect([status, stderr]).toEqual([0, '']);
  const { struck, received, matched, answered, entries, leaves, checkpoints, faults } = JSON.parse(stdout);
  expect(faults).toEqual([]);
  // That is what this seed strikes, whatever the machine makes of it.
  expect(struck).toEqual({ gateway: 1, postgres: 1, backend: 0, drain: 1 });
  // Between any two blows something was received, so the comparison was of something.
  expect(Math.min(received, matched)).toBeGreaterThan(30);
  expect(answered).toBeGreaterThan(10);
  expect(leaves).toBe(entries);
  expect(entries).toBeGreaterThanOrEqual(matched);
  expect(checkpoints).toBeGreaterThan(2);
}, 900_000);
