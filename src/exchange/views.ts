/**
 * Which fields exist for whom. Each audience has a schema of its own, cut from the whole one: what is not in it can be
 * neither asked nor found by introspection. A root field that no list names exists for nobody.
 */
import { GraphQLNonNull, GraphQLObjectType, type GraphQLOutputType, GraphQLSchema } from 'graphql';
import type { Caller } from '../access/inquiry.js';
import { STAFF_ROLES, type StaffRole } from '../terms.js';

export type Audience = 'INSTITUTION' | 'ENTERPRISE' | StaffRole;

const EVERYBODY: readonly Audience[] = ['INSTITUTION', 'ENTERPRISE', ...STAFF_ROLES];
const INSTITUTION: readonly Audience[] = ['INSTITUTION'];
const ENTERPRISE: readonly Audience[] = ['ENTERPRISE'];
const OFFICER: readonly Audience[] = ['GOVERNANCE_OFFICER'];
/** Who looks at policy, with or without deciding on it. */
const OVERSIGHT: readonly Audience[] = ['GOVERNANCE_OFFICER', 'AUDITOR'];

/** The types whose fields depend on who asks. All other types exist where something leads to them. */
const FIELDS: Readonly<Record<string, Readonly<Record<string, readonly Audience[]>>>> = {
  Query: {
    enterprise: INSTITUTION,
    enterprises: INSTITUTION,
    searchEnterprises: INSTITUTION,
    catalogue: EVERYBODY,
    myAccess: INSTITUTION,
    myPolicy: INSTITUTION,
    myAccessRequests: INSTITUTION,
    consentsOf: INSTITUTION,
    myConsents: ENTERPRISE,
    governance: OVERSIGHT,
    enterpriseStatement: ['ENTERPRISE', 'GOVERNANCE_OFFICER', 'AUDITOR'],
    explainDecision: ['INSTITUTION', 'ENTERPRISE', 'GOVERNANCE_OFFICER', 'AUDITOR'],
    auditTrail: OVERSIGHT,
    previewQuery: INSTITUTION,
    rateLimit: INSTITUTION,
    registeredOperations: INSTITUTION,
    checkpoint: EVERYBODY,
    auditKeys: EVERYBODY,
    inclusionProof: EVERYBODY,
    consistencyProof: EVERYBODY,
    usage: STAFF_ROLES,
    alerts: OVERSIGHT,
    alert: OVERSIGHT,
    alertRules: OVERSIGHT,
  },
  Governance: {
    policy: OVERSIGHT,
    policyVersions: OVERSIGHT,
    comparePolicies: OVERSIGHT,
    endingGrants: OVERSIGHT,
    accessRequests: OVERSIGHT,
    proposals: OVERSIGHT,
    consents: OVERSIGHT,
    simulatePolicy: OVERSIGHT,
    leastPrivilege: OVERSIGHT,
  },
  Mutation: {
    grantAccess: OFFICER,
    revokeGrant: OFFICER,
    concludeAgreement: OFFICER,
    endAgreement: OFFICER,
    changeItem: OFFICER,
    suspendInstitution: OFFICER,
    restoreInstitution: OFFICER,
    confineToRegistered: OFFICER,
    setAllowance: OFFICER,
    approveProposal: OFFICER,
    declineProposal: OFFICER,
    delayDisclosure: OFFICER,
    endDisclosureDelay: OFFICER,
    approveAccessRequest: OFFICER,
    declineAccessRequest: OFFICER,
    requestAccess: INSTITUTION,
    registerConsent: INSTITUTION,
    registerOperations: INSTITUTION,
    removeOperations: INSTITUTION,
    acknowledgeAlert: OFFICER,
    closeAlert: OFFICER,
    changeAlertRule: OFFICER,
    reportCase: INSTITUTION,
    giveConsent: ENTERPRISE,
    strikeCategories: ENTERPRISE,
    withdrawConsent: ['INSTITUTION', 'ENTERPRISE'],
  },
};

/** Whom a caller counts among; never empty for a token that was believed. */
export function audiencesOf(caller: Caller): readonly Audience[] {
  return caller.kind === 'STAFF' ? STAFF_ROLES.filter((role) => caller.roles.includes(role)) : [caller.kind];
}

/** The schema as it exists for these audiences. Types of records are shared, not copied. */
export function viewOf(schema: GraphQLSchema, audiences: readonly Audience[]): GraphQLSchema {
  const cut = new Map<string, GraphQLObjectType | null>();
  const cutOf = (name: string): GraphQLObjectType | null => {
    const known = cut.get(name);
    if (known !== undefined) return known;
    const whole = schema.getType(name);
    if (!(whole instanceof GraphQLObjectType)) return null;
    const { fields, ...rest } = whole.toConfig();
    const kept = Object.entries(fields)
      .filter(([field]) => FIELDS[name]?.[field]?.some((audience) => audiences.includes(audience)))
      .map(([field, config]) => [field, { ...config, type: retyped(config.type) }] as const);
    const found = kept.length === 0 ? null : new GraphQLObjectType({ ...rest, fields: Object.fromEntries(kept) });
    cut.set(name, found);
    return found;
  };
  const retyped = (type: GraphQLOutputType): GraphQLOutputType => {
    if (type instanceof GraphQLNonNull) return new GraphQLNonNull(retyped(type.ofType));
    return type instanceof GraphQLObjectType && type.name in FIELDS ? (cutOf(type.name) ?? type) : type;
  };
  return new GraphQLSchema({ ...schema.toConfig(), types: [], query: cutOf('Query'), mutation: cutOf('Mutation') });
}
