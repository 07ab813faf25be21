/** A draft of policy tried against a log that was filled by asking a gateway. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Standing } from '../../src/access/evidence.js';
import { openTrail, type Trail } from '../../src/audit/trail.js';
import { type Draft, type SimulationParts, simulate } from '../../src/exchange/simulation.js';
import { type GroundsStore, openGrounds } from '../../src/grounds/grounds.js';
import type { InstitutionId, Uscc } from '../../src/terms.js';
import { NOW, openWatchedGateway, type WatchedGateway } from '../harness/watched.js';
import { firm, openTestZone, type TestZone } from '../harness/zone.js';

const BANK = 'bank-01' as InstitutionId;
const OTHER = 'bank-06' as InstitutionId;
const SINCE = new Date(Date.now() - 3_600_000);
const ONCE = (uscc: string, purpose = 'PRE_LOAN_REVIEW') =>
  `{ enterprise(uscc: "${uscc}", inquiry: { purpose: ${purpose}, caseNumber: "S-1" }) {
    registration { basic { registeredCapital } } tax { valueAddedTaxReturns(first: 1) { outputTax filer } } } }`;

let zone: TestZone;
let gateway: WatchedGateway;
let trail: Trail;
let grounds: GroundsStore;
let parts: SimulationParts;
beforeAll(async () => {
  zone = await openTestZone();
  gateway = await openWatchedGateway(zone);
  const postgres = zone.database.open('zone_gateway', { poolSize: 2 });
  trail = openTrail({ postgres, catalogue: zone.catalogue });
  grounds = openGrounds({ postgres });
  parts = { catalogue: zone.catalogue, grounds, trail };
  // Firm 0 consented to everything in clear, firm 4 to nothing.
  for (const uscc of [firm(0), firm(0), firm(4)]) await gateway.ask(ONCE(uscc));
  await gateway.ask(ONCE(firm(0), 'RISK_DISPOSAL'));
  await gateway.ask('{ catalogue { version } }');
  await gateway.ask(ONCE('nonsense'));
  await gateway.ask(ONCE(firm(0)), { institution: OTHER });
});
afterAll(async () => {
  await gateway?.close();
  await zone?.close();
});

const standingOf = async (institution: InstitutionId) => (await grounds.of(institution, [])).standing;
const draft = async (changed: (standing: Standing) => Standing | null, institutions: readonly InstitutionId[] = [BANK]): Promise<Draft> => {
  const now = new Map<string, Standing>();
  for (const institution of institutions) now.set(institution, await standingOf(institution));
  return {
    institutions,
    before: (institution) => now.get(institution) ?? null,
    after: (institution) => changed(now.get(institution) as Standing),
  };
};
const run = async (changed: (standing: Standing) => Standing | null, institutions?: readonly InstitutionId[]) =>
  simulate(parts, await draft(changed, institutions), { since: SINCE, time: NOW });
const counts = (simulation: Awaited<ReturnType<typeof run>>) =>
  Object.fromEntries(
    simulation.affected.map(({ institution, item, change, reads, enterprises }) => [`${institution} ${item?.code} ${change}`, [reads, enterprises]]),
  );

describe('The log', () => {
  test('is read back newest first, one institution or all, and only since the time asked', async () => {
    const all = [];
    for await (const page of trail.pagesOf({ since: SINCE })) all.push(...page);
    expect(all.map(({ institution }) => institution)).toEqual([OTHER, BANK, BANK, BANK, BANK, BANK, BANK]);
    const own = [];
    for await (const page of trail.pagesOf({ since: SINCE, institution: OTHER })) own.push(...page);
    expect(own).toEqual(all.slice(0, 1));
    const later = [];
    for await (const page of trail.pagesOf({ since: new Date(Date.now() + 60_000) })) later.push(...page);
    expect(later).toEqual([]);
  });

  test('gives an entry by its receipt, and says when its answer was thrown away', async () => {
    const { body } = await gateway.ask('{ catalogue { version } }', { institution: OTHER });
    const found = await trail.entryOf(body.extensions.receipt.id);
    expect(found).toMatchObject({ superseded: false, entry: { id: body.extensions.receipt.id, fields: ['catalogue'] } });
    expect(await trail.entryOf('00000000-0000-7000-8000-000000000000')).toBeNull();
  });
});

describe('A draft that changes nothing', () => {
  test('shows nothing, though everything was replayed', async () => {
    const { wouldSee, affected, replayed, complete } = await run((standing) => ({ ...standing }));
    expect({ wouldSee, affected, complete }).toEqual({ wouldSee: [], affected: [], complete: true });
    expect(replayed).toBe(4);
  });
});

describe('A draft that narrows', () => {
  test('tells which past reads would have got less, and of how many enterprises', async () => {
    const found = await run((standing) => ({ ...standing, grants: standing.grants.map((grant) => ({ ...grant, scope: ['registration'] })) }));
    // Of firm 4 the returns were denied already, for want of its consent.
    expect(counts(found)).toEqual({
      [`${BANK} tax.valueAddedTaxReturn.outputTax NARROWED`]: [3, 1],
      [`${BANK} tax.valueAddedTaxReturn.filer NARROWED`]: [3, 1],
    });
    const returns = found.wouldSee.find(({ category, purpose }) => category.code === 'tax.valueAddedTaxReturn' && purpose === 'LOAN_APPROVAL');
    expect(returns?.after).toEqual({ clear: 0, masked: 0, denied: returns?.category.items.length });
    expect(returns?.before.denied).toBe(0);
    expect(found.wouldSee.every(({ category }) => category.domain !== 'registration')).toBe(true);
    expect(found.wouldSee.flatMap(({ items }) => items).every(({ change }) => change === 'NARROWED')).toBe(true);
  });

  test('for one purpose concerns the reads for that purpose only', async () => {
    const found = await run((standing) => ({
      ...standing,
      grants: standing.grants.map((grant) => ({ ...grant, purposes: grant.purposes.filter((purpose) => purpose !== 'RISK_DISPOSAL') })),
    }));
    expect(counts(found)[`${BANK} registration.basic.registeredCapital NARROWED`]).toEqual([1, 1]);
    expect(new Set(found.wouldSee.map(({ purpose }) => purpose))).toEqual(new Set(['RISK_DISPOSAL']));
  });

  test('by taking residence away takes everything that was given', async () => {
    const found = await run(() => null);
    expect(counts(found)[`${BANK} registration.basic.registeredCapital NARROWED`]).toEqual([4, 2]);
  });
});

describe('A draft that widens', () => {
  test('counts for reads of the past though its grant begins today', async () => {
    const narrow = (standing: Standing): Standing => ({ ...standing, grants: standing.grants.map((grant) => ({ ...grant, scope: ['registration'] })) });
    const now = narrow(await standingOf(BANK));
    const grant = { ...(now.grants[0] as Standing['grants'][number]), id: 'draft', scope: ['tax.valueAddedTaxReturn.outputTax'], validFrom: NOW };
    const found = await simulate(
      parts,
      { institutions: [BANK], before: () => now, after: () => ({ ...now, grants: [...now.grants, grant] }) },
      { since: SINCE, time: NOW },
    );
    // Firm 4 has not consented: the grant alone gives nothing of it.
    expect(counts(found)).toEqual({ [`${BANK} tax.valueAddedTaxReturn.outputTax WIDENED`]: [3, 1] });
    expect(found.wouldSee).toHaveLength(4);
    for (const { items } of found.wouldSee) {
      expect(items.map(({ item, change, consents }) => [item.name, change, consents])).toEqual([
        ['outputTax', 'WIDENED', ['PERSONAL_MASKED', 'PERSONAL_CLEAR']],
      ]);
    }
  });

  test('counts the consents of the time of the read, not those of today', async () => {
    const uscc = firm(4) as Uscc;
    await gateway.ask(ONCE(uscc));
    await zone.owner.query({
      text: `insert into consent (uscc, id, institution, purposes, scope, personal, valid_from, valid_until, evidence_hash, recorded_at)
        values ($1, 'C-late', $2, '{PRE_LOAN_REVIEW}', '{*}', 'CLEAR', '2026-01-01', '2028-01-01', 'x', $3)`,
      values: [uscc, BANK, new Date(NOW.getTime() + 1_000)],
    });
    const found = await run(() => null);
    expect(counts(found)[`${BANK} tax.valueAddedTaxReturn.outputTax NARROWED`]).toEqual([3, 1]);
    expect(counts(found)[`${BANK} registration.basic.registeredCapital NARROWED`]).toEqual([5, 2]);
  });
});

describe('A draft about several institutions', () => {
  test('tells them apart', async () => {
    const found = await run((standing) => ({ ...standing, active: false }), [BANK, OTHER]);
    expect(counts(found)).toMatchObject({
      [`${BANK} registration.basic.registeredCapital NARROWED`]: [5, 2],
      [`${OTHER} registration.basic.registeredCapital NARROWED`]: [1, 1],
    });
    expect(new Set(found.wouldSee.map(({ institution }) => institution))).toEqual(new Set([BANK, OTHER]));
  });

  test('about none replays nothing', async () => {
    expect(await run((standing) => standing, [])).toMatchObject({ wouldSee: [], affected: [], replayed: 0, complete: true });
  });
});

test('an answer that was thrown away is not replayed, and its successor is', async () => {
  const { body } = await gateway.ask(ONCE(firm(0)));
  const id = body.extensions.receipt.id as string;
  const before = (await run((standing) => standing)).replayed;
  const successor = `${id.slice(0, -1)}${id.endsWith('0') ? '1' : '0'}`;
  await zone.owner.query({
    text: `insert into audit_entry (id, time, institution, entry, leaf_hash)
      select $2, time, institution, replace(replace(entry, '"id":"' || id || '"', '"id":"' || $2 || '"'), ',"time":', ',"supersedes":"' || id || '","time":'), leaf_hash
      from audit_entry where id = $1`,
    values: [id, successor],
  });
  expect((await run((standing) => standing)).replayed).toBe(before);
  expect((await trail.entryOf(id))?.superseded).toBe(true);
  expect(await trail.entryOf(successor)).toMatchObject({ superseded: false, entry: { supersedes: id } });
});

test('more than a page is read to its end, and requests are answered meanwhile', async () => {
  const before = (await run((standing) => standing)).replayed;
  await zone.owner.query({
    text: `insert into audit_entry (id, time, institution, entry, leaf_hash)
      select substr(id, 1, 24) || lpad(n::text, 12, '0'), time, institution, replace(entry, id, substr(id, 1, 24) || lpad(n::text, 12, '0')), leaf_hash
      from (select * from audit_entry where institution = $1 and entry like '%"enterprise"%' and entry like '%ANSWERED%' and entry not like '%supersedes%' order by sequence limit 1) one,
        generate_series(1, 2600) n`,
    values: [BANK],
  });
  const simulated = run(() => null);
  let ended = false;
  void simulated.then(() => {
    ended = true;
  });
  const { status } = await gateway.ask(ONCE(firm(0)));
  expect({ status, ended }).toEqual({ status: 200, ended: false });
  const { replayed, affected } = await simulated;
  expect(replayed).toBeGreaterThanOrEqual(before + 2600);
  expect(affected[0]).toMatchObject({ change: 'NARROWED', enterprises: 2 });
});
