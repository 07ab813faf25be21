/**
 * The first sheet of an .xlsx as rows of text. Rows are streamed; only the workbook's table of shared strings is held, which
 * the format demands. Numbers keep the 15 digits that a spreadsheet has; codes and long numbers MUST be cells of text.
 */
import { basename } from 'node:path';
import ExcelJS from 'exceljs';
import { Fault } from '../faults.js';
import type { Cells } from './delimited.js';

/** The rows of the first sheet, the header first; empty rows are passed over and keep their number. */
export async function* spreadsheetRows(path: string): AsyncGenerator<Cells> {
  try {
    const workbook = new ExcelJS.stream.xlsx.WorkbookReader(path, {
      entries: 'ignore',
      sharedStrings: 'cache',
      styles: 'cache',
      hyperlinks: 'ignore',
      worksheets: 'emit',
    });
    for await (const sheet of workbook) {
      const isFirst = isFirstSheet(workbook, sheet);
      let headerAt: number | null = null;
      for await (const row of sheet) {
        // A sheet that is not wanted must still be read to its end, or the next never comes.
        if (!isFirst || !row.hasValues) continue;
        headerAt ??= row.number;
        yield { row: row.number - headerAt, cells: Array.from({ length: row.cellCount }, (_, place) => cellText(row.getCell(place + 1).value)) };
      }
      if (isFirst) return;
    }
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault('DELIVERY_REFUSED', {
      detail: `${basename(path)} is not readable as .xlsx; save it again as an Excel workbook without a password`,
      cause: error,
    });
  }
}

/** Sheets come in the order of the archive; the workbook says which is the first on the screen. */
function isFirstSheet(workbook: unknown, sheet: unknown): boolean {
  const first = (workbook as { model?: { sheets?: { name?: string }[] } }).model?.sheets?.[0]?.name;
  const { name } = sheet as { name?: string };
  return first === undefined || name === undefined || name === first;
}

function cellText(value: ExcelJS.CellValue | undefined): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number') return String(Number(value.toPrecision(15)));
  if (value instanceof Date) return dateText(value);
  if (typeof value !== 'object') return String(value);
  if ('richText' in value) return value.richText.map(({ text }) => text).join('');
  if ('text' in value) return cellText(value.text as ExcelJS.CellValue);
  if ('result' in value) return cellText(value.result as ExcelJS.CellValue);
  if ('error' in value) return value.error;
  return null;
}

/** A spreadsheet's moments have no zone; exceljs gives them as if they were UTC. */
function dateText(value: Date): string | null {
  if (Number.isNaN(value.getTime())) return null;
  // Fractions of a day are rounded to the second they stand for.
  const text = new Date(Math.round(value.getTime() / 1_000) * 1_000).toISOString().slice(0, 19);
  return text.endsWith('T00:00:00') ? text.slice(0, 10) : text;
}
