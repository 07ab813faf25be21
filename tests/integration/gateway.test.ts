import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { firm, openTestZone, type TestGateway, type TestZone } from '../harness/zone.js';

let zone: TestZone;
let gateway: TestGateway;
beforeAll(async () => {
  zone = await openTestZone();
  gateway = await zone.openGateway();
});
afterAll(() => zone?.close());

const INQUIRY = 'inquiry: { purpose: PRE_LOAN_REVIEW, caseNumber: "T-1", operator: "tester" }';

test('an enterprise is answered with its receipt, and the entry of the receipt is in the log', async () => {
  const { status, body } = await gateway.ask(
    `{ enterprise(uscc: "${firm(0)}", ${INQUIRY}) { uscc name registration { basic { establishmentDate legalRepresentativeIdNumber } } } }`,
  );
  expect(status).toBe(200);
  expect(body.errors).toBeUndefined();
  expect(body.data.enterprise.uscc).toBe(firm(0));
  expect(body.extensions.access.masked).toEqual(['EnterpriseRegistration.legalRepresentativeIdNumber']);
  const [row] = await zone.owner.query<{ entry: string; hash: string }>({
    text: "select entry, encode(leaf_hash, 'hex') as hash from audit_entry where id = $1",
    values: [body.extensions.receipt.id],
  });
  expect(row?.hash).toBe(body.extensions.receipt.leafHash);
  expect(JSON.parse(row?.entry ?? '{}')).toMatchObject({
    institution: 'bank-01',
    caseNumber: 'T-1',
    operator: 'tester',
    purpose: 'PRE_LOAN_REVIEW',
    outcome: 'ANSWERED',
  });
});
