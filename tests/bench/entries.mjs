// Entries of a zone in use, made up and the same for the same seed: 29 institutions of very different size, their operators,
// cases and operations, two million enterprises of which few are asked often, now and then a portfolio of a hundred.
const PURPOSES = ['PRE_LOAN_REVIEW', 'PRE_LOAN_REVIEW', 'LOAN_APPROVAL', 'POST_LOAN_MONITORING', 'POST_LOAN_MONITORING', 'RISK_DISPOSAL'];
const REASONS = [
  'CONSENT_REQUIRED',
  'CONSENT_REQUIRED',
  'NO_GRANT',
  'CONSENT_EXPIRED',
  'ITEM_NOT_SHARED',
  'GRANT_EXPIRED',
  'CONSENT_WITHDRAWN',
  'GRADE_TOO_HIGH',
];
const ENTERPRISES = 2_000_000;
const OPERATORS = 52;
const POLICY_VERSIONS = 400;

export function chance(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const institutions = [
  ...Array.from({ length: 22 }, (_, at) => `bank-${String(at + 1).padStart(2, '0')}`),
  ...['guarantee-01', 'guarantee-02', 'guarantee-03', 'microloan-01', 'factoring-01', 'leasing-01', 'appraisal-01'],
];
const enterpriseOf = (index) => `91110${String(index).padStart(13, '0')}`;

/** Gives the entry of each position; entries are `spanMs` apart from the first to the last. */
export function openEntries({ catalogue, entries, since, spanMs, seed = 7 }) {
  const random = chance(seed);
  const below = (count) => Math.floor(random() * count);
  const of = (values) => values[below(values.length)];
  const skewed = (count, power) => Math.floor(count * random() ** power);
  // Systems send operations that somebody wrote: each institution has a few, of one to six categories and up to fifty items.
  const operations = institutions.map(() =>
    Array.from({ length: 6 }, (_, at) => {
      const categories = [...new Set(Array.from({ length: [1, 1, 2, 3, 4, 6][at] }, () => skewed(catalogue.categories.length, 2)))];
      return categories.map((index) => {
        const category = catalogue.categories[index];
        return { code: category.code, names: category.items.slice(0, 5 + below(5)).map(({ name }) => name) };
      });
    }),
  );
  const outcomesOf = (operation) =>
    operation.map(({ code, names }) => {
      const denied = random() < 0.12 ? { denied: { [of(REASONS)]: names.slice(-1 - below(3)) } } : {};
      const given = denied.denied ? names.slice(0, -3) : names;
      return { category: code, clear: given.slice(1), masked: given.slice(0, 1), ...denied };
    });
  return (position) => {
    const time = new Date(since + Math.floor((position * spanMs) / entries));
    const hex = (time.getTime() + 0x1000000000000).toString(16).slice(1);
    const id = `${hex.slice(0, 8)}-${hex.slice(8)}-7${hex.slice(9)}-8${String(position % 1000).padStart(3, '0')}-${position.toString(16).padStart(12, '0')}`;
    const head = { v: 1, id, time: time.toISOString(), durationMs: Math.round(random() * 400) / 10 };
    const policyVersion = 1 + Math.floor((position * POLICY_VERSIONS) / entries);
    if (random() < 0.01) {
      const staff = `staff-${below(40)}`;
      const lookups = [{ field: 'auditTrail', filter: { institution: of(institutions) }, returned: below(50) }];
      return { ...head, institution: null, client: 'console', staff, fields: ['auditTrail'], lookups, outcome: 'ANSWERED' };
    }
    const at = skewed(institutions.length, 1.8);
    const institution = institutions[at];
    const operation = skewed(6, 1.7);
    const who = {
      institution,
      client: `${institution}-${operation % 2 === 0 ? 'core' : 'risk'}`,
      purpose: PURPOSES[operation],
      caseNumber: `${institution}-2026-${String(below(entries / 100)).padStart(7, '0')}`,
      operator: `operator-${at}-${below(OPERATORS)}`,
      operation: (0x1000000 + at * 6 + operation).toString(16).padStart(64, '0'),
      policyVersion,
      decidedAt: head.time,
      fields: ['enterprise'],
    };
    const count = random() < 0.003 ? 100 : 1;
    const asked = Array.from({ length: count }, () => skewed(ENTERPRISES, 3));
    const enterprises = [...new Set(asked)].map(enterpriseOf);
    if (random() < 0.03) return { ...head, ...who, reads: [{ field: 'enterprise', enterprises, categories: [] }], outcome: 'REFUSED', code: 'BUDGET_SPENT' };
    const consents = enterprises.flatMap((uscc, enterprise) => (random() < 0.6 ? [{ id: `C-${at}-${uscc.slice(-7)}`, enterprise }] : []));
    const categories = outcomesOf(operations[at][operation]);
    return { ...head, ...who, reads: [{ field: 'enterprise', enterprises, categories, ...(consents.length > 0 ? { consents } : {}) }], outcome: 'ANSWERED' };
  };
}
