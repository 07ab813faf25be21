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
  /** null: the embedded PostgreSQL. The owner migrates; gateway and delivery serve with less. */
  readonly databaseUrl: string | null;
  readonly gatewayDatabaseUrl: string | null;
  readonly governanceDatabaseUrl: string | null;
  readonly deliveryDatabaseUrl: string | null;
  /** null: no Redis; the in-process cache alone. */
  readonly redisUrl: string | null;
  readonly poolSize: number;
  /** What the gateway waits for a statement, in ms. One that reads and one that appends together must stay below two seconds. */
  readonly statementLimitMs: number;
  readonly production: boolean;
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'silent';
  readonly tokenIssuer: string;
  readonly tokenAudience: string;
  /** JWKS of an external issuer; null: the sandbox issuer's key in `zoneHome`, refused in production. */
  readonly tokenJwksFile: string | null;
  /** Origins of browsers that may call; empty: none. */
  readonly corsOrigins: readonly string[];
}

const PROJECT = dirname(dirname(fileURLToPath(import.meta.url)));
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
  const tokenJwksFile = env.TOKEN_JWKS_FILE?.trim() || null;
  if (production && !tokenJwksFile) faults.push('TOKEN_JWKS_FILE is needed in production: the sandbox issuer is not trusted there');
  const gatewayUrl = address('DATABASE_GATEWAY_URL', ['postgres', 'postgresql']);
  if (production && (!gatewayUrl || gatewayUrl === databaseUrl)) {
    faults.push('DATABASE_GATEWAY_URL is needed in production: a login of its own, member of zone_gateway only, so that the log is append-only to it');
  }
  if (production && !databaseUrl) faults.push('DATABASE_URL is needed in production: the embedded PostgreSQL is for trying out');

  const config: Config = {
    port: whole('PORT', 4000, 0, 65535),
    host: text('HOST', '127.0.0.1'),
    zoneHome: isAbsolute(home) ? home : resolve(home),
    schemaFolder: join(PROJECT, 'schema'),
    seedsFolder: join(PROJECT, 'seeds'),
    databaseUrl,
    gatewayDatabaseUrl: gatewayUrl ?? databaseUrl,
    governanceDatabaseUrl: address('DATABASE_GOVERNANCE_URL', ['postgres', 'postgresql']) ?? databaseUrl,
    deliveryDatabaseUrl: address('DATABASE_DELIVERY_URL', ['postgres', 'postgresql']) ?? databaseUrl,
    redisUrl: address('REDIS_URL', ['redis', 'rediss']),
    poolSize: whole('DATABASE_POOL', 8, 2, 200),
    statementLimitMs: whole('DATABASE_LIMIT_MS', 900, 100, 60_000),
    production,
    logLevel: oneOf('LOG_LEVEL', LOG_LEVELS, 'info'),
    tokenIssuer: text('TOKEN_ISSUER', 'https://issuer.zone.example'),
    tokenAudience: text('TOKEN_AUDIENCE', 'https://gateway.zone.example'),
    tokenJwksFile,
    corsOrigins: text('CORS_ORIGINS', '')
      .split(',')
      .map((origin) => origin.trim())
      .filter(Boolean),
  };
  if (faults.length > 0) throw new Fault('CONFIG_FAULTY', { detail: faults.join('; ') });
  return Object.freeze(config);
}
