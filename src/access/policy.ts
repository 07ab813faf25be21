/**
 * Policy as a whole, and changes of it. Pure: a change applied to a policy is another policy, which can be decided under,
 * compared and simulated before anything is written.
 */
import type { Grade, InstitutionId, InstitutionKind, ItemCode, Purpose, SharingType } from '../terms.js';
import { type Agreement, type Allowance, type Grant, type ItemSetting, isLive, type Standing } from './evidence.js';

export interface Resident {
  readonly institution: InstitutionId;
  readonly kind: InstitutionKind;
  readonly name: { readonly zh: string; readonly en: string };
  readonly active: boolean;
  readonly safelist: boolean;
}
export interface HeldAgreement extends Agreement {
  readonly institution: InstitutionId;
  readonly ended: boolean;
  /** Policy version that wrote it. */
  readonly version: number;
}
/** Who holds a grant: one institution, or all of a kind. */
export type Holder =
  | { readonly institution: InstitutionId; readonly institutionKind: null }
  | { readonly institution: null; readonly institutionKind: InstitutionKind };
export type HeldGrant = Grant &
  Holder & {
    readonly revoked: boolean;
    readonly reason: string;
    readonly approver: string | null;
    readonly version: number;
  };
export interface HeldAllowance extends Allowance {
  readonly institution: InstitutionId;
  readonly purpose: Purpose;
}

/** Reads that are told to the enterprise some days later; what is null is left open. */
export interface HeldDelay {
  readonly id: string;
  readonly institution: InstitutionId | null;
  readonly purpose: Purpose | null;
  readonly caseNumber: string | null;
  readonly days: number;
  readonly ended: boolean;
  readonly version: number;
}

export interface Policy {
  readonly version: number;
  readonly residents: ReadonlyMap<InstitutionId, Resident>;
  readonly agreements: readonly HeldAgreement[];
  readonly grants: readonly HeldGrant[];
  readonly settings: ReadonlyMap<ItemCode, ItemSetting>;
  readonly allowances: readonly HeldAllowance[];
  readonly delays: readonly HeldDelay[];
}

/** One change, as it is proposed, kept and audited. Moments are ISO 8601. */
export type PolicyChange =
  | ({
      readonly change: 'GRANT_ACCESS';
      readonly id: string;
      readonly purposes: readonly Purpose[];
      readonly scope: readonly string[];
      readonly effect: 'CLEAR' | 'MASKED';
      readonly validFrom: string;
      readonly validUntil: string;
    } & Holder)
  | { readonly change: 'REVOKE_GRANT'; readonly id: string }
  | {
      readonly change: 'CONCLUDE_AGREEMENT';
      readonly institution: InstitutionId;
      readonly id: string;
      readonly purposes: readonly Purpose[];
      readonly highestGrade: Grade;
      readonly validFrom: string;
      readonly validUntil: string;
    }
  | { readonly change: 'END_AGREEMENT'; readonly institution: InstitutionId; readonly id: string }
  | {
      readonly change: 'SET_ITEM';
      readonly item: ItemCode;
      readonly grade: Grade | null;
      readonly sharing: SharingType | null;
      readonly inForceFrom: string | null;
    }
  | {
      readonly change: 'SET_RESIDENCE';
      readonly institution: InstitutionId /** null: as it is. */;
      readonly active: boolean | null;
      readonly safelist: boolean | null;
    }
  | ({ readonly change: 'SET_ALLOWANCE'; readonly institution: InstitutionId; readonly purpose: Purpose } & Allowance)
  | ({ readonly change: 'DELAY_DISCLOSURE' } & Omit<HeldDelay, 'ended' | 'version'>)
  | { readonly change: 'END_DISCLOSURE_DELAY'; readonly id: string };

/** The policy after the changes. They MUST name what exists; see governance/checks.ts. */
export function changed(policy: Policy, changes: readonly PolicyChange[], version: number = policy.version): Policy {
  return changes.reduce((before, change) => ({ ...changedBy(before, change, version), version }), policy);
}

function changedBy(policy: Policy, change: PolicyChange, version: number): Policy {
  switch (change.change) {
    case 'GRANT_ACCESS': {
      const { change: _kind, validFrom, validUntil, ...rest } = change;
      const grant = { ...rest, ...term(validFrom, validUntil), revoked: false, reason: '', approver: null, version };
      return { ...policy, grants: [...policy.grants, grant] };
    }
    case 'REVOKE_GRANT':
      return { ...policy, grants: policy.grants.map((grant) => (grant.id === change.id ? { ...grant, ...over(grant), revoked: true, version } : grant)) };
    case 'CONCLUDE_AGREEMENT': {
      const { change: _kind, validFrom, validUntil, ...rest } = change;
      return { ...policy, agreements: [...policy.agreements, { ...rest, ...term(validFrom, validUntil), ended: false, version }] };
    }
    case 'END_AGREEMENT': {
      const isMeant = ({ institution, id }: HeldAgreement) => institution === change.institution && id === change.id;
      return {
        ...policy,
        agreements: policy.agreements.map((agreement) => (isMeant(agreement) ? { ...agreement, ...over(agreement), ended: true, version } : agreement)),
      };
    }
    case 'SET_ITEM': {
      const { grade, sharing, inForceFrom } = change;
      return { ...policy, settings: new Map(policy.settings).set(change.item, { grade, sharing, inForceFrom }) };
    }
    case 'SET_RESIDENCE': {
      const resident = policy.residents.get(change.institution);
      if (!resident) return policy;
      const active = change.active ?? resident.active;
      const safelist = change.safelist ?? resident.safelist;
      return { ...policy, residents: new Map(policy.residents).set(change.institution, { ...resident, active, safelist }) };
    }
    case 'SET_ALLOWANCE': {
      const { change: _kind, ...allowance } = change;
      const others = policy.allowances.filter(({ institution, purpose }) => institution !== change.institution || purpose !== change.purpose);
      return { ...policy, allowances: [...others, allowance] };
    }
    case 'DELAY_DISCLOSURE': {
      const { change: _kind, ...delay } = change;
      return { ...policy, delays: [...policy.delays, { ...delay, ended: false, version }] };
    }
    case 'END_DISCLOSURE_DELAY':
      return { ...policy, delays: policy.delays.map((delay) => (delay.id === change.id ? { ...delay, ended: true, version } : delay)) };
  }
}

function term(validFrom: string, validUntil: string) {
  return { validFrom: new Date(validFrom), validUntil: new Date(validUntil) };
}
/** What was ended or revoked holds at no time; see grounds/grounds.ts. */
function over({ validFrom }: { readonly validFrom: Date }) {
  return { validUntil: validFrom };
}

/** What a policy says of one institution; null where it is no resident. */
export function standingOf(policy: Policy, institution: InstitutionId): Standing | null {
  const resident = policy.residents.get(institution);
  if (!resident) return null;
  return {
    institution,
    kind: resident.kind,
    active: resident.active,
    safelist: resident.safelist,
    agreements: policy.agreements.filter((agreement) => agreement.institution === institution),
    grants: policy.grants.filter((grant) => grant.institution === institution || grant.institutionKind === resident.kind),
    settings: policy.settings,
    allowances: new Map(policy.allowances.flatMap((held) => (held.institution === institution ? [[held.purpose, held] as const] : []))),
    policyVersion: policy.version,
    epoch: 0,
  };
}

/** Institutions whose standing the changes touch. */
export function concernedBy(policy: Policy, changes: readonly PolicyChange[]): InstitutionId[] {
  const all = [...policy.residents.values()];
  const concerned = changes.flatMap((change) => {
    switch (change.change) {
      case 'SET_ITEM':
        return all;
      case 'GRANT_ACCESS':
        return all.filter(({ institution, kind }) => institution === change.institution || kind === change.institutionKind);
      case 'REVOKE_GRANT': {
        const grant = policy.grants.find(({ id }) => id === change.id);
        return all.filter(({ institution, kind }) => institution === grant?.institution || kind === grant?.institutionKind);
      }
      case 'DELAY_DISCLOSURE':
      case 'END_DISCLOSURE_DELAY':
        // What institutions may see stays as it is.
        return [];
      default:
        return all.filter(({ institution }) => institution === change.institution);
    }
  });
  return [...new Set(concerned.map(({ institution }) => institution))];
}

/** Grants in force that end before a day: announced to whoever holds them. */
export function endingBy(policy: Policy, now: Date, day: Date): HeldGrant[] {
  return policy.grants
    .filter((grant) => !grant.revoked && isLive(grant, now) && grant.validUntil <= day)
    .sort((left, right) => +left.validUntil - +right.validUntil);
}
