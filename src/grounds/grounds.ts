/**
 * Where the evidence for decisions lives. Promises: one statement tells everything an inquiry needs, from one snapshot
 * together with its policy epoch; what is cached is used only until an epoch is seen that it does not have. Knows nothing
 * of records and decides nothing.
 */
import { LRUCache } from 'lru-cache';
import type { Agreement, Consent, Grant, Grounds, Standing } from '../access/evidence.js';
import { Fault } from '../faults.js';
import type { Postgres } from '../postgres.js';
import type { Grade, InstitutionId, Purpose, Uscc } from '../terms.js';

export interface GroundsStore {
  /**
   * Evidence on an institution and on the consents that these enterprises gave it.
   * @throws Fault CALLER_UNKNOWN where no such institution is resident; ZONE_UNAVAILABLE.
   */
  of(institution: InstitutionId, usccs: readonly Uscc[]): Promise<Grounds>;
  /** Tells which epoch was last seen for an institution; older evidence is dropped. Returns whether `used` is still it. */
  isCurrent(institution: InstitutionId, used: number, seen: number): boolean;
}

/** Pairs of institution and enterprise whose consents are kept: about 40 MB at most. */
const CONSENTS_KEPT = 100_000;
/** Changes of policy raise the epoch; this bounds what one that forgot to could do. */
const KEPT_FOR_MS = 60_000;

interface KnownConsents {
  /** The epoch of the standing they were read with. */
  readonly epoch: number;
  readonly consents: readonly Consent[];
}

export function openGrounds({ postgres }: { postgres: Postgres }): GroundsStore {
  const standings = new LRUCache<InstitutionId, Standing>({ max: 1_000, ttl: KEPT_FOR_MS });
  const consentsKept = new LRUCache<string, KnownConsents>({ max: CONSENTS_KEPT, ttl: KEPT_FOR_MS });
  const keyOf = (institution: InstitutionId, uscc: Uscc) => `${institution} ${uscc}`;

  function lookUp(standing: Standing, usccs: readonly Uscc[]): Map<Uscc, readonly Consent[]> | null {
    const found = new Map<Uscc, readonly Consent[]>();
    for (const uscc of usccs) {
      const kept = consentsKept.get(keyOf(standing.institution, uscc));
      if (kept?.epoch !== standing.epoch) return null;
      found.set(uscc, kept.consents);
    }
    return found;
  }
  /** Keeps what was read, unless the policy has moved on meanwhile; equal evidence stays one object, so it stays compiled. */
  function remember({ standing, consents }: Loaded): Standing {
    const kept = standings.get(standing.institution);
    if (kept && kept.epoch > standing.epoch) return standing;
    const present = kept?.epoch === standing.epoch ? kept : standing;
    standings.set(standing.institution, present);
    for (const [uscc, given] of consents) consentsKept.set(keyOf(standing.institution, uscc), { epoch: standing.epoch, consents: given });
    return present;
  }
  return {
    async of(institution, usccs) {
      const standing = standings.get(institution);
      const found = standing && lookUp(standing, usccs);
      if (found) return { standing, consentsOf: consentsIn(found) };
      const loaded = await load(postgres, institution, usccs);
      // What is answered comes from this one snapshot, never mixed with what was kept from an earlier one.
      return { standing: remember(loaded), consentsOf: consentsIn(loaded.consents) };
    },
    isCurrent(institution, used, seen) {
      if (standings.get(institution)?.epoch !== seen) standings.delete(institution);
      return used === seen;
    },
  };
}

function consentsIn(consents: ReadonlyMap<Uscc, readonly Consent[]>): (uscc: Uscc) => readonly Consent[] {
  // An enterprise whose consents were not gathered has none: fail closed.
  return (uscc) => consents.get(uscc) ?? [];
}

/* ---- the statement ---- */

interface Loaded {
  readonly standing: Standing;
  readonly consents: ReadonlyMap<Uscc, readonly Consent[]>;
}
interface TermRow {
  id: string;
  purposes: Purpose[];
  valid_from: string;
  valid_until: string;
}
interface GroundsRow {
  active: boolean;
  agreements: (TermRow & { highest_grade: Grade })[];
  grants: (TermRow & { scope: string[]; effect: Grant['effect'] })[];
  consents: (TermRow & { uscc: Uscc; scope: string[]; personal: Consent['personal']; withdrawn_at: string | null; gone: boolean | null })[];
  policy_version: number;
  epoch: number;
}

/** The epoch of an institution is its own plus the one of everybody: both only rise, so the sum tells any change. */
const GROUNDS = `
select i.active,
  (select coalesce(json_agg(a order by id), '[]') from agreement a where a.institution = i.code) as agreements,
  (select coalesce(json_agg(g order by id), '[]') from access_grant g where g.institution = i.code) as grants,
  (select coalesce(json_agg(c order by id), '[]') from (select *, withdrawn_at <= now() as gone from consent) c
    where c.uscc = any($2) and c.institution = i.code) as consents,
  (select coalesce(max(version), 0) from policy_version) as policy_version,
  (select coalesce(sum(epoch), 0)::bigint from policy_epoch e where e.institution in (i.code, '*')) as epoch
from institution i where i.code = $1`;

async function load(postgres: Postgres, institution: InstitutionId, usccs: readonly Uscc[]): Promise<Loaded> {
  const [row] = await postgres.query<GroundsRow>({ name: 'grounds', text: GROUNDS, values: [institution, usccs] });
  if (!row) throw new Fault('CALLER_UNKNOWN');
  const consents = new Map<Uscc, Consent[]>(usccs.map((uscc) => [uscc, []]));
  for (const { uscc, scope, personal, withdrawn_at, gone, ...rest } of row.consents) {
    // What the database calls withdrawn is withdrawn, whatever the clock of this process says: it counts from the first day.
    const withdrawnAt = withdrawn_at === null ? null : new Date(gone ? rest.valid_from : withdrawn_at);
    consents.get(uscc)?.push({ ...term(rest), scope, personal, withdrawnAt });
  }
  const standing: Standing = {
    institution,
    active: row.active,
    agreements: row.agreements.map(({ highest_grade, ...rest }): Agreement => ({ ...term(rest), highestGrade: highest_grade })),
    grants: row.grants.map(({ scope, effect, ...rest }): Grant => ({ ...term(rest), scope, effect })),
    policyVersion: row.policy_version,
    epoch: row.epoch,
  };
  return { standing, consents };
}

function term({ id, purposes, valid_from, valid_until }: TermRow) {
  return { id, purposes, validFrom: new Date(valid_from), validUntil: new Date(valid_until) };
}
