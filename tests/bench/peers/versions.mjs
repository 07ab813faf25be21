// Which versions were measured, as they lie here.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = dirname(fileURLToPath(import.meta.url));
const MEASURED = [
  'mercurius',
  'graphql-jit',
  'mercurius-auth',
  'graphql-yoga',
  'graphql-shield',
  '@apollo/server',
  'express',
  'fastify',
  'postgraphile',
  'graphql',
  'pg',
  'ioredis',
];

export function versionsOf({ postgres, newerNode }) {
  const peers = Object.fromEntries(
    MEASURED.map((name) => [name, JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8')).version]),
  );
  const redis = /v=(\S+)/.exec(execFileSync('redis-server', ['--version'], { encoding: 'utf8' }))?.[1];
  return { node: process.version, newerNode: newerNode && execFileSync(newerNode, ['--version'], { encoding: 'utf8' }).trim(), postgres, redis, ...peers };
}
