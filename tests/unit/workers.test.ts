/** What several processes on one port tell of themselves as one gateway. */
import { describe, expect, test } from '@jest/globals';
import { openPatience } from '../../src/commands/revival.js';
import { demandSharedCounts } from '../../src/commands/workers.js';
import { openMetrics } from '../../src/http/metrics.js';
import { alone, healthOfAll, type Siblings, type Topic } from '../../src/http/siblings.js';

/** Processes that ask one another; those named do not answer. */
function together(count: number, silent: readonly number[] = []): Siblings[] {
  const tells = Array.from({ length: count }, () => new Map<Topic, () => Promise<unknown>>());
  return tells.map((own, place) => ({
    number: place + 1,
    count,
    tells: (topic, tell) => void own.set(topic, tell),
    // What goes between processes is JSON.
    ask: async (topic) => JSON.parse(JSON.stringify(await Promise.all(tells.filter((_, at) => !silent.includes(at + 1)).map((one) => one.get(topic)?.())))),
  }));
}
const metricsOf = (siblings: Siblings) =>
  openMetrics({
    facts: () => ({ local: 1, redis: 2, postgres: 3 }),
    factBytes: () => 7,
    texts: () => ({ local: 1, redis: 2, written: 3, bytes: 4 }),
    replica: () => null,
    cacheState: () => 'READY',
    evidence: { read: async () => ({ integrated: 5, ageSeconds: null, lag: 6, oldestSeconds: null, holders: [], witnesses: [] }) },
    siblings,
  });
const answered = { code: null, status: 200, seconds: 0.003, lookedUp: 4 };

describe('Metrics', () => {
  test('of several are told by whichever is asked, each under its number, and those of the zone once', async () => {
    const [one, other] = together(2).map(metricsOf) as [ReturnType<typeof openMetrics>, ReturnType<typeof openMetrics>];
    one.answered(answered);
    one.answered(answered);
    other.answered(answered);
    for (const text of [await one.text(), await other.text()]) {
      expect(text.match(/^zone_records_looked_up_total.*$/gm)).toEqual([
        'zone_records_looked_up_total{worker="1"} 8',
        'zone_records_looked_up_total{worker="2"} 4',
      ]);
      expect(text.match(/^zone_request_seconds_bucket\{.*le="0.005".*$/gm)).toHaveLength(2);
      expect(text.match(/^zone_audit_lag.*$/gm)).toEqual(['zone_audit_lag 6']);
      expect(text.match(/^process_start_time_seconds.*$/gm)).toHaveLength(2);
      expect(text.match(/^# TYPE zone_facts gauge$/gm)).toHaveLength(1);
      // Every line is one that Prometheus reads.
      for (const line of text.trim().split('\n')) expect(line).toMatch(/^(#.*|[a-z_\d]+(\{[^}]*\})? (-?[\d.e+-]+|[Nn]a[Nn]|[+-]Inf))?$/);
    }
  });

  test('of one that does not answer are left out, not told as nothing', async () => {
    const [one] = together(2, [2]).map(metricsOf) as [ReturnType<typeof openMetrics>];
    one.answered(answered);
    expect((await one.text()).match(/^zone_records_looked_up_total.*$/gm)).toEqual(['zone_records_looked_up_total{worker="1"} 4']);
  });

  test('of one alone carry no number', async () => {
    const metrics = metricsOf(alone());
    metrics.answered(answered);
    expect(await metrics.text()).toMatch(/^zone_records_looked_up_total 4$/m);
  });
});

test('Health tells the worst of all, and how many answer', () => {
  const [one] = together(3) as [Siblings];
  const words = { postgres: 'ok', redis: 'none', catalogue: 'c' };
  expect(healthOfAll([words, { ...words, postgres: 'away' }], one)).toEqual({ postgres: 'away', redis: 'none', catalogue: 'c', workers: '2/3' });
  expect(
    healthOfAll(
      [
        { ...words, redis: 'slow' },
        { ...words, redis: 'ok' },
        { ...words, redis: 'away' },
      ],
      one,
    ),
  ).toMatchObject({ redis: 'away', workers: '3/3' });
  expect(healthOfAll([words], alone())).toEqual(words);
});

test('Several processes are refused in production where they cannot count together', () => {
  expect(() => demandSharedCounts({ production: true, redisUrl: null }, 2)).toThrow(expect.objectContaining({ code: 'CONFIG_FAULTY' }));
  for (const [production, redisUrl, count] of [
    [true, 'redis://cache', 2],
    [true, null, 1],
    [false, null, 2],
  ] as const)
    expect(() => demandSharedCounts({ production, redisUrl }, count)).not.toThrow();
});

test('What dies again and again is started again less and less often, and what lived well at once', () => {
  const patience = openPatience();
  expect([1, 1, 1, 1, 1, 1, 1, 1, 1].map(patience)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  expect([120_000, 1].map(patience)).toEqual([250, 500]);
});
