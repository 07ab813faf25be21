/** The campaign: tamper, verify, roll back, and again; now and then verify what nobody has touched. */
import type { Postgres } from '../../src/postgres.js';
import { type Finding, lineOf } from '../../src/verify/findings.js';
import { type Verification, verifyLog } from '../../src/verify/verifyLog.js';
import { chance, type SealedLog } from './sealedLog.js';
import { TAMPERINGS, type Tampered } from './tamperings.js';

export interface Tally {
  /** By what was done: how often, and how often it was not found or not called by its name. */
  readonly tampered: Readonly<Record<string, { done: number; missed: number }>>;
  readonly found: Readonly<Record<string, number>>;
  readonly clean: number;
  readonly falseAlarms: number;
  /** The first few things that went wrong, told so that they can be done again. */
  readonly failures: readonly string[];
}
export interface CampaignOptions {
  readonly tamperings: number;
  readonly clean: number;
  readonly seed: number;
  readonly progress?: (done: number) => void;
}

const MOST_FAILURES = 10;
/** Rows that are read at once: ends of pages fall everywhere. */
const PAGES = [65_536, 250, 97];

export async function runCampaign(owner: Postgres, log: SealedLog, { tamperings, clean, seed, progress }: CampaignOptions): Promise<Tally> {
  const names = Object.keys(TAMPERINGS);
  const tampered = Object.fromEntries(names.map((name) => [name, { done: 0, missed: 0 }]));
  const found: Record<string, number> = {};
  const failures: string[] = [];
  let cleans = 0;
  let falseAlarms = 0;
  const fail = (text: string, verification: Verification) => {
    if (failures.length < MOST_FAILURES) failures.push([text, ...verification.findings.slice(0, 5).map(lineOf)].join('\n    '));
  };
  for (let turn = 0; turn < tamperings; turn++) {
    const name = names[turn % names.length] as string;
    await owner.withClient(async (client) => {
      await client.query('begin');
      try {
        const random = chance(seed * 1_000_003 + turn);
        const done = await (TAMPERINGS[name] as (typeof TAMPERINGS)[string])({ client, log, random });
        const verification = await verifyLog({ client, keys: log.keys, witnesses: log.witnesses, rows: PAGES[turn % PAGES.length] });
        const tally = tampered[name] as { done: number; missed: number };
        tally.done++;
        for (const kind of Object.keys(verification.counts)) found[kind] = (found[kind] ?? 0) + 1;
        if (!isNamed(done, verification.findings)) {
          tally.missed++;
          fail(
            `turn ${turn} of seed ${seed}: ${name}; expected ${done.kinds.join(' or ')}${done.leaf === undefined ? '' : ` at leaf ${done.leaf}`}, got`,
            verification,
          );
        }
      } finally {
        await client.query('rollback');
      }
    });
    // Clean runs lie among the others: what is rolled back must be gone.
    for (; cleans < Math.floor(((turn + 1) * clean) / tamperings); cleans++) {
      const verification = await owner.transaction((client) =>
        verifyLog({ client, keys: log.keys, witnesses: log.witnesses, rows: PAGES[cleans % PAGES.length] }),
      );
      if (verification.state === 'CLEAN' && verification.proven === log.size && verification.entries > log.size) continue;
      falseAlarms++;
      fail(`clean run after turn ${turn}`, verification);
    }
    progress?.(turn + 1);
  }
  return { tampered, found, clean: cleans, falseAlarms, failures };
}

function isNamed({ kinds, leaf }: Tampered, findings: readonly Finding[]): boolean {
  return findings.some((finding) => {
    if (!kinds.includes(finding.kind)) return false;
    if (leaf === undefined) return true;
    return finding.leaf !== undefined && leaf >= finding.leaf && leaf < finding.leaf + (finding.leaves ?? 1);
  });
}
