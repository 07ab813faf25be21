/** Suppression as its promise says it: nothing small is shown, and nothing small is what a total and the shown cells leave. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LEAST_ENTERPRISES, type ShownCell, suppress, tablesDownTo, withParents } from '../../src/audit/suppression.js';
import type { UsageCell, UsageDimension, UsageKey } from '../../src/audit/usageCells.js';

/** A cell of reads; each figure rests on different enterprises, numbered. */
const cell = (key: UsageKey, clear: number, masked = 0, denied = 0): UsageCell => ({
  key,
  clear: { times: 3 * clear, enterprises: clear },
  masked: { times: masked, enterprises: masked },
  reads: { times: 3 * clear + masked, enterprises: clear + masked },
  denials: denied > 0 ? [{ reason: 'NO_GRANT', times: denied, enterprises: denied }] : [],
  asked: clear + masked + denied,
  requests: null,
});
/** The whole as a cell of cells that rest on different enterprises. */
const wholeOf = (cells: readonly UsageCell[]): UsageCell => ({
  ...cell(
    {},
    cells.reduce((sum, one) => sum + one.clear.enterprises, 0),
    cells.reduce((sum, one) => sum + one.masked.enterprises, 0),
    cells.reduce((sum, one) => sum + (one.denials[0]?.enterprises ?? 0), 0),
  ),
});
const shownIn = (cells: readonly UsageCell[], by: readonly UsageDimension[]) =>
  suppress([[wholeOf(cells)], cells], by).map((one) => (one.shown ? Object.values(one.cell.key).join() : '-'));

describe('Suppression', () => {
  test('hides what rests on fewer than five enterprises, and one more, so that no total gives it away', () => {
    const cells = [cell({ INSTITUTION: 'a' }, 9), cell({ INSTITUTION: 'b' }, 4), cell({ INSTITUTION: 'c' }, 6), cell({ INSTITUTION: 'd' }, 7)];
    expect(shownIn(cells, ['INSTITUTION'])).toEqual(['a', '-', '-', 'd']);
  });
  test('hides nothing where everything rests on enough', () => {
    expect(shownIn([cell({ DAY: '1' }, 5), cell({ DAY: '2' }, 50, 5, 5)], ['DAY'])).toEqual(['1', '2']);
  });
  test('hides a cell of many enterprises in which a denial tells of few', () => {
    const cells = [cell({ DAY: '1' }, 50, 0, 1), cell({ DAY: '2' }, 50, 0, 20), cell({ DAY: '3' }, 60, 0, 20)];
    expect(shownIn(cells, ['DAY'])).toEqual(['-', '-', '3']);
  });
  test('does not take two small cells for a large one: they may be of the same enterprises', () => {
    const cells = [cell({ DAY: '1' }, 3), cell({ DAY: '2' }, 3), cell({ DAY: '3' }, 8), cell({ DAY: '4' }, 9)];
    expect(shownIn(cells, ['DAY'])).toEqual(['-', '-', '-', '4']);
  });
  test('hides all parts of what is hidden beside a small cell', () => {
    const at = (PROVIDER: string, CATEGORY: string, clear: number) => cell({ PROVIDER, CATEGORY }, clear);
    const categories = [at('p', 'x', 2), at('q', 'y', 8), at('q', 'z', 9), at('r', 'v', 30)];
    const providers = [cell({ PROVIDER: 'p' }, 2), cell({ PROVIDER: 'q' }, 17), cell({ PROVIDER: 'r' }, 30)];
    const shown = suppress([[cell({}, 49)], providers, categories], ['PROVIDER', 'CATEGORY']);
    expect(shown.map((one) => one.shown)).toEqual([false, false, false, true]);
  });
  test('knows what is part of what, and which tables are told', () => {
    expect(withParents(['ITEM', 'DAY'])).toEqual(['ITEM', 'DAY', 'PROVIDER', 'CATEGORY']);
    expect(withParents(['PURPOSE'])).toEqual(['PURPOSE']);
    expect(tablesDownTo([])).toEqual([[]]);
    expect(tablesDownTo(['PURPOSE'])).toEqual([[], ['PURPOSE']]);
    expect(tablesDownTo(['PROVIDER', 'CATEGORY'])).toEqual([[], ['PROVIDER'], ['PROVIDER', 'CATEGORY']]);
    for (const by of [
      ['INSTITUTION', 'PURPOSE'],
      ['INSTITUTION', 'PURPOSE', 'PROVIDER'],
      ['DAY', 'PROVIDER'],
    ] as UsageDimension[][])
      expect(tablesDownTo(by)).toBeNull();
  });
});

/** One item of one enterprise that was told or denied. */
interface Told {
  readonly uscc: number;
  readonly outcome: 'CLEAR' | 'MASKED' | 'NO_GRANT';
  readonly key: Readonly<Record<UsageDimension, string>>;
}
const FIGURES: Readonly<Record<string, (outcome: Told['outcome']) => boolean>> = {
  asked: () => true,
  reads: (outcome) => outcome !== 'NO_GRANT',
  clear: (outcome) => outcome === 'CLEAR',
  masked: (outcome) => outcome === 'MASKED',
  denied: (outcome) => outcome === 'NO_GRANT',
};
const enterprisesIn = (told: readonly Told[], figure: string) => new Set(told.filter(({ outcome }) => FIGURES[figure]?.(outcome)).map(({ uscc }) => uscc));
const nameIn = (key: UsageKey, by: readonly UsageDimension[]) => by.map((dimension) => key[dimension]).join('/');
function tableOf(told: readonly Told[], by: readonly UsageDimension[]): UsageCell[] {
  const lines = new Map<string, Told[]>();
  for (const one of told) lines.set(nameIn(one.key, by), [...(lines.get(nameIn(one.key, by)) ?? []), one]);
  return [...lines.values()].map((line) => {
    const figure = (name: string) => ({ times: line.filter(({ outcome }) => FIGURES[name]?.(outcome)).length, enterprises: enterprisesIn(line, name).size });
    const key = Object.fromEntries(by.map((dimension) => [dimension, (line[0] as Told).key[dimension]])) as UsageKey;
    const denials = figure('denied').times > 0 ? [{ reason: 'NO_GRANT' as const, ...figure('denied') }] : [];
    return { key, reads: figure('reads'), clear: figure('clear'), masked: figure('masked'), asked: figure('asked').enterprises, denials, requests: null };
  });
}
const TABLES: readonly (readonly UsageDimension[])[] = [
  [],
  ['DAY'],
  ['INSTITUTION'],
  ['PURPOSE'],
  ['PROVIDER'],
  ['PROVIDER', 'CATEGORY'],
  ['PROVIDER', 'CATEGORY', 'ITEM'],
];
const tellsOfFew = (count: number) => count > 0 && count < LEAST_ENTERPRISES;

/** All that may be asked, and every cell of it that is hidden. */
function suppressedOf(told: readonly Told[]): { by: readonly UsageDimension[]; cells: ShownCell[]; hidden: Set<string> }[] {
  return TABLES.map((by) => {
    const cells = suppress(
      (tablesDownTo(by) ?? []).map((level) => tableOf(told, level)),
      by,
    );
    return { by, cells, hidden: new Set(cells.flatMap((one) => (one.shown ? [] : [nameIn(one.key, by)]))) };
  });
}

/**
 * What each equation between shown tables leaves over: the entries in hidden cells that stand for the sum of a line, with
 * hidden sums replaced by what they stand for. Each is a set of entries whose count a reader can work out.
 */
function remaindersOf(told: readonly Told[]): { told: Told[]; from: string }[] {
  const tables = suppressedOf(told);
  const hiddenIn = (by: readonly UsageDimension[], one: Told) => tables.find((table) => table.by === by)?.hidden.has(nameIn(one.key, by)) === true;
  const remainders: { told: Told[]; from: string }[] = [];
  for (const { by, hidden } of tables) {
    // Every shown sum of a coarser table that this one divides, and every sum of hidden cells of it that a coarser equation gives.
    for (const coarser of TABLES.filter((one) => one.length < by.length && one.every((dimension, place) => by[place] === dimension))) {
      const groups = new Map<string, Told[]>();
      for (const one of told) {
        const name = hiddenIn(coarser, one) ? hiddenGroup(coarser, one) : nameIn(one.key, coarser);
        if (name !== null) groups.set(name, [...(groups.get(name) ?? []), one]);
      }
      for (const [name, group] of groups) {
        const left = group.filter((one) => hidden.has(nameIn(one.key, by)));
        remainders.push({ told: left, from: `${by.join()} in ${coarser.join()} ${name}` });
      }
    }
  }
  return remainders;

  /** Hidden cells of one line are known together, where the line is; what no shown sum holds is not known at all. */
  function hiddenGroup(by: readonly UsageDimension[], one: Told): string | null {
    for (let place = by.length - 1; place >= 0; place--) {
      const line = TABLES.find((table) => table.length === place && table.every((dimension, at) => by[at] === dimension));
      if (line && !hiddenIn(line, one)) return `hidden of ${nameIn(one.key, line)}`;
    }
    return null;
  }
}

describe('Tables that are told to the same reader', () => {
  const key = (institution: string, purpose: string, provider: string, category: string, item: string, day = '1'): Told['key'] => ({
    DAY: day,
    INSTITUTION: institution,
    PURPOSE: purpose,
    PROVIDER: provider,
    CATEGORY: category,
    ITEM: item,
  });

  test('give no small figure away, whichever are combined', () => {
    const word = (max: number) => fc.integer({ min: 0, max }).map(String);
    const one = fc
      .tuple(fc.integer({ min: 0, max: 25 }), fc.constantFrom('CLEAR' as const, 'CLEAR' as const, 'MASKED' as const, 'NO_GRANT' as const))
      .chain(([uscc, outcome]) =>
        fc.tuple(word(3), word(2), word(2), word(2), word(1), word(1)).map(([day, institution, purpose, provider, category, item]): Told => {
          return { uscc, outcome, key: key(institution, purpose, provider, `${provider}.${category}`, `${provider}.${category}.${item}`, day) };
        }),
      );
    let [companions, shownCells, told] = [0, 0, 0];
    fc.assert(
      fc.property(fc.array(one, { minLength: 60, maxLength: 400 }), (entries) => {
        for (const { by, cells } of suppressedOf(entries)) {
          for (const cell of cells) {
            const within = entries.filter((entry) => nameIn(entry.key, by) === nameIn(cell.shown ? cell.cell.key : cell.key, by));
            const few = Object.keys(FIGURES).some((figure) => tellsOfFew(enterprisesIn(within, figure).size));
            if (cell.shown && few) throw new Error(`${by.join()}: a small cell is shown`);
            if (cell.shown) shownCells++;
            else if (!few) companions++;
          }
        }
        for (const { told: left, from } of remaindersOf(entries)) {
          if (left.length > 0) told++;
          for (const figure of Object.keys(FIGURES)) {
            if (tellsOfFew(enterprisesIn(left, figure).size)) throw new Error(`${from}: ${figure} tells of few`);
          }
        }
      }),
      { numRuns: 300 },
    );
    expect(Math.min(companions, shownCells, told)).toBeGreaterThan(100);
  });

  test('do not cross institutions with purposes and providers, where finer tables add up to what coarser ones hide', () => {
    // Three firms for the first purpose of an institution, many for the others: their number of reads is to be found.
    const entries: Told[] = [];
    const add = (count: number, purpose: string, provider: string, first = 0) => {
      for (let uscc = first; uscc < first + count; uscc++) {
        for (let item = 0; item < 9; item++)
          entries.push({ uscc, outcome: 'CLEAR', key: key('a', purpose, provider, `${provider}.c`, `${provider}.c.${item}`) });
      }
    };
    add(3, 'p1', 'x');
    add(6, 'p2', 'x', 10);
    add(6, 'p2', 'y', 10);
    add(8, 'p3', 'x', 30);
    const known = (by: UsageDimension[]) => (tablesDownTo(by) === null ? null : suppressedOf(entries).find((table) => table.by.join() === by.join())?.cells);
    expect(known(['INSTITUTION'])).toMatchObject([{ shown: true }]);
    expect([known(['INSTITUTION', 'PURPOSE']), known(['INSTITUTION', 'PURPOSE', 'PROVIDER'])]).toEqual([null, null]);
    expect(known(['PURPOSE'])?.map((one) => one.shown)).toEqual([false, false, true]);
  });
});
