/** What starts without the owner's login looks whether the owner has migrated, and says what is lacking. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readySchema } from '../../src/commands/readySchema.js';
import type { Database } from '../../src/zone/database.js';
import { openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
beforeAll(async () => {
  zone = await openTestZone({ enterprises: 0 });
}, 60_000);
afterAll(() => zone?.close());

/** As a process sees it that was not given the owner's login. */
const ready = () => {
  const database: Database = {
    ...zone.database,
    get ownerUrl(): string {
      throw new Error('the owner is not here');
    },
  };
  return readySchema({ ...zone.config, migrateOnStart: false }, database, zone.catalogue);
};
const sql = (text: string) => zone.owner.query({ text });

test('a database at this version is taken as it is', async () => {
  expect(await ready()).toEqual({ applied: [] });
});

test.each([
  [
    "update migration set name = 'away' where name = '0015_append'",
    "update migration set name = '0015_append' where name = 'away'",
    /lacks 0015_append; run `migrate`/,
  ],
  [
    "update category set code = 'no.such' where code = 'registration.basic'",
    "update category set code = 'registration.basic' where code = 'no.such'",
    /lacks 1 categories/,
  ],
  ['alter table migration rename to migration_away', 'alter table migration_away rename to migration', /lacks 0001_zone, .*0015_append/],
  ['revoke select on migration from zone_gateway', 'grant select on migration to zone_gateway', /lacks 0001_zone, /],
])('%s is told', async (spoil, mend, told) => {
  await sql(spoil);
  try {
    await expect(ready()).rejects.toMatchObject({ code: 'CONFIG_FAULTY', message: expect.stringMatching(told) });
  } finally {
    await sql(mend);
  }
  expect(await ready()).toEqual({ applied: [] });
});
