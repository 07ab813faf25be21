/** What commands print: tables, progress, lines. Plain lines where nobody watches a terminal. */
import { Presets, SingleBar } from 'cli-progress';
import Table from 'cli-table3';

export function say(text = ''): void {
  process.stdout.write(`${text}\n`);
}

export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  // No line between rows: a table of forty items is then one screen, not two.
  const chars = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };
  const made = new Table({ head: [...head], style: { head: [], border: [] }, chars });
  made.push(...rows.map((row) => [...row]));
  return made.toString();
}

const LONGEST_TEXT = 160;

/** JSON of few lines: long lists and long texts are cut, and say so. */
export function indented(data: unknown, rows = 4): string {
  const cut = (_key: string, value: unknown) => {
    if (Array.isArray(value) && value.length > rows) return [...value.slice(0, rows), `… ${value.length}`];
    return typeof value === 'string' && value.length > LONGEST_TEXT ? `${value.slice(0, LONGEST_TEXT)} … ${value.length}` : value;
  };
  return (JSON.stringify(data, cut, 2) ?? 'null').replace(/^/gm, '  ');
}

export interface Progress {
  update(done: number, total?: number): void;
  end(): void;
}

/** A bar on a terminal; elsewhere a line every ten per cent, or every 10,000 where the total is not known. */
export function progress(title: string, total: number | null): Progress {
  if (process.stdout.isTTY) {
    const bar = new SingleBar(
      { format: total === null ? `${title} {value}` : `${title} {bar} {percentage}% {value}/{total} {eta_formatted}`, hideCursor: true },
      Presets.shades_classic,
    );
    bar.start(total ?? 0, 0);
    return { update: (done) => bar.update(done), end: () => bar.stop() };
  }
  let told = -1;
  let first: { done: number; at: number } | null = null;
  const step = total === null ? 10_000 : Math.max(1, Math.ceil(total / 10));
  return {
    update(done) {
      if (Math.floor(done / step) <= told) return;
      told = Math.floor(done / step);
      say(`${title} ${done}${total === null ? '' : `/${total}${leftOf(first, done, total)}`}`);
      first ??= { done, at: performance.now() };
    },
    end: () => undefined,
  };
}

/** From the second line on; short work needs no estimate. */
function leftOf(first: { done: number; at: number } | null, done: number, total: number): string {
  if (!first || done <= first.done || done >= total) return '';
  const seconds = Math.round(((performance.now() - first.at) / 1000 / (done - first.done)) * (total - done));
  return seconds < 10 ? '' : ` 约余 ${seconds} s left`;
}
