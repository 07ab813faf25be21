/**
 * Times of entries beside those of checkpoints. An entry takes its time when its request is concluded and is durable
 * within seconds; `SLACK_MS` allows for requests that take minutes and for clocks that differ by as much.
 */
import type { Claims } from './claims.js';
import type { Seen } from './entries.js';
import type { Findings } from './findings.js';

export const SLACK_MS = 10 * 60_000;

export interface Times {
  /** MUST be told of leaves in order. */
  sealed(leaf: number, place: number, time: number): void;
  unsealed(seen: Seen): void;
}

export function openTimes({ seals, lastPlaces }: Claims, findings: Findings): Times {
  const bySize = [...seals].sort((one, other) => one.size - other.size || one.time - other.time);
  const places = [...lastPlaces].sort((one, other) => one.size - other.size);
  let next = 0;
  let nextPlace = 0;
  const early = (time: number, place: number, where: { leaf?: number; id?: string }) => {
    const before = bySize[next - 1];
    if (before && time < before.time - SLACK_MS)
      findings.add({
        kind: 'BACKDATED',
        ...where,
        place,
        detail: `it says ${new Date(time).toISOString()}, and came in after checkpoint ${before.checkpoint} of ${new Date(before.time).toISOString()}`,
      });
  };
  return {
    sealed(leaf, place, time) {
      while ((bySize[next]?.size ?? Number.POSITIVE_INFINITY) <= leaf) next++;
      early(time, place, { leaf });
      const seal = bySize[next];
      if (seal && time > seal.time + SLACK_MS)
        findings.add({
          kind: 'BACKDATED',
          checkpoint: seal.checkpoint,
          leaf,
          place,
          detail: `it says ${new Date(seal.time).toISOString()} and covers an entry of ${new Date(time).toISOString()}`,
        });
      while ((places[nextPlace]?.size ?? Number.POSITIVE_INFINITY) <= leaf) nextPlace++;
      for (; places[nextPlace]?.size === leaf + 1; nextPlace++) {
        const { number, place: told } = places[nextPlace] as (typeof places)[number];
        if (told !== place) findings.add({ kind: 'EDITED', checkpoint: number, leaf, detail: `its row says that it ends at place ${told}; that is ${place}` });
      }
    },
    unsealed({ time, place, id }) {
      next = bySize.length;
      early(time, place, { id });
    },
  };
}
