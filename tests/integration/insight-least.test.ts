/** What is granted and not read, and how simulations and reports are told in GraphQL. */
import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Standing } from '../../src/access/evidence.js';
import { openTrail } from '../../src/audit/trail.js';
import { type LeastPrivilege, type LeastPrivilegeParts, leastPrivilege } from '../../src/exchange/leastPrivilege.js';
import { simulate } from '../../src/exchange/simulation.js';
import { LeastPrivilegeReport, Simulation } from '../../src/exchange/simulationTypes.js';
import { type GroundsStore, openGrounds } from '../../src/grounds/grounds.js';
import type { InstitutionId } from '../../src/terms.js';
import { NOW, openWatchedGateway, type WatchedGateway } from '../harness/watched.js';
import { firm, openTestZone, type TestZone } from '../harness/zone.js';

/** Granted the procurement of all, and two categories of tax, and more; see seeds/policy.yaml. */
const FACTORING = 'factoring-01' as InstitutionId;
const BANK = 'bank-01' as InstitutionId;
const DAY_MS = 86_400_000;

let zone: TestZone;
let gateway: WatchedGateway;
let grounds: GroundsStore;
let parts: LeastPrivilegeParts;
beforeAll(async () => {
  zone = await openTestZone();
  gateway = await openWatchedGateway(zone);
  const postgres = zone.database.open('zone_gateway', { poolSize: 2 });
  grounds = openGrounds({ postgres });
  parts = { catalogue: zone.catalogue, trail: openTrail({ postgres, catalogue: zone.catalogue }) };
});
afterAll(async () => {
  await gateway?.close();
  await zone?.close();
});

const standing = async (institution: InstitutionId): Promise<Standing> => (await grounds.of(institution, [])).standing;
const report = (part: { institutions?: readonly InstitutionId[]; days?: number; time?: Date } = {}): Promise<LeastPrivilege> =>
  leastPrivilege(parts, { institutions: [FACTORING], standing, time: NOW, ...part });
const read = (institution: string, selection: string, uscc = firm(0)) =>
  gateway.ask(`{ enterprise(uscc: "${uscc}", inquiry: { purpose: PRE_LOAN_REVIEW, caseNumber: "L-1" }) { ${selection} } }`, { institution });
/** Sets an answered entry back in time, with an id of that time. */
const setBack = async (id: string, days: number): Promise<void> => {
  const time = new Date(NOW.getTime() - days * DAY_MS);
  const stamp = time.getTime().toString(16).padStart(12, '0');
  const early = `${stamp.slice(0, 8)}-${stamp.slice(8)}${id.slice(13)}`;
  await zone.owner.query({
    text: `update audit_entry set id = $2, entry = jsonb_set(jsonb_set(entry::jsonb, '{time}', to_jsonb($3::text)), '{id}', to_jsonb($2::text))::text where id = $1`,
    values: [id, early, time.toISOString()],
  });
};

describe('Granted and not read', () => {
  test('is everything granted, before anything is read', async () => {
    const { unused, granted, unusedSince, lookedBackTo } = await report();
    expect(unused).toHaveLength(granted);
    expect(unusedSince).toEqual(new Date(NOW.getTime() - 90 * DAY_MS));
    expect(lookedBackTo < unusedSince).toBe(true);
    const covered = zone.catalogue.categories.filter(
      ({ domain, code }) =>
        ['registration', 'procurement', 'creditSupervision'].includes(domain) || ['tax.invoiceCounterparty', 'tax.invoiceMonthlySummary'].includes(code),
    );
    expect(new Set(unused.map(({ category }) => category.code))).toEqual(new Set(covered.map(({ code }) => code)));
    for (const { grants, lastRead, purposes } of unused) {
      expect([grants, lastRead]).toEqual([['factoring-01-G1'], null]);
      expect(purposes).toEqual(['PRE_LOAN_REVIEW', 'LOAN_APPROVAL', 'POST_LOAN_MONITORING']);
    }
  });

  test('is no longer what was given, but still what was denied or given to others', async () => {
    const before = (await report()).unused.map(({ item }) => item.code);
    await read(FACTORING, 'registration { basic { registeredCapital } } tax { valueAddedTaxReturns { outputTax } }');
    await read(BANK, 'registration { basic { contactPhone } }');
    const after = (await report()).unused.map(({ item }) => item.code);
    expect(before.filter((code) => !after.includes(code))).toEqual(['registration.basic.registeredCapital']);
  });

  test('counts again when the read is long ago, and says when it was', async () => {
    const { body } = await read(FACTORING, 'registration { basic { businessScope } }');
    await setBack(body.extensions.receipt.id, 120);
    const { unused } = await report();
    const scope = unused.find(({ item }) => item.code === 'registration.basic.businessScope');
    expect(scope?.lastRead).toEqual(new Date(NOW.getTime() - 120 * DAY_MS));
    expect((await report({ days: 121 })).unused.some(({ item }) => item.code === 'registration.basic.businessScope')).toBe(false);
  });

  test('of several institutions is told apart, and of one that is gone there is nothing', async () => {
    const both = await report({ institutions: [FACTORING, BANK] });
    expect(new Set(both.unused.map(({ institution }) => institution))).toEqual(new Set([FACTORING, BANK]));
    expect(both.unused.filter(({ institution }) => institution === FACTORING)).toEqual((await report()).unused);
    const gone = await leastPrivilege(parts, { institutions: [BANK], standing: () => null, time: NOW });
    expect([gone.unused, gone.granted]).toEqual([[], 0]);
    expect((await report({ institutions: [] })).unused).toEqual([]);
  });

  test('is told page by page, also when a line goes between two pages', async () => {
    const whole = await report({ institutions: [FACTORING, BANK] });
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const page: LeastPrivilegeReport = LeastPrivilegeReport.page(whole, 100, after);
      seen.push(...page.nodes.map(({ institution, item }) => `${institution} ${item}`));
      after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
    } while (after);
    expect(seen).toEqual(whole.unused.map(({ institution, item }) => `${institution} ${item.code}`));
    const first = LeastPrivilegeReport.page(whole, 3, null);
    const fewer = { ...whole, unused: whole.unused.filter((_one, place) => place !== 2) };
    expect(LeastPrivilegeReport.page(fewer, 1, first.pageInfo.endCursor).nodes[0]?.item).toBe(whole.unused[3]?.item.code);
    expect(() => LeastPrivilegeReport.page(whole, 0, null)).toThrow(/first/);
    expect(() => LeastPrivilegeReport.page(whole, 1, 'x')).toThrow(/after/);
  });
});

describe('A simulation as GraphQL has it', () => {
  test('names what the engine found by codes', async () => {
    const before = await standing(FACTORING);
    const after = { ...before, grants: [] };
    const since = new Date(Date.now() - 3_600_000);
    const found = await simulate({ ...parts, grounds }, { institutions: [FACTORING], before: () => before, after: () => after }, { since, time: NOW });
    const told = Simulation.of(found);
    expect(told).toMatchObject({ replayed: found.replayed, complete: true });
    expect(told.affected).toHaveLength(found.affected.length);
    expect(told.affected).toContainEqual({
      institution: FACTORING,
      category: 'registration.basic',
      item: 'registration.basic.registeredCapital',
      change: 'NARROWED',
      reads: 1,
      enterprises: 1,
      more: false,
    });
    const basic = told.wouldSee.find(({ category, purpose }) => category === 'registration.basic' && purpose === 'LOAN_APPROVAL');
    expect(basic?.after.denied).toBe(zone.catalogue.category('registration.basic')?.items.length);
    expect(basic?.changes.find(({ item }) => item.endsWith('registeredCapital'))).toMatchObject({
      change: 'NARROWED',
      before: 'CLEAR',
      beforeReason: null,
      after: 'DENIED',
      afterReason: 'NO_GRANT',
    });
  });
});
