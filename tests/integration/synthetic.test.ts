/** Seeding a real database: what it leaves, what it refuses, what a failure leaves. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readCatalogueFiles } from '../../src/catalogue/files.js';
import { buildCatalogue } from '../../src/catalogue/load.js';
import { type EmbeddedPostgres, openEmbeddedPostgres } from '../../src/embedded.js';
import { migrate } from '../../src/migrations.js';
import { openPostgres, type Postgres } from '../../src/postgres.js';
import { demoFirm } from '../../src/synthetic/firm.js';
import { seedZone } from '../../src/synthetic/seed.js';

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
    const large = await digestOf(90);
    await seed(40, { replace: true });
    await seed(90, { replace: true });
    expect(await digestOf(90)).toBe(large);
  });
});
