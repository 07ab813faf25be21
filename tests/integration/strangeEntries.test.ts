/** Entries that no gateway wrote, and ids of other times: they stand in the tree, in no index, and stop nobody. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { beginningOf, keyOf } from '../../src/alerts/subject.js';
import { canonical, leafHash } from '../../src/audit/entry.js';
import { newRequestId } from '../../src/http/requestId.js';
import { openEvidence, openWatch } from '../../src/zone/evidence.js';
import { addEntries } from '../harness/evidence.js';
import { firm, openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
beforeAll(async () => {
  zone = await openTestZone({ enterprises: 0 });
}, 60_000);
afterAll(() => zone?.close());

const sealed = async () => (await zone.owner.query<{ size: number }>({ text: 'select coalesce(max(size), 0)::bigint as size from audit_checkpoint' }))[0]?.size;
const held = async () => (await zone.owner.query<{ count: number }>({ text: 'select count(*) from audit_entry' }))[0]?.count;

/** Adds texts as somebody who may append would; each says its own id and time where it can. */
async function append(parsed: readonly unknown[], time = new Date().toISOString()): Promise<void> {
  const ids = parsed.map(() => newRequestId());
  const texts = parsed.map((one, at) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? canonical({ v: 1, id: ids[at], time, institution: 'bank-01', client: 'x', outcome: 'ANSWERED', durationMs: 1, ...one } as never)
      : JSON.stringify(one),
  );
  await zone.owner.query({
    text: 'select count(*) from append_audit($1, $2, $3, $4, $5)',
    values: [ids, ids.map(() => time), ids.map(() => null), texts, texts.map(leafHash)],
  });
}

test('an entry with an id of months ahead keeps no month from being made', async () => {
  const ahead = new Date(Date.now() + 120 * 86_400_000);
  const [id, later] = [newRequestId(ahead.getTime()), newRequestId(ahead.getTime() + 90 * 86_400_000)];
  await zone.owner.query({
    text: "select append_audit($1, array[now(), now()], array[null, null], array['{}', '{}'], array[sha256('x'), sha256('y')])",
    values: [[id, later]],
  });
  const partOf = async () =>
    (
      await zone.owner.query<{ part: string }>({
        text: 'select tableoid::regclass::text as part from audit_entry where id = any($1) order by id',
        values: [[id, later]],
      })
    ).map(({ part }) => part);
  expect(await partOf()).toEqual(['audit_entry_other', 'audit_entry_other']);
  await zone.database.open('zone_sequencer').query({ text: 'select create_audit_months(now(), $1)', values: [ahead] });
  const [first, second] = await partOf();
  expect(first).toMatch(/^audit_entry_\d{4}_\d{2}$/);
  expect(second).toBe('audit_entry_other');
});

test('months that cannot be made are told, and what is committed is sealed all the same', async () => {
  await zone.owner.query({ text: 'revoke execute on function create_audit_months from zone_sequencer' });
  await addEntries(zone, 3);
  const errors: unknown[] = [];
  const log = { error: (what: unknown) => errors.push(what), info() {} } as never;
  const sequencer = openEvidence(zone.config, zone.database, log);
  sequencer.start();
  try {
    for (let tries = 0; (await sealed()) !== (await held()) && tries < 100; tries++) await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await sealed()).toBe(await held());
    expect(JSON.stringify(errors)).toMatch(/permission denied/);
  } finally {
    await sequencer.close();
    await zone.owner.query({ text: 'grant execute on function create_audit_months to zone_sequencer' });
  }
});

const read = { field: 'enterprise', enterprises: [firm(1)], categories: [] };
test.each([
  ['lookups that are none', { lookups: 5 }],
  ['a lookup that is null', { lookups: [null] }],
  [
    'an export of many lines',
    { lookups: [{ field: 'export', filter: { format: 'CSV\norigin x' }, returned: 1, ended: { export: '1', bytes: 1, sha256: 'a'.repeat(64) } }] },
  ],
  ['a rule that is no text', { changes: [{ mutation: 'changeAlertRule', state: 'DONE', detail: { loosens: true, kind: { toString: 1 } } }] }],
  ['a time before all times', { time: '-100000-01-01T00:00:00.000Z', reads: [read], purpose: 'LOAN_APPROVAL' }],
  ['a time after all times', { time: '+270000-01-01T00:00:00.000Z', reads: [read], purpose: 'LOAN_APPROVAL' }],
  ['an operator that no table takes', { operator: '\u0000', reads: [read], purpose: 'LOAN_APPROVAL' }],
  ['a consent beyond its read', { reads: [{ ...read, consents: [{ id: 'a', enterprise: 1e300 }] }], purpose: 'LOAN_APPROVAL' }],
  ['a policy version beyond all', { policyVersion: 1e300, reads: [read], purpose: 'LOAN_APPROVAL' }],
])('%s stops neither the sequencer nor the watch', async (_what, strange) => {
  await append([{}, strange, {}]);
  const sequencer = openEvidence(zone.config, zone.database);
  await sequencer.step();
  expect(await sealed()).toBe(await held());
  const failures: unknown[] = [];
  const log = { error: (what: unknown) => failures.push(what) } as never;
  expect(await openWatch(zone.config, zone.database, log).evaluate()).not.toBeNull();
  expect(failures).toEqual([]);
});

test('whatever JSON is appended, all of it is sealed', async () => {
  const json = fc.jsonValue({ maxDepth: 4 });
  const members = fc.record(
    {
      v: fc.oneof(fc.constant(1), json),
      time: fc.oneof(fc.constant('2026-11-22T10:00:00.000Z'), json),
      institution: json,
      operator: json,
      policyVersion: json,
      purpose: fc.oneof(fc.constant('LOAN_APPROVAL'), json),
      supersedes: json,
      reads: fc.oneof(
        json,
        fc.array(fc.oneof(json, fc.record({ field: json, enterprises: fc.oneof(json, fc.array(json)), categories: fc.array(json), consents: json }))),
      ),
      lookups: fc.oneof(json, fc.array(fc.oneof(json, fc.record({ field: fc.constant('export'), filter: json, ended: json })))),
      changes: fc.oneof(json, fc.array(json)),
      questions: json,
      sources: json,
    },
    { requiredKeys: [] },
  );
  const sequencer = openEvidence(zone.config, zone.database);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(json, members), { minLength: 10, maxLength: 40 }), async (entries) => {
      await append(entries, '2026-11-22T10:00:00.000Z');
      await sequencer.step();
      expect(await sealed()).toBe(await held());
    }),
    { numRuns: 25 },
  );
  expect(await openWatch(zone.config, zone.database).evaluate()).not.toBeNull();
}, 120_000);

test('what an index refuses for its values is left out of it alone', async () => {
  const { openSequencer } = await import('../../src/audit/sequencer.js');
  const { openSigner } = await import('../../src/audit/signer.js');
  const [errors, kept]: [unknown[], string[]] = [[], []];
  const sequencer = openSequencer({
    postgres: zone.database.open('zone_sequencer'),
    signer: openSigner({ file: zone.config.auditKeyFile, origin: zone.config.auditOrigin }),
    integrations: [
      {
        async integrate(client, entries) {
          const texts = entries.map(({ entry }) => entry.caseNumber ?? '');
          await client.query('select unnest($1::text[])::int', [texts]);
          kept.push(...texts);
        },
      },
    ],
    now: () => new Date(),
    failed: (error) => errors.push(error),
  });
  await append(['1', '2', 'x', '4', 'y', '6'].map((caseNumber) => ({ caseNumber })));
  await sequencer.step();
  expect(kept).toEqual(['1', '2', '4', '6']);
  expect(String(errors)).toMatch(/2 entries are left out/);
});

test('all that an operator did is found by how its keys begin, whatever the name', () => {
  fc.assert(
    fc.property(fc.string(), fc.string({ minLength: 1, unit: 'binary' }), fc.string({ minLength: 1, unit: 'binary' }), (institution, operator, other) => {
      const key = keyOf({ institution, operator, topic: 'LENDING' });
      expect(key.startsWith(beginningOf({ institution, operator }))).toBe(true);
      expect(key.startsWith(beginningOf({ institution }))).toBe(true);
      expect(key.startsWith(beginningOf({ institution, operator: other }))).toBe(operator === other);
    }),
  );
});
