/** The long campaign: a database of its own, progress in lines, a table, an exit code. */
import Table from 'cli-table3';
import { openTestZone } from '../harness/zone.js';
import { runCampaign } from './campaign.js';
import { sealLog } from './sealedLog.js';

const PROGRESS_EVERY_MS = 10_000;
const ENTRIES = 600;

export async function runLong({ tamperings, clean, seed }: { tamperings: number; clean: number; seed: number }): Promise<number> {
  const began = performance.now();
  const zone = await openTestZone({ enterprises: 0 });
  try {
    const log = await sealLog(zone, { entries: ENTRIES, seed });
    console.error(`seed ${seed}: ${log.size} leaves, ${log.witnesses.length} checkpoints`);
    let toldAt = performance.now();
    const tally = await runCampaign(zone.owner, log, {
      tamperings,
      clean,
      seed,
      progress(done) {
        if (performance.now() - toldAt < PROGRESS_EVERY_MS) return;
        toldAt = performance.now();
        console.error(`${done}/${tamperings}, ${((performance.now() - began) / 1_000).toFixed(0)} s`);
      },
    });
    const rows = Object.entries(tally.tampered);
    const sum = (pick: (one: { done: number; missed: number }) => number) => rows.reduce((total, [, one]) => total + pick(one), 0);
    console.error(
      tableOf(
        ['篡改 tampering', '次数 done', '未发现 missed'],
        [...rows.map(([name, { done, missed }]) => [name, done, missed]), ['all', sum(({ done }) => done), sum(({ missed }) => missed)]],
      ),
    );
    console.error(tableOf(['发现 found in runs', ''], Object.entries(tally.found)));
    console.error(`无篡改 clean runs ${tally.clean}, 误报 false alarms ${tally.falseAlarms}; ${((performance.now() - began) / 1_000).toFixed(0)} s`);
    for (const failure of tally.failures) console.error(failure);
    return tally.falseAlarms === 0 && sum(({ missed }) => missed) === 0 ? 0 : 1;
  } finally {
    await zone.close();
  }
}

function tableOf(head: string[], rows: (string | number)[][]): string {
  const made = new Table({ head, style: { head: [], border: [] }, chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' } });
  made.push(...rows);
  return made.toString();
}
