/** CSV as rows of text: quotes, embedded newlines, one bad record apart from the next. Knows nothing of what columns mean. */
import { pipeline } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { Fault } from '../faults.js';
import { type Encoding, textOf } from './encoding.js';

/** One record: its cells, or why it could not be taken apart. `row` is 1 for the first below the header, 0 for the header. */
export type Cells = { readonly row: number; readonly cells: readonly (string | null)[] } | { readonly row: number; readonly unreadable: string };

const LONGEST_RECORD = 4_000_000;

/**
 * The records of a CSV file, the header first. A field whose quotes do not match makes its record unreadable; such a record
 * may hold the beginning of the next, for nobody can tell where it ends.
 * @throws Fault DELIVERY_REFUSED when a quote is never closed, for then nobody knows where rows begin.
 */
export async function* delimitedRows(path: string, encoding: Encoding, delimiter: string): AsyncGenerator<Cells> {
  let row = -1;
  const parser = parse({
    bom: true,
    delimiter,
    skip_empty_lines: true,
    relax_column_count: true,
    // Strict quotes would end the whole file at the first fault, and the parser's own way to skip one swallows rows unseen.
    relax_quotes: true,
    raw: true,
    max_record_size: LONGEST_RECORD,
  });
  // The pipeline's own error reaches the reader as the parser's.
  pipeline(textOf(path, encoding), parser, () => undefined);
  try {
    for await (const { raw, record } of parser as AsyncIterable<{ raw: string; record: string[] }>) {
      row++;
      yield record.some((cell) => isMisquoted(cell, raw))
        ? { row, unreadable: 'something stands between a closing quote and the next field; quotes within a field MUST be doubled' }
        : { row, cells: record };
    }
  } catch (error) {
    throw error instanceof CsvError ? refusal(error) : error;
  }
}

/** The parser keeps the quotes of a field whose closing quote is none; a field that truly begins with one has it doubled. */
function isMisquoted(cell: string, raw: string): boolean {
  return cell.startsWith('"') && !raw.includes(`"${cell.replaceAll('"', '""')}"`);
}

/** The parser's own sentences quote the data, which belong into the quarantine at most, not into a message. */
function refusal(error: CsvError): Fault {
  const what =
    error.code === 'CSV_QUOTE_NOT_CLOSED'
      ? 'a quote is opened and never closed'
      : error.code === 'CSV_MAX_RECORD_SIZE'
        ? `a row is longer than ${LONGEST_RECORD} characters; a quote may be open`
        : 'not readable as CSV';
  return new Fault('DELIVERY_REFUSED', { detail: `line ${error.lines}: ${what}; from there on rows cannot be told apart`, cause: error });
}
