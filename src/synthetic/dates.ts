/**
 * Dates of a row. Promises: nothing before the founding, nothing after the horizon but what names itself a future day,
 * and every date in the order its hint tells. A thing that has not happened yet is absent, or today where it is required.
 */
import type { Category, Item } from '../catalogue/model.js';
import { isoDay, isoMoment, yearOf } from './calendar.js';
import { LAST_EVENT } from './firm.js';
import type { Fill, Row } from './row.js';

const HINT = /^(-?[\d.]+)\.\.(-?[\d.]+) after (\w+)$/;
const STARTS = /(Start|Starts|From|Begin|Begins|Beginning|Since)(On|Date)?$/;
const ENDS = /(End|Ends|Until|To|Closing)(On|Date)?$/;
const FUTURE =
  /(Until|Expir|Due|Deadline|Next|next|Ends?(On|Date)?$|TermEnd|Agreed|agreed|Planned|planned|Scheduled|scheduled|Expected|expected|Estimated|estimated)/;

/** The day of what has not happened: nothing that follows from it has happened either. */
export const NEVER = Number.POSITIVE_INFINITY;

export function isDated({ type }: Item): boolean {
  return type === 'date' || type === 'datetime';
}
/** Whether such a day may lie ahead. */
export function mayLieAhead({ name }: Item): boolean {
  return FUTURE.test(name);
}
/** A year that a row is about (report year), not a number of years. */
export function isCalendarYear({ type, unit, typical }: Item): boolean {
  return type === 'integer' && unit === 'year' && (typical === null || Number(typical.split('..')[0]) > 1980);
}
/** The calendar year by which rows are told apart or ordered, if any. */
export function yearItem(category: Category): Item | undefined {
  return category.items.find((item) => isCalendarYear(item) && (category.identifiedBy.includes(item.name) || category.orderedBy === item.name));
}

/** The sibling date on which this one hangs. */
export function dateBefore(category: Category, item: Item): string | null {
  const base = HINT.exec(item.typical ?? '')?.[3] ?? null;
  if (base !== null) return base === 'founding' ? null : base;
  if (item.typical !== null || category.typical.period !== null || !ENDS.test(item.name)) return null;
  const stem = item.name.replace(ENDS, '');
  return category.items.find((other) => isDated(other) && STARTS.test(other.name) && other.name.replace(STARTS, '') === stem)?.name ?? null;
}

/** Days that MUST have passed between this date and the horizon for every required date that hangs on it to be known. */
export function roomAfter(category: Category, item: Item): number {
  let room = 0;
  for (const later of category.items) {
    if (!isDated(later) || dateBefore(category, later) !== item.name) continue;
    const beyond = roomAfter(category, later);
    const must = beyond > 0 || (!mayLieAhead(later) && isNeeded(category, later));
    if (must) room = Math.max(room, Number(HINT.exec(later.typical ?? '')?.[2] ?? 365) + 1 + beyond);
  }
  return room;
}

/** Whether a row is never without this item. */
export function isNeeded({ identifiedBy, orderedBy }: Category, { name, required }: Item): boolean {
  return required || identifiedBy.includes(name) || orderedBy === name;
}

export function compileDate(category: Category, item: Item, position: number): Fill {
  const draw = compileDay(category, item);
  const text = item.type === 'datetime' ? isoMoment : isoDay;
  const ahead = mayLieAhead(item);
  return (row) => {
    const drawn = draw(row);
    const day = item.type === 'datetime' ? Math.floor(drawn * 86_400) / 86_400 : Math.floor(drawn);
    row.numbers[position] = day;
    if (day === NEVER || (day >= row.horizon + 1 && !ahead)) return null;
    return `"${text(day)}"`;
  };
}

type Day = (row: Row) => number;

function compileDay(category: Category, item: Item): Day {
  const room = roomAfter(category, item);
  const required = room > 0 || isNeeded(category, item);
  const hint = HINT.exec(item.typical ?? '');
  const [least, most] = hint ? [Number(hint[1]), Number(hint[2])] : [30, 365];
  const span = most - least;
  const moment = item.type === 'datetime';
  const whole = (row: Row, day: number) => (moment ? Math.floor(day) + 0.33 + row.random.unit() * 0.4 : Math.floor(day));
  const ahead = mayLieAhead(item);
  const keyed = yearItem(category) !== undefined;
  const { period } = category.typical;

  const before = dateBefore(category, item);
  if (before !== null) {
    const base = category.items.findIndex(({ name }) => name === before);
    const baseAhead = mayLieAhead(category.items[base] as Item);
    return (row) => {
      const from = row.numbers[base] as number;
      let day = from + least + row.random.unit() * (span + (moment ? 0 : 0.999));
      if (!moment) day = Math.floor(day);
      day = Math.max(day, row.firm.founded);
      const unknown = from === NEVER || (!ahead && day >= row.horizon + 1) || (!baseAhead && from >= row.horizon + 1);
      if (!unknown) return day;
      if (!required) return NEVER;
      return Math.max(Math.min(from, row.horizon), Math.min(day, row.horizon + (moment ? 0.99 : 0)));
    };
  }
  if (period !== null && !keyed && hint === null) {
    if (STARTS.test(item.name)) return (row) => row.first;
    if (ENDS.test(item.name) || category.identifiedBy.includes(item.name) || category.orderedBy === item.name) return (row) => row.last;
    return (row) => soonAfter(row, row.last + 1, row.last + 40, required);
  }
  if (keyed) {
    const [soon, late] = period === null ? [-300, 150] : [20, 150];
    return (row) =>
      whole(row, soonAfter(row, Math.max(row.firm.founded, row.last >= row.horizon ? row.first + 60 : row.last + soon), row.last + late, required));
  }
  if (hint !== null) {
    return (row) => {
      const from = Math.max(row.firm.founded, row.firm.founded + least);
      const until = ahead ? from + span : Math.min(row.firm.founded + most, row.horizon - room);
      if (until >= from) return whole(row, from + row.random.unit() * (until - from + 0.999));
      if (!required) return NEVER;
      return whole(row, somewhere(row, room));
    };
  }
  return (row) => whole(row, somewhere(row, room));
}

/** A day since the founding, rather a recent one. */
function somewhere(row: Row, room: number): number {
  const { founded } = row.firm;
  return founded + row.random.unit() ** 0.7 * Math.max(0, row.horizon - room - founded + 0.999);
}

function soonAfter(row: Row, from: number, until: number, required: boolean): number {
  const last = Math.min(until, row.horizon);
  if (last >= from) return Math.floor(from + row.random.unit() * (last - from + 0.999));
  return required ? row.horizon : NEVER;
}

/** Years that a record can be about: those of the hint that the horizon and the founding allow. */
export function yearsOf(row: Row, item: Item): readonly [least: number, most: number] {
  const [least, most] = (item.typical ?? '1990..2100').split('..').map(Number) as [number, number];
  // A list that reaches into the zone's own year (a budget) is kept while the year runs; others are closed after it.
  const current = yearOf(row.horizon) - (most >= yearOf(LAST_EVENT) ? 0 : 1);
  return [Math.max(least, yearOf(row.firm.founded)), Math.min(most, current)];
}
