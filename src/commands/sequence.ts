/** A process that sequences the audit log and does nothing else, as where those that serve hold no signing key. */
import closeWithGrace from 'close-with-grace';
import { readConfig } from '../config.js';
import { migrate } from '../migrations.js';
import { openDatabase } from '../zone/database.js';
import { openEvidence, openWatch } from '../zone/evidence.js';
import { openLog } from '../zone/log.js';
import { openCatalogue } from '../zone.js';
import { say } from './paper.js';

const DRAIN_MS = 10_000;

export async function sequence(): Promise<void> {
  const config = readConfig();
  const log = openLog(config);
  const database = await openDatabase(config);
  await migrate(database.ownerUrl, config.schemaFolder, openCatalogue(config));
  const sequencer = openEvidence(config, database, log);
  const watch = openWatch(config, database, log);
  closeWithGrace({ delay: DRAIN_MS, logger: false }, async ({ err }) => {
    if (err) log.fatal({ error: `${err.name}: ${err.message}` }, 'ended by an error');
    await watch.close();
    await sequencer.close();
    await database.close();
  });
  sequencer.start();
  watch.start();
  say(`${config.auditOrigin}: 排序进程已启动 / sequencing where no other process does`);
}
