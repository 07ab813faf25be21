/**
 * Texts like their examples: fixed words stay, serial numbers are drawn anew, years and dates are those of the row,
 * divisions those of the firm. Every example is taken apart once.
 */
import { dayOf, isoDay } from './calendar.js';
import type { Fill, Row } from './row.js';
import { DISTRICTS } from './words.js';

type Part = string | ((row: Row) => string);

const CITY = '110000';
const DIVISIONS = new Set(DISTRICTS.map(({ code }) => code));

/** A text of one of the alternatives; `fixed` ones are taken as they stand. */
export function compileText(alternatives: readonly string[], fixed: boolean): Fill {
  const texts = alternatives.map((example) => compileExample(example, fixed));
  const only = texts.length === 1 ? texts[0] : undefined;
  if (only !== undefined) return only;
  return (row) => (texts[row.pick % texts.length] as (row: Row) => string)(row);
}

function compileExample(example: string, fixed: boolean): (row: Row) => string {
  const parts: Part[] = ['"'];
  const add = (part: Part) => {
    const last = parts.length - 1;
    if (typeof part === 'string' && typeof parts[last] === 'string') parts[last] += part;
    else parts.push(part);
  };
  for (const piece of fixed ? [example] : example.split(/(\d{3,})/)) {
    if (!fixed && /^\d{3,}$/.test(piece)) for (const part of partsOfRun(piece)) add(part);
    else add(JSON.stringify(piece).slice(1, -1));
  }
  add('"');
  if (parts.length === 1) {
    const text = parts[0] as string;
    return () => text;
  }
  return (row) => {
    let text = '';
    for (const part of parts) text += typeof part === 'string' ? part : part(row);
    return text;
  };
}

const year: Part = (row) => isoDay(row.main).slice(0, 4);
const month: Part = (row) => isoDay(row.main).slice(5, 7);
const monthDay: Part = (row) => isoDay(row.main).slice(5).replace('-', '');
const shortDate: Part = (row) => isoDay(row.main).slice(2).replaceAll('-', '');
const division: Part = (row) => row.firm.district.code;

/** What a run of three digits and more is made of. */
function partsOfRun(run: string): Part[] {
  if (run.length === 6 && /^(1[5-9]|2[0-6])/.test(run) && isMonthDay(run.slice(2))) return [shortDate];
  const parts: Part[] = [];
  let rest = run;
  const take = (length: number, part: Part) => {
    parts.push(part);
    rest = rest.slice(length);
  };
  const hidden = /^(\d{4,8}?)20[12]\d/.exec(run);
  if (run.length >= 14 && !/^(1100|1101|1103|20[012]|19)/.test(run) && hidden) take(hidden[1]?.length as number, redrawn(hidden[1] as string));
  if (rest.startsWith(CITY)) take(6, CITY);
  else if (DIVISIONS.has(rest.slice(0, 6))) take(6, division);
  if (/^(19\d\d|20[0-3]\d)/.test(rest) && (rest.length === 4 || rest.length >= 6)) {
    take(4, year);
    if (DIVISIONS.has(rest.slice(0, 6))) take(6, division);
    else if (rest.length >= 4 && isMonthDay(rest.slice(0, 4))) take(4, monthDay);
    else if (rest.length >= 2 && /^(0[1-9]|1[0-2])/.test(rest)) take(2, month);
  }
  if (rest.length > 0) parts.push(redrawn(rest));
  return parts;
}

function isMonthDay(text: string): boolean {
  const date = `2024-${text.slice(0, 2)}-${text.slice(2)}`;
  return /^\d{4}$/.test(text) && !Number.isNaN(Date.parse(date)) && isoDay(dayOf(date)) === date;
}

/** Leading zeros belong to the form of a serial number and stay. */
function redrawn(digits: string): Part {
  const zeros = /^0*/.exec(digits)?.[0] as string;
  const length = digits.length - zeros.length;
  if (length === 0) return digits;
  const high = Math.max(0, length - 9);
  const low = length - high;
  const least = high === 0 ? 10 ** (low - 1) : 0;
  return ({ random }) => {
    const tail = String(least + random.below(10 ** low - least)).padStart(low, '0');
    return high === 0 ? zeros + tail : zeros + String(10 ** (high - 1) + random.below(10 ** high - 10 ** (high - 1))) + tail;
  };
}
