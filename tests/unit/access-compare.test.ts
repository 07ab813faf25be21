import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Comparison, changeOf, compareStandings, type Difference, momentsFrom, TELLING_CONSENTS, widens } from '../../src/access/compare.js';
import { compile, everyCircumstance } from '../../src/access/compile.js';
import type { Agreement, Grant, ItemSetting, Standing } from '../../src/access/evidence.js';
import { fromByte, type Outcome } from '../../src/access/outcome.js';
import { type Grade, type ItemCode, PURPOSES, type Purpose } from '../../src/terms.js';
import { agreement, grant, inventedCatalogue, inventedCategory, inventedItem, inventedRecord, NOW, standing } from '../harness/invented.js';

const catalogue = inventedCatalogue(
  inventedRecord({
    code: 'tax.inventedBasis',
    items: [
      inventedItem({ name: 'plain', grade: 1 }),
      inventedItem({ name: 'matter', grade: 3, sharing: 'CONDITIONAL' }),
      inventedItem({ name: 'secret', grade: 4 }),
      inventedItem({ name: 'filer', type: 'personName', personal: true, mask: 'name' }),
    ],
  }),
  inventedCategory({ code: 'customs.inventedReturn' }),
);
const { categories } = catalogue;
const HOUR = 3_600_000;
const moment = (hours: number) => new Date(NOW.getTime() + hours * HOUR);
const comparison = (part: Partial<Comparison> = {}): Comparison => ({ purposes: PURPOSES, times: [NOW], categories, ...part });
const differences = (before: Standing | null, after: Standing | null, part: Partial<Comparison> = {}) =>
  [...compareStandings(before, after, comparison(part))].flat();
const itemsOf = (found: readonly Difference[]) => [...new Set(found.map(({ item, change }) => `${item.code} ${change}`))].sort();

/* ---- arbitrary standings ---- */

const hours = fc.integer({ min: -3, max: 3 }).map(moment);
const usually = <T>(usual: T, other: fc.Arbitrary<T>) => fc.oneof({ arbitrary: fc.constant(usual), weight: 4 }, { arbitrary: other, weight: 1 });
const term = fc.record({
  id: fc.uuid(),
  purposes: usually<Purpose[]>([...PURPOSES], fc.subarray([...PURPOSES])),
  validFrom: usually(moment(-9), hours),
  validUntil: usually(moment(9), hours),
});
const grade = fc.constantFrom<Grade>(1, 2, 3, 4);
const agreements: fc.Arbitrary<Agreement> = fc.tuple(term, usually<Grade>(4, grade)).map(([part, highestGrade]) => ({ ...part, highestGrade }));
const grants: fc.Arbitrary<Grant> = fc
  .tuple(
    term,
    fc.constantFrom(['*'], ['tax'], ['customs'], ['tax.inventedBasis.matter'], ['customs.inventedReturn']),
    fc.constantFrom<Grant['effect']>('CLEAR', 'CLEAR', 'MASKED'),
  )
  .map(([part, scope, effect]) => ({ ...part, scope, effect }));
const settings: fc.Arbitrary<ReadonlyMap<ItemCode, ItemSetting>> = fc
  .array(
    fc.tuple(
      fc.constantFrom(...catalogue.items.map(({ code }) => code)),
      fc.record({
        grade: fc.option(grade),
        sharing: fc.option(fc.constantFrom<'UNCONDITIONAL' | 'CONDITIONAL' | 'NOT_SHARED'>('UNCONDITIONAL', 'CONDITIONAL', 'NOT_SHARED')),
        inForceFrom: fc.option(fc.constantFrom('2026-11-21', '2026-11-22', '2026-11-23')),
      }),
    ),
    { maxLength: 2 },
  )
  .map((pairs) => new Map(pairs));
const standings: fc.Arbitrary<Standing> = fc
  .record({
    active: usually(true, fc.boolean()),
    agreements: fc.array(agreements, { minLength: 1, maxLength: 2 }),
    grants: fc.array(grants, { maxLength: 3 }),
    settings,
  })
  .map((part) => standing(part));
/** Two policies of one zone usually have most in common. */
const pairs: fc.Arbitrary<readonly [Standing, Standing]> = fc
  .tuple(standings, standings, fc.constantFrom<keyof Standing>('grants', 'agreements', 'settings', 'active'))
  .map(([before, other, changed]) => [before, { ...before, [changed]: other[changed] }]);

const width = ({ effect }: Outcome) => ['DENIED', 'MASKED', 'CLEAR'].indexOf(effect);
/** Everything that can come out under a standing at a time, in one row of widths: decided as requests are. */
function everything(of: Standing, time: Date): number[] {
  return PURPOSES.flatMap((purpose) => {
    const compiled = compile(of, purpose, time, catalogue);
    return everyCircumstance().flatMap(({ subject, consent }) => [...compiled.outcomesFor(subject, consent)].map((byte) => width(fromByte(byte))));
  });
}

describe('what counts as a change', () => {
  const denied: Outcome = { effect: 'DENIED', reason: 'NO_GRANT' };
  test.each<[Outcome, Outcome, ReturnType<typeof changeOf>]>([
    [denied, { effect: 'MASKED' }, 'WIDENED'],
    [denied, { effect: 'CLEAR' }, 'WIDENED'],
    [{ effect: 'MASKED' }, { effect: 'CLEAR' }, 'WIDENED'],
    [{ effect: 'CLEAR' }, { effect: 'MASKED' }, 'NARROWED'],
    [{ effect: 'MASKED' }, denied, 'NARROWED'],
    [{ effect: 'CLEAR' }, denied, 'NARROWED'],
    [{ effect: 'MASKED' }, { effect: 'MASKED' }, null],
    [denied, { effect: 'DENIED', reason: 'GRANT_EXPIRED' }, null],
  ])('%j to %j', (before, after, change) => {
    expect(changeOf(before, after)).toBe(change);
  });
});

describe('the difference of two standings', () => {
  test('of equal ones is nothing, in as many steps as there are categories, purposes and times', () => {
    const one = standing();
    const steps = [...compareStandings(one, { ...one }, comparison({ times: [NOW, moment(1)] }))];
    expect(steps.flat()).toEqual([]);
    expect(steps).toHaveLength(2 * PURPOSES.length * categories.length);
    expect(widens(one, { ...one }, comparison())).toBe(false);
  });

  test('names the item that a new grant gives, and nothing else', () => {
    const before = standing({ grants: [grant({ scope: ['customs'] })] });
    const after = { ...before, grants: [...before.grants, grant({ scope: ['tax.inventedBasis.plain'], purposes: ['LOAN_APPROVAL'] })] };
    expect(itemsOf(differences(before, after))).toEqual(['tax.inventedBasis.plain WIDENED']);
    expect(new Set(differences(before, after).map(({ purpose }) => purpose))).toEqual(new Set(['LOAN_APPROVAL']));
    expect(widens(before, after, comparison())).toBe(true);
    expect(widens(after, before, comparison())).toBe(false);
    expect(itemsOf(differences(after, before))).toEqual(['tax.inventedBasis.plain NARROWED']);
  });

  test('tells a grade that is raised as narrower, and one that is lowered as wider, only where that shows', () => {
    const before = standing({ agreements: [agreement({ highestGrade: 3 })] });
    const plain = 'tax.inventedBasis.plain' as ItemCode;
    const graded = (to: Grade) => ({ ...before, settings: new Map([[plain, { grade: to, sharing: null, inForceFrom: null }]]) });
    expect(itemsOf(differences(before, graded(2)))).toEqual([]);
    expect(itemsOf(differences(before, graded(4)))).toEqual([`${plain} NARROWED`]);
    // Grade 3 needs a consent: narrower without one, the same with one.
    expect(new Set(differences(before, graded(3)).map(({ consent }) => consent))).toEqual(new Set(['NONE']));
    expect(widens(graded(3), before, comparison())).toBe(true);
  });

  test('shows what a masked grant beside a clear one does: it narrows', () => {
    const before = standing();
    const after = { ...before, grants: [...before.grants, grant({ effect: 'MASKED' })] };
    expect(widens(before, after, comparison())).toBe(false);
    expect(differences(before, after).every(({ change }) => change === 'NARROWED')).toBe(true);
    expect(widens(after, before, comparison())).toBe(true);
  });

  test('sees what begins later when asked for that time', () => {
    const before = standing({ grants: [] });
    const after = { ...before, grants: [grant({ validFrom: moment(24), validUntil: moment(48) })] };
    expect(widens(before, after, comparison())).toBe(false);
    const times = momentsFrom(NOW, [before, after], categories);
    expect(times).toEqual(expect.arrayContaining([NOW, moment(24), moment(48)]));
    expect(widens(before, after, comparison({ times }))).toBe(true);
  });

  test('an institution that becomes resident sees more by that, and one that leaves sees less', () => {
    expect(widens(null, standing(), comparison())).toBe(true);
    expect(widens(standing(), null, comparison())).toBe(false);
    expect(itemsOf(differences(standing(), null)).every((line) => line.endsWith('NARROWED'))).toBe(true);
    expect(differences(null, null)).toEqual([]);
  });

  test('the directory of names opened is wider, though no item is', () => {
    const before = standing({ agreements: [], grants: [] });
    const after = { ...before, agreements: [agreement()] };
    expect(differences(before, after)).toEqual([]);
    expect(widens(before, after, comparison())).toBe(true);
    expect(widens(after, before, comparison())).toBe(false);
  });
});

describe('for whatever two policies', () => {
  test('an expired or withdrawn consent never gives anything else than none does', () => {
    fc.assert(
      fc.property(standings, hours, fc.constantFrom(...PURPOSES), (of, time, purpose) => {
        const compiled = compile(of, purpose, time, catalogue);
        for (const subject of ['FIRM', 'PERSON'] as const) {
          const widths = (consent: 'NONE' | 'EXPIRED' | 'WITHDRAWN') => [...compiled.outcomesFor(subject, consent)].map((byte) => width(fromByte(byte)));
          expect(widths('EXPIRED')).toEqual(widths('NONE'));
          expect(widths('WITHDRAWN')).toEqual(widths('NONE'));
        }
      }),
      { numRuns: 400 },
    );
    expect(TELLING_CONSENTS).toEqual(['NONE', 'PERSONAL_MASKED', 'PERSONAL_CLEAR']);
  });

  test('the difference is what deciding under both and comparing gives, and `widens` says whether any of it is wider', () => {
    const met = { wider: 0, narrower: 0, both: 0, neither: 0 };
    fc.assert(
      fc.property(pairs, hours, ([before, after], time) => {
        const was = everything(before, time);
        const is = everything(after, time);
        const wider = is.some((one, place) => one > (was[place] as number));
        const narrower = is.some((one, place) => one < (was[place] as number));
        met[wider ? (narrower ? 'both' : 'wider') : narrower ? 'narrower' : 'neither']++;
        const found = differences(before, after, { times: [time] });
        expect(found.some(({ change }) => change === 'WIDENED')).toBe(wider);
        expect(found.some(({ change }) => change === 'NARROWED')).toBe(narrower);
        const opened =
          after.active &&
          after.agreements.some((one) => one.validFrom <= time && time < one.validUntil) &&
          !(before.active && before.agreements.some((one) => one.validFrom <= time && time < one.validUntil));
        expect(widens(before, after, comparison({ times: [time] }))).toBe(wider || opened);
      }),
      { numRuns: 600 },
    );
    // Every kind of pair was met, so that none of the four was proved idly.
    for (const count of Object.values(met)) expect(count).toBeGreaterThan(5);
  });

  test('the other way round it is the other change', () => {
    fc.assert(
      fc.property(pairs, ([before, after]) => {
        const turned = differences(after, before).map((one) => ({
          ...one,
          before: one.after,
          after: one.before,
          change: one.change === 'WIDENED' ? 'NARROWED' : 'WIDENED',
        }));
        expect(turned).toEqual(differences(before, after));
      }),
      { numRuns: 200 },
    );
  });

  test('between two of the moments nothing changes', () => {
    fc.assert(
      fc.property(standings, fc.integer({ min: 0, max: 4 * 24 * 60 }), (of, minutes) => {
        const time = new Date(NOW.getTime() + minutes * 60_000 + 1);
        const last = momentsFrom(NOW, [of, null], categories)
          .filter((one) => one <= time)
          .at(-1) as Date;
        expect(everything({ ...of }, time)).toEqual(everything({ ...of }, last));
      }),
      { numRuns: 300 },
    );
  });
});
