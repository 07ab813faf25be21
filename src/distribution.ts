/**
 * Which tables go to the nodes of a Citus cluster, and which stay where they are. Two go, the only ones that grow with the
 * zone's data: they are read by enterprise, joined with nothing, and what they hold is checked by generation, so a reader
 * needs no snapshot over several nodes. All that permits, proves and counts stays on the coordinator, in one snapshot: that
 * a revocation takes effect with the next answer rests on reading the epoch and appending the entry together. For the same
 * reason nothing is a reference table: each change of policy would be a commit in two phases over all nodes, for a join that
 * no statement makes. `tests/integration/distribution.test.ts` holds tables and statements to what Citus can do.
 */
import type { ClientBase } from 'pg';

export type Placing =
  | { readonly kind: 'BY_ENTERPRISE' }
  /** On the coordinator alone, and why. */
  | { readonly kind: 'COORDINATOR'; readonly because: string };

const BY_ENTERPRISE: Placing = { kind: 'BY_ENTERPRISE' };
const because = (reason: string): Placing => ({ kind: 'COORDINATOR', because: reason });
const CATALOGUE = because('one row a category; its generation is read alone, twice a second');
const DELIVERIES = because('written once a delivery, read by category');
const POLICY = because('small, and read in one snapshot with the epoch');
const CONSENT = because('decides: its change and the epoch are seen together or not at all');
const LOG = because('one log in one order; its entry and the epoch are one transaction');
const TREE = because('derived from the log in one transaction with it, in the order of its places');
const COUNTED = because('derived from the log in one transaction with it');
const ALERTS = because('derived from the log and judged across enterprises');
const ISSUER = because('clients and their tokens; no enterprise is in it');

/** Every table of the database; partitions stand under the name of their whole. */
export const PLACINGS: Readonly<Record<string, Placing>> = Object.freeze({
  record: BY_ENTERPRISE,
  enterprise: BY_ENTERPRISE,
  enterprise_gram: BY_ENTERPRISE,
  seeding: because('what fills a synthetic zone, while it does'),
  seeding_chunk: because('what fills a synthetic zone, while it does'),
  migration: because('the list of migrations'),
  category: CATALOGUE,
  delivery: DELIVERIES,
  quarantine: DELIVERIES,
  institution: POLICY,
  residence: POLICY,
  agreement: POLICY,
  access_grant: POLICY,
  item_setting: POLICY,
  allowance: POLICY,
  policy_version: POLICY,
  policy_epoch: POLICY,
  policy_proposal: POLICY,
  policy_proposal_decision: POLICY,
  access_request: POLICY,
  access_request_decision: POLICY,
  disclosure_delay: POLICY,
  registered_operation: POLICY,
  idempotency: because('what a mutation answered, in one transaction with what it changed'),
  consent: CONSENT,
  audit_entry: LOG,
  audit_tile: TREE,
  audit_block: TREE,
  audit_key: TREE,
  audit_checkpoint: TREE,
  audit_witness: TREE,
  audit_posting: TREE,
  audit_subject: TREE,
  audit_subject_item: TREE,
  audit_subject_tile: TREE,
  audit_subject_root: TREE,
  audit_archive: LOG,
  audit_archive_step: LOG,
  audit_archived_edge: LOG,
  audit_hold: LOG,
  audit_hold_release: LOG,
  audit_export: LOG,
  audit_verification: LOG,
  usage_shape: COUNTED,
  usage_count: COUNTED,
  usage_enterprise: COUNTED,
  usage_request: COUNTED,
  usage_consent: COUNTED,
  case_report: because('read with the log, by institution, too'),
  canary_enterprise: because('few, and read all together'),
  alert_rule: ALERTS,
  alert_counter: ALERTS,
  alert_pending_read: ALERTS,
  alert: ALERTS,
  alert_event: ALERTS,
  alert_delivery: ALERTS,
  issuer_client: ISSUER,
  issuer_state: ISSUER,
  staff: ISSUER,
  sign_in_failure: ISSUER,
  used_once: ISSUER,
});

/** Tables that are spread, in the order in which they are: those after the first lie beside it. */
export const SPREAD = Object.keys(PLACINGS).filter((table) => PLACINGS[table]?.kind === 'BY_ENTERPRISE');

export const isCluster = async (client: ClientBase): Promise<boolean> =>
  (await client.query<{ found: boolean }>("select exists (select from pg_extension where extname = 'citus') as found")).rows[0]?.found ?? false;

/** What spreads the tables that are not spread yet, statement by statement. */
export function spreadingStatements(spread: ReadonlySet<string>): string[] {
  return SPREAD.flatMap((table, place) =>
    spread.has(table) ? [] : [`select create_distributed_table('${table}', 'uscc', colocate_with => '${place === 0 ? 'none' : SPREAD[0]}')`],
  );
}

/** Spreads what belongs on the nodes, where the extension is there; safe to do again. @returns the tables that were spread now */
export async function spreadTables(client: ClientBase): Promise<string[]> {
  if (!(await isCluster(client))) return [];
  const { rows } = await client.query<{ name: string }>('select logicalrelid::text as name from pg_dist_partition');
  const spread = new Set(rows.map(({ name }) => name));
  for (const text of spreadingStatements(spread)) await client.query(text);
  return SPREAD.filter((table) => !spread.has(table));
}
