/** The monthly report as a file. */
import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { openMonthlyReports } from '../zone/evidence.js';
import { withDatabase } from './filling.js';
import { say } from './paper.js';

export interface ReportOptions {
  readonly institution?: string;
  readonly provider?: string;
  readonly month: string;
  readonly out?: string;
}

export async function writeReport({ institution, provider, month, out }: ReportOptions): Promise<void> {
  const file = out ?? `usage-${institution ?? provider}-${month}.html`;
  await withDatabase(async ({ config, catalogue, database }) => {
    const { make } = openMonthlyReports(config, database, catalogue);
    // The log keeps who ran the command, as the machine knows them.
    const page = await make({ query: { institution, provider }, month, reader: { client: 'command-line', operator: userInfo().username.slice(0, 64) } });
    writeFileSync(file, page, { mode: 0o600 });
    say(`${file}: ${(page.length / 1024).toFixed(0)} KiB`);
  });
}
