/** What is asked: by whom, about whom, which items, why. Made by the exchange from a GraphQL operation. */
import type { Category, Item } from '../catalogue/model.js';
import type { InstitutionId, Purpose, StaffId, StaffRole, Uscc } from '../terms.js';

/** Who asks, as the token says it. */
export type Caller = InstitutionCaller | StaffCaller | EnterpriseCaller;
/** A system of a resident institution: the only caller that reads records. */
export interface InstitutionCaller {
  readonly kind: 'INSTITUTION';
  readonly institution: InstitutionId;
  /** The institution's system that holds the credential. */
  readonly client: string;
}
/** A person at the platform or at a provider, signed in by name. */
export interface StaffCaller {
  readonly kind: 'STAFF';
  readonly staff: StaffId;
  readonly roles: readonly StaffRole[];
  /** Whose data a provider steward answers for; null for everybody else. */
  readonly provider: string | null;
  readonly client: string;
}
/** An enterprise, acting on its own consents. */
export interface EnterpriseCaller {
  readonly kind: 'ENTERPRISE';
  readonly enterprise: Uscc;
  readonly client: string;
}

/** One word for who acts, unique over all kinds: what policy versions, decisions and idempotency keys are kept under. */
export function actorOf(caller: Caller): string {
  switch (caller.kind) {
    case 'INSTITUTION':
      return `institution:${caller.institution}`;
    case 'STAFF':
      return `staff:${caller.staff}`;
    case 'ENTERPRISE':
      return `enterprise:${caller.enterprise}`;
  }
}

/** Why it is asked: the institution's own case, which makes the read answerable. */
export interface Cause {
  readonly purpose: Purpose;
  readonly caseNumber: string;
  readonly operator: string | null;
}

/** What one root field asks: the same of each enterprise it names. */
export interface Read {
  /** Response key of the root field. */
  readonly key: string;
  readonly usccs: readonly Uscc[];
  /** Items asked of each category; an empty list where only its provenance is asked. */
  readonly asked: ReadonlyMap<Category, readonly Item[]>;
  /** Whether `Enterprise.name` is asked, which is governed as the item registration.basic.enterpriseName. */
  readonly name: boolean;
}

export interface Inquiry {
  readonly caller: InstitutionCaller;
  readonly cause: Cause;
  readonly time: Date;
  readonly reads: readonly Read[];
}
