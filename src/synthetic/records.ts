/**
 * Records by the catalogue: each category is compiled once to a generator. Promises: payloads in the form that every
 * reader of the zone expects (items in the catalogue's order, absent ones left out, rows ordered and told apart), and the
 * same bytes for the same firm, category and time. MUST know single items through `known.ts` only.
 */
import type { Catalogue, Category, Item } from '../catalogue/model.js';
import { isoDay, periodBefore } from './calendar.js';
import { compileDate, dateBefore, isCalendarYear, isDated, isNeeded, mayLieAhead, NEVER, roomAfter, yearItem, yearsOf } from './dates.js';
import type { Firm } from './firm.js';
import { KNOWN, type Known, lastDayOf } from './known.js';
import { compileNumber, numberBefore } from './numbers.js';
import type { Random } from './random.js';
import { ABSENT_SHARE, type Fill, type Row } from './row.js';
import { compilePlain } from './values.js';

/** The payload of a firm's record, or null where the firm can have none (it is too young, say). */
export type Generator = (firm: Firm, random: Random, horizon: number) => string | null;

interface Step {
  readonly position: number;
  readonly fill: Fill;
  readonly always: boolean;
  /** The same in all rows of a series: the meter, the outlet, the kind of income of which the periods tell. */
  readonly lasting: boolean;
}
const REDRAWS = 12;

export function compileCategory(category: Category, catalogue: Pick<Catalogue, 'codeLists'>): Generator {
  const { items } = category;
  const keys = items.map(({ name }, position) => `${position === 0 ? '' : ','}"${name}":`);
  const steps = orderOfWork(category).map((item) => compileItem(category, item, catalogue));
  const mainPosition = items.indexOf(mainItem(category) as Item);
  const identity = category.identifiedBy.map((name) => items.findIndex((item) => item.name === name));
  const ordering = items.findIndex(({ name }) => name === category.orderedBy);
  const year = yearItem(category);
  const { period, rows: usual } = category.typical;
  const room = period === null ? Math.max(0, ...items.filter(isDated).map((item) => (dateBefore(category, item) === null ? roomAfter(category, item) : 0))) : 0;
  const pieces: (string | null)[] = new Array(items.length).fill(null);
  const row: Row = {
    firm: null as unknown as Firm,
    random: null as unknown as Random,
    index: 0,
    pick: 0,
    horizon: 0,
    first: 0,
    last: 0,
    main: 0,
    numbers: new Float64Array(items.length),
  };

  const write = (): string => {
    row.pick = row.random.next();
    row.main = Number.isNaN(row.last) ? row.horizon : row.last;
    for (const { position, fill, always, lasting } of steps) {
      if (lasting && row.index > 0) continue;
      const piece = fill(row);
      pieces[position] = always || row.random.unit() >= ABSENT_SHARE ? piece : null;
      if (position === mainPosition && Number.isNaN(row.last)) row.main = Math.min(row.horizon, Math.floor(row.numbers[position] as number));
    }
    let text = '{';
    for (let position = 0; position < pieces.length; position++) {
      const piece = pieces[position];
      if (piece === null || piece === undefined) continue;
      const key = keys[position] as string;
      text += (text.length === 1 && position > 0 ? key.slice(1) : key) + piece;
    }
    return `${text}}`;
  };

  return (firm, random, latest) => {
    row.firm = firm;
    row.random = random;
    row.horizon = period === null ? latest : Math.min(latest, lastDayOf(firm));
    if (row.horizon <= firm.founded + room) return null;
    row.index = 0;
    row.first = row.last = Number.NaN;
    if (category.cardinality === 'ONE') return write();

    const [least, most] = year === undefined ? usual : yearSpan(row, year, usual);
    if (most < 1) return null;
    // Most firms have few rows; the long lists are the exception.
    const count = Math.max(1, least) + Math.floor(random.unit() ** 2 * (most - Math.max(1, least) + 1));
    const found: { text: string; by: number }[] = [];
    const seen = new Set<string>();
    for (row.index = 0; row.index < count; row.index++) {
      for (let attempt = 0; attempt < (period === null ? REDRAWS : 1); attempt++) {
        if (year !== undefined) chooseYear(row, year, period !== null);
        else if (period !== null) [row.first, row.last] = periodBefore(row.horizon, period, row.index);
        if (period !== null && year === undefined && row.first < firm.founded) break;
        const text = write();
        // Consecutive periods differ by themselves.
        if (period === null && count > 1) {
          let told = '';
          for (const position of identity) told += `|${pieces[position]}`;
          if (seen.has(told)) continue;
          seen.add(told);
        }
        found.push({ text, by: row.numbers[ordering] as number });
        break;
      }
    }
    if (found.length === 0) return null;
    if (found.length > 1) found.sort((left, right) => right.by - left.by || (left.text < right.text ? -1 : 1));
    let text = '[';
    for (const { text: one } of found) text += text.length === 1 ? one : `,${one}`;
    return `${text}]`;
  };
}

function yearSpan(row: Row, year: Item, [least, most]: readonly [number, number]): readonly [number, number] {
  const [earliest, latest] = yearsOf(row, year);
  const possible = latest - earliest + 1;
  return [Math.min(least, possible), Math.min(most, possible)];
}

function chooseYear(row: Row, item: Item, consecutive: boolean): void {
  const [earliest, latest] = yearsOf(row, item);
  const year = consecutive ? latest - row.index : row.random.between(earliest, latest);
  row.first = Math.floor(Date.UTC(year, 0, 1) / 86_400_000);
  row.last = Math.floor(Date.UTC(year, 11, 31) / 86_400_000);
}

/** The item whose day the row is about: the one that orders the rows, else the first date. */
function mainItem(category: Category): Item | undefined {
  const ordering = category.items.find(({ name }) => name === category.orderedBy);
  if (ordering && isDated(ordering) && !mayLieAhead(ordering)) return ordering;
  const past = category.items.filter((item) => isDated(item) && !mayLieAhead(item));
  return past.find((item) => dateBefore(category, item) === null) ?? past[0] ?? category.items.find(isDated);
}

/** Dates first, then numbers, then the rest; each after the sibling on which it hangs. */
function orderOfWork(category: Category): Item[] {
  const done = new Set<string>();
  const order: Item[] = [];
  const add = (item: Item, before: (candidate: Item) => string | null) => {
    if (done.has(item.name)) return;
    done.add(item.name);
    const base = category.itemsByName.get(before(item) ?? '');
    if (base) add(base, before);
    order.push(item);
  };
  const isNumber = ({ type }: Item) => type === 'integer' || type === 'decimal';
  for (const item of category.items) if (isDated(item)) add(item, (candidate) => dateBefore(category, candidate));
  for (const item of category.items) if (isNumber(item)) add(item, (candidate) => numberBefore(category, candidate));
  for (const item of category.items) add(item, () => null);
  return order;
}

function compileItem(category: Category, item: Item, catalogue: Pick<Catalogue, 'codeLists'>): Step {
  const position = category.items.indexOf(item);
  const always = isNeeded(category, item);
  const known = KNOWN[item.code];
  const fill = known
    ? compileKnown(known, position)
    : isDated(item)
      ? compileDate(category, item, position)
      : item.type === 'integer' || item.type === 'decimal'
        ? compileNumber(category, item, position)
        : compilePlain(item, catalogue);
  const lasting = category.typical.period !== null && category.identifiedBy.includes(item.name) && !isDated(item) && !isCalendarYear(item);
  return { position, fill, always: always || isCalendarYear(item), lasting };
}

function compileKnown(known: Known, position: number): Fill {
  if (known.kind === 'truth') return (row) => String(known.of(row));
  if (known.kind === 'text') {
    return (row) => {
      const text = known.of(row);
      return text === null ? null : `"${text}"`;
    };
  }
  return (row) => {
    const day = known.of(row);
    row.numbers[position] = day ?? NEVER;
    return day === null ? null : `"${isoDay(day)}"`;
  };
}
