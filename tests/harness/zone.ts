/** A whole zone for a test: a real PostgreSQL of its own, a small synthetic zone, gateways on it. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Catalogue } from '../../src/catalogue/model.js';
import { type Config, readConfig } from '../../src/config.js';
import { migrate } from '../../src/migrations.js';
import type { Postgres } from '../../src/postgres.js';
import { demoFirm } from '../../src/synthetic/firm.js';
import { seedZone } from '../../src/synthetic/seed.js';
import { type Database, openDatabase } from '../../src/zone/database.js';
import { type Gateway, openCatalogue, openGateway } from '../../src/zone.js';

export const SEED = 1;

export interface TestZone {
  readonly config: Config;
  readonly catalogue: Catalogue;
  readonly database: Database;
  /** Acts as the owner: prepares and inspects, as no gateway may. */
  readonly owner: Postgres;
  /** One more gateway process's worth of state on the same database; closed with the zone. */
  openGateway(options?: { redisUrl?: string | null; production?: boolean }): Promise<TestGateway>;
  close(): Promise<void>;
}
export interface TestGateway extends Gateway {
  /** Sends a query through HTTP, without a socket, as an institution. */
  ask(query: string, options?: { institution?: string; variables?: unknown; headers?: Record<string, string> }): Promise<Answered>;
}
export interface Answered {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly text: string;
  readonly body: {
    // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
    data?: any;
    errors?: { message: string; path?: unknown[]; extensions: Record<string, unknown> }[];
    // biome-ignore lint/suspicious/noExplicitAny: see above
    extensions?: any;
  };
}

/** Firms by their part in the demonstration; see seeds/policy.yaml. */
export const firm = (index: number): string => demoFirm(index, SEED);

/** The limit on statements is wide by default: tests share two cores, and only those of time limits are about time. */
export async function openTestZone({
  enterprises = 60,
  statementLimitMs = 10_000,
  catalogueOf = openCatalogue,
}: {
  enterprises?: number;
  statementLimitMs?: number;
  catalogueOf?: (config: Config) => Catalogue;
} = {}): Promise<TestZone> {
  const zoneHome = mkdtempSync(join(tmpdir(), 'zone-'));
  // Enterable by all, so that the data lie here and go with it.
  chmodSync(zoneHome, 0o755);
  const config = readConfig({ ZONE_HOME: zoneHome, LOG_LEVEL: 'silent', PORT: '0', DATABASE_LIMIT_MS: String(statementLimitMs) });
  const catalogue = catalogueOf(config);
  const database = await openDatabase(config);
  await migrate(database.ownerUrl, config.schemaFolder, catalogue);
  const owner = database.open('owner');
  if (enterprises > 0) await seedZone({ postgres: owner, catalogue }, { enterprises, seed: SEED, seedsFolder: config.seedsFolder });
  const gateways: Gateway[] = [];
  return {
    config,
    catalogue,
    database,
    owner,
    async openGateway({ redisUrl = null, production = false } = {}) {
      const gateway = await openGateway({ ...config, redisUrl, production }, database, catalogue);
      gateways.push(gateway);
      return { ...gateway, ask: (query, options) => ask(gateway, query, options) };
    },
    async close() {
      for (const gateway of gateways) await gateway.close();
      await database.close();
      rmSync(zoneHome, { recursive: true, force: true });
    },
  };
}

async function ask(
  gateway: Gateway,
  query: string,
  { institution = 'bank-01', variables, headers = {} }: Parameters<TestGateway['ask']>[1] = {},
): Promise<Answered> {
  const token = await gateway.issuer?.tokenFor(institution);
  const response = await gateway.server.inject({
    method: 'POST',
    url: '/graphql',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers },
    payload: JSON.stringify({ query, variables }),
  });
  return { status: response.statusCode, headers: response.headers, text: response.body, body: JSON.parse(response.body) };
}
