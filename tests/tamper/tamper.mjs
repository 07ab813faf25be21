// `npm run tamper`: the long campaign. The log is tampered with as the owner of its tables, verified, and rolled back, until all is done.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compileProject } from '../fuzz/build.mjs';

const number = (fallback) => ({ type: 'string', default: String(fallback) });
const { values } = parseArgs({
  options: { tamperings: number(10_000), clean: number(1_000), seed: number(Math.floor(Math.random() * 2 ** 31)), help: { type: 'boolean' } },
});
if (values.help) {
  console.log(`npm run tamper -- [--tamperings 10000] [--clean 1000] [--seed <number>]
以表的所有者身份篡改日志，核验须逐一发现 Tampers with the log as the owner of its tables; the verifier has to find and name each.
例 Example: npm run tamper -- --tamperings 500 --clean 50 --seed 42`);
  process.exit(0);
}
const [tamperings, clean, seed] = [values.tamperings, values.clean, values.seed].map(Number);
if (![tamperings, clean, seed].every(Number.isInteger)) {
  console.error('--tamperings, --clean and --seed are whole numbers');
  process.exit(2);
}
const folder = compileProject();
try {
  const { runLong } = await import(join(folder, 'tests/tamper/long.js'));
  process.exitCode = await runLong({ tamperings, clean, seed });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
