/**
 * The fuzz: scenarios of a policy, questions of several institutions and changes between them, put to gateways and oracle
 * alike. A case is one answer compared.
 */
import fc from 'fast-check';
import { expectedAnswer } from '../oracle/answer.js';
import type { CategoryFacts } from '../oracle/catalogue.js';
import type { Policy } from '../oracle/policy.js';
import type { Question } from '../oracle/question.js';
import { differences } from './comparison.js';
import { INSTITUTIONS } from './place.js';
import { type Change, policyArbitraries } from './policies.js';
import { questionArbitrary, withOtherVariables, written } from './questions.js';
import { canariesIn } from './records.js';
import type { Asked, World } from './world.js';

export interface Scenario {
  readonly policy: Policy;
  readonly clock: number;
  readonly questions: readonly Question[];
  readonly changes: readonly Change[];
}
export interface FuzzOptions {
  readonly cases: number;
  readonly seed: number;
  /** Where gateways share a Redis; null: they share none. */
  readonly redisUrl: string | null;
  /** Whether to look for the smallest counterexample; else the first one will do. */
  readonly shrinks: boolean;
  readonly progress?: (done: Tally) => void;
}
export interface Tally {
  cases: number;
  scenarios: number;
  seconds: number;
  /** Of the cases: refused, with something denied, masked, given. */
  refused: number;
  denying: number;
  masking: number;
  giving: number;
}
export interface Outcome extends Tally {
  /** null: gateways and oracle agree. */
  readonly counterexample: string | null;
}

function scenarioArbitrary(categories: ReadonlyMap<string, CategoryFacts>): fc.Arbitrary<Scenario> {
  const { policy, change, clock } = policyArbitraries(categories);
  return fc.record({
    policy,
    clock,
    questions: fc.array(questionArbitrary(categories), { minLength: 1, maxLength: 8, size: 'max' }),
    changes: fc.array(change, { minLength: 1, maxLength: 5, size: 'max' }),
  });
}

/** Scenarios that share one run of the generator; after each of them the cold gateway is a new one. */
const ROUND = 8;
/** How long a counterexample is made smaller. */
const SHRINKING_MS = 30_000;

export async function runFuzz(world: World, { cases, seed, redisUrl, shrinks, progress }: FuzzOptions): Promise<Outcome> {
  const arbitrary = scenarioArbitrary(world.categories);
  const warm = await world.openGateway(null);
  const sharing = await world.openGateway(redisUrl);
  const tally: Tally = { cases: 0, scenarios: 0, seconds: 0, refused: 0, denying: 0, masking: 0, giving: 0 };
  const startedAt = performance.now();
  let counterexample: string | null = null;
  for (let round = 0; tally.cases < cases && counterexample === null; round++) {
    if (round % 3 === 1) await world.deliver(round);
    const cold = await world.openGateway(redisUrl);
    let failedAt: number | null = null;
    const property = fc.asyncProperty(arbitrary, async (scenario) => {
      if (failedAt === null && tally.cases >= cases) return;
      if (failedAt !== null && (!shrinks || performance.now() - failedAt > SHRINKING_MS)) return;
      try {
        // What a search for a smaller one asks is not counted.
        await play(world, { warm, sharing, cold }, scenario, failedAt === null ? tally : { ...tally });
      } catch (error) {
        failedAt ??= performance.now();
        throw error;
      }
    });
    const result = await fc.check(property, { seed: seed + round, numRuns: ROUND, endOnFailure: !shrinks, unbiased: true });
    await cold.close();
    if (result.failed) {
      const told = result.counterexample ? JSON.stringify(result.counterexample[0], null, 1).replace(/\n\s*/g, ' ') : '';
      const error = result.errorInstance as Error | null;
      counterexample = `seed ${seed} (round ${round})\n${error instanceof Disagreement ? error.message : String(error?.stack ?? error)}\nscenario: ${told}`;
    }
    tally.seconds = (performance.now() - startedAt) / 1000;
    progress?.(tally);
  }
  const strange = redisUrl === null || counterexample ? null : await world.strangeInRedis(redisUrl);
  return { ...tally, counterexample: counterexample ?? strange };
}

export class Disagreement extends Error {}

interface Gateways {
  readonly warm: Asked;
  readonly sharing: Asked;
  readonly cold: Asked;
}

async function play(world: World, { warm, sharing, cold }: Gateways, scenario: Scenario, tally: Tally): Promise<void> {
  world.takeLog();
  const before = await lastEntry(world);
  await world.begin(scenario.policy, scenario.clock);
  const questions = scenario.questions.flatMap((question) => [question, withOtherVariables(question)]);
  const phases: (Change | null)[] = [null, ...scenario.changes];
  for (const change of phases) {
    if (change) await world.apply(change);
    const { zone } = world;
    const prepared = questions.map((question) => ({ question, body: written(question), expected: expectedAnswer(zone, question) }));
    // Institutions ask at the same time, and of each gateway twice: first as it is after the change, then again.
    const ask = async (gateway: Asked, name: string, which: typeof prepared) => {
      const replies = await Promise.all(which.map(({ question, body }) => gateway.send(question.institution, body)));
      which.forEach(({ question, body, expected }, place) => {
        const reply = replies[place] as NonNullable<(typeof replies)[number]>;
        const found = differences(expected, reply, world.versionsFor(question.institution), world.holding.canaries);
        tally.cases++;
        if (expected.refused) tally.refused++;
        else {
          if (expected.denied.length > 0) tally.denying++;
          if (expected.masked.length > 0) tally.masking++;
          if (expected.actual > 0) tally.giving++;
        }
        if (found.length === 0) return;
        throw new Disagreement(
          [
            `${name} gateway, ${question.institution}, ${change ? `after ${JSON.stringify(change)}` : 'before any change'}, clock ${new Date(zone.time).toISOString()}`,
            ...found.map((line) => `difference: ${line}`),
            `query: ${body.query}`,
            `variables: ${JSON.stringify(body.variables)}`,
          ].join('\n'),
        );
      });
    };
    await Promise.all([ask(warm, 'first', prepared), ask(sharing, 'sharing', prepared), ask(cold, 'cold', prepared)]);
    await ask(warm, 'warm', [...prepared].reverse());
  }
  tally.scenarios++;
  await nothingElsewhere(world, before);
}

async function lastEntry(world: World): Promise<number> {
  const [row] = await world.owner.query<{ last: number }>({ text: 'select coalesce(max(sequence), 0) as last from audit_entry' });
  return row?.last ?? 0;
}

/** No value of any item stands in a line of the log or in an entry of the audit log. */
async function nothingElsewhere(world: World, since: number): Promise<void> {
  const entries = await world.owner.query<{ entry: string }>({ text: 'select entry from audit_entry where sequence > $1', values: [since] });
  for (const [where, text] of [
    ['the log', world.takeLog()],
    ['the audit log', entries.map(({ entry }) => entry).join('\n')],
  ] as const) {
    for (const found of canariesIn(text, world.holding.canaries))
      throw new Disagreement(`a value of ${found.canary.item} of ${found.canary.uscc} stands in ${where}: ${found.text}`);
  }
}

export const INSTITUTION_CODES = INSTITUTIONS.map(({ code }) => code);
