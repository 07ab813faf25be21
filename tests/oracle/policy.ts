/**
 * The rules read as sentences, and applied one question at a time, without a cache, a table or a shortcut. Of every thing
 * that is kept in versions the row of the highest version counts; of a consent the latest revision.
 */
import type { CategoryFacts, ItemFacts } from './catalogue.js';

type Moment = string;
interface Term {
  readonly validFrom: Moment;
  readonly validUntil: Moment;
}
export interface Residence {
  readonly institution: string;
  readonly version: number;
  readonly active: boolean;
}
export interface Agreement extends Term {
  readonly institution: string;
  readonly id: string;
  readonly version: number;
  readonly purposes: readonly string[];
  readonly highestGrade: number;
  readonly ended: boolean;
}
export interface Grant extends Term {
  /** One of the two is null. */
  readonly institution: string | null;
  readonly institutionKind: string | null;
  readonly id: string;
  readonly version: number;
  readonly purposes: readonly string[];
  readonly scope: readonly string[];
  readonly effect: 'CLEAR' | 'MASKED';
  readonly revoked: boolean;
}
export interface Setting {
  readonly item: string;
  readonly version: number;
  readonly grade: number | null;
  readonly sharing: string | null;
  readonly inForceFrom: string | null;
}
export interface Consent extends Term {
  readonly uscc: string;
  readonly id: string;
  readonly institution: string;
  readonly revision: number;
  readonly purposes: readonly string[];
  readonly scope: readonly string[];
  readonly struck: readonly string[];
  readonly personal: 'CLEAR' | 'MASKED';
  readonly withdrawnAt: Moment | null;
}
/** Everything that was ever written down, in no order. */
export interface Policy {
  readonly residence: readonly Residence[];
  readonly agreements: readonly Agreement[];
  readonly grants: readonly Grant[];
  readonly settings: readonly Setting[];
  readonly consents: readonly Consent[];
}
export interface Asker {
  readonly institution: string;
  readonly kind: string;
  readonly purpose: string;
  /** The gateway's clock. */
  readonly time: number;
  /** The database's: what it calls withdrawn is withdrawn, whatever the gateway's clock says. */
  readonly databaseTime: number;
}

/** In the order in which reasons are told where several hold. */
export const REASON_ORDER = [
  'INSTITUTION_INACTIVE',
  'PURPOSE_NOT_AGREED',
  'ITEM_NOT_IN_FORCE',
  'ITEM_NOT_SHARED',
  'NO_GRANT',
  'GRANT_EXPIRED',
  'GRADE_TOO_HIGH',
  'CONSENT_REQUIRED',
  'CONSENT_EXPIRED',
  'CONSENT_WITHDRAWN',
];

export interface Verdict {
  readonly effect: 'CLEAR' | 'MASKED' | 'DENIED';
  readonly reason: string | null;
  /** Grants in force that cover the item; consents in force that cover its category. */
  readonly grants: readonly string[];
  readonly consents: readonly string[];
}

const at = (moment: Moment): number => Date.parse(moment);

function runs(term: Term, time: number): boolean {
  if (time < at(term.validFrom)) return false;
  if (time >= at(term.validUntil)) return false;
  return true;
}

/** The row of each thing that counts. */
function latest<Row>(rows: readonly Row[], nameOf: (row: Row) => string, numberOf: (row: Row) => number): Row[] {
  const counting: Row[] = [];
  for (const row of rows) {
    const newer = rows.some((other) => nameOf(other) === nameOf(row) && numberOf(other) > numberOf(row));
    if (!newer) counting.push(row);
  }
  return counting;
}

function covers(scope: readonly string[], category: CategoryFacts): boolean {
  for (const word of scope) {
    if (word === '*') return true;
    if (word === category.domain) return true;
    if (word === category.code) return true;
  }
  return false;
}

/** The item as settings have it: what a setting leaves open is as the catalogue says. */
export function itemInPolicy(policy: Policy, item: ItemFacts): ItemFacts {
  const [setting] = latest(
    policy.settings.filter((one) => one.item === item.code),
    (one) => one.item,
    (one) => one.version,
  );
  if (setting === undefined) return item;
  return {
    ...item,
    grade: setting.grade === null ? item.grade : setting.grade,
    sharing: setting.sharing === null ? item.sharing : setting.sharing,
    inForceFrom: setting.inForceFrom === null ? item.inForceFrom : setting.inForceFrom,
  };
}

type ConsentWord = 'REQUIRED' | 'EXPIRED' | 'WITHDRAWN' | 'LIVE';

/** What the enterprise has said to this institution about this category for this purpose. */
function consentOf(policy: Policy, asker: Asker, uscc: string | null, category: CategoryFacts): { word: ConsentWord; personal: boolean; ids: string[] } {
  const given = latest(
    policy.consents.filter((consent) => consent.uscc === uscc && consent.institution === asker.institution),
    (consent) => consent.id,
    (consent) => consent.revision,
  ).filter((consent) => consent.purposes.includes(asker.purpose) && covers(consent.scope, category) && !consent.struck.includes(category.code));

  const latestNow = Math.max(asker.time, asker.databaseTime);
  const isWithdrawn = (consent: Consent) => consent.withdrawnAt !== null && at(consent.withdrawnAt) <= latestNow;
  const live = given.filter((consent) => !isWithdrawn(consent) && runs(consent, asker.time));
  if (live.length > 0) {
    const ids = live.map((consent) => consent.id).sort();
    return { word: 'LIVE', personal: live.every((consent) => consent.personal === 'CLEAR'), ids };
  }
  // The later word of the enterprise is told before the calendar's.
  if (given.some(isWithdrawn)) return { word: 'WITHDRAWN', personal: false, ids: [] };
  if (given.some((consent) => at(consent.validUntil) <= asker.time)) return { word: 'EXPIRED', personal: false, ids: [] };
  return { word: 'REQUIRED', personal: false, ids: [] };
}

/** In the records of an individual's business (codes that begin with 92) these identify the person behind it. */
const TELLS_WHO = ['personName', 'idNumber', 'phone', 'address', 'accountNumber', 'email'];

/** What comes out for one item of one enterprise; `uscc` null: of a firm that has consented to nothing. */
export function verdictOn(policy: Policy, asker: Asker, uscc: string | null, category: CategoryFacts, listed: ItemFacts): Verdict {
  const item = itemInPolicy(policy, listed);
  const against: string[] = [];
  let masked = false;

  // An institution that has left, or is suspended, is given nothing.
  const [residence] = latest(
    policy.residence.filter((one) => one.institution === asker.institution),
    (one) => one.institution,
    (one) => one.version,
  );
  if (residence === undefined || !residence.active) against.push('INSTITUTION_INACTIVE');

  // The purpose is one that an agreement in force names; what was ended holds at no time.
  const agreements = latest(
    policy.agreements.filter((one) => one.institution === asker.institution),
    (one) => one.id,
    (one) => one.version,
  ).filter((one) => !one.ended && runs(one, asker.time) && one.purposes.includes(asker.purpose));
  if (agreements.length === 0) against.push('PURPOSE_NOT_AGREED');

  // Announced for a later day: not before that day begins in Beijing, which is eight hours ahead.
  if (item.inForceFrom !== null) {
    const [year, month, day] = item.inForceFrom.split('-').map(Number) as [number, number, number];
    if (asker.time < Date.UTC(year, month - 1, day) - 8 * 3_600_000) against.push('ITEM_NOT_IN_FORCE');
  }

  if (item.sharing === 'NOT_SHARED') against.push('ITEM_NOT_SHARED');

  // A grant in force covers the item, its own or one of its kind; of several the strictest counts.
  const grants = latest(
    policy.grants.filter((one) => one.institution === asker.institution || one.institutionKind === asker.kind),
    (one) => one.id,
    (one) => one.version,
  ).filter((one) => one.purposes.includes(asker.purpose) && (covers(one.scope, category) || one.scope.includes(item.code)));
  const inForce = grants.filter((one) => !one.revoked && runs(one, asker.time));
  if (inForce.length === 0) {
    // A revoked grant is over from the day it began.
    const over = grants.some((one) => (one.revoked ? at(one.validFrom) : at(one.validUntil)) <= asker.time);
    against.push(over ? 'GRANT_EXPIRED' : 'NO_GRANT');
  } else if (inForce.some((one) => one.effect === 'MASKED')) masked = true;

  // Not graded above what every agreement for the purpose allows.
  if (agreements.some((one) => item.grade > one.highestGrade)) against.push('GRADE_TOO_HIGH');

  // What is shared on condition, or is of grade 3 or 4, needs a consent.
  const consent = consentOf(policy, asker, uscc, category);
  const needed = item.sharing === 'CONDITIONAL' || item.grade === 3 || item.grade === 4;
  if (needed && consent.word !== 'LIVE') against.push(`CONSENT_${consent.word}`);

  if (item.grade === 4) masked = true;

  // Personal data are masked unless both the grant and the consent say clear.
  const personsBusiness = uscc !== null && uscc.slice(0, 2) === '92';
  const personal = item.personal || (personsBusiness && (TELLS_WHO.includes(item.type) || item.code === 'registration.basic.enterpriseName'));
  if (personal && !(consent.word === 'LIVE' && consent.personal)) masked = true;

  const told = { grants: inForce.map((one) => one.id).sort(), consents: consent.ids };
  for (const reason of REASON_ORDER) if (against.includes(reason)) return { effect: 'DENIED', reason, ...told };
  return { effect: masked ? 'MASKED' : 'CLEAR', reason: null, ...told };
}
