import type { RelativeRow } from './ratios.mjs';

export interface Results {
  readonly machine: { readonly cpu: string; readonly cores: number };
  readonly versions: Readonly<Record<string, string | null>>;
  readonly options: { readonly enterprises: number; readonly rounds: number };
  readonly labels: Readonly<Record<string, string>>;
  readonly rows: readonly RelativeRow[];
}
/** The chart as SVG. */
export function chartOf(results: Results): string;
export function axisOf(ratios: readonly number[]): { at(ratio: number): number; readonly ticks: readonly number[] };
export function kindOf(contestant: string): 'ours' | 'bare' | 'duties' | 'floor';
