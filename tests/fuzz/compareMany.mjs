// `npm run equality`: the same operations by plan and by graphql-js, until they differ or all are done.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compileProject } from './build.mjs';

const { values } = parseArgs({ options: { operations: { type: 'string', default: '100000' }, seed: { type: 'string' }, help: { type: 'boolean' } } });
if (values.help) {
  console.log(`npm run equality -- [--operations 100000] [--seed <number>]
按计划执行与 graphql-js 逐字节对照 Compares what is answered by plan with what graphql-js answers, byte for byte: cold, from memory and from Redis, while policy, records and clock change.
例 Example: npm run equality -- --operations 5000 --seed 42`);
  process.exit(0);
}
const operations = Number(values.operations);
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
if (!Number.isInteger(operations) || operations < 1 || !Number.isInteger(seed)) {
  console.error('--operations and --seed are whole numbers');
  process.exit(2);
}
const folder = compileProject();
try {
  const { runLongEquality } = await import(join(folder, 'tests/fuzz/equalityLong.js'));
  process.exitCode = await runLongEquality({ operations, seed });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
