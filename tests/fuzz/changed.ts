/** A policy after a change: every row added as governance would write it. */
import type { Policy } from '../oracle/policy.js';
import { INSTITUTIONS } from './place.js';
import { type Change, unique } from './policies.js';

/** The policy with the change written down, and whom it concerns; `*` everybody. */
export function changed(policy: Policy, change: Change, version: number): { policy: Policy; concerned: string } {
  const byIndex = <Row>(rows: readonly Row[], index: number): Row | undefined => rows[rows.length === 0 ? 0 : index % rows.length];
  switch (change.change) {
    case 'GRANT': {
      const last = byIndex(
        latestOf(policy.grants, ({ id }) => id),
        change.index,
      );
      if (!last) return { policy, concerned: '*' };
      const content = change.content === 'REVOKE' ? { revoked: true } : { ...change.content, revoked: false };
      return { policy: { ...policy, grants: [...policy.grants, { ...last, ...content, version }] }, concerned: last.institution ?? '*' };
    }
    case 'NEW_GRANT': {
      const grant = { ...change.holder, ...change.content, id: `N${version}`, version, revoked: false };
      return { policy: { ...policy, grants: [...policy.grants, grant] }, concerned: grant.institution ?? '*' };
    }
    case 'AGREEMENT': {
      const last = byIndex(
        latestOf(policy.agreements, ({ institution: whose, id }) => `${whose} ${id}`),
        change.index,
      );
      if (!last) return { policy, concerned: '*' };
      const content = change.content === 'END' ? { ended: true } : { ...change.content, ended: false };
      return { policy: { ...policy, agreements: [...policy.agreements, { ...last, ...content, version }] }, concerned: last.institution };
    }
    case 'RESIDENCE': {
      const whose = INSTITUTIONS[change.index]?.code as string;
      return { policy: { ...policy, residence: [...policy.residence, { institution: whose, version, active: change.active }] }, concerned: whose };
    }
    case 'CONSENT': {
      const last = byIndex(
        latestOf(policy.consents, ({ uscc, id }) => `${uscc} ${id}`),
        change.index,
      );
      if (!last) return { policy, concerned: '*' };
      return {
        policy: { ...policy, consents: [...policy.consents, { ...last, ...change.narrowing, revision: last.revision + 1 }] },
        concerned: last.institution,
      };
    }
    case 'NEW_CONSENT':
      return {
        policy: { ...policy, consents: [...policy.consents, { ...change.consent, id: `N${version}-${policy.consents.length}`, revision: 1 }] },
        concerned: change.consent.institution,
      };
    case 'SETTING':
      return { policy: { ...policy, settings: [...policy.settings, { ...change.setting, version }] }, concerned: '*' };
    default:
      return { policy, concerned: '*' };
  }
}

/** The last row of each; rows are written down in the order of their versions. */
function latestOf<Row>(rows: readonly Row[], nameOf: (row: Row) => string): Row[] {
  return unique(rows, nameOf);
}
