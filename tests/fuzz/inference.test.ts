/**
 * Nothing of a denied value can be inferred: of two zones that differ in denied values alone, or in whole records of which
 * everything is denied, the answers are the same, byte for byte, but for receipt and clock.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openTestZone, type TestZone } from '../harness/zone.js';
import type { StoredRecord, StoredRow } from '../oracle/answer.js';
import { type Asker, type Policy, verdictOn } from '../oracle/policy.js';
import type { Question, Root } from '../oracle/question.js';
import { BASE, INSTITUTIONS } from './place.js';
import { policyArbitraries } from './policies.js';
import { questionArbitrary, written } from './questions.js';
import { type Holding, inDeliveredOrder } from './records.js';
import { catalogueOfFuzz, openWorld, type Reply, SHORT_RUN_SEED, store, type World } from './world.js';

let zone: TestZone;
let world: World;
beforeAll(async () => {
  zone = await openTestZone({ enterprises: 0, catalogueOf: catalogueOfFuzz });
  world = await openWorld(zone.config, zone.database);
}, 120_000);
afterAll(async () => {
  await world?.close();
  await zone?.close();
});

const { code: INSTITUTION, kind: KIND } = INSTITUTIONS[0];
const POLICIES = 14;
const QUESTIONS = 16;

/** Another value of the same kind, of another length where kinds have none: nobody may see that it is another. */
function otherwise(value: StoredRow[string], number: number): StoredRow[string] {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return 1_000_000 - value + number;
  if (/^\d{4}-\d\d-\d\d/.test(value)) return `${2_400 - Number(value.slice(0, 4))}${value.slice(4)}`;
  return /^-?\d+\.\d+$/.test(value) ? `${1_000_000_000 - Number(value)}` : `${'另'.repeat((number % 7) + 1)}${value}`;
}

interface Altered {
  readonly holding: Pick<Holding, 'records' | 'names'>;
  readonly values: number;
  readonly records: number;
  readonly enterprises: number;
}

/** The zone as it might be, for all that the asker is given of it. */
function altered(policy: Policy, asker: Asker): Altered {
  const records = new Map<string, StoredRecord>();
  const names = new Map(world.holding.names);
  const counted = { values: 0, records: 0, enterprises: 0 };
  for (const [uscc, name] of world.holding.names) {
    let given = false;
    for (const category of world.categories.values()) {
      const key = `${uscc} ${category.code}`;
      const record = world.holding.records.get(key);
      const denied = category.items.filter((item) => verdictOn(policy, asker, uscc, category, item).effect === 'DENIED');
      if (denied.length < category.items.length) given = true;
      if (!record) continue;
      if (denied.length === category.items.length) {
        // A record that is not there, or has more rows.
        counted.records++;
        if (counted.records % 2 === 0) records.set(key, { ...record, rows: [...record.rows, ...record.rows], dataTime: record.receivedAt });
        continue;
      }
      const rows = record.rows.map((row, place) => {
        const changes = denied.flatMap((item) =>
          row[item.name] === undefined ? [] : [[item.name, otherwise(row[item.name] as StoredRow[string], place + ++counted.values)] as const],
        );
        return { ...row, ...Object.fromEntries(changes) };
      });
      // Upside down first, so that what is equal in all that counts comes in another order too.
      records.set(key, { ...record, rows: inDeliveredOrder(category, rows.reverse()) });
      const nameDenied = category.code === 'registration.basic' && denied.some(({ name: item }) => item === 'enterpriseName');
      if (nameDenied) names.set(uscc, `另名${name}`);
    }
    if (given) continue;
    counted.enterprises++;
    names.delete(uscc);
  }
  return { holding: { records, names }, ...counted };
}

/** What may differ: which request it was, and when. */
function comparable({ status, headers, text }: Reply): { status: number; headers: Record<string, unknown>; text: string } {
  const { date, 'x-request-id': id, ...rest } = headers;
  return { status, headers: rest, text: text.replaceAll(/"receipt":\{"id":"[0-9a-f-]{36}","time":"[^"]{24}","leafHash":"[0-9a-f]{64}"\}/g, '"receipt"') };
}

async function answersOf(holding: Pick<Holding, 'records' | 'names'>, questions: readonly Question[]): Promise<Reply[]> {
  await store(world.owner, holding);
  const gateway = await world.openGateway(null);
  const replies = await Promise.all(questions.map((question) => gateway.send(INSTITUTION, written(question))));
  await gateway.close();
  return replies;
}

test('answers are the same, byte for byte, whatever the denied values are', async () => {
  const { policy: policies } = policyArbitraries(world.categories);
  const asked = fc.sample(questionArbitrary(world.categories), { seed: SHORT_RUN_SEED, numRuns: POLICIES * QUESTIONS });
  const counted = { values: 0, records: 0, enterprises: 0, denying: 0 };
  for (const [number, policy] of fc.sample(policies, { seed: SHORT_RUN_SEED, numRuns: POLICIES }).entries()) {
    // Agreement and residence as they are mostly; what differs is what of the rest is denied.
    await world.begin(policy, BASE);
    const purpose = 'PRE_LOAN_REVIEW';
    const asker: Asker = { institution: INSTITUTION, kind: KIND, purpose, time: BASE, databaseTime: world.zone.databaseTime };
    const questions = asked.slice(number * QUESTIONS, (number + 1) * QUESTIONS).map((question) => ({ ...question, roots: question.roots.map(forPurpose) }));
    const other = altered(policy, asker);
    const one = await answersOf(world.holding, questions);
    const two = await answersOf(other.holding, questions);
    for (const [place, reply] of one.entries()) {
      const second = two[place] as Reply;
      expect({ query: written(questions[place] as Question), ...comparable(second) }).toEqual({
        query: written(questions[place] as Question),
        ...comparable(reply),
      });
      if (reply.text.includes('ITEM_DENIED')) counted.denying++;
    }
    counted.values += other.values;
    counted.records += other.records;
    counted.enterprises += other.enterprises;
  }
  // There was something to infer.
  expect(counted.values).toBeGreaterThan(1_000);
  expect(counted.records).toBeGreaterThan(100);
  expect(counted.enterprises).toBeGreaterThan(0);
  expect(counted.denying).toBeGreaterThan(POLICIES);
}, 300_000);

function forPurpose(root: Root): Root {
  return root.field === 'myAccess' ? root : { ...root, inquiry: { ...root.inquiry, value: { purpose: 'PRE_LOAN_REVIEW', caseNumber: 'I-1' } } };
}
