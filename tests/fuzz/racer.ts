/**
 * One gateway in a process of its own, for the races: on the database that its parent names, with caches of its own and no
 * channel to any other. Tells its address on standard output; `clock <ISO time>` on standard input turns its clock.
 */
import { createInterface } from 'node:readline';
import { readConfig } from '../../src/config.js';
import { openDatabase } from '../../src/zone/database.js';
import { openGateway } from '../../src/zone.js';
import { BASE } from './place.js';
import { catalogueOfFuzz } from './world.js';

const config = readConfig();
const database = await openDatabase(config);
let time = BASE;
const gateway = await openGateway(config, database, catalogueOfFuzz(config), undefined, () => new Date(time));
const address = await gateway.listen();
const say = (line: string) => process.stdout.write(`${line}\n`);
say(`address ${address}`);
createInterface({ input: process.stdin })
  .on('line', (line) => {
    time = Date.parse(line.slice('clock '.length));
    say(line);
  })
  // The parent has gone.
  .on('close', () => process.exit(0));
