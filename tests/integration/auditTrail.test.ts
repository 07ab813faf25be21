/** The field `auditTrail` as officers and auditors ask it: what was asked is found and shown as it was, and so is who looked. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Sequencer } from '../../src/audit/sequencer.js';
import { openEvidence } from '../../src/zone/evidence.js';
import { entryOf, openWatchedGateway, type WatchedGateway } from '../harness/watched.js';
import { firm, openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
let gateway: WatchedGateway;
let sequencer: Sequencer;
beforeAll(async () => {
  zone = await openTestZone();
  gateway = await openWatchedGateway(zone);
  sequencer = openEvidence(zone.config, zone.database);
}, 60_000);
afterAll(async () => {
  await gateway?.close();
  await zone?.close();
});

const AUDITOR = { login: 'zhao.min', roles: ['AUDITOR'] };
const TRAIL = `query ($filter: AuditTrailFilter, $first: Int! = 50, $after: String) {
  auditTrail(filter: $filter, first: $first, after: $after) {
    nodes { id time institution client staff enterprise operator caseNumber purpose outcome code policyVersion leafHash leaf sealed superseded entry
      reads { field enterprises outcomes { category provider clear masked denied { reason items } } consents { id enterprise categories } }
      searches { nameHash division found } questions { purpose enterprises about receipt } changes { mutation state errors }
      lookups { field filter returned } }
    pageInfo { hasNextPage endCursor } } }`;
const look = (variables: object, staff = AUDITOR) => gateway.ask(TRAIL, { staff, variables });
const read = (uscc: string, caseNumber: string, institution = 'bank-01') =>
  gateway.ask(
    `query ($uscc: USCC!, $caseNumber: String!) { enterprise(uscc: $uscc, inquiry: { purpose: PRE_LOAN_REVIEW, caseNumber: $caseNumber, operator: "王审" }) {
      registration { basic { registrationStatus contactPhone } } tax { valueAddedTaxReturns(first: 1) { taxPayable } } } }`,
    { institution, variables: { uscc, caseNumber } },
  );

describe('auditTrail', () => {
  test('finds a read at once, and as the same when it is sealed', async () => {
    const { body } = await read(firm(24), 'TRAIL-1');
    const receipt = body.extensions.receipt;
    for (const sealed of [false, true]) {
      if (sealed) await sequencer.step();
      for (const filter of [
        { caseNumber: 'TRAIL-1' },
        { enterprise: firm(24), provider: 'tax', caseNumber: 'TRAIL-1' },
        { item: 'tax.valueAddedTaxReturn.taxPayable', institution: 'bank-01', caseNumber: 'TRAIL-1', outcome: 'ANSWERED', operator: '王审' },
      ]) {
        const answered = await look({ filter });
        expect(answered.body.errors).toBeUndefined();
        const { nodes, pageInfo } = answered.body.data.auditTrail;
        expect(nodes.map(({ id }: { id: string }) => id)).toEqual([receipt.id]);
        expect(pageInfo).toEqual({ hasNextPage: false, endCursor: null });
        expect(nodes[0]).toMatchObject({ leafHash: receipt.leafHash, sealed, superseded: false, institution: 'bank-01', purpose: 'PRE_LOAN_REVIEW' });
        expect(nodes[0].leaf === null).toBe(!sealed);
        expect(JSON.parse(nodes[0].entry)).toEqual(await entryOf(zone, receipt.id));
        expect(nodes[0].reads[0].enterprises).toEqual([firm(24)]);
      }
    }
  });

  test('keeps of each look what was looked for and how much was given', async () => {
    const { body } = await look(
      { filter: { staff: 'li.wei', from: '2026-11-01T00:00:00+08:00' }, first: 7 },
      { login: 'li.wei', roles: ['GOVERNANCE_OFFICER'] },
    );
    const entry = await entryOf(zone, body.extensions.receipt.id);
    expect(entry.lookups).toEqual([{ field: 'auditTrail', filter: { staff: 'li.wei', from: '2026-10-31T16:00:00.000Z', first: 7 }, returned: 0 }]);
    const again = await look({ filter: { staff: 'li.wei' } });
    expect(again.body.data.auditTrail.nodes[0].lookups).toEqual([
      { field: 'auditTrail', filter: JSON.stringify({ first: 7, from: '2026-10-31T16:00:00.000Z', staff: 'li.wei' }), returned: 0 },
    ]);
  });

  test('shows searches, questions and refusals', async () => {
    await gateway.ask('{ searchEnterprises(name: "科技", first: 5) { nodes { uscc } } }', { institution: 'bank-03' });
    await gateway.ask(`{ myAccess(purpose: LOAN_APPROVAL, category: "tax.valueAddedTaxReturn", uscc: "${firm(3)}") { item } }`, { institution: 'bank-03' });
    await gateway.ask('{ nothing }', { institution: 'bank-03' });
    const { nodes } = (await look({ filter: { institution: 'bank-03' } })).body.data.auditTrail;
    expect(nodes.map(({ outcome, code }: { outcome: string; code: string }) => [outcome, code])).toEqual([
      ['REFUSED', 'GRAPHQL_VALIDATION_FAILED'],
      ['ANSWERED', null],
      ['ANSWERED', null],
    ]);
    expect(nodes[1].questions).toEqual([{ purpose: 'LOAN_APPROVAL', enterprises: [firm(3)], about: ['tax.valueAddedTaxReturn'], receipt: null }]);
    expect(nodes[2].searches[0].nameHash).toMatch(/^[0-9a-f]{64}$/);
    const asked = (await look({ filter: { institution: 'bank-03', enterprise: firm(3), provider: 'tax' } })).body.data.auditTrail.nodes;
    expect(asked.map(({ id }: { id: string }) => id)).toEqual([nodes[1].id]);
  });

  test('gives pages that follow one another, sealed and not', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 9; count++) {
      if (count === 5) await sequencer.step();
      ids.unshift((await read(firm(count), 'TRAIL-PAGES')).body.extensions.receipt.id);
    }
    const found: string[] = [];
    for (let after: string | null = null, pages = 0; pages === 0 || after !== null; pages++) {
      const { nodes, pageInfo }: { nodes: { id: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } } = (
        await look({ filter: { caseNumber: 'TRAIL-PAGES' }, first: 2, after })
      ).body.data.auditTrail;
      found.push(...nodes.map(({ id }) => id));
      after = pageInfo.endCursor;
      expect(pageInfo.hasNextPage).toBe(after !== null);
    }
    expect(found).toEqual(ids);
  });

  test('refuses what is of no form, and does not exist for others', async () => {
    for (const [variables, code] of [
      [{ first: 0 }, 'INVALID_PAGE'],
      [{ first: 101 }, 'INVALID_PAGE'],
      [{ after: 'dHJhaWw6eA' }, 'INVALID_PAGE'],
      [{ filter: { enterprise: '91350100M000100Y4Z' } }, 'INVALID_USCC'],
      [{ filter: { caseNumber: '' } }, 'BAD_USER_INPUT'],
      [{ filter: { client: 'x'.repeat(300) } }, 'BAD_USER_INPUT'],
      [{ filter: { from: 'yesterday' } }, 'BAD_USER_INPUT'],
    ] as const) {
      const { body } = await look(variables);
      expect({ variables, code: body.errors?.[0]?.extensions.code }).toEqual({ variables, code });
    }
    for (const who of [{ institution: 'bank-01' }, { enterprise: firm(1) }, { staff: { login: 'wu', roles: ['DASHBOARD_READER'] } }]) {
      const { body } = await gateway.ask(TRAIL, { ...who, variables: {} });
      expect(body.errors?.[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
    }
  });
});
