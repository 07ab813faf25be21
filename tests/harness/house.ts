/**
 * The law of the house (DESIGN §1) as functions over source texts: each gives what breaks it, so that tests can put the
 * real house and invented violations to the same question.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { declaredIn, type Import, importsOf, type Node, treeOf, visit } from './syntax.js';

export const PROJECT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Source texts by their path below `src/`. */
export type House = Readonly<Record<string, string>>;
export type Law = (house: House) => string[];

export function readHouse(): House {
  const folder = join(PROJECT, 'src');
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  return Object.fromEntries(paths.sort().map((path) => [path, readFileSync(join(folder, path), 'utf8')]));
}

const importsIn = (house: House): Import[] => Object.entries(house).flatMap(([path, text]) => importsOf(path, text));
const isOurs = ({ to }: Import): boolean => to?.startsWith('.') ?? false;
const pathOf = ({ from, to }: Import): string => posix.join(posix.dirname(from), to ?? '').replace(/\.js$/, '.ts');
/** The folder below `src/`, or the file where it stands there alone. */
const roomOf = (path: string): string => path.split('/')[0]?.replace(/\.ts$/, '') ?? path;

/** Who stands directly above whom; whoever is above may use everything below. */
const BELOW: Readonly<Record<string, readonly string[]>> = {
  main: ['commands', 'config'],
  commands: ['zone', 'verify', 'synthetic', 'migrations', 'config'],
  zone: ['verify', 'alerts', 'reports', 'http', 'issuer', 'console', 'exchange', 'delivery', 'embedded', 'config'],
  exchange: ['grounds', 'records', 'audit', 'governance', 'allowance', 'operations', 'alerts', 'reports'],
  alerts: ['audit', 'locks'],
  reports: ['audit'],
  verify: ['terms', 'faults'],
  governance: ['audit', 'access', 'locks'],
  delivery: ['records', 'catalogue', 'locks', 'distribution'],
  console: ['audit', 'access'],
  http: ['audit', 'access', 'cause'],
  issuer: ['terms', 'faults', 'cause'],
  grounds: ['access'],
  allowance: ['access'],
  operations: ['access'],
  records: ['access', 'within'],
  audit: ['access', 'within', 'locks', 'rest'],
  synthetic: ['catalogue', 'locks'],
  migrations: ['catalogue', 'locks', 'distribution'],
  access: ['catalogue', 'beijing'],
  catalogue: ['terms', 'faults'],
  embedded: ['terms', 'faults'],
  config: ['terms', 'faults'],
  postgres: ['terms', 'faults', 'within'],
  redis: ['terms', 'faults', 'within'],
  within: [],
  locks: [],
  distribution: [],
  rest: [],
  beijing: [],
  cause: [],
  faults: ['terms'],
  terms: [],
};
/** Stores are not reached through another room: whoever uses one is named here. */
const STORES: Readonly<Record<string, readonly string[]>> = {
  postgres: [
    'zone',
    'commands',
    'issuer',
    'records',
    'grounds',
    'audit',
    'governance',
    'delivery',
    'console',
    'synthetic',
    'operations',
    'alerts',
    'reports',
    'verify',
  ],
  redis: ['zone', 'records', 'allowance'],
};
/** What opens a pool, a client, a key, a server or the environment, and who may. */
const OPENERS: readonly (readonly [file: string, name: string, rooms: readonly string[]])[] = [
  ['postgres.ts', 'openPostgres', ['zone']],
  ['redis.ts', 'openRedis', ['zone']],
  ['embedded.ts', 'openEmbeddedPostgres', ['zone']],
  ['issuer/signingKeys.ts', 'openSigningKeys', ['zone']],
  ['issuer/sandboxIssuer.ts', 'openSandboxIssuer', ['zone']],
  ['audit/keyFiles.ts', 'openKeyFiles', ['zone', 'audit']],
  ['audit/signer.ts', 'openSigner', ['zone']],
  ['migrations.ts', 'migrate', ['zone', 'commands']],
  ['config.ts', 'readConfig', ['zone', 'commands', 'main']],
];

function everythingBelow(room: string): Set<string> {
  const found = new Set<string>();
  const descend = (from: string) => {
    for (const next of BELOW[from] ?? []) if (!found.has(next) && found.add(next)) descend(next);
  };
  descend(room);
  return found;
}

export const arrowsPointDownward: Law = (house) => [
  ...Object.keys(house).flatMap((path) => (roomOf(path) in BELOW ? [] : [`${path}: the room ${roomOf(path)} has no place in the house`])),
  ...importsIn(house).flatMap((one): string[] => {
    if (one.to === null) return [`${one.from}: imports an expression`];
    if (!isOurs(one)) return [];
    const path = pathOf(one);
    if (!(path in house)) return [`${one.from}: ${one.to} is not of the house`];
    const [from, to] = [roomOf(one.from), roomOf(path)];
    if (from === to) return [];
    const allowed = to in STORES ? STORES[to]?.includes(from) : everythingBelow(from).has(to);
    if (!allowed) return [`${one.from}: ${from} -> ${to} points upward or across`];
    return OPENERS.filter(([file, name, rooms]) => path === file && !rooms.includes(from) && one.values.some((value) => value === name || value === '*')).map(
      ([, name]) => `${one.from}: ${name} is not for ${from}`,
    );
  }),
];

export const filesRunInNoCircle: Law = (house) => {
  const arrows = new Map(Object.keys(house).map((path) => [path, [] as string[]]));
  for (const one of importsIn(house)) if (isOurs(one)) arrows.get(one.from)?.push(pathOf(one));
  const circles: string[] = [];
  const done = new Set<string>();
  const walk = (path: string, way: readonly string[]) => {
    const met = way.indexOf(path);
    if (met >= 0) circles.push([...way.slice(met), path].join(' -> '));
    if (met >= 0 || done.has(path)) return;
    for (const next of arrows.get(path) ?? []) walk(next, [...way, path]);
    done.add(path);
  };
  for (const path of arrows.keys()) walk(path, []);
  return circles;
};

/** Files that may run a driver; delivery, synthetic and distribution name its types where they take a client. */
const DRIVERS: Readonly<Record<string, readonly string[]>> = {
  pg: ['postgres.ts', 'embedded.ts', 'migrations.ts'],
  ioredis: ['redis.ts', 'redis/nodes.ts', 'redis/calls.ts'],
  opossum: ['redis.ts'],
  'node:fs': [],
};
const isFileSystem = (module: string) => /^(node:)?fs(\/|$)/.test(module);

export const driversStayInTheirRooms: Law = (house) =>
  importsIn(house).flatMap((one): string[] => {
    if (one.to === null || isOurs(one)) return [];
    const room = roomOf(one.from);
    if (room === 'access') return [`${one.from}: access is pure and takes no ${one.to}`];
    if (room === 'catalogue' && isFileSystem(one.to) && one.from !== 'catalogue/files.ts') return [`${one.from}: only catalogue/files.ts reads files`];
    if (room === 'catalogue' && /^(pg|pg-.*|ioredis|(node:)?(net|http|https|child_process))$/.test(one.to)) return [`${one.from}: takes ${one.to}`];
    const runners = DRIVERS[one.to];
    if (!runners || isFileSystem(one.to) || runners.includes(one.from)) return [];
    return one.typeOnly && ['delivery', 'synthetic', 'distribution'].includes(room) ? [] : [`${one.from}: ${one.to} is for ${runners.join(', ')}`];
  });

const CLOCKS_AND_CHANCE = new Set(['process', 'performance', 'crypto', 'fetch', 'setTimeout', 'setInterval', 'setImmediate', 'globalThis']);

/** `decide` has no clock and no chance: the same inquiry on the same grounds is decided alike for ever. */
export const accessIsPure: Law = (house) =>
  Object.entries(house).flatMap(([path, text]) => {
    const found: string[] = [];
    if (roomOf(path) !== 'access') return found;
    visit(treeOf(text), (node) => {
      if (node.type === 'NewExpression' && node.callee.value === 'Date' && (node.arguments ?? []).length === 0) found.push(`${path}: new Date()`);
      if (node.type === 'CallExpression' && node.callee.type === 'Identifier' && node.callee.value === 'Date') found.push(`${path}: Date()`);
      if (node.type === 'MemberExpression') {
        const name = `${node.object.value}.${node.property.value}`;
        if (name === 'Date.now' || name === 'Math.random') found.push(`${path}: ${name}`);
        if (CLOCKS_AND_CHANCE.has(node.object.value)) found.push(`${path}: ${node.object.value}`);
      }
      if (node.type === 'CallExpression' && CLOCKS_AND_CHANCE.has(node.callee.value)) found.push(`${path}: ${node.callee.value}()`);
    });
    return found;
  });

export const environmentIsReadOnce: Law = (house) =>
  Object.entries(house).flatMap(([path, text]) => {
    if (path === 'config.ts') return [];
    const found = importsOf(path, text).flatMap(({ to }) => (/^(node:)?process$/.test(to ?? '') ? [`${path}: imports ${to}`] : []));
    const look = (node: Node): boolean | undefined => {
      if (node.type === 'Identifier' && node.value === 'process') found.push(`${path}: process is handed on`);
      if (node.type !== 'MemberExpression') return undefined;
      const key = node.property.type === 'Computed' ? node.property.expression : node.property;
      const readable = ['Identifier', 'StringLiteral'].includes(key.type) && !(node.property.type === 'Computed' && key.type === 'Identifier');
      if (node.object.value === 'process' && (key.value === 'env' || !readable)) found.push(`${path}: process.env`);
      if (/^global(This)?$/.test(node.object.value) && (key.value === 'process' || !readable)) found.push(`${path}: ${node.object.value}.process`);
      if (node.object.type !== 'Identifier') visit(node.object, look);
      if (node.property.type === 'Computed') visit(node.property, look);
      return false;
    };
    visit(treeOf(text), look);
    return found;
  });

/** A name says what it exports wherever it is used; and what a file exports is its own. */
export const exportsAreNamedAndOwn: Law = (house) =>
  Object.entries(house).flatMap(([path, text]) => {
    const found: string[] = [];
    visit(treeOf(text), (node) => {
      if (['ExportDefaultDeclaration', 'ExportDefaultExpression', 'TsExportAssignment'].includes(node.type)) found.push(`${path}: default export`);
      if (node.type === 'ExportAllDeclaration' || (node.type === 'ExportNamedDeclaration' && node.source)) found.push(`${path}: hands on what is not its own`);
      if (node.type === 'ExportSpecifier' && (node.exported ?? node.orig).value === 'default') found.push(`${path}: default export`);
    });
    return found;
  });

const SAYS_NOTHING = new Set(['manager', 'service', 'helper', 'util', 'handler', 'info', 'impl', 'abstract', 'common', 'misc']);

/** Words that GraphQL's specification of connections gives. */
const NAMED_BY_OTHERS = new Set(['PageInfo', 'pageInfo']);

export const namesSaySomething: Law = (house) =>
  Object.entries(house).flatMap(([path, text]) =>
    [...path.replace(/\.ts$/, '').split('/'), ...declaredIn(treeOf(text))].flatMap((name) => {
      if (NAMED_BY_OTHERS.has(name)) return [];
      const word = name.split(/(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+/).find((part) => SAYS_NOTHING.has(part.toLowerCase().replace(/s$/, '')));
      return word ? [`${path}: ${name} says "${word}"`] : [];
    }),
  );

/** Lines a file may have: 120 are wanted. */
export const MOST_LINES = 300;

export const filesAreShort: Law = (house) =>
  Object.entries(house).flatMap(([path, text]) => {
    const lines = text.replace(/\n$/, '').split('\n').length;
    return lines > MOST_LINES ? [`${path}: ${lines} lines`] : [];
  });
