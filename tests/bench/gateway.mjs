// The gateway as a process of its own, so that it can be pinned to a core; tells its parent when it listens.
import { readConfig } from '../../dist/config.js';
import { openDatabase } from '../../dist/zone/database.js';
import { openEvidence } from '../../dist/zone/evidence.js';
import { openCatalogue, openGateway } from '../../dist/zone.js';

const config = readConfig();
const database = await openDatabase(config);
const gateway = await openGateway(config, database, openCatalogue(config));
const address = await gateway.listen();
// As in service: the log is sequenced and signed while requests are answered.
const sequencer = openEvidence(config, database);
sequencer.start();
process.send({ port: Number(new URL(address).port) });
process.on('disconnect', async () => {
  await gateway.close();
  await sequencer.close();
  await database.close();
  process.exit(0);
});
