// The tables on the console.
import Table from 'cli-table3';
import { STATE_LABELS } from './stateLabels.mjs';

const STYLE = { style: { head: [], border: [] } };
/** A sender that is this busy may be what was measured. */
const BUSY = 0.9;

export function resultsTable(rows, labels) {
  const table = new Table({
    head: ['workload', 'state', 'callers', '', 'req/s', 'min - max', 'p50 ms', 'p99 ms', 'CPU ms/req', 'RSS MiB', 'sender', '× Mercurius jit', 'by CPU'],
    ...STYLE,
  });
  for (const row of rows) {
    table.push([
      row.workload,
      STATE_LABELS[row.state],
      row.callers,
      labels[row.contestant] ?? row.contestant,
      `${rate(row.perSecond)}${row.refused > 0 ? ` (${row.refused} refused)` : ''}`,
      row.spread.map(rate).join(' - '),
      row.p50.toFixed(2),
      row.p99.toFixed(2),
      row.cpuMs.toFixed(3),
      row.residentMiB.toFixed(0),
      `${(100 * row.sender).toFixed(0)} %${row.sender > BUSY ? ' !' : ''}`,
      times(row.ratio),
      times(row.cpuRatio),
    ]);
  }
  return table.toString();
}

export function targetsTable(judged, labels) {
  const table = new Table({ head: ['目标 target', 'against', 'to reach', 'measured', ''], ...STYLE });
  for (const { workload, state, callers, ours, against, atLeast, p99AtMostMs, value, reached } of judged) {
    table.push([
      `${workload}, ${STATE_LABELS[state]}, ${callers} callers${ours ? ` (${labels[ours] ?? ours})` : ''}`,
      against ? (labels[against] ?? against) : 'p99',
      against ? `${atLeast} ×` : `${p99AtMostMs} ms`,
      value === null ? 'not measured' : against ? `${value.toFixed(2)} ×` : `${value.toFixed(1)} ms`,
      reached === null ? '' : reached ? '达到 reached' : '未达 short',
    ]);
  }
  return table.toString();
}

/** What the sender could send at most, as the constant shows. */
export function ceilingLine(rows) {
  const constants = rows.filter(({ contestant }) => contestant === 'constant');
  const told = constants.map((row) => `${row.workload} × ${row.callers}: ${rate(row.perSecond)}/s, ${(100 * row.sender).toFixed(0)} %`);
  return `发压上限 ceiling of the sender (constant floor; share of its core; ! above ${100 * BUSY} %): ${told.join(' · ') || 'not measured'}`;
}

const times = (ratio) => (ratio === null ? '' : `${ratio.toFixed(2)} ×`);
const rate = (value) => (value < 100 ? value.toFixed(1) : value.toFixed(0));
