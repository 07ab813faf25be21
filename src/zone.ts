/** The composition root: the only place that opens a pool, a Redis client or a key, and closes them again. */
import { mkdirSync, readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import type { JSONWebKeySet } from 'jose';
import { type Logger, pino } from 'pino';
import { openLedger } from './allowance/ledger.js';
import { openAuditLog } from './audit/log.js';
import { openTrail } from './audit/trail.js';
import { loadCatalogue } from './catalogue/load.js';
import type { Catalogue } from './catalogue/model.js';
import type { Config } from './config.js';
import { openEmbeddedPostgres } from './embedded.js';
import { type Exchange, openExchange } from './exchange/exchange.js';
import { openGovernance } from './governance/governance.js';
import { openGrounds } from './grounds/grounds.js';
import { openAuthenticator } from './http/authenticate.js';
import { openMetrics } from './http/metrics.js';
import { newRequestId } from './http/requestId.js';
import { openSandboxIssuer, type SandboxIssuer } from './http/sandboxIssuer.js';
import { openServer } from './http/server.js';
import { openOperations } from './operations/operations.js';
import { openPostgres, type Postgres, type Role } from './postgres.js';
import { openDeliveries } from './records/deliveries.js';
import { openDirectory } from './records/directory.js';
import { openRecords } from './records/records.js';
import { type Cache, noCache, openRedis } from './redis.js';

/** Where the database is: a server that was named, or the embedded one. */
export interface Database {
  readonly ownerUrl: string;
  open(role: Role, options?: { poolSize?: number; limitMs?: number }): Postgres;
  close(): Promise<void>;
}

const SERVING_ROLES: readonly Role[] = ['zone_gateway', 'zone_governance', 'zone_delivery', 'zone_console'];
const LONG_WORK_MS = 6 * 3_600_000;

export async function openDatabase(config: Config): Promise<Database> {
  const embedded = config.databaseUrl ? null : await openEmbeddedPostgres(config.zoneHome, SERVING_ROLES);
  const ownerUrl = embedded?.url ?? (config.databaseUrl as string);
  const urls: Record<Role, string> = {
    owner: ownerUrl,
    zone_gateway: embedded?.urlOf('zone_gateway') ?? config.gatewayDatabaseUrl ?? ownerUrl,
    zone_governance: embedded?.urlOf('zone_governance') ?? config.governanceDatabaseUrl ?? ownerUrl,
    zone_delivery: embedded?.urlOf('zone_delivery') ?? config.deliveryDatabaseUrl ?? ownerUrl,
    zone_console: embedded?.urlOf('zone_console') ?? ownerUrl,
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

export interface Gateway {
  readonly exchange: Exchange;
  readonly server: FastifyInstance;
  /** The sandbox's issuer; null in production. */
  readonly issuer: SandboxIssuer | null;
  /** Starts to listen; returns the address. */
  listen(): Promise<string>;
  /** Drains: no new request, then everything is closed, but the database. */
  close(): Promise<void>;
}

/** A gateway on a migrated database; `now` is the clock that decisions go by. */
export async function openGateway(
  config: Config,
  database: Database,
  catalogue: Catalogue,
  log: Logger = openLog(config),
  now: () => Date = () => new Date(),
): Promise<Gateway> {
  // What can be missing is read first: nothing is open yet that would keep a failed start from ending.
  const { issuer, keys } = await trust(config);
  const limitMs = config.statementLimitMs;
  const reading = database.open('zone_gateway', { poolSize: config.poolSize, limitMs });
  // The log has connections of its own: readers that hold all of theirs must not delay an entry.
  const appending = database.open('zone_gateway', { poolSize: 2, limitMs });
  const cache: Cache = config.redisUrl ? openRedis(config.redisUrl) : noCache;
  const records = openRecords({ postgres: reading, cache, catalogue });
  const governing = database.open('zone_governance', { poolSize: 4, limitMs: 5 * limitMs });
  const audit = openAuditLog({ postgres: appending, limitMs });
  const exchange = await openExchange(
    {
      catalogue,
      records,
      deliveries: openDeliveries({ postgres: reading }),
      trail: openTrail({ postgres: reading }),
      grounds: openGrounds({ postgres: reading }),
      directory: openDirectory({ postgres: reading }),
      audit,
      governance: openGovernance({ postgres: governing, catalogue, now, newId: newRequestId }),
      ledger: openLedger({ cache, now }),
      operations: openOperations({ postgres: reading }),
      now,
      newId: newRequestId,
    },
    { production: config.production },
  );
  const server = await openServer({
    exchange,
    log,
    corsOrigins: config.corsOrigins,
    authenticator: openAuthenticator({ keys, issuer: config.tokenIssuer, audience: config.tokenAudience }),
    metrics: openMetrics({ facts: () => records.counts, cacheState: () => cache.state }),
    health: async () => ({
      postgres: await reading.query({ name: 'health', text: 'select' }).then(
        () => 'ok',
        () => 'away',
      ),
      audit: audit.state === 'AWAY' ? 'away' : 'ok',
      redis: cache.state === 'AWAY' ? 'slow' : cache.state === 'NONE' ? 'none' : 'ok',
      catalogue: catalogue.digest.slice(0, 12),
    }),
    sandboxToken: issuer && (() => issuer.tokenFor('bank-01')),
  });
  return {
    exchange,
    server,
    issuer,
    listen: () => server.listen({ port: config.port, host: config.host }),
    async close() {
      await server.close();
      await exchange.close();
      records.close();
      await cache.close();
    },
  };
}

/** Whose tokens are believed: an external issuer's where one is named, else the sandbox's own. */
async function trust(config: Config): Promise<{ issuer: SandboxIssuer | null; keys: JSONWebKeySet }> {
  if (config.tokenJwksFile) return { issuer: null, keys: JSON.parse(readFileSync(config.tokenJwksFile, 'utf8')) as JSONWebKeySet };
  const issuer = await openIssuer(config);
  return { issuer, keys: issuer.keys };
}

export function openIssuer({ zoneHome, tokenIssuer, tokenAudience }: Config): Promise<SandboxIssuer> {
  mkdirSync(zoneHome, { recursive: true });
  return openSandboxIssuer({ zoneHome, issuer: tokenIssuer, audience: tokenAudience });
}

export function openLog({ logLevel }: Pick<Config, 'logLevel'>): Logger {
  return pino({ level: logLevel, redact: ['authorization', '*.authorization', 'token', '*.token'] }, pino.destination({ dest: 2, sync: false }));
}

export function openCatalogue({ schemaFolder }: Pick<Config, 'schemaFolder'>): Catalogue {
  return loadCatalogue(schemaFolder);
}
