/** Where pools come from: the embedded PostgreSQL or the server that was named, one login a role. */
import type { Config } from '../config.js';
import { openEmbeddedPostgres } from '../embedded.js';
import { Fault } from '../faults.js';
import { openPostgres, type Postgres, type Role } from '../postgres.js';

/** Where the database is: a server that was named, or the embedded one. */
export interface Database {
  /** @throws Fault CONFIG_FAULTY in production where this process was not given the owner's login */
  readonly ownerUrl: string;
  /** @throws Fault CONFIG_FAULTY in production where this process was not given a login of the role */
  open(role: Role, options?: { poolSize?: number; limitMs?: number }): Postgres;
  /** The gateway's role at a streaming replica, which need not answer. */
  openReplica(url: string, options: { poolSize: number; limitMs: number }): Postgres;
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
  // In production nothing is tried out: a login that is lacking is lacking.
  const embedded = config.databaseUrl || config.production ? null : await openEmbeddedPostgres(config.zoneHome, SERVING_ROLES);
  const named: Record<Role, readonly [variable: string, url: string | null]> = {
    owner: ['DATABASE_URL', config.databaseUrl],
    zone_gateway: ['DATABASE_GATEWAY_URL', config.gatewayDatabaseUrl],
    zone_governance: ['DATABASE_GOVERNANCE_URL', config.governanceDatabaseUrl],
    zone_issuer: ['DATABASE_ISSUER_URL', config.issuerDatabaseUrl],
    zone_delivery: ['DATABASE_DELIVERY_URL', config.deliveryDatabaseUrl],
    zone_console: ['DATABASE_URL', config.databaseUrl],
    zone_sequencer: ['DATABASE_SEQUENCER_URL', config.sequencerDatabaseUrl],
    zone_keeper: ['DATABASE_KEEPER_URL', config.keeperDatabaseUrl],
    zone_verifier: ['DATABASE_VERIFIER_URL', config.verifierDatabaseUrl],
  };
  const urlOf = (role: Role): string => {
    if (embedded) return role === 'owner' ? embedded.url : embedded.urlOf(role);
    const [variable, url] = named[role];
    const found = url ?? (config.production ? null : config.databaseUrl);
    if (!found)
      throw new Fault('CONFIG_FAULTY', {
        detail: `${variable} is needed in production for this: a login ${role === 'owner' ? 'of the owner' : `of its own, member of ${role} only`}`,
      });
    return found;
  };
  const opened: Postgres[] = [];
  const openAt = (url: string, role: Role, poolSize: number, limitMs: number): Postgres => {
    const postgres = openPostgres({ url, role, poolSize, limitMs });
    opened.push(postgres);
    return postgres;
  };
  return {
    get ownerUrl() {
      return urlOf('owner');
    },
    open: (role, { poolSize = 2, limitMs = LONG_WORK_MS } = {}) => openAt(urlOf(role), role, poolSize, limitMs),
    openReplica: (url, { poolSize, limitMs }) => openAt(url, 'zone_gateway', poolSize, limitMs),
    async close() {
      await Promise.all(opened.map((postgres) => postgres.close().catch(() => undefined)));
      await embedded?.close();
    },
  };
}
