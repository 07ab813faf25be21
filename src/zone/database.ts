/** Where pools come from: the embedded PostgreSQL or the server that was named, one login a role. */
import type { Config } from '../config.js';
import { openEmbeddedPostgres } from '../embedded.js';
import { openPostgres, type Postgres, type Role } from '../postgres.js';

/** Where the database is: a server that was named, or the embedded one. */
export interface Database {
  readonly ownerUrl: string;
  open(role: Role, options?: { poolSize?: number; limitMs?: number }): Postgres;
  close(): Promise<void>;
}

const SERVING_ROLES: readonly Role[] = [
  'zone_gateway',
  'zone_governance',
  'zone_issuer',
  'zone_delivery',
  'zone_console',
  'zone_sequencer',
  'zone_keeper',
  'zone_verifier',
];
const LONG_WORK_MS = 6 * 3_600_000;

export async function openDatabase(config: Config): Promise<Database> {
  const embedded = config.databaseUrl ? null : await openEmbeddedPostgres(config.zoneHome, SERVING_ROLES);
  const ownerUrl = embedded?.url ?? (config.databaseUrl as string);
  const urls: Record<Role, string> = {
    owner: ownerUrl,
    zone_gateway: embedded?.urlOf('zone_gateway') ?? config.gatewayDatabaseUrl ?? ownerUrl,
    zone_governance: embedded?.urlOf('zone_governance') ?? config.governanceDatabaseUrl ?? ownerUrl,
    zone_issuer: embedded?.urlOf('zone_issuer') ?? config.issuerDatabaseUrl ?? ownerUrl,
    zone_delivery: embedded?.urlOf('zone_delivery') ?? config.deliveryDatabaseUrl ?? ownerUrl,
    zone_console: embedded?.urlOf('zone_console') ?? ownerUrl,
    zone_sequencer: embedded?.urlOf('zone_sequencer') ?? config.sequencerDatabaseUrl ?? ownerUrl,
    zone_keeper: embedded?.urlOf('zone_keeper') ?? config.keeperDatabaseUrl ?? ownerUrl,
    zone_verifier: embedded?.urlOf('zone_verifier') ?? config.verifierDatabaseUrl ?? ownerUrl,
  };
  const opened: Postgres[] = [];
  return {
    ownerUrl,
    open(role, { poolSize = 2, limitMs = LONG_WORK_MS } = {}) {
      const postgres = openPostgres({ url: urls[role], role, poolSize, limitMs });
      opened.push(postgres);
      return postgres;
    },
    async close() {
      await Promise.all(opened.map((postgres) => postgres.close().catch(() => undefined)));
      await embedded?.close();
    },
  };
}
