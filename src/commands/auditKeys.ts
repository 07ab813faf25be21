/** Commands about the keys that sign the audit log. */
import { publishedKeys } from '../audit/keys.js';
import { readConfig } from '../config.js';
import { openAuditKeys } from '../zone/evidence.js';
import { withDatabase } from './filling.js';
import { say, table } from './paper.js';

/** Those that ever signed, as the database has them, and those of the files that have not signed yet. */
export async function listKeys(): Promise<void> {
  await withDatabase(async ({ config, database }) => {
    const published = await publishedKeys(database.open('zone_gateway'));
    const known = new Set(published.map(({ verifier }) => verifier));
    const waiting = openAuditKeys(config)
      .verifiers()
      .filter((verifier) => !known.has(verifier));
    const rows = [
      ...published.map(({ since, retiredAt, verifier }) => [since.toISOString(), retiredAt?.toISOString() ?? '在用 signs', verifier]),
      ...waiting.map((verifier) => ['-', '未用 not yet', verifier]),
    ];
    say(table(['启用 since', '停用 retired', '公钥 verifier key'], rows));
  });
}

/** Touches files only, so it also works where no database can be reached. */
export async function rotateKeys(): Promise<void> {
  const { signing, leaving } = openAuditKeys(readConfig()).rotate();
  say(`自下一检查点起签署 / Signs from the next checkpoint on\n  ${signing}`);
  say(`该检查点仍由旧密钥副署，其公钥保留于 keys.txt / The key before signs that one too, and stays in keys.txt\n  ${leaving}`);
}
