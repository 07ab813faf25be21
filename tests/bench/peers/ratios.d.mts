/** One measurement of one contestant, as the bench takes it. */
export interface Measurement {
  readonly workload: string;
  readonly state: string;
  readonly callers: number;
  readonly contestant: string;
  readonly requests: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpuMs: number;
  readonly residentMiB: number;
  readonly sender: number;
  readonly refused: number;
}
export interface Row extends Measurement {
  readonly rounds: number;
  readonly spread: readonly [least: number, most: number];
}
export interface RelativeRow extends Row {
  /** Requests a second over those of the contestant all are told against; null where that was not measured. */
  readonly ratio: number | null;
  /** The same of what a second of processor answers. */
  readonly cpuRatio: number | null;
}
export interface Judged {
  readonly workload: string;
  readonly state: string;
  readonly callers: number;
  readonly ours?: string;
  readonly against?: string;
  readonly atLeast?: number;
  readonly p99AtMostMs?: number;
  readonly value: number | null;
  readonly reached: boolean | null;
}
export function median(values: readonly number[]): number;
export function summarise(measurements: readonly Measurement[]): Row[];
export function joined<One extends Row>(earlier: readonly One[], rows: readonly One[]): One[];
export function ratioOf(rows: readonly Row[], of: Pick<Row, 'workload' | 'state' | 'callers'>, contestant: string, against: string): number | null;
export function relativeTo(rows: readonly Row[], against: string): RelativeRow[];
export function judge(rows: readonly Row[]): Judged[];
