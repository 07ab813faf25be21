import { expect, test } from '@jest/globals';
import { PlannedData, textOf } from '../../src/exchange/plannedData.js';

test('data leave only with what stands around them, and that holds a receipt', () => {
  const data = new PlannedData([Buffer.from('{"a":'), Buffer.from('"甲"}')]);
  expect(() => data.body()).toThrow('receipt');
  const result = (rest: object) => ({ data, ...rest }) as unknown as Parameters<typeof textOf>[0];
  expect(textOf(result({ extensions: { cost: {} } }))).toBe('');
  expect(() => data.body()).toThrow('receipt');
  textOf(result({ errors: [{ message: 'e' }], extensions: { receipt: { id: '1' } } }));
  expect(data.body().toString()).toBe('{"errors":[{"message":"e"}],"data":{"a":"甲"},"extensions":{"receipt":{"id":"1"}}}');
});

test('what is no such data is text like any other', () => {
  expect(textOf({ data: { a: 1 } })).toBe('{"data":{"a":1}}');
  expect(textOf({ errors: [], extensions: { x: 1 } })).toBe('{"errors":[],"extensions":{"x":1}}');
});
