/**
 * Where the evidence for decisions lives. Promises: one statement tells everything an inquiry needs, from one snapshot
 * together with its policy epoch; what is cached is used only until an epoch is seen that it does not have. Knows nothing
 * of records and decides nothing.
 */
import { LRUCache } from 'lru-cache';
import type { Agreement, Allowance, Consent, Grant, Grounds, ItemSetting, Standing } from '../access/evidence.js';
import { Fault } from '../faults.js';
import type { Postgres } from '../postgres.js';
import type { Grade, InstitutionId, InstitutionKind, ItemCode, Purpose, Uscc } from '../terms.js';

/** A moment of the past: the policy version that was in force, and the time whose consents count. */
export interface Past {
  readonly version: number;
  readonly time: Date;
}
/** Enterprises whose consents to an institution are wanted as they were recorded at a time. */
export interface ConsentsAsked {
  readonly institution: InstitutionId;
  readonly time: Date;
  readonly usccs: readonly Uscc[];
}
export interface GroundsStore {
  /**
   * Evidence on an institution and on the consents that these enterprises gave it.
   * @throws Fault CALLER_UNKNOWN where no such institution is resident; ZONE_UNAVAILABLE.
   */
  of(institution: InstitutionId, usccs: readonly Uscc[]): Promise<Grounds>;
  /** Whether evidence on the institution itself is at hand. */
  knows(institution: InstitutionId): boolean;
  /** The same as it was then; never from a cache. Its epoch is the present one. */
  at(past: Past, institution: InstitutionId, usccs: readonly Uscc[]): Promise<Grounds>;
  /** Consents of many past moments in one statement, in the order asked; never from a cache. */
  consentsThen(asked: readonly ConsentsAsked[]): Promise<readonly Grounds['consentsOf'][]>;
  /** Tells which epoch was last seen for an institution; older evidence is dropped. Returns whether `used` is still it. */
  isCurrent(institution: InstitutionId, used: number, seen: number): boolean;
  /** Drops what is kept, after a change made in this process; others see it by its epoch. */
  forget(): void;
}

/** Pairs of institution and enterprise whose consents are kept: about 16 MB at most. */
const CONSENTS_KEPT = 40_000;
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

  /** What is known of these under the epoch of the standing, and of which nothing is. */
  function lookUp({ institution, epoch }: Standing, usccs: readonly Uscc[]): { found: Map<Uscc, readonly Consent[]>; missing: Uscc[] } {
    const found = new Map<Uscc, readonly Consent[]>();
    const missing: Uscc[] = [];
    for (const uscc of usccs) {
      const kept = consentsKept.get(keyOf(institution, uscc));
      if (kept?.epoch !== epoch) missing.push(uscc);
      else found.set(uscc, kept.consents);
    }
    return { found, missing };
  }
  /** Evidence of one epoch: what is kept is joined by what is lacking only where the statement that tells that sees the same epoch. */
  async function complete(standing: Standing, usccs: readonly Uscc[]): Promise<Loaded | null> {
    const { found, missing } = lookUp(standing, usccs);
    if (missing.length === 0) return { standing, consents: found };
    const { epoch, consents } = await loadConsentsNow(postgres, standing.institution, missing);
    if (epoch !== standing.epoch) return null;
    keep(standing, consents);
    for (const [uscc, given] of consents) found.set(uscc, given);
    return { standing, consents: found };
  }
  function keep({ institution, epoch }: Standing, consents: Loaded['consents']): void {
    for (const [uscc, given] of consents) consentsKept.set(keyOf(institution, uscc), { epoch, consents: given });
  }
  /** Keeps what was read, unless the policy has moved on meanwhile; equal evidence stays one object, so it stays compiled. */
  function remember({ standing, consents }: Loaded): Standing {
    const kept = standings.get(standing.institution);
    if (kept && kept.epoch > standing.epoch) return standing;
    const present = kept?.epoch === standing.epoch ? kept : standing;
    standings.set(standing.institution, present);
    keep(standing, consents);
    return present;
  }
  return {
    async of(institution, usccs) {
      const standing = standings.get(institution);
      const known = standing && (await complete(standing, usccs));
      if (known) return { standing: known.standing, consentsOf: consentsIn(known.consents) };
      const loaded = await load(postgres, institution, usccs);
      // What is answered comes from this one snapshot, never mixed with what was kept from an earlier one.
      return { standing: remember(loaded), consentsOf: consentsIn(loaded.consents) };
    },
    knows: (institution) => standings.has(institution),
    async at(past, institution, usccs) {
      const { standing, consents } = await load(postgres, institution, usccs, past);
      return { standing, consentsOf: consentsIn(consents) };
    },
    consentsThen: (asked) => loadConsents(postgres, asked),
    isCurrent(institution, used, seen) {
      if (standings.get(institution)?.epoch !== seen) standings.delete(institution);
      return used === seen;
    },
    forget: () => standings.clear(),
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
interface ConsentRow extends TermRow {
  uscc: Uscc;
  scope: string[];
  struck: string[];
  personal: Consent['personal'];
  withdrawn_at: string | null;
  gone: boolean | null;
}
interface GroundsRow {
  kind: InstitutionKind;
  active: boolean;
  safelist: boolean;
  agreements: (TermRow & { highest_grade: Grade; ended: boolean })[];
  grants: (TermRow & { scope: string[]; effect: Grant['effect']; revoked: boolean })[];
  settings: { item: ItemCode; grade: Grade | null; sharing: ItemSetting['sharing']; in_force_from: string | null }[];
  allowances: { purpose: Purpose; cost_per_minute: number; enterprises_a_day: number; at_once: number }[];
  consents: ConsentRow[];
  policy_version: number;
  epoch: number;
}

/** Consents to the institution `i` that $2 gave, as they were recorded by `time` and are withdrawn by `now`. */
const consentsUpTo = (now: string, time: string) => `(select coalesce(json_agg(c order by id), '[]') from (
    select distinct on (uscc, id) *, withdrawn_at <= ${now} as gone from consent
    where uscc = any($2) and institution = i.code and recorded_at <= ${time} order by uscc, id, revision desc) c) as consents`;
const EPOCH = `(select coalesce(sum(epoch), 0)::bigint from policy_epoch e where e.institution in (i.code, '*')) as epoch`;
const CONSENTS_NOW = `select ${consentsUpTo('now()', "'infinity'")}, ${EPOCH} from institution i where i.code = $1`;

/**
 * Of each thing the row of the highest version counts, up to $3 where the past is asked for; of each consent the latest
 * revision recorded by $4. The epoch of an institution is its own plus the one of everybody: both only rise, so the sum
 * tells any change.
 */
const GROUNDS = `
with upto as (select coalesce($3::bigint, 9223372036854775807) as version, coalesce($4::timestamptz, 'infinity') as time)
select i.kind, r.active, r.safelist,
  (select coalesce(json_agg(a order by id), '[]') from (
    select distinct on (id) * from agreement where institution = i.code and version <= upto.version order by id, version desc) a) as agreements,
  (select coalesce(json_agg(g order by id), '[]') from (
    select distinct on (id) * from access_grant
    where (institution = i.code or institution_kind = i.kind) and version <= upto.version order by id, version desc) g) as grants,
  (select coalesce(json_agg(s), '[]') from (
    select distinct on (item) * from item_setting where version <= upto.version order by item, version desc) s) as settings,
  (select coalesce(json_agg(w), '[]') from (
    select distinct on (purpose) * from allowance where institution = i.code and version <= upto.version order by purpose, version desc) w) as allowances,
  ${consentsUpTo('coalesce($4, now())', 'upto.time')},
  (select coalesce(max(version), 0) from policy_version where version <= upto.version) as policy_version,
  ${EPOCH}
from institution i
join upto on true
join lateral (select active, safelist from residence where institution = i.code and version <= upto.version order by version desc limit 1) r on true
where i.code = $1`;

async function load(postgres: Postgres, institution: InstitutionId, usccs: readonly Uscc[], past?: Past): Promise<Loaded> {
  const [row] = await postgres.query<GroundsRow>({ name: 'grounds', text: GROUNDS, values: [institution, usccs, past?.version ?? null, past?.time ?? null] });
  if (!row) throw new Fault('CALLER_UNKNOWN');
  const standing: Standing = {
    institution,
    kind: row.kind,
    active: row.active,
    safelist: row.safelist,
    agreements: row.agreements.map(({ highest_grade, ended, ...rest }): Agreement => ({ ...term(rest, ended), highestGrade: highest_grade })),
    grants: row.grants.map(({ scope, effect, revoked, ...rest }): Grant => ({ ...term(rest, revoked), scope, effect })),
    settings: new Map(row.settings.map(({ item, grade, sharing, in_force_from }) => [item, { grade, sharing, inForceFrom: in_force_from }])),
    allowances: new Map(row.allowances.map((allowed) => [allowed.purpose, allowanceOf(allowed)])),
    policyVersion: row.policy_version,
    epoch: row.epoch,
  };
  return { standing, consents: byGiver(row.consents, usccs) };
}

/** Only the consents of today, and the epoch they were read under. */
async function loadConsentsNow(postgres: Postgres, institution: InstitutionId, usccs: readonly Uscc[]): Promise<{ epoch: number } & Pick<Loaded, 'consents'>> {
  const [row] = await postgres.query<Pick<GroundsRow, 'consents' | 'epoch'>>({ name: 'consents now', text: CONSENTS_NOW, values: [institution, usccs] });
  if (!row) throw new Fault('CALLER_UNKNOWN');
  return { epoch: row.epoch, consents: byGiver(row.consents, usccs) };
}

function byGiver(rows: readonly ConsentRow[], usccs: readonly Uscc[]): Map<Uscc, Consent[]> {
  const consents = new Map<Uscc, Consent[]>(usccs.map((uscc) => [uscc, []]));
  for (const given of rows) consents.get(given.uscc)?.push(consentOf(given));
  return consents;
}

const CONSENTS_THEN = `
select place, row_to_json(given) as given from (
  select distinct on (p.place, c.uscc, c.id) p.place, c.*, c.withdrawn_at <= p.time as gone
  from unnest($1::int[], $2::text[], $3::text[], $4::timestamptz[]) as p (place, institution, uscc, time)
  join consent c on c.uscc = p.uscc and c.institution = p.institution and c.recorded_at <= p.time
  order by p.place, c.uscc, c.id, c.revision desc) given`;

async function loadConsents(postgres: Postgres, asked: readonly ConsentsAsked[]): Promise<Grounds['consentsOf'][]> {
  const pairs = asked.flatMap(({ institution, time, usccs }, place) => usccs.map((uscc) => ({ place, institution, uscc, time })));
  const rows = await postgres.query<{ place: number; given: ConsentRow }>({
    name: 'consents then',
    text: CONSENTS_THEN,
    values: [
      pairs.map(({ place }) => place),
      pairs.map(({ institution }) => institution),
      pairs.map(({ uscc }) => uscc),
      pairs.map(({ time }) => time.toISOString()),
    ],
  });
  const found = asked.map(() => new Map<Uscc, Consent[]>());
  for (const { place, given } of rows) {
    const known = found[place]?.get(given.uscc);
    if (known) known.push(consentOf(given));
    else found[place]?.set(given.uscc, [consentOf(given)]);
  }
  return found.map(consentsIn);
}

function consentOf({ uscc: _giver, scope, struck, personal, withdrawn_at, gone, ...rest }: ConsentRow): Consent {
  // What the database calls withdrawn is withdrawn, whatever the clock of this process says, and whether or not it had begun.
  const withdrawnAt = withdrawn_at === null ? null : new Date(gone ? 0 : withdrawn_at);
  return { ...term(rest), scope, struck, personal, withdrawnAt };
}

function allowanceOf({ cost_per_minute, enterprises_a_day, at_once }: GroundsRow['allowances'][number]): Allowance {
  return { costPerMinute: cost_per_minute, enterprisesADay: enterprises_a_day, atOnce: at_once };
}

/** What was ended or revoked holds at no time, so that no clock decides when it ceased to. */
function term({ id, purposes, valid_from, valid_until }: TermRow, over = false) {
  const validFrom = new Date(valid_from);
  return { id, purposes, validFrom, validUntil: over ? validFrom : new Date(valid_until) };
}
