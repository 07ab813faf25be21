/** The pure parts of alerts: thresholds, cases, sketches, volumes, and what an entry adds to what is counted. */
import { describe, expect, test } from '@jest/globals';
import { type CaseReport, type CaseState, isAfterDecline, isLive } from '../../src/alerts/cases.js';
import { judge, type Past } from '../../src/alerts/judge.js';
import { ALERT_KINDS, BY_GRAVITY, loosens, type Rules, thresholdFaults } from '../../src/alerts/rules.js';
import { addTo, emptySketch, numberIn } from '../../src/alerts/sketch.js';
import { burstOf, isBetween, isWeekend, keyOf, nightOf, subjectOf } from '../../src/alerts/subject.js';
import { type Known, talliesOf } from '../../src/alerts/tallies.js';
import { tellAlert } from '../../src/alerts/tellAlert.js';
import { type DayVolume, medianOf, usualOf, weigh } from '../../src/alerts/volume.js';
import type { AuditEntry } from '../../src/audit/entry.js';
import { hourInBeijing, midnightBefore } from '../../src/beijing.js';
import { readConfig } from '../../src/config.js';

const HOUR = 3_600_000;

describe('thresholds', () => {
  test.each([
    ['DENIAL_BURST', { probes: 1 }, []],
    ['DENIAL_BURST', { probes: 1.5 }, ['OUT_OF_RANGE']],
    ['DENIAL_BURST', { probes: Number.NaN }, ['OUT_OF_RANGE']],
    ['DENIAL_BURST', { constructor: 1 }, ['UNKNOWN']],
    ['STALE_CHECKPOINT', { seconds: 60 }, ['OUT_OF_RANGE']],
    ['READS_WITHOUT_LIVE_CASE', { shareOfDay: 0.5, graceHours: 0 }, []],
    ['READS_AT_NIGHT', { fromHour: 24 }, ['OUT_OF_RANGE']],
  ] as const)('of %s: %p is %p', (kind, given, faults) => {
    expect(thresholdFaults(kind, given as Record<string, number>).map(({ fault }) => fault)).toEqual(faults);
  });

  const burst = (enabled: boolean, probes: number) => ({ kind: 'DENIAL_BURST', enabled, thresholds: { probes } }) as const;
  test('what lets more pass loosens: higher, or off; lower or on does not', () => {
    expect(loosens(burst(true, 30), burst(true, 31))).toBe(true);
    expect(loosens(burst(true, 30), burst(true, 29))).toBe(false);
    expect(loosens(burst(true, 30), burst(false, 30))).toBe(true);
    expect(loosens(burst(false, 30), burst(true, 30))).toBe(false);
    const night = (fromHour: number) =>
      ({ kind: 'READS_AT_NIGHT', enabled: true, thresholds: { fromHour, untilHour: 6, readsANight: 9, timesUsual: 3 } }) as const;
    expect(loosens(night(22), night(21))).toBe(true);
    expect(loosens(night(22), night(22))).toBe(false);
  });
});

describe('time in Beijing', () => {
  const late = new Date('2026-11-20T17:30:00Z');
  test('days, nights and hours', () => {
    expect(midnightBefore(late).toISOString()).toBe('2026-11-20T16:00:00.000Z');
    expect(hourInBeijing(late)).toBe(1);
    expect(nightOf(late, 6).toISOString()).toBe('2026-11-19T16:00:00.000Z');
    expect(isWeekend(midnightBefore(late))).toBe(true);
    expect(isWeekend(midnightBefore(new Date('2026-11-20T15:59:59Z')))).toBe(false);
    expect(burstOf(late)).toEqual(late);
    expect([21, 22, 0, 5, 6].map((hour) => isBetween(hour, 22, 6))).toEqual([false, true, true, true, false]);
    expect([0, 1, 4, 5].map((hour) => isBetween(hour, 1, 5))).toEqual([false, true, true, false]);
  });
  test('a subject is read back from its key', () => {
    const subject = { institution: 'bank-01', operator: '王"审', caseNumber: 'C,1', topic: 'x' };
    expect(subjectOf(keyOf(subject))).toEqual(subject);
    expect(subjectOf(keyOf({ institution: null }))).toEqual({ institution: null });
  });
});

describe('cases', () => {
  const begin = Date.parse('2026-09-01T00:00:00Z');
  const at = (hours: number) => new Date(begin + hours * HOUR);
  const reports = (caseNumber: string, ...states: (readonly [number, CaseState])[]): CaseReport[] =>
    states.map(([hours, state], place) => ({ institution: 'b', uscc: 'u', caseNumber, revision: place + 1, state, reportedAt: at(hours) }));
  const read = (hours: number, purpose = 'PRE_LOAN_REVIEW', caseNumber = 'C') => ({ caseNumber, purpose, time: at(hours) });
  const whole = reports('C', [0, 'OPEN'], [100, 'APPROVED'], [1000, 'CLOSED']);

  test.each([
    ['while it is open', read(50), true],
    ['before it is reported, within the grace', read(-23), true],
    ['before it is reported, beyond the grace', read(-25), false],
    ['shortly after it was approved', read(123), true],
    ['long after it was approved', read(130), false],
    ['for approval, after approval', read(130, 'LOAN_APPROVAL'), true],
    ['of another case', read(50, 'PRE_LOAN_REVIEW', 'D'), false],
    ['for monitoring before there is a loan', read(50, 'POST_LOAN_MONITORING'), false],
    ['for monitoring, under any number', read(500, 'POST_LOAN_MONITORING', 'P'), true],
    ['for disposal, when the loan is over', read(1030, 'RISK_DISPOSAL'), false],
  ])('a read %s', (_when, one, live) => {
    expect(isLive(whole, one, 24)).toBe(live);
  });

  test('a read after a decline', () => {
    const declined = reports('C', [0, 'OPEN'], [10, 'DECLINED']);
    expect(isAfterDecline(declined, read(33), 24)).toBe(false);
    expect(isAfterDecline(declined, read(35), 24)).toBe(true);
    expect(isAfterDecline(declined, read(5), 0)).toBe(false);
    expect(isAfterDecline([...declined, ...reports('D', [20, 'OPEN'])], read(35), 24)).toBe(false);
    expect(isAfterDecline([...declined, ...reports('D', [40, 'OPEN'])], read(35), 24)).toBe(true);
    expect(isAfterDecline([...declined, ...reports('C', [20, 'OPEN']).map((one) => ({ ...one, revision: 3 }))], read(50), 24)).toBe(false);
  });
});

test('a sketch tells how many different there were, within a few percent', () => {
  for (const wanted of [1, 10, 100, 1_000, 10_000]) {
    const sketch = emptySketch();
    for (let times = 0; times < 2; times++)
      addTo(
        sketch,
        Array.from({ length: wanted }, (_, n) => `91110108MA${String(n).padStart(8, '0')}`),
      );
    expect(Math.abs(numberIn(sketch) - wanted)).toBeLessThanOrEqual(Math.max(1, (wanted > 5_000 ? 0.1 : 0.04) * wanted));
  }
});

describe('volumes', () => {
  const MONDAY = Date.parse('2026-08-31T00:00:00+08:00');
  const day = (n: number) => new Date(MONDAY + n * 24 * HOUR);
  const volume = (institution: string, n: number, enterprises: number): DayVolume => ({ institution, purpose: 'P', day: day(n), enterprises });
  const thresholds = { deviations: 6, times: 2.5, leastEnterprises: 100, leastDays: 5 };
  const workdays = [0, 1, 2, 3, 4, 7, 8, 9, 10, 11];
  const month = ['a', 'b', 'c', 'd'].flatMap((institution) => workdays.map((n) => volume(institution, n, 100 + (n % 3) * 5)));
  const holds = (enterprises: number, others = 105, history = month) =>
    weigh(volume('a', 14, enterprises), history, [volume('a', 14, enterprises), ...['b', 'c', 'd'].map((one) => volume(one, 14, others))], thresholds).holds;

  test('the median does not follow what stands out', () => {
    expect(medianOf([1, 2, 3, 100])).toBe(2.5);
    expect(medianOf([])).toBe(0);
    expect(usualOf([100, 100, 100, 5_000]).median).toBe(100);
  });
  test('far above its own days is told; what all have more of is not', () => {
    expect(holds(240)).toBe(false);
    expect(holds(300)).toBe(true);
    expect(holds(300, 250)).toBe(false);
    expect(holds(800, 250)).toBe(true);
  });
  test('one earlier day of the kind hides no second one, and a batch every week is usual', () => {
    const once = month.map((one) => (one.institution === 'a' && one.day.getTime() === day(8).getTime() ? { ...one, enterprises: 400 } : one));
    expect(holds(400, 105, [...once, ...['a'].flatMap(() => [volume('a', -1, 100), volume('a', -3, 100), volume('a', -4, 100)])])).toBe(true);
    const weekly = month.map((one) => ([0, 7].includes((one.day.getTime() - MONDAY) / (24 * HOUR)) ? { ...one, enterprises: 900 } : one));
    expect(holds(900, 105, weekly)).toBe(false);
  });
  test('who has no days of its own is held against the days of its peers', () => {
    const newcomer = weigh(volume('new', 14, 600), month, [volume('new', 14, 600), volume('b', 14, 105)], thresholds);
    expect(newcomer).toMatchObject({ holds: true, usual: 105 });
    expect(weigh(volume('new', 14, 600), [], [], thresholds).holds).toBe(false);
    // Peers of a single day teach nothing yet.
    expect(weigh(volume('new', 14, 600), month.slice(0, 1).concat(month.filter(({ day: of }) => of.getTime() === MONDAY)), [], thresholds).holds).toBe(false);
  });
});

describe('what an entry adds', () => {
  const rules = {
    READS_AT_NIGHT: { thresholds: { fromHour: 22, untilHour: 6 } },
    READS_AFTER_DECLINE: { thresholds: { graceHours: 24 } },
    READS_WITHOUT_LIVE_CASE: { thresholds: { graceHours: 24 } },
  } as unknown as Rules;
  const known: Known = { rules, canaries: new Set(['c']), reports: () => false, casesOf: () => [] };
  const entry = (more: object): AuditEntry =>
    ({
      v: 1,
      id: 'r',
      time: '2026-11-20T03:00:00.000Z',
      institution: 'b',
      client: 'k',
      durationMs: 1,
      outcome: 'ANSWERED',
      purpose: 'PRE_LOAN_REVIEW',
      ...more,
    }) as AuditEntry;
  const reads = (enterprises: string[], more: object = {}, category: object = { clear: ['x'] }) => [
    { field: 'enterprises', enterprises, categories: [{ category: 't', ...category }], ...more },
  ];
  const counts = (more: object) => Object.fromEntries(talliesOf(entry(more), known).tallies.map(({ kind, count }) => [kind, count]));

  test('reads, by day and by night, named and not', () => {
    expect(counts({ reads: reads(['u', 'v', 'u']) })).toEqual({ UNUSUAL_VOLUME: 2 });
    expect(counts({ reads: reads(['u', 'v']), operator: 'o' })).toEqual({ UNUSUAL_VOLUME: 2, ONE_OPERATOR_MANY_ENTERPRISES: 2 });
    expect(counts({ reads: reads(['u', 'c']), time: '2026-11-20T15:00:00.000Z' })).toEqual({ UNUSUAL_VOLUME: 2, READS_AT_NIGHT: 2, CANARY_TOUCHED: 1 });
    expect(counts({ reads: reads(['u']), time: '2026-11-20T15:00:00.000Z', purpose: 'POST_LOAN_MONITORING' })).toEqual({ UNUSUAL_VOLUME: 1 });
  });
  test('operators of a client also count together, so that a new name for each read hides nothing', () => {
    const named = Array.from({ length: 30 }, (_, n) =>
      talliesOf(entry({ reads: reads([`u${n}`, `v${n}`]), operator: `name ${n}`, time: '2026-11-20T15:00:00.000Z' }), known),
    );
    const ofClient = named.flatMap(({ tallies }) => tallies.filter(({ subject }) => keyOf(subject) === keyOf({ institution: 'b', topic: 'k' })));
    const sum = (of: string) => ofClient.filter(({ kind }) => kind === of).reduce((all, { count }) => all + count, 0);
    expect([sum('READS_AT_NIGHT'), sum('ONE_OPERATOR_MANY_ENTERPRISES')]).toEqual([60, 60]);
    // What follows a loan is done in batches; and a system that names nobody is one subject as it is.
    const monitoring = talliesOf(entry({ reads: reads(['u']), operator: 'o', purpose: 'POST_LOAN_MONITORING' }), known).tallies;
    const unnamed = talliesOf(entry({ reads: reads(['u']), time: '2026-11-20T15:00:00.000Z' }), known).tallies;
    for (const tally of [...monitoring, ...unnamed]) expect(tally.subject.topic).not.toBe('k');
  });
  test('a canary counts although nothing was given', () => {
    expect(counts({ reads: reads(['c'], {}, {}), outcome: 'REFUSED', code: 'BUDGET_SPENT' })).toEqual({ CANARY_TOUCHED: 1 });
  });
  test('what comes upon nothing: unknown, invalid, wholly denied; not what is denied in part, nor limits', () => {
    const denied = { denied: { NO_GRANT: ['x'] } };
    expect(counts({ reads: reads(['u', 'v', 'w'], { unknown: [0], invalid: 2 }) })).toMatchObject({ DENIAL_BURST: 3 });
    expect(counts({ reads: reads(['u', 'v', 'w'], {}, denied) })).toMatchObject({ DENIAL_BURST: 3 });
    expect(counts({ reads: reads(['u', 'v', 'w'], {}, { ...denied, clear: ['y'] }) })).not.toHaveProperty('DENIAL_BURST');
    const parts = [
      {
        field: 'enterprises',
        enterprises: ['u', 'v'],
        categories: [
          { category: 't', enterprises: [0], ...denied },
          { category: 't', enterprises: [1], clear: ['x'] },
        ],
      },
    ];
    expect(counts({ reads: parts })).toMatchObject({ DENIAL_BURST: 1 });
    expect(
      counts({
        reads: reads(
          Array.from({ length: 500 }, (_, n) => `u${n}`),
          {},
          denied,
        ),
      }),
    ).toMatchObject({ DENIAL_BURST: 10 });
    expect(counts({ outcome: 'REFUSED', code: 'INVALID_USCC' })).toEqual({ DENIAL_BURST: 1 });
    expect(counts({ outcome: 'REFUSED', code: 'BUDGET_SPENT' })).toEqual({});
  });
  test('a rule that was loosened', () => {
    const change = { mutation: 'changeAlertRule', state: 'DONE', detail: { kind: 'DENIAL_BURST', loosens: true } };
    expect(counts({ institution: null, changes: [change] })).toEqual({ RULE_LOOSENED: 1 });
    expect(counts({ institution: null, changes: [{ ...change, state: 'REFUSED' }] })).toEqual({});
    expect(counts({ institution: null, changes: [{ ...change, detail: { loosens: false } }] })).toEqual({});
  });
});

describe('a client behind many names', () => {
  const rules = {
    READS_AT_NIGHT: { enabled: true, thresholds: { readsANight: 15, timesUsual: 3 } },
    ONE_OPERATOR_MANY_ENTERPRISES: { enabled: true, thresholds: { lendingEnterprisesADay: 120 } },
  } as unknown as Rules;
  const held = async (kind: 'READS_AT_NIGHT' | 'ONE_OPERATOR_MANY_ENTERPRISES', count: number, busiest: number, fortnight: number[] = []) => {
    const past = { busiest: async () => busiest, fortnight: async () => fortnight } as unknown as Past;
    return (await judge({ kind, subject: { institution: 'b', topic: 'k' }, bucket: new Date(0), count }, rules, past)).holds;
  };
  const usually = (count: number) => Array.from({ length: 10 }, () => count);
  test.each([
    ['READS_AT_NIGHT', 46, 1, [], true],
    ['READS_AT_NIGHT', 44, 1, [], false],
    ['READS_AT_NIGHT', 60, 40, [], false],
    ['READS_AT_NIGHT', 60, 2, usually(30), false],
    ['ONE_OPERATOR_MANY_ENTERPRISES', 400, 5, usually(100), true],
    ['ONE_OPERATOR_MANY_ENTERPRISES', 400, 5, usually(300), false],
    ['ONE_OPERATOR_MANY_ENTERPRISES', 400, 300, usually(100), false],
    ['ONE_OPERATOR_MANY_ENTERPRISES', 1_300, 5, [], true],
  ] as const)('%s: %p in all, %p by one, usually %p: %p', async (kind, count, busiest, fortnight, holds) => {
    expect(await held(kind, count, busiest, [...fortnight])).toBe(holds);
  });
});

test('each kind has its gravity', () => {
  expect([...BY_GRAVITY].sort()).toEqual([...ALERT_KINDS].sort());
});

test.each(ALERT_KINDS)('%s is told in both languages', (kind) => {
  const { zh, en } = tellAlert({ kind, subject: { institution: 'bank-01', caseNumber: 'C-1', topic: 'P' }, count: 3, figures: {}, thresholds: {} });
  expect(zh).toMatch(/\p{Script=Han}/u);
  expect(en).toMatch(/[a-z]{3}/);
  expect(`${zh}${en}`).not.toMatch(/undefined|NaN/);
});

test('the webhook stands in the configuration with its secret, over a private way, or not at all', () => {
  const webhookOf = (ALERT_WEBHOOK_URL: string, ALERT_WEBHOOK_SECRET_FILE: string) => readConfig({ ALERT_WEBHOOK_URL, ALERT_WEBHOOK_SECRET_FILE }).alertWebhook;
  expect(webhookOf('', '')).toBeNull();
  expect(webhookOf('https://hook.example/x', 's')).toEqual({ url: 'https://hook.example/x', secretFile: 's' });
  expect(() => webhookOf('https://hook.example/x', '')).toThrow(/ALERT_WEBHOOK_SECRET_FILE/);
  expect(() => webhookOf('http://hook.example/x', 's')).toThrow(/https/);
});
