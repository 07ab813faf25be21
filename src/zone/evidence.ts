/** The evidence beside the gateway: what sequences, watches, reports and keeps the log. */
import { existsSync, readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import { openWatch as openAlertWatch, type Watch } from '../alerts/watch.js';
import { watchEntries } from '../alerts/watchEntries.js';
import { openExportNotes } from '../audit/export/notes.js';
import { type Holds, openHolds } from '../audit/holds.js';
import { type KeyFiles, openKeyFiles } from '../audit/keyFiles.js';
import { publishedKeys } from '../audit/keys.js';
import { openLastSigned } from '../audit/lastSigned.js';
import { openAuditLog } from '../audit/log.js';
import { openPostings } from '../audit/postings.js';
import { openRetention, type Retention } from '../audit/retention.js';
import { openSequencer, type Sequencer } from '../audit/sequencer.js';
import { openSigner } from '../audit/signer.js';
import { keepSubjects } from '../audit/subjects.js';
import { openUsage } from '../audit/usage.js';
import { openUsageCells } from '../audit/usageCells.js';
import { openWitnesses } from '../audit/witnesses.js';
import type { Catalogue } from '../catalogue/model.js';
import type { Config } from '../config.js';
import { Fault } from '../faults.js';
import { newRequestId } from '../http/requestId.js';
import { openReports, type ReportReader, subjectOf } from '../reports/reports.js';
import type { Database } from './database.js';
import { failing, openLog } from './log.js';

/** A step of the sequencer, which is about thousands of entries. */
const SEQUENCING_MS = 30_000;

/** What sequences the log, signs it and tells its witnesses; to be started, and closed before the database. */
export function openEvidence(config: Config, database: Database, log: Logger = openLog(config), now: () => Date = () => new Date()): Sequencer {
  const postgres = database.open('zone_sequencer', { poolSize: 2, limitMs: SEQUENCING_MS });
  const told = failing(log);
  const witnesses = openWitnesses({
    file: config.auditWitnessFile,
    url: config.auditWitnessUrl,
    // A connection of their own: what they wait for must not delay a checkpoint.
    postgres: database.open('zone_sequencer', { poolSize: 1, limitMs: SEQUENCING_MS }),
    failed: (witness, error) => told(`the witness ${witness} has not taken a checkpoint`)(error),
  });
  const signer = openSigner({ file: config.auditKeyFile, origin: config.auditOrigin });
  const sequencer = openSequencer({
    postgres,
    signer,
    integrations: [openPostings(), keepSubjects(), openUsage(), openExportNotes({ signer, now }), watchEntries()],
    lastSigned: openLastSigned({ file: `${config.auditKeyFile}.signed`, origin: config.auditOrigin }),
    now,
    intervalMs: config.auditCheckpointMs,
    told: witnesses.wake,
    failed: told('sequencing failed'),
  });
  return {
    ...sequencer,
    get state() {
      return sequencer.state;
    },
    async close() {
      await sequencer.close();
      await witnesses.close();
    },
  };
}

/**
 * A key that is missing is made, but not in production once the log has been signed: there it lies elsewhere.
 * @throws Fault CONFIG_FAULTY
 */
export async function demandAuditKey({ production, auditKeyFile }: Pick<Config, 'production' | 'auditKeyFile'>, database: Database): Promise<void> {
  if (!production || existsSync(auditKeyFile)) return;
  const last = (await publishedKeys(database.open('zone_sequencer', { poolSize: 1, limitMs: SEQUENCING_MS }))).at(-1);
  if (last) throw new Fault('CONFIG_FAULTY', { detail: `AUDIT_KEY_FILE: ${auditKeyFile} is missing, and the log is signed by ${last.verifier}` });
}

/** Monthly reports without a gateway, for whoever runs commands at the platform; reading one stands in the log likewise. */
export function openMonthlyReports(config: Config, database: Database, catalogue: Catalogue) {
  const postgres = database.open('zone_governance');
  const audit = openAuditLog({ postgres: database.open('zone_gateway'), limitMs: config.statementLimitMs });
  const reports = openReports({ usage: openUsageCells({ postgres, catalogue }), postgres, catalogue, audit, now: () => new Date() });
  return {
    make: ({ query, ...asked }: { query: Parameters<typeof subjectOf>[0]; month: string; reader: ReportReader }): Promise<string> =>
      reports.monthly({ ...asked, subject: subjectOf(query), id: newRequestId(), startedAt: performance.now() }),
  };
}

/** Retention of the log and legal holds, for commands. */
export function openKeeping(
  config: Config,
  database: Database,
  { folder = config.auditArchiveFolder, now = () => new Date() }: { folder?: string; now?: () => Date } = {},
): { readonly retention: Retention; readonly holds: Holds } {
  const parts = { postgres: database.open('zone_keeper', { poolSize: 3 }), now, newId: newRequestId };
  return { retention: openRetention({ ...parts, folder, origin: config.auditOrigin }), holds: openHolds(parts) };
}

/** What raises alerts from what was counted of entries; to be started, and closed before the database. */
export function openWatch(config: Config, database: Database, log: Logger = openLog(config), now: () => Date = () => new Date()): Watch {
  const { alertWebhook: webhook } = config;
  return openAlertWatch({
    postgres: database.open('zone_sequencer', { poolSize: 2, limitMs: SEQUENCING_MS }),
    webhook: webhook && { url: webhook.url, secret: readFileSync(webhook.secretFile, 'utf8').trim() },
    now,
    newId: () => newRequestId(now().getTime()),
    failed: failing(log)('watching failed'),
  });
}

/** The keys that sign the audit log, in their files; a rotation is noticed by whoever sequences. */
export function openAuditKeys({ auditKeyFile, auditOrigin }: Config): KeyFiles {
  return openKeyFiles({ file: auditKeyFile, origin: auditOrigin });
}
