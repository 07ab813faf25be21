/** The composition root: the only place that opens a pool, a Redis client or a key, and closes them again. */
import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose';
import { type Logger, pino } from 'pino';
import type { Caller } from './access/inquiry.js';
import { openLedger } from './allowance/ledger.js';
import { openArchived } from './audit/archived.js';
import { openExports } from './audit/export/exports.js';
import { openExportNotes } from './audit/export/notes.js';
import { openTrailSource } from './audit/export/source.js';
import { type Holds, openHolds } from './audit/holds.js';
import { openAuditLog } from './audit/log.js';
import { openRetention, type Retention } from './audit/retention.js';
import { openSequencer, type Sequencer } from './audit/sequencer.js';
import { openSigner } from './audit/signer.js';
import { openTrail } from './audit/trail.js';
import { loadCatalogue } from './catalogue/load.js';
import type { Catalogue } from './catalogue/model.js';
import type { Config, TlsFiles } from './config.js';
import { openEmbeddedPostgres } from './embedded.js';
import { type Exchange, openExchange } from './exchange/exchange.js';
import { openGovernance } from './governance/governance.js';
import { openGrounds } from './grounds/grounds.js';
import { openAuthenticator } from './http/authenticate.js';
import { certificateOf } from './http/certificate.js';
import { keysAtHand, keysFrom } from './http/keySource.js';
import { openMetrics } from './http/metrics.js';
import { newRequestId } from './http/requestId.js';
import { openServer, type TlsOptions } from './http/server.js';
import { type Clients, openClients } from './issuer/clients.js';
import { openDismissals } from './issuer/dismissals.js';
import { openIssuer as openEmbeddedIssuer } from './issuer/issuer.js';
import { openSandboxIssuer, type SandboxIssuer } from './issuer/sandboxIssuer.js';
import { openSigningKeys, readCookieSecret, type SigningKeys } from './issuer/signingKeys.js';
import { openStaff, type Staff } from './issuer/staff.js';
import { openUsedOnce } from './issuer/usedOnce.js';
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

const SERVING_ROLES: readonly Role[] = ['zone_gateway', 'zone_governance', 'zone_issuer', 'zone_delivery', 'zone_console', 'zone_sequencer', 'zone_keeper'];
const LONG_WORK_MS = 6 * 3_600_000;
/** A step of the sequencer, which is about thousands of entries. */
const SEQUENCING_MS = 30_000;

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
  const trust = await openTrust(config);
  const issuer = trust.kind === 'EMBEDDED' ? sandboxIssuerOf(trust.keys, config) : null;
  const tls = config.tls && readTls(config.tls);
  const limitMs = config.statementLimitMs;
  const reading = database.open('zone_gateway', { poolSize: config.poolSize, limitMs });
  // The log has connections of its own: readers that hold all of theirs must not delay an entry.
  const appending = database.open('zone_gateway', { poolSize: 2, limitMs });
  const cache: Cache = config.redisUrl ? openRedis(config.redisUrl) : noCache;
  const records = openRecords({ postgres: reading, cache, catalogue });
  // Whoever looks at policy must not keep an officer from revoking.
  const governing = database.open('zone_governance', { poolSize: 4, limitMs: 5 * limitMs });
  const overseeing = database.open('zone_governance', { poolSize: 2, limitMs: 5 * limitMs });
  const audit = openAuditLog({ postgres: appending, limitMs });
  const trail = openTrail({ postgres: reading });
  const archived = openArchived({ postgres: reading });
  // Exports go through the log page by page, and wait for each other rather than keep others waiting.
  const exporting = database.open('zone_gateway', { poolSize: 2, limitMs: 5 * limitMs });
  const exported = openTrail({ postgres: exporting });
  const exchange = await openExchange(
    {
      catalogue,
      records,
      deliveries: openDeliveries({ postgres: reading }),
      trail,
      archived,
      grounds: openGrounds({ postgres: reading }),
      directory: openDirectory({ postgres: reading }),
      audit,
      governance: openGovernance({ postgres: governing, reading: overseeing, catalogue, now, newId: newRequestId }),
      ledger: openLedger({ cache, now }),
      operations: openOperations({ postgres: reading }),
      now,
      newId: newRequestId,
    },
    { production: config.production },
  );
  const issuing = await openIssuing(config, database, trust, log);
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
    exports: openExports({ source: openTrailSource({ trail: exported, catalogue }), archived, audit, postgres: exporting, now, newId: newRequestId }),
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
      issuing.close();
      await exchange.close();
      records.close();
      await cache.close();
    },
  };
}

/** What sequences the log and signs it; to be started, and closed before the database. */
export function openEvidence(config: Config, database: Database, log: Logger = openLog(config), now: () => Date = () => new Date()): Sequencer {
  const signer = openSigner({ file: config.auditKeyFile, origin: config.auditOrigin });
  return openSequencer({
    postgres: database.open('zone_sequencer', { poolSize: 2, limitMs: SEQUENCING_MS }),
    signer,
    integrations: [openExportNotes({ signer, now })],
    now,
    failed: (error) => log.error({ cause: error instanceof Error ? `${error.name}: ${error.message.slice(0, 200)}` : 'unknown' }, 'sequencing failed'),
  });
}

/** Retention of the log and legal holds, for commands. */
export function openKeeping(
  config: Config,
  database: Database,
  { folder = config.auditArchiveFolder, now = () => new Date() }: { folder?: string; now?: () => Date } = {},
): { readonly retention: Retention; readonly holds: Holds } {
  const parts = { postgres: database.open('zone_keeper', { poolSize: 3 }), now, newId: newRequestId };
  return { retention: openRetention({ ...parts, folder, origin: config.auditOrigin }), holds: openHolds(parts) };
}

/** Whose tokens are believed: an external issuer's where one is named, else the embedded one's. */
type Trust = { readonly kind: 'EXTERNAL'; readonly keys: JWTVerifyGetKey } | { readonly kind: 'EMBEDDED'; readonly keys: SigningKeys };

async function openTrust({ tokenJwksFile, tokenJwksUrl, zoneHome }: Config): Promise<Trust> {
  if (tokenJwksUrl) return { kind: 'EXTERNAL', keys: keysFrom(tokenJwksUrl) };
  if (!tokenJwksFile) return { kind: 'EMBEDDED', keys: await openSigningKeys({ zoneHome }) };
  const keys = JSON.parse(readFileSync(tokenJwksFile, 'utf8')) as JSONWebKeySet;
  return { kind: 'EXTERNAL', keys: keysAtHand(() => keys) };
}

/** What the gateway believes of tokens, and the issuer beside it where that is the embedded one. */
async function openIssuing(config: Config, database: Database, trust: Trust, log: Logger) {
  const postgres = database.open('zone_issuer', { poolSize: 2, limitMs: config.statementLimitMs });
  // Proofs of callers do not queue behind people who sign in.
  const usedOnce = openUsedOnce({ postgres: database.open('zone_issuer', { poolSize: 2, limitMs: config.statementLimitMs }) });
  const bindingRequired = config.tokenBinding === 'required';
  const believed = { issuer: config.tokenIssuer, audience: config.tokenAudience, bindingRequired, useOnce: usedOnce.use };
  if (trust.kind === 'EXTERNAL') {
    return { issuer: null, trust: { ...believed, keys: trust.keys, actorRequired: true, isDismissed: () => false }, close: () => undefined };
  }
  const dismissals = await openDismissals({ postgres });
  const caRequired = Boolean(config.tls?.clientCa);
  const issuer = openEmbeddedIssuer({
    postgres,
    usedOnce,
    bindingRequired,
    log,
    keys: trust.keys,
    clients: openClients({ postgres }),
    staff: openStaff({ postgres }),
    cookieSecret: readCookieSecret(config),
    issuer: config.tokenIssuer,
    audiences: config.audiences,
    certificateOf: (request) => certificateOf(request.socket, caRequired),
  });
  return {
    issuer,
    trust: {
      ...believed,
      actorRequired: false,
      keys: keysAtHand((fresh) => trust.keys.read(fresh).public),
      isDismissed: (caller: Caller) => dismissals.hasClient(caller.client) || (caller.kind === 'STAFF' && dismissals.hasStaff(caller.staff)),
    },
    close() {
      dismissals.close();
      issuer.close();
    },
  };
}

/** Tokens of the sandbox, for commands and tests. */
export async function openIssuer(config: Config): Promise<SandboxIssuer> {
  return sandboxIssuerOf(await openSigningKeys(config), config);
}

function sandboxIssuerOf(keys: SigningKeys, { tokenIssuer, tokenAudience }: Config): SandboxIssuer {
  return openSandboxIssuer({ keys, issuer: tokenIssuer, audience: tokenAudience });
}

/** A new signing key for the embedded issuer of this home; its gateways follow at once. */
export async function rotateSigningKey(config: Config): ReturnType<SigningKeys['rotate']> {
  return (await openSigningKeys(config)).rotate();
}

/** Registers of the embedded issuer, for commands. */
export function openRegisters(database: Database): { readonly clients: Clients; readonly staff: Staff } {
  const postgres = database.open('zone_issuer');
  return { clients: openClients({ postgres }), staff: openStaff({ postgres }) };
}

function readTls({ certificate, key, clientCa }: TlsFiles): TlsOptions {
  return { cert: readFileSync(certificate), key: readFileSync(key), ca: clientCa ? readFileSync(clientCa) : undefined };
}

export function openLog({ logLevel }: Pick<Config, 'logLevel'>): Logger {
  return pino({ level: logLevel, redact: ['authorization', '*.authorization', 'token', '*.token'] }, pino.destination({ dest: 2, sync: false }));
}

export function openCatalogue({ schemaFolder }: Pick<Config, 'schemaFolder'>): Catalogue {
  return loadCatalogue(schemaFolder);
}
