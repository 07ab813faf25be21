import { describe, expect, test } from '@jest/globals';
import {
  accessIsPure,
  arrowsPointDownward,
  driversStayInTheirRooms,
  environmentIsReadOnce,
  exportsAreNamedAndOwn,
  filesAreShort,
  filesRunInNoCircle,
  type House,
  type Law,
  MOST_LINES,
  namesSaySomething,
  readHouse,
} from '../harness/house.js';

const LAWS: Record<string, Law> = {
  arrowsPointDownward,
  filesRunInNoCircle,
  driversStayInTheirRooms,
  accessIsPure,
  environmentIsReadOnce,
  exportsAreNamedAndOwn,
  namesSaySomething,
  filesAreShort,
};

/** A small house that breaks no law; each violation replaces or adds files. */
const LAWFUL: House = {
  'main.ts': "import { Fault } from './faults.js';\nvoid import('./commands/start.js').then(({ start }) => start(Fault));",
  'commands/start.ts':
    "import { readConfig } from '../config.js';\nimport { openZone } from '../zone.js';\nexport const start = (_: unknown) => openZone(readConfig());",
  'zone.ts':
    "import { answer } from './exchange/exchange.js';\nimport { openPostgres } from './postgres.js';\nexport const openZone = (_: unknown) => [openPostgres, answer];",
  'exchange/exchange.ts': "import { read } from '../records/records.js';\nimport type { Row } from './row.js';\nexport const answer = (): Row => read();",
  'exchange/row.ts': 'export interface Row {}',
  'records/records.ts':
    "import type { Postgres } from '../postgres.js';\nimport { decide } from '../access/decide.js';\nexport const read = (p?: Postgres) => decide(p);",
  'grounds/grounds.ts': "import { type Postgres } from '../postgres.js';\nexport const gather = (_: Postgres) => undefined;",
  'delivery/rows.ts': "import type pg from 'pg';\nexport const copy = (_: pg.Client) => process.pid;",
  'access/decide.ts': "import { load } from '../catalogue/load.js';\nexport const decide = (time: unknown) => [load, new Date(String(time))];",
  'catalogue/load.ts': "import { Fault } from '../faults.js';\nimport { files } from './files.js';\nexport const load = () => [Fault, files];",
  'catalogue/files.ts': "import { readFileSync } from 'node:fs';\nexport const files = readFileSync;",
  'postgres.ts': "import pg from 'pg';\nexport type Postgres = pg.Pool;\nexport const openPostgres = () => new pg.Pool();",
  'redis.ts': "import type { Redis } from 'ioredis';\nexport type Cache = Redis;",
  'config.ts': 'export const readConfig = () => process.env;',
  'faults.ts': "// import './zone.js'\nexport class Fault extends Error {}\nexport const text = \"import '../zone.js'; process.env\";",
};

describe('the house as it stands', () => {
  const house = readHouse();

  test('has the rooms of the design, so that the laws have something to look at', () => {
    expect(Object.keys(house)).toEqual(
      expect.arrayContaining(['main.ts', 'zone.ts', 'access/decide.ts', 'records/records.ts', 'audit/log.ts', 'exchange/exchange.ts', 'http/server.ts']),
    );
    expect(Object.keys(house).length).toBeGreaterThan(80);
  });

  test.each(Object.keys(LAWS))('keeps the law %s', (name) => {
    const broken = LAWS[name]?.(house) ?? ['there is no such law'];
    expect(broken).toEqual([]);
  });
});

describe('the laws', () => {
  test.each(Object.keys(LAWS))('find nothing in a lawful house: %s', (name) => {
    expect(LAWS[name]?.(LAWFUL)).toEqual([]);
  });

  test.each<[what: string, law: keyof typeof LAWS, path: string, text: string, told: RegExp]>([
    ['exchange reaching for the database', 'arrowsPointDownward', 'exchange/row.ts', "import type { Postgres } from '../postgres.js';", /exchange -> postgres/],
    ['a record known to audit', 'arrowsPointDownward', 'audit/log.ts', "import { read } from '../records/records.js';", /audit -> records/],
    ['grounds known to records', 'arrowsPointDownward', 'records/fact.ts', "import '../grounds/grounds.js';", /records -> grounds/],
    ['audit known to grounds, as a type', 'arrowsPointDownward', 'audit/entry.ts', "import type { gather } from '../grounds/grounds.js';", /audit -> grounds/],
    ['exchange known to http', 'arrowsPointDownward', 'http/server.ts', "import { answer } from '../exchange/exchange.js';", /http -> exchange/],
    ['records known to http', 'arrowsPointDownward', 'http/server.ts', "export { read } from '../records/records.js';", /http -> records/],
    ['records known to access', 'arrowsPointDownward', 'access/masks.ts', "import { read } from '../records/records.js';", /access -> records/],
    ['faults known to terms', 'arrowsPointDownward', 'terms.ts', "import { Fault } from './faults.js';", /terms -> faults/],
    ['access known to catalogue', 'arrowsPointDownward', 'catalogue/model.ts', "export type D = import('../access/decide.js').D;", /catalogue -> access/],
    ['postgres known to access', 'arrowsPointDownward', 'access/masks.ts', "import type { Postgres } from '../postgres.js';", /access -> postgres/],
    ['config known to catalogue', 'arrowsPointDownward', 'catalogue/model.ts', "import type { Config } from '../config.js';", /catalogue -> config/],
    ['redis known to grounds', 'arrowsPointDownward', 'grounds/grounds.ts', "import type { Cache } from '../redis.js';", /grounds -> redis/],
    ['delivery known to exchange', 'arrowsPointDownward', 'exchange/row.ts', "await import('../delivery/rows.js');", /exchange -> delivery/],
    ['zone known to delivery', 'arrowsPointDownward', 'delivery/rows.ts', "export * from '../zone.js';", /delivery -> zone/],
    ['commands known to zone', 'arrowsPointDownward', 'zone.ts', "import { start } from './commands/start.js';", /zone -> commands/],
    ['records known to synthetic', 'arrowsPointDownward', 'synthetic/seed.ts', "import { read } from '../records/records.js';", /synthetic -> records/],
    [
      'records opening a pool of its own',
      'arrowsPointDownward',
      'records/fact.ts',
      "import { openPostgres } from '../postgres.js';",
      /openPostgres is not for/,
    ],
    [
      'a command opening a pool of its own',
      'arrowsPointDownward',
      'commands/start.ts',
      "import { openPostgres, type Postgres } from '../postgres.js';",
      /openPostgres is not for/,
    ],
    ['all of the pool taken', 'arrowsPointDownward', 'records/fact.ts', "import * as postgres from '../postgres.js';", /openPostgres is not for records/],
    ['configuration read in the exchange', 'arrowsPointDownward', 'exchange/row.ts', "import { readConfig } from '../config.js';", /exchange -> config/],
    ['a module found by an expression', 'arrowsPointDownward', 'exchange/row.ts', 'void import(name);', /imports an expression/],
    ['a module required', 'arrowsPointDownward', 'access/masks.ts', "export const read = require('../records/records.js');", /access -> records/],
    ['a module required by an import', 'arrowsPointDownward', 'access/masks.ts', "import read = require('../records/records.js');", /access -> records/],
    ['a file outside the house', 'arrowsPointDownward', 'exchange/row.ts', "import { readHouse } from '../../tests/harness/house.js';", /not of the house/],
    ['a room nobody planned', 'arrowsPointDownward', 'shared/row.ts', 'export {};', /shared has no place/],
    [
      'two files that need each other',
      'filesRunInNoCircle',
      'exchange/row.ts',
      "import { answer } from './exchange.js';",
      /exchange\.ts -> exchange\/row\.ts -> exchange\/exchange\.ts/,
    ],
    ['two files that need each other as types', 'filesRunInNoCircle', 'exchange/row.ts', "import type { answer } from './exchange.js';", /exchange\/row\.ts/],
    ['a file that needs itself', 'filesRunInNoCircle', 'exchange/row.ts', "import './row.js';", /row\.ts -> exchange\/row\.ts/],
    ['a circle through three rooms', 'filesRunInNoCircle', 'faults.ts', "import './records/records.js';", /faults\.ts/],
    ['files read in access', 'driversStayInTheirRooms', 'access/masks.ts', "import { readFileSync } from 'node:fs';", /access is pure/],
    ['a package used in access', 'driversStayInTheirRooms', 'access/masks.ts', "import { LRUCache } from 'lru-cache';", /takes no lru-cache/],
    ['a hash taken in access', 'driversStayInTheirRooms', 'access/masks.ts', "import { createHash } from 'node:crypto';", /takes no node:crypto/],
    ['files read in the model', 'driversStayInTheirRooms', 'catalogue/model.ts', "import fs from 'fs/promises';", /only catalogue\/files\.ts/],
    ['PostgreSQL in the catalogue', 'driversStayInTheirRooms', 'catalogue/files.ts', "import type pg from 'pg';", /takes pg/],
    ['Redis in the catalogue', 'driversStayInTheirRooms', 'catalogue/files.ts', "import { Redis } from 'ioredis';", /takes ioredis/],
    ['a driver used past the pool', 'driversStayInTheirRooms', 'records/fact.ts', "import type pg from 'pg';", /pg is for postgres\.ts/],
    ['a driver run by delivery', 'driversStayInTheirRooms', 'delivery/rows.ts', "import pg from 'pg';", /pg is for/],
    ['Redis used past the breaker', 'driversStayInTheirRooms', 'records/fact.ts', "import { Redis } from 'ioredis';", /ioredis is for redis\.ts/],
    ['a clock in access', 'accessIsPure', 'access/masks.ts', 'export const now = () => new Date();', /new Date\(\)/],
    ['a clock without brackets', 'accessIsPure', 'access/masks.ts', 'export const now = () => new Date;', /new Date\(\)/],
    ['a clock that counts', 'accessIsPure', 'access/masks.ts', 'export const now = () => Date.now();', /Date\.now/],
    ['chance in access', 'accessIsPure', 'access/rules/luck.ts', 'export const luck = () => Math.random();', /Math\.random/],
    ['a timer in access', 'accessIsPure', 'access/masks.ts', 'setTimeout(() => 1, 2);', /setTimeout/],
    ['the environment in a room', 'environmentIsReadOnce', 'http/server.ts', 'export const port = process.env.PORT;', /process\.env/],
    ['the environment by a string', 'environmentIsReadOnce', 'http/server.ts', "export const port = process['env'].PORT;", /process\.env/],
    [
      'the environment by an expression',
      'environmentIsReadOnce',
      'http/server.ts',
      "const key = 'en' + 'v';\nexport const port = process[key].PORT;",
      /process\.env/,
    ],
    ['the environment taken apart', 'environmentIsReadOnce', 'http/server.ts', 'const { env } = process;', /handed on/],
    ['the environment imported', 'environmentIsReadOnce', 'http/server.ts', "import { env } from 'node:process';", /imports node:process/],
    ['the environment of globalThis', 'environmentIsReadOnce', 'http/server.ts', 'export const port = globalThis.process.env.PORT;', /globalThis\.process/],
    ['the environment, perhaps', 'environmentIsReadOnce', 'http/server.ts', 'export const port = process?.env?.PORT;', /process\.env/],
    ['a default export', 'exportsAreNamedAndOwn', 'http/server.ts', 'export default function serve() {}', /default export/],
    ['a default expression', 'exportsAreNamedAndOwn', 'http/server.ts', 'export default 1;', /default export/],
    ['a default export by renaming', 'exportsAreNamedAndOwn', 'http/server.ts', 'const serve = 1;\nexport { serve as default };', /default export/],
    ['a barrel', 'exportsAreNamedAndOwn', 'http/index.ts', "export * from './server.js';", /not its own/],
    ['a barrel of names', 'exportsAreNamedAndOwn', 'http/index.ts', "export { serve } from './server.js';", /not its own/],
    ['a manager', 'namesSaySomething', 'records/fact.ts', 'export class CacheManager {}', /CacheManager says "Manager"/],
    ['a service', 'namesSaySomething', 'records/fact.ts', 'export interface RecordService {}', /"Service"/],
    ['helpers in a file name', 'namesSaySomething', 'records/helpers.ts', 'export {};', /"helpers"/],
    ['utilities in a folder name', 'namesSaySomething', 'exchange/util/row.ts', 'export {};', /"util"/],
    ['a handler', 'namesSaySomething', 'records/fact.ts', 'export function errorHandler() {}', /"Handler"/],
    ['an info', 'namesSaySomething', 'records/fact.ts', 'export type ItemInfo = string;', /"Info"/],
    ['an info among parameters', 'namesSaySomething', 'records/fact.ts', 'export const read = (info: unknown) => info;', /"info"/],
    ['an impl', 'namesSaySomething', 'records/fact.ts', 'export const readImpl = 1;', /"Impl"/],
    ['an abstract', 'namesSaySomething', 'records/fact.ts', 'export abstract class AbstractRule {}', /"Abstract"/],
    ['common things', 'namesSaySomething', 'records/common.ts', 'export {};', /"common"/],
    ['a miscellany', 'namesSaySomething', 'records/fact.ts', 'const MISC_VALUES = 1;', /"MISC"/],
    [
      'a member that says nothing',
      'namesSaySomething',
      'records/fact.ts',
      'export class Fact {\n  #utils = 1;\n  read() { return this.#utils; }\n}',
      /"utils"/,
    ],
    ['a property that says nothing', 'namesSaySomething', 'records/fact.ts', 'export interface Fact { readonly serviceCode: string }', /"service"/],
    ['a file that is too long', 'filesAreShort', 'records/fact.ts', '// line\n'.repeat(MOST_LINES + 1), /301 lines/],
  ])('find %s', (_what, law, path, text, told) => {
    expect(LAWS[law]?.({ ...LAWFUL, [path]: text })).toEqual(expect.arrayContaining([expect.stringMatching(told)]));
  });

  test.each<[what: string, law: keyof typeof LAWS, path: string, text: string]>([
    ['a comment that names a room above', 'arrowsPointDownward', 'terms.ts', "// import { openZone } from './zone.js';\n/* import('./zone.js') */"],
    ['a text that looks like an import', 'arrowsPointDownward', 'terms.ts', "export const text = `import { openZone } from './zone.js'`;"],
    ['a value of the pool that opens nothing', 'arrowsPointDownward', 'records/fact.ts', "import { type Postgres, within } from '../postgres.js';"],
    ['a process id', 'environmentIsReadOnce', 'http/server.ts', "process.once('exit', () => process.pid);"],
    ['an environment of somebody else', 'environmentIsReadOnce', 'http/server.ts', 'export const spawned = (place: { env: unknown }) => place.env;'],
    ['a date made of an argument', 'accessIsPure', 'access/masks.ts', 'export const at = (time: string) => new Date(time);'],
    ['a handler that a library names', 'namesSaySomething', 'http/server.ts', 'export const route = { handler: () => 1 };\nroute.handler();'],
    ['a word that only contains a forbidden one', 'namesSaySomething', 'http/server.ts', 'export const information = 1;\nexport const miscount = 2;'],
    ['a file of exactly the ceiling', 'filesAreShort', 'records/fact.ts', '// line\n'.repeat(MOST_LINES)],
  ])('allow %s', (_what, law, path, text) => {
    expect(LAWS[law]?.({ ...LAWFUL, [path]: text })).toEqual([]);
  });
});
