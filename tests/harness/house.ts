/**
 * The law of the house (DESIGN §1) as functions over source texts: each gives what breaks it, so that tests can put the
 * real house and invented violations to the same question. Reads syntax trees, not lines: a comment or a string that
 * looks like an import is none.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Options, parseSync } from '@swc/core';

export const PROJECT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Source texts by their path below `src/`. */
export type House = Readonly<Record<string, string>>;
export type Law = (house: House) => string[];

export function readHouse(): House {
  const folder = join(PROJECT, 'src');
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  return Object.fromEntries(paths.sort().map((path) => [path, readFileSync(join(folder, path), 'utf8')]));
}

/* ---- syntax trees ---- */

export interface Node {
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a tree of every shape
  readonly [key: string]: any;
}
const SYNTAX = { syntax: 'typescript', decorators: true, target: 'es2022' } as Options & { syntax: 'typescript' };
const parsed = new Map<string, Node>();

export function treeOf(text: string): Node {
  let tree = parsed.get(text);
  if (!tree) parsed.set(text, (tree = parseSync(text, SYNTAX) as unknown as Node));
  return tree;
}

/** Every node of a tree, parents first; `enter` may say false to keep out of a subtree. */
export function visit(node: unknown, enter: (node: Node) => boolean | undefined | void): void {
  if (Array.isArray(node)) for (const part of node) visit(part, enter);
  else if (typeof node === 'object' && node !== null) {
    if (typeof (node as Node).type === 'string' && enter(node as Node) === false) return;
    for (const part of Object.values(node)) if (typeof part === 'object') visit(part, enter);
  }
}

interface Import {
  readonly from: string;
  /** The module named; null where it is an expression that nobody can follow. */
  readonly to: string | null;
  /** Erased by the compiler: nothing of the module runs. */
  readonly typeOnly: boolean;
}

function importsOf(path: string, text: string): Import[] {
  const found: Import[] = [];
  const note = (to: Node | undefined, typeOnly: boolean) => {
    found.push({ from: path, to: to?.type === 'StringLiteral' ? (to.value as string) : null, typeOnly });
  };
  visit(treeOf(text), (node) => {
    switch (node.type) {
      case 'ImportDeclaration': {
        const named = node.specifiers as Node[];
        note(node.source, node.typeOnly === true || (named.length > 0 && named.every(({ isTypeOnly }) => isTypeOnly === true)));
        break;
      }
      case 'ExportNamedDeclaration':
      case 'ExportAllDeclaration':
        if (node.source) note(node.source, node.typeOnly === true);
        break;
      case 'TsImportType':
        note(node.argument, true);
        break;
      case 'TsExternalModuleReference':
        note(node.expression, false);
        break;
      case 'CallExpression':
        if (node.callee.type === 'Import' || (node.callee.type === 'Identifier' && node.callee.value === 'require'))
          note(node.arguments[0]?.expression, false);
    }
  });
  return found;
}

const importsIn = (house: House): Import[] => Object.entries(house).flatMap(([path, text]) => importsOf(path, text));
const isOurs = ({ to }: Import): boolean => to?.startsWith('.') ?? false;
const pathOf = ({ from, to }: Import): string => posix.join(posix.dirname(from), to ?? '').replace(/\.js$/, '.ts');
/** The folder below `src/`, or the file where it stands there alone. */
const roomOf = (path: string): string => path.split('/')[0]?.replace(/\.ts$/, '') ?? path;

/* ---- laws ---- */

/** Who stands directly above whom; whoever is above may use everything below. */
const BELOW: Readonly<Record<string, readonly string[]>> = {
  main: ['commands', 'config'],
  commands: ['zone', 'synthetic', 'migrations', 'config'],
  zone: ['http', 'console', 'exchange', 'delivery', 'embedded', 'config'],
  exchange: ['grounds', 'records', 'audit'],
  delivery: ['records', 'catalogue'],
  console: ['audit', 'access'],
  http: ['audit', 'access'],
  grounds: ['access'],
  records: ['access'],
  audit: ['access'],
  synthetic: ['catalogue'],
  migrations: ['catalogue'],
  access: ['catalogue'],
  catalogue: ['terms', 'faults'],
  embedded: ['terms', 'faults'],
  config: ['terms', 'faults'],
  postgres: ['terms', 'faults'],
  redis: ['terms', 'faults'],
  faults: ['terms'],
  terms: [],
};
/** Stores are not reached through another room: whoever uses one is named here. */
const STORES: Readonly<Record<string, readonly string[]>> = {
  postgres: ['zone', 'commands', 'records', 'grounds', 'audit', 'delivery', 'console', 'synthetic'],
  redis: ['zone', 'records'],
};
/** What opens a pool, a client, a server or the environment: everybody else may know its types alone. */
const OPENERS: Readonly<Record<string, readonly string[]>> = {
  postgres: ['zone'],
  redis: ['zone'],
  embedded: ['zone'],
  migrations: ['zone', 'commands'],
  config: ['zone', 'commands', 'main'],
};

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
    return !one.typeOnly && OPENERS[to]?.includes(from) === false ? [`${one.from}: ${from} may know the types of ${to} only`] : [];
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

/** Files that may run a driver; delivery and synthetic name its types where they copy rows. */
const DRIVERS: Readonly<Record<string, readonly string[]>> = {
  pg: ['postgres.ts', 'embedded.ts', 'migrations.ts'],
  ioredis: ['redis.ts'],
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
    return one.typeOnly && ['delivery', 'synthetic'].includes(room) ? [] : [`${one.from}: ${one.to} is for ${runners.join(', ')}`];
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

export const namesSaySomething: Law = (house) =>
  Object.entries(house).flatMap(([path, text]) =>
    [...path.replace(/\.ts$/, '').split('/'), ...declaredIn(treeOf(text))].flatMap((name) => {
      const word = name.split(/(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+/).find((part) => SAYS_NOTHING.has(part.toLowerCase().replace(/s$/, '')));
      return word ? [`${path}: ${name} says "${word}"`] : [];
    }),
  );

/** Names that a file gives: of values, types, parameters and members; not those of others that it uses. */
function declaredIn(tree: Node): string[] {
  const names: string[] = [];
  const bind = (pattern: Node | null | undefined): void => {
    if (pattern?.type === 'Identifier') names.push(pattern.value);
    if (pattern?.type === 'AssignmentPatternProperty') names.push(pattern.key.value);
    if (pattern?.type === 'AssignmentPattern') bind(pattern.left);
    if (pattern?.type === 'KeyValuePatternProperty') bind(pattern.value);
    if (pattern?.type === 'RestElement') bind(pattern.argument);
    if (pattern?.type === 'TsParameterProperty') bind(pattern.param);
    for (const part of [...(pattern?.elements ?? []), ...(pattern?.properties ?? [])]) bind(part);
  };
  visit(tree, (node) => {
    switch (node.type) {
      case 'VariableDeclarator':
      case 'TsInterfaceDeclaration':
      case 'TsTypeAliasDeclaration':
      case 'TsEnumDeclaration':
        bind(node.id);
        break;
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ClassDeclaration':
      case 'ClassExpression':
        bind(node.identifier);
        break;
      case 'Parameter':
        bind(node.pat);
        break;
      case 'TsParameterProperty':
        bind(node.param);
        break;
      case 'ArrowFunctionExpression':
        for (const pattern of node.params) bind(pattern);
        break;
      case 'ClassMethod':
      case 'ClassProperty':
      case 'TsPropertySignature':
      case 'TsMethodSignature':
        bind(node.key);
        break;
      case 'PrivateMethod':
      case 'PrivateProperty':
        names.push(node.key.value ?? node.key.id?.value);
        break;
      case 'TsTypeParameter':
        bind(node.name);
    }
  });
  return names.filter((name) => typeof name === 'string');
}

/** Lines a file may have: 120 are wanted. */
export const MOST_LINES = 300;

export const filesAreShort: Law = (house) =>
  Object.entries(house).flatMap(([path, text]) => {
    const lines = text.replace(/\n$/, '').split('\n').length;
    return lines > MOST_LINES ? [`${path}: ${lines} lines`] : [];
  });
