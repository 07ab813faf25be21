/** The GraphQL contract of the design, as a client meets it: names, shapes, and what stands beside the data. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  buildClientSchema,
  type GraphQLEnumType,
  type GraphQLInputObjectType,
  type GraphQLObjectType,
  type GraphQLSchema,
  type GraphQLUnionType,
  getIntrospectionQuery,
} from 'graphql';
import { USUAL_ALLOWANCE } from '../../src/allowance/demand.js';
import { recordsTypeName } from '../../src/catalogue/naming.js';
import { readConfig } from '../../src/config.js';
import { deliver } from '../../src/delivery/deliver.js';
import { openIssuer } from '../../src/zone/issuing.js';
import { openGateway } from '../../src/zone.js';
import { newClientKey, proof } from '../harness/issuing.js';
import { entryOf, openWatchedGateway, payloadOf, type WatchedGateway } from '../harness/watched.js';
import { type Answered, firm, openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
let gateway: WatchedGateway;
let schema: GraphQLSchema;
beforeAll(async () => {
  zone = await openTestZone();
  gateway = await openWatchedGateway(zone);
  const { body } = await gateway.ask(getIntrospectionQuery());
  schema = buildClientSchema(body.data);
});
afterAll(async () => {
  await gateway?.close();
  await zone?.close();
});

const INQUIRY = 'inquiry: { purpose: PRE_LOAN_REVIEW, caseNumber: "T-1", operator: "tester" }';
const UNKNOWN = '91350100M000100Y43';
const type = <T>(name: string) => schema.getType(name) as T;
const fieldsOf = (name: string) =>
  Object.fromEntries(
    Object.values(type<GraphQLObjectType>(name).getFields()).map((field) => [
      field.name,
      field.args.length > 0
        ? `(${field.args
            .map((argument) => `${argument.name}: ${argument.type}`)
            .sort()
            .join(', ')}): ${field.type}`
        : String(field.type),
    ]),
  );
const deniedErrors = ({ body }: Answered) => (body.errors ?? []).filter(({ extensions }) => extensions.code === 'ITEM_DENIED');

describe('The schema has every name of the contract', () => {
  test('the root fields and their arguments', () => {
    expect(fieldsOf('Query')).toMatchObject({
      enterprise: '(inquiry: InquiryInput!, uscc: USCC!): Enterprise',
      enterprises: '(inquiry: InquiryInput!, usccs: [USCC!]!): [EnterpriseResult!]!',
      searchEnterprises: '(after: String, division: String, first: Int!, industry: String, name: String!): EnterpriseConnection!',
      catalogue: 'Catalogue!',
      rateLimit: '(purpose: Purpose!): RateLimit!',
      registeredOperations: '(after: String, first: Int!): RegisteredOperationConnection!',
      myAccess: '(category: String, purpose: Purpose!, uscc: USCC): [ItemAccess!]!',
      explainDecision: '(receipt: String!): PastDecision',
      previewQuery: '(document: String!, operationName: String, variables: String): QueryPreview!',
    });
    expect(schema.getSubscriptionType()).toBeFalsy();
  });

  test('the inquiry, the purposes, the union of results', () => {
    const inquiry = type<GraphQLInputObjectType>('InquiryInput').getFields();
    expect(Object.values(inquiry).map((field) => `${field.name}: ${field.type}`)).toEqual(['purpose: Purpose!', 'caseNumber: String!', 'operator: String']);
    expect(
      type<GraphQLEnumType>('Purpose')
        .getValues()
        .map(({ name }) => name),
    ).toEqual(['PRE_LOAN_REVIEW', 'LOAN_APPROVAL', 'POST_LOAN_MONITORING', 'RISK_DISPOSAL']);
    expect(
      type<GraphQLUnionType>('EnterpriseResult')
        .getTypes()
        .map(({ name }) => name),
    ).toEqual(['Enterprise', 'EnterpriseProblem']);
    expect(Object.keys(fieldsOf('EnterpriseProblem'))).toEqual(['uscc', 'code', 'message']);
  });

  test('provenance, with its three states of freshness', () => {
    expect(Object.keys(fieldsOf('Provenance'))).toEqual(['provider', 'dataTime', 'receivedAt', 'delivery', 'updateCycle', 'dueBy', 'freshness']);
    expect(
      type<GraphQLEnumType>('Freshness')
        .getValues()
        .map(({ name }) => name),
    ).toEqual(['FRESH', 'OVERDUE', 'UNKNOWN']);
  });

  test('every reason of a denial, and no other', () => {
    const reasons = type<GraphQLEnumType>('Reason').getValues();
    expect(reasons.map(({ name }) => name).sort()).toEqual([
      'CONSENT_EXPIRED',
      'CONSENT_REQUIRED',
      'CONSENT_WITHDRAWN',
      'GRADE_TOO_HIGH',
      'GRANT_EXPIRED',
      'INSTITUTION_INACTIVE',
      'ITEM_NOT_IN_FORCE',
      'ITEM_NOT_SHARED',
      'NO_GRANT',
      'PURPOSE_NOT_AGREED',
    ]);
  });

  test('an enterprise has its code, its name, and a field a domain', () => {
    const domains =
      'registration tax socialSecurity realEstate intellectualProperty procurement housingFund judicial creditSupervision customs finance construction environment transport utilities scienceAndTechnology commerce culture health agriculture emergency talent';
    const fields = fieldsOf('Enterprise');
    expect(fields).toMatchObject({ uscc: 'USCC!', name: 'String' });
    for (const domain of domains.split(' ')) expect([domain, fields[domain]]).toEqual([domain, `${recordsTypeName(domain)}!`]);
  });

  test('the registration as the contract spells it', () => {
    expect(fieldsOf('RegistrationRecords')).toMatchObject({ basic: 'EnterpriseRegistration', shareholders: '(after: String, first: Int): [Shareholder!]' });
    expect(fieldsOf('EnterpriseRegistration')).toMatchObject({ registeredCapital: 'Decimal', provenance: 'Provenance!' });
  });

  test('all 256 categories and 3,158 items are fields, nullable, typed, described in both languages', () => {
    const scalars: Record<string, string> = { integer: 'Int', decimal: 'Decimal', date: 'Date', datetime: 'DateTime', boolean: 'Boolean', uscc: 'USCC' };
    let items = 0;
    for (const category of zone.catalogue.categories) {
      const one = category.cardinality === 'ONE';
      expect([category.code, fieldsOf(recordsTypeName(category.domain))[category.field]]).toEqual([
        category.code,
        one ? category.type : `(after: String, first: Int): [${category.type}!]`,
      ]);
      expect(fieldsOf(category.type)).toEqual({
        ...Object.fromEntries(category.items.map((item) => [item.name, scalars[item.type] ?? 'String'])),
        provenance: 'Provenance!',
        ...(one ? {} : { cursor: 'String!' }),
      });
      for (const { description } of Object.values(type<GraphQLObjectType>(category.type).getFields())) {
        expect(description).toMatch(/\p{Script=Han}/u);
        expect(description).toMatch(/[a-z]{3}/i);
      }
      items += category.items.length;
    }
    expect([zone.catalogue.categories.length, items]).toEqual([256, 3158]);
  });

  test('the catalogue: providers, categories by domain, provider and text, one category, one item, its version', async () => {
    expect(fieldsOf('Catalogue')).toMatchObject({
      version: 'String!',
      providers: '[Provider!]!',
      categories: '(domain: String, provider: String, search: String): [Category!]!',
      category: '(code: String!): Category',
      item: '(code: String!): Item',
    });
    const { body } = await gateway.ask(`{ catalogue { version providers { code } all: categories { code } tax: categories(domain: "tax") { code domain }
      bureau: categories(provider: "housing-fund") { provider { code } } searched: categories(search: "发明") { code }
      category(code: "registration.basic") { title { zh } items { code } } item(code: "registration.basic.registeredCapital") { coordinate type unit }
      nothing: item(code: "registration.basic.shoeSize") { code } } }`);
    const { catalogue } = body.data;
    expect(body.errors).toBeUndefined();
    expect(catalogue.version).toBe(zone.catalogue.digest);
    expect([catalogue.providers.length, catalogue.all.length]).toEqual([27, 256]);
    expect(catalogue.tax.length).toBeGreaterThan(10);
    expect(new Set(catalogue.tax.map(({ domain }: { domain: string }) => domain))).toEqual(new Set(['tax']));
    expect(catalogue.bureau.map(({ provider }: { provider: { code: string } }) => provider.code)).toEqual(new Array(6).fill('housing-fund'));
    expect(catalogue.searched.map(({ code }: { code: string }) => code)).toContain('intellectualProperty.patent');
    expect(catalogue.category).toMatchObject({ title: { zh: '企业登记基本信息' } });
    expect(catalogue.category.items).toHaveLength(20);
    expect(catalogue.item).toEqual({ coordinate: 'EnterpriseRegistration.registeredCapital', type: 'DECIMAL', unit: 'CNY' });
    expect(catalogue.nothing).toBeNull();
  });
});

describe('A batch', () => {
  test('comes in the order asked, with duplicates, and with a problem for each code that is invalid or unknown', async () => {
    const usccs = [firm(1), '91350100M000100Y4Z', firm(0), UNKNOWN, firm(1), '123', `  ${firm(0).toLowerCase()} `, '91350100M000100Y44'];
    const { status, body } = await gateway.ask(
      `query ($usccs: [USCC!]!) { enterprises(usccs: $usccs, ${INQUIRY}) { __typename
        ... on Enterprise { uscc name registration { basic { establishmentDate } } } ... on EnterpriseProblem { uscc code message } } }`,
      { variables: { usccs } },
    );
    expect(status).toBe(200);
    const found = body.data.enterprises as { __typename: string; uscc: string; code?: string; message?: string; name?: string }[];
    expect(found.map(({ __typename, uscc, code }) => [__typename, uscc, code])).toEqual([
      ['Enterprise', firm(1), undefined],
      ['EnterpriseProblem', '91350100M000100Y4Z', 'INVALID_USCC'],
      ['Enterprise', firm(0), undefined],
      ['EnterpriseProblem', UNKNOWN, 'ENTERPRISE_UNKNOWN'],
      ['Enterprise', firm(1), undefined],
      ['EnterpriseProblem', '123', 'INVALID_USCC'],
      ['Enterprise', firm(0), undefined],
      ['EnterpriseProblem', '91350100M000100Y44', 'INVALID_USCC'],
    ]);
    expect(found.flatMap(({ code, message }) => (code === 'INVALID_USCC' ? [message?.split(': ').at(-1)] : []))).toEqual(['CHARACTER', 'LENGTH', 'CHECK']);
    expect(found[0]).toEqual(found[4]);
    expect(found[2]).toEqual(found[6]);
    expect(found[0]?.name).not.toBe(found[2]?.name);
    expect(body.errors).toBeUndefined();
  });

  test('of no enterprise at all is an empty list, with its receipt', async () => {
    const { status, body } = await gateway.ask(`{ enterprises(usccs: [], ${INQUIRY}) { ... on Enterprise { uscc } } }`);
    expect([status, body.data]).toEqual([200, { enterprises: [] }]);
    expect((await entryOf(zone, body.extensions.receipt.id)).outcome).toBe('ANSWERED');
  });

  test('of a thousand enterprises is answered', async () => {
    const usccs = new Array(1_000).fill(firm(0));
    const { body } = await gateway.ask(
      `query ($usccs: [USCC!]!) { enterprises(usccs: $usccs, ${INQUIRY}) { ... on Enterprise { uscc registration { basic { industry } } } } }`,
      { variables: { usccs } },
    );
    expect(body.data.enterprises).toHaveLength(1_000);
  });
});

describe('What is denied', () => {
  test('is one error for each schema coordinate, not for each row or enterprise', async () => {
    const answered = await gateway.ask(
      `query ($usccs: [USCC!]!) { enterprises(usccs: $usccs, ${INQUIRY}) { ... on Enterprise { uscc
        tax { valueAddedTaxReturns { taxPeriodStart filer } } registration { shareholders { shareholderName adjustedContributionDeadline } } } } }`,
      { variables: { usccs: [firm(2), firm(3), firm(4), firm(2)] } },
    );
    expect(deniedErrors(answered).map(({ extensions }) => extensions.coordinate)).toEqual([
      'ValueAddedTaxReturn.taxPeriodStart',
      'ValueAddedTaxReturn.filer',
      'Shareholder.adjustedContributionDeadline',
    ]);
    expect(answered.body.errors).toHaveLength(3);
    const [error] = deniedErrors(answered);
    expect(error?.extensions).toMatchObject({
      code: 'ITEM_DENIED',
      item: 'tax.valueAddedTaxReturn.taxPeriodStart',
      coordinate: 'ValueAddedTaxReturn.taxPeriodStart',
      remedy: expect.stringMatching(/.+/),
    });
    const told = answered.body.extensions.access.denied.filter(({ coordinate }: { coordinate: string }) => coordinate === 'ValueAddedTaxReturn.filer');
    // Three enterprises, three different states of consent: each reason with the enterprises it holds for.
    expect(told).toEqual(
      expect.arrayContaining([
        { coordinate: 'ValueAddedTaxReturn.filer', reason: 'CONSENT_WITHDRAWN', enterprises: [firm(2)] },
        { coordinate: 'ValueAddedTaxReturn.filer', reason: 'CONSENT_EXPIRED', enterprises: [firm(3)] },
        { coordinate: 'ValueAddedTaxReturn.filer', reason: 'CONSENT_REQUIRED', enterprises: [firm(4)] },
      ]),
    );
    expect(told).toHaveLength(3);
  });

  test('is null for a category of which nothing is given, never an empty list', async () => {
    const { body } = await gateway.ask(
      `{ enterprise(uscc: "${firm(4)}", ${INQUIRY}) { tax { valueAddedTaxReturns { taxPayable } } publicSecurity { hazardousChemicalPurchases { __typename provenance { delivery } } } } }`,
    );
    expect(body.data.enterprise).toEqual({ tax: { valueAddedTaxReturns: null }, publicSecurity: { hazardousChemicalPurchases: null } });
    expect(body.extensions.access.denied).toEqual([
      { coordinate: 'ValueAddedTaxReturn.taxPayable', reason: 'CONSENT_REQUIRED' },
      { coordinate: 'PublicSecurityRecords.hazardousChemicalPurchases', reason: 'ITEM_NOT_SHARED' },
    ]);
  });

  test('leaves its neighbours in the row alone', async () => {
    const { body } = await gateway.ask(`{ enterprise(uscc: "${firm(4)}", ${INQUIRY}) { registration { basic { industry legalRepresentativeIdNumber } } } }`);
    expect(body.data.enterprise.registration.basic).toEqual({ industry: expect.any(String), legalRepresentativeIdNumber: null });
    expect(body.errors).toHaveLength(1);
    expect(body.errors?.[0]?.extensions).toMatchObject({ reason: 'CONSENT_REQUIRED', item: 'registration.basic.legalRepresentativeIdNumber' });
  });

  test('is told of those enterprises of a batch whose provenance is denied, not of those whose is given', async () => {
    const answered = await gateway.ask(
      `{ enterprises(usccs: ["${firm(0)}", "${firm(4)}"], ${INQUIRY}) { ... on Enterprise { tax { valueAddedTaxReturns { provenance { provider } } } } } }`,
    );
    const [given, denied] = answered.body.data.enterprises;
    expect([given.tax.valueAddedTaxReturns[0].provenance.provider, denied.tax.valueAddedTaxReturns]).toEqual(['tax', null]);
    expect(deniedErrors(answered)[0]?.extensions).toMatchObject({ coordinate: 'TaxRecords.valueAddedTaxReturns', enterprises: { denied: 1, of: 2 } });
    expect(answered.body.extensions.access.denied).toEqual([
      { coordinate: 'TaxRecords.valueAddedTaxReturns', reason: 'CONSENT_REQUIRED', enterprises: [firm(4)] },
    ]);
  });

  test('is told also where only the provenance of a wholly denied category was asked, so that it cannot be taken for "no record"', async () => {
    const answered = await gateway.ask(`{ enterprise(uscc: "${firm(4)}", ${INQUIRY}) { tax { valueAddedTaxReturns { provenance { dataTime } } } } }`);
    expect(answered.body.data.enterprise.tax.valueAddedTaxReturns).toBeNull();
    expect(deniedErrors(answered)).toHaveLength(1);
    expect(answered.body.extensions.access.denied).toHaveLength(1);
  });
});

test('a record that does not exist is null without an error, and nothing is told as denied', async () => {
  const empty = [];
  for (const category of zone.catalogue.categories) {
    if (category.items.some(({ sharing, grade }) => sharing === 'UNCONDITIONAL' && grade === 1) && !(await payloadOf(zone, firm(0), category.code)))
      empty.push(category);
  }
  const many = empty.find(({ cardinality }) => cardinality === 'MANY');
  const one = empty.find(({ cardinality }) => cardinality === 'ONE');
  if (!many || !one) throw new Error('the synthetic zone should be sparse');
  for (const category of [many, one]) {
    const item = category.items.find(({ sharing, grade, inForceFrom }) => sharing === 'UNCONDITIONAL' && grade === 1 && !inForceFrom)?.name;
    const { body } = await gateway.ask(`{ enterprise(uscc: "${firm(0)}", ${INQUIRY}) { ${category.domain} { ${category.field} { ${item} } } } }`);
    expect(body.data.enterprise[category.domain][category.field]).toBeNull();
    expect(body.errors).toBeUndefined();
    expect(body.extensions.access.denied).toEqual([]);
  }
  const { body } = await gateway.ask(`{ enterprise(uscc: "${UNKNOWN}", ${INQUIRY}) { uscc registration { basic { industry } } } }`);
  expect([body.data, body.errors]).toEqual([{ enterprise: null }, undefined]);
});

test('masked values are told by coordinate, once, and differ from what is recorded', async () => {
  const { body } = await gateway.ask(
    `{ enterprises(usccs: ["${firm(1)}", "${firm(22)}"], ${INQUIRY}) { ... on Enterprise { uscc registration { basic { legalRepresentative industry } } } } }`,
  );
  expect(body.errors).toBeUndefined();
  expect(body.extensions.access).toMatchObject({ masked: ['EnterpriseRegistration.legalRepresentative'], denied: [] });
  const recorded = (await payloadOf(zone, firm(1), 'registration.basic'))?.[0];
  expect(body.data.enterprises[0].registration.basic.industry).toBe(recorded?.industry);
  expect(body.data.enterprises[0].registration.basic.legalRepresentative).toBe(`${String(recorded?.legalRepresentative)[0]}**`);
});

test('receipt, access and cost stand beside every answer', async () => {
  const { body } = await gateway.ask(
    `{ enterprises(usccs: ["${firm(0)}", "${firm(1)}"], ${INQUIRY}) { ... on Enterprise { registration { basic { industry } shareholders { shareholderKind } } tax { creditRatings { ratingYear: __typename } } } } }`,
  );
  expect(body.extensions.receipt).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    leafHash: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  expect(body.extensions.access).toEqual({ policyVersion: expect.any(Number), masked: expect.any(Array), denied: expect.any(Array) });
  const { requested, actual, limit, remaining } = body.extensions.cost;
  expect(requested).toBe(6);
  expect(actual).toBeGreaterThan(0);
  expect(actual).toBeLessThanOrEqual(requested);
  expect(limit).toBe(USUAL_ALLOWANCE.costPerMinute);
  expect(remaining).toBeLessThanOrEqual(limit - requested);
  const { body: catalogue } = await gateway.ask('{ catalogue { version } }');
  expect(catalogue.extensions.receipt.id).not.toBe(body.extensions.receipt.id);
  expect(catalogue.extensions.cost).toMatchObject({ requested: 0, actual: 0 });
});

test('decimals are strings with every digit', async () => {
  const { body } = await gateway.ask(`{ enterprise(uscc: "${firm(1)}", ${INQUIRY}) { registration { basic { registeredCapital employeeCount } } } }`);
  const recorded = (await payloadOf(zone, firm(1), 'registration.basic'))?.[0];
  expect(body.data.enterprise.registration.basic).toEqual({ registeredCapital: recorded?.registeredCapital, employeeCount: recorded?.employeeCount });
  expect(typeof recorded?.registeredCapital).toBe('string');
  expect(typeof recorded?.employeeCount).toBe('number');
});

describe('Aliases and fragments', () => {
  test('ask the same as the plain fields, and are decided the same', async () => {
    const plain = await gateway.ask(
      `{ enterprise(uscc: "${firm(4)}", ${INQUIRY}) { uscc name registration { basic { industry registeredCapital contactPhone legalRepresentative } } } }`,
    );
    const folded = await gateway.ask(
      `query ($yes: Boolean!, $no: Boolean!) { one: enterprise(uscc: "${firm(4)}", ${INQUIRY}) { ...All } }
       fragment All on Enterprise { code: uscc name reg: registration { ... on RegistrationRecords { base: basic { i: industry ...Money } } ...More } }
       fragment Money on EnterpriseRegistration { capital: registeredCapital establishmentDate @skip(if: $yes) businessScope @include(if: $no) }
       fragment More on RegistrationRecords { base: basic { phone: contactPhone who: legalRepresentative } }`,
      { variables: { yes: true, no: false } },
    );
    const { industry, registeredCapital, contactPhone, legalRepresentative } = plain.body.data.enterprise.registration.basic;
    expect(folded.body.data).toEqual({
      one: {
        code: firm(4),
        name: plain.body.data.enterprise.name,
        reg: { base: { i: industry, capital: registeredCapital, phone: contactPhone, who: legalRepresentative } },
      },
    });
    expect(folded.body.extensions.access).toEqual(plain.body.extensions.access);
    expect(deniedErrors(folded).map(({ extensions }) => extensions)).toEqual(deniedErrors(plain).map(({ extensions }) => extensions));
    const [one, other] = [await entryOf(zone, folded.body.extensions.receipt.id), await entryOf(zone, plain.body.extensions.receipt.id)];
    expect(one.reads?.[0]?.categories[0]?.denied).toEqual(other.reads?.[0]?.categories[0]?.denied);
    expect([...(one.reads?.[0]?.categories[0]?.clear ?? [])].sort()).toEqual([...(other.reads?.[0]?.categories[0]?.clear ?? [])].sort());
  });

  test('two aliases of one root field each ask their own enterprise and items', async () => {
    const { body } = await gateway.ask(
      `{ a: enterprise(uscc: "${firm(0)}", ${INQUIRY}) { uscc registration { basic { industry } } } b: enterprise(uscc: "${firm(1)}", ${INQUIRY}) { uscc tax { registration { taxAuthority: __typename } } } }`,
    );
    expect([body.data.a.uscc, body.data.b.uscc]).toEqual([firm(0), firm(1)]);
    expect(body.data.a.registration.basic.industry).toEqual(expect.any(String));
    const entry = await entryOf(zone, body.extensions.receipt.id);
    expect(entry.reads?.map(({ enterprises }) => enterprises)).toEqual([[firm(0)], [firm(1)]]);
  });

  test('aliases of one category ask the union of their items, and each gets its own', async () => {
    const { body } = await gateway.ask(`{ enterprise(uscc: "${firm(0)}", ${INQUIRY}) { registration { a: basic { industry } b: basic { division } } } }`);
    const recorded = (await payloadOf(zone, firm(0), 'registration.basic'))?.[0];
    expect(body.data.enterprise.registration).toEqual({ a: { industry: recorded?.industry }, b: { division: recorded?.division } });
  });
});

describe('Pages of a category', () => {
  const page = (uscc: string, args: string) =>
    gateway.ask(`{ enterprise(uscc: "${uscc}", ${INQUIRY}) { tax { valueAddedTaxReturns${args} { cursor taxPeriodEnd } } } }`);
  let uscc: string;
  let all: { cursor: string; taxPeriodEnd: string }[];
  beforeAll(async () => {
    for (const index of [0, 11, 12, 13, 14, 15]) {
      uscc = firm(index);
      all = (await page(uscc, '')).body.data.enterprise.tax.valueAddedTaxReturns ?? [];
      if (all.length >= 5) return;
    }
    throw new Error('no demo firm with five returns');
  });

  test('joined, they are the whole list: nothing lost, nothing twice, the order kept', async () => {
    const collected: { cursor: string; taxPeriodEnd: string }[] = [];
    for (let after = ''; ; ) {
      const rows = (await page(uscc, `(first: 2${after && `, after: "${after}"`})`)).body.data.enterprise.tax.valueAddedTaxReturns;
      if (rows.length === 0) break;
      expect(rows.length).toBeLessThanOrEqual(2);
      collected.push(...rows);
      after = rows.at(-1).cursor;
    }
    expect(collected).toEqual(all);
    expect(collected.map(({ taxPeriodEnd }) => taxPeriodEnd)).toEqual([...collected.map(({ taxPeriodEnd }) => taxPeriodEnd)].sort().reverse());
  });

  test.each(['(first: 0)', '(first: 101)', '(first: -1)', '(after: "not a cursor")', '(after: "")'])('%s is refused by INVALID_PAGE', async (args) => {
    const { body } = await page(uscc, args);
    expect(body.errors?.map(({ extensions }) => extensions.code)).toEqual(['INVALID_PAGE']);
    expect(body.data?.enterprise?.tax?.valueAddedTaxReturns ?? null).toBeNull();
  });

  test('a cursor from before a delivery is stale, and the new record is seen within two seconds', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'zone-contract-'));
    try {
      const file = join(folder, 'returns.jsonl');
      writeFileSync(file, `${JSON.stringify({ uscc, taxPeriodStart: '2026-10-01', taxPeriodEnd: '2026-10-31', taxableSales: '123456.78' })}\n`);
      const postgres = zone.database.open('zone_delivery');
      const report = await deliver({ postgres, catalogue: zone.catalogue, now: () => new Date() }, { category: 'tax.valueAddedTaxReturn', file });
      expect(report).toMatchObject({ accepted: 1, changed: 1 });
      await sleep(2_000);
      const { body } = await page(uscc, `(first: 2, after: "${all[0]?.cursor}")`);
      expect(body.errors?.map(({ extensions }) => extensions.code)).toEqual(['CURSOR_STALE']);
      const [newest] = (await page(uscc, '(first: 1)')).body.data.enterprise.tax.valueAddedTaxReturns;
      expect(newest.taxPeriodEnd).toBe('2026-10-31');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('Media types', () => {
  const GRAPHQL = 'application/graphql-response+json';
  test.each([
    [GRAPHQL, GRAPHQL],
    [`${GRAPHQL}, application/json;q=0.9`, GRAPHQL],
    ['application/json', 'application/json'],
    ['*/*', 'application/json'],
  ])('who accepts %s gets %s', async (accept, expected) => {
    const { status, headers } = await gateway.ask('{ catalogue { version } }', { headers: { accept } });
    expect(status).toBe(200);
    expect(String(headers['content-type'])).toMatch(new RegExp(`^${expected.replaceAll('+', '\\+')}(;|$)`));
  });

  test.each(['{ nothing }', `{ ${'a: __typename '.repeat(20)} }`, '{'])('a refusal comes in the type that is accepted: %s', async (query) => {
    const { status, headers } = await gateway.ask(query, { headers: { accept: GRAPHQL } });
    expect(status).toBe(400);
    expect(String(headers['content-type'])).toMatch(/^application\/graphql-response\+json/);
  });

  test('who accepts nothing that the gateway speaks gets JSON, so that what the log says was given was given', async () => {
    const { status, headers, body } = await gateway.ask('{ catalogue { version } }', { headers: { accept: 'text/csv' } });
    expect([status, headers['content-type'], body.data.catalogue.version]).toEqual([200, 'application/json; charset=utf-8', zone.catalogue.digest]);
    expect((await entryOf(zone, body.extensions.receipt.id)).outcome).toBe('ANSWERED');
  });

  test('answers are not to be stored on the way', async () => {
    const { headers } = await gateway.ask('{ catalogue { version } }');
    expect(headers['cache-control']).toBe('no-store');
  });
});

describe('Outside production and in it', () => {
  test('GraphiQL is one page of this origin, without a script, style or font from anywhere else', async () => {
    const { status, headers, text } = await gateway.send({ method: 'GET', headers: { accept: 'text/html' } });
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(text.toLowerCase()).toContain('graphiql');
    const sources = [...text.matchAll(/<(?:script|link|img|iframe)\b[^>]*?\b(?:src|href)\s*=\s*["']?([^"'\s>]+)/gi)].map(([, source]) => source);
    expect(sources.filter((source) => /^(https?:)?\/\//i.test(source ?? ''))).toEqual([]);
    expect(text).not.toMatch(/@import\s+(url\()?["']?(https?:)?\/\//i);
    expect(text).not.toMatch(/\bimport\s*\(\s*["'](https?:)?\/\//);
    const page = /<html[\s\S]*?<script/i.exec(text)?.[0] ?? '';
    expect(page).not.toMatch(/https?:\/\//);
  });

  test('in production there is neither introspection nor GraphiQL, and a validation error suggests no names', async () => {
    const file = join(zone.config.zoneHome, 'keys.json');
    writeFileSync(file, JSON.stringify(gateway.issuer?.keys));
    const config = readConfig({
      ZONE_ENV: 'production',
      PORT: '0',
      LOG_LEVEL: 'silent',
      DATABASE_URL: zone.database.ownerUrl,
      DATABASE_GATEWAY_URL: `${zone.database.ownerUrl}?application_name=gateway`,
      DATABASE_GOVERNANCE_URL: `${zone.database.ownerUrl}?application_name=governance`,
      DATABASE_ISSUER_URL: `${zone.database.ownerUrl}?application_name=issuer`,
      DATABASE_SEQUENCER_URL: `${zone.database.ownerUrl}?application_name=sequencer`,
      TOKEN_JWKS_FILE: file,
      PUBLIC_URL: 'http://localhost',
    });
    const [key, tokens] = [await newClientKey(), await openIssuer({ ...zone.config, tokenAudience: config.tokenAudience })];
    const production = await openGateway(config, zone.database, zone.catalogue);
    try {
      const post = async (query: string) => {
        // Production takes tokens of its own audience only, bound to a key of the caller.
        const token = await tokens.tokenFor('bank-01', 'bank-01-core', { actor: 'institution', cnf: { jkt: key.thumbprint } });
        const headers = { authorization: `DPoP ${token}`, dpop: await proof(key, 'POST', 'http://localhost/graphql', token) };
        const response = await production.server.inject({ method: 'POST', url: '/graphql', headers, payload: { query } });
        return { status: response.statusCode, text: response.body, body: response.json() };
      };
      expect((await post('{ catalogue { version } }')).status).toBe(200);
      for (const query of [getIntrospectionQuery(), '{ __type(name: "Enterprise") { name } }', '{ __schema { queryType { name } } }']) {
        const { status, body } = await post(query);
        expect([status, body.data, body.errors[0].extensions.code]).toEqual([400, undefined, 'GRAPHQL_VALIDATION_FAILED']);
      }
      expect((await post('{ catalog { version } }')).text).not.toContain('"catalogue"');
      const graphiql = await production.server.inject({ method: 'GET', url: '/graphql', headers: { accept: 'text/html' } });
      expect(graphiql.statusCode).toBe(405);
      expect(production.issuer).toBeNull();
    } finally {
      await production.close();
    }
  });
});
