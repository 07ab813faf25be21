/** JSON Lines as rows of text: one object a line, its keys the columns. Numbers stay the text they were, so that no digit is lost. */
import { Fault } from '../faults.js';
import type { Cells } from './delimited.js';
import { type Encoding, textOf } from './encoding.js';

const LONGEST_LINE = 4_000_000;
const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * The rows of a JSON Lines file, each with one cell for every one of `columns`; a key that a line lacks, or null, is absent.
 * @throws Fault DELIVERY_REFUSED at the first key that is not among `columns`, and at a line of unbounded length.
 */
export async function* jsonLineRows(path: string, encoding: Encoding, columns: readonly string[]): AsyncGenerator<Cells> {
  const places = new Map(columns.map((column, place) => [column, place]));
  let row = 0;
  for await (const line of linesOf(path, encoding)) {
    row++;
    const object = parsed(line);
    if (object === null) {
      yield { row, unreadable: 'not one JSON object in one line' };
      continue;
    }
    const cells: (string | null)[] = Array.from({ length: columns.length }, () => null);
    let nested: string | null = null;
    for (const [key, value] of Object.entries(object)) {
      const place = places.get(key);
      if (place === undefined)
        throw new Fault('DELIVERY_REFUSED', { detail: `row ${row}: column ${key.slice(0, 100)} is neither mapped nor ignored; name it in the mapping` });
      if (value !== null && typeof value === 'object') nested = key;
      else cells[place] = value === null ? null : String(value);
    }
    yield nested === null ? { row, cells } : { row, unreadable: `${nested} holds a list or an object; a cell is one value` };
  }
}

function parsed(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line.replace(STRING_OR_NUMBER, (token) => (token.startsWith('"') ? token : `"${token}"`)));
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

async function* linesOf(path: string, encoding: Encoding): AsyncGenerator<string> {
  let rest = '';
  let isFirst = true;
  for await (const chunk of textOf(path, encoding)) {
    const text: string = isFirst ? (chunk as string).replace(/^\uFEFF/, '') : (chunk as string);
    isFirst = false;
    const lines = (rest + text).split('\n');
    rest = lines.pop() as string;
    if (rest.length > LONGEST_LINE)
      throw new Fault('DELIVERY_REFUSED', { detail: `a line is longer than ${LONGEST_LINE} characters; JSON Lines holds one object a line` });
    for (const line of lines) if (line.trim() !== '') yield line;
  }
  if (rest.trim() !== '') yield rest;
}
