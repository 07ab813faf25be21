// What the callers of a campaign ask: reads of one and of a few, changes of consents, looks at access, and what is refused.
import { randomUUID } from 'node:crypto';
import { profileSelection } from '../bench/workloads.mjs';
import { oneOf } from './chance.mjs';

const INSTITUTIONS = ['bank-01', 'bank-02', 'bank-07', 'bank-13', 'bank-20'];
const PURPOSES = ['PRE_LOAN_REVIEW', 'LOAN_APPROVAL'];

/** @returns a function that gives the next question: what is sent, and what the log must tell of it */
export function openQuestions({ catalogue, usccs, chance }) {
  const selection = profileSelection(catalogue);
  const ONE = `query One($uscc: USCC!, $inquiry: InquiryInput!) { enterprise(uscc: $uscc, inquiry: $inquiry) { uscc ${selection} } }`;
  const FEW = `query Few($usccs: [USCC!]!, $inquiry: InquiryInput!) { enterprises(usccs: $usccs, inquiry: $inquiry) { ... on Enterprise { uscc ${selection} } ... on EnterpriseProblem { code } } }`;
  const ACCESS = 'query Access($uscc: USCC!) { myAccess(purpose: PRE_LOAN_REVIEW, category: "tax.valueAddedTaxReturn", uscc: $uscc) { item } }';
  const SEARCH = 'query Search($name: String!) { searchEnterprises(name: $name, first: 3) { nodes { uscc } } }';
  const REGISTER =
    'mutation Register($input: RegisterConsentInput!, $key: String!) { registerConsent(input: $input, idempotencyKey: $key) { consent { id } userErrors { code } } }';
  const WITHDRAW =
    'mutation Withdraw($consent: String!, $uscc: USCC!, $key: String!) { withdrawConsent(consent: $consent, uscc: $uscc, idempotencyKey: $key) { consent { id } userErrors { code } } }';
  const any = (list) => list[Math.floor(chance() * list.length)];
  /** Consents that were registered and not withdrawn, as far as answers told. */
  const live = [];
  let number = 0;

  const read = (document, variables, wanted) => {
    const inquiry = { purpose: any(PURPOSES), caseNumber: `K-${++number}` };
    return { institution: any(INSTITUTIONS), document, variables: { ...variables, inquiry }, ...wanted, ...inquiry };
  };
  const one = () => {
    const uscc = any(usccs);
    return read(ONE, { uscc }, { kind: 'ONE', usccs: [uscc] });
  };
  const few = () => {
    const from = Math.floor(chance() * (usccs.length - 8));
    const chosen = usccs.slice(from, from + 2 + Math.floor(chance() * 6));
    return read(FEW, { usccs: chosen }, { kind: 'FEW', usccs: chosen });
  };
  function consent() {
    const key = randomUUID();
    const given = live.length > 20 || (live.length > 0 && chance() < 0.5) ? live.splice(Math.floor(chance() * live.length), 1)[0] : null;
    if (given) {
      const { institution, uscc, consent } = given;
      return { kind: 'WITHDRAW', institution, document: WITHDRAW, variables: { consent, uscc, key }, key, uscc };
    }
    const [institution, uscc] = [any(INSTITUTIONS), any(usccs)];
    const evidenceHash = Buffer.from(Array.from({ length: 32 }, () => Math.floor(chance() * 256))).toString('hex');
    const terms = { purposes: [any(PURPOSES)], scope: ['tax'], personal: 'MASKED', validUntil: new Date(Date.now() + 300 * 86_400_000).toISOString() };
    const input = { uscc, ...terms, evidenceHash, evidenceReference: `K/${++number}` };
    return { kind: 'REGISTER', institution, document: REGISTER, variables: { input, key }, key, uscc };
  }
  const refusals = [
    () => ({ ...one(), kind: 'NO_TOKEN', institution: null }),
    () => ({ ...read(ONE, { uscc: '91110108MA01ABCD2Z' }, { usccs: [] }), kind: 'BAD_CODE' }),
    () => ({ kind: 'BAD_DOCUMENT', institution: any(INSTITUTIONS), document: `{ enterprise(uscc: `, variables: {} }),
    () => ({ kind: 'UNKNOWN_FIELD', institution: any(INSTITUTIONS), document: '{ secrets { all } }', variables: {} }),
    () => ({ ...one(), kind: 'STRANGER', institution: 'bank-98' }),
    () => ({ ...one(), kind: 'SUSPENDED', institution: 'bank-08' }),
  ];
  const ask = [
    [40, one],
    [15, few],
    [20, consent],
    [4, () => ({ kind: 'ACCESS', institution: any(INSTITUTIONS), document: ACCESS, variables: { uscc: any(usccs) } })],
    [4, () => ({ kind: 'SEARCH', institution: any(INSTITUTIONS), document: SEARCH, variables: { name: '公司' } })],
    [17, () => any(refusals)()],
  ];
  return {
    next: () => oneOf(chance, ask)(),
    /** A consent that was registered may be withdrawn later. */
    registered: (consent) => live.push(consent),
  };
}
