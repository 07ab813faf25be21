/** Suppression as its promise says it: nothing small is shown, and nothing small is what a total and the shown cells leave. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LEAST_ENTERPRISES, suppress, withParents } from '../../src/audit/suppression.js';
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
const shownIn = (cells: readonly UsageCell[], by: readonly UsageDimension[]) =>
  suppress(cells, by).map((one) => (one.shown ? Object.values(one.cell.key).join() : '-'));

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
  test('needs no second cell where the total is hidden itself', () => {
    const cells = [cell({ DAY: '1' }, 50, 0, 1), cell({ DAY: '2' }, 50)];
    expect(shownIn(cells, ['DAY'])).toEqual(['-', '2']);
  });
  test('looks along every dimension, and along the items of a category', () => {
    const at = (CATEGORY: string, ITEM: string, clear: number) => cell({ PROVIDER: 'p', CATEGORY, ITEM }, clear);
    const cells = [at('x', 'x.1', 2), at('x', 'x.2', 8), at('x', 'x.3', 9), at('y', 'y.1', 6), at('y', 'y.2', 30)];
    expect(shownIn(cells, withParents(['ITEM']))).toEqual(['-', '-', 'p,x,x.3', 'p,y,y.1', 'p,y,y.2']);
  });
  test('knows what is part of what', () => {
    expect(withParents(['ITEM', 'DAY'])).toEqual(['ITEM', 'DAY', 'PROVIDER', 'CATEGORY']);
    expect(withParents(['PURPOSE'])).toEqual(['PURPOSE']);
  });

  test('shows nothing small, nor by subtraction along any line, in any table', () => {
    const by: UsageDimension[] = ['DAY', 'INSTITUTION', 'PURPOSE'];
    const count = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 12 }));
    const table = fc.uniqueArray(fc.tuple(fc.integer({ max: 3 }), fc.integer({ max: 3 }), fc.integer({ max: 2 }), count, count, count), {
      selector: (row) => row.slice(0, 3).join(),
      maxLength: 30,
    });
    let hiddenBesides = 0;
    fc.assert(
      fc.property(table, (rows) => {
        const cells = rows.map(([day, institution, purpose, ...counts]) =>
          cell({ DAY: `${day}`, INSTITUTION: `${institution}`, PURPOSE: `${purpose}` }, ...counts),
        );
        const figures = [(one: UsageCell) => one.asked, (one: UsageCell) => one.clear.enterprises, (one: UsageCell) => one.denials[0]?.enterprises ?? 0];
        const isFew = (sum: number) => sum > 0 && sum < LEAST_ENTERPRISES;
        const sums = (some: readonly UsageCell[]) => figures.map((figure) => some.reduce((sum, one) => sum + figure(one), 0));
        const shown = suppress(cells, by);
        const hidden = new Set(shown.flatMap((one, place) => (one.shown ? [] : [cells[place] as UsageCell])));
        for (const one of cells) if (sums([one]).some(isFew) && !hidden.has(one)) throw new Error('a small cell is shown');
        for (let choice = 0; choice < 7; choice++) {
          const kept = by.filter((_dimension, place) => choice & (2 ** place));
          const lines = new Map<string, UsageCell[]>();
          for (const one of cells) {
            const name = kept.map((dimension) => one.key[dimension]).join();
            lines.set(name, [...(lines.get(name) ?? []), one]);
          }
          for (const line of lines.values()) {
            const total = [
              ...sums(line),
              line.reduce((sum, one) => sum + one.masked.enterprises, 0),
              line.reduce((sum, one) => sum + one.reads.enterprises, 0),
            ];
            const missing = line.filter((one) => hidden.has(one));
            // A total that is small itself is not shown.
            if (missing.length === 0 || total.some(isFew)) continue;
            if (sums(missing).some(isFew)) throw new Error(`${kept.join()}: what is missing tells of few`);
            if (missing.length < 2 && line.length > 1) throw new Error(`${kept.join()}: one cell is missing`);
          }
        }
        hiddenBesides += [...hidden].filter((one) => !sums([one]).some(isFew)).length;
      }),
      { numRuns: 400 },
    );
    expect(hiddenBesides).toBeGreaterThan(100);
  });
});
