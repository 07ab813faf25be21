/**
 * .xlsx, written while it is sent: cells are typed as text, so nothing in them is a formula. Promises: no more is produced than
 * is taken; a slow reader slows the reading of the log, and fills no memory.
 */
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import ExcelJS from 'exceljs';
import { COLUMNS, rowOf } from './columns.js';
import type { ExportedEntry } from './source.js';

/** A sheet has 1,048,576 rows, of which one is the title. */
const ROWS_A_SHEET = 1_048_575;
/** A cell holds no more characters; of one that would, the end is left out and said. */
const LONGEST_CELL = 32_767;
const CUT = ' …（截断，全文见 JSON Lines / cut: JSON Lines has all of it）';

export async function* workbookOf(
  pages: AsyncIterable<readonly ExportedEntry[]>,
  { rowsASheet = ROWS_A_SHEET }: { rowsASheet?: number } = {},
): AsyncGenerator<Buffer> {
  const out = new PassThrough({ highWaterMark: 256 * 1024 });
  const written = write(pages, out, rowsASheet).catch((error: Error) => {
    out.destroy(error);
  });
  try {
    for await (const chunk of out) yield chunk as Buffer;
    await written;
  } finally {
    out.destroy();
  }
}

async function write(pages: AsyncIterable<readonly ExportedEntry[]>, out: PassThrough, rowsASheet: number): Promise<void> {
  const workbook = new ExcelJS.stream.xlsx.WorkbookWriter({ stream: out, useSharedStrings: false, useStyles: true, zip: { zlib: { level: 2 } } });
  let sheet = addSheet(workbook, 1);
  let rows = 0;
  for await (const page of pages) {
    for (const one of page) {
      if (rows > 0 && rows % rowsASheet === 0) {
        sheet.commit();
        sheet = addSheet(workbook, rows / rowsASheet + 1);
      }
      sheet.addRow(rowOf(one).map(shortened)).commit();
      rows++;
    }
    await taken(workbook, sheet, out);
    if (out.destroyed) return;
  }
  sheet.commit();
  await workbook.commit();
}

function addSheet(workbook: ExcelJS.stream.xlsx.WorkbookWriter, number: number): ExcelJS.Worksheet {
  const sheet = workbook.addWorksheet(`audit ${number}`, { views: [{ state: 'frozen', ySplit: 1 }] });
  // What is typed into such a cell later is text as well.
  sheet.columns = COLUMNS.map(({ title }) => ({ header: title, width: 24, style: { numFmt: '@' } }));
  return sheet;
}

function shortened(value: string): string {
  return value.length <= LONGEST_CELL ? value : `${value.slice(0, LONGEST_CELL - CUT.length)}${CUT}`;
}

/** Bytes that may wait on the way through the library. */
const MOST_PENDING = 256 * 1024;
const LOOK_EVERY_MS = 5;

/** Streams of three generations, which tell in different ways what waits in them. */
interface Pending {
  readonly readableLength?: number;
  readonly _writableState?: { readonly length: number };
}

/**
 * Waits until what was written has gone into the archive and out of it. The library takes all that it is given and holds
 * nobody up, so what waits in it is looked at: text that is to be compressed, and compressed text that is to be taken.
 */
async function taken(workbook: ExcelJS.stream.xlsx.WorkbookWriter, sheet: ExcelJS.Worksheet, out: PassThrough): Promise<void> {
  const { pipes } = (sheet as unknown as { stream: { pipes: Pending[] } }).stream;
  const { zip } = workbook as unknown as { zip: Pending };
  const waits = () => (zip.readableLength ?? 0) + pipes.reduce((sum, pipe) => sum + (pipe._writableState?.length ?? 0), 0);
  while (!out.destroyed && waits() > MOST_PENDING) await sleep(LOOK_EVERY_MS);
}
