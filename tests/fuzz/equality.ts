/**
 * The second duty of the fuzz: what is answered by plan is what graphql-js answers, to the letter. Each operation is asked
 * by graphql-js, by plan, by plan again from what the process keeps, and by plan from what Redis keeps; between questions
 * policy, consents, records and the clock change.
 */
import fc from 'fast-check';
import type { Catalogue } from '../../src/catalogue/model.js';
import type { Database } from '../../src/zone/database.js';
import type { Policy } from '../oracle/policy.js';
import { type Chance, chanceFrom } from './chance.js';
import { type Asked, type Exchanges, openExchanges, type Told } from './exchanges.js';
import { type OddRecords, prepareOddRecords } from './oddRecords.js';
import { type Operation, operationOf, renamed } from './operations.js';
import { EVER, INSTITUTIONS, NOBODY, PURPOSES } from './place.js';
import { type Change, policyArbitraries } from './policies.js';
import { smaller } from './smaller.js';
import type { World } from './world.js';

export interface EqualityOptions {
  readonly world: World;
  readonly catalogue: Catalogue;
  readonly database: Database;
  readonly operations: number;
  readonly seed: number;
  readonly redisUrl: string;
  /** Whether to look for the smallest operation that shows a difference; else the first one will do. */
  readonly shrinks: boolean;
  readonly progress?: (done: EqualityTally) => void;
}
export interface EqualityTally {
  operations: number;
  scenarios: number;
  seconds: number;
  /** How those who plan answered the operations that were decided. */
  executions: Exchanges['executions'];
  texts: Exchanges['texts'];
  /** Of the operations: refused, with something denied, masked, with records looked up, with enterprises unknown or invalid. */
  refused: number;
  denying: number;
  masking: number;
  giving: number;
  problems: number;
  /** How often each was changed between questions. */
  readonly changes: Map<string, number>;
  /** Operations by what stands in them. */
  readonly features: Map<string, number>;
}
export interface EqualityOutcome extends EqualityTally {
  /** null: no difference. */
  readonly counterexample: string | null;
}

const OPERATIONS = 12;
const VARIANTS = 2;
const KINDS = ['POLICY', 'DELIVERY', 'CLOCK'] as const;
type Kind = (typeof KINDS)[number];
const CHANGES = 5;
/** Operations asked at once: as many as a busy gateway has under way, and not so many that Redis goes unread. */
const AT_ONCE = 8;
const SHRINKING_MS = 20_000;

export async function runEquality({ world, catalogue, database, operations, seed, redisUrl, shrinks, progress }: EqualityOptions): Promise<EqualityOutcome> {
  const tally: EqualityTally = {
    ...{ operations: 0, scenarios: 0, seconds: 0, refused: 0, denying: 0, masking: 0, giving: 0, problems: 0 },
    executions: { PLANNED: 0, NOT_COVERED: 0, UNWRITABLE: 0 },
    texts: { local: 0, redis: 0, written: 0 },
    changes: new Map(),
    features: new Map(),
  };
  const startedAt = performance.now();
  const chance = chanceFrom(seed);
  const records = await prepareOddRecords(world.owner, world.categories, chance);
  let clock = 0;
  let asked: Question[] = [];
  const exchanges = await openExchanges({ catalogue, database, redisUrl, now: () => new Date(clock) });
  const { policy, change, clock: clocks } = policyArbitraries(world.categories);
  const sampled = <T>(arbitrary: fc.Arbitrary<T>): T => fc.sample(arbitrary, { numRuns: 1, seed: chance.below(2 ** 31) })[0] as T;
  let counterexample: string | null = null;
  try {
    while (tally.operations < operations && counterexample === null) {
      clock = sampled(clocks);
      await world.begin(generous(), clock);
      await exchanges.policyChanged();
      asked = questionsOf(chance, world, records, tally);
      let changed = 'nothing';
      for (let phase = 0; phase <= CHANGES && counterexample === null && tally.operations < operations; phase++) {
        if (phase > 0) changed = await changeSomething(phase);
        exchanges.startAnew();
        counterexample = await compareAll(exchanges, phase === 0 ? asked : variedOf(chance, asked), tally, changed, shrinks);
      }
      tally.scenarios++;
      tally.seconds = (performance.now() - startedAt) / 1000;
      tally.executions = { ...exchanges.executions };
      tally.texts = exchanges.texts;
      progress?.(tally);
    }
  } finally {
    await exchanges.close();
  }
  return { ...tally, counterexample: counterexample && `seed ${seed}, after ${tally.operations} operations\n${counterexample}` };

  /** Most policies give the first bank much: where nothing is given, there is little to compare. */
  function generous(): Policy {
    let found = sampled(policy);
    for (let tries = 0; tries < 6 && !givesMuch(found) && chance.is(0.9); tries++) found = sampled(policy);
    return found;
  }
  async function changeSomething(phase: number): Promise<string> {
    // Each of them in turn, and then whatever comes.
    const kind = phase <= KINDS.length ? (KINDS[(phase + tally.scenarios) % KINDS.length] as Kind) : chance.of(KINDS);
    tally.changes.set(kind, (tally.changes.get(kind) ?? 0) + 1);
    switch (kind) {
      case 'CLOCK':
        clock = chance.is(0.7) ? records.turnOf(chance) : sampled(clocks);
        return `the clock at ${new Date(clock).toISOString()}`;
      case 'DELIVERY': {
        const told = await records.deliver(chance);
        await exchanges.delivered();
        return told;
      }
      case 'POLICY': {
        // Whether the item that orders the rows is clear decides on their order, asked or not.
        const made: Change = chance.is(0.5) ? orderingOf(chance, world, asked) : sampled(change);
        if (made.change === 'CLOCK') clock = made.time;
        else await world.apply(made);
        await exchanges.policyChanged();
        return JSON.stringify(made);
      }
    }
  }
}

function givesMuch({ residence, agreements, grants }: Policy): boolean {
  const { code } = INSTITUTIONS[0];
  const isWide = ({ institution, highestGrade, purposes, validFrom }: Policy['agreements'][number]) =>
    institution === code && highestGrade === 4 && purposes.length === PURPOSES.length && validFrom === EVER.validFrom;
  return grants.some(({ id }) => id === 'G-broad') && agreements.some(isWide) && residence.findLast(({ institution }) => institution === code)?.active === true;
}
function orderingOf(chance: Chance, { categories }: World, asked: readonly Question[]): Change {
  const ordered = [...categories.values()].filter((category) => category.orderedBy !== null);
  const wanted = ordered.filter(({ field }) => asked.some(({ query }) => query.includes(` ${field}`)));
  const { code, orderedBy } = chance.of(wanted.length > 0 ? wanted : ordered);
  const [grade, sharing] = chance.of([
    [null, null],
    [4, null],
    [null, 'NOT_SHARED'],
  ] as const);
  return { change: 'SETTING', setting: { item: `${code}.${orderedBy}`, grade, sharing, inForceFrom: null } };
}

interface Question extends Asked {
  readonly operation: Operation;
}

function questionsOf(chance: Chance, { categories }: World, records: OddRecords, tally: EqualityTally): Question[] {
  const drawn = Array.from({ length: OPERATIONS }, () => operationOf(chance, categories, records.cursorOf));
  return [...drawn, renamed(chance.of(drawn)), renamed(chance.of(drawn))].flatMap((operation) => {
    for (const feature of operation.features) tally.features.set(feature, (tally.features.get(feature) ?? 0) + 1);
    return Array.from({ length: VARIANTS }, () => questionOf(chance, operation));
  });
}
function questionOf(chance: Chance, operation: Operation): Question {
  const institution = chance.weighed([
    [20, INSTITUTIONS[0].code],
    [8, chance.of(INSTITUTIONS).code],
    [0.2, NOBODY],
  ]);
  const { query, operationName } = operation;
  const accept = chance.is(0.2) ? 'application/graphql-response+json' : undefined;
  return { operation, institution, query, operationName, accept, variables: operation.variables(chance) };
}
/** Half of them as they were, half with other variables, or asked by another. */
function variedOf(chance: Chance, asked: readonly Question[]): Question[] {
  return asked.map((one) => (chance.is(0.5) ? one : questionOf(chance, one.operation)));
}

async function compareAll(exchanges: Exchanges, asked: readonly Question[], tally: EqualityTally, changed: string, shrinks: boolean): Promise<string | null> {
  for (let from = 0; from < asked.length; from += AT_ONCE) {
    const some = asked.slice(from, from + AT_ONCE);
    const [right, cold] = await Promise.all([exchanges.byGraphql(some), exchanges.byPlan(some)]);
    const again = await exchanges.byPlan(some);
    const third = await exchanges.fromRedis(some);
    for (const [place, one] of some.entries()) {
      const must = right[place] as Told;
      count(tally, must);
      for (const [name, told] of [
        ['by plan', cold[place]],
        ['by plan again', again[place]],
        ['from Redis', third[place]],
      ] as const) {
        const difference = differenceOf(must, told as Told);
        if (difference === null) continue;
        const smallest = shrinks ? await smaller(one, (other) => differs(exchanges, other), SHRINKING_MS) : one;
        return tellOf(name, changed, difference, one, smallest);
      }
    }
  }
  return null;
}

async function differs(exchanges: Exchanges, asked: Asked): Promise<boolean> {
  exchanges.startAnew();
  const [must] = await exchanges.byGraphql([asked]);
  for (const how of [exchanges.byPlan, exchanges.byPlan, exchanges.fromRedis]) {
    const [told] = await how([asked]);
    if (differenceOf(must as Told, told as Told) !== null) return true;
  }
  return false;
}

function differenceOf(must: Told, told: Told): string | null {
  for (const member of ['status', 'contentType', 'code', 'lookedUp', 'text', 'entry'] as const) {
    const [right, came] = [String(must[member]), String(told[member])];
    if (right !== came) return `${member}: ${aroundDifference(right, came)}`;
  }
  return null;
}
function aroundDifference(right: string, came: string): string {
  let place = 0;
  while (place < right.length && right[place] === came[place]) place++;
  const from = Math.max(0, place - 80);
  return `graphql-js …${right.slice(from, place + 160)}… the plan …${came.slice(from, place + 160)}…`;
}
function tellOf(name: string, changed: string, difference: string, asked: Question, smallest: Asked): string {
  const written = ({ institution, query, operationName, variables }: Asked) =>
    `${institution}${operationName ? ` (${operationName})` : ''}: ${query}\nvariables: ${JSON.stringify(variables)}`;
  return [`${name}, after ${changed}`, `difference: ${difference}`, written(asked), ...(smallest === asked ? [] : [`smaller: ${written(smallest)}`])].join(
    '\n',
  );
}

function count(tally: EqualityTally, { code, text, lookedUp }: Told): void {
  tally.operations++;
  if (code !== null) tally.refused++;
  if (lookedUp > 0) tally.giving++;
  if (text.includes('"code":"ITEM_DENIED"')) tally.denying++;
  if (/"masked":\["/.test(text)) tally.masking++;
  if (/ENTERPRISE_UNKNOWN|INVALID_USCC/.test(text) && code === null) tally.problems++;
}
