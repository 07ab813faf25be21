// The chart, written by hand as SVG: bars of requests a second relative to Mercurius with its JIT, bare. No script, no font of
// its own, readable on light and on dark ground.
import { STATE_LABELS } from './stateLabels.mjs';

const COLUMN = 640;
/** Room for the title and the legend. */
const LEAST_WIDTH = 880;
const LEFT = 230;
const RIGHT = 120;
const BAR = 15;
const GAP = 4;
const GROUP_GAP = 48;
const TOP = 104;
/** The workloads that targets are told for come first, a column each; more would not be read. */
const COLUMNS = 2;
/** Preferred: the number of callers that the targets are told at. */
const CALLERS = 16;
/** Colours that keep their distance on white and on near black, to all kinds of sight: ours, bare, with duties, floors. */
const FILL = { ours: '#0072b2', bare: '#8c8c8c', duties: '#d55e00', floor: '#009e73' };
const LEGEND = [
  ['ours', '本网关（授权、脱敏、审计） this gateway, all duties'],
  ['bare', '裸 bare'],
  ['duties', '同等职责 same duties'],
  ['floor', '下限 floor'],
];

/** @param results of `npm run bench:peers`; the same results give the same bytes */
export function chartOf({ rows, labels, machine, versions, options }) {
  const callers = rows.some((row) => row.callers === CALLERS) ? CALLERS : Math.max(...rows.map((row) => row.callers));
  const shown = rows.filter((row) => row.callers === callers && row.ratio > 0);
  const workloads = [...new Set(shown.map(({ workload }) => workload))].slice(0, COLUMNS);
  const axis = axisOf(shown.filter(({ workload }) => workloads.includes(workload)).map(({ ratio }) => ratio));
  const columns = workloads.map((workload) => columnOf({ groups: groupsOf(shown, workload), title: workload, callers, axis, labels }));
  const width = Math.max(LEAST_WIDTH, COLUMN * columns.length);
  const height = Math.max(TOP, ...columns.map((column) => column.height)) + 24;
  const told = `${machine.cpu}, ${machine.cores} 核 cores, Node ${versions.node}, PostgreSQL ${versions.postgres}, Redis ${versions.redis}; ${options.enterprises} 家企业 enterprises, ${roundsIn(shown)} 轮 rounds`;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="system-ui, -apple-system, 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif">`,
    '<title>每秒请求数，相对于 Mercurius jit（裸） / Requests a second, relative to Mercurius jit, bare</title>',
    '<style>.ground{fill:#fff}.told{paint-order:stroke;stroke:#fff;stroke-width:3px}text{fill:#1f2328}.quiet{fill:#59636e}.line{stroke:#c8ced6}.one{stroke:#59636e}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.quiet{fill:#9aa4af}.line{stroke:#3a424c}.one{stroke:#9aa4af}.ground{fill:#0d1117}.told{stroke:#0d1117}}</style>',
    `<rect class="ground" width="${width}" height="${height}"/>`,
    text({ x: 12, y: 26, size: 17, bold: true }, '每秒请求数，相对于 Mercurius jit（裸），对数轴 · Requests a second over Mercurius jit, bare; log scale'),
    ...legend(),
    ...columns.map(({ parts }, place) => `<g transform="translate(${place * COLUMN} 0)">\n${parts.join('\n')}\n</g>`),
    text({ x: 12, y: height - 12, size: 11, kind: 'quiet' }, told),
    '</svg>',
  ].join('\n')}\n`;
}

/** How many rounds the rows are medians of; parts of a bench may have had more than others. */
function roundsIn(rows) {
  const counts = rows.map(({ rounds }) => rounds);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return least === most ? String(most) : `${least} - ${most}`;
}

/** A workload from top to bottom, state by state. */
function columnOf({ groups, title, callers, axis, labels }) {
  const parts = [];
  let y = TOP;
  for (const { state, bars } of groups) {
    parts.push(text({ x: 12, y: y - 10, size: 14, bold: true }, `${title} · ${STATE_LABELS[state]} · ${callers} 并发 callers`));
    const height = bars.length * (BAR + GAP);
    parts.push(...axis.ticks.map((tick) => gridLine(axis.at(tick), y, height, tick)));
    for (const row of bars) {
      parts.push(barOf({ row, y, axis, label: labels[row.contestant] ?? row.contestant }));
      y += BAR + GAP;
    }
    y += GROUP_GAP;
  }
  return { parts, height: y };
}

/** States in the order of the rows; within one, the fastest first. */
function groupsOf(rows, workload) {
  const groups = new Map();
  for (const row of rows.filter((one) => one.workload === workload)) {
    if (!groups.has(row.state)) groups.set(row.state, { state: row.state, bars: [] });
    groups.get(row.state).bars.push(row);
  }
  for (const { bars } of groups.values()) bars.sort((left, right) => right.ratio - left.ratio);
  return [...groups.values()];
}

/** A logarithmic axis over all ratios, from a power of ten to a power of ten, with 1 within. */
export function axisOf(ratios) {
  const least = Math.floor(Math.log10(Math.min(1, ...ratios)));
  const most = Math.max(least + 1, Math.ceil(Math.log10(Math.max(1, ...ratios))));
  const at = (ratio) => LEFT + ((Math.log10(ratio) - least) / (most - least)) * (COLUMN - LEFT - RIGHT);
  return { at, ticks: Array.from({ length: most - least + 1 }, (_, place) => 10 ** (least + place)) };
}

function barOf({ row, y, axis, label }) {
  const from = axis.at(axis.ticks[0]);
  const until = axis.at(row.ratio);
  const kind = kindOf(row.contestant);
  return [
    text({ x: LEFT - 8, y: y + BAR - 4, size: 12, anchor: 'end', bold: kind === 'ours' }, label),
    `<rect x="${round(from)}" y="${y}" width="${round(Math.max(1, until - from))}" height="${BAR}" rx="2" fill="${FILL[kind]}"/>`,
    text({ x: round(until) + 6, y: y + BAR - 4, size: 12, bold: kind === 'ours', kind: 'told' }, `${ratioText(row.ratio)} × · ${rateText(row.perSecond)}/s`),
  ].join('\n');
}

export function kindOf(contestant) {
  if (contestant.startsWith('ours')) return 'ours';
  if (contestant.endsWith('-duties')) return 'duties';
  return contestant.endsWith('-bare') ? 'bare' : 'floor';
}

function gridLine(x, y, height, tick) {
  const line = `<line class="${tick === 1 ? 'one' : 'line'}" x1="${round(x)}" x2="${round(x)}" y1="${y - 3}" y2="${y + height}"/>`;
  return `${line}\n${text({ x: round(x), y: y + height + 13, size: 11, anchor: 'middle', kind: 'quiet' }, `${tick} ×`)}`;
}

function legend() {
  let x = 12;
  return LEGEND.map(([kind, label]) => {
    const entry = `<rect x="${x}" y="44" width="12" height="12" rx="2" fill="${FILL[kind]}"/>\n${text({ x: x + 18, y: 54, size: 12 }, label)}`;
    x += 44 + widthOf(label);
    return entry;
  });
}

/** About: Chinese characters are as wide as two letters. */
const widthOf = (label) => [...label].reduce((sum, character) => sum + (character > '\u2e80' ? 12 : 6.4), 0);
const round = (value) => Math.round(value * 10) / 10;
const ratioText = (ratio) => (ratio >= 10 ? ratio.toFixed(1) : ratio.toFixed(2));
const rateText = (rate) => (rate < 10 ? rate.toFixed(1) : String(Math.round(rate)));

function text({ x, y, size, bold = false, kind = '', anchor = 'start' }, content) {
  const more = `${bold ? ' font-weight="600"' : ''}${kind ? ` class="${kind}"` : ''}${anchor === 'start' ? '' : ` text-anchor="${anchor}"`}`;
  return `<text x="${x}" y="${y}" font-size="${size}"${more}>${escaped(content)}</text>`;
}

const escaped = (content) => content.replace(/[&<>"]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[character]);
