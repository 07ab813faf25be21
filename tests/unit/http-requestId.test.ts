import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { newRequestId } from '../../src/http/requestId.js';

const LATEST = 2 ** 48 - 1;

test('a request id is a UUID of version 7 and of the variant of RFC 9562', () => {
  for (let count = 0; count < 200; count++) expect(newRequestId()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('a request id tells its millisecond', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: LATEST }), (time) => {
      expect(Number.parseInt(newRequestId(time).replace(/-/g, '').slice(0, 12), 16)).toBe(time);
    }),
  );
});

test('request ids sort by time as texts', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: LATEST - 1 }), fc.integer({ min: 1, max: 1_000_000_000 }), (time, later) => {
      expect(newRequestId(time) < newRequestId(Math.min(LATEST, time + later))).toBe(true);
    }),
  );
});

test('a request id is of now where no time is named', () => {
  const before = Date.now();
  const time = Number.parseInt(newRequestId().replace(/-/g, '').slice(0, 12), 16);
  expect(time).toBeGreaterThanOrEqual(before);
  expect(time).toBeLessThanOrEqual(Date.now());
});

test('two requests of one millisecond have two ids', () => {
  expect(new Set(Array.from({ length: 10_000 }, () => newRequestId(1_764_000_000_000))).size).toBe(10_000);
});
