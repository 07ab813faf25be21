/**
 * Whether the database can be spread over the nodes of a Citus cluster: its tables as they are after the migrations, and every
 * statement that the process sends while enterprises are delivered, read, searched for, consented for and watched. Citus itself
 * is not here: this holds the project to Citus's rules, and does not show that Citus carries the statements out.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { openCanaries } from '../../src/alerts/canaries.js';
import { deliver } from '../../src/delivery/deliver.js';
import { settle, settled } from '../../src/delivery/settle.js';
import { PLACINGS, SPREAD, spreadingStatements } from '../../src/distribution.js';
import { seedZone } from '../../src/synthetic/seed.js';
import type { Uscc } from '../../src/terms.js';
import { breaches, touches } from '../harness/citusRules.js';
import { readHouse } from '../harness/house.js';
import { NOW, openWatchedGateway } from '../harness/watched.js';
import { firm, openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
/** Every text that any connection of this process was sent. */
const sent = new Set<string>();
const { query } = pg.Client.prototype;

beforeAll(async () => {
  pg.Client.prototype.query = function (this: pg.Client, ...given: unknown[]) {
    const [first] = given as [string | { text?: string } | undefined];
    const text = typeof first === 'string' ? first : first?.text;
    if (text) sent.add(text);
    return (query as (...all: unknown[]) => unknown).apply(this, given);
  } as typeof query;
  zone = await openTestZone({ enterprises: 110 });
}, 90_000);
afterAll(async () => {
  pg.Client.prototype.query = query;
  await zone?.close();
});

const TABLES = `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition order by 1`;

describe('after the migrations', () => {
  test('every table has a place, and every place a table', async () => {
    const rows = await zone.owner.query<{ name: string }>({ text: TABLES });
    expect(Object.keys(PLACINGS).sort()).toEqual(rows.map(({ name }) => name).sort());
  });

  test('every key of a table about enterprises begins with the enterprise', async () => {
    const rows = await zone.owner.query<{ name: string; key: string; first: string }>({
      text: `select i.indrelid::regclass::text as name, i.indexrelid::regclass::text as key, pg_get_indexdef(i.indexrelid, 1, true) as first
             from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attname = 'uscc' and not a.attisdropped
             join pg_class c on c.oid = i.indrelid and c.relnamespace = 'public'::regnamespace where i.indisunique`,
    });
    const about = new Set(rows.map(({ name }) => name));
    // Nothing of its rows is unique but all of it, and whoever writes them takes the old ones away first.
    expect(SPREAD.filter((table) => !about.has(table))).toEqual(['enterprise_gram']);
    expect(about.size).toBeGreaterThan(8);
    expect(rows.filter(({ first }) => first !== 'uscc')).toEqual([]);
  });

  test('nothing ties a spread table to another: no foreign key, no trigger, no rule, no identity, no sequence, no inheritance', async () => {
    const ties = await zone.owner.query({
      text: `select conname from pg_constraint where contype = 'f' and (conrelid = any($1::regclass[]) or confrelid = any($1::regclass[]))
        union all select tgname from pg_trigger where tgrelid = any($1::regclass[]) and not tgisinternal
        union all select rulename from pg_rewrite where ev_class = any($1::regclass[])
        union all select attname from pg_attribute where attrelid = any($1::regclass[]) and attidentity <> ''
        union all select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = any($1::regclass[])
        union all select inhrelid::regclass::text from pg_inherits where inhrelid = any($1::regclass[]) or inhparent = any($1::regclass[])`,
      values: [SPREAD],
    });
    expect(ties).toEqual([]);
  });

  test('nothing in the database itself reads a spread table: no function, no view', async () => {
    const rows = await zone.owner.query<{ name: string; text: string }>({
      text: `select proname as name, prosrc as text from pg_proc where pronamespace = 'public'::regnamespace
        union all select viewname, definition from pg_views where schemaname = 'public'`,
    });
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.filter(({ text }) => touches(text, SPREAD)).map(({ name }) => name)).toEqual([]);
  });

  test('tables are spread by enterprise, side by side, and once', () => {
    expect(spreadingStatements(new Set())).toEqual([
      "select create_distributed_table('record', 'uscc', colocate_with => 'none')",
      "select create_distributed_table('enterprise', 'uscc', colocate_with => 'record')",
      "select create_distributed_table('enterprise_gram', 'uscc', colocate_with => 'record')",
    ]);
    expect(spreadingStatements(new Set(['record']))).toHaveLength(2);
    expect(spreadingStatements(new Set(SPREAD))).toEqual([]);
    // Each statement is one that this database could be asked: the columns are there.
    for (const text of spreadingStatements(new Set())) expect(text).toMatch(/^select create_distributed_table\('\w+', 'uscc'/);
  });
});

describe('a delivery to several nodes', () => {
  test('raises the generation again once all of it is seen, and is refused while it is not', async () => {
    const generation = async () =>
      (await zone.owner.query<{ generation: number }>({ text: 'select generation from category where id = 7' }))[0]?.generation as number;
    const before = await generation();
    await zone.owner.query({ text: "insert into record values ($1, 7, '{}', now(), now(), 999, 1)", values: [firm(30)] });
    await zone.owner.withClient((client) => settle(client, { categoryId: 7, delivery: 999, changed: 1 }));
    expect(await generation()).toBe(before + 1);
    await zone.owner.withClient(async (client) => {
      await expect(settle(client, { categoryId: 7, delivery: 999, changed: 2 }, 120)).rejects.toMatchObject({ code: 'ZONE_UNAVAILABLE' });
      // Seen while it is waited for.
      const late = settle(client, { categoryId: 7, delivery: 999, changed: 2 });
      await zone.owner.query({ text: "insert into record values ($1, 7, '{}', now(), now(), 999, 1)", values: [firm(31)] });
      await late;
    });
    expect(await generation()).toBe(before + 2);
  });

  test('is what it was where there is one node', async () => {
    const before = new Set(sent);
    expect(
      await settled(
        zone.owner,
        'tax.arrears',
        async () => 'delivered',
        () => ({ categoryId: 7, delivery: 1, changed: 1 }),
      ),
    ).toBe('delivered');
    expect([...sent].filter((text) => !before.has(text) && /advisory|generation/.test(text))).toEqual([]);
  });
});

/** Statements on spread tables that do not name their enterprises, or do more than read: what each is, and why it may be. */
const KNOWN: readonly (readonly [statement: RegExp, why: string])[] = [
  [/from enterprise_gram held join enterprise e .* order by held.uscc limit/, 'the directory: every node searches its part, and the first of each are merged'],
  [/^(insert into|delete from) enterprise_gram /, 'a delivery of registrations names enterprises'],
  [
    /^insert into record \(uscc, category, payload.*from (ready|staged) s join altered/,
    'a delivery writes: rows go to their nodes, and settle.ts waits for all',
  ],
  [/^create temporary table altered .* left join record r/, 'a delivery compares what it brings with what is there'],
  [/^insert into enterprise .* left join enterprise e using \(uscc\)/, 'a delivery of registrations names enterprises'],
  [/^copy (record|enterprise|enterprise_gram) \(/, 'filling a zone'],
  [/^create temporary table renamed .* left join enterprise e using \(uscc\)/, 'a delivery of registrations compares names'],
  [/^select exists \(select from record\) or exists/, 'filling a zone: whether it is empty'],
  [/^insert into record values/, 'this test, above'],
  [/^truncate record, enterprise/, 'filling a zone anew'],
  [/^analyze record, enterprise/, 'filling a zone'],
  [/^insert into canary_enterprise \(uscc, reason\) select uscc, \$2 from enterprise where uscc = \$1/, 'a canary is planted where the enterprise is known'],
  [/^select count\(\*\) as shown from record where category/, 'waits until every node shows a delivery'],
];
const normal = (text: string) => text.replace(/\s+/g, ' ').trim();

describe('every statement on a spread table', () => {
  beforeAll(async () => {
    const inquiry = 'inquiry: { purpose: PRE_LOAN_REVIEW, caseNumber: "D-1" }';
    const usccs = JSON.stringify(Array.from({ length: 12 }, (_, place) => firm(place)));
    const selection = `... on Enterprise { uscc name registration { basic { registeredCapital } shareholders { provenance { dataTime } } }
      tax { valueAddedTaxReturns { taxableSales } } intellectualProperty { patents { applicationNumber } } }`;
    for (const planning of [true, false]) {
      const gateway = await openWatchedGateway(zone, { planning });
      try {
        for (const text of [
          `{ enterprises(usccs: ${usccs}, ${inquiry}) { ${selection} } }`,
          `{ enterprise(uscc: "${firm(3)}", ${inquiry}) { uscc } }`,
          `{ enterprise(uscc: "${firm(4)}", ${inquiry}) { registration { basic { industry } } } }`,
          '{ searchEnterprises(name: "北京", first: 5) { nodes { uscc name } } }',
          '{ searchEnterprises(name: "科技", division: "110108", industry: "I", first: 5) { nodes { uscc } } }',
        ])
          expect((await gateway.ask(text)).status).toBe(200);
        const recorded = await gateway.ask(
          `mutation { registerConsent(idempotencyKey: "distribution-${planning}", input: { uscc: "${firm(20)}", purposes: [PRE_LOAN_REVIEW], scope: ["tax"],
            personal: MASKED, validUntil: "2027-05-01T00:00:00Z", evidenceHash: "${(planning ? 'a' : 'b').repeat(64)}", evidenceReference: "A-1" }) { consent { id } } }`,
        );
        expect(recorded.body.errors?.map(({ extensions }) => extensions.code) ?? []).toEqual([]);
      } finally {
        await gateway.close();
      }
    }
    expect(await openCanaries({ postgres: zone.owner }).add({ uscc: firm(40) as Uscc, reason: 'distribution' })).toBe(true);
    const postgres = zone.database.open('zone_delivery', { poolSize: 3 });
    const lines = (category: string, rows: readonly object[]) => {
      const file = join(zone.config.zoneHome, `${category}.jsonl`);
      writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
      return { category, file };
    };
    const tools = { postgres, catalogue: zone.catalogue, now: () => NOW };
    await deliver(tools, lines('registration.basic', [{ uscc: firm(5), enterpriseName: '北京分布科技有限公司', registeredCapital: '1' }]));
    for (const mode of ['MERGE', 'REPLACE'] as const)
      await deliver(tools, {
        ...lines('registration.shareholder', [{ uscc: firm(5), investorIdentifier: mode, shareholderName: '王小明', subscribedAmount: '1' }]),
        mode,
      });
    await postgres.close();
    await seedZone({ postgres: zone.owner, catalogue: zone.catalogue }, { enterprises: 5, seed: 2, seedsFolder: zone.config.seedsFolder, replace: true });
  }, 60_000);

  const spread = () => [...sent].map(normal).filter((text) => touches(text, SPREAD));

  test('names its enterprises and needs no two nodes at once, or is known and told why', () => {
    const unknown = spread().filter((text) => breaches(text, SPREAD).length > 0 && !KNOWN.some(([statement]) => statement.test(text)));
    expect(unknown.map((text) => [breaches(text, SPREAD), text])).toEqual([]);
    expect(KNOWN.filter(([statement]) => !spread().some((text) => statement.test(text))).map(([, why]) => why)).toEqual([]);
    const keyed = spread().filter((text) => breaches(text, SPREAD).length === 0);
    expect(keyed.length).toBeGreaterThanOrEqual(4);
    expect(keyed.filter((text) => text.includes('with_names') || text.includes("json_build_object('name', name)")).length).toBeGreaterThan(0);
  });

  test('stands in a file that this test runs', () => {
    const files = Object.entries(readHouse()).filter(([, text]) =>
      new RegExp(`\\b(?:from|join|into|copy|truncate)\\s+(?:${SPREAD.join('|')})\\b(?! (?:of|to|as it|is|it)\\b)`).test(withoutComments(text)),
    );
    expect(files.map(([path]) => path)).toEqual([
      'alerts/canaries.ts',
      'delivery/manyRows.ts',
      'delivery/settle.ts',
      'delivery/store.ts',
      'governance/consents.ts',
      'records/directory.ts',
      'records/statement.ts',
      'synthetic/begin.ts',
    ]);
  });
});

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
}

test.each([
  ['select payload from record where category = $1', 'reads enterprises that it does not name'],
  ['select uscc from enterprise where uscc = any($1) or name = $2', 'reads enterprises that it does not name'],
  ['select * from record where uscc = $1 for update', 'locks rows'],
  ['select row_number() over (order by category) from record where uscc = any($1)', 'looks through a window'],
  ['select * from unnest($1::text[]) u cross join lateral (select * from record where uscc = $2) r', 'joins row by row'],
  ['select * from record where uscc = $1 union all select name from enterprise', 'reads enterprises that it does not name'],
  ['update record set payload = $2 where uscc = $1', 'writes'],
  ['select payload from record where category = $1 and (uscc = $2 or category = $3)', 'reads enterprises that it does not name'],
  ['select payload from (select * from record where uscc = $1) kept', 'reads enterprises that it does not name'],
  ['select * from consent c join record r on r.uscc = c.uscc where r.uscc = $1', 'joins'],
])('would be told: %s', (text, what) => {
  expect(breaches(text, SPREAD)).toContain(what);
});
