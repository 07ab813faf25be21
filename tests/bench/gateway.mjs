// The gateway as a process of its own, so that it can be pinned to a core; tells its parent when it listens. As in service, the
// log is sequenced, signed and watched by a process beside it, which may run wherever there is room.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { keepHeapSmall } from '../../dist/commands/heap.js';
import { startSequencing } from '../../dist/commands/sequencing.js';
import { readConfig } from '../../dist/config.js';
import { openDatabase } from '../../dist/zone/database.js';
import { openLog } from '../../dist/zone/log.js';
import { openCatalogue, openGateway } from '../../dist/zone.js';

keepHeapSmall();
const config = readConfig();
const database = await openDatabase(config);
const gateway = await openGateway(config, database, openCatalogue(config));
const address = await gateway.listen();
const sequencing = await startSequencing(openLog(config));
// It would inherit the core of this process.
if (existsSync('/usr/bin/taskset')) spawnSync('taskset', ['-a', '-cp', `0-${cpus().length - 1}`, String(sequencing.pid)]);
process.send({ port: Number(new URL(address).port) });
process.on('message', (word) => {
  // Where garbage is to be counted out, node runs with --expose-gc.
  if (word === 'collect') globalThis.gc?.();
  const { rss, heapUsed: heap, external } = process.memoryUsage();
  process.send({ rss, heap, external });
});
process.on('disconnect', async () => {
  await gateway.close();
  await sequencing.close();
  await database.close();
  process.exit(0);
});
