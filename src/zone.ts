/** The composition root: the only place that opens a pool, a Redis client or a key, and closes them again. */
import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { openAlerts } from './alerts/alerts.js';
import { openLedger } from './allowance/ledger.js';
import { openArchived } from './audit/archived.js';
import { evidenceWords, openEvidenceWatch } from './audit/evidenceState.js';
import { openExports } from './audit/export/exports.js';
import { openTrailSource } from './audit/export/source.js';
import { openAuditLog } from './audit/log.js';
import { openProofs } from './audit/proofs.js';
import { openStatements } from './audit/statement.js';
import { openTrail } from './audit/trail.js';
import { openUsageCells } from './audit/usageCells.js';
import { loadCatalogue } from './catalogue/load.js';
import type { Catalogue } from './catalogue/model.js';
import type { Config, TlsFiles } from './config.js';
import { type Exchange, openExchange } from './exchange/exchange.js';
import { Fault } from './faults.js';
import { openGovernance } from './governance/governance.js';
import { openGrounds } from './grounds/grounds.js';
import { openAuthenticator } from './http/authenticate.js';
import { certificateOf } from './http/certificate.js';
import { openMetrics } from './http/metrics.js';
import { newRequestId } from './http/requestId.js';
import { openServer, type TlsOptions } from './http/server.js';
import { alone, healthOfAll, type Siblings } from './http/siblings.js';
import type { SandboxIssuer } from './issuer/sandboxIssuer.js';
import { openOperations } from './operations/operations.js';
import { openDeliveries } from './records/deliveries.js';
import { openDirectory } from './records/directory.js';
import { openGenerations } from './records/generations.js';
import { openRecords } from './records/records.js';
import { openReplica, REPLICA_LIMIT_MS } from './records/replica.js';
import { type Cache, noCache, openRedis } from './redis.js';
import { PAGE_POLICY } from './reports/page.js';
import { openReports, readerOf, subjectOf } from './reports/reports.js';
import type { Database } from './zone/database.js';
import { openIssuing, openTrust, sandboxIssuerOf } from './zone/issuing.js';
import { openLog } from './zone/log.js';
import { refuseUnfinished } from './zone/unfinished.js';

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

/** A gateway on a migrated database; `now` is the clock that decisions go by, `siblings` who else answers on its port. */
export async function openGateway(
  config: Config,
  database: Database,
  catalogue: Catalogue,
  log: Logger = openLog(config),
  now: () => Date = () => new Date(),
  siblings: Siblings = alone(),
): Promise<Gateway> {
  // What can be missing is read first: nothing is open yet that would keep a failed start from ending.
  const trust = await openTrust(config);
  const issuer = trust.kind === 'EMBEDDED' ? sandboxIssuerOf(trust.keys, config) : null;
  const tls = config.tls && readTls(config.tls);
  const limitMs = config.statementLimitMs;
  const reading = database.open('zone_gateway', { poolSize: config.poolSize, limitMs });
  // While the database is away nobody can say; a zone that is not whole has no policy in force, so it would give nothing anyway.
  await refuseUnfinished(reading).catch((error) => {
    if (!(error instanceof Fault && error.code === 'ZONE_UNAVAILABLE')) throw error;
  });
  // The log has connections of its own: readers that hold all of theirs must not delay an entry.
  const appending = database.open('zone_gateway', { poolSize: 2, limitMs });
  const cache: Cache = config.redisUrl ? openRedis(config.redisUrl.split(','), { cluster: config.redisCluster }) : noCache;
  const generations = openGenerations({ postgres: reading });
  const { replicaDatabaseUrl, poolSize } = config;
  const stores = {
    primary: reading,
    replica: replicaDatabaseUrl ? openReplica({ postgres: database.openReplica(replicaDatabaseUrl, { poolSize, limitMs: REPLICA_LIMIT_MS }) }) : null,
  };
  const records = openRecords({ stores, generations, cache, catalogue, cacheBytes: config.cacheBytes });
  // Whoever looks at policy must not keep an officer from revoking.
  const governing = database.open('zone_governance', { poolSize: 4, limitMs: 5 * limitMs });
  const overseeing = database.open('zone_governance', { poolSize: 2, limitMs: 5 * limitMs });
  // A statement is long, and in a transaction of its own.
  const stating = database.open('zone_gateway', { poolSize: 2, limitMs: 5 * limitMs });
  const audit = openAuditLog({ postgres: appending, limitMs });
  const proofs = openProofs({ postgres: reading });
  // Whoever asks for a proof over HTTP says not who he is: he waits for his like, and no reader waits for him.
  const proving = database.open('zone_gateway', { poolSize: 2, limitMs });
  const evidence = openEvidenceWatch({ postgres: reading });
  const metrics = openMetrics({
    facts: () => records.counts,
    factBytes: () => records.factBytes,
    texts: () => records.textCounts,
    cacheState: () => cache.state,
    replica: () => stores.replica?.counts ?? null,
    evidence,
    siblings,
  });
  // Figures go through many rows; they wait for one another and for nobody else.
  const counting = database.open('zone_governance', { poolSize: 2, limitMs: 10 * limitMs });
  const usage = openUsageCells({ postgres: counting, catalogue });
  const reports = openReports({ usage, postgres: counting, catalogue, audit, now });
  const trail = openTrail({ postgres: reading, catalogue });
  const archived = openArchived({ postgres: reading });
  // Exports go through the log page by page, and wait for each other rather than keep others waiting.
  const exporting = database.open('zone_gateway', { poolSize: 2, limitMs: 5 * limitMs });
  const exported = openTrail({ postgres: exporting, catalogue });
  const exchange = await openExchange(
    {
      catalogue,
      records,
      deliveries: openDeliveries({ postgres: reading }),
      proofs,
      statements: openStatements({ postgres: stating }),
      usage,
      trail,
      archived,
      alerts: openAlerts({ postgres: overseeing }),
      grounds: openGrounds({ postgres: reading }),
      directory: openDirectory({ stores, generations }),
      audit,
      governance: openGovernance({ postgres: governing, reading: overseeing, catalogue, now, newId: newRequestId }),
      ledger: openLedger({ cache, now, processes: siblings.count }),
      operations: openOperations({ postgres: reading }),
      now,
      newId: newRequestId,
      planning: config.planning,
      executed: (how) => metrics.executed(how),
    },
    { production: config.production },
  );
  const issuing = await openIssuing(config, database, trust, log);
  siblings.tells('HEALTH', async () => ({
    postgres: await reading.query({ name: 'health', text: 'select' }).then(
      () => 'ok',
      () => 'away',
    ),
    audit: audit.state === 'AWAY' ? 'away' : 'ok',
    // Where the database does not answer, that is told above.
    ...(await evidence.read().then(evidenceWords, () => ({}))),
    redis: cache.state === 'AWAY' ? 'slow' : cache.state === 'NONE' ? 'none' : 'ok',
    catalogue: catalogue.digest.slice(0, 12),
  }));
  const caRequired = tls?.ca !== undefined;
  const server = await openServer({
    publicUrl: config.publicUrl,
    tls,
    certificateOf: (socket) => certificateOf(socket, caRequired),
    issuer: issuing.issuer,
    exchange,
    log,
    corsOrigins: config.corsOrigins,
    authenticator: openAuthenticator(issuing.trust),
    proofs: openProofs({ postgres: proving }),
    metrics,
    exports: openExports({ source: openTrailSource({ trail: exported }), archived, audit, postgres: exporting, now, newId: newRequestId }),
    processes: siblings.count,
    health: async () => healthOfAll((await siblings.ask('HEALTH')) as readonly Record<string, string>[], siblings),
    reports: {
      pagePolicy: PAGE_POLICY,
      report: ({ caller, query, ...asked }) => reports.monthly({ ...asked, reader: readerOf(caller), subject: subjectOf(query), month: String(query.month) }),
    },
    sandboxToken: issuer && (() => issuer.tokenFor('bank-01')),
  });
  return {
    exchange,
    server,
    issuer,
    listen: () => server.listen({ port: config.port, host: config.host }),
    async close() {
      await server.close();
      issuing.close();
      await exchange.close();
      generations.close();
      stores.replica?.close();
      await cache.close();
    },
  };
}

function readTls({ certificate, key, clientCa }: TlsFiles): TlsOptions {
  return { cert: readFileSync(certificate), key: readFileSync(key), ca: clientCa ? readFileSync(clientCa) : undefined };
}

export function openCatalogue({ schemaFolder }: Pick<Config, 'schemaFolder'>): Catalogue {
  return loadCatalogue(schemaFolder);
}
