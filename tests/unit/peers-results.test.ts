import { describe, expect, test } from '@jest/globals';
import { axisOf, chartOf, kindOf } from '../bench/peers/chart.mjs';
import { joined, judge, type Measurement, median, relativeTo, summarise } from '../bench/peers/ratios.mjs';

const measured = (contestant: string, perSecond: number, more: Partial<Measurement> = {}): Measurement => ({
  workload: 'A',
  state: 'process',
  callers: 16,
  contestant,
  requests: 10 * perSecond,
  perSecond,
  p50: 1000 / perSecond,
  p99: 3000 / perSecond,
  cpuMs: 900 / perSecond,
  residentMiB: 100,
  sender: 0.5,
  refused: 0,
  ...more,
});

describe('What is said of measurements', () => {
  test('a row is the median of its rounds, with the least and the most', () => {
    const rounds = [300, 100, 200].map((rate) => measured('ours', rate));
    const [row, ...others] = summarise([...rounds, measured('ours', 7, { callers: 1 })]);
    expect(row).toMatchObject({ contestant: 'ours', callers: 16, rounds: 3, perSecond: 200, spread: [100, 300], requests: 6_000, p50: 5, p99: 15 });
    expect(others.map(({ callers, perSecond }) => [callers, perSecond])).toEqual([[1, 7]]);
    expect(median([4, 1, 3])).toBe(3);
  });

  test('ratios are against the same workload, state and number of callers only', () => {
    const rows = relativeTo(
      summarise([measured('mercurius-bare', 200), measured('ours', 500, { cpuMs: 1 }), measured('ours', 50, { state: 'cold' }), measured('yoga-bare', 100)]),
      'mercurius-bare',
    );
    expect(rows.map(({ contestant, ratio, cpuRatio }) => [contestant, ratio, cpuRatio])).toEqual([
      ['mercurius-bare', 1, 1],
      ['ours', 2.5, 4.5],
      ['ours', null, null],
      ['yoga-bare', 0.5, 0.5],
    ]);
  });

  test('what was measured again takes the place of what was measured before, and nothing else does', () => {
    const earlier = summarise([measured('ours', 1), measured('ours', 2, { callers: 64 }), measured('yoga-bare', 3)]);
    const rows = joined(earlier, summarise([measured('ours', 9), measured('ours', 8, { workload: 'B' })]));
    expect(rows.map(({ contestant, workload, callers, perSecond }) => [contestant, workload, callers, perSecond])).toEqual([
      ['ours', 'A', 64, 2],
      ['yoga-bare', 'A', 16, 3],
      ['ours', 'A', 16, 9],
      ['ours', 'B', 16, 8],
    ]);
  });

  test('a target is reached at its figure, short below it, and neither where one side was not measured', () => {
    const judgedWith = (rate: number) =>
      judge(summarise([measured('ours', rate), measured('mercurius-bare', 200), measured('statement', 1_000)]))
        .filter(({ workload, state, against }) => workload === 'A' && state === 'process' && against)
        .map(({ against, value, reached }) => [against, value, reached]);
    expect(judgedWith(300)).toEqual([
      ['mercurius-bare', 1.5, true],
      ['statement', 0.3, false],
    ]);
    expect(judgedWith(299)[0]).toEqual(['mercurius-bare', 1.495, false]);
    expect(judge([]).every(({ value, reached }) => value === null && reached === null)).toBe(true);
  });

  test('PostGraphile is judged against the gateway on the same Node, and the batch by its p99', () => {
    const cold = { state: 'cold' };
    const rows = summarise([
      measured('ours', 1, cold),
      measured('ours-newer-node', 600, cold),
      measured('postgraphile-duties', 100, cold),
      measured('ours', 100, { workload: 'B', callers: 8, p99: 30 }),
    ]);
    const reached = judge(rows).filter((target) => target.value !== null);
    expect(reached.map(({ against, p99AtMostMs, value, reached: is }) => [against ?? p99AtMostMs, value, is])).toEqual([
      ['postgraphile-duties', 6, true],
      [30, 30, true],
    ]);
  });
});

describe('The chart', () => {
  const results = (callers: number) => ({
    machine: { cpu: 'A & B <CPU>', cores: 2 },
    versions: { node: 'v20', postgres: '18', redis: '7' },
    options: { enterprises: 100, rounds: 1 },
    labels: { ours: 'this gateway', 'mercurius-bare': 'Mercurius jit, bare', statement: 'floor: statement' },
    rows: relativeTo(
      summarise([measured('mercurius-bare', 200, { callers }), measured('ours', 2_000, { callers }), measured('statement', 20, { callers })]),
      'mercurius-bare',
    ),
  });
  const barsOf = (svg: string) => [...svg.matchAll(/<rect x="230" y="\d+" width="([\d.]+)"/g)].map(([, width]) => Number(width));

  test('has a bar for each contestant, the fastest first, as long as the logarithm of its ratio', () => {
    const svg = chartOf(results(16));
    const [ours, mercurius, statement] = barsOf(svg) as [number, number, number];
    expect(barsOf(svg)).toHaveLength(3);
    // From 0.1 to 10: the baseline is in the middle.
    expect(ours).toBeCloseTo(2 * mercurius, 0);
    expect(statement).toBe(1);
    expect(svg).toContain('10.0 × · 2000/s');
    expect(svg.indexOf('this gateway</text>')).toBeLessThan(svg.indexOf('Mercurius jit, bare</text>'));
    expect(chartOf(results(16))).toBe(svg);
  });

  test('is well-formed, escapes what it is told, and shows the callers that were measured', () => {
    const svg = chartOf(results(64));
    expect(svg).toContain('A &amp; B &lt;CPU&gt;');
    expect(svg).toContain('64 并发 callers');
    expect(svg.match(/<text /g)?.length).toBe(svg.match(/<\/text>/g)?.length);
    expect(svg).toMatch(/^<svg [^>]+>[\s\S]+<\/svg>\n$/);
    expect(svg).toContain('prefers-color-scheme:dark');
  });

  test('its axis spans whole powers of ten around 1 and rises with the ratio', () => {
    expect(axisOf([0.03, 12]).ticks).toEqual([0.01, 0.1, 1, 10, 100]);
    expect(axisOf([2]).ticks).toEqual([1, 10]);
    const { at } = axisOf([0.03, 12]);
    expect(at(1) - at(0.1)).toBeCloseTo(at(10) - at(1));
  });

  test('colours say who has the duties', () => {
    expect(['ours', 'ours-newer-node', 'yoga-bare', 'yoga-duties', 'statement'].map(kindOf)).toEqual(['ours', 'ours', 'bare', 'duties', 'floor']);
  });
});
