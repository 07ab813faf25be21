/** What is taken back is gone for every answer begun after it: whoever asks, wherever, however warm the caches are. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { AuditEntry } from '../../src/audit/entry.js';
import { openGateway } from '../../src/zone.js';
import { openTestRedis, type TestRedis } from '../harness/redis.js';
import { NOW, openWatchedGateway, payloadOf, type WatchedGateway } from '../harness/watched.js';
import { type Answered, firm, openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
let redis: TestRedis;
let gateways: WatchedGateway[] = [];
let secret: string;

beforeAll(async () => {
  [zone, redis] = await Promise.all([openTestZone({ enterprises: 12 }), openTestRedis()]);
  gateways = [await openWatchedGateway(zone, { redisUrl: redis.url }), await openWatchedGateway(zone)];
  const rows = await payloadOf(zone, UNDER_TEST, 'tax.valueAddedTaxReturn');
  secret = String(rows?.find(({ taxableSales }) => taxableSales !== undefined)?.taxableSales);
}, 120_000);
afterAll(async () => {
  for (const gateway of gateways) await gateway.close();
  await redis?.close();
  await zone?.close();
});

const INSTITUTION = 'bank-01';
const UNDER_TEST = firm(0);
const queryFor = (caseNumber: string) =>
  `{ enterprise(uscc: "${UNDER_TEST}", inquiry: { purpose: PRE_LOAN_REVIEW, caseNumber: "${caseNumber}" }) { uscc tax { valueAddedTaxReturns { taxableSales } } } }`;

/** The ways in which something is taken back. Each raises the epoch in its own transaction, as every narrowing change MUST. */
const REVOCATIONS = [
  {
    name: 'a consent is withdrawn',
    reason: 'CONSENT_WITHDRAWN',
    revoke: `update consent set withdrawn_at = $1::timestamptz - interval '1 minute' where institution = '${INSTITUTION}' and uscc = '${UNDER_TEST}'`,
    restore: `update consent set withdrawn_at = null where institution = '${INSTITUTION}' and uscc = '${UNDER_TEST}' and $1::timestamptz is not null`,
  },
  {
    name: 'a grant ends',
    reason: 'GRANT_EXPIRED',
    revoke: `update access_grant set valid_until = $1::timestamptz - interval '1 minute' where institution = '${INSTITUTION}'`,
    restore: `update access_grant set valid_until = $1::timestamptz + interval '1 year' where institution = '${INSTITUTION}'`,
  },
  {
    name: 'an institution is suspended',
    reason: 'INSTITUTION_INACTIVE',
    revoke: `update residence set active = false where institution = '${INSTITUTION}' and $1::timestamptz is not null`,
    restore: `update residence set active = true where institution = '${INSTITUTION}' and $1::timestamptz is not null`,
  },
] as const;
/** One of the institution, one of everybody. */
const EPOCHS = [INSTITUTION, '*'];

async function change(statement: string, epochOf: string): Promise<void> {
  await zone.owner.transaction(async (client) => {
    await client.query(statement, [NOW]);
    await client.query('update policy_epoch set epoch = epoch + 1 where institution = $1', [epochOf]);
  });
}
async function restoreAll(): Promise<void> {
  for (const { restore } of REVOCATIONS) await change(restore, INSTITUTION);
}
beforeEach(restoreAll);

const holdsItem = ({ text }: Answered) => text.includes(secret);
const reasonsIn = ({ body }: Answered) => (body.errors ?? []).map(({ extensions }) => extensions.reason);

async function entriesOfCase(caseNumber: string): Promise<AuditEntry[]> {
  const rows = await zone.owner.query<{ entry: string }>({
    text: `select entry from audit_entry where entry::json ->> 'caseNumber' = $1 order by sequence`,
    values: [caseNumber],
  });
  return rows.map(({ entry }) => JSON.parse(entry) as AuditEntry);
}

describe.each(REVOCATIONS)('when $name', ({ name, reason, revoke }) => {
  test.each(EPOCHS)('the next request is refused it in every gateway, and told why (epoch of %s)', async (epochOf) => {
    for (const gateway of gateways) expect(holdsItem(await gateway.ask(queryFor('warm')))).toBe(true);
    await change(revoke, epochOf);
    for (const gateway of gateways) {
      const answer = await gateway.ask(queryFor('after'));
      expect([answer.status, holdsItem(answer), reasonsIn(answer)]).toEqual([200, false, [reason]]);
    }
  });

  test.each(EPOCHS)('a request under way decides again, and its receipt is of the second entry (epoch of %s)', async (epochOf) => {
    const gateway = gateways[0] as WatchedGateway;
    await gateway.ask(queryFor('warm'));
    const caseNumber = `under way: ${name}, ${epochOf}`;
    // Held at the last moment: the answer is composed and only its entry is waited for.
    const answer = await heldAtItsEntry(
      () => gateway.ask(queryFor(caseNumber)),
      async (client) => {
        await client.query(revoke, [NOW]);
        await client.query('update policy_epoch set epoch = epoch + 1 where institution = $1', [epochOf]);
      },
    );
    expect([answer.status, holdsItem(answer), reasonsIn(answer)]).toEqual([200, false, [reason]]);

    const entries = await entriesOfCase(caseNumber);
    expect(entries).toHaveLength(2);
    const [first, second] = entries as [AuditEntry, AuditEntry];
    expect(first.supersedes).toBeUndefined();
    expect(first.reads?.[0]?.categories[0]).toMatchObject({ category: 'tax.valueAddedTaxReturn', clear: ['taxableSales'] });
    expect(second.supersedes).toBe(first.id);
    expect(second.reads?.[0]?.categories[0]).toMatchObject({ category: 'tax.valueAddedTaxReturn', denied: { [reason]: ['taxableSales'] } });
    expect(answer.body.extensions.receipt.id).toBe(second.id);
    expect(answer.headers['x-request-id']).toBe(second.id);
  });
});

type Client = Parameters<Parameters<TestZone['owner']['transaction']>[0]>[0];

/** Runs a request whose audit entry has to wait until `meanwhile` is committed. */
async function heldAtItsEntry(request: () => Promise<Answered>, meanwhile: (client: Client) => Promise<void>): Promise<Answered> {
  let answering: Promise<Answered> | null = null;
  await zone.owner.transaction(async (client) => {
    await client.query('lock table audit_entry in exclusive mode');
    answering = request();
    for (let tries = 0; ; tries++) {
      const { rows } = await client.query("select from pg_locks where relation = 'audit_entry'::regclass and not granted");
      if (rows.length > 0) break;
      if (tries > 200) throw new Error('no entry waits');
      await sleep(5);
    }
    await meanwhile(client);
  });
  return answering as unknown as Promise<Answered>;
}

test('of a request under way that loses nothing by the change, the answer stays and is of the new policy', async () => {
  const gateway = gateways[0] as WatchedGateway;
  await gateway.ask(queryFor('warm'));
  const [before] = await zone.owner.query<{ version: number }>({ text: 'select max(version) as version from policy_version' });
  const version = (before?.version ?? 0) + 1;
  const answer = await heldAtItsEntry(
    () => gateway.ask(queryFor('widened')),
    async (client) => {
      await client.query("insert into policy_version values ($1, 'test', 'another institution is granted more', now())", [version]);
      await client.query("update policy_epoch set epoch = epoch + 1 where institution = '*'");
    },
  );
  expect([answer.status, holdsItem(answer), answer.body.extensions.access.policyVersion]).toEqual([200, true, version]);
  expect((await entriesOfCase('widened')).map(({ policyVersion }) => policyVersion)).toEqual([version - 1, version]);
});

test('a refusal that rests on what was decided is of the present policy too', async () => {
  const gateway = gateways[0] as WatchedGateway;
  await gateway.ask(queryFor('warm'));
  const badPage = queryFor('page').replace('valueAddedTaxReturns', 'valueAddedTaxReturns(first: 0)');
  expect((await gateway.ask(badPage)).body.errors?.[0]?.extensions.code).toBe('INVALID_PAGE');
  await change(REVOCATIONS[0].revoke, INSTITUTION);
  // A page is looked at only where there is something to page, and there is nothing any more.
  const answer = await gateway.ask(badPage);
  expect([answer.status, reasonsIn(answer)]).toEqual([200, ['CONSENT_WITHDRAWN']]);
});

test('what is asked about access right after a change is answered, not refused because policy changed', async () => {
  const gateway = gateways[0] as WatchedGateway;
  await gateway.ask(queryFor('warm'));
  await change(REVOCATIONS[1].revoke, INSTITUTION);
  const answer = await gateway.ask(`{ myAccess(purpose: PRE_LOAN_REVIEW, category: "tax.valueAddedTaxReturn", uscc: "${firm(7)}") { reason } }`);
  expect([answer.status, answer.body.data?.myAccess[0]]).toEqual([200, { reason: 'GRANT_EXPIRED' }]);
});

test('a consent that was withdrawn before it began is told as withdrawn', async () => {
  const between = (from: string) => `update consent set valid_from = '${from}' where uscc = '${UNDER_TEST}' and $1::timestamptz is not null`;
  const [before] = await zone.owner.query<{ valid_from: Date }>({ text: 'select valid_from from consent where uscc = $1 limit 1', values: [UNDER_TEST] });
  try {
    await change(between('2040-01-01'), INSTITUTION);
    await change(`update consent set withdrawn_at = '2020-01-01' where uscc = '${UNDER_TEST}' and $1::timestamptz is not null`, INSTITUTION);
    expect(reasonsIn(await (gateways[0] as WatchedGateway).ask(queryFor('before it began')))).toEqual(['CONSENT_WITHDRAWN']);
  } finally {
    await change(between(before?.valid_from.toISOString() as string), INSTITUTION);
  }
});

test('a change that concerns another institution makes nobody else decide again', async () => {
  const gateway = gateways[0] as WatchedGateway;
  await gateway.ask(queryFor('warm'));
  const answer = await heldAtItsEntry(
    () => gateway.ask(queryFor('not concerned')),
    async (client) => void (await client.query("update policy_epoch set epoch = epoch + 1 where institution = 'bank-02'")),
  );
  expect(holdsItem(answer)).toBe(true);
  expect(await entriesOfCase('not concerned')).toHaveLength(1);
});

test('a policy that never stands still ends in a refusal without data, not in an answer', async () => {
  const gateway = gateways[0] as WatchedGateway;
  await gateway.ask(queryFor('warm'));
  let restless = true;
  const changing = Array.from({ length: 2 }, async () => {
    while (restless) await zone.owner.query({ text: "update policy_epoch set epoch = epoch + 1 where institution = '*'" });
  });
  const answers: Answered[] = [];
  for (let round = 0; round < 20; round++) answers.push(await gateway.ask(queryFor('restless')));
  restless = false;
  await Promise.all(changing);

  const refused = answers.filter(({ status }) => status !== 200);
  expect(refused.length).toBeGreaterThan(0);
  for (const answer of refused) {
    expect([answer.status, answer.body.data, answer.body.errors?.[0]?.extensions.code]).toEqual([503, undefined, 'POLICY_CHANGING']);
    expect(holdsItem(answer)).toBe(false);
  }
  // Of the attempts that were thrown away none stands in the log as an answer that went out.
  const entries = await entriesOfCase('restless');
  const refusals = await zone.owner.query<{ entry: string }>({
    text: 'select entry from audit_entry where id = any($1)',
    values: [refused.map(({ body }) => body.extensions.receipt.id)],
  });
  expect(refusals.map(({ entry }) => JSON.parse(entry).code)).toEqual(refused.map(() => 'POLICY_CHANGING'));
  const superseded = new Set([...entries, ...refusals.map(({ entry }) => JSON.parse(entry) as AuditEntry)].map(({ supersedes }) => supersedes));
  const standing = entries.filter(({ id, outcome }) => outcome === 'ANSWERED' && !superseded.has(id)).map(({ id }) => id);
  expect(standing).toEqual(answers.filter(({ status }) => status === 200).map(({ body }) => body.extensions.receipt.id));
});

test('a withdrawal counts at once although the clock of the gateway is behind that of the database', async () => {
  const [clock] = (await zone.owner.query<{ now: Date }>({ text: 'select now()' })) as [{ now: Date }];
  const behind = clock.now.getTime() - Date.now() - 3_000;
  // Consents of the seeds are of days that the clock of this machine need not know.
  await change("update consent set valid_from = '2000-01-01', valid_until = '2100-01-01' where $1::timestamptz is not null", INSTITUTION);
  await change("update access_grant set valid_from = '2000-01-01', valid_until = '2100-01-01' where $1::timestamptz is not null", INSTITUTION);
  await change("update agreement set valid_from = '2000-01-01', valid_until = '2100-01-01' where $1::timestamptz is not null", INSTITUTION);
  const gateway = await openGateway(zone.config, zone.database, zone.catalogue, undefined, () => new Date(Date.now() + behind));
  const ask = async (caseNumber: string) => {
    const response = await gateway.server.inject({
      method: 'POST',
      url: '/graphql',
      headers: { authorization: `Bearer ${await gateway.issuer?.tokenFor(INSTITUTION)}`, 'content-type': 'application/json' },
      payload: JSON.stringify({ query: queryFor(caseNumber) }),
    });
    return { status: response.statusCode, headers: response.headers, text: response.body, body: response.json() };
  };
  try {
    expect(holdsItem(await ask('behind'))).toBe(true);
    await change(`update consent set withdrawn_at = now() where uscc = '${UNDER_TEST}' and $1::timestamptz is not null`, INSTITUTION);
    const answer = await ask('behind');
    expect([holdsItem(answer), reasonsIn(answer)]).toEqual([false, ['CONSENT_WITHDRAWN']]);
  } finally {
    await gateway.close();
  }
});

const ROUNDS = 60;

test('in 300 interleavings no request sent after the acknowledgement is given the item, and every receipt is of the decision it stands for', async () => {
  const [warm, other] = gateways as [WatchedGateway, WatchedGateway];
  const late: string[] = [];
  const kept: { answer: Answered; caseNumber: string }[] = [];
  let inFlightClear = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const { revoke, restore, reason } = REVOCATIONS[round % REVOCATIONS.length] as (typeof REVOCATIONS)[number];
    const caseNumber = `round ${round}`;
    const epochOf = EPOCHS[round % EPOCHS.length] as string;
    const before = await Promise.all([warm, other].map((gateway) => gateway.ask(queryFor('warm'))));
    if (!before.every(holdsItem)) throw new Error(`round ${round} does not begin warm`);
    const after = (milliseconds: number) => sleep(Math.random() * milliseconds);
    const inFlight = [warm, other, warm, other, warm].map((gateway) => after(6).then(() => gateway.ask(queryFor(caseNumber))));
    await after(6);
    await change(revoke, epochOf);
    // Acknowledged: whoever begins now gets nothing.
    for (const answer of await Promise.all([warm, other].map((gateway) => gateway.ask(queryFor(caseNumber))))) {
      if (holdsItem(answer) || reasonsIn(answer)[0] !== reason) late.push(`round ${round} ${reason}: ${answer.text}`);
    }
    for (const answer of await Promise.all(inFlight)) {
      kept.push({ answer, caseNumber });
      if (holdsItem(answer)) inFlightClear++;
    }
    await change(restore, epochOf);
  }
  expect(late).toEqual([]);

  // Every answer is of the decision that its receipt names, and no receipt is of an entry that was thrown away.
  const rows = await zone.owner.query<{ entry: string }>({ text: `select entry from audit_entry where entry::json ->> 'caseNumber' like 'round %'` });
  const entries = new Map(rows.map(({ entry }) => JSON.parse(entry) as AuditEntry).map((entry) => [entry.id, entry]));
  const superseded = new Set([...entries.values()].flatMap(({ supersedes }) => (supersedes ? [supersedes] : [])));
  for (const { answer, caseNumber } of kept) {
    expect(answer.status).toBe(200);
    const entry = entries.get(answer.body.extensions.receipt.id) as AuditEntry;
    expect([entry.caseNumber, entry.outcome, superseded.has(entry.id)]).toEqual([caseNumber, 'ANSWERED', false]);
    expect(entry.reads?.[0]?.categories[0]?.clear !== undefined).toBe(holdsItem(answer));
  }
  // The race was run: some were in time, some were not, and some were caught at their entry.
  expect(inFlightClear).toBeGreaterThan(0);
  expect(inFlightClear).toBeLessThan(kept.length);
  expect(superseded.size).toBeGreaterThan(0);
}, 120_000);
