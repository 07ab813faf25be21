/** A database at this version: brought to it, or, where processes do not hold the owner's login, found to be there. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Catalogue } from '../catalogue/model.js';
import type { Config } from '../config.js';
import { Fault } from '../faults.js';
import { migrate } from '../migrations.js';
import type { Database } from '../zone/database.js';

const LACKING = `
select array(select name from unnest($1::text[]) as wanted (name) where not exists (select from migration m where m.name = wanted.name)) as migrations,
  (select count(*)::integer from unnest($2::text[]) as wanted (code) where not exists (select from category c where c.code = wanted.code)) as categories`;
/** No such table, and a table that this role may not read yet: nothing was migrated, or not so far. */
const NOT_YET = new Set(['42P01', '42501']);

/** @returns what was applied. @throws Fault CONFIG_FAULTY where something is lacking that this process does not bring */
export async function readySchema(config: Config, database: Database, catalogue: Catalogue): Promise<{ applied: string[] }> {
  if (config.migrateOnStart) return migrate(database.ownerUrl, config.schemaFolder, catalogue);
  const wanted = readdirSync(join(config.schemaFolder, 'migrations')).flatMap((file) => (file.endsWith('.sql') ? [file.slice(0, -'.sql'.length)] : []));
  const codes = catalogue.categories.map(({ code }) => code);
  const postgres = database.open('zone_gateway', { poolSize: 1, limitMs: 10_000 });
  try {
    const [found] = await postgres.query<{ migrations: string[]; categories: number }>({ text: LACKING, values: [wanted, codes] });
    const lacking = [...(found?.migrations ?? wanted), ...(found?.categories ? [`${found.categories} categories`] : [])];
    if (lacking.length > 0) throw behind(lacking.join(', '));
  } catch (error) {
    if (NOT_YET.has(String((error as { code?: string }).code))) throw behind(wanted.join(', '));
    throw error;
  }
  return { applied: [] };
}

function behind(lacking: string): Fault {
  return new Fault('CONFIG_FAULTY', {
    detail: `the database is not at this version, it lacks ${lacking}; run \`migrate\` first, with the owner's login in DATABASE_URL (MIGRATE_ON_START=on migrates here)`,
  });
}
