// From measurements to what is said of them. Pure: the same file of results gives the same tables.

export function median(values) {
  return [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)];
}

/** One row for each workload, state, number of callers and contestant, over all rounds, in the order they were first measured. */
export function summarise(measurements) {
  const groups = new Map();
  for (const one of measurements) {
    const key = keyOf(one);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()].map((group) => {
    const [{ workload, state, callers, contestant }] = group;
    const of = (name) => median(group.map((one) => one[name]));
    const rates = group.map(({ perSecond }) => perSecond);
    return {
      workload,
      state,
      callers,
      contestant,
      rounds: group.length,
      requests: group.reduce((sum, { requests }) => sum + requests, 0),
      perSecond: of('perSecond'),
      spread: [Math.min(...rates), Math.max(...rates)],
      p50: of('p50'),
      p99: of('p99'),
      cpuMs: of('cpuMs'),
      residentMiB: of('residentMiB'),
      sender: of('sender'),
      refused: group.reduce((sum, { refused }) => sum + refused, 0),
    };
  });
}

const keyOf = ({ workload, state, callers, contestant }) => `${workload} ${state} ${callers} ${contestant}`;

/** Requests a second of one contestant over those of another, where both were measured; else null. */
export function ratioOf(rows, { workload, state, callers }, contestant, against) {
  const of = (name) => rows.find((row) => keyOf(row) === keyOf({ workload, state, callers, contestant: name }))?.perSecond;
  const [one, other] = [of(contestant), of(against)];
  return one === undefined || other === undefined ? null : one / other;
}

/** Rows of an earlier run beside those of this one, which take the place of what was measured again. */
export function joined(earlier, rows) {
  const fresh = new Set(rows.map(keyOf));
  return [...earlier.filter((row) => !fresh.has(keyOf(row))), ...rows];
}

/**
 * Rows with two ratios to the contestant that all are told against: of requests a second, and of what a second of the server's
 * processor answers, which neighbours on the machine change less.
 */
export function relativeTo(rows, against) {
  return rows.map((row) => {
    const base = rows.find((other) => keyOf(other) === keyOf({ ...row, contestant: against }));
    return { ...row, ratio: base ? row.perSecond / base.perSecond : null, cpuRatio: base ? base.cpuMs / row.cpuMs : null };
  });
}

/** What the gateway is to reach: requests a second against another's, or a time at most. */
export const TARGETS = [
  { workload: 'A', state: 'process', callers: 16, against: 'mercurius-bare', atLeast: 1.5 },
  { workload: 'B', state: 'process', callers: 16, against: 'mercurius-bare', atLeast: 5 },
  { workload: 'B', state: 'redis', callers: 16, against: 'mercurius-bare', atLeast: 5 },
  { workload: 'A', state: 'cold', callers: 16, against: 'mercurius-bare', atLeast: 1.5 },
  { workload: 'B', state: 'cold', callers: 16, against: 'mercurius-bare', atLeast: 1.5 },
  // PostGraphile runs on another Node, so that Node is ours too.
  { workload: 'A', state: 'cold', callers: 16, ours: 'ours-newer-node', against: 'postgraphile-duties', atLeast: 6 },
  { workload: 'B', state: 'cold', callers: 16, ours: 'ours-newer-node', against: 'postgraphile-duties', atLeast: 6 },
  { workload: 'A', state: 'process', callers: 16, against: 'statement', atLeast: 0.5 },
  { workload: 'B', state: 'process', callers: 8, p99AtMostMs: 30 },
];

/** Each target with what was reached; `reached` is null where it was not measured. */
export function judge(rows) {
  return TARGETS.map((target) => {
    const { ours = 'ours', against, atLeast, p99AtMostMs } = target;
    const value = against ? ratioOf(rows, target, ours, against) : (rows.find((row) => keyOf(row) === keyOf({ ...target, contestant: ours }))?.p99 ?? null);
    return { ...target, value, reached: value === null ? null : against ? value >= atLeast : value <= p99AtMostMs };
  });
}
