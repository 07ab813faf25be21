/** A log with a past: entries of several months, in the tree, for tests that keep or give out what is old. */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { type AuditEntry, ENTRY_VERSION } from '../../src/audit/entry.js';
import { openAuditLog } from '../../src/audit/log.js';
import { openEvidence } from '../../src/zone/evidence.js';
import type { TestZone } from './zone.js';

/** A UUID version 7 of that time, as requests have. */
export function idAt(time: Date): string {
  const hex = time.getTime().toString(16).padStart(12, '0');
  const rest = randomBytes(10).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7${rest.slice(0, 3)}-8${rest.slice(3, 6)}-${rest.slice(6, 18)}`;
}

export function entryAt(time: Date, changes: Partial<AuditEntry> = {}): AuditEntry {
  const at = { v: ENTRY_VERSION, id: idAt(time), time: time.toISOString(), institution: 'bank-01', client: 'bank-01-core', durationMs: 1.5 };
  return { ...at, outcome: 'ANSWERED', ...changes } as AuditEntry;
}

/** Appends entries in this order, through the gateway's role, with partitions for their months. */
export async function appendPast(zone: TestZone, entries: readonly AuditEntry[]): Promise<void> {
  const times = entries.map(({ time }) => time).sort();
  await zone.owner.query({ text: "select create_audit_months($1::timestamptz, $2::timestamptz + interval '1 second')", values: [times[0], times.at(-1)] });
  const postgres = zone.database.open('zone_gateway', { poolSize: 1, limitMs: 60_000 });
  const log = openAuditLog({ postgres, limitMs: 60_000 });
  // A few at a time: what waits in one go counts against the limit of each.
  for (let at = 0; at < entries.length; at += 500) await Promise.all(entries.slice(at, at + 500).map((entry) => log.append(entry)));
  await postgres.close();
}

/** Puts everything that is committed into the tree. */
export async function sealAll(zone: TestZone): Promise<void> {
  const sequencer = openEvidence(zone.config, zone.database);
  while (await sequencer.step());
}

/** What signs forgets, too, that there was a log before this one. */
export function forgetSigned({ config }: TestZone): void {
  rmSync(`${config.auditKeyFile}.signed`, { force: true });
}
