import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  buildSchema,
  type DocumentNode,
  executeSync,
  type GraphQLOutputType,
  isEnumType,
  isLeafType,
  isListType,
  isNonNullType,
  Kind,
  type OperationDefinitionNode,
  parse,
  printSchema,
  validate,
} from 'graphql';
import { loadCatalogue } from '../../src/catalogue/load.js';
import type { Category } from '../../src/catalogue/model.js';
import { type AskedOperation, askedBy as readAsked } from '../../src/exchange/inquiryOf.js';
import { LIMITS } from '../../src/exchange/limits.js';
import { schemaOf } from '../../src/exchange/schema.js';
import { Fault } from '../../src/faults.js';
import { PROJECT } from '../harness/house.js';
import { FIRM, PERSON, usccOf } from '../harness/invented.js';

const catalogue = loadCatalogue(join(PROJECT, 'schema'));
const schema = schemaOf(catalogue);

function operationIn(document: DocumentNode, name?: string): OperationDefinitionNode {
  const found = document.definitions.find(
    (one): one is OperationDefinitionNode => one.kind === Kind.OPERATION_DEFINITION && (!name || one.name?.value === name),
  );
  if (!found) throw new Error('no operation');
  return found;
}
function askedBy(document: DocumentNode, variables: Record<string, unknown> = {}, name?: string): AskedOperation {
  return readAsked({ schema, catalogue, document, operation: operationIn(document, name), variables });
}
/** Like the exchange: parsed and valid, then read. */
function asked(text: string, variables: Record<string, unknown> = {}, name?: string): AskedOperation {
  const document = parse(text);
  expect(validate(schema, document)).toEqual([]);
  return askedBy(document, variables, name);
}
/** What is asked of each category, by codes and names. */
const itemsOf = (operation: AskedOperation, read = 0) =>
  Object.fromEntries([...(operation.reads[read]?.asked ?? [])].map(([category, items]) => [category.code, items.map(({ name }) => name)]));
function refusal(work: () => unknown): string | null {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
}

const WHY = 'inquiry: { purpose: PRE_LOAN_REVIEW, caseNumber: "C-1", operator: "李" }';
const one = (selection: string, uscc: string = FIRM) => `{ enterprise(uscc: "${uscc}", ${WHY}) { ${selection} } }`;
const batch = (usccs: readonly string[], selection = '... on Enterprise { registration { basic { enterpriseName } } }') =>
  asked(`query ($u: [USCC!]!) { enterprises(usccs: $u, ${WHY}) { ${selection} } }`, { u: usccs });
const firms = (count: number) => Array.from({ length: count }, (_, place) => usccOf(`911101${String(place).padStart(11, '0')}`));

describe('what is asked', () => {
  test('is the items of each category, of the enterprise, for the cause stated', () => {
    const found = asked(one('uscc name registration { basic { enterpriseName industry } } tax { valueAddedTaxReturns { outputTax } }'));
    expect(found).toMatchObject({ cause: { purpose: 'PRE_LOAN_REVIEW', caseNumber: 'C-1', operator: '李' }, fields: ['enterprise'] });
    expect(found.reads).toHaveLength(1);
    expect(found.reads[0]).toMatchObject({ key: 'enterprise', field: 'enterprise', usccs: [FIRM], name: true, invalid: 0 });
    expect(itemsOf(found)).toEqual({ 'registration.basic': ['enterpriseName', 'industry'], 'tax.valueAddedTaxReturn': ['outputTax'] });
  });

  test.each<[what: string, selection: string, items: Record<string, string[]>, name: boolean]>([
    ['nothing of a category where nothing but the code is selected', 'uscc', {}, false],
    ['the name, where it is selected by another response key', 'n: name', {}, true],
    ['not the name, where another field has its response key', 'name: uscc', {}, false],
    ['a category by another response key', 'registration { b: basic { n: enterpriseName } }', { 'registration.basic': ['enterpriseName'] }, false],
    ['a domain by another response key', 'r: registration { basic { industry } }', { 'registration.basic': ['industry'] }, false],
    [
      'the item itself, whatever name of another item it is given',
      'registration { basic { industry: legalRepresentativeIdNumber } }',
      { 'registration.basic': ['legalRepresentativeIdNumber'] },
      false,
    ],
    ['an item once, though it be selected twice', 'registration { basic { industry x: industry } }', { 'registration.basic': ['industry'] }, false],
    [
      'all of a category that is selected twice',
      'registration { basic { industry } b: basic { division } }',
      { 'registration.basic': ['industry', 'division'] },
      false,
    ],
    [
      'all of a domain that is selected twice',
      'registration { basic { industry } } r: registration { basic { division } }',
      { 'registration.basic': ['industry', 'division'] },
      false,
    ],
    [
      'all of a category whose selections are merged',
      'registration { basic { industry } } registration { basic { division } }',
      { 'registration.basic': ['industry', 'division'] },
      false,
    ],
    [
      'a category without items, where its provenance alone is selected',
      'registration { basic { provenance { dataTime } } }',
      { 'registration.basic': [] },
      false,
    ],
    ['a category without items, where nothing but its type is selected', 'registration { basic { __typename } }', { 'registration.basic': [] }, false],
    ['no category, where a domain has its type selected', 'registration { __typename }', {}, false],
    [
      'what inline fragments hold, with and without a type',
      '... { registration { ... on RegistrationRecords { basic { ... on EnterpriseRegistration { industry } ... { division } } } } }',
      { 'registration.basic': ['industry', 'division'] },
      false,
    ],
    [
      'what is included and not what is skipped',
      'registration { basic { industry @include(if: true) division @skip(if: true) entityType @skip(if: false) @include(if: false) } }',
      { 'registration.basic': ['industry'] },
      false,
    ],
    [
      'not what a skipped domain, category or fragment holds',
      'registration @skip(if: true) { basic { industry } } tax { valueAddedTaxReturns @include(if: false) { outputTax } } ... @skip(if: true) { name }',
      {},
      false,
    ],
    [
      'a list by page like a list without',
      'tax { valueAddedTaxReturns(first: 2, after: "x") { outputTax cursor } }',
      { 'tax.valueAddedTaxReturn': ['outputTax'] },
      false,
    ],
  ])('is %s', (_what, selection, items, name) => {
    const found = asked(one(selection));
    expect(itemsOf(found)).toEqual(items);
    expect(found.reads[0]?.name).toBe(name);
  });

  test('is what fragments hold, one in another, and each of them once', () => {
    const found = asked(`${one('...A ...C')}
      fragment A on Enterprise { name ...B } fragment B on Enterprise { registration { ...R } } fragment C on Enterprise { ...B tax { ...T } }
      fragment R on RegistrationRecords { basic { ...I ...I } } fragment I on EnterpriseRegistration { industry } fragment T on TaxRecords { valueAddedTaxReturns { outputTax } }`);
    expect(itemsOf(found)).toEqual({ 'registration.basic': ['industry'], 'tax.valueAddedTaxReturn': ['outputTax'] });
    expect(found.reads[0]?.name).toBe(true);
  });

  test('of a batch is what is selected of enterprises, and nothing of what is selected of problems', () => {
    const found = batch([FIRM], '__typename ... on EnterpriseProblem { code message } ... on Enterprise { name registration { basic { industry } } }');
    expect(itemsOf(found)).toEqual({ 'registration.basic': ['industry'] });
  });

  test('follows the variables of each request, though the document be the same', () => {
    const document = parse(
      `query ($u: USCC!, $c: String!, $deep: Boolean!) { enterprise(uscc: $u, inquiry: { purpose: LOAN_APPROVAL, caseNumber: $c }) { registration { basic { industry legalRepresentativeIdNumber @include(if: $deep) } } } }`,
    );
    expect(validate(schema, document)).toEqual([]);
    const by = (uscc: string, caseNumber: string, deep: boolean) => askedBy(document, { u: uscc, c: caseNumber, deep });
    for (const [uscc, caseNumber, deep] of [
      [FIRM, 'C-1', false],
      [PERSON, 'C-2', true],
      [FIRM, 'C-3', false],
    ] as const) {
      const found = by(uscc, caseNumber, deep);
      expect(found.reads[0]?.usccs).toEqual([uscc]);
      expect(found.cause?.caseNumber).toBe(caseNumber);
      expect(itemsOf(found)).toEqual({ 'registration.basic': deep ? ['industry', 'legalRepresentativeIdNumber'] : ['industry'] });
    }
  });

  test('without directives follows the variables too', () => {
    const document = parse(`query ($u: [USCC!]!) { enterprises(usccs: $u, ${WHY}) { ... on Enterprise { name } } }`);
    expect(askedBy(document, { u: [FIRM] }).reads[0]?.usccs).toEqual([FIRM]);
    expect(askedBy(document, { u: [PERSON, FIRM] }).reads[0]?.usccs).toEqual([PERSON, FIRM]);
  });

  test('takes defaults of variables where none are sent', () => {
    const text = `query ($u: USCC! = "${FIRM}", $less: Boolean = true) { enterprise(uscc: $u, ${WHY}) { name @skip(if: $less) uscc } }`;
    expect(asked(text).reads[0]).toMatchObject({ usccs: [FIRM], name: false });
    expect(asked(text, { u: PERSON, less: false }).reads[0]).toMatchObject({ usccs: [PERSON], name: true });
  });

  test('is what the operation named asks, not another of the same document', () => {
    const text = `query A { catalogue { version } } query B { enterprise(uscc: "${FIRM}", ${WHY}) { name } }`;
    expect(asked(text, {}, 'A')).toMatchObject({ reads: [], cause: null, fields: ['catalogue'], cost: 0 });
    expect(asked(text, {}, 'B').reads).toHaveLength(1);
  });

  test('is of each root field by its response key', () => {
    const found = asked(
      `{ a: enterprise(uscc: "${FIRM}", ${WHY}) { name } b: enterprise(uscc: "${PERSON}", ${WHY}) { registration { basic { industry } } } catalogue { version } __typename }`,
    );
    expect(found.reads.map(({ key, usccs, name }) => [key, usccs, name])).toEqual([
      ['a', [FIRM], true],
      ['b', [PERSON], false],
    ]);
    expect(itemsOf(found, 1)).toEqual({ 'registration.basic': ['industry'] });
    expect(found.fields).toEqual(['enterprise', 'enterprise', 'catalogue', '__typename']);
  });

  test('is nothing where a root field is skipped, and then no cause is needed', () => {
    expect(asked(`{ enterprise(uscc: "${FIRM}", ${WHY}) @skip(if: true) { name } __typename }`)).toMatchObject({ reads: [], cause: null });
  });
});

describe('enterprises', () => {
  test('are named once each, in the order asked, in canonical form', () => {
    expect(batch([PERSON, FIRM, PERSON.toLowerCase(), `　${FIRM} `]).reads[0]).toMatchObject({ usccs: [PERSON, FIRM], invalid: 0 });
  });

  test('of a batch that are not valid are counted and not kept, and do not spoil the others', () => {
    expect(batch(['x', FIRM, '91350100M000100Y4Z', '']).reads[0]).toMatchObject({ usccs: [FIRM], invalid: 3 });
  });

  test.each([
    ['LENGTH', '9135'],
    ['CHARACTER', '91350100M000100Y4Z'],
    ['CHECK', '91350100M000100Y44'],
  ])('that are asked for alone are refused for their %s', (reason, uscc) => {
    const ask = () => asked(one('name', uscc));
    expect(refusal(ask)).toBe('INVALID_USCC');
    expect(ask).toThrow(expect.objectContaining({ facts: { reason } }));
  });

  test(`may be ${LIMITS.enterprises} in a batch, and not one more, valid or not`, () => {
    expect(batch(firms(LIMITS.enterprises)).reads[0]?.usccs).toHaveLength(LIMITS.enterprises);
    expect(refusal(() => batch(firms(LIMITS.enterprises + 1)))).toBe('BATCH_TOO_LARGE');
    expect(refusal(() => batch(Array(LIMITS.enterprises + 1).fill(FIRM)))).toBe('BATCH_TOO_LARGE');
    expect(refusal(() => batch(Array(LIMITS.enterprises + 1).fill('x')))).toBe('BATCH_TOO_LARGE');
  });

  test('may be none', () => {
    expect(batch([])).toMatchObject({ reads: [{ usccs: [], invalid: 0 }], cost: 0 });
  });

  test.each<[what: string, variables: Record<string, unknown>]>([
    ['a number', { u: [1] }],
    ['nothing in the list', { u: [null] }],
    ['nothing at all', {}],
    ['an object', { u: { uscc: FIRM } }],
  ])('that are %s are refused as bad input', (_what, variables) => {
    expect(refusal(() => asked(`query ($u: [USCC!]!) { enterprises(usccs: $u, ${WHY}) { __typename } }`, variables))).toBe('BAD_USER_INPUT');
  });
});

describe('the cause', () => {
  const stated = (inquiry: Record<string, unknown>) =>
    asked(`query ($i: InquiryInput!) { enterprise(uscc: "${FIRM}", inquiry: $i) { uscc } }`, { i: { purpose: 'LOAN_APPROVAL', ...inquiry } }).cause;

  test.each<[what: string, caseNumber: string, read: string]>([
    ['as it is', '授信-2026/0042', '授信-2026/0042'],
    ['without blanks around it', '  C-1\t', 'C-1'],
    ['with a blank inside', 'C 1', 'C 1'],
    ['of one character', '1', '1'],
    ['of 64 characters', 'x'.repeat(64), 'x'.repeat(64)],
    ['of 64 characters beyond the basic plane', '𠮷'.repeat(64), '𠮷'.repeat(64)],
  ])('has its case number %s', (_what, caseNumber, read) => {
    expect(stated({ caseNumber })?.caseNumber).toBe(read);
  });

  test.each<[what: string, caseNumber: string]>([
    ['nothing', ''],
    ['blanks', ' 　\t '],
    ['65 characters', 'x'.repeat(65)],
    ['two lines', 'C-1\nC-2'],
    ['two lines parted by U+2028', 'C-1\u2028C-2'],
    ['a control character', 'C\u0007'],
    ['what is not seen', '\u200b\u200b'],
    ['a turn of the direction of writing', 'C-\u202e1'],
    ['half a character', 'C-\ud842'],
    ['a private character', '\ue000'],
  ])('is refused with a case number of %s', (_what, caseNumber) => {
    expect(refusal(() => stated({ caseNumber }))).toBe('INVALID_INQUIRY');
  });

  test.each<[operator: unknown, read: string | null]>([
    [undefined, null],
    [null, null],
    ['', null],
    ['  ', null],
    [' 李经理 ', '李经理'],
  ])('has of an operator %j the name %j', (operator, read) => {
    expect(stated({ caseNumber: 'C-1', operator })?.operator).toBe(read);
  });

  test.each(['x'.repeat(65), 'a\nb', '\u200b'])('is refused with the operator %j', (operator) => {
    expect(refusal(() => stated({ caseNumber: 'C-1', operator }))).toBe('INVALID_INQUIRY');
  });

  test.each([{ caseNumber: 'C-1', purpose: 'CURIOSITY' }, { purpose: 'LOAN_APPROVAL' }, { caseNumber: 1 }, { caseNumber: 'C-1', more: true }])(
    '%j is refused as bad input',
    (inquiry) => {
      expect(refusal(() => stated(inquiry))).toBe('BAD_USER_INPUT');
    },
  );

  const two = (first: string, second: string) =>
    `{ a: enterprise(uscc: "${FIRM}", inquiry: { ${first} }) { uscc } b: enterprise(uscc: "${PERSON}", inquiry: { ${second} }) { uscc } }`;
  test.each<[what: string, first: string, second: string, code: string | null]>([
    ['the same cause twice', 'purpose: LOAN_APPROVAL, caseNumber: "1"', 'caseNumber: "1", purpose: LOAN_APPROVAL', null],
    ['the same cause with other blanks', 'purpose: LOAN_APPROVAL, caseNumber: "1"', 'purpose: LOAN_APPROVAL, caseNumber: " 1 ", operator: ""', null],
    ['two purposes', 'purpose: LOAN_APPROVAL, caseNumber: "1"', 'purpose: RISK_DISPOSAL, caseNumber: "1"', 'MIXED_INQUIRIES'],
    ['two cases', 'purpose: LOAN_APPROVAL, caseNumber: "1"', 'purpose: LOAN_APPROVAL, caseNumber: "2"', 'MIXED_INQUIRIES'],
    ['two operators', 'purpose: LOAN_APPROVAL, caseNumber: "1", operator: "a"', 'purpose: LOAN_APPROVAL, caseNumber: "1", operator: "b"', 'MIXED_INQUIRIES'],
  ])('in an operation with %s: %s and %s', (_what, first, second, code) => {
    expect(refusal(() => asked(two(first, second)))).toBe(code);
  });
});

describe('the cost', () => {
  const categories = (count: number) =>
    catalogue.categories
      .filter(({ cardinality }) => cardinality === 'ONE')
      .concat(catalogue.categories.filter(({ cardinality }) => cardinality === 'MANY'))
      .slice(0, count);
  const selectionOf = (chosen: readonly Category[]) =>
    [...new Set(chosen.map(({ domain }) => domain))]
      .map(
        (domain) =>
          `${domain} { ${chosen
            .filter((category) => category.domain === domain)
            .map(({ field }) => `${field} { __typename }`)
            .join(' ')} }`,
      )
      .join(' ');

  test.each<[what: string, cost: number, operation: () => AskedOperation]>([
    [
      'of one enterprise and two categories is two',
      2,
      () => asked(one('registration { basic { industry division } } tax { valueAddedTaxReturns { outputTax } }')),
    ],
    [
      'of three enterprises and two categories is six',
      6,
      () => batch(firms(3), '... on Enterprise { registration { basic { industry } } tax { valueAddedTaxReturns { outputTax } } }'),
    ],
    ['of an enterprise named twice counts twice, for it is answered twice', 2, () => batch([FIRM, FIRM])],
    ['of codes that are not valid is nothing', 1, () => batch([FIRM, 'x', 'y'])],
    ['of a category by two response keys counts twice', 2, () => asked(one('registration { a: basic { industry } b: basic { industry } }'))],
    ['of an enterprise without a record is that of looking it up', 1, () => asked(one('uscc'))],
    [
      'of two root fields is their sum',
      3,
      () =>
        asked(
          `{ a: enterprise(uscc: "${FIRM}", ${WHY}) { name } b: enterprise(uscc: "${FIRM}", ${WHY}) { registration { basic { industry } } tax { valueAddedTaxReturns { outputTax } } } }`,
        ),
    ],
    ['of what is skipped is nothing', 1, () => asked(one('uscc tax @skip(if: true) { valueAddedTaxReturns { outputTax } }'))],
    ['of the catalogue is nothing', 0, () => asked('{ catalogue { version } }')],
  ])('%s', (_what, cost, operation) => {
    expect(operation().cost).toBe(cost);
  });

  test('may reach its limit, and is refused beyond it, with both figures', () => {
    const size = LIMITS.cost / LIMITS.enterprises;
    const ask = (count: number) => batch(firms(LIMITS.enterprises), `... on Enterprise { ${selectionOf(categories(count))} }`);
    expect(ask(size).cost).toBe(LIMITS.cost);
    expect(refusal(() => ask(size + 1))).toBe('QUERY_TOO_COSTLY');
    expect(() => ask(size + 1)).toThrow(expect.objectContaining({ facts: { cost: LIMITS.cost + LIMITS.enterprises, limit: LIMITS.cost } }));
  });

  test('of a fragment that is spread again is nothing, as execution passes it by', () => {
    const levels = Array.from({ length: 15 }, (_, level) => `fragment F${level} on EnterpriseRegistration { ...F${level + 1} ...F${level + 1} }`).join(' ');
    const found = asked(`${one('registration { basic { ...F0 ...F0 } }')} ${levels} fragment F15 on EnterpriseRegistration { industry }`);
    expect(itemsOf(found)).toEqual({ 'registration.basic': ['industry'] });
  });

  test('of fragments that unfold without end is refused, and soon', () => {
    const levels = Array.from(
      { length: 30 },
      (_, level) => `fragment F${level} on EnterpriseRegistration { a${level}: industry ...F${level + 1} ... { ...F${level + 1} } }`,
    ).join(' ');
    const wide = Array.from(
      { length: 40 },
      (_, place) => `f${place}: registration { ${Array.from({ length: 40 }, (_, other) => `g${other}: basic { ...F0 }`).join(' ')} }`,
    ).join(' ');
    const document = parse(`${one(wide)} ${levels} fragment F30 on EnterpriseRegistration { industry }`);
    const began = performance.now();
    expect(refusal(() => askedBy(document))).toBe('QUERY_TOO_COSTLY');
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});

/* ---- execution itself as the witness ---- */

const witness = buildSchema(printSchema(schema));
const categoryOfType = new Map(catalogue.categories.map((category) => [category.type, category]));

/** Runs a document on a zone in which everything exists, and tells which items its fields were resolved for. */
function executed(document: DocumentNode, variables: Record<string, unknown>): Record<string, Record<string, string[]>> {
  const met: Record<string, Record<string, string[]>> = {};
  const anyOf = (type: GraphQLOutputType): unknown => {
    if (isNonNullType(type)) return anyOf(type.ofType);
    if (isListType(type)) return [anyOf(type.ofType)];
    if (isEnumType(type)) return type.getValues()[0]?.name;
    return isLeafType(type) ? (type.name === 'Boolean' ? true : 1) : { __typename: 'Enterprise' };
  };
  const result = executeSync({
    schema: witness,
    document,
    variableValues: variables,
    fieldResolver(_source, _args, _context, { parentType, fieldName, path, returnType }) {
      let root = path;
      while (root.prev) root = root.prev;
      const category = categoryOfType.get(parentType.name);
      const below = catalogue.categories.find(
        ({ domain, field }) => `${domain[0]?.toUpperCase()}${domain.slice(1)}Records` === parentType.name && field === fieldName,
      );
      const key = String(root.key);
      if (below) (met[key] ??= {})[below.code] ??= [];
      if (category?.itemsByName.has(fieldName)) ((met[key] ??= {})[category.code] ??= []).push(fieldName);
      if (parentType.name === 'Query' && fieldName !== 'catalogue') met[key] ??= {};
      return anyOf(returnType);
    },
  });
  expect(result.errors).toBeUndefined();
  return met;
}

const DIRECTIVES = [
  ...Array<string>(15).fill(''),
  '@skip(if: $yes)',
  '@skip(if: $no)',
  '@include(if: $yes)',
  '@include(if: $no)',
  '@skip(if: $no) @include(if: $no)',
  '@skip(if: true)',
  '@include(if: true)',
];
/** Gives one of so many, as the tape of this run says. */
type Pick = (count: number) => number;

const CHOSEN = ['registration.basic', 'tax.valueAddedTaxReturn', 'tax.arrears', 'judicial.judgment']
  .flatMap((code) => catalogue.category(code) ?? [])
  .concat(catalogue.categories.slice(0, 2));
interface Level {
  readonly type: string;
  readonly fields: readonly { readonly name: string; readonly next: Level | null }[];
}
const ROW = (category: Category): Level => ({
  type: category.type,
  fields: [...category.items.slice(0, 3).map(({ name }) => ({ name, next: null })), { name: '__typename', next: null }],
});
const RECORDS = (domain: string): Level => ({
  type: `${domain[0]?.toUpperCase()}${domain.slice(1)}Records`,
  fields: CHOSEN.filter((category) => category.domain === domain).map((category) => ({ name: category.field, next: ROW(category) })),
});
const ENTERPRISE: Level = {
  type: 'Enterprise',
  fields: [{ name: 'name', next: null }, ...[...new Set(CHOSEN.map(({ domain }) => domain))].map((domain) => ({ name: domain, next: RECORDS(domain) }))],
};

/** A selection as text; its named fragments are put into `fragments`. Response keys hold the field's name, so that they never clash. */
function selection(pick: Pick, level: Level, fragments: string[], wrapped = 0): string {
  const parts = Array.from({ length: 1 + pick(2) }, () => {
    const directive = DIRECTIVES[pick(DIRECTIVES.length)];
    const shape = wrapped > 1 ? 'FIELD' : SHAPES[pick(SHAPES.length)];
    if (shape === 'FIELD') {
      const field = level.fields[pick(level.fields.length)] as Level['fields'][number];
      const key = ['', '', `${field.name}_x: `, `${field.name}_y: `][pick(4)];
      return `${key}${field.name} ${directive} ${field.next ? `{ ${selection(pick, field.next, fragments)} }` : ''}`;
    }
    const inner = selection(pick, level, fragments, wrapped + 1);
    if (shape === 'INLINE') return `... ${directive} { ${inner} }`;
    if (shape === 'TYPED') return `... on ${level.type} ${directive} { ${inner} }`;
    const name = `F${fragments.length}`;
    fragments.push(`fragment ${name} on ${level.type} { ${inner} }`);
    return shape === 'SPREAD' ? `...${name} ${directive}` : `...${name} @skip(if: $yes) ...${name} ${directive}`;
  });
  return parts.join(' ');
}
const SHAPES = ['FIELD', 'FIELD', 'FIELD', 'FIELD', 'FIELD', 'INLINE', 'TYPED', 'SPREAD', 'SPREAD_TWICE'] as const;

test('what is decided is what is executed, for any document', () => {
  let compared = 0;
  fc.assert(
    fc.property(fc.array(fc.nat(1_000), { minLength: 100, maxLength: 200 }), fc.boolean(), fc.boolean(), (tape, yes, no) => {
      let read = 0;
      const pick: Pick = (count) => (tape[read++ % tape.length] as number) % count;
      const fragments: string[] = [];
      const text = `query ($yes: Boolean!, $no: Boolean!) {
        __typename @skip(if: $yes) @include(if: $no)
        a: enterprise(uscc: "${FIRM}", ${WHY}) { __typename ${selection(pick, ENTERPRISE, fragments)} ${selection(pick, ENTERPRISE, fragments)} }
        b: enterprises(usccs: ["${FIRM}"], ${WHY}) { __typename ... on Enterprise { ${selection(pick, ENTERPRISE, fragments)} } ... on EnterpriseProblem { code } }
      } ${fragments.join(' ')}`;
      const document = parse(text);
      expect(validate(schema, document)).toEqual([]);
      const variables = { yes, no };
      const found = askedBy(document, variables);
      const decided = Object.fromEntries(found.reads.map(({ key }, place) => [key, itemsOf(found, place)]));
      const sorted = (all: Record<string, Record<string, string[]>>) =>
        Object.fromEntries(
          Object.entries(all).map(([key, categories]) => [
            key,
            Object.fromEntries(Object.entries(categories).map(([code, names]) => [code, [...new Set(names)].sort()])),
          ]),
        );
      const witnessed = sorted(executed(document, variables));
      expect(sorted(decided)).toEqual(witnessed);
      compared += Object.values(witnessed).flatMap((categories) => Object.values(categories).flat()).length;
    }),
    { numRuns: 200 },
  );
  expect(compared).toBeGreaterThan(300);
});
