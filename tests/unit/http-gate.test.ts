import { expect, test } from '@jest/globals';
import { openGate, partOf } from '../../src/http/gate.js';

const BOUNDS = { all: { aSecond: 10, mostAtOnce: 6 }, each: { aSecond: 4, mostAtOnce: 2 } };

/** How many of so many requests one after another are let in; each ends at once. */
const entering = (gate: ReturnType<typeof openGate>, address: string, requests = 100) =>
  Array.from({ length: requests }, () => {
    const leave = gate(address);
    leave?.();
    return leave !== null;
  }).filter(Boolean).length;

test('an address spends what is its own, and leaves the others theirs', () => {
  let now = 0;
  const gate = openGate(BOUNDS, () => now);
  expect(entering(gate, '192.0.2.1')).toBe(8);
  expect(entering(gate, '192.0.2.2')).toBe(8);
  // All together have a bound, too.
  expect(entering(gate, '192.0.2.3')).toBe(4);
  now += 1_000;
  expect(entering(gate, '192.0.2.1')).toBe(4);
});

test('an address holds some of the places and not all', () => {
  const gate = openGate(BOUNDS, () => 0);
  const held = ['a', 'a', 'a', 'b', 'b', 'b', 'c', 'c', 'd'].map((name) => gate(`2001:db8:0:${name}::1`));
  expect(held.map((leave) => leave !== null)).toEqual([true, true, false, true, true, false, true, true, false]);
  held[0]?.();
  expect(gate('2001:db8:0:d::1')).not.toBeNull();
});

test.each([
  ['2001:db8:1:2::1', '2001:db8:1:2:aaaa:bbbb:cccc:dddd', true],
  ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
  ['::ffff:192.0.2.1', '192.0.2.1', true],
  ['192.0.2.1', '192.0.2.2', false],
  ['fe80::1', 'fe80::2', true],
])('%s and %s are of one client: %s', (first, second, alike) => {
  const gate = openGate({ ...BOUNDS, each: { aSecond: 4, mostAtOnce: 1 } }, () => 0);
  expect(gate(first)).not.toBeNull();
  expect(gate(second) === null).toBe(alike);
});

test('processes that share bounds let in as many as one would', () => {
  const gates = [1, 2].map(() => openGate({ all: partOf(BOUNDS.all, 2), each: partOf(BOUNDS.each, 2) }, () => 0));
  const entered = gates.map((gate) => entering(gate, '192.0.2.1'));
  expect(entered).toEqual([4, 4]);
  expect(partOf({ aSecond: 10, mostAtOnce: 3 }, 8)).toEqual({ aSecond: 1.25, mostAtOnce: 1 });
});
