/**
 * Usage equals a recount: entries of chance and of real gateways, read back from the log and counted here one by one, in the
 * plainest way, against what was kept while they were integrated, by several sequencers in turn, between appends.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { REASONS } from '../../src/access/outcome.js';
import type { AuditEntry, CategoryOutcome, ReadEntry } from '../../src/audit/entry.js';
import { openAuditLog } from '../../src/audit/log.js';
import { openUsageCells, USAGE_DIMENSIONS, type UsageDimension } from '../../src/audit/usageCells.js';
import { newRequestId } from '../../src/http/requestId.js';
import { openEvidence } from '../../src/zone/evidence.js';
import { openTestRedis } from '../harness/redis.js';
import { openWatchedGateway } from '../harness/watched.js';
import { firm, openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
beforeAll(async () => {
  zone = await openTestZone();
}, 60_000);
afterAll(() => zone?.close());

/** Numbers that look like chance and are the same every time. */
function openChance(seed: number) {
  let state = seed;
  const below = (most: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * most);
  };
  return { below, one: <T>(list: readonly T[]): T => list[below(list.length)] as T, some: <T>(list: readonly T[]): T[] => list.filter(() => below(2) === 0) };
}
type Chance = ReturnType<typeof openChance>;

const INSTITUTIONS = ['bank-01', 'bank-02', 'bank-03', 'guarantee-01'];
const PURPOSES = ['PRE_LOAN_REVIEW', 'POST_LOAN_MONITORING'];
const BEGIN = Date.parse('2026-10-30T12:00:00Z');

/** What a gateway might have written: groups of enterprises that came out alike, in any of the forms that entries have. */
function randomRead(chance: Chance): ReadEntry {
  const enterprises = chance.some(Array.from({ length: 12 }, (_, index) => firm(index)));
  if (enterprises.length === 0) enterprises.push(firm(chance.below(12)));
  const picked = new Set(Array.from({ length: 1 + chance.below(3) }, () => chance.one(zone.catalogue.categories.slice(0, 15))));
  const categories = [...picked].flatMap(({ code, items }): CategoryOutcome[] => {
    const names = items.slice(0, chance.below(4)).map(({ name }) => name);
    const outcome = (): Partial<CategoryOutcome> => {
      if (names.length === 0) return chance.below(2) ? {} : { denied: { [chance.one(REASONS)]: [] } };
      const lots = names.map((name) => ({ name, lot: chance.below(3) }));
      const [clear, masked, denied] = [0, 1, 2].map((lot) => lots.filter((one) => one.lot === lot).map(({ name }) => name));
      const listed = (list: readonly string[] | undefined, as: (list: readonly string[]) => Partial<CategoryOutcome>) => (list?.length ? as(list) : {});
      return {
        ...listed(clear, (list) => ({ clear: list })),
        ...listed(masked, (list) => ({ masked: list })),
        ...listed(denied, (list) => ({ denied: { [chance.one(REASONS)]: list } })),
      };
    };
    if (enterprises.length === 1 || chance.below(2) === 0) return [{ category: code, ...outcome() }];
    const positions = enterprises.map((_uscc, position) => position);
    const cut = 1 + chance.below(enterprises.length - 1);
    return [
      { category: code, enterprises: positions.slice(0, cut), ...outcome() },
      { category: code, enterprises: positions.slice(cut), ...outcome() },
    ];
  });
  return {
    field: 'enterprises',
    enterprises,
    categories,
    ...(chance.below(3) === 0 ? { unknown: [chance.below(enterprises.length)] } : {}),
    ...(chance.below(2) === 0
      ? {
          consents: [
            { id: `C-00${chance.below(3)}`, enterprise: chance.below(enterprises.length) },
            { id: 'C-009', enterprise: 0 },
          ],
        }
      : {}),
  };
}

function randomEntry(chance: Chance, supersedes: string | null): AuditEntry {
  const refused = chance.below(6) === 0;
  const reads = Array.from({ length: 1 + chance.below(2) }, () => randomRead(chance));
  const about = chance.below(8) > 0;
  return {
    v: 1,
    id: newRequestId(),
    time: new Date(BEGIN + chance.below(4 * 86_400_000)).toISOString(),
    institution: chance.below(15) === 0 ? null : chance.one(INSTITUTIONS),
    client: 'chance',
    ...(about ? { purpose: chance.one(PURPOSES), caseNumber: '1', policyVersion: 1 + chance.below(3) } : {}),
    ...(about ? { reads: refused ? reads.map(({ field, enterprises }) => ({ field, enterprises, categories: [] })) : reads } : {}),
    ...(chance.below(3) > 0 ? { sources: { memory: 1 + chance.below(9), ...(chance.below(2) ? { postgres: 1 + chance.below(9) } : {}) } } : {}),
    durationMs: 1,
    ...(supersedes ? { supersedes } : {}),
    ...(refused ? { outcome: 'REFUSED', code: 'BUDGET_SPENT' } : { outcome: 'ANSWERED' }),
  } as AuditEntry;
}

type Counted = Record<string, number>;
interface Line {
  readonly uscc: string;
  readonly outcome: string;
  readonly key: Record<UsageDimension, string>;
}
/** One line for everything that came out of every enterprise, in every answer that somebody got. */
function recount(entries: readonly AuditEntry[]): { lines: Line[]; requests: Counted; consents: Counted } {
  const thrown = new Set(entries.map(({ supersedes }) => supersedes));
  const lines: Line[] = [];
  const requests: Counted = {};
  const consents: Counted = {};
  const add = (counted: Counted, name: string, count = 1) => {
    if (count !== 0) counted[name] = (counted[name] ?? 0) + count;
  };
  for (const { id, institution, purpose = '', reads, time, outcome, policyVersion = 0, sources = {} } of entries) {
    if (institution === null || purpose === '' || !reads || thrown.has(id)) continue;
    const day = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Shanghai' }).format(new Date(time));
    const at = `${day} ${institution} ${purpose}`;
    add(requests, `${at} ${policyVersion} ${outcome === 'ANSWERED' ? 'requests' : 'refused'}`);
    for (const [place, count] of Object.entries(sources)) add(requests, `${at} ${policyVersion} ${place}`, count);
    if (outcome !== 'ANSWERED') continue;
    const used = new Set<string>();
    for (const { enterprises, categories, unknown = [], consents: consented = [] } of reads) {
      for (const { id: consent, enterprise } of consented) used.add(`${enterprises[enterprise]} ${consent} ${at}`);
      for (const [position, uscc] of enterprises.entries()) {
        for (const { category, enterprises: of, clear = [], masked = [], denied = {} } of categories) {
          if (unknown.includes(position) || (of && !of.includes(position))) continue;
          const told: [string, string][] = [
            ...clear.map((item): [string, string] => [item, 'CLEAR']),
            ...masked.map((item): [string, string] => [item, 'MASKED']),
            ...Object.entries(denied).flatMap(([reason, items]) => items.map((item): [string, string] => [item, reason])),
          ];
          if (told.length === 0) told.push(['', Object.keys(denied)[0] ?? 'CLEAR']);
          for (const [item, result] of told) {
            const provider = zone.catalogue.category(category)?.provider ?? '';
            const key = { DAY: day, INSTITUTION: institution, PURPOSE: purpose, PROVIDER: provider, CATEGORY: category, ITEM: item && `${category}.${item}` };
            lines.push({ uscc, outcome: result, key });
          }
        }
      }
    }
    for (const name of used) add(consents, name);
  }
  return { lines, requests, consents };
}

const tally = (names: readonly string[]): Counted => names.reduce<Counted>((counted, name) => Object.assign(counted, { [name]: (counted[name] ?? 0) + 1 }), {});
const entriesOf = async () =>
  (await zone.owner.query<{ entry: string }>({ text: 'select entry from audit_entry' })).map(({ entry }) => JSON.parse(entry) as AuditEntry);
async function kept(text: string): Promise<Counted> {
  const rows = await zone.owner.query<{ name: string; n: number }>({ text });
  return Object.fromEntries(rows.map(({ name, n }) => [name, n]));
}

async function expectEqualToRecount(): Promise<number> {
  const { lines, requests, consents } = recount(await entriesOf());
  const nameOf = ({ key, outcome }: Line) => `${key.DAY} ${key.INSTITUTION} ${key.PURPOSE} ${key.CATEGORY} ${key.ITEM.split('.').at(-1)} ${outcome}`;
  const where = `from %s join usage_shape using (shape) where times > 0 group by 1`;
  const name = "concat_ws(' ', day, institution, purpose, category, item, outcome)";
  expect(await kept(`select ${name} as name, sum(times)::bigint as n ${where.replace('%s', 'usage_count')}`)).toEqual(tally(lines.map(nameOf)));
  expect(await kept(`select concat_ws(' ', uscc, ${name}) as name, sum(times)::bigint as n ${where.replace('%s', 'usage_enterprise')}`)).toEqual(
    tally(lines.map((line) => `${line.uscc} ${nameOf(line)}`)),
  );
  const columns = ['requests', 'refused', 'memory', 'redis', 'postgres'];
  expect(
    await kept(
      columns
        .map(
          (column) =>
            `select concat_ws(' ', day, institution, purpose, policy_version, '${column}') as name, ${column} as n from usage_request where ${column} <> 0`,
        )
        .join(' union all '),
    ),
  ).toEqual(requests);
  expect(await kept("select concat_ws(' ', uscc, consent, day, institution, purpose) as name, times as n from usage_consent where times <> 0")).toEqual(
    consents,
  );
  return lines.length;
}

describe('Usage', () => {
  test('equals a recount after entries of chance, with answers thrown away sooner or later, sequencers in turn', async () => {
    const chance = openChance(20261122);
    const log = openAuditLog({ postgres: zone.database.open('zone_gateway'), limitMs: 10_000 });
    const other = openAuditLog({ postgres: zone.database.open('zone_gateway'), limitMs: 10_000 });
    let sequencer = openEvidence(zone.config, zone.database);
    const waiting: string[] = [];
    for (let round = 0; round < 12; round++) {
      const appended = await Promise.all(
        Array.from({ length: 40 }, async () => {
          const first = randomEntry(chance, waiting.length > 0 && chance.below(4) === 0 ? (waiting.shift() as string) : null);
          const { receipt } = await (chance.below(2) ? log : other).append(first);
          // Some are thrown away at once, some when they have long been in the tree, and some successors likewise.
          if (chance.below(5) > 0) return [];
          if (chance.below(2)) return [receipt.id];
          await log.append(randomEntry(chance, receipt.id));
          return [];
        }),
      );
      waiting.push(...appended.flat());
      if (round % 3 === 1) sequencer = openEvidence(zone.config, zone.database);
      await Promise.all([sequencer.step(), openEvidence(zone.config, zone.database).step()]);
    }
    await sequencer.step();
    expect(await expectEqualToRecount()).toBeGreaterThan(5_000);
    const [thrown] = await zone.owner.query<{ n: number }>({ text: `select count(*) as n from audit_entry where entry like '%"supersedes":%'` });
    expect(thrown?.n).toBeGreaterThan(40);
  }, 60_000);

  test('goes on where an entry is of no form that gateways write, and counts nothing of it', async () => {
    const before = await kept("select 'all' as name, sum(times)::bigint as n from usage_count");
    const read = { field: 'x', enterprises: [firm(1)], categories: [{ category: 'tax.arrears', clear: 'all' }] };
    const ids: string[] = [];
    for (const odd of [
      '[]',
      '{"v":1}',
      '"text"',
      `{"institution":"bank-01","purpose":"P","time":"never","outcome":"ANSWERED","reads":[${JSON.stringify(read)}]}`,
      `{"institution":"bank-01","purpose":"P","time":"2026-10-31T00:00:00Z","outcome":"ANSWERED","sources":null,"reads":[null,3,${JSON.stringify(read)}]}`,
      `{"institution":"bank-01","purpose":"P","time":"2026-10-31T00:00:00Z","outcome":"ANSWERED","reads":{"length":1}}`,
      `{"institution":"bank\\u0000","purpose":"P","time":"2026-10-31T00:00:00Z","outcome":"ANSWERED","reads":[]}`,
      'not JSON',
    ]) {
      await zone.owner.query({
        text: "insert into audit_entry (id, time, entry, leaf_hash) values ($1, now(), $2, sha256(convert_to($2, 'UTF8')))",
        values: [ids[ids.push(newRequestId()) - 1], odd],
      });
    }
    const sequencer = openEvidence(zone.config, zone.database);
    expect(await sequencer.step()).not.toBeNull();
    expect(await kept("select 'all' as name, sum(times)::bigint as n from usage_count")).toEqual(before);
    await zone.owner.query({ text: 'delete from audit_entry where id = any($1)', values: [ids] });
    await zone.owner.query({ text: "delete from usage_request where purpose = 'P'" });
  });

  test('equals a recount of what real gateways wrote, told where records came from', async () => {
    const redis = await openTestRedis();
    const gateways = [await openWatchedGateway(zone, { redisUrl: redis.url }), await openWatchedGateway(zone, { redisUrl: redis.url })];
    try {
      const chance = openChance(7);
      const fields = [
        'name registration { basic { registrationStatus legalRepresentative } }',
        'tax { valueAddedTaxReturns { taxPeriodEnd taxPayable } } realEstate { ownerships { provenance { provider } } }',
        'creditSupervision { redListings { provenance { provider } } }',
      ];
      for (let index = 0; index < 40; index++) {
        const usccs = chance.some(Array.from({ length: 14 }, (_, number) => firm(number)));
        const inquiry = `inquiry: { purpose: ${chance.one(PURPOSES)}, caseNumber: "u" }`;
        const query = `query ($usccs: [USCC!]!) { enterprises(usccs: $usccs, ${inquiry}) { ... on Enterprise { ${chance.one(fields)} } } }`;
        const answered = await chance.one(gateways).ask(query, {
          institution: chance.one(['bank-01', 'bank-02', 'bank-07', 'bank-11']),
          variables: { usccs: [...usccs, '91350100M000100Y43'] },
        });
        expect(answered.status).toBe(200);
        if (index % 13 === 0) await openEvidence(zone.config, zone.database).step();
      }
      await openEvidence(zone.config, zone.database).step();
      await expectEqualToRecount();
      const [taken] = await zone.owner.query<Counted>({
        text: 'select sum(memory) as memory, sum(redis)::int as redis, sum(postgres)::int as postgres from usage_request',
      });
      expect(Number(taken?.redis)).toBeGreaterThan(0);
      expect(Number(taken?.postgres)).toBeGreaterThan(0);
    } finally {
      for (const gateway of gateways) await gateway.close();
      await redis.close();
    }
  }, 60_000);

  test('is told by any dimensions as a recount would tell it, different enterprises too', async () => {
    const cells = openUsageCells({ postgres: zone.database.open('zone_governance'), catalogue: zone.catalogue });
    const { lines } = recount(await entriesOf());
    const span = { from: '2026-10-30', until: '2026-11-30' };
    const item = lines.find(({ key }) => key.ITEM !== '')?.key as Line['key'];
    const filters = [
      {},
      { INSTITUTION: 'bank-01' },
      { PROVIDER: item.PROVIDER, PURPOSE: item.PURPOSE },
      { CATEGORY: item.CATEGORY },
      { ITEM: item.ITEM, INSTITUTION: 'bank-02' },
    ];
    let compared = 0;
    for (let choice = 0; choice < 64; choice++) {
      const by = USAGE_DIMENSIONS.filter((_dimension, place) => choice & (2 ** place));
      const filter = filters[choice % filters.length] as (typeof filters)[number];
      const wanted = new Map<string, Line[]>();
      for (const line of lines) {
        if (Object.entries(filter).some(([dimension, value]) => line.key[dimension as UsageDimension] !== value)) continue;
        const name = by.map((dimension) => line.key[dimension]).join(' ');
        if (wanted.get(name)?.push(line) === undefined) wanted.set(name, [line]);
      }
      const different = (some: readonly Line[]) => new Set(some.map(({ uscc }) => uscc)).size;
      const figure = (some: readonly Line[]) => ({ times: some.length, enterprises: different(some) });
      const found = (await cells.of({ by, filter, ...span })).filter(({ asked }) => asked > 0);
      expect(
        Object.fromEntries(
          found.map(({ key, reads, clear, masked, denials, asked }) => [
            by.map((dimension) => key[dimension]).join(' '),
            { reads, clear, masked, denials, asked },
          ]),
        ),
      ).toEqual(
        Object.fromEntries(
          [...wanted].map(([name, some]) => {
            const of = (...outcomes: string[]) => some.filter(({ outcome }) => outcomes.includes(outcome));
            const denials = REASONS.flatMap((reason) => (of(reason).length > 0 ? [{ reason, ...figure(of(reason)) }] : []));
            return [name, { reads: figure(of('CLEAR', 'MASKED')), clear: figure(of('CLEAR')), masked: figure(of('MASKED')), denials, asked: different(some) }];
          }),
        ),
      );
      compared += found.length;
    }
    expect(compared).toBeGreaterThan(1_000);
  }, 60_000);

  test('refuses a span that is too long, and one that is none', async () => {
    const cells = openUsageCells({ postgres: zone.database.open('zone_governance'), catalogue: zone.catalogue });
    expect(() => cells.of({ by: [], filter: {}, from: '2025-01-01', until: '2026-12-31' })).toThrow(/400/);
    expect(() => cells.of({ by: [], filter: {}, from: '2026-01-02', until: '2026-01-01' })).toThrow(/400/);
  });
});
