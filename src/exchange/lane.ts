/**
 * How much work is under way at once. Operations beyond it wait their turn outside, holding nothing, so that a time limit
 * of the database measures the database and not a queue in front of this process's one thread.
 */
import { Fault } from '../faults.js';

export interface Lane {
  /** Resolves when the work may begin; call what it returns when it has ended. @throws Fault OVERLOADED */
  enter(work: { records: number; values: number }): Promise<() => void>;
  /** Work that goes through the whole log: one at a time in a process. @throws Fault OVERLOADED where one is under way */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

/** Weight of the operations under way: about four batches of a hundred enterprises, or a hundred and fifty single ones. */
const WEIGHT_AT_ONCE = 4_000;
/** What an operation weighs by itself; a record weighs one. */
const BASE_WEIGHT = 10;
/** Values that weigh as much as a record: what it costs to write them out, against fetching one. */
const VALUES_A_RECORD = 20;
const MOST_WAITING = 1_000;
const LONGEST_WAIT_MS = 5_000;

interface Waiting {
  readonly weight: number;
  readonly begin: () => void;
}

export function openLane(): Lane {
  const waiting: Waiting[] = [];
  let underWay = 0;
  let studying = false;

  const leave = (weight: number) => {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      underWay -= weight;
      admit();
    };
  };
  const hasRoom = (weight: number) => underWay === 0 || underWay + weight <= WEIGHT_AT_ONCE;
  // First come, first served: a large operation is not overtaken for ever by small ones.
  const admit = () => {
    while (waiting[0] && hasRoom(waiting[0].weight)) {
      const next = waiting.shift() as Waiting;
      underWay += next.weight;
      next.begin();
    }
  };
  return {
    async alone(work) {
      if (studying) throw new Fault('OVERLOADED');
      studying = true;
      try {
        return await work();
      } finally {
        studying = false;
      }
    },
    enter({ records, values }) {
      // Whole numbers: fractions would not add up to nought again when all have left.
      const weight = Math.min(WEIGHT_AT_ONCE, BASE_WEIGHT + records + Math.ceil(values / VALUES_A_RECORD));
      if (waiting.length >= MOST_WAITING) return Promise.reject(new Fault('OVERLOADED'));
      if (waiting.length === 0 && hasRoom(weight)) {
        underWay += weight;
        return Promise.resolve(leave(weight));
      }
      return new Promise((resolve, reject) => {
        const late = setTimeout(() => {
          waiting.splice(waiting.indexOf(turn), 1);
          reject(new Fault('OVERLOADED'));
          // Who stood behind it may have had to wait for it alone.
          admit();
        }, LONGEST_WAIT_MS);
        const begin = () => {
          clearTimeout(late);
          resolve(leave(weight));
        };
        const turn: Waiting = { weight, begin };
        waiting.push(turn);
        admit();
      });
    },
  };
}
