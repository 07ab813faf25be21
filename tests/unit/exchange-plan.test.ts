/** What a plan covers and what is left to graphql-js; that it answers the same is for the equality of tests/fuzz. */
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Kind, type OperationDefinitionNode, parse, validate } from 'graphql';
import { loadCatalogue } from '../../src/catalogue/load.js';
import { type ReadOperation, readOperation } from '../../src/exchange/inquiryOf.js';
import type { Plan, PlannedRoot } from '../../src/exchange/plan.js';
import { schemaOf } from '../../src/exchange/schema.js';
import { Fault } from '../../src/faults.js';
import { PROJECT } from '../harness/house.js';
import { FIRM, PERSON } from '../harness/invented.js';

const catalogue = loadCatalogue(join(PROJECT, 'schema'));
const schema = schemaOf(catalogue);

type Variables = Readonly<Record<string, unknown>>;
/** Like the exchange: parsed once and valid, then read with the variables of each request. */
function operation(text: string): (variables?: Variables) => ReadOperation {
  const document = parse(text);
  expect(validate(schema, document).map(({ message }) => message)).toEqual([]);
  const found = document.definitions.find((one): one is OperationDefinitionNode => one.kind === Kind.OPERATION_DEFINITION) as OperationDefinitionNode;
  return (variables = {}) => readOperation({ schema, catalogue, document, operation: found, variables });
}
const planOf = (text: string, variables?: Variables): Plan | null => operation(text)(variables).plan()?.plan ?? null;

const WHY = 'inquiry: { purpose: PRE_LOAN_REVIEW, caseNumber: "C-1" }';
const one = (selection: string, head = '') => `${head}{ enterprise(uscc: "${FIRM}", ${WHY}) { ${selection} } }`;
const returns = (args: string, head = '') => one(`tax { valueAddedTaxReturns${args} { outputTax } }`, head);
const batch = (selection: string, more = '') => `{ enterprises(usccs: ["${FIRM}", "${PERSON}"], ${WHY}) { ${selection} } } ${more}`;

type Read = Extract<PlannedRoot, { kind: 'READ' }>;
const readIn = (plan: Plan | null, place = 0): Read => plan?.roots.filter((root): root is Read => root.kind === 'READ')[place] as Read;

describe('a plan covers', () => {
  test.each<[what: string, text: string, variables?: Variables]>([
    ['what is plain', one('uscc name registration { basic { industry provenance { freshness } } }')],
    ['only the code', one('uscc')],
    ['lists, with their cursors', one('tax { valueAddedTaxReturns { cursor outputTax } }')],
    ['the size of a page', returns('(first: 100)')],
    ['a size that is null', returns('(first: null)')],
    ['a size in a variable', returns('(first: $n)', 'query ($n: Int) '), { n: 3 }],
    ['a size in a variable that is missing', returns('(first: $n)', 'query ($n: Int) ')],
    ['a size in a variable with a default', returns('(first: $n)', 'query ($n: Int = 2) ')],
    ['a cursor that is null', returns('(after: null)')],
    ['a cursor in a variable that is missing', returns('(after: $c)', 'query ($c: String) ')],
    ['a wrong size of what is skipped', one('tax { valueAddedTaxReturns(first: 0) @skip(if: true) { outputTax } }')],
    ['a batch, with its problems', batch('... on Enterprise { uscc } ... on EnterpriseProblem { uscc code message }')],
    [
      'fragments on everything',
      batch('...A', 'fragment A on EnterpriseResult { __typename ... on Enterprise { tax { __typename ...B } } } fragment B on TaxRecords { __typename }'),
    ],
    [
      'several reads, and the type of the query',
      `{ __typename a: enterprise(uscc: "${FIRM}", ${WHY}) { uscc } b: enterprises(usccs: [], ${WHY}) { __typename } }`,
    ],
  ])('%s', (_, text, variables = {}) => expect(planOf(text, variables) === null).toBe(false));
});

describe('graphql-js is left', () => {
  test.each<[what: string, text: string, variables?: Variables]>([
    ['what reads no record', '{ catalogue { version } }'],
    ['what asks nothing but the type', '{ __typename }'],
    ['other root fields beside a read', `{ catalogue { version } enterprise(uscc: "${FIRM}", ${WHY}) { uscc } }`],
    ['introspection beside a read', `{ __schema { queryType { name } } enterprise(uscc: "${FIRM}", ${WHY}) { uscc } }`],
    ['a cursor', returns('(after: "MS4x")')],
    ['a cursor in a variable', returns('(after: $c)', 'query ($c: String) '), { c: 'MS4x' }],
    ['an empty cursor', returns('(after: "")')],
    ['a page of nothing', returns('(first: 0)')],
    ['a page of less than nothing', returns('(first: -1)')],
    ['a page too long', returns('(first: 101)')],
    ['a page too long in a variable', returns('(first: $n)', 'query ($n: Int) '), { n: 101 }],
    ['a mutation', 'mutation { __typename }'],
    [
      'a condition that is null where no enterprise can meet it',
      `query ($b: Boolean = true) ${batch('... on EnterpriseProblem { ... on EnterpriseResult { __typename @include(if: $b) } }')}`,
      { b: null },
    ],
  ])('%s', (_, text, variables = {}) => expect(planOf(text, variables) === null).toBe(true));
});

test('a condition that is null is a fault of the input, and none of the zone', () => {
  const read = operation(one('uscc @include(if: $b)', 'query ($b: Boolean = true) '));
  expect(read({}).plan() === null).toBe(false);
  expect(() => read({ b: null })).toThrow(Fault);
  try {
    read({ b: null });
  } catch (error) {
    expect(error).toMatchObject({ code: 'BAD_USER_INPUT' });
  }
});

describe('a plan', () => {
  test('is made once for the same pages, whoever is asked about', () => {
    const read = operation(
      `query ($u: USCC!, $n: Int, $b: Boolean!) { enterprise(uscc: $u, ${WHY}) { name @include(if: $b) tax { valueAddedTaxReturns(first: $n) { outputTax } } } }`,
    );
    const planWith = (u: string, n: number, b = true) => read({ u, n, b }).plan()?.plan;
    const first = planWith(FIRM, 3);
    // Plans hold the catalogue, which nobody wants to see printed.
    const same = [planWith(PERSON, 3), planWith(FIRM, 4), planWith(FIRM, 3, false)].map((plan) => plan === first);
    expect(same).toEqual([true, false, false]);
    expect(readIn(planWith(FIRM, 4) as Plan).template.hash).not.toBe(readIn(first as Plan).template.hash);
    // However many sizes there were in between.
    const sizes = Array.from({ length: 40 }, (_, size) => readIn(planWith(FIRM, size + 1) as Plan).template.hash);
    expect(new Set(sizes).size).toBe(40);
    expect(readIn(planWith(FIRM, 3) as Plan).template.hash).toBe(sizes[2]);
  });

  test('keeps the codes of each read as they were typed, in order', () => {
    const typed = [` ${FIRM.toLowerCase()}`, 'wrong', FIRM];
    const read = operation(`query ($u: [USCC!]!) { a: enterprises(usccs: $u, ${WHY}) { __typename } b: enterprise(uscc: "${PERSON}", ${WHY}) { uscc } }`)({
      u: typed,
    });
    expect(read.plan()?.typed.map((codes) => codes.map((code) => code.typed))).toEqual([typed, [PERSON]]);
    expect(read.plan()?.plan.roots.map((root) => root.kind === 'READ' && [root.key, root.position])).toEqual([
      ['a', 0],
      ['b', 1],
    ]);
  });

  test('merges what is selected under one response key, on all levels', () => {
    const apart = planOf(`{ enterprise(uscc: "${FIRM}", ${WHY}) { tax { valueAddedTaxReturns { outputTax } } } enterprise(uscc: "${FIRM}", ${WHY}) { ...A } }
      fragment A on Enterprise { tax { valueAddedTaxReturns { inputTax: deductibleInput outputTax } registration { taxpayerName: __typename } } }`);
    const together = planOf(one('tax { valueAddedTaxReturns { outputTax inputTax: deductibleInput } registration { taxpayerName: __typename } }'));
    expect(readIn(apart).template.hash).toBe(readIn(together).template.hash);
  });

  test('writes of a problem what is asked of it and of both, and nothing of an enterprise', () => {
    const { problem } = readIn(
      planOf(batch('... on Enterprise { name } ... on EnterpriseResult { t: __typename } ... on EnterpriseProblem { m: message uscc }')),
    );
    expect(problem).toEqual([
      { kind: 'TYPE', key: 't', type: 'EnterpriseProblem' },
      { kind: 'PROBLEM', key: 'm', name: 'message' },
      { kind: 'PROBLEM', key: 'uscc', name: 'uscc' },
    ]);
    expect(readIn(planOf(one('uscc'))).problem).toBeNull();
  });
});
