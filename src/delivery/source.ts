/**
 * A delivered file as columns and rows, whatever its form. Promises: every column is mapped or ignored before the first row
 * is given; a row is read once and memory does not grow with the file. Knows nothing of values.
 */
import { stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { Fault } from '../faults.js';
import { type Cells, delimitedRows } from './delimited.js';
import { digestOf, headOf, verifiedEncoding } from './encoding.js';
import { jsonLineRows } from './jsonLines.js';
import type { Mapping } from './mapping.js';
import { spreadsheetRows } from './spreadsheet.js';

export interface Source {
  /** SHA-256 of the file, hexadecimal. */
  readonly digest: string;
  /** What the cells of a row are, in order. */
  readonly columns: readonly string[];
  /** The rows; may be read once. A row of another length than `columns` comes as unreadable. */
  rows(): AsyncGenerator<Cells>;
}

type Form = 'CSV' | 'JSON_LINES' | 'XLSX';
const FORMS: Readonly<Record<string, Form>> = { '.csv': 'CSV', '.tsv': 'CSV', '.jsonl': 'JSON_LINES', '.ndjson': 'JSON_LINES', '.xlsx': 'XLSX' };
const ZIP = Buffer.from('PK\u0003\u0004', 'latin1');
const OLD_EXCEL = Buffer.from([0xd0, 0xcf, 0x11, 0xe0]);

/**
 * Opens the file, verifies its encoding and holds its columns against the mapping.
 * @throws Fault DELIVERY_REFUSED naming the file, the column where there is one, and what to do.
 */
export async function openSource(path: string, mapping: Mapping): Promise<Source> {
  const before = await signatureOf(path);
  const head = await headOf(path);
  const form = formOf(path, head);
  const digest = await digestOf(path);
  const encoding = form === 'XLSX' ? 'UTF-8' : await verifiedEncoding(path, head, mapping.encoding);
  if (form === 'JSON_LINES') {
    const columns = [mapping.usccColumn, ...mapping.columns.map(({ column }) => column), ...mapping.ignored];
    return { digest, columns, rows: () => unchanged(path, before, jsonLineRows(path, encoding, columns)) };
  }
  const delimiter = mapping.delimiter ?? (extname(path).toLowerCase() === '.tsv' ? '\t' : ',');
  const records = form === 'XLSX' ? spreadsheetRows(path) : delimitedRows(path, encoding, delimiter);
  const header: Cells | undefined = (await records.next()).value as Cells | undefined;
  if (!header || !('cells' in header))
    throw new Fault('DELIVERY_REFUSED', { detail: `${basename(path)} has no readable first row, which MUST name the columns` });
  const columns = header.cells.map((cell) => (cell ?? '').trim());
  try {
    checkColumns(columns, mapping, basename(path));
  } catch (error) {
    await records.return(undefined);
    throw error;
  }
  return { digest, columns, rows: () => unchanged(path, before, evenRows(records, columns.length, form === 'XLSX')) };
}

function formOf(path: string, head: Buffer): Form {
  const file = basename(path);
  const extension = extname(path).toLowerCase();
  if (head.length === 0) throw new Fault('DELIVERY_REFUSED', { detail: `${file} is empty` });
  if (head.subarray(0, 4).equals(OLD_EXCEL))
    throw new Fault('DELIVERY_REFUSED', { detail: `${file} is an old or encrypted Excel file; save it as .xlsx without a password` });
  const isZip = head.subarray(0, 4).equals(ZIP);
  const form = FORMS[extension] ?? (isZip ? 'XLSX' : /^(?:\xEF\xBB\xBF)?\s*\{/.test(head.toString('latin1')) ? 'JSON_LINES' : 'CSV');
  if ((form === 'XLSX') !== isZip)
    throw new Fault('DELIVERY_REFUSED', {
      detail: `${file} is ${isZip ? 'an archive or workbook' : 'no workbook'} inside, unlike its name; name it by its form`,
    });
  return form;
}

function checkColumns(columns: readonly string[], mapping: Mapping, file: string): void {
  const mapped = new Map(mapping.columns.map((column) => [column.column, column]));
  const faults: string[] = [];
  for (const [place, column] of columns.entries()) {
    if (column === '') faults.push(`column ${place + 1} has no name; name it or remove it`);
    else if (columns.indexOf(column) !== place) faults.push(`column ${column} occurs twice; rename or remove one`);
    else if (column !== mapping.usccColumn && !mapped.has(column) && !mapping.ignored.has(column)) {
      faults.push(
        `column ${column} is neither mapped nor ignored; ${mapping.isImplied ? 'give a mapping, or name it as its item' : 'name it in the mapping, under columns or ignore'}`,
      );
    }
  }
  if (!columns.includes(mapping.usccColumn)) faults.push(`column ${mapping.usccColumn}, which holds the code of the enterprise, is missing`);
  for (const { column, items } of mapping.columns) {
    const isNeeded = !mapping.isImplied || items.some(({ required }) => required);
    if (isNeeded && !columns.includes(column))
      faults.push(`column ${column}, which is mapped to ${items[0]?.name}, is missing; add it or take it out of the mapping`);
  }
  if (faults.length > 0) throw new Fault('DELIVERY_REFUSED', { detail: `${file}: ${faults.slice(0, 20).join('; ')}` });
}

/** Cells in the number of the header's. Spreadsheets leave out empty cells at the end of a row; text files may not. */
async function* evenRows(records: AsyncGenerator<Cells>, width: number, mayBeShort: boolean): AsyncGenerator<Cells> {
  for await (const record of records) {
    if ('unreadable' in record || record.cells.length === width) yield record;
    else if (mayBeShort && (record.cells.length < width || record.cells.slice(width).every((cell) => cell === null))) {
      yield { row: record.row, cells: Array.from({ length: width }, (_, place) => record.cells[place] ?? null) };
    } else yield { row: record.row, unreadable: `has ${record.cells.length} fields; the header has ${width}` };
  }
}

/** The digest speaks of the bytes that were read, so a file that changes meanwhile is refused. */
async function* unchanged(path: string, before: string, rows: AsyncGenerator<Cells>): AsyncGenerator<Cells> {
  yield* rows;
  if ((await signatureOf(path)) !== before)
    throw new Fault('DELIVERY_REFUSED', { detail: `${basename(path)} changed while it was read; deliver it again when it is complete` });
}

async function signatureOf(path: string): Promise<string> {
  try {
    const { size, mtimeMs, ino } = await stat(path);
    return `${size} ${mtimeMs} ${ino}`;
  } catch (error) {
    throw new Fault('DELIVERY_REFUSED', { detail: `there is no readable file ${basename(path)}`, cause: error });
  }
}
