/** Advisory locks: each number stands in one table, means one thing, and is used in one place. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { LOCKS } from '../../src/locks.js';
import { PROJECT, readHouse } from '../harness/house.js';

/** What locks by a number of its own, wherever it is written. */
const LITERAL = /\b7_?203_?\d{3}\b/g;
/** Locks that SQL functions take: their numbers can never change. */
const IN_SQL = new Set(['POLICY_EPOCH', 'APPENDING', 'MONTHS', 'HOLDING']);

const house = Object.entries(readHouse()).filter(([path]) => path !== 'locks.ts');
const folder = join(PROJECT, 'schema', 'migrations');
const migrations = readdirSync(folder).map((name): [string, string] => [name, readFileSync(join(folder, name), 'utf8')]);

/** What breaks the law of locks in texts by their name. */
function literalsIn(texts: readonly [string, string][]): string[] {
  return texts.flatMap(([name, text]) => [...text.matchAll(LITERAL)].map(([number]) => `${name}: ${number}`));
}
/** Every call that locks, with what stands as its key. */
function callsIn(text: string): string[] {
  return [...text.matchAll(/pg_(?:try_)?advisory_(?:xact_)?lock(?:_shared)?\s*\(([^'`"]*)/g)].map(([, key = '']) => key);
}

test('numbers are different, and stand in the table alone', () => {
  expect(new Set(Object.values(LOCKS)).size).toBe(Object.keys(LOCKS).length);
  expect(literalsIn(house)).toEqual([]);
  expect(literalsIn([['invented.ts', "query('select pg_advisory_xact_lock(7203199)'); const OTHER = 7_203_198;"]])).toEqual([
    'invented.ts: 7203199',
    'invented.ts: 7_203_198',
  ]);
});

test('each is used in one file, by its name, and none for nothing', () => {
  for (const name of Object.keys(LOCKS)) {
    const users = house.filter(([, text]) => new RegExp(`\\bLOCKS\\.${name}\\b`).test(text)).map(([path]) => path);
    // Who may append is also looked at by whoever sequences, and by whoever tells how that goes.
    const most = ['POLICY_EPOCH', 'APPENDING'].includes(name) ? 3 : 1;
    expect([name, users.length > 0, users.length <= most]).toEqual([name, name !== 'MONTHS', true]);
  }
});

test('whoever locks takes a number of the table', () => {
  const locking = house.filter(([, text]) => callsIn(text).length > 0);
  expect(locking.length).toBeGreaterThan(10);
  for (const [path, text] of locking) expect([path, text.includes('LOCKS.')]).toEqual([path, true]);
  for (const [path, text] of locking) for (const key of callsIn(text)) expect([path, key]).toEqual([path, expect.stringMatching(/\$1|\$\{LOCKS\./)]);
});

test('SQL takes those that are kept for it', () => {
  const named = new Map(Object.entries(LOCKS).map(([name, number]) => [String(number), name]));
  const met = new Set<string>();
  for (const [name, text] of migrations)
    for (const key of callsIn(text)) {
      const lock = named.get(key.split(')')[0] ?? '');
      expect([name, key.split(')')[0], lock]).toEqual([name, expect.any(String), expect.any(String)]);
      met.add(lock as string);
    }
  expect(met).toEqual(IN_SQL);
});
