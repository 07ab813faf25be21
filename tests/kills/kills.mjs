// `npm run kills`: two hundred times kill -9 under load, and not one answer without its entry.
import { parseArgs } from 'node:util';
import cliProgress from 'cli-progress';
import { runCampaign } from './campaign.mjs';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    drains: { type: 'string' },
    callers: { type: 'string', default: '6' },
    seed: { type: 'string' },
    planted: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(`npm run kills -- [--kills 200] [--drains <kills / 10>] [--callers 6] [--seed <number>] [--planted] [--json]
负载下随机 kill -9 网关与数据库，事后逐条核对：凡收到的回答必有审计条目
Gateways and database are killed at random moments under load; afterwards every answer that a client received must have its entry.
--planted commits without waiting, and the checker must find what that lost.
例 Example: npm run kills -- --kills 10 --seed 7`);
  process.exit(0);
}
const kills = Number(values.kills);
const drains = values.drains === undefined ? Math.ceil(kills / 10) : Number(values.drains);
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
const began = performance.now();
const bar = process.stdout.isTTY && !values.json ? new cliProgress.SingleBar({ format: '{bar} {value}/{total} {words}' }) : null;
bar?.start(kills + drains, 0, { words: '' });
const told = { next: 0 };

function say(blow, { struck, received = 0 }) {
  const done = struck.gateway + struck.postgres + struck.backend + struck.drain;
  if (values.json) return;
  if (bar) bar.update(done, { words: `${received} answers` });
  else if (blow === 'checking' || done >= told.next) {
    told.next = done + Math.max(1, Math.floor((kills + drains) / 20));
    console.log(`${blow}: ${done}/${kills + drains}, ${received} answers, ${seconds()} s`);
  }
}
const seconds = () => ((performance.now() - began) / 1000).toFixed(0);

const result = await runCampaign({ kills, drains, seed, callers: Number(values.callers), planted: values.planted, say });
bar?.stop();
const { struck, faults, ...counts } = result;
if (values.json) console.log(JSON.stringify({ seed, seconds: Number(seconds()), ...result }));
else {
  console.log(`seed ${seed}, ${seconds()} s`);
  console.log(
    `killed   ${struck.gateway} gateways, ${struck.postgres} times PostgreSQL whole, ${struck.backend} times one of its sessions; drained ${struck.drain}`,
  );
  console.log(
    `answers  ${counts.received} received: ${counts.answered} answered, ${counts.refused} refused, ${counts.unaudited} refused without an entry; ${counts.changes} changes, ${counts.items} items compared`,
  );
  console.log(
    `broken   ${counts.unanswered} requests without a whole answer, ${counts.brokenOff} of them after its head; ${counts.recordedUnanswered} stand in the log`,
  );
  console.log(`log      ${counts.entries} entries, ${counts.extra} more than answers, ${counts.leaves} leaves, ${counts.checkpoints} checkpoints`);
  console.log(faults.length === 0 ? 'nothing lost' : `FAULTS ${faults.length}\n${faults.slice(0, 30).join('\n')}`);
}
// With a planted fault it is finding nothing that would be wrong.
process.exit(faults.length > 0 === values.planted ? 0 : 1);
