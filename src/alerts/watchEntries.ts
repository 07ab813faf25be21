/** Counts what the rules need of each entry, in the transaction that puts it into the tree. */
import type { AuditEntry } from '../audit/entry.js';
import type { Integration } from '../audit/sequencer.js';
import { pairKey, reportingAmong, reportsOn } from './cases.js';
import { addTallies, awaitCases } from './counters.js';
import { rulesInForce } from './rules.js';
import { talliesOf } from './tallies.js';

export function watchEntries(): Integration {
  return {
    async integrate(client, integrated) {
      const entries = integrated.flatMap(({ entry }) => (isOfFormat(entry) ? [entry] : []));
      if (entries.length === 0) return;
      const rules = await rulesInForce(client);
      const { rows } = await client.query<{ uscc: string }>({ name: 'canaries', text: 'select uscc from canary_enterprise' });
      const canaries = new Set(rows.map(({ uscc }) => uscc));
      const institutions = new Set(entries.flatMap(({ reads, institution }) => (reads && institution !== null ? [institution] : [])));
      const reporting = await reportingAmong(client, [...institutions]);
      const cases = await reportsOn(client, pairsIn(entries, reporting));
      const known = {
        rules,
        canaries,
        reports: (institution: string) => reporting.has(institution),
        casesOf: (institution: string, uscc: string) => cases.get(pairKey(institution, uscc)) ?? [],
      };
      const found = entries.map((entry) => talliesOf(entry, known));
      await addTallies(
        client,
        found.flatMap(({ tallies }) => tallies),
      );
      await awaitCases(
        client,
        found.flatMap(({ uncovered }) => uncovered),
        rules.READS_WITHOUT_LIVE_CASE.thresholds.graceHours,
      );
    },
  };
}

function pairsIn(entries: readonly AuditEntry[], reporting: ReadonlySet<string>): (readonly [string, string])[] {
  const pairs = new Map<string, readonly [string, string]>();
  for (const { institution, reads = [], outcome } of entries) {
    if (institution === null || outcome !== 'ANSWERED' || !reporting.has(institution)) continue;
    for (const uscc of reads.flatMap(({ enterprises }) => enterprises)) pairs.set(pairKey(institution, uscc), [institution, uscc]);
  }
  return [...pairs.values()];
}

const isText = (value: unknown) => value === undefined || typeof value === 'string';
const isTexts = (value: unknown) => Array.isArray(value) && value.every((text) => typeof text === 'string' && /^[0-9A-Z]{1,40}$/.test(text));

/**
 * Whether an entry is of its format as far as it is counted. One that is JSON and not of the format was not written by a
 * gateway: whoever verifies will find it, and it MUST NOT stop the sequencer.
 */
function isOfFormat(entry: AuditEntry): boolean {
  const { id, time, institution, client, operator, caseNumber, purpose, outcome, reads, changes } = entry;
  return (
    typeof id === 'string' &&
    /^[0-9a-f-]{36}$/.test(id) &&
    typeof time === 'string' &&
    !Number.isNaN(Date.parse(time)) &&
    (institution === null || /^[\w.-]{1,64}$/.test(String(institution))) &&
    [client ?? undefined, operator, caseNumber, purpose].every(isText) &&
    (outcome === 'ANSWERED' || outcome === 'REFUSED') &&
    (changes === undefined || (Array.isArray(changes) && changes.every((change) => typeof change === 'object' && change !== null))) &&
    (reads === undefined ||
      (Array.isArray(reads) && reads.every((read) => isTexts(read?.enterprises) && Array.isArray(read.categories) && read.categories.every(isOutcome))))
  );
}

function isOutcome(outcome: unknown): boolean {
  if (typeof outcome !== 'object' || outcome === null) return false;
  const { enterprises, clear, masked } = outcome as Record<string, unknown>;
  return [enterprises, clear, masked].every((list) => list === undefined || Array.isArray(list));
}
