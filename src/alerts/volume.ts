/** Whether a day's volume is far above what an institution, and its peers, usually have: robust statistics, pure. */
import { isWeekend } from './subject.js';

/** A day of one institution for one purpose. */
export interface DayVolume {
  readonly institution: string;
  readonly purpose: string;
  readonly day: Date;
  readonly enterprises: number;
}
/** What is usual, as of a day. */
export interface Usual {
  /** Days it rests on. */
  readonly days: number;
  readonly median: number;
  /** Median absolute deviation, brought to the scale of a standard deviation. */
  readonly spread: number;
  /** What nine days in ten stay below: where batches run once a week, a day of them is no surprise. */
  readonly high: number;
}

/** Scales the median absolute deviation to the standard deviation of a normal distribution. */
const TO_DEVIATION = 1.4826;
/** Volumes vary at least by this share of their median, and by chance as counts do. */
const LEAST_SHARE = 0.1;
/** A day must stand out so far from the busier of the usual days, too. */
const ABOVE_HIGH = 1.5;

export function usualOf(volumes: readonly number[]): Usual {
  const median = medianOf(volumes);
  const deviation = TO_DEVIATION * medianOf(volumes.map((volume) => Math.abs(volume - median)));
  return { days: volumes.length, median, spread: Math.max(deviation, LEAST_SHARE * median, Math.sqrt(median), 1), high: highOf(volumes) };
}

export function medianOf(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

function highOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(0.9 * sorted.length)] ?? 0;
}

export interface VolumeThresholds {
  readonly deviations: number;
  readonly times: number;
  readonly leastEnterprises: number;
  readonly leastDays: number;
}
export interface Weighed {
  readonly holds: boolean;
  readonly usual: number;
  readonly deviations: number;
  /** How many times its usual volume, and how many times theirs its peers have on this day, by the median. */
  readonly times: number;
  readonly peersTimes: number;
}

/**
 * Weighs a day so far. A day is compared with days of its kind: working days, or weekends, where there are enough; an
 * institution that is new, with the days of its peers. What all have more of on a day, as at the end of a month, is no sign.
 */
export function weigh(present: DayVolume, history: readonly DayVolume[], today: readonly DayVolume[], thresholds: VolumeThresholds): Weighed {
  const ofPurpose = history.filter(({ purpose, day }) => purpose === present.purpose && day < present.day);
  const usual = usualFor(present, ofPurpose, thresholds.leastDays);
  const times = present.enterprises / Math.max(usual.median, 1);
  const peers = today.filter(({ purpose, institution }) => purpose === present.purpose && institution !== present.institution);
  const peersTimes = medianOf(peers.map((peer) => peer.enterprises / Math.max(usualFor(peer, ofPurpose, thresholds.leastDays).median, 1)));
  const deviations = (present.enterprises - usual.median) / usual.spread;
  const holds =
    present.enterprises >= thresholds.leastEnterprises &&
    usual.days >= thresholds.leastDays &&
    deviations >= thresholds.deviations &&
    present.enterprises >= ABOVE_HIGH * usual.high &&
    times >= thresholds.times * Math.max(1, peersTimes);
  return { holds, usual: usual.median, deviations, times, peersTimes };
}

/** Who has few days of its own is held against those of its peers, too, and against the larger of both. */
function usualFor({ institution, day }: DayVolume, ofPurpose: readonly DayVolume[], leastDays: number): Usual {
  const isAlike = (volume: DayVolume) => isWeekend(volume.day) === isWeekend(day);
  const own = ofPurpose.filter((volume) => volume.institution === institution);
  const alike = own.filter(isAlike);
  if (alike.length >= leastDays) return usualOf(alike.map(({ enterprises }) => enterprises));
  // Weekends are few, and quieter than the days that stand in for them.
  const mine = usualOf((isWeekend(day) ? own : alike).map(({ enterprises }) => enterprises));
  if (mine.days >= leastDays) return mine;
  const peers = ofPurpose.filter(isAlike);
  const theirs = usualOf(peers.map(({ enterprises }) => enterprises));
  const days = new Set(peers.map((volume) => volume.day.getTime())).size;
  return {
    days,
    median: Math.max(mine.median, theirs.median),
    spread: Math.max(mine.spread, theirs.spread),
    high: Math.max(mine.high, theirs.high),
  };
}
