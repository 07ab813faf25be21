/** The files that start several machines: they are not run here, but what they say of this project is true. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { type Config, readConfig } from '../../src/config.js';
import { PROJECT } from '../harness/house.js';

interface Service {
  readonly image?: string;
  readonly build?: string;
  readonly command?: string | string[];
  readonly entrypoint?: string[];
  readonly environment?: Record<string, string>;
  readonly secrets?: string[];
  readonly volumes?: string[];
  readonly depends_on?: Record<string, { condition: string }>;
  readonly healthcheck?: unknown;
}
interface Compose {
  readonly services: Record<string, Service>;
  readonly secrets: Record<string, { file: string }>;
  readonly volumes: Record<string, unknown>;
}
const compose = parse(readFileSync(join(PROJECT, 'docker-compose.scale.yml'), 'utf8'), { merge: true }) as Compose;
const services = Object.entries(compose.services);
const ours = services.filter(([, { build }]) => build !== undefined);
/** As the image of a database reads them; PASSWORDS_OF is read by deploy/with-passwords.sh. */
const OTHERS = /^(POSTGRES_(USER|PASSWORD_FILE|DB|INITDB_ARGS)|PGPASSFILE|PGDATA|PASSWORDS_OF)$/;

test('there are a coordinator, workers, a replica, a cluster of three, three gateways and what is before them', () => {
  expect(Object.keys(compose.services).sort()).toEqual(
    'citus-init coordinator gateway-1 gateway-2 gateway-3 migrate proxy redis-1 redis-2 redis-3 redis-init replica sequencer worker-1 worker-2'.split(' '),
  );
});

test.each(services)('%s: an image of a tag and of no certain registry', (_, { image }) => {
  expect(image).toMatch(/^(?:[a-z0-9-]+\/)?[a-z0-9-]+:\d+\.\d+[\w.-]*$/);
});

test.each(services)(
  '%s: names services, secrets, volumes and files that are there',
  (name, { depends_on = {}, secrets = [], volumes = [], entrypoint = [], healthcheck }) => {
    for (const [other, { condition }] of Object.entries(depends_on)) {
      expect(Object.keys(compose.services)).toContain(other);
      // What is waited for until it is well tells whether it is: by its compose file, or by the image that the Dockerfile makes.
      const { healthcheck: check, build } = compose.services[other] as Service;
      if (condition === 'service_healthy') expect([other, check !== undefined || build !== undefined]).toEqual([other, true]);
    }
    for (const secret of secrets) expect(compose.secrets[secret]?.file).toBe(`deploy/secrets/${secret}`);
    for (const volume of volumes) {
      const [from = '', to = ''] = volume.split(':');
      if (!from.startsWith('./')) expect(Object.keys(compose.volumes)).toContain(from);
      else if (to.endsWith('.sh')) expect(statSync(join(PROJECT, from)).mode & 0o111).not.toBe(0);
      else expect(existsSync(join(PROJECT, from))).toBe(true);
    }
    const scripts = entrypoint.filter((word) => word.startsWith('/deploy/'));
    for (const script of scripts) expect([name, volumes]).toEqual([name, expect.arrayContaining([`.${script}:${script}:ro`])]);
    if (!/init|migrate/.test(name)) expect([name, healthcheck !== undefined || name.startsWith('gateway')]).toEqual([name, true]);
  },
);

test.each(services)('%s: sets variables that are read, and no password', (_, { environment = {} }) => {
  const config = readFileSync(join(PROJECT, 'src', 'config.ts'), 'utf8');
  for (const [name, value] of Object.entries(environment)) {
    expect([name, OTHERS.test(name) || config.includes(`'${name}'`) || config.includes(`env.${name}`)]).toEqual([name, true]);
    expect(value).not.toMatch(/:[^/@]*@/);
  }
});

describe('with the passwords put in', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'zone-secrets-'));
    for (const secret of Object.keys(compose.secrets)) writeFileSync(join(folder, secret), `secret-of-${secret}\n`);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function configOf(name: string): Config {
    const { environment = {} } = compose.services[name] as Service;
    const given = Object.fromEntries(
      Object.entries(environment).map(([variable, value]) => [variable, value.replace(/^\$\{PUBLIC_URL:\?.*\}$/, 'https://zone.example')]),
    );
    const env = { PATH: '/usr/bin:/bin', SECRETS_FOLDER: folder, ...given };
    const printed = execFileSync('/bin/sh', [join(PROJECT, 'deploy', 'with-passwords.sh'), 'env', '-0'], { env, encoding: 'utf8' });
    return readConfig(Object.fromEntries(printed.split('\0').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])));
  }

  test.each(ours.map(([name]) => name))('%s has a configuration that is accepted, and the secrets that it names', (name) => {
    const { environment = {}, secrets = [] } = compose.services[name] as Service;
    const config = configOf(name);
    for (const [, secret] of String(environment.PASSWORDS_OF).matchAll(/=(\w+)/g)) expect(secrets).toContain(`${secret}_password`);
    expect(config.production).toBe(name !== 'migrate');
    expect(config.databaseUrl !== null).toBe(name === 'migrate');
  });

  test('gateways read records from the replica, keep them in the cluster and neither migrate nor sequence', () => {
    expect(configOf('gateway-2')).toMatchObject({
      gatewayDatabaseUrl: 'postgres://zone_gateway:secret-of-gateway_password@coordinator:5432/zone',
      replicaDatabaseUrl: 'postgres://zone_gateway:secret-of-gateway_password@replica:5432/zone',
      redisUrl: 'redis://redis-1:6379,redis://redis-2:6379,redis://redis-3:6379',
      redisCluster: true,
      migrateOnStart: false,
      sequencing: false,
    });
  });
});

test('the proxy knows every gateway, and asks whether it is well where it tells', () => {
  const proxy = readFileSync(join(PROJECT, 'deploy', 'haproxy.cfg'), 'utf8');
  const gateways = Object.keys(compose.services).filter((name) => name.startsWith('gateway-'));
  expect([...proxy.matchAll(/^ {2}server (\S+) (\S+):4000$/gm)].map(([, name, host]) => [name, host])).toEqual(gateways.map((name) => [name, name]));
  expect(proxy).toContain('uri /health');
  expect(readFileSync(join(PROJECT, 'Dockerfile'), 'utf8')).toContain('PORT=4000');
});
