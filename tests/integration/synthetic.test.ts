/** Seeding a real database: what it leaves, what it refuses, what a failure leaves. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readCatalogueFiles } from '../../src/catalogue/files.js';
import { buildCatalogue } from '../../src/catalogue/load.js';
import { type EmbeddedPostgres, openEmbeddedPostgres } from '../../src/embedded.js';
import { migrate } from '../../src/migrations.js';
import { openPostgres, type Postgres } from '../../src/postgres.js';
import { openOwnDrawer } from '../../src/synthetic/drawer.js';
import { demoFirm } from '../../src/synthetic/firm.js';
import { type SeedOptions, seedZone } from '../../src/synthetic/seed.js';
import { refuseUnfinished } from '../../src/zone/unfinished.js';

const files = readCatalogueFiles('schema');
const catalogue = buildCatalogue(
  files.categories.map(({ content }) => content),
  files.codeLists.map(({ content }) => content),
);
const now = new Date('2026-11-01T00:00:00Z');
let embedded: EmbeddedPostgres;
let postgres: Postgres;

beforeAll(async () => {
  embedded = await openEmbeddedPostgres(mkdtempSync(join(tmpdir(), 'zone-seed-')));
  await migrate(embedded.url, 'schema', catalogue);
  postgres = openPostgres({ url: embedded.url, role: 'owner', poolSize: 2, limitMs: 300_000 });
}, 120_000);
afterAll(async () => {
  await postgres?.close();
  await embedded?.close();
});

const seed = (enterprises: number, options: { seed?: number; replace?: boolean; onProgress?: (done: number, total: number) => void } = {}) =>
  seedZone({ postgres, catalogue, now }, { enterprises, seed: 7, seedsFolder: 'seeds', ...options });
/** One number for all that is stored of the first `firms` firms; generations and delivery numbers tell the run, not the content. */
const digestOf = async (firms: number) => {
  const usccs = Array.from({ length: firms }, (_, index) => demoFirm(index, 7));
  const [row] = await postgres.query<{ digest: string }>({
    text: `select md5(concat(
      (select string_agg(concat_ws(' ', uscc, category, payload, data_time, received_at), e'\n' order by uscc, category) from record where uscc = any ($1)),
      (select string_agg(enterprise::text, e'\n' order by uscc) from enterprise where uscc = any ($1)),
      (select string_agg(consent::text, e'\n' order by uscc, id) from consent where uscc = any ($1)))) as digest`,
    values: [usccs],
  });
  return row?.digest as string;
};
/** Names are found by exactly the grams that stand with the enterprise, of those that may be found by name. */
const strayGrams = async () => {
  const [row] = await postgres.query<{ rows: number }>({
    text: `with due as (select unnest(grams) as gram, uscc from enterprise where uscc not like '92%')
           select count(*) as rows from due full join enterprise_gram held using (gram, uscc) where due.uscc is null or held.uscc is null
           or (select count(*) from due) <> (select count(*) from enterprise_gram) or (select count(*) from due) = 0`,
  });
  return row?.rows;
};
/** What is stored of every firm, whoever they are. */
const CONTENT = `select
  (select md5(string_agg(concat_ws(' ', uscc, category, payload, data_time, received_at), e'\\n' order by uscc, category)) from record) as records,
  (select md5(string_agg(uscc, ' ' order by uscc)) from canary_enterprise) as canaries, (select count(*) from consent) as consents`;
const count = async (table: string) => (await postgres.query<{ rows: number }>({ text: `select count(*) as rows from ${table}` }))[0]?.rows as number;

describe('seeding', () => {
  let small: string;

  test('fills an empty zone and tells what it did', async () => {
    const steps: [number, number][] = [];
    const report = await seed(40, { onProgress: (done, total) => steps.push([done, total]) });
    expect(report).toMatchObject({ enterprises: 40, skipped: false });
    expect(steps).toEqual([[40, 40]]);
    expect(await count('record')).toBe(report.records);
    expect(await count('consent')).toBe(report.consents);
    expect([await count('enterprise'), await count('institution'), await count('delivery')]).toEqual([40, 29, 256]);
    const [epochs] = await postgres.query<{ without: number }>({
      text: 'select count(*) as without from institution where code not in (select institution from policy_epoch)',
    });
    expect(epochs?.without).toBe(0);
    const [stray] = await postgres.query<{ rows: number }>({
      text: `select count(*) as rows from record left join delivery on delivery.id = record.delivery left join category on category.id = record.category
             where delivery.category is distinct from category.code or record.version <> category.generation or received_at < record.data_time`,
    });
    expect(stray?.rows).toBe(0);
    expect(await strayGrams()).toBe(0);
    small = await digestOf(40);
  });

  test('again with the same seed and number does nothing and says so', async () => {
    const [before] = await postgres.query<{ delivery: number }>({ text: 'select max(id) as delivery from delivery' });
    const report = await seed(40);
    expect(report.skipped).toBe(true);
    expect(report.records).toBe(await count('record'));
    expect(await postgres.query({ text: 'select max(id) as delivery from delivery' })).toEqual([before]);
  });

  test('with another seed or number into a filled zone is refused with what to do', async () => {
    await expect(seed(41)).rejects.toThrow(/seed=7 enterprises=40.*replace/);
    await expect(seed(40, { seed: 8 })).rejects.toThrow(/seed=7 enterprises=40/);
    expect(await digestOf(40)).toBe(small);
  });

  test('that fails in the middle leaves the zone as it was', async () => {
    const failing = seed(60, {
      replace: true,
      onProgress: () => {
        throw new Error('the power went');
      },
    });
    await expect(failing).rejects.toThrow('the power went');
    expect(await count('enterprise')).toBe(40);
    expect(await digestOf(40)).toBe(small);
  });

  test('a larger zone contains the smaller one, and raises generations and epochs when it replaces it', async () => {
    const standing = () =>
      postgres.query<{ generation: number; epoch: number }>({
        text: "select (select min(generation) from category) as generation, (select epoch from policy_epoch where institution = 'bank-01') as epoch",
      });
    const [before] = await standing();
    await seed(90, { replace: true });
    expect(await count('enterprise')).toBe(90);
    expect(await digestOf(40)).toBe(small);
    const [after] = await standing();
    expect(after?.generation).toBeGreaterThan(before?.generation as number);
    expect(after?.epoch).toBeGreaterThan(before?.epoch as number);
    expect(await strayGrams()).toBe(0);
    const large = await digestOf(90);
    await seed(40, { replace: true });
    await seed(90, { replace: true });
    expect(await digestOf(90)).toBe(large);
  });
});

describe('seeding in chunks', () => {
  const FIRMS = 600;
  const inChunks = (options: Partial<SeedOptions> = {}) =>
    seedZone(
      { postgres, catalogue, now },
      { enterprises: FIRMS, seed: 7, seedsFolder: 'seeds', inChunks: true, lanes: 1, openDrawer: openOwnDrawer, replace: true, ...options },
    );
  const wholeDigest = () => digestOf(FIRMS);
  let atOnce: string;

  test('leaves what one transaction leaves', async () => {
    const whole = await seed(FIRMS, { replace: true });
    atOnce = await wholeDigest();
    const [deliveries] = await postgres.query({ text: 'select sum(accepted) as accepted, sum(rows_read) as read from delivery' });
    await seed(1, { replace: true });
    const steps: number[] = [];
    const report = await inChunks({ onProgress: (done) => steps.push(done) });
    expect(steps).toEqual([500, FIRMS]);
    expect(report).toMatchObject({ records: whole.records, consents: whole.consents, byCategory: whole.byCategory, continuedFrom: 0, skipped: false });
    expect(report.payloadCharacters).toBe(whole.payloadCharacters);
    expect(await wholeDigest()).toBe(atOnce);
    expect(await postgres.query({ text: 'select sum(accepted) as accepted, sum(rows_read) as read from delivery' })).toEqual([deliveries]);
    expect(await strayGrams()).toBe(0);
    expect([await count('seeding'), await count('seeding_chunk')]).toEqual([0, 0]);
    expect((await seed(FIRMS)).skipped).toBe(true);
  }, 300_000);

  test('that breaks off is refused to whoever would serve it or fill in another, and is continued by the next run', async () => {
    const index = await postgres.query({ text: "select indexdef from pg_indexes where indexname = 'enterprise_gram_found'" });
    expect(index).toHaveLength(1);
    const broken = inChunks({
      seed: 8,
      onProgress: (done) => {
        if (done === 500) throw new Error('the power went');
      },
    });
    await expect(broken).rejects.toThrow('the power went');
    await expect(refuseUnfinished(postgres)).rejects.toMatchObject({ code: 'ZONE_UNFINISHED' });
    // Nobody is resident and nothing is granted while it is so.
    expect(await Promise.all(['residence', 'agreement', 'access_grant', 'policy_version'].map(count))).toEqual([0, 0, 0, 0]);
    expect(await count('enterprise')).toBe(500);
    await expect(seed(FIRMS)).rejects.toThrow(/a part of.*seed=8.*broken off/);

    const report = await inChunks({ seed: 8, replace: false });
    expect(report).toMatchObject({ continuedFrom: 500, skipped: false });
    expect(report.records).toBe(await count('record'));
    expect([report.consents, FIRMS]).toEqual([await count('consent'), await count('enterprise')]);
    await refuseUnfinished(postgres);
    expect(await postgres.query({ text: "select indexdef from pg_indexes where indexname = 'enterprise_gram_found'" })).toEqual(index);
    const continued = await postgres.query({ text: CONTENT });
    await seed(FIRMS, { seed: 8, replace: true });
    expect(await postgres.query({ text: CONTENT })).toEqual(continued);
  }, 300_000);

  test('drawn by two threads leaves the same', async () => {
    // Threads run what is built: the sources are compiled for tests alone.
    const built = pathToFileURL(join('dist', 'synthetic', 'drawer.js')).href;
    const { openThreadDrawer } = (await import(built)) as { openThreadDrawer: SeedOptions['openDrawer'] };
    const wide = openPostgres({ url: embedded.url, role: 'owner', poolSize: 3, limitMs: 300_000 });
    try {
      await seedZone(
        { postgres: wide, catalogue, now },
        {
          enterprises: FIRMS,
          seed: 7,
          seedsFolder: 'seeds',
          inChunks: true,
          lanes: 2,
          replace: true,
          ...(openThreadDrawer ? { openDrawer: openThreadDrawer } : {}),
        },
      );
    } finally {
      await wide.close();
    }
    expect(await wholeDigest()).toBe(atOnce);
    expect(await strayGrams()).toBe(0);
  }, 300_000);

  test('that broke off can be replaced by another', async () => {
    const broken = inChunks({
      seed: 9,
      onProgress: () => {
        throw new Error('the power went');
      },
    });
    await expect(broken).rejects.toThrow('the power went');
    const [before] = await postgres.query<{ version: number }>({ text: 'select version from seeding' });
    await inChunks();
    expect(await wholeDigest()).toBe(atOnce);
    const [after] = await postgres.query<{ version: number }>({ text: "select version from policy_version where author = 'seed'" });
    // It was never in force.
    expect(after?.version).toBe(before?.version);
  }, 300_000);
});
