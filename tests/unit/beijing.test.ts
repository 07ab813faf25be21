import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DAY_MS, dayInBeijing, endOfDayInBeijing, hourInBeijing, midnightBefore, startOfDayInBeijing, weekdayInBeijing } from '../../src/beijing.js';

describe('days in Beijing', () => {
  test.each([
    ['2026-11-22T15:59:59.999Z', '2026-11-22', 23, 0],
    ['2026-11-22T16:00:00.000Z', '2026-11-23', 0, 1],
    ['2026-12-31T16:00:00.000Z', '2027-01-01', 0, 5],
    ['1969-12-31T16:00:00.000Z', '1970-01-01', 0, 4],
  ])('%s lies on %s, at %i', (time, day, hour, weekday) => {
    const moment = new Date(time);
    expect([dayInBeijing(moment), hourInBeijing(moment), weekdayInBeijing(moment)]).toEqual([day, hour, weekday]);
  });

  test('follow one another without a gap, each from one midnight to the next, as the clock of the zone says', () => {
    const clock = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Shanghai', dateStyle: 'short', timeStyle: 'medium' });
    // Since 1992 Beijing knows no summer time.
    fc.assert(
      fc.property(fc.integer({ min: Date.parse('1992-01-01'), max: Date.parse('2100-01-01') }), (time) => {
        const moment = new Date(time);
        const [begin, end] = [midnightBefore(moment), endOfDayInBeijing(moment)];
        expect(begin <= moment && moment < end && end.getTime() - begin.getTime() === DAY_MS).toBe(true);
        expect(startOfDayInBeijing(dayInBeijing(moment))).toEqual(begin);
        expect(midnightBefore(begin)).toEqual(begin);
        const [day, hour] = clock.format(moment).split(' ');
        expect([dayInBeijing(moment), hourInBeijing(moment)]).toEqual([day, Number(hour?.slice(0, 2))]);
      }),
    );
  });
});
