/** Mutants fit the source as it is; that the fuzz kills them is for `npm run mutants`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { PROJECT } from '../harness/house.js';
import { MUTANTS } from './mutants.js';
import { PLANNER_MUTANTS } from './plannerMutants.js';

test('there are forty mutants at least, of access, release and exchange', () => {
  expect(MUTANTS.length).toBeGreaterThanOrEqual(40);
  for (const room of ['src/access/', 'src/records/release.ts', 'src/exchange/']) expect(MUTANTS.some(({ file }) => file.startsWith(room))).toBe(true);
});

test('there are twenty at least of what answers by plan', () => {
  expect(PLANNER_MUTANTS.length).toBeGreaterThanOrEqual(20);
  for (const file of ['records/template', 'records/texts', 'exchange/plan', 'exchange/planned', 'exchange/unfold'])
    expect(PLANNER_MUTANTS.some((one) => one.file === `src/${file}.ts`)).toBe(true);
});

test.each([...MUTANTS, ...PLANNER_MUTANTS])('$file: $breaks', ({ file, search, replacement }) => {
  const parts = readFileSync(join(PROJECT, file), 'utf8').split(search);
  expect(parts).toHaveLength(2);
  expect(replacement).not.toBe(search);
});
