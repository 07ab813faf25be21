// The workloads: what is asked, made from the catalogue, so that the bench and the gateway cannot disagree.

/** Six categories that nearly every firm has, with the items a credit officer reads first: about 70 leaves an enterprise. */
const PROFILE = {
  'registration.basic': 19,
  'tax.valueAddedTaxReturn': 17,
  'tax.creditRating': 10,
  'socialSecurity.insuredHeadcount': 11,
  'socialSecurity.monthlyContribution': 16,
  'housingFund.unitAccount': 13,
};

export function profileSelection(catalogue) {
  return selectionOf(Object.entries(PROFILE).map(([code, items]) => [catalogue.category(code), items]));
}

/** The n-th six of the categories shared without condition: records that nobody has asked for before. */
export function freshSelection(catalogue, n) {
  const open = catalogue.categories.filter(({ sharing }) => sharing === 'UNCONDITIONAL');
  return selectionOf(Array.from({ length: 6 }, (_, place) => [open[(6 * n + place) % open.length], 6]));
}

function selectionOf(chosen) {
  const domains = new Map();
  for (const [category, items] of chosen) {
    const names = category.items.slice(0, items).map(({ name }) => name);
    const field = `${category.field}${category.cardinality === 'MANY' ? '(first: 1)' : ''} { ${names.join(' ')} }`;
    domains.set(category.domain, [...(domains.get(category.domain) ?? []), field]);
  }
  return [...domains].map(([domain, fields]) => `${domain} { ${fields.join(' ')} }`).join(' ');
}

export function queryA(catalogue, selection = profileSelection(catalogue)) {
  return `query A($uscc: USCC!) { enterprise(uscc: $uscc, inquiry: { purpose: PRE_LOAN_REVIEW, caseNumber: "BENCH" }) { uscc ${selection} } }`;
}
export function queryB(catalogue) {
  return `query B($usccs: [USCC!]!) { enterprises(usccs: $usccs, inquiry: { purpose: PRE_LOAN_REVIEW, caseNumber: "BENCH" }) { ... on Enterprise { uscc ${profileSelection(catalogue)} } } }`;
}

/** A search by a part of the name. */
export function querySearch() {
  return `query S($name: String!, $first: Int!) { searchEnterprises(name: $name, first: $first) { nodes { uscc name division industry } pageInfo { hasNextPage } } }`;
}

/** Values that are not null, provenance and names of types left out. */
export function leavesOf(value) {
  if (value === null || value === undefined) return 0;
  if (Array.isArray(value)) return value.reduce((sum, inner) => sum + leavesOf(inner), 0);
  if (typeof value === 'object') return Object.values(value).reduce((sum, inner) => sum + leavesOf(inner), 0);
  return 1;
}
