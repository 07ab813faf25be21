/** Commands of registered operations: what a gateway would say of a manifest, said beforehand. */
import { readFileSync } from 'node:fs';
import { readConfig } from '../config.js';
import { readManifest } from '../exchange/manifest.js';
import { institutionView } from '../exchange/schema.js';
import { Fault } from '../faults.js';
import { openCatalogue } from '../zone.js';
import { say } from './paper.js';

/** Checks a manifest against the schema of this version and its limits; registers nothing. */
export async function checkManifest(file: string): Promise<void> {
  const read = await readManifest(textIn(file), institutionView(openCatalogue(readConfig())));
  if (read.state === 'RIGHT') {
    for (const { hash, name } of read.operations) say(`sha256:${hash}  ${name}`);
    say(`${read.operations.length} 个操作可登记 / operations may be registered`);
    return;
  }
  for (const { operation, code, message } of read.faults) say(`${operation}: ${code}: ${message}`);
  process.exitCode = 1;
}

function textIn(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Fault('BAD_USER_INPUT', { detail: `${file}: ${(error as NodeJS.ErrnoException).code}`, cause: error });
  }
}
