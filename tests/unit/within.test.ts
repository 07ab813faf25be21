import { expect, test } from '@jest/globals';
import { within } from '../../src/within.js';

const late = () => new Error('late');
const never = new Promise<string>(() => undefined);
const after = (milliseconds: number) => new Promise<string>((resolve) => setTimeout(() => resolve('done'), milliseconds));

test('work that ends in time gives what it gives', async () => {
  await expect(within(1_000, after(5), late)).resolves.toBe('done');
});

test('work that fails in time fails with its own error', async () => {
  await expect(within(1_000, Promise.reject(new Error('its own')), late)).rejects.toThrow('its own');
});

test('work that takes too long is given up with the error asked for, and soon', async () => {
  const began = performance.now();
  await expect(within(30, never, late)).rejects.toThrow('late');
  expect(performance.now() - began).toBeGreaterThanOrEqual(25);
  expect(performance.now() - began).toBeLessThan(5_000);
});

test('work that was done while this thread was busy is not called late', async () => {
  const work = after(10);
  const limited = within(40, work, late);
  const until = performance.now() + 120;
  while (performance.now() < until);
  await expect(limited).resolves.toBe('done');
});

test('a limit leaves no timer behind that keeps the process awake', async () => {
  const before = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  await within(60_000, Promise.resolve('done'), late);
  await new Promise((resolve) => setImmediate(resolve));
  expect(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length).toBeLessThanOrEqual(before);
});
