/**
 * Arbitrary operations that read records, written straight as text: whatever GraphQL lets a caller write, and not only what
 * an oracle of our own would understand. The same operation is asked with several sets of variables.
 */
import type { CategoryFacts } from '../oracle/catalogue.js';
import type { Chance } from './chance.js';
import { anyCode, batchOf, goodCode } from './codes.js';
import { Draft, kindOf, MISSING } from './draft.js';
import { BAD_CODES, PURPOSES } from './place.js';

export interface Operation {
  readonly query: string;
  readonly operationName: string | undefined;
  /** What stands in the text, and in the variables: for the count of what was tried. */
  readonly features: ReadonlySet<string>;
  /** Values of its variables, other ones each time; what is left out is missing. */
  variables(chance: Chance): Record<string, unknown>;
}

/** The same again under other names: what is kept of the one must not be given for the other. */
export function renamed({ query, operationName, variables, features }: Operation): Operation {
  return { query: query.replaceAll(' a_', ' c_'), operationName, variables, features: new Set([...features, 'the same under other names']) };
}

/** A cursor as some record has it, or had it once, or as none has. */
export type CursorOf = (chance: Chance) => string;

export function operationOf(chance: Chance, categories: ReadonlyMap<string, CategoryFacts>, cursorOf: CursorOf): Operation {
  return new Drawing(chance, categories, cursorOf).operation();
}
const PROVENANCE = ['provider', 'dataTime', 'receivedAt', 'delivery', 'updateCycle', 'dueBy', 'freshness'];

class Drawing extends Draft {
  constructor(
    chance: Chance,
    private readonly categories: ReadonlyMap<string, CategoryFacts>,
    private readonly cursorOf: CursorOf,
  ) {
    super(chance);
  }

  operation(): Operation {
    const { chance } = this;
    const inquiry = this.#inquiry();
    const roots: string[] = [];
    const count = chance.weighed([
      [6, 1],
      [3, 2],
      [1, 3],
    ]);
    if (count > 1) this.note('several reads');
    for (let root = 0; root < count; root++) roots.push(this.#root(inquiry));
    if (chance.is(0.08)) {
      this.note('__typename of Query');
      roots.splice(chance.below(roots.length + 1), 0, this.named('Query', '__typename', 'String!'));
    }
    if (chance.is(0.02)) {
      this.note('another root field');
      roots.push(chance.of(['catalogue { version }', '__schema { queryType { name } }']));
    }
    const declared = this.declared.map(({ name, type, fallback }) => `$${name}: ${type}${fallback === null ? '' : ` = ${fallback}`}`);
    const named = chance.is(0.1);
    const other = named ? ' query Other { __typename }' : '';
    if (named) this.note('one of two operations');
    const written = this.fragments.map(({ name, on, text }) => `fragment ${name} on ${on} ${text}`);
    const head = declared.length > 0 || named ? `query Asked${declared.length > 0 ? `(${declared.join(', ')})` : ''}` : '';
    return {
      query: `${head} { ${roots.join(' ')} }${other} ${written.join(' ')}`.trim(),
      operationName: named ? 'Asked' : undefined,
      features: this.features,
      variables: (now) => {
        const entries = this.declared.map(({ name, sample }) => [name, sample(now)] as const);
        return Object.fromEntries(entries.filter(([, value]) => value !== MISSING));
      },
    };
  }

  /* ---- roots ---- */

  #inquiry(): () => string {
    const { chance } = this;
    const purpose = (now: Chance) => now.weighed<string>([[3, PURPOSES[0]], ...PURPOSES.map((one) => [1, one] as const)]);
    const caseNumber = (now: Chance) =>
      now.weighed([
        [60, 'E-1'],
        [10, ' E-1 '],
        [1, 'E\n1'],
      ]);
    const fixed = `purpose: ${purpose(chance)}, caseNumber: ${JSON.stringify(caseNumber(chance))}${chance.is(0.2) ? ', operator: "李"' : ''}`;
    const whole = this.lazily('InquiryInput!', (now) => ({ purpose: purpose(now), caseNumber: caseNumber(now) }));
    const part = this.lazily('Purpose!', purpose);
    return chance.of([() => `{ ${fixed} }`, whole, whole, () => `{ purpose: ${part()}, caseNumber: "E-2" }`]);
  }
  #root(inquiry: () => string): string {
    const { chance } = this;
    const many = chance.is(0.5);
    const field = many ? 'enterprises' : 'enterprise';
    this.note(field);
    const args = `(${many ? `usccs: ${this.#batch()}` : `uscc: ${this.#code()}`}, inquiry: ${inquiry()})`;
    const type = many ? 'EnterpriseResult' : 'Enterprise';
    let text = this.keyed('Query', field, args, `object ${type}`, this.#set(type, 0));
    if (chance.is(0.12)) {
      // The same field under the same key: what both select is merged.
      this.note('a read merged with itself');
      text += ` ${/^[^(]*/.exec(text)?.[0]}${args} ${this.#set(type, 0)}`;
    }
    if (chance.is(0.06)) {
      this.note('fragment on Query');
      text = chance.is(0.5) ? `...${chance.is(0.5) ? ' on Query' : ''}${this.directive()} { ${text} }` : this.spread(this.fragmentOf('Query', `{ ${text} }`));
    }
    return text;
  }

  #code(): string {
    const single = (now: Chance) =>
      now.weighed<() => unknown>([
        [60, () => goodCode(now)],
        [1, () => now.of(BAD_CODES)],
      ])();
    if (this.chance.is(0.5)) return JSON.stringify(single(this.chance));
    if (!this.chance.is(0.1)) return this.declare('USCC!', single);
    this.note('default of a code');
    return this.declare('USCC!', (now) => (now.is(0.5) ? MISSING : single(now)), JSON.stringify(goodCode(this.chance)));
  }
  #batch(): string {
    const { chance } = this;
    const form = chance.weighed([
      [6, 'VARIABLE'],
      [3, 'LITERAL'],
      [1, 'MIXED'],
      [1, 'LONE'],
    ] as const);
    if (form === 'VARIABLE') return this.declare('[USCC!]!', batchOf);
    if (form === 'LITERAL')
      return `[${batchOf(chance)
        .map((code) => JSON.stringify(code))
        .join(', ')}]`;
    this.note('a list of one code, or of variables');
    if (form === 'LONE') return JSON.stringify(goodCode(chance));
    return `[${this.declare('USCC!', (now) => anyCode(now))}, ${JSON.stringify(anyCode(chance))}]`;
  }

  /* ---- selections ---- */

  #set(type: string, depth: number): string {
    return `{ ${this.#selections(type, depth)} }`;
  }
  #selections(type: string, depth: number): string {
    const { chance } = this;
    const most =
      ({ Enterprise: 4, EnterpriseResult: 3, EnterpriseProblem: 3, Provenance: 4 } as Record<string, number>)[type] ?? (type.endsWith('Records') ? 3 : 7);
    const count = 1 + chance.below(most);
    const parts = Array.from({ length: count }, () => this.#selection(type, depth));
    // On a union most of what is asked stands behind a condition.
    if (type === 'EnterpriseResult' && depth === 0 && !chance.is(0.05)) parts.unshift(`... on Enterprise${this.directive(0.03)} ${this.#set('Enterprise', 1)}`);
    return parts.join(' ');
  }
  #selection(type: string, depth: number): string {
    const { chance } = this;
    if (depth > 3 || chance.is(0.78)) return this.#field(type, depth);
    const on = chance.of(typesAround(type));
    if (on !== null && chance.is(0.5)) {
      const known = this.fragments.filter((one) => one.on === on);
      if (known.length > 0 && chance.is(0.4)) {
        this.note('a fragment spread again');
        return this.spread(chance.of(known));
      }
      return this.spread(this.fragmentOf(on, this.#set(on, depth + 1)));
    }
    this.note(on === null ? 'inline fragment without a type' : `inline fragment on ${kindOf(on)}`);
    return `...${on === null ? '' : ` on ${on}`}${this.directive()} ${this.#set(on ?? type, depth + 1)}`;
  }
  #field(type: string, depth: number): string {
    const { chance } = this;
    if (type === 'EnterpriseResult')
      return chance.is(0.5) ? this.named(type, '__typename', 'String!') : `... on EnterpriseProblem ${this.#set('EnterpriseProblem', depth + 1)}`;
    if (chance.is(0.07)) {
      this.note(`__typename of ${kindOf(type)}`);
      return this.named(type, '__typename', 'String!');
    }
    if (type === 'EnterpriseProblem')
      return this.named(
        type,
        ...(chance.of([
          ['uscc', 'USCC!'],
          ['code', 'String!'],
          ['message', 'String!'],
        ]) as [string, string]),
      );
    if (type === 'Provenance') return this.named(type, chance.of(PROVENANCE), 'leaf');
    if (type === 'Enterprise') return this.#ofEnterprise(depth);
    const category = [...this.categories.values()].find((one) => one.type === type);
    if (category) return this.#ofRow(category, depth);
    return this.#category(type, depth);
  }
  #ofEnterprise(depth: number): string {
    const { chance } = this;
    if (chance.is(0.12)) return this.named('Enterprise', 'uscc', 'USCC!');
    if (chance.is(0.15)) {
      this.note('name');
      return this.named('Enterprise', 'name', 'String');
    }
    const domain = chance.of([...this.categories.values()]).domain;
    return this.keyed('Enterprise', domain, '', `object ${domain}`, this.#set(recordsOf(domain), depth + 1));
  }
  #category(type: string, depth: number): string {
    const { chance } = this;
    const category = chance.of([...this.categories.values()].filter(({ domain }) => recordsOf(domain) === type));
    return this.keyed(type, category.field, category.many ? this.#page() : '', `object ${category.type}`, this.#ofRecord(category, depth));
  }
  #ofRecord({ type }: CategoryFacts, depth: number): string {
    if (!this.chance.is(0.08)) return this.#set(type, depth + 1);
    this.note('a record and none of its items');
    const told = this.chance.is(0.5) ? this.named(type, '__typename', 'String!') : this.keyed(type, 'provenance', '', 'object Provenance', '{ provider }');
    return `{ ${told} }`;
  }
  #ofRow(category: CategoryFacts, depth: number): string {
    const { chance } = this;
    if (chance.is(0.16)) {
      this.note('provenance');
      return this.keyed(category.type, 'provenance', '', 'object Provenance', this.#set('Provenance', depth + 1));
    }
    if (category.many && chance.is(0.08)) {
      this.note('cursor');
      return this.named(category.type, 'cursor', 'String!');
    }
    // What rows are ordered by is asked more often than any other item, and so is what is no text.
    const unlike = category.items.filter(({ type }) => type === 'integer' || type === 'boolean');
    const chosen = unlike.length > 0 && chance.is(0.12) ? unlike : category.items;
    const item = category.orderedBy !== null && chance.is(0.15) ? category.orderedBy : chance.of(chosen).name;
    return this.named(category.type, item, 'leaf');
  }

  /** Arguments of a list. */
  #page(): string {
    const { chance } = this;
    const args: string[] = [];
    const number = (now: Chance) =>
      now.weighed([
        [60, 1 + now.below(4)],
        [15, 100],
        [1, now.of([0, 101, -3])],
      ]);
    if (chance.is(0.45)) {
      const [feature, text] = chance.weighed<() => [string, string]>([
        [10, () => ['first', String(number(chance))]],
        [1, () => ['first: null', 'null']],
        [
          4,
          () => [
            'first by a variable',
            this.declare('Int', (now) =>
              now.weighed<unknown>([
                [8, number(now)],
                [1, null],
                [1, MISSING],
              ]),
            ),
          ],
        ],
        [1, () => ['first by a variable that is never null', this.declare('Int!', number)]],
        [2, () => ['first by a variable with a default', this.declare('Int', (now) => (now.is(0.5) ? MISSING : number(now)), String(1 + chance.below(3)))]],
      ])();
      this.note(feature);
      args.push(`first: ${text}`);
    }
    if (chance.is(0.025)) {
      const [feature, text] = chance.weighed<() => [string, string]>([
        [2, () => ['after', JSON.stringify(this.cursorOf(chance))]],
        [1, () => ['after: null', 'null']],
        [2, () => ['after by a variable', this.declare('String', (now) => now.of<unknown>([null, MISSING, this.cursorOf(now)]))]],
      ])();
      this.note(feature);
      args.splice(chance.below(2), 0, `after: ${text}`);
    }
    return args.length === 0 ? '' : `(${args.join(', ')})`;
  }
}

const recordsOf = (domain: string) => `${domain.charAt(0).toUpperCase()}${domain.slice(1)}Records`;

/** What a fragment in a selection of a type may be on. */
function typesAround(type: string): readonly (string | null)[] {
  switch (type) {
    case 'EnterpriseResult':
      return ['Enterprise', 'Enterprise', 'EnterpriseProblem', 'EnterpriseResult', null];
    case 'Enterprise':
      return ['Enterprise', 'Enterprise', 'EnterpriseResult', null];
    case 'EnterpriseProblem':
      return ['EnterpriseProblem', 'EnterpriseResult', null];
    default:
      return [type, null];
  }
}
