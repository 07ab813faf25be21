/** Charts as inline SVG: no script, nothing fetched, legible in print. PURE. */
import { html, type Markup } from './markup.js';

/** A part of a bar, such as what went out masked. */
export interface Part {
  readonly name: string;
  readonly colour: string;
}
export interface Bar {
  readonly label: string;
  /** One number for each part. */
  readonly values: readonly number[];
}

const WIDTH = 760;
const LABEL = 210;
const NUMBER = 80;
const ROW = 24;
const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
const digits = (value: number) => value.toLocaleString('en-US');

/** Bars from left to right, the label before and the sum behind each. */
export function barChart(title: string, parts: readonly Part[], bars: readonly Bar[]): Markup {
  const most = Math.max(1, ...bars.map(({ values }) => sumOf(values)));
  const scale = (WIDTH - LABEL - NUMBER) / most;
  const rows = bars.map(({ label, values }, row) => {
    const y = row * ROW;
    let x = LABEL;
    const pieces = values.map((value, place) => {
      const piece = rectangle(x, y + 4, value * scale, ROW - 8, parts[place] as Part, `${label}: ${digits(value)}`);
      x += value * scale;
      return piece;
    });
    const shown = label.length > 26 ? `${label.slice(0, 25)}…` : label;
    return html`<text x="${LABEL - 8}" y="${y + 16}" text-anchor="end">${shown}</text>${pieces}<text x="${round(x + 6)}" y="${y + 16}">${digits(sumOf(values))}</text>`;
  });
  return figure(title, parts, bars.length * ROW + 4, rows);
}

const HEIGHT = 170;
const LEFT = 60;

/** Columns side by side, with a scale; for days of a month. */
export function columnChart(title: string, parts: readonly Part[], columns: readonly Bar[]): Markup {
  const most = niceAbove(Math.max(...columns.map(({ values }) => sumOf(values)), 1));
  const step = (WIDTH - LEFT) / Math.max(1, columns.length);
  const yOf = (value: number) => HEIGHT - (value / most) * (HEIGHT - 12);
  const lines = [0, 0.5, 1].map(
    (share) =>
      html`<line x1="${LEFT}" x2="${WIDTH}" y1="${round(yOf(share * most))}" y2="${round(yOf(share * most))}" class="grid"/><text x="${LEFT - 6}" y="${round(yOf(share * most) + 4)}" text-anchor="end">${digits(share * most)}</text>`,
  );
  const drawn = columns.map(({ label, values }, place) => {
    let below = 0;
    const x = LEFT + place * step;
    const pieces = values.map((value, part) => {
      const top = yOf(below + value);
      const piece = rectangle(x + step * 0.12, top, step * 0.76, yOf(below) - top, parts[part] as Part, `${label}: ${digits(value)}`);
      below += value;
      return piece;
    });
    return html`${pieces}<text x="${round(x + step / 2)}" y="${HEIGHT + 14}" text-anchor="middle">${label.slice(-2)}</text>`;
  });
  return figure(title, parts, HEIGHT + 20, [...lines, ...drawn]);
}

function figure(title: string, parts: readonly Part[], height: number, content: readonly Markup[]): Markup {
  const legend = parts.length > 1 ? parts.map(({ name, colour }) => html`<span><i style="background:${colour}"></i>${name}</span>`) : [];
  return html`<figure><figcaption>${title} ${legend}</figcaption><svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}">${content}</svg></figure>`;
}

function rectangle(x: number, y: number, width: number, height: number, { name, colour }: Part, told: string): Markup {
  return html`<rect x="${round(x)}" y="${round(y)}" width="${round(Math.max(0, width))}" height="${round(Math.max(0, height))}" fill="${colour}"><title>${name} ${told}</title></rect>`;
}

const round = (value: number): number => Math.round(value * 10) / 10;

/** The next of 2, 4, 6, 10, 20, 40 ...: half of it is a whole number. */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return Math.max(2, [1, 2, 4, 6, 10].map((times) => times * power).find((candidate) => candidate >= value) ?? value);
}
