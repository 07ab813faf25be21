/** Finding an enterprise by its name, and asking beforehand what one would be given and why. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { gramsOf } from '../../src/catalogue/grams.js';
import { insertFullEnterprise } from '../harness/fullEnterprise.js';
import { entryOf, openWatchedGateway, type WatchedGateway } from '../harness/watched.js';
import { type Answered, firm, openTestZone, type TestZone } from '../harness/zone.js';

interface Row {
  readonly uscc: string;
  readonly name: string;
  readonly division: string | null;
  readonly industry: string | null;
}

/** Names that are hard to find, with codes that no synthetic firm has. */
const ODD: readonly Row[] = [
  { uscc: '91110108MA00000015', name: '甲Abc科技（北京）Ltd', division: '110108', industry: '65' },
  { uscc: '91110108MA00000023', name: '100%_纯净水公司', division: '110105', industry: '15' },
  { uscc: '91110108MA00000031', name: '𠮷野家餐饮', division: null, industry: null },
  { uscc: '91110108MA0000004X', name: 'Ｆｕｌｌ Ｗｉｄｔｈ贸易', division: '110108', industry: '51' },
  { uscc: '92110108MA00000057', name: '甲Abc小吃店', division: '110108', industry: '62' },
];

let zone: TestZone;
let gateway: WatchedGateway;
let rows: readonly Row[];
beforeAll(async () => {
  zone = await openTestZone();
  for (const { uscc, name, division, industry } of ODD) {
    await zone.owner.query({ text: 'insert into enterprise values ($1, $2, $3, $4, $5)', values: [uscc, name, division, industry, gramsOf(name)] });
    await zone.owner.query({ text: 'insert into enterprise_gram select unnest($2::text[]), $1', values: [uscc, gramsOf(name)] });
  }
  rows = await zone.owner.query<Row>({ text: 'select uscc, name, division, industry from enterprise order by uscc' });
  gateway = await openWatchedGateway(zone);
});
afterAll(async () => {
  await gateway?.close();
  await zone?.close();
});

const QUERY = `query ($name: String!, $division: String, $industry: String, $first: Int!, $after: String) {
  searchEnterprises(name: $name, division: $division, industry: $industry, first: $first, after: $after) {
    nodes { uscc name division industry } edges { cursor node { uscc } } pageInfo { hasNextPage endCursor } } }`;
interface Wanted {
  readonly name: string;
  readonly division?: string;
  readonly industry?: string;
  readonly first?: number;
  readonly after?: string;
}
const search = (wanted: Wanted, institution = 'bank-01') => gateway.ask(QUERY, { institution, variables: { first: 100, ...wanted } });
const found = ({ body }: Answered): Row[] => body.data.searchEnterprises.nodes;

const plain = (text: string) => text.normalize('NFKC').toUpperCase().replace(/\s+/g, '');
/** What a patient clerk would find in the table. */
function expected({ name, division, industry }: Wanted): Row[] {
  const sections = new Map(zone.catalogue.codeLists.get('industry')?.codes.map(({ code, parent }) => [code, parent]));
  return rows.filter(
    (row) =>
      !row.uscc.startsWith('92') &&
      plain(row.name).includes(plain(name)) &&
      (division === undefined || row.division === division) &&
      (industry === undefined || row.industry === industry || sections.get(row.industry ?? '') === industry),
  );
}

describe('A search by name', () => {
  test.each<Wanted>([
    { name: '京' },
    { name: '北京' },
    { name: '科技有' },
    { name: '有限公司' },
    { name: '技有' },
    { name: '公司', division: '110108' },
    { name: '公司', division: '110105' },
  ])('for $name finds every firm whose name has it, in the order of their codes', async (wanted) => {
    const result = found(await search(wanted));
    expect(result.length).toBeGreaterThan(0);
    expect(result).toEqual(expected(wanted));
  });

  test('by one, two, three characters or the whole of any name finds its firm', async () => {
    for (const { uscc, name } of rows.filter((row) => row.uscc.startsWith('91')).slice(0, 10)) {
      const characters = [...name];
      for (const length of [1, 2, 3, characters.length]) {
        const part = characters.slice(-length).join('');
        expect([part, found(await search({ name: part })).map((row) => row.uscc)]).toEqual([part, expect.arrayContaining([uscc])]);
      }
    }
  });

  test.each(['abc', 'ABC', 'aBc', 'ａｂｃ', 'b', 'LTD', '甲a', ' 甲 Abc '])('%s finds Latin letters of any case and width', async (name) => {
    const result = found(await search({ name }));
    expect(result.map(({ uscc }) => uscc)).toContain('91110108MA00000015');
    expect(result).toEqual(expected({ name }));
  });

  test.each(['（北京）', '(北京)', '北京)', '（', 'full width', 'Ｆｕｌｌ', 'FULLWIDTH贸易'])(
    '%s is found in either width of brackets and letters',
    async (name) => {
      const result = found(await search({ name }));
      expect(result.length).toBeGreaterThan(0);
      expect(result).toEqual(expected({ name }));
    },
  );

  test.each(['%', '_', '100%_', '𠮷', '𠮷野', '野家'])('%s is taken as it is', async (name) => {
    const result = found(await search({ name }));
    expect(result).toHaveLength(1);
    expect(result).toEqual(expected({ name }));
  });

  test('characters that are in the name but not side by side do not find it', async () => {
    expect(found(await search({ name: '纯水' }))).toEqual([]);
    expect(found(await search({ name: '野餐' }))).toEqual([]);
  });

  test("individuals' businesses are never found: their names are personal data", async () => {
    expect(rows.filter(({ uscc }) => uscc.startsWith('92')).length).toBeGreaterThan(1);
    for (const { uscc, name } of rows.filter((row) => row.uscc.startsWith('92'))) {
      const { body, text } = await search({ name });
      expect(text).not.toContain(uscc);
      expect(body.errors).toBeUndefined();
    }
  });
});

describe('A search within a division or an industry', () => {
  test('finds the firms of that division only', async () => {
    const division = String(rows.find((row) => row.division && row.uscc.startsWith('91'))?.division);
    const result = found(await search({ name: '京', division }));
    expect(result.length).toBeGreaterThan(0);
    expect(result).toEqual(expected({ name: '京', division }));
    expect(found(await search({ name: '京', division: '999999' }))).toEqual([]);
  });

  test('finds by section (letter) all its divisions, by division (two digits) its own', async () => {
    const list = zone.catalogue.codeLists.get('industry');
    const used = new Set(rows.flatMap(({ uscc, industry }) => (industry && uscc.startsWith('91') ? [industry] : [])));
    const sections = new Set([...used].map((industry) => list?.byCode.get(industry)?.parent ?? industry));
    expect([...sections].every((section) => /^[A-T]$/.test(section))).toBe(true);
    expect(sections.size).toBeGreaterThan(3);
    let some = 0;
    for (const industry of [...sections, ...used]) {
      const result = found(await search({ name: '公', industry }));
      expect(result).toEqual(expected({ name: '公', industry }));
      some += result.length;
    }
    expect(some).toBeGreaterThan(0);
  });

  test('both together narrow twice', async () => {
    const wanted = { name: '甲', division: '110108', industry: 'I' };
    expect(found(await search(wanted)).map(({ uscc }) => uscc)).toEqual(['91110108MA00000015']);
    expect(found(await search({ ...wanted, division: '110105' }))).toEqual([]);
  });
});

describe('Paging', () => {
  test.each([1, 3, 7, 100])('by %i comes to the end without loss or repetition', async (first) => {
    const collected: Row[] = [];
    for (let after: string | undefined; ; ) {
      const answered = await search({ name: '北京', first, ...(after ? { after } : {}) });
      const { edges, pageInfo } = answered.body.data.searchEnterprises;
      const nodes = found(answered);
      expect(nodes.length).toBeLessThanOrEqual(first);
      expect(edges.map(({ node }: { node: Row }) => node.uscc)).toEqual(nodes.map(({ uscc }) => uscc));
      collected.push(...nodes);
      expect(pageInfo.endCursor).toBe(edges.at(-1)?.cursor ?? null);
      if (!pageInfo.hasNextPage) break;
      expect(nodes).toHaveLength(first);
      after = pageInfo.endCursor;
    }
    expect(collected).toEqual(expected({ name: '北京' }));
    expect(collected.length).toBeGreaterThan(10);
  });
});

describe('Who may search', () => {
  test.each([
    ['bank-08', 'which is suspended'],
    ['bank-05', 'whose agreement has ended'],
  ])('not %s, %s', async (institution) => {
    const before = gateway.recordStatements().length;
    const { status, body } = await search({ name: '北京' }, institution);
    expect([status, body.errors?.[0]?.extensions.code, body.data]).toEqual([403, 'ACCESS_DENIED', undefined]);
    expect(gateway.recordStatements()).toHaveLength(before);
    expect(await entryOf(zone, body.extensions.receipt.id)).toMatchObject({ outcome: 'REFUSED', code: 'ACCESS_DENIED', institution });
  });

  test('an institution with an agreement may, even where nothing was granted to it', async () => {
    expect(found(await search({ name: '北京' }, 'bank-12')).length).toBeGreaterThan(0);
  });

  test('the log keeps what each search was within and how many it found, and of the name a hash only', async () => {
    const { body } = await gateway.ask(
      '{ a: searchEnterprises(name: "纯净水", division: "110105", first: 1) { nodes { uscc } } b: searchEnterprises(name: "餐饮", industry: "H", first: 100) { nodes { uscc } } }',
    );
    const entry = await entryOf(zone, body.extensions.receipt.id);
    expect(entry).toMatchObject({ outcome: 'ANSWERED', fields: ['searchEnterprises', 'searchEnterprises'] });
    expect(entry.searches).toHaveLength(2);
    expect(entry.searches).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ division: '110105', industry: null, found: 1 }),
        expect.objectContaining({ division: null, industry: 'H', found: body.data.b.nodes.length }),
      ]),
    );
    expect(JSON.stringify(entry)).not.toMatch(/纯净水|餐饮/);
  });
});

/* ---- what would I get, and why ---- */

const FULL_ACCESS = `query ($purpose: Purpose!, $uscc: USCC, $category: String) { myAccess(purpose: $purpose, uscc: $uscc, category: $category) {
  item category coordinate outcome reason rule grants consents remedy { zh en } } }`;
interface Access {
  readonly item: string;
  readonly category: string;
  readonly coordinate: string;
  readonly outcome: 'CLEAR' | 'MASKED' | 'DENIED';
  readonly reason: string | null;
  readonly rule: string | null;
  readonly remedy: { zh: string; en: string } | null;
  readonly grants: string[];
  readonly consents: string[];
}
async function accessOf(institution: string, variables: { purpose: string; uscc?: string; category?: string }): Promise<Access[]> {
  const { status, body } = await gateway.ask(FULL_ACCESS, { institution, variables });
  expect([status, body.errors]).toEqual([200, undefined]);
  return body.data.myAccess;
}
/** Every item of the zone in one query, for a purpose. */
function everythingFor(purpose: string): string {
  const selection = zone.catalogue.categories.map(({ domain, field, items }) => `...{ ${domain} { ${field} { ${items.map(({ name }) => name).join(' ')} } } }`);
  return `query ($uscc: USCC!) { enterprise(uscc: $uscc, inquiry: { purpose: ${purpose}, caseNumber: "T-1" }) { ${selection.join(' ')} } }`;
}

describe('myAccess', () => {
  test.each([
    ['bank-01', 0, 'PRE_LOAN_REVIEW'],
    ['bank-01', 1, 'PRE_LOAN_REVIEW'],
    ['bank-01', 2, 'LOAN_APPROVAL'],
    ['bank-01', 5, 'PRE_LOAN_REVIEW'],
    ['bank-01', 7, 'LOAN_APPROVAL'],
    ['bank-01', 9, 'PRE_LOAN_REVIEW'],
    ['bank-02', 0, 'PRE_LOAN_REVIEW'],
    ['bank-03', 0, 'PRE_LOAN_REVIEW'],
    ['bank-04', 0, 'RISK_DISPOSAL'],
    ['bank-07', 0, 'PRE_LOAN_REVIEW'],
    ['bank-08', 0, 'PRE_LOAN_REVIEW'],
    ['bank-15', 12, 'PRE_LOAN_REVIEW'],
    ['factoring-01', 14, 'PRE_LOAN_REVIEW'],
  ])('tells %s of firm %i for %s exactly what a query then gives', async (institution, index, purpose) => {
    const uscc = firm(index);
    const access = await accessOf(institution, { purpose, uscc });
    expect(access.map(({ item }) => item)).toEqual(zone.catalogue.items.map(({ code }) => code));
    const { status, body } = await gateway.ask(everythingFor(purpose), { institution, variables: { uscc } });
    expect([status, status === 200 ? null : body.errors]).toEqual([200, null]);
    const told = (outcome: string) => access.filter((item) => item.outcome === outcome);
    expect(body.extensions.access.masked).toEqual(told('MASKED').map(({ coordinate }) => coordinate));
    expect(body.extensions.access.denied).toEqual(told('DENIED').map(({ coordinate, reason }) => ({ coordinate, reason })));
    const errors = (body.errors ?? []).map(({ extensions }) => [extensions.item, extensions.reason, extensions.remedy]);
    expect(errors).toEqual(told('DENIED').map(({ item, reason, remedy }) => [item, reason, `${remedy?.zh} / ${remedy?.en}`]));
    const untold = access.filter(
      ({ outcome, rule, remedy, reason }) => (outcome === 'CLEAR') !== (rule === null) || (outcome === 'DENIED') !== (remedy !== null && reason !== null),
    );
    expect(untold).toEqual([]);
  });

  test('reads no record and not even the directory', async () => {
    const fresh = await openWatchedGateway(zone);
    try {
      const { body } = await fresh.ask(FULL_ACCESS, { variables: { purpose: 'PRE_LOAN_REVIEW', uscc: firm(0) } });
      expect(body.data.myAccess).toHaveLength(3158);
      expect(fresh.recordStatements()).toEqual([]);
      expect(fresh.statements.some(({ name }) => name === 'grounds')).toBe(true);
    } finally {
      await fresh.close();
    }
  });

  test('of an enterprise that the zone does not hold tells the same as of one that consented to nothing', async () => {
    const known = await insertFullEnterprise(zone, { serial: 1 });
    const [unknown, silent, none] = [
      await accessOf('bank-01', { purpose: 'PRE_LOAN_REVIEW', uscc: '91350100M000100Y43' }),
      await accessOf('bank-01', { purpose: 'PRE_LOAN_REVIEW', uscc: known.uscc }),
      await accessOf('bank-01', { purpose: 'PRE_LOAN_REVIEW' }),
    ];
    expect(unknown).toEqual(silent);
    expect(none).toEqual(silent);
  });

  test('of one category tells its items, with the grants and consents they rest on', async () => {
    const access = await accessOf('bank-01', { purpose: 'PRE_LOAN_REVIEW', category: 'tax.valueAddedTaxReturn', uscc: firm(0) });
    expect(access).toHaveLength(zone.catalogue.category('tax.valueAddedTaxReturn')?.items.length ?? 0);
    for (const { category, grants, consents } of access) {
      expect([category, grants]).toEqual(['tax.valueAddedTaxReturn', ['bank-01-G1']]);
      expect(consents.length).toBeGreaterThan(0);
    }
  });
});

describe('Every reason of a denial is met in the demonstration', () => {
  test.each([
    ['INSTITUTION_INACTIVE', 'bank-08', 0, 'PRE_LOAN_REVIEW', 'registration.basic.industry'],
    ['PURPOSE_NOT_AGREED', 'bank-04', 0, 'POST_LOAN_MONITORING', 'registration.basic.industry'],
    ['PURPOSE_NOT_AGREED', 'bank-05', 0, 'PRE_LOAN_REVIEW', 'registration.basic.industry'],
    ['NO_GRANT', 'bank-06', 0, 'PRE_LOAN_REVIEW', 'judicial.judgment.*'],
    ['NO_GRANT', 'bank-12', 0, 'PRE_LOAN_REVIEW', 'registration.basic.industry'],
    ['GRANT_EXPIRED', 'bank-07', 0, 'PRE_LOAN_REVIEW', 'intellectualProperty.patent.applicationNumber'],
    ['CONSENT_REQUIRED', 'bank-01', 4, 'PRE_LOAN_REVIEW', 'tax.valueAddedTaxReturn.taxPayable'],
    ['CONSENT_REQUIRED', 'bank-09', 0, 'PRE_LOAN_REVIEW', 'tax.valueAddedTaxReturn.taxPayable'],
    ['CONSENT_REQUIRED', 'bank-01', 7, 'LOAN_APPROVAL', 'tax.valueAddedTaxReturn.taxPayable'],
    ['CONSENT_EXPIRED', 'bank-01', 3, 'PRE_LOAN_REVIEW', 'tax.valueAddedTaxReturn.taxPayable'],
    ['CONSENT_EXPIRED', 'bank-10', 0, 'PRE_LOAN_REVIEW', 'tax.valueAddedTaxReturn.taxPayable'],
    ['CONSENT_WITHDRAWN', 'bank-01', 2, 'PRE_LOAN_REVIEW', 'tax.valueAddedTaxReturn.taxPayable'],
    ['CONSENT_WITHDRAWN', 'bank-11', 0, 'PRE_LOAN_REVIEW', 'tax.valueAddedTaxReturn.taxPayable'],
    ['ITEM_NOT_SHARED', 'bank-01', 0, 'PRE_LOAN_REVIEW', 'publicSecurity.hazardousChemicalPurchase.*'],
    ['GRADE_TOO_HIGH', 'bank-03', 0, 'PRE_LOAN_REVIEW', 'tax.valueAddedTaxReturn.taxPayable'],
    ['ITEM_NOT_IN_FORCE', 'bank-01', 0, 'PRE_LOAN_REVIEW', 'registration.shareholder.adjustedContributionDeadline'],
  ])('%s: %s of firm %i for %s, %s', async (reason, institution, index, purpose, code) => {
    const [domain, name] = code.split('.') as [string, string];
    const category = zone.catalogue.category(`${domain}.${name}`);
    const item = category?.items.find((candidate) => code.endsWith('.*') || candidate.code === code);
    if (!category || !item) throw new Error(`no ${code}`);
    const { body } = await gateway.ask(
      `{ enterprise(uscc: "${firm(index)}", inquiry: { purpose: ${purpose}, caseNumber: "T-1" }) { ${domain} { ${category.field} { ${item.name} } } } }`,
      { institution },
    );
    expect(body.extensions.access.denied).toEqual([{ coordinate: item.coordinate, reason }]);
    expect(body.errors?.map(({ extensions }) => extensions)).toEqual([
      { code: 'ITEM_DENIED', reason, item: item.code, coordinate: item.coordinate, remedy: expect.stringMatching(/\p{Script=Han}.+ \/ [A-Z]/u) },
    ]);
    expect(body.data.enterprise[domain][category.field]).toBeNull();
    const access = await accessOf(institution, { purpose, uscc: firm(index), category: category.code });
    expect(access.find((told) => told.item === item.code)?.reason).toBe(reason);
  });

  test('the table above has all ten', async () => {
    const answered = await gateway.ask('{ __type(name: "Reason") { enumValues { name } } }');
    expect(answered.body.data.__type.enumValues).toHaveLength(10);
  });
});
