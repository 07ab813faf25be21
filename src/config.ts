/** The only reader of process.env: checked, frozen, every fault reported at once. */
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Fault } from './faults.js';

export interface Config {
  readonly port: number;
  readonly host: string;
  /** Folder of data, secrets and logs of this zone. */
  readonly zoneHome: string;
  /** Folder of catalogue, code lists and migrations. */
  readonly schemaFolder: string;
  readonly seedsFolder: string;
  /** The owner's login, who migrates. null: the embedded PostgreSQL; in production: this process does nothing that takes the owner. */
  readonly databaseUrl: string | null;
  /** Whether whatever starts brings the database to its version, as the owner; else it only looks whether that was done. */
  readonly migrateOnStart: boolean;
  readonly gatewayDatabaseUrl: string | null;
  readonly governanceDatabaseUrl: string | null;
  readonly deliveryDatabaseUrl: string | null;
  readonly issuerDatabaseUrl: string | null;
  readonly sequencerDatabaseUrl: string | null;
  readonly keeperDatabaseUrl: string | null;
  readonly verifierDatabaseUrl: string | null;
  /** null: no Redis; the in-process cache alone. In a cluster: some of its nodes, separated by commas, with one and the same login. */
  readonly redisUrl: string | null;
  /** Whether that is a Redis Cluster. */
  readonly redisCluster: boolean;
  /** The gateway's login at a streaming replica, which records are read from where it is as new as the primary; null: none. */
  readonly replicaDatabaseUrl: string | null;
  readonly poolSize: number;
  /** Bytes of records and texts of records that a process keeps, counted as they lie in memory. */
  readonly cacheBytes: number;
  /** Whether plans answer what they cover; else graphql-js answers everything, more slowly and alike. */
  readonly planning: boolean;
  /** What the gateway waits for a statement, in ms. One that reads and one that appends together must stay below two seconds. */
  readonly statementLimitMs: number;
  readonly production: boolean;
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'silent';
  readonly tokenIssuer: string;
  /** Tokens for this gateway name it; it is one of `audiences`. */
  readonly tokenAudience: string;
  /** What tokens of the sandbox and of production name: never the same. */
  readonly audiences: Readonly<Record<'sandbox' | 'production', string>>;
  /** JWKS of an external issuer; both null: the embedded issuer with its keys in `zoneHome`, refused in production. */
  readonly tokenJwksFile: string | null;
  readonly tokenJwksUrl: string | null;
  /** Whether a token that is bound to no key of its caller is refused. */
  readonly tokenBinding: 'required' | 'optional';
  /** Where clients find the gateway, as their proofs name it; null: as the Host header says. */
  readonly publicUrl: string | null;
  /** Certificate and key of the listener; null: plain HTTP. */
  readonly tls: TlsFiles | null;
  /** Whether this process offers to sequence the audit log; one of those that offer does. */
  readonly sequencing: boolean;
  /** Time between checkpoints of the log, in ms, while entries come. */
  readonly auditCheckpointMs: number;
  /** Name of the audit log, under which its checkpoints are signed; never changed while there are entries. */
  readonly auditOrigin: string;
  /** Private key that signs checkpoints; made where there is none. */
  readonly auditKeyFile: string;
  /** File that keeps every checkpoint, best on a disk that the database's owner cannot reach; null: none. */
  readonly auditWitnessFile: string | null;
  /** Address that each checkpoint is pushed to, which need not say anything but that it took it; null: none. */
  readonly auditWitnessUrl: string | null;
  /** Where months of the log go that are kept as files. */
  readonly auditArchiveFolder: string;
  /** Where events of alerts are sent, and the file with the secret that signs them; null: nowhere. */
  readonly alertWebhook: { readonly url: string; readonly secretFile: string } | null;
  /** Origins of browsers that may call; empty: none. */
  readonly corsOrigins: readonly string[];
}

export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
  /** Certificates of clients must come from here; null: any, for what counts is the thumbprint that a token is bound to. */
  readonly clientCa: string | null;
}

const PROJECT = dirname(dirname(fileURLToPath(import.meta.url)));
const SANDBOX_AUDIENCE = 'https://sandbox.zone.example';
const PRODUCTION_AUDIENCE = 'https://gateway.zone.example';
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'silent'] as const;

/**
 * Reads the environment (tests hand in their own).
 * @throws Fault CONFIG_FAULTY naming every variable that is wrong, never a value.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const faults: string[] = [];
  const text = (name: string, fallback: string): string => env[name]?.trim() || fallback;
  const whole = (name: string, fallback: number, least: number, most: number): number => {
    const value = Number(text(name, String(fallback)));
    if (!Number.isInteger(value) || value < least || value > most) faults.push(`${name} must be a whole number from ${least} to ${most}`);
    return value;
  };
  const address = (name: string, schemes: readonly string[]): string | null => {
    const value = env[name]?.trim();
    if (!value) return null;
    if (!schemes.some((scheme) => value.startsWith(`${scheme}://`)))
      faults.push(`${name} must begin with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`);
    return value;
  };
  const oneOf = <T extends string>(name: string, values: readonly T[], fallback: T): T => {
    const value = text(name, fallback) as T;
    if (!values.includes(value)) faults.push(`${name} must be one of ${values.join(', ')}`);
    return value;
  };

  const production = oneOf('ZONE_ENV', ['development', 'production'], 'development') === 'production';
  const home = text('ZONE_HOME', '.zone');
  const databaseUrl = address('DATABASE_URL', ['postgres', 'postgresql']);
  const file = (name: string): string | null => env[name]?.trim() || null;
  const tokenJwksFile = file('TOKEN_JWKS_FILE');
  const tokenJwksUrl = address('TOKEN_JWKS_URL', ['https', 'http']);
  if (tokenJwksUrl && !isPrivateWay(tokenJwksUrl)) faults.push('TOKEN_JWKS_URL must begin with https://, but on this machine');
  if (tokenJwksFile && tokenJwksUrl) faults.push('TOKEN_JWKS_URL must not stand beside TOKEN_JWKS_FILE');
  if (production && !tokenJwksFile && !tokenJwksUrl)
    faults.push('TOKEN_JWKS_FILE is needed in production, or TOKEN_JWKS_URL: the sandbox issuer is not trusted there');
  /** A login of its own for each role that serves: with the owner's, a session could step out of its role. */
  const loginOf = (name: string, role: string): string | null => {
    const url = address(name, ['postgres', 'postgresql']);
    if (production && (!url || url === databaseUrl)) faults.push(`${name} is needed in production: a login of its own, member of ${role} only`);
    return url ?? databaseUrl;
  };
  const gatewayUrl = loginOf('DATABASE_GATEWAY_URL', 'zone_gateway');
  const governanceUrl = loginOf('DATABASE_GOVERNANCE_URL', 'zone_governance');
  const issuerUrl = loginOf('DATABASE_ISSUER_URL', 'zone_issuer');
  const sequencing = oneOf('AUDIT_SEQUENCER', ['on', 'off'], 'on') === 'on';
  /** Likewise, for roles that not every process takes: whoever opens one that is not named is refused. */
  const loginWhereUsed = (name: string, role: string): string | null => {
    const url = address(name, ['postgres', 'postgresql']);
    if (production && url && url === databaseUrl) faults.push(`${name} must be a login of its own in production, member of ${role} only`);
    return url ?? (production ? null : databaseUrl);
  };
  // A process may sequence that does not offer to when it serves.
  const sequencerUrl = (sequencing ? loginOf : loginWhereUsed)('DATABASE_SEQUENCER_URL', 'zone_sequencer');
  const migrateOnStart = oneOf('MIGRATE_ON_START', ['on', 'off'], production ? 'off' : 'on') === 'on';
  if (production && migrateOnStart && !databaseUrl) faults.push("DATABASE_URL is needed in production where MIGRATE_ON_START=on: the owner's login");
  const auditOrigin = text('AUDIT_ORIGIN', 'zone.example/audit');
  if (!/^[\w./-]{1,100}$/.test(auditOrigin)) faults.push('AUDIT_ORIGIN must be a name of letters, digits, dots, slashes and hyphens');
  const auditKeyFile = file('AUDIT_KEY_FILE') ?? join(resolve(home), 'audit', 'signing.pem');
  const witnessFile = text('AUDIT_WITNESS_FILE', join(dirname(auditKeyFile), 'witness.jsonl'));
  const witnessUrl = address('AUDIT_WITNESS_URL', ['https', 'http']);
  if (witnessUrl && !isPrivateWay(witnessUrl)) faults.push('AUDIT_WITNESS_URL must begin with https://, but on this machine');

  const redisUrl = addressesOfRedis(env, faults);
  const redisCluster = oneOf('REDIS_CLUSTER', ['on', 'off'], redisUrl?.includes(',') ? 'on' : 'off') === 'on';
  if (redisUrl?.includes(',') && !redisCluster) faults.push('REDIS_CLUSTER must be on where REDIS_URL names several nodes');
  if (redisCluster && !redisUrl) faults.push('REDIS_URL is needed where REDIS_CLUSTER=on: some of the nodes');
  if (redisCluster && redisUrl?.split(',').some((url) => URL.canParse(url) && !/^\/?0?$/.test(new URL(url).pathname)))
    faults.push('REDIS_URL must name no database where REDIS_CLUSTER=on: a cluster has the first one only');
  const replicaDatabaseUrl = address('DATABASE_REPLICA_URL', ['postgres', 'postgresql']);
  if (production && replicaDatabaseUrl && replicaDatabaseUrl === databaseUrl)
    faults.push('DATABASE_REPLICA_URL must be a login of its own in production, member of zone_gateway only');

  const tokenBinding = oneOf('TOKEN_BINDING', ['required', 'optional'], production ? 'required' : 'optional');
  if (production && tokenBinding === 'optional') faults.push('TOKEN_BINDING must be required in production');
  if (production && !env.PUBLIC_URL?.trim())
    faults.push('PUBLIC_URL is needed in production: proofs name the address they are for, and no header is believed about it');
  const tokenAudience = text('TOKEN_AUDIENCE', production ? PRODUCTION_AUDIENCE : SANDBOX_AUDIENCE);
  const audiences = {
    sandbox: text('TOKEN_SANDBOX_AUDIENCE', production ? SANDBOX_AUDIENCE : tokenAudience),
    production: text('TOKEN_PRODUCTION_AUDIENCE', production ? tokenAudience : PRODUCTION_AUDIENCE),
  };
  if (audiences.sandbox === audiences.production) faults.push('TOKEN_PRODUCTION_AUDIENCE must differ from TOKEN_SANDBOX_AUDIENCE');
  if (tokenAudience !== audiences[production ? 'production' : 'sandbox'])
    faults.push(`TOKEN_AUDIENCE must be that of ${production ? 'production' : 'the sandbox'}`);
  const [certificate, key, clientCa] = [file('TLS_CERT_FILE'), file('TLS_KEY_FILE'), file('TLS_CLIENT_CA_FILE')];
  if ((certificate === null) !== (key === null) || (clientCa && !certificate)) faults.push('TLS_CERT_FILE must stand together with TLS_KEY_FILE');

  const [webhookUrl, webhookSecretFile] = [address('ALERT_WEBHOOK_URL', ['https', 'http']), file('ALERT_WEBHOOK_SECRET_FILE')];
  if (webhookUrl && !isPrivateWay(webhookUrl)) faults.push('ALERT_WEBHOOK_URL must begin with https://, but on this machine');
  if ((webhookUrl === null) !== (webhookSecretFile === null)) faults.push('ALERT_WEBHOOK_URL must stand together with ALERT_WEBHOOK_SECRET_FILE');

  const config: Config = {
    port: whole('PORT', 4000, 0, 65535),
    host: text('HOST', '127.0.0.1'),
    zoneHome: isAbsolute(home) ? home : resolve(home),
    schemaFolder: join(PROJECT, 'schema'),
    seedsFolder: join(PROJECT, 'seeds'),
    databaseUrl,
    migrateOnStart,
    gatewayDatabaseUrl: gatewayUrl,
    governanceDatabaseUrl: governanceUrl,
    deliveryDatabaseUrl: loginWhereUsed('DATABASE_DELIVERY_URL', 'zone_delivery'),
    issuerDatabaseUrl: issuerUrl,
    sequencerDatabaseUrl: sequencerUrl,
    keeperDatabaseUrl: loginWhereUsed('DATABASE_KEEPER_URL', 'zone_keeper'),
    verifierDatabaseUrl: loginWhereUsed('DATABASE_VERIFIER_URL', 'zone_verifier'),
    redisUrl,
    redisCluster,
    replicaDatabaseUrl,
    poolSize: whole('DATABASE_POOL', 8, 2, 200),
    cacheBytes: whole('CACHE_MB', 64, 4, 65_536) * 1_000_000,
    planning: oneOf('PLANNED_EXECUTION', ['on', 'off'], 'on') === 'on',
    statementLimitMs: whole('DATABASE_LIMIT_MS', 900, 100, 60_000),
    production,
    logLevel: oneOf('LOG_LEVEL', LOG_LEVELS, 'info'),
    tokenIssuer: text('TOKEN_ISSUER', 'https://issuer.zone.example'),
    tokenAudience,
    audiences,
    tokenJwksFile,
    tokenJwksUrl,
    tokenBinding,
    publicUrl: address('PUBLIC_URL', ['https', 'http'])?.replace(/\/+$/, '') ?? null,
    tls: certificate && key ? { certificate, key, clientCa } : null,
    sequencing,
    auditCheckpointMs: whole('AUDIT_CHECKPOINT_MS', 3_000, 100, 4_000),
    auditOrigin,
    auditKeyFile,
    auditWitnessFile: witnessFile === 'off' ? null : witnessFile,
    auditWitnessUrl: witnessUrl,
    auditArchiveFolder: file('AUDIT_ARCHIVE_FOLDER') ?? join(resolve(home), 'audit', 'archive'),
    alertWebhook: webhookUrl && webhookSecretFile ? { url: webhookUrl, secretFile: webhookSecretFile } : null,
    corsOrigins: text('CORS_ORIGINS', '')
      .split(',')
      .map((origin) => origin.trim())
      .filter(Boolean),
  };
  if (faults.length > 0) throw new Fault('CONFIG_FAULTY', { detail: faults.join('; ') });
  return Object.freeze(config);
}

/** One address, or several separated by commas, which then are nodes of a cluster and reached alike. */
function addressesOfRedis(env: Readonly<Record<string, string | undefined>>, faults: string[]): string | null {
  const urls = (env.REDIS_URL ?? '')
    .split(',')
    .map((url) => url.trim())
    .filter(Boolean);
  if (urls.length === 0) return null;
  if (!urls.every((url) => /^rediss?:\/\//.test(url) && (urls.length === 1 || URL.canParse(url))))
    faults.push('REDIS_URL must begin with redis:// or rediss://');
  else if (urls.length > 1) {
    const ways = urls.map((url) => new URL(url)).map(({ protocol, username, password }) => JSON.stringify([protocol, username, password]));
    if (new Set(ways).size > 1) faults.push('REDIS_URL must give all nodes the same scheme and login');
  }
  return urls.join(',');
}

/** Keys that come over an open way could be anybody's; what goes over one, anybody can hold back. */
function isPrivateWay(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}
