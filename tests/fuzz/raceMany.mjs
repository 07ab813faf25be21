// `npm run races`: ten thousand races of reads against what takes the item away, on several gateway processes at once.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compileProject } from './build.mjs';

const { values } = parseArgs({
  options: { races: { type: 'string', default: '10000' }, processes: { type: 'string', default: '3' }, seed: { type: 'string' }, help: { type: 'boolean' } },
});
if (values.help) {
  console.log(`npm run races -- [--races 10000] [--processes 3] [--seed <number>]
读取与撤销竞速：确认之后开始的回答不得含有该项 Reads race what takes the item away: no answer begun after the acknowledgement may hold it.
例 Example: npm run races -- --races 500`);
  process.exit(0);
}
const folder = compileProject();
try {
  const { runManyRaces } = await import(join(folder, 'tests/fuzz/manyRaces.js'));
  const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
  process.exitCode = await runManyRaces({ races: Number(values.races), processes: Number(values.processes), seed, compiled: folder });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
