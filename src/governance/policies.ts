/** Policy as the database holds it: whole, of any version; and the list of versions with who made them and why. */
import type { HeldAgreement, HeldDelay, HeldGrant, Holder, Policy, PolicyChange, Resident } from '../access/policy.js';
import type { Client } from '../postgres.js';
import type { Grade, InstitutionId, InstitutionKind, ItemCode, Purpose, SharingType } from '../terms.js';

export interface PolicyVersion {
  readonly version: number;
  readonly author: string;
  readonly approver: string | null;
  readonly reason: string;
  readonly time: Date;
  /** Empty for versions that were not made by changes, such as the first. */
  readonly changes: readonly PolicyChange[];
  /** Whom it concerns; `*` is everybody. */
  readonly institutions: readonly string[];
}

interface TermRow {
  id: string;
  version: number;
  purposes: Purpose[];
  valid_from: string;
  valid_until: string;
}
interface PolicyRow {
  version: number | null;
  residents: { institution: InstitutionId; kind: InstitutionKind; name_zh: string; name_en: string; active: boolean; safelist: boolean }[];
  agreements: (TermRow & { institution: InstitutionId; highest_grade: Grade; ended: boolean })[];
  grants: (TermRow & {
    institution: InstitutionId | null;
    institution_kind: InstitutionKind | null;
    scope: string[];
    effect: 'CLEAR' | 'MASKED';
    revoked: boolean;
    reason: string;
    approver: string | null;
  })[];
  settings: { item: ItemCode; grade: Grade | null; sharing: SharingType | null; in_force_from: string | null }[];
  allowances: { institution: InstitutionId; purpose: Purpose; cost_per_minute: number; enterprises_a_day: number; at_once: number }[];
  delays: (Omit<HeldDelay, 'caseNumber'> & { case_number: string | null })[];
}

/** As in grounds/grounds.ts, for all institutions at once. */
const POLICY = `
with upto as (select coalesce($1::bigint, 9223372036854775807) as version)
select (select max(version) from policy_version where version <= upto.version) as version,
  (select coalesce(json_agg(r order by institution), '[]') from (
    select distinct on (r.institution) r.institution, i.kind, i.name_zh, i.name_en, r.active, r.safelist
    from residence r join institution i on i.code = r.institution where r.version <= upto.version order by r.institution, r.version desc) r) as residents,
  (select coalesce(json_agg(a order by institution, id), '[]') from (
    select distinct on (institution, id) * from agreement where version <= upto.version order by institution, id, version desc) a) as agreements,
  (select coalesce(json_agg(g order by id), '[]') from (
    select distinct on (id) * from access_grant where version <= upto.version order by id, version desc) g) as grants,
  (select coalesce(json_agg(s order by item), '[]') from (
    select distinct on (item) * from item_setting where version <= upto.version order by item, version desc) s) as settings,
  (select coalesce(json_agg(w order by institution, purpose), '[]') from (
    select distinct on (institution, purpose) * from allowance where version <= upto.version order by institution, purpose, version desc) w) as allowances,
  (select coalesce(json_agg(d order by id), '[]') from (
    select distinct on (id) id, version, institution, purpose, case_number, days, ended from disclosure_delay
    where version <= upto.version order by id, version desc) d) as delays
from upto`;

/** The policy of a version, the latest where none is named; null where there was no version yet. */
export async function readPolicy(client: Pick<Client, 'query'>, version: number | null = null): Promise<Policy | null> {
  const { rows } = await client.query<PolicyRow>({ name: 'policy', text: POLICY, values: [version] });
  const row = rows[0];
  if (!row || row.version === null) return null;
  return {
    version: row.version,
    residents: new Map(row.residents.map((resident) => [resident.institution, residentOf(resident)])),
    agreements: row.agreements.map(
      ({ institution, highest_grade, ended, ...rest }): HeldAgreement => ({ ...term(rest, ended), institution, highestGrade: highest_grade, ended }),
    ),
    grants: row.grants.map(({ institution, institution_kind, scope, effect, revoked, reason, approver, ...rest }): HeldGrant => {
      const holder = { institution, institutionKind: institution_kind } as Holder;
      return { ...term(rest, revoked), ...holder, scope, effect, revoked, reason, approver };
    }),
    settings: new Map(row.settings.map(({ item, grade, sharing, in_force_from }) => [item, { grade, sharing, inForceFrom: in_force_from }])),
    allowances: row.allowances.map(({ institution, purpose, cost_per_minute, enterprises_a_day, at_once }) => ({
      institution,
      purpose,
      costPerMinute: cost_per_minute,
      enterprisesADay: enterprises_a_day,
      atOnce: at_once,
    })),
    delays: row.delays.map(({ case_number, ...delay }) => ({ ...delay, caseNumber: case_number })),
  };
}

function residentOf({ institution, kind, name_zh, name_en, active, safelist }: PolicyRow['residents'][number]): Resident {
  return { institution, kind, name: { zh: name_zh, en: name_en }, active, safelist };
}

function term({ id, version, purposes, valid_from, valid_until }: TermRow, over: boolean) {
  const validFrom = new Date(valid_from);
  return { id, version, purposes, validFrom, validUntil: over ? validFrom : new Date(valid_until) };
}

interface VersionRow {
  version: number;
  author: string;
  approver: string | null;
  reason: string;
  time: Date;
  change: string | null;
  institutions: string[];
}

/** Versions before a number, newest first. */
export async function readVersions(client: Pick<Client, 'query'>, { first, before }: { first: number; before: number | null }): Promise<PolicyVersion[]> {
  const { rows } = await client.query<VersionRow>({
    name: 'policy versions',
    text: 'select * from policy_version where version < coalesce($1::bigint, 9223372036854775807) order by version desc limit $2',
    values: [before, first],
  });
  return rows.map(({ change, ...version }) => ({ ...version, changes: change === null ? [] : (JSON.parse(change) as PolicyChange[]) }));
}
