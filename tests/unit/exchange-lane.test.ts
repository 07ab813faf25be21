import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { type Lane, openLane } from '../../src/exchange/lane.js';
import { Fault } from '../../src/faults.js';

const SMALL = { records: 1, values: 10 };
/** More than may ever be under way at once. */
const LARGEST = { records: 20_000, values: 300_000 };

/** Enters and tells whether the work has begun, once everything that can happen now has happened. */
function enter(lane: Lane, work: { records: number; values: number }) {
  const state = { begun: false, refused: null as unknown, leave: (): void => undefined };
  lane.enter(work).then(
    (leave) => Object.assign(state, { begun: true, leave }),
    (error: unknown) => Object.assign(state, { refused: error }),
  );
  return state;
}
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('the lane', () => {
  test('lets work begin at once where there is room', async () => {
    const lane = openLane();
    const all = Array.from({ length: 100 }, () => enter(lane, SMALL));
    await settled();
    expect(all.every(({ begun }) => begun)).toBe(true);
  });

  test('lets the largest work begin where nothing else is under way', async () => {
    const lane = openLane();
    const first = enter(lane, LARGEST);
    await settled();
    expect(first.begun).toBe(true);
    first.leave();
    const second = enter(lane, LARGEST);
    await settled();
    expect(second.begun).toBe(true);
  });

  test('keeps others waiting while the largest is under way, and lets them in when it has left', async () => {
    const lane = openLane();
    const large = enter(lane, LARGEST);
    const small = enter(lane, SMALL);
    await settled();
    expect([large.begun, small.begun]).toEqual([true, false]);
    large.leave();
    await settled();
    expect(small.begun).toBe(true);
    small.leave();
  });

  test('serves first who came first: the large is not overtaken by the small', async () => {
    const lane = openLane();
    const [first, large, small] = [enter(lane, SMALL), enter(lane, LARGEST), enter(lane, SMALL)];
    await settled();
    expect([first.begun, large.begun, small.begun]).toEqual([true, false, false]);
    first.leave();
    await settled();
    expect([large.begun, small.begun]).toEqual([true, false]);
    large.leave();
    await settled();
    expect(small.begun).toBe(true);
    small.leave();
  });

  test('counts work that leaves twice once', async () => {
    const lane = openLane();
    const first = enter(lane, LARGEST);
    await settled();
    first.leave();
    first.leave();
    const [second, third] = [enter(lane, LARGEST), enter(lane, LARGEST)];
    await settled();
    expect([second.begun, third.begun]).toEqual([true, false]);
    second.leave();
    await settled();
    third.leave();
  });

  test('refuses at once where too many wait already', async () => {
    const lane = openLane();
    const first = enter(lane, LARGEST);
    const waiting = Array.from({ length: 1_001 }, () => enter(lane, LARGEST));
    await settled();
    expect(waiting.filter(({ refused }) => refused !== null)).toEqual(waiting.slice(-1));
    expect(waiting.at(-1)?.refused).toEqual(new Fault('OVERLOADED'));
    for (const one of [first, ...waiting.slice(0, -1)]) {
      await settled();
      one.leave();
    }
  });

  test('refuses who has waited too long, and then lets the next begin', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    try {
      const lane = openLane();
      const first = enter(lane, SMALL);
      const large = enter(lane, LARGEST);
      jest.advanceTimersByTime(4_000);
      const late = enter(lane, SMALL);
      await settled();
      expect([first.begun, large.refused, late.begun]).toEqual([true, null, false]);
      jest.advanceTimersByTime(1_000);
      await settled();
      expect(large.refused).toEqual(new Fault('OVERLOADED'));
      // Who stood behind it had to wait for it alone.
      expect([late.begun, late.refused]).toEqual([true, null]);
    } finally {
      jest.useRealTimers();
    }
  });

  test('is as free as at first when all have left, whatever they weighed', async () => {
    const work = fc.record({ records: fc.nat(500), values: fc.nat(9_999) });
    await fc.assert(
      fc.asyncProperty(fc.array(work, { maxLength: 40 }), fc.infiniteStream(fc.nat(100)), async (works, order) => {
        const lane = openLane();
        const under = works.map((one) => enter(lane, one));
        await settled();
        while (under.length > 0) {
          const [leaving] = under.splice((order.next().value as number) % under.length, 1);
          // Who still waits comes in when others leave.
          if (leaving && !leaving.begun) under.push(leaving);
          leaving?.leave();
          await settled();
        }
        const largest = enter(lane, LARGEST);
        await settled();
        expect(largest.begun).toBe(true);
        largest.leave();
      }),
      { numRuns: 200 },
    );
  });
});
