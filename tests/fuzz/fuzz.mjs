// `npm run fuzz`: the long run. Gateways and oracle are put to the same questions until they disagree or all cases are done.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compileProject } from './build.mjs';

const { values } = parseArgs({ options: { cases: { type: 'string', default: '100000' }, seed: { type: 'string' }, help: { type: 'boolean' } } });
if (values.help) {
  console.log(`npm run fuzz -- [--cases 100000] [--seed <number>]
与独立编写的规则对照：随机策略、授权、查询与变更 Compares gateways with an oracle written apart from them: arbitrary policies, consents, queries and changes.
例 Example: npm run fuzz -- --cases 5000 --seed 42`);
  process.exit(0);
}
const cases = Number(values.cases);
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
if (!Number.isInteger(cases) || cases < 1 || !Number.isInteger(seed)) {
  console.error('--cases and --seed are whole numbers');
  process.exit(2);
}
const folder = compileProject();
try {
  const { runLong } = await import(join(folder, 'tests/fuzz/long.js'));
  process.exitCode = await runLong({ cases, seed });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
