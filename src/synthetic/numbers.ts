/** Amounts and counts of a row, in the proportions of their hints. */
import type { Category, Item } from '../catalogue/model.js';
import { yearOf } from './calendar.js';
import { isCalendarYear } from './dates.js';
import type { Fill, Row } from './row.js';

const HINT = /^(-?[\d.]+)\.\.(-?[\d.]+)(?: of (\w+))?$/;
const MEASURES = ['revenue', 'headcount', 'capital', 'assets', 'payroll'] as const;
type Measure = (typeof MEASURES)[number];
/** Beyond this proportion of least to most, small values are as likely as large ones. */
const WIDE = 100;

const USUAL_BY_UNIT: Record<string, string> = {
  CNY: '1000..1000000',
  '10k CNY': '1..500',
  '%': '1..100',
  persons: '1..30',
  m2: '50..5000',
  days: '1..90',
  months: '1..36',
  times: '0..5',
  items: '1..20',
};

function hintOf({ typical, unit }: Item): RegExpExecArray {
  return (HINT.exec(typical ?? USUAL_BY_UNIT[unit ?? ''] ?? '1..100') ?? HINT.exec('1..100')) as RegExpExecArray;
}

/** The sibling number of which this one is a part. */
export function numberBefore(category: Category, item: Item): string | null {
  const base = hintOf(item)[3];
  return base !== undefined && category.itemsByName.has(base) ? base : null;
}

export function compileNumber(category: Category, item: Item, position: number): Fill {
  const draw = isCalendarYear(item) ? compileYear(item) : compileAmount(category, item);
  if (item.type === 'integer') {
    return (row) => {
      const value = Math.round(draw(row));
      row.numbers[position] = value === 0 ? 0 : value;
      return String(row.numbers[position]);
    };
  }
  const fine = item.unit !== 'CNY' && item.unit !== '%';
  return (row) => {
    const drawn = draw(row);
    // Small measures need their decimals, large amounts are told in hundredths.
    const places = fine && drawn < 10 && drawn > -10 ? 4 : 2;
    const scale = places === 4 ? 10_000 : 100;
    const parts = Math.round(drawn * scale);
    row.numbers[position] = parts / scale;
    return `"${plain(parts, scale, places)}"`;
  };
}

/** Plain notation without trailing zeros: several times as fast as the shortest text of a double. */
function plain(parts: number, scale: number, places: number): string {
  if (parts < 0) return `-${plain(-parts, scale, places)}`;
  const whole = Math.floor(parts / scale);
  let rest = parts - whole * scale;
  if (rest === 0) return String(whole);
  let length = places;
  while (rest % 10 === 0) {
    rest /= 10;
    length--;
  }
  return `${whole}.${String(rest).padStart(length, '0')}`;
}

type Draw = (row: Row) => number;

function compileAmount(category: Category, item: Item): Draw {
  const [, least, most, base] = hintOf(item);
  const part = compileRange(Number(least), Number(most));
  if (base === undefined) return part;
  const sibling = category.items.findIndex(({ name }) => name === base);
  if (sibling >= 0) return (row) => (row.numbers[sibling] as number) * part(row);
  const measure = MEASURES.find((known) => known === base) as Measure;
  const whole = item.type === 'integer' && Number(least) >= 0.5 ? 1 : 0;
  return (row) => Math.max(whole, row.firm[measure] * part(row));
}

function compileRange(least: number, most: number): Draw {
  const span = most - least;
  if (span === 0) return () => least;
  if (least > 0 && most / least > WIDE) {
    const ratio = Math.log(most / least);
    return ({ random }) => least * Math.exp(ratio * random.unit());
  }
  if (least === 0 && most > WIDE) return ({ random }) => most * random.unit() ** 3;
  return ({ random }) => least + span * random.unit();
}

/** A year that the row is about, or the one before its main date. */
function compileYear(item: Item): Draw {
  const [least, most] = (item.typical ?? '1990..2100').split('..').map(Number) as [number, number];
  return (row) => {
    if (!Number.isNaN(row.last)) return yearOf(row.last);
    const founding = yearOf(row.firm.founded);
    return Math.max(founding, Math.min(most, Math.max(least, yearOf(row.main) - 1)));
  };
}
