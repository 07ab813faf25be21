/**
 * Times of entries beside those of checkpoints. An entry takes its time when its request is concluded and is durable
 * within seconds; `SLACK_MS` allows for requests that take minutes and for clocks that differ by as much.
 */
import type { Claims } from './claims.js';
import type { Seen } from './entries.js';
import type { Finding } from './findings.js';

export const SLACK_MS = 10 * 60_000;

/** Entries go in as they are concluded: one that is older by more than this than the one before it stands out. */
const DISORDER_MS = 500;
const MOST_KEPT = 10_000;
const MOST_CONSPICUOUS = 32;

export interface Times {
  /** To be told unless something else explains them. */
  readonly findings: readonly Finding[];
  /** Places of entries that stand out by their time, and of those before them. */
  readonly conspicuous: readonly number[];
  /** MUST be told of leaves in order. */
  sealed(leaf: number, place: number, time: number): void;
  unsealed(seen: Seen): void;
}

export function openTimes({ seals, lastPlaces }: Claims): Times {
  const findings: Finding[] = [];
  const conspicuous = new Set<number>();
  let previous = { place: 0, time: Number.NEGATIVE_INFINITY };
  const add = (finding: Finding) => findings.length < MOST_KEPT && findings.push(finding);
  const bySize = [...seals].sort((one, other) => one.size - other.size || one.time - other.time);
  const places = [...lastPlaces].sort((one, other) => one.size - other.size);
  let next = 0;
  let nextPlace = 0;
  const early = (time: number, place: number, where: { leaf?: number; id?: string }) => {
    const before = bySize[next - 1];
    if (before && time < before.time - SLACK_MS)
      add({
        kind: 'BACKDATED',
        ...where,
        place,
        detail: `it says ${new Date(time).toISOString()}, and came in after checkpoint ${before.checkpoint} of ${new Date(before.time).toISOString()}`,
      });
  };
  return {
    findings,
    get conspicuous() {
      return [...conspicuous];
    },
    sealed(leaf, place, time) {
      if (time < previous.time - DISORDER_MS && conspicuous.size < MOST_CONSPICUOUS) conspicuous.add(previous.place).add(place);
      previous = { place, time };
      while ((bySize[next]?.size ?? Number.POSITIVE_INFINITY) <= leaf) next++;
      early(time, place, { leaf });
      const seal = bySize[next];
      if (seal && time > seal.time + SLACK_MS)
        add({
          kind: 'BACKDATED',
          checkpoint: seal.checkpoint,
          leaf,
          place,
          detail: `it says ${new Date(seal.time).toISOString()} and covers an entry of ${new Date(time).toISOString()}`,
        });
      while ((places[nextPlace]?.size ?? Number.POSITIVE_INFINITY) <= leaf) nextPlace++;
      for (; places[nextPlace]?.size === leaf + 1; nextPlace++) {
        const { number, place: told } = places[nextPlace] as (typeof places)[number];
        if (told !== place) add({ kind: 'EDITED', checkpoint: number, leaf, detail: `its row says that it ends at place ${told}; that is ${place}` });
      }
    },
    unsealed({ time, place, id }) {
      next = bySize.length;
      early(time, place, { id });
    },
  };
}
