import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type Config, readConfig } from '../../src/config.js';
import { Fault } from '../../src/faults.js';
import { openDatabase } from '../../src/zone/database.js';

type Environment = Record<string, string | undefined>;

function faultOf(environment: Environment): Fault {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error('nothing was wrong');
}
/** Names of the variables that a refusal tells to be wrong. */
const wrong = (environment: Environment) => faultOf(environment).message.match(/\b[A-Z]+_?[A-Z_]*(?= (?:must|is needed))/g);

const PRODUCTION = {
  ZONE_ENV: 'production',
  DATABASE_URL: 'postgres://db/zone',
  TOKEN_JWKS_FILE: '/etc/zone/jwks.json',
  DATABASE_GATEWAY_URL: 'postgres://gateway@db/zone',
  DATABASE_GOVERNANCE_URL: 'postgres://governance@db/zone',
  DATABASE_ISSUER_URL: 'postgres://issuer@db/zone',
  DATABASE_SEQUENCER_URL: 'postgres://sequencer@db/zone',
  PUBLIC_URL: 'https://gateway.zone.example',
};

describe('an empty environment', () => {
  const config = readConfig({});

  test('gives a zone that runs on this machine alone', () => {
    expect(config).toMatchObject({
      port: 4000,
      host: '127.0.0.1',
      databaseUrl: null,
      gatewayDatabaseUrl: null,
      deliveryDatabaseUrl: null,
      redisUrl: null,
      production: false,
      logLevel: 'info',
      tokenJwksFile: null,
      corsOrigins: [],
    });
  });

  test('names folders that exist, wherever the process was started', () => {
    expect(existsSync(join(config.schemaFolder, 'catalogue'))).toBe(true);
    expect(existsSync(join(config.seedsFolder, 'policy.yaml'))).toBe(true);
    expect(isAbsolute(config.zoneHome)).toBe(true);
  });

  test('cannot be changed afterwards', () => {
    expect(Object.isFrozen(config)).toBe(true);
    expect(() => Object.assign(config, { port: 1 })).toThrow(TypeError);
  });
});

describe('a variable', () => {
  test.each<[name: string, value: string, key: keyof Config, read: unknown]>([
    ['PORT', '8080', 'port', 8080],
    ['PORT', '0', 'port', 0],
    ['PORT', ' 4001 ', 'port', 4001],
    ['PORT', '', 'port', 4000],
    ['HOST', '0.0.0.0', 'host', '0.0.0.0'],
    ['ZONE_HOME', '/srv/zone', 'zoneHome', '/srv/zone'],
    ['DATABASE_URL', 'postgresql://db/zone', 'databaseUrl', 'postgresql://db/zone'],
    ['DATABASE_URL', '  ', 'databaseUrl', null],
    ['REDIS_URL', 'rediss://cache:6380', 'redisUrl', 'rediss://cache:6380'],
    ['REDIS_URL', 'redis://one:1, redis://two:2 ,', 'redisUrl', 'redis://one:1,redis://two:2'],
    ['REDIS_URL', 'redis://one:1,redis://two:2', 'redisCluster', true],
    ['REDIS_URL', 'redis://one:1', 'redisCluster', false],
    ['DATABASE_REPLICA_URL', 'postgres://replica/zone', 'replicaDatabaseUrl', 'postgres://replica/zone'],
    ['DATABASE_POOL', '20', 'poolSize', 20],
    ['CACHE_MB', '200', 'cacheBytes', 200_000_000],
    ['LOG_LEVEL', 'silent', 'logLevel', 'silent'],
    ['TOKEN_ISSUER', 'https://id.example', 'tokenIssuer', 'https://id.example'],
    ['TOKEN_AUDIENCE', 'https://zone.example', 'tokenAudience', 'https://zone.example'],
    ['TOKEN_JWKS_URL', 'https://id.example/jwks', 'tokenJwksUrl', 'https://id.example/jwks'],
    ['TOKEN_JWKS_URL', 'http://127.0.0.1:9/jwks', 'tokenJwksUrl', 'http://127.0.0.1:9/jwks'],
    ['TOKEN_BINDING', 'required', 'tokenBinding', 'required'],
    ['TOKEN_BINDING', '', 'tokenBinding', 'optional'],
    ['TOKEN_AUDIENCE', 'https://a.example', 'audiences', { sandbox: 'https://a.example', production: 'https://gateway.zone.example' }],
    ['PUBLIC_URL', 'https://zone.example/', 'publicUrl', 'https://zone.example'],
    ['AUDIT_KEY_FILE', '/secrets/audit.pem', 'auditWitnessFile', '/secrets/witness.jsonl'],
    ['AUDIT_WITNESS_FILE', '/mnt/worm/witness.jsonl', 'auditWitnessFile', '/mnt/worm/witness.jsonl'],
    ['AUDIT_WITNESS_FILE', 'off', 'auditWitnessFile', null],
    ['AUDIT_WITNESS_URL', 'https://witness.example/notes', 'auditWitnessUrl', 'https://witness.example/notes'],
    ['CORS_ORIGINS', 'https://a.example, https://b.example,', 'corsOrigins', ['https://a.example', 'https://b.example']],
  ])('%s=%j is read into %s', (name, value, key, read) => {
    expect(readConfig({ [name]: value })[key]).toEqual(read);
  });

  test('of a role that is not named falls back to the database of all', () => {
    const config = readConfig({ DATABASE_URL: 'postgres://db/zone', DATABASE_GATEWAY_URL: 'postgres://gateway@db/zone' });
    expect([config.gatewayDatabaseUrl, config.deliveryDatabaseUrl]).toEqual(['postgres://gateway@db/zone', 'postgres://db/zone']);
  });

  test.each<[name: string, value: string]>([
    ['PORT', '-1'],
    ['PORT', '65536'],
    ['PORT', '40.5'],
    ['PORT', 'four thousand'],
    ['DATABASE_POOL', '1'],
    ['DATABASE_POOL', '201'],
    ['CACHE_MB', '3'],
    ['DATABASE_URL', 'mysql://db/zone'],
    ['DATABASE_GATEWAY_URL', 'db:5432'],
    ['DATABASE_DELIVERY_URL', 'http://db'],
    ['REDIS_URL', 'memcached://cache'],
    ['AUDIT_WITNESS_URL', 'http://witness.example/'],
    ['MIGRATE_ON_START', 'perhaps'],
    ['LOG_LEVEL', 'loud'],
    ['ZONE_ENV', 'staging'],
  ])('%s=%s is refused by its name', (name, value) => {
    expect(faultOf({ [name]: value }).code).toBe('CONFIG_FAULTY');
    expect(wrong({ [name]: value })).toEqual([name]);
  });
});

describe('a cluster of Redis', () => {
  test.each([
    ['several nodes of no cluster', { REDIS_URL: 'redis://one,redis://two', REDIS_CLUSTER: 'off' }, ['REDIS_CLUSTER']],
    ['no node', { REDIS_CLUSTER: 'on' }, ['REDIS_URL']],
    ['a second database', { REDIS_URL: 'redis://one/2', REDIS_CLUSTER: 'on' }, ['REDIS_URL']],
    ['two logins', { REDIS_URL: 'redis://a:x@one,redis://a:y@two' }, ['REDIS_URL']],
    ['two ways', { REDIS_URL: 'redis://one,rediss://two' }, ['REDIS_URL']],
    ['something else among them', { REDIS_URL: 'redis://one,http://two' }, ['REDIS_URL']],
  ])('with %s is refused', (_, environment, names) => {
    expect(wrong(environment)).toEqual(names);
    expect(faultOf(environment).message).not.toMatch(/two|:[xy]@/);
  });

  test('may be named by one of its nodes', () => {
    expect(readConfig({ REDIS_URL: 'rediss://u:p@one:7000', REDIS_CLUSTER: 'on' })).toMatchObject({ redisCluster: true, redisUrl: 'rediss://u:p@one:7000' });
  });
});

describe('a faulty environment', () => {
  /** Everything wrong that can be wrong at once, each with a value that nobody may read. */
  const SECRET = 'hunter2-geheim';
  const faulty = {
    PORT: SECRET,
    DATABASE_POOL: SECRET,
    DATABASE_URL: `${SECRET}://user:${SECRET}@db`,
    DATABASE_GATEWAY_URL: SECRET,
    DATABASE_DELIVERY_URL: SECRET,
    REDIS_URL: SECRET,
    LOG_LEVEL: SECRET,
    ZONE_ENV: SECRET,
  };

  test('is told all its faults at once', () => {
    expect(new Set(wrong(faulty))).toEqual(new Set(Object.keys(faulty)));
  });

  test('is told without a single value, which may be a password', () => {
    const fault = faultOf(faulty);
    expect(JSON.stringify([fault.message, fault.extensions, fault.facts, String(fault.stack)])).not.toContain(SECRET);
  });
});

describe('production', () => {
  test('has tokens that are bound, and for production', () => {
    expect(readConfig(PRODUCTION)).toMatchObject({
      tokenBinding: 'required',
      tokenAudience: 'https://gateway.zone.example',
      audiences: { sandbox: 'https://sandbox.zone.example', production: 'https://gateway.zone.example' },
    });
  });

  test('is what it says when database and keys are named', () => {
    expect(readConfig(PRODUCTION)).toMatchObject({ production: true, tokenJwksFile: '/etc/zone/jwks.json', databaseUrl: 'postgres://db/zone' });
  });

  test.each([
    ['the sandbox issuer', { ...PRODUCTION, TOKEN_JWKS_FILE: undefined }, ['TOKEN_JWKS_FILE']],
    ['tokens that are bound to nothing', { ...PRODUCTION, TOKEN_BINDING: 'optional' }, ['TOKEN_BINDING']],
    ['the audience of the sandbox', { ...PRODUCTION, TOKEN_SANDBOX_AUDIENCE: 'https://gateway.zone.example' }, ['TOKEN_PRODUCTION_AUDIENCE']],
    ['two issuers', { ...PRODUCTION, TOKEN_JWKS_URL: 'https://id.example/jwks' }, ['TOKEN_JWKS_URL']],
    ['keys over an open way', { ...PRODUCTION, TOKEN_JWKS_FILE: undefined, TOKEN_JWKS_URL: 'http://id.example/jwks' }, ['TOKEN_JWKS_URL']],
    ['half a listener', { ...PRODUCTION, TLS_CERT_FILE: '/etc/zone/cert.pem' }, ['TLS_CERT_FILE']],
    ['the owner who is to migrate and is not named', { ...PRODUCTION, DATABASE_URL: '', MIGRATE_ON_START: 'on' }, ['DATABASE_URL']],
    ['the owner as keeper', { ...PRODUCTION, DATABASE_KEEPER_URL: PRODUCTION.DATABASE_URL }, ['DATABASE_KEEPER_URL']],
    ['the owner as delivery', { ...PRODUCTION, DATABASE_DELIVERY_URL: PRODUCTION.DATABASE_URL }, ['DATABASE_DELIVERY_URL']],
    [
      'the owner as sequencer elsewhere',
      { ...PRODUCTION, AUDIT_SEQUENCER: 'off', DATABASE_SEQUENCER_URL: PRODUCTION.DATABASE_URL },
      ['DATABASE_SEQUENCER_URL'],
    ],
    ['the owner at the replica', { ...PRODUCTION, DATABASE_REPLICA_URL: PRODUCTION.DATABASE_URL }, ['DATABASE_REPLICA_URL']],
    ['the owner as gateway', { ...PRODUCTION, DATABASE_GATEWAY_URL: PRODUCTION.DATABASE_URL }, ['DATABASE_GATEWAY_URL']],
    ['the owner as officer', { ...PRODUCTION, DATABASE_GOVERNANCE_URL: undefined }, ['DATABASE_GOVERNANCE_URL']],
    ['the owner as sequencer', { ...PRODUCTION, DATABASE_SEQUENCER_URL: PRODUCTION.DATABASE_URL }, ['DATABASE_SEQUENCER_URL']],
    ['the owner as issuer', { ...PRODUCTION, DATABASE_ISSUER_URL: PRODUCTION.DATABASE_URL }, ['DATABASE_ISSUER_URL']],
    [
      'any of it',
      { ZONE_ENV: 'production' },
      ['TOKEN_JWKS_FILE', 'DATABASE_GATEWAY_URL', 'DATABASE_GOVERNANCE_URL', 'DATABASE_ISSUER_URL', 'DATABASE_SEQUENCER_URL', 'PUBLIC_URL'],
    ],
  ])('does not trust %s', (_what, environment, names) => {
    expect(wrong(environment)).toEqual(names);
  });
});

test('a witness may stand on this machine, or anywhere by https', () => {
  for (const url of ['http://127.0.0.1:9000/', 'http://localhost/take', 'https://witness.example/'])
    expect(readConfig({ AUDIT_WITNESS_URL: url }).auditWitnessUrl).toBe(url);
});

describe('production without the owner', () => {
  const environment = { ...PRODUCTION, DATABASE_URL: undefined };

  test('serves, and migrates only where that is asked', () => {
    expect(readConfig({})).toMatchObject({ migrateOnStart: true });
    expect(readConfig(PRODUCTION)).toMatchObject({ migrateOnStart: false });
    expect(readConfig({ ...PRODUCTION, MIGRATE_ON_START: 'on' })).toMatchObject({ migrateOnStart: true });
    expect(readConfig(environment)).toMatchObject({ migrateOnStart: false, databaseUrl: null });
  });

  test('opens no login that was not named, and never the owner in its place', async () => {
    for (const [named, owner] of [
      [environment, true],
      [PRODUCTION, false],
    ] as const) {
      const database = await openDatabase(readConfig(named));
      await database.open('zone_gateway').close();
      for (const [role, name] of [
        ['zone_keeper', 'DATABASE_KEEPER_URL'],
        ['zone_delivery', 'DATABASE_DELIVERY_URL'],
        ['zone_verifier', 'DATABASE_VERIFIER_URL'],
      ] as const)
        expect(() => database.open(role)).toThrow(name);
      if (owner) expect(() => database.ownerUrl).toThrow('DATABASE_URL');
      else expect(database.ownerUrl).toBe(PRODUCTION.DATABASE_URL);
    }
  });
});
