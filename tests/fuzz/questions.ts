/** Arbitrary questions: as trees (see oracle/question.ts), brought into a form that GraphQL accepts, and written out as text. */
import fc from 'fast-check';
import type { CategoryFacts } from '../oracle/catalogue.js';
import type { Directive, Field, Fragment, Passed, Question, Root, Selection } from '../oracle/question.js';
import { BAD_CODES, FIRMS, INSTITUTIONS, NOBODY, PURPOSES, STRANGERS } from './place.js';

const passed = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Passed<T>> => fc.record({ value, variable: fc.boolean() });
const directive: fc.Arbitrary<Directive | null> = fc.oneof(
  { weight: 12, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.record({ name: fc.constantFrom('skip' as const, 'include' as const), when: passed(fc.boolean()) }) },
);
/** Whether a field has an alias; which one is settled in `finished`. */
const aliased = fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.constantFrom('a', 'b') });

const CURSORS = ['1.1', '1.2', '1.0', '7.1'].map((place) => Buffer.from(place).toString('base64url')).concat('no cursor');

export function questionArbitrary(categories: ReadonlyMap<string, CategoryFacts>): fc.Arbitrary<Question> {
  const named = (name: string): fc.Arbitrary<Field> =>
    fc.record({ kind: fc.constant('FIELD' as const), name: fc.constant(name), alias: aliased, directive, selections: fc.constant([] as Selection[]) });
  const typename = named('__typename');
  const several = (one: fc.Arbitrary<Selection>, most: number) => fc.array(one, { minLength: 1, maxLength: most });
  const fragment = (on: readonly (string | null)[], inside: fc.Arbitrary<readonly Selection[]>): fc.Arbitrary<Fragment> =>
    fc
      .record({ kind: fc.constant('FRAGMENT' as const), on: fc.constantFrom(...on), named: fc.boolean(), twice: fc.boolean(), directive, selections: inside })
      .map((made) => (made.on === null ? { ...made, named: false } : made));

  const provenance = fc
    .record({
      alias: aliased,
      directive,
      selections: several(fc.oneof(...['provider', 'dataTime', 'receivedAt', 'delivery', 'updateCycle', 'dueBy', 'freshness'].map(named)), 4),
    })
    .map((made): Field => ({ kind: 'FIELD', name: 'provenance', ...made }));

  const categoryField = (category: CategoryFacts): fc.Arbitrary<Field> => {
    const item = fc.oneof(...category.items.map(({ name }) => named(name)));
    const leaf: fc.Arbitrary<Selection> = fc.oneof(
      { weight: 10, arbitrary: item },
      { weight: 2, arbitrary: provenance },
      { weight: 1, arbitrary: typename },
      ...(category.many ? [{ weight: 1, arbitrary: named('cursor') }] : []),
    );
    const row = fc.oneof({ weight: 7, arbitrary: leaf }, { weight: 2, arbitrary: fragment([category.type, null], several(leaf, 4)) });
    const rowSelections = fc.oneof(
      { weight: 6, arbitrary: several(row, 6) },
      // Only where it comes from.
      { weight: 1, arbitrary: provenance.map((one): Selection[] => [one]) },
    );
    const first = fc.oneof(
      { weight: 16, arbitrary: fc.constant(undefined) },
      { weight: 8, arbitrary: passed(fc.constantFrom(1, 2, 3, 100)) },
      { weight: 2, arbitrary: passed(fc.constantFrom(0, 101, -3)) },
    );
    const after = fc.oneof({ weight: 12, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.constantFrom(...CURSORS) });
    return fc.record({ alias: aliased, directive, selections: rowSelections, first, after }).map(
      ({ first: pages, after: from, ...rest }): Field => ({
        kind: 'FIELD',
        name: category.field,
        ...rest,
        ...(category.many && pages ? { first: pages } : {}),
        ...(category.many && from ? { after: from } : {}),
      }),
    );
  };

  const domains = [...new Set([...categories.values()].map(({ domain }) => domain))];
  const domainField = (domain: string): fc.Arbitrary<Field> => {
    const type = `${domain.charAt(0).toUpperCase()}${domain.slice(1)}Records`;
    const known = [...categories.values()].filter((category) => category.domain === domain).map(categoryField);
    const inside = fc.oneof(
      { weight: 12, arbitrary: fc.oneof(...known) },
      { weight: 2, arbitrary: fragment([type, null], several(fc.oneof(...known), 2)) },
      { weight: 1, arbitrary: typename },
    );
    return fc.record({ alias: aliased, directive, selections: several(inside, 3) }).map((made): Field => ({ kind: 'FIELD', name: domain, ...made }));
  };
  const enterpriseLeaf = fc.oneof(
    { weight: 2, arbitrary: named('uscc') },
    { weight: 2, arbitrary: named('name') },
    { weight: 1, arbitrary: typename },
    {
      weight: 14,
      arbitrary: fc.oneof(
        ...domains.flatMap((domain) => (domain === 'registration' || domain === 'tax' ? [domainField(domain), domainField(domain)] : [domainField(domain)])),
      ),
    },
  );
  const ofEnterprise = several(
    fc.oneof({ weight: 8, arbitrary: enterpriseLeaf }, { weight: 2, arbitrary: fragment(['Enterprise', null], several(enterpriseLeaf, 3)) }),
    4,
  );
  const ofResult: fc.Arbitrary<Selection[]> = fc
    .record({
      given: several(fragment(['Enterprise'], several(enterpriseLeaf, 4)), 2),
      problem: fc.option(fragment(['EnterpriseProblem'], several(fc.oneof(...['uscc', 'code', 'message', '__typename'].map(named)), 3)), { freq: 2 }),
      typename: fc.option(typename, { freq: 4 }),
    })
    .map(({ given, problem, typename: own }) => [...(own ? [own] : []), ...given, ...(problem ? [problem] : [])]);

  const goodCode = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...FIRMS) },
    { weight: 1, arbitrary: fc.constantFrom(...FIRMS).map(typedOddly) },
    { weight: 3, arbitrary: fc.constantFrom(...STRANGERS, ...STRANGERS.map((code) => ` ${code.toLowerCase()} `)) },
  );
  const anyCode = fc.oneof({ weight: 12, arbitrary: goodCode }, { weight: 1, arbitrary: fc.constantFrom(...BAD_CODES) });
  const singleCode = fc.oneof({ weight: 40, arbitrary: goodCode }, { weight: 1, arbitrary: fc.constantFrom(...BAD_CODES) });
  const batch = fc.oneof({ weight: 8, arbitrary: fc.array(anyCode, { maxLength: 6 }) }, { weight: 1, arbitrary: fc.constant([...FIRMS]) });

  const purpose = fc.oneof({ weight: 4, arbitrary: fc.constant<string>(PURPOSES[0]) }, { weight: 2, arbitrary: fc.constantFrom<string>(...PURPOSES) });
  const caseNumber = fc.oneof(
    { weight: 30, arbitrary: fc.constantFrom('F-1', ' F-1 ') },
    { weight: 1, arbitrary: fc.constantFrom('', 'F\n1', 'x'.repeat(65)) },
  );
  const one = (inquiry: fc.Arbitrary<Passed<{ purpose: string; caseNumber: string }>>): fc.Arbitrary<Root> =>
    fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({
          field: fc.constant('enterprise' as const),
          alias: aliased,
          uscc: passed(singleCode),
          inquiry,
          selections: ofEnterprise,
          directive,
        }),
      },
      {
        weight: 4,
        arbitrary: fc.record({ field: fc.constant('enterprises' as const), alias: aliased, usccs: passed(batch), inquiry, selections: ofResult, directive }),
      },
    );
  const explained: fc.Arbitrary<Extract<Root, { field: 'myAccess' }>> = fc.record({
    field: fc.constant('myAccess' as const),
    alias: aliased,
    purpose,
    category: fc.constantFrom(...categories.keys()),
    uscc: fc.option<string, null>(fc.constantFrom(...FIRMS, ...STRANGERS), { freq: 3, nil: null }),
    directive,
  });
  const inquiries = passed(fc.record({ purpose, caseNumber }));
  const roots = fc
    .record({
      inquiry: inquiries,
      reads: fc.array(one(inquiries), { minLength: 1, maxLength: 2 }),
      more: fc.oneof({ weight: 5, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.array(explained, { minLength: 1, maxLength: 1 }) }),
      // Nearly always one inquiry an operation.
      mixed: fc.oneof({ weight: 8, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    })
    .map(({ inquiry, reads, more, mixed }) => [
      ...reads.map((read) => (mixed || read.field === 'myAccess' ? read : { ...read, inquiry: { ...read.inquiry, value: inquiry.value } })),
      ...more,
    ]);
  const whose = fc.oneof(
    { weight: 10, arbitrary: fc.constant<string>(INSTITUTIONS[0].code) },
    { weight: 7, arbitrary: fc.constantFrom<string>(...INSTITUTIONS.map(({ code }) => code)) },
    { weight: 1, arbitrary: fc.constantFrom(NOBODY, INSTITUTIONS[0].code) },
  );
  return fc.record({ institution: whose, roots }).map(finished);
}

/** As somebody types it: full-width, lower case, with blanks. */
function typedOddly(code: string): string {
  return ` ${[...code.toLowerCase()].map((letter, place) => (place % 5 === 1 ? String.fromCodePoint((letter.codePointAt(0) as number) + 0xfee0) : letter)).join('')}\t`;
}

const MOST_ALIASES = 50;
const MOST_DIRECTIVES = 50;

/** Gives aliases where fields would otherwise clash, and takes away what is more than the gateway takes. */
function finished({ institution, roots }: Question): Question {
  let aliases = 0;
  let directives = 0;
  const limited = (own: Directive | null) => (own !== null && directives++ < MOST_DIRECTIVES ? own : null);
  const visit = (selection: Selection): Selection => {
    const own = limited(selection.directive);
    if (selection.kind === 'FRAGMENT') return { ...selection, directive: own, selections: selection.selections.map(visit) };
    // Fields with arguments never share a response key: theirs differ.
    const alias = selection.first || selection.after ? `p${aliases}_${selection.name}` : selection.alias && `${selection.alias}_${selection.name}`;
    const kept = alias !== null && aliases < MOST_ALIASES ? alias : null;
    if (kept) aliases++;
    const { first, after, ...plain } = selection;
    const bare: Field = kept ? { ...plain, ...(first ? { first } : {}), ...(after ? { after } : {}) } : plain;
    return { ...bare, alias: kept, directive: own, selections: selection.selections.map(visit) };
  };
  const done = roots.map((root, place): Root => {
    const alias = place > 0 || root.alias ? `r${place}_${root.field}` : null;
    if (alias) aliases++;
    const own = limited(root.directive);
    return root.field === 'myAccess' ? { ...root, alias, directive: own } : { ...root, alias, directive: own, selections: root.selections.map(visit) };
  });
  return { institution, roots: done };
}

/** The same document with other variables: every condition turned round, every code moved on by one. */
export function withOtherVariables(question: Question): Question {
  const turned = (own: Directive | null): Directive | null => (own?.when.variable ? { ...own, when: { ...own.when, value: !own.when.value } } : own);
  const next = (code: string) => (FIRMS.includes(code) ? (FIRMS[(FIRMS.indexOf(code) + 1) % FIRMS.length] as string) : code);
  const visit = (selection: Selection): Selection => ({ ...selection, directive: turned(selection.directive), selections: selection.selections.map(visit) });
  return {
    ...question,
    roots: question.roots.map((root): Root => {
      const directive_ = turned(root.directive);
      if (root.field === 'myAccess') return { ...root, directive: directive_ };
      const selections = root.selections.map(visit);
      return root.field === 'enterprise'
        ? { ...root, directive: directive_, selections, uscc: root.uscc.variable ? { variable: true, value: next(root.uscc.value) } : root.uscc }
        : { ...root, directive: directive_, selections, usccs: root.usccs.variable ? { variable: true, value: root.usccs.value.map(next) } : root.usccs };
    }),
  };
}

export interface Written {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** The question as GraphQL. Conditions, codes and numbers that go through variables leave no trace in the document. */
export function written({ roots }: Question): Written {
  const variables: Record<string, unknown> = {};
  const declared: string[] = [];
  const fragments: string[] = [];
  const pass = (type: string, { value, variable }: Passed<unknown>, literal: string): string => {
    if (!variable) return literal;
    const name = `v${declared.length}`;
    declared.push(`$${name}: ${type}`);
    variables[name] = value;
    return `$${name}`;
  };
  const text = JSON.stringify;
  const directiveOf = (own: Directive | null) => (own === null ? '' : ` @${own.name}(if: ${pass('Boolean!', own.when, String(own.when.value))})`);
  const setOf = (selections: readonly Selection[]): string => (selections.length === 0 ? '' : ` { ${selections.map(selectionOf).join(' ')} }`);
  const selectionOf = (selection: Selection): string => {
    if (selection.kind === 'FIELD') {
      const { alias, name, first, after, directive: own, selections } = selection;
      const args = [...(first ? [`first: ${pass('Int', first, String(first.value))}`] : []), ...(after ? [`after: ${text(after)}`] : [])];
      return `${alias ? `${alias}: ` : ''}${name}${args.length > 0 ? `(${args.join(', ')})` : ''}${directiveOf(own)}${setOf(selections)}`;
    }
    const condition = directiveOf(selection.directive);
    if (!selection.named) return `...${selection.on ? ` on ${selection.on}` : ''}${condition}${setOf(selection.selections)}`;
    const place = fragments.push('') - 1;
    fragments[place] = `fragment F${place} on ${selection.on}${setOf(selection.selections)}`;
    const spread = `...F${place}${condition}`;
    return selection.twice ? `${spread} ${spread}` : spread;
  };
  const rootOf = (root: Root): string => {
    const front = `${root.alias ? `${root.alias}: ` : ''}${root.field}`;
    if (root.field === 'myAccess') {
      const whom = root.uscc === null ? '' : `, uscc: ${text(root.uscc)}`;
      return `${front}(purpose: ${root.purpose}, category: ${text(root.category)}${whom})${directiveOf(root.directive)} { item outcome reason grants consents }`;
    }
    const whom =
      root.field === 'enterprise'
        ? `uscc: ${pass('USCC!', root.uscc, text(root.uscc.value))}`
        : `usccs: ${pass('[USCC!]!', root.usccs, text(root.usccs.value))}`;
    const { purpose, caseNumber } = root.inquiry.value;
    const why = pass('InquiryInput!', root.inquiry, `{ purpose: ${purpose}, caseNumber: ${text(caseNumber)} }`);
    return `${front}(${whom}, inquiry: ${why})${directiveOf(root.directive)}${setOf(root.selections)}`;
  };
  const body = roots.map(rootOf).join(' ');
  return { query: `query Fuzz${declared.length > 0 ? `(${declared.join(', ')})` : ''} { ${body} } ${fragments.join(' ')}`, variables };
}
