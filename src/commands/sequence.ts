/** A process that sequences the audit log and does nothing else: beside a gateway, or where those that serve hold no signing key. */
import { setPriority } from 'node:os';
import closeWithGrace from 'close-with-grace';
import { readConfig } from '../config.js';
import { openDatabase } from '../zone/database.js';
import { demandAuditKey, openEvidence, openWatch } from '../zone/evidence.js';
import { openLog } from '../zone/log.js';
import { openCatalogue } from '../zone.js';
import { say } from './paper.js';
import { readySchema } from './readySchema.js';
import { SEQUENCING_END, SEQUENCING_READY } from './sequencing.js';

const DRAIN_MS = 10_000;
/** Whoever asks comes first: beside a gateway it takes what is left of the processors, but never nothing. */
const NICENESS = 5;

export async function sequence(): Promise<void> {
  const config = readConfig();
  const log = openLog(config);
  const beside = process.send !== undefined;
  // Signals to a group reach it too; beside a gateway it goes by the gateway alone, which answers until the last.
  if (beside) for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  // Its gateway may die at any time, also while this one begins.
  let gone = (): void => process.exit(0);
  process.once('disconnect', () => gone());
  const database = await openDatabase(config);
  // The gateway has seen to it.
  if (!beside) await readySchema(config, database, openCatalogue(config));
  await demandAuditKey(config, database);
  const sequencer = openEvidence(config, database, log);
  const watch = openWatch(config, database, log);
  const close = async () => {
    await watch.close();
    await sequencer.close();
  };
  if (beside) {
    setPriority(NICENESS);
    let ending = false;
    const end = async (last: boolean) => {
      if (ending) return;
      ending = true;
      await close();
      // What was answered since the last step.
      if (last) await sequencer.step().catch((error: unknown) => log.error({ cause: error instanceof Error ? error.name : 'unknown' }, 'no last step'));
      await database.close();
      process.exit(0);
    };
    process.on('message', (message) => message === SEQUENCING_END && void end(true));
    // Its gateway has died: the next one brings another, which must not find this one in its way.
    gone = () => void end(false);
  } else
    closeWithGrace({ delay: DRAIN_MS, logger: false }, async ({ err }) => {
      if (err) log.fatal({ error: `${err.name}: ${err.message}` }, 'ended by an error');
      await close();
      await database.close();
    });
  sequencer.start();
  watch.start();
  process.send?.(SEQUENCING_READY);
  say(`${config.auditOrigin}: 排序进程已启动 / sequencing where no other process does`);
}
