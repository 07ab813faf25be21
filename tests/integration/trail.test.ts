/** Search over the log against a scan of it: whatever is looked for, alone or together, sealed or not, page by page. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { AuditEntry } from '../../src/audit/entry.js';
import type { TrailFilter } from '../../src/audit/filter.js';
import type { FoundEntry } from '../../src/audit/search.js';
import type { Sequencer } from '../../src/audit/sequencer.js';
import { openTrail, type Trail } from '../../src/audit/trail.js';
import type { Postgres } from '../../src/postgres.js';
import { openEvidence } from '../../src/zone/evidence.js';
import { anyEntry, appendEntries, chance, WORLD } from '../harness/manyEntries.js';
import { openTestZone, type TestZone } from '../harness/zone.js';

const START = Date.parse('2026-09-20T00:00:00Z');
const STEP_MS = 60_000 * 45;

let zone: TestZone;
let gateway: Postgres;
let trail: Trail;
let sequencer: Sequencer;
let random: () => number;
let added = 0;

beforeAll(async () => {
  zone = await openTestZone({ enterprises: 0 });
  gateway = zone.database.open('zone_gateway', { poolSize: 2, limitMs: 10_000 });
  trail = openTrail({ postgres: gateway, catalogue: zone.catalogue });
  sequencer = openEvidence(zone.config, zone.database);
  random = chance(4);
  // Three months, and batches that end within blocks; some places are given and never filled.
  for (const count of [1, 300, 90, 256, 700, 3]) {
    await add(count);
    await zone.owner.query({ text: `select nextval('audit_place') from generate_series(1, 3)` });
    await sequencer.step();
  }
  await add(150);
}, 120_000);
afterAll(() => zone?.close());

/** Times run backwards a little now and then, as clocks of gateways do. */
async function add(count: number): Promise<AuditEntry[]> {
  const entries = Array.from({ length: count }, () => {
    const time = new Date(START + added++ * STEP_MS - (random() < 0.1 ? 4 * STEP_MS : 0));
    const hex = time.getTime().toString(16).padStart(12, '0');
    const id = `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-${added.toString(16).padStart(12, '0')}`;
    return anyEntry(random, { id, time, catalogue: zone.catalogue });
  });
  await appendEntries(zone.owner, entries);
  return entries;
}

async function everything(): Promise<AuditEntry[]> {
  const rows = await zone.owner.query<{ entry: string }>({ text: 'select entry from audit_entry order by sequence desc' });
  return rows.map(({ entry }) => JSON.parse(entry) as AuditEntry);
}

async function pagesOf(filter: TrailFilter, first: number, between: () => Promise<unknown> = async () => undefined): Promise<FoundEntry[]> {
  const found: FoundEntry[] = [];
  for (let after: number | null = null; ; ) {
    const page = await trail.search(filter, { first, after });
    expect(page.nodes.length).toBeLessThanOrEqual(first);
    found.push(...page.nodes);
    if (page.next === null) return found;
    if (after !== null) expect(page.next).toBeLessThan(after);
    after = page.next;
    await between();
  }
}

/* ---- what should be found, said another way: an entry is a set of facts, and one of them has all that was asked ---- */

type Fact = Partial<Record<'enterprise' | 'provider' | 'category' | 'item' | 'reason' | 'consent', string>>;

function factsOf(entry: AuditEntry): Fact[] {
  const facts: Fact[] = [];
  const providerOf = (code: string) => zone.catalogue.categories.find((category) => category.code === code)?.provider as string;
  for (const read of entry.reads ?? []) {
    read.enterprises.forEach((enterprise, place) => {
      facts.push({ enterprise });
      for (const use of read.consents ?? []) if (use.enterprise === place) facts.push({ enterprise, consent: use.id });
      for (const group of read.categories) {
        if (group.enterprises && !group.enterprises.includes(place)) continue;
        const base = { enterprise, category: group.category, provider: providerOf(group.category) };
        const under = (read.consents ?? []).filter((use) => use.enterprise === place && (!use.categories || use.categories.includes(group.category)));
        for (const consent of [undefined, ...under.map(({ id }) => id)]) {
          const known: Fact = consent === undefined ? base : { ...base, consent };
          facts.push(known);
          for (const name of [...(group.clear ?? []), ...(group.masked ?? [])]) facts.push({ ...known, item: `${group.category}.${name}` });
          for (const [reason, names] of Object.entries(group.denied ?? {})) {
            facts.push({ ...known, reason });
            for (const name of names) facts.push({ ...known, reason, item: `${group.category}.${name}` });
          }
        }
      }
    });
    // Of a read that names nobody the categories still were asked.
    if (read.enterprises.length === 0) {
      for (const group of read.categories) {
        const base = { category: group.category, provider: providerOf(group.category) };
        facts.push(base, ...[...(group.clear ?? []), ...(group.masked ?? [])].map((name) => ({ ...base, item: `${group.category}.${name}` })));
        for (const [reason, names] of Object.entries(group.denied ?? {}))
          facts.push({ ...base, reason }, ...names.map((name) => ({ ...base, reason, item: `${group.category}.${name}` })));
      }
    }
  }
  for (const question of entry.questions ?? []) {
    if ('receipt' in question) continue;
    const enterprises = 'preview' in question ? (question.enterprises ?? []) : question.enterprise === null ? [] : [question.enterprise];
    const categories = 'preview' in question ? (question.categories ?? []) : question.category === null ? [] : [question.category];
    for (const enterprise of [undefined, ...enterprises])
      for (const category of [undefined, ...categories])
        facts.push({ ...(enterprise ? { enterprise } : {}), ...(category ? { category, provider: providerOf(category) } : {}) });
  }
  for (const { enterprise, consent } of entry.changes ?? []) facts.push({ ...(enterprise ? { enterprise } : {}), ...(consent ? { consent } : {}) });
  if (entry.enterprise) facts.push({ enterprise: entry.enterprise });
  return facts;
}

const CONTENT = ['enterprise', 'provider', 'category', 'item', 'reason', 'consent'] as const;

function fits(entry: AuditEntry, filter: TrailFilter): boolean {
  const heads: Record<string, unknown[]> = {
    institution: [entry.institution],
    client: [entry.client],
    staff: [entry.staff],
    operator: [entry.operator],
    outcome: [entry.outcome],
    caseNumber: [entry.caseNumber, ...(entry.questions ?? []).map((question) => ('caseNumber' in question ? question.caseNumber : undefined))],
    purpose: [entry.purpose, ...(entry.questions ?? []).map((question) => ('purpose' in question ? question.purpose : undefined))],
    policyVersion: [entry.policyVersion, ...(entry.changes ?? []).map(({ policyVersion }) => policyVersion)],
  };
  for (const [name, values] of Object.entries(heads)) {
    const wanted = filter[name as keyof TrailFilter];
    if (wanted !== undefined && !values.includes(wanted)) return false;
  }
  if (filter.from && new Date(entry.time) < filter.from) return false;
  if (filter.until && new Date(entry.time) >= filter.until) return false;
  const asked = CONTENT.filter((name) => filter[name] !== undefined);
  return asked.length === 0 || factsOf(entry).some((fact) => asked.every((name) => fact[name] === filter[name]));
}

function filters(): fc.Arbitrary<TrailFilter> {
  const categories = zone.catalogue.categories.slice(0, 6);
  const moment = fc.integer({ min: -10, max: 1_700 }).map((step) => new Date(START + step * STEP_MS));
  const parts = {
    institution: fc.constantFrom(...WORLD.institutions),
    client: fc.constantFrom(...WORLD.clients, 'portal', 'console'),
    staff: fc.constantFrom(...WORLD.staff),
    operator: fc.constantFrom(...WORLD.operators),
    caseNumber: fc.constantFrom(...WORLD.caseNumbers, 'unheard'),
    purpose: fc.constantFrom(...WORLD.purposes),
    enterprise: fc.constantFrom(...WORLD.enterprises),
    provider: fc.constantFrom(...new Set(categories.map(({ provider }) => provider)), 'nobody'),
    category: fc.constantFrom(...categories.map(({ code }) => code)),
    item: fc.constantFrom(...categories.flatMap(({ items }) => items.slice(0, 5).map(({ code }) => code))),
    outcome: fc.constantFrom('ANSWERED', 'REFUSED'),
    reason: fc.constantFrom(...WORLD.reasons),
    consent: fc.constantFrom(...WORLD.consents),
    policyVersion: fc.constantFrom(...WORLD.policyVersions),
    from: moment,
    until: moment,
  };
  // Few parts at once are the rule: of many nothing is left.
  return fc
    .subarray(Object.keys(parts) as (keyof typeof parts)[], { minLength: 0, maxLength: 4 })
    .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, parts[name] as fc.Arbitrary<unknown>]))))
    .map((filter) => filter as TrailFilter);
}

const idsOf = (entries: readonly AuditEntry[]) => entries.map(({ id }) => id);

describe('A search', () => {
  test('finds by each value of each part what a scan finds', async () => {
    const all = await everything();
    const categories = zone.catalogue.categories.slice(0, 5);
    const singles: TrailFilter[] = [
      ...Object.entries({
        institution: WORLD.institutions,
        client: [...WORLD.clients, 'portal'],
        staff: WORLD.staff,
        operator: WORLD.operators,
        caseNumber: WORLD.caseNumbers,
        purpose: WORLD.purposes,
        enterprise: WORLD.enterprises,
        reason: WORLD.reasons,
        consent: WORLD.consents,
        policyVersion: WORLD.policyVersions,
        outcome: ['ANSWERED', 'REFUSED'],
        provider: new Set(categories.map(({ provider }) => provider)),
        category: categories.map(({ code }) => code),
        item: categories.flatMap(({ items }) => items.slice(0, 2).map(({ code }) => code)),
      }).flatMap(([name, values]) => [...values].map((value) => ({ [name]: value }) as TrailFilter)),
      { from: new Date(START + 700 * STEP_MS), until: new Date(START + 900 * STEP_MS) },
      {},
    ];
    for (const filter of singles) {
      const wanted = idsOf(all.filter((entry) => fits(entry, filter)));
      expect(wanted.length).toBeGreaterThan(0);
      expect({ filter, ids: (await pagesOf(filter, 100)).map(({ entry }) => entry.id) }).toEqual({ filter, ids: wanted });
    }
  }, 300_000);

  test('finds by any parts together what a scan finds, in pages of any size', async () => {
    const all = await everything();
    let met = 0;
    await fc.assert(
      fc.asyncProperty(filters(), fc.integer({ min: 25, max: 100 }), async (filter, first) => {
        const wanted = idsOf(all.filter((entry) => fits(entry, filter)));
        if (wanted.length > 0) met++;
        expect((await pagesOf(filter, first)).map(({ entry }) => entry.id)).toEqual(wanted);
      }),
      { numRuns: 80, seed: 11 },
    );
    expect(met).toBeGreaterThan(25);
  }, 300_000);

  test('tells the leaf of what is sealed, by the tree', async () => {
    const found = await pagesOf({}, 100);
    const [{ size } = { size: 0 }] = await zone.owner.query<{ size: number }>({ text: 'select size from audit_checkpoint order by number desc limit 1' });
    const tiles = await zone.owner.query<{ hashes: Buffer }>({ text: 'select hashes from audit_tile where level = 0 order by tile' });
    const leaves = Buffer.concat(tiles.map(({ hashes }) => hashes));
    expect(found.filter(({ leaf }) => leaf === null)).toHaveLength(150);
    expect(found.filter(({ leaf }) => leaf !== null)).toHaveLength(size);
    for (const { leaf, leafHash } of found) if (leaf !== null) expect(leaves.subarray(32 * leaf, 32 * leaf + 32).toString('hex')).toBe(leafHash);
  });

  test('gives each entry once while others are added and sealed', async () => {
    const filter: TrailFilter = { institution: 'bank-01' as never };
    const before = idsOf((await everything()).filter((entry) => fits(entry, filter)));
    let rounds = 0;
    const found = await pagesOf(filter, 20, async () => {
      if (rounds++ % 3 === 0) await add(40);
      if (rounds % 4 === 0) await sequencer.step();
    });
    expect(rounds).toBeGreaterThan(10);
    expect(found.map(({ entry }) => entry.id)).toEqual(before);
  }, 300_000);

  test('says of an answer that was thrown away that nobody got it', async () => {
    const [thrownAway, successor] = await add(2);
    const [next] = (await add(1)).slice(-1);
    // Asked again at once by the same client.
    const taken = { ...(thrownAway as AuditEntry), id: `${next?.id.slice(0, -1)}f`, caseNumber: 'taken-back', supersedes: thrownAway?.id as string };
    await appendEntries(zone.owner, [taken]);
    for (const seal of [false, true]) {
      if (seal) await sequencer.step();
      const page = await trail.search({}, { first: 4, after: null });
      expect(page.nodes.map(({ entry, superseded, leaf }) => [entry.id, superseded, leaf !== null])).toEqual([
        [taken.id, false, seal],
        [next?.id, false, seal],
        [successor?.id, false, seal],
        [thrownAway?.id, true, seal],
      ]);
    }
  });

  test('goes on from a bound where much is looked at and little found', async () => {
    const marked = await add(1);
    await add(2_600);
    const filter: TrailFilter = { from: new Date(marked[0]?.time as string), until: new Date(Date.parse(marked[0]?.time as string) + 1) };
    const first = await trail.search(filter, { first: 5, after: null });
    expect(first.next).not.toBeNull();
    expect((await pagesOf(filter, 5)).map(({ entry }) => entry.id)).toContain(marked[0]?.id);
    while (await sequencer.step());
    expect((await pagesOf(filter, 5)).map(({ entry }) => entry.id)).toContain(marked[0]?.id);
  }, 300_000);

  test('is not misled by rows of no form, nor by one that was taken away', async () => {
    const texts = ['{}', 'null', '[]', 'no json', '{"reads":7}', '{"institution":"bank-01","reads":[{"enterprises":null}]}'];
    await zone.owner.query({
      text: `insert into audit_entry (id, time, institution, entry, leaf_hash)
        select 'ffffffff-ffff-7000-8000-00000000000' || n, now(), null, entry, sha256(entry::bytea) from unnest($1::text[]) with ordinality as t (entry, n)`,
      values: [texts],
    });
    const [kept] = await add(1);
    await sequencer.step();
    const filter = { institution: kept?.institution ?? undefined, client: kept?.client ?? undefined } as TrailFilter;
    const page = await trail.search(filter, { first: 1, after: null });
    expect(page.nodes.map(({ entry }) => entry.id)).toEqual([kept?.id]);
    await zone.owner.query({ text: `delete from audit_entry where id like 'ffffffff%3'` });
    expect((await trail.search(filter, { first: 1, after: null })).nodes.map(({ entry }) => entry.id)).toEqual([kept?.id]);
  });
});
