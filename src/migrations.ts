/** Brings a database to the schema of this version, and tells it which categories there are. */
import { join } from 'node:path';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import type { Catalogue } from './catalogue/model.js';
import { spreadTables } from './distribution.js';
import { Fault } from './faults.js';
import { LOCKS } from './locks.js';

/**
 * Runs what is missing, as the owner, and spreads tables over the nodes where the server is a Citus cluster; safe to run from
 * several processes at once. @throws Fault ZONE_UNAVAILABLE
 */
export async function migrate(ownerUrl: string, schemaFolder: string, catalogue: Catalogue): Promise<{ applied: string[]; spread: string[] }> {
  const client = new pg.Client({ connectionString: ownerUrl });
  client.on('error', () => undefined);
  await client.connect().catch((error: Error) => {
    throw new Fault('ZONE_UNAVAILABLE', { detail: error.message || String((error as NodeJS.ErrnoException).code), cause: error });
  });
  try {
    await client.query('select pg_advisory_lock($1)', [LOCKS.MIGRATION]);
    const applied = await runner({
      dbClient: client,
      dir: join(schemaFolder, 'migrations'),
      direction: 'up',
      migrationsTable: 'migration',
      noLock: true,
      log: () => undefined,
    });
    await client.query('insert into category (code) select unnest($1::text[]) on conflict do nothing', [catalogue.categories.map(({ code }) => code)]);
    return { applied: applied.map(({ name }) => name), spread: await spreadTables(client) };
  } finally {
    await client.end();
  }
}
