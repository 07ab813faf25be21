/** Whether a change fits the policy and the catalogue it is made on. Every fault at once, each where it stands in the input. */
import type { Policy, PolicyChange } from '../access/policy.js';
import type { Catalogue } from '../catalogue/model.js';
import type { InstitutionId } from '../terms.js';
import { type UserError, userError } from './userErrors.js';

/** Longest term of grants and agreements: longer ones are forgotten. */
export const LONGEST_TERM_YEARS = 5;
/** Changes whose mutation takes an `input`; the others take their arguments side by side. */
const TAKES_INPUT = new Set<PolicyChange['change']>(['GRANT_ACCESS', 'CONCLUDE_AGREEMENT', 'SET_ITEM', 'SET_ALLOWANCE', 'DELAY_DISCLOSURE']);
const MOST_SCOPE = 400;
const MOST_COST = 100_000_000;
/** What is to be told is told within two years. */
const MOST_DELAY_DAYS = 730;
const LONGEST_CASE_NUMBER = 64;

export interface Checking {
  readonly catalogue: Catalogue;
  readonly now: Date;
}

/** What is wrong with one change on a policy; fields as the mutation of that change names them. */
export function faultsOf(policy: Policy, change: PolicyChange, { catalogue, now }: Checking): UserError[] {
  const field = 'input';
  const at = (name: string) => (TAKES_INPUT.has(change.change) ? `${field}.${name}` : name);
  const resident = (institution: InstitutionId) => (policy.residents.has(institution) ? [] : [userError(at('institution'), 'UNKNOWN', institution)]);
  switch (change.change) {
    case 'GRANT_ACCESS':
      return [
        ...(change.institution === null ? [] : resident(change.institution)),
        ...purposeFaults(change.purposes, at('purposes')),
        ...scopeFaults(change.scope, catalogue, at('scope')),
        ...termFaults(change, now, LONGEST_TERM_YEARS, field),
      ];
    case 'REVOKE_GRANT': {
      const grant = policy.grants.find(({ id }) => id === change.id);
      if (!grant) return [userError(at('grant'), 'UNKNOWN', change.id)];
      return grant.revoked ? [userError(at('grant'), 'NOTHING_CHANGES')] : [];
    }
    case 'CONCLUDE_AGREEMENT':
      return [
        ...resident(change.institution),
        ...purposeFaults(change.purposes, at('purposes')),
        ...([1, 2, 3, 4].includes(change.highestGrade) ? [] : [userError(at('highestGrade'), 'OUT_OF_RANGE', '1 - 4')]),
        ...termFaults(change, now, LONGEST_TERM_YEARS, field),
      ];
    case 'END_AGREEMENT': {
      const agreement = policy.agreements.find(({ institution, id }) => institution === change.institution && id === change.id);
      if (!agreement) return [userError(at('agreement'), 'UNKNOWN', change.id)];
      return agreement.ended ? [userError(at('agreement'), 'NOTHING_CHANGES')] : [];
    }
    case 'SET_ITEM': {
      return [
        ...(catalogue.item(change.item) ? [] : [userError(at('item'), 'UNKNOWN', change.item)]),
        ...(change.grade === null || [1, 2, 3, 4].includes(change.grade) ? [] : [userError(at('grade'), 'OUT_OF_RANGE', '1 - 4')]),
        ...(change.inForceFrom === null || isDay(change.inForceFrom) ? [] : [userError(at('inForceFrom'), 'OUT_OF_RANGE', 'YYYY-MM-DD')]),
      ];
    }
    case 'SET_RESIDENCE': {
      const present = policy.residents.get(change.institution);
      const same = present && (change.active ?? present.active) === present.active && (change.safelist ?? present.safelist) === present.safelist;
      return [...resident(change.institution), ...(same ? [userError(at('institution'), 'NOTHING_CHANGES')] : [])];
    }
    case 'SET_ALLOWANCE':
      return [
        ...resident(change.institution),
        ...(['costPerMinute', 'enterprisesADay', 'atOnce'] as const).flatMap((name) =>
          Number.isInteger(change[name]) && change[name] > 0 && change[name] <= MOST_COST ? [] : [userError(at(name), 'OUT_OF_RANGE', `1 - ${MOST_COST}`)],
        ),
      ];
    case 'DELAY_DISCLOSURE':
      return [
        ...(change.institution === null ? [] : resident(change.institution)),
        ...(change.caseNumber === null ? [] : textFaults(change.caseNumber, at('caseNumber'), LONGEST_CASE_NUMBER)),
        // Nobody keeps everything from everybody.
        ...((change.institution ?? change.purpose ?? change.caseNumber) === null ? [userError(field, 'EMPTY')] : []),
        ...(Number.isInteger(change.days) && change.days > 0 && change.days <= MOST_DELAY_DAYS
          ? []
          : [userError(at('days'), 'OUT_OF_RANGE', `1 - ${MOST_DELAY_DAYS}`)]),
      ];
    case 'END_DISCLOSURE_DELAY': {
      const delay = policy.delays.find(({ id }) => id === change.id);
      if (!delay) return [userError(at('delay'), 'UNKNOWN', change.id)];
      return delay.ended ? [userError(at('delay'), 'NOTHING_CHANGES')] : [];
    }
  }
}

/** Whether it is a day of the calendar: 2026-02-31 is none. */
function isDay(text: string): boolean {
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

export function purposeFaults(purposes: readonly string[], field: string): UserError[] {
  return purposes.length === 0 ? [userError(field, 'EMPTY')] : [];
}

/** Domains, categories or items of the catalogue, or `*`. */
export function scopeFaults(scope: readonly string[], catalogue: Catalogue, field: string, { items = true }: { items?: boolean } = {}): UserError[] {
  if (scope.length === 0) return [userError(field, 'EMPTY')];
  if (scope.length > MOST_SCOPE) return [userError(field, 'TOO_LONG', `> ${MOST_SCOPE}`)];
  const isKnown = (name: string) =>
    name === '*' ||
    catalogue.domains.some(({ code }) => code === name) ||
    catalogue.category(name) !== undefined ||
    (items && catalogue.item(name) !== undefined);
  return scope.filter((name) => !isKnown(name)).map((name) => userError(field, 'UNKNOWN', name.slice(0, 100)));
}

export function termFaults(
  { validFrom, validUntil }: { readonly validFrom: string; readonly validUntil: string },
  now: Date,
  longestYears: number,
  field: string,
): UserError[] {
  const [from, until] = [new Date(validFrom), new Date(validUntil)];
  if (!(from < until)) return [userError(`${field}.validUntil`, 'TERM_REVERSED')];
  if (until <= now) return [userError(`${field}.validUntil`, 'TERM_OVER')];
  const longest = new Date(from);
  longest.setUTCFullYear(longest.getUTCFullYear() + longestYears);
  return until > longest ? [userError(`${field}.validUntil`, 'TERM_TOO_LONG', `${longestYears} a`)] : [];
}

/** A text for people: not empty, not endless, nothing invisible but breaks of line. */
export function textFaults(text: string, field: string, longest = 2_000): UserError[] {
  if (text.trim() === '') return [userError(field, 'EMPTY')];
  if (text.length > longest) return [userError(field, 'TOO_LONG', `> ${longest}`)];
  return /^(?:[^\p{C}\p{Zl}\p{Zp}]|[\n\t])+$/u.test(text) ? [] : [userError(field, 'NOT_PRINTABLE')];
}
