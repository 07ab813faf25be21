/** The statement of an enterprise when a month of its reads lies in a file: told as archived, proven all the same, and told again once restored. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openSigner } from '../../src/audit/signer.js';
import { verifyStatement } from '../../src/verify/statement.js';
import { openKeeping } from '../../src/zone/evidence.js';
import { appendPast, entryAt, sealAll } from '../harness/months.js';
import { openWatchedGateway, type WatchedGateway } from '../harness/watched.js';
import { firm, openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
let gateway: WatchedGateway;
let keys: string;
beforeAll(async () => {
  zone = await openTestZone({ enterprises: 3 });
  gateway = await openWatchedGateway(zone);
  keys = openSigner({ file: zone.config.auditKeyFile, origin: zone.config.auditOrigin }).verifierKey;
}, 120_000);
afterAll(async () => {
  await gateway?.close();
  await zone?.close();
});

const read = (time: string, indexes: readonly number[], caseNumber: string) =>
  entryAt(new Date(time), {
    purpose: 'LOAN_APPROVAL',
    caseNumber,
    reads: [{ field: 'enterprises', enterprises: indexes.map(firm), categories: [{ category: 'registration.basic', clear: ['enterpriseName'] }] }],
  });
const stated = async (index: number) => {
  const fields = `total proof entries { __typename ... on StatementRead { ordinal caseNumber } ... on StatementArchived { state ordinal month } }`;
  const query = `{ enterpriseStatement(uscc: "${firm(index)}", from: "2026-01-01T00:00:00Z", until: "2026-12-01T00:00:00Z") { ${fields} } }`;
  const { body } = await gateway.ask(query, { enterprise: firm(index) });
  return body.data?.enterpriseStatement ?? body;
};

test('a read of a month that left the database is told as archived and proven by its digest alone', async () => {
  await appendPast(zone, [read('2026-04-05T01:00:00Z', [0, 1], 'APRIL'), read('2026-05-05T01:00:00Z', [0], 'MAY')]);
  await sealAll(zone);
  const before = await stated(0);
  expect(before.entries).toMatchObject([{ caseNumber: 'MAY' }, { caseNumber: 'APRIL' }]);
  expect(verifyStatement(before.proof, keys)).toMatchObject({ ok: true, proven: { count: 2, archived: [] } });

  const folder = mkdtempSync(join(zone.config.zoneHome, 'archive-'));
  const { retention } = openKeeping(zone.config, zone.database, { folder });
  expect(await retention.archive('2026-04', 'li.wei')).toMatchObject({ outcome: 'ARCHIVED' });
  const { total, entries, proof } = await stated(0);
  expect([total, entries]).toEqual([
    2,
    [
      { __typename: 'StatementRead', ordinal: 2, caseNumber: 'MAY' },
      { __typename: 'StatementArchived', state: 'ARCHIVED', ordinal: 1, month: '2026-04' },
    ],
  ]);
  expect(proof).not.toContain('APRIL');
  // Of its day, whatever its hour: no choice of spans tells the time.
  const totalOf = async (from: string, until: string) =>
    (await gateway.ask(`{ enterpriseStatement(uscc: "${firm(0)}", from: "2026-04-${from}", until: "2026-04-${until}") { total } }`, { enterprise: firm(0) }))
      .body.data.enterpriseStatement.total;
  const totals = [
    totalOf('05T00:00:00Z', '05T00:30:00Z'),
    totalOf('05T02:00:00Z', '05T03:00:00Z'),
    totalOf('04T00:00:00Z', '05T00:00:00Z'),
    totalOf('06T00:00:00Z', '07T00:00:00Z'),
  ];
  expect(await Promise.all(totals)).toEqual([1, 1, 0, 0]);
  expect(verifyStatement(proof, keys)).toMatchObject({
    ok: true,
    proven: { count: 2, delayed: [], archived: [{ ordinal: 1, month: '2026-04' }], reads: [{ ordinal: 2 }] },
  });
  expect(verifyStatement(proof.replace('"digest":"', '"digest":"0').replace(/("digest":"[0-9a-f]{64})[0-9a-f]/, '$1'), keys)).toMatchObject({
    ok: false,
    flaw: 'NOT_IN_THE_LOG',
  });

  await retention.restore(join(folder, 'audit-2026-04.jsonl.gz'), 'li.wei');
  expect((await stated(0)).entries).toEqual(before.entries);
}, 60_000);

test('what an entry says is not told where somebody changed the entry', async () => {
  await appendPast(zone, [read('2026-06-05T01:00:00Z', [2], 'JUNE')]);
  await sealAll(zone);
  expect((await stated(2)).entries).toMatchObject([{ caseNumber: 'JUNE' }]);
  await zone.owner.query({ text: `update audit_entry set entry = replace(entry, 'JUNE', 'JULY') where entry like '%"JUNE"%' and entry not like '%lookups%'` });
  expect((await stated(2)).errors?.[0]?.extensions.code).toBe('INTERNAL');
});
