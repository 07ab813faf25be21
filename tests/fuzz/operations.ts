/**
 * Arbitrary operations that read records, written straight as text: whatever GraphQL lets a caller write, and not only what
 * an oracle of our own would understand. The same operation is asked with several sets of variables.
 */
import type { CategoryFacts } from '../oracle/catalogue.js';
import type { Chance } from './chance.js';
import { BAD_CODES, FIRMS, PURPOSES, STRANGERS } from './place.js';

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

interface Declared {
  readonly name: string;
  readonly type: string;
  readonly fallback: string | null;
  readonly sample: (chance: Chance) => unknown;
}
interface Fragment {
  readonly name: string;
  readonly on: string;
  readonly text: string;
}
/** Below the limits of the gateway, so that a merge of both never passes them. */
const MOST_ALIASES = 45;
const MOST_DIRECTIVES = 45;
const UNION: readonly string[] = ['Enterprise', 'EnterpriseProblem', 'EnterpriseResult'];
const PROVENANCE = ['provider', 'dataTime', 'receivedAt', 'delivery', 'updateCycle', 'dueBy', 'freshness'];
const MISSING = Symbol('missing');

class Drawing {
  readonly #features = new Set<string>();
  readonly #declared: Declared[] = [];
  readonly #fragments: Fragment[] = [];
  /** What stands under a response key of a type: fields that share one MUST be the same field with the same arguments. */
  readonly #keys = new Map<string, { readonly own: string; readonly shape: string }>();
  #names = 0;
  #aliases = 0;
  #directives = 0;

  constructor(
    private readonly chance: Chance,
    private readonly categories: ReadonlyMap<string, CategoryFacts>,
    private readonly cursorOf: CursorOf,
  ) {}

  operation(): Operation {
    const { chance } = this;
    const inquiry = this.#inquiry();
    const roots: string[] = [];
    const count = chance.weighed([
      [6, 1],
      [3, 2],
      [1, 3],
    ]);
    if (count > 1) this.#note('several reads');
    for (let root = 0; root < count; root++) roots.push(this.#root(inquiry));
    if (chance.is(0.08)) {
      this.#note('__typename of Query');
      roots.splice(chance.below(roots.length + 1), 0, this.#named('Query', '__typename', 'String!'));
    }
    if (chance.is(0.02)) {
      this.#note('another root field');
      roots.push(chance.of(['catalogue { version }', '__schema { queryType { name } }']));
    }
    const declared = this.#declared.map(({ name, type, fallback }) => `$${name}: ${type}${fallback === null ? '' : ` = ${fallback}`}`);
    const named = chance.is(0.1);
    const other = named ? ' query Other { __typename }' : '';
    if (named) this.#note('one of two operations');
    const written = this.#fragments.map(({ name, on, text }) => `fragment ${name} on ${on} ${text}`);
    const head = declared.length > 0 || named ? `query Asked${declared.length > 0 ? `(${declared.join(', ')})` : ''}` : '';
    return {
      query: `${head} { ${roots.join(' ')} }${other} ${written.join(' ')}`.trim(),
      operationName: named ? 'Asked' : undefined,
      features: this.#features,
      variables: (now) => {
        const entries = this.#declared.map(({ name, sample }) => [name, sample(now)] as const);
        return Object.fromEntries(entries.filter(([, value]) => value !== MISSING));
      },
    };
  }

  #note(feature: string): void {
    this.#features.add(feature);
  }
  #declare(type: string, sample: Declared['sample'], fallback: string | null = null): string {
    const name = `v${this.#declared.length}`;
    this.#declared.push({ name, type, fallback, sample });
    return `$${name}`;
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
    const whole = this.#lazily('InquiryInput!', (now) => ({ purpose: purpose(now), caseNumber: caseNumber(now) }));
    const part = this.#lazily('Purpose!', purpose);
    return chance.of([() => `{ ${fixed} }`, whole, whole, () => `{ purpose: ${part()}, caseNumber: "E-2" }`]);
  }
  /** A variable that is declared only where it is used; then always the same. */
  #lazily(type: string, sample: Declared['sample']): () => string {
    let name: string | undefined;
    return () => (name ??= this.#declare(type, sample));
  }

  #root(inquiry: () => string): string {
    const { chance } = this;
    const many = chance.is(0.5);
    const field = many ? 'enterprises' : 'enterprise';
    this.#note(field);
    const args = `(${many ? `usccs: ${this.#batch()}` : `uscc: ${this.#code()}`}, inquiry: ${inquiry()})`;
    const type = many ? 'EnterpriseResult' : 'Enterprise';
    let text = this.#keyed('Query', field, args, `object ${type}`, this.#set(type, 0));
    if (chance.is(0.12)) {
      // The same field under the same key: what both select is merged.
      this.#note('a read merged with itself');
      text += ` ${/^[^(]*/.exec(text)?.[0]}${args} ${this.#set(type, 0)}`;
    }
    if (chance.is(0.06)) {
      this.#note('fragment on Query');
      text = chance.is(0.5)
        ? `...${chance.is(0.5) ? ' on Query' : ''}${this.#directive()} { ${text} }`
        : this.#spread(this.#fragmentOf('Query', `{ ${text} }`));
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
    if (!this.chance.is(0.1)) return this.#declare('USCC!', single);
    this.#note('default of a code');
    return this.#declare('USCC!', (now) => (now.is(0.5) ? MISSING : single(now)), JSON.stringify(goodCode(this.chance)));
  }
  #batch(): string {
    const { chance } = this;
    const form = chance.weighed([
      [6, 'VARIABLE'],
      [3, 'LITERAL'],
      [1, 'MIXED'],
      [1, 'LONE'],
    ] as const);
    if (form === 'VARIABLE') return this.#declare('[USCC!]!', batchOf);
    if (form === 'LITERAL')
      return `[${batchOf(chance)
        .map((code) => JSON.stringify(code))
        .join(', ')}]`;
    this.#note('a list of one code, or of variables');
    if (form === 'LONE') return JSON.stringify(goodCode(chance));
    return `[${this.#declare('USCC!', (now) => anyCode(now))}, ${JSON.stringify(anyCode(chance))}]`;
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
    if (type === 'EnterpriseResult' && depth === 0 && !chance.is(0.05))
      parts.unshift(`... on Enterprise${this.#directive(0.03)} ${this.#set('Enterprise', 1)}`);
    return parts.join(' ');
  }
  #selection(type: string, depth: number): string {
    const { chance } = this;
    if (depth > 3 || chance.is(0.78)) return this.#field(type, depth);
    const on = chance.of(typesAround(type));
    if (on !== null && chance.is(0.5)) {
      const known = this.#fragments.filter((one) => one.on === on);
      if (known.length > 0 && chance.is(0.4)) {
        this.#note('a fragment spread again');
        return this.#spread(chance.of(known));
      }
      return this.#spread(this.#fragmentOf(on, this.#set(on, depth + 1)));
    }
    this.#note(on === null ? 'inline fragment without a type' : `inline fragment on ${kindOf(on)}`);
    return `...${on === null ? '' : ` on ${on}`}${this.#directive()} ${this.#set(on ?? type, depth + 1)}`;
  }
  #spread({ name, on }: Fragment): string {
    this.#note(`named fragment on ${kindOf(on)}`);
    const text = `...${name}${this.#directive()}`;
    if (!this.chance.is(0.1)) return text;
    this.#note('a fragment spread twice');
    return `${text} ...${name}`;
  }
  #fragmentOf(on: string, text: string): Fragment {
    const made = { name: `F${this.#names++}`, on, text };
    this.#fragments.push(made);
    return made;
  }

  #field(type: string, depth: number): string {
    const { chance } = this;
    if (type === 'EnterpriseResult')
      return chance.is(0.5) ? this.#named(type, '__typename', 'String!') : `... on EnterpriseProblem ${this.#set('EnterpriseProblem', depth + 1)}`;
    if (chance.is(0.07)) {
      this.#note(`__typename of ${kindOf(type)}`);
      return this.#named(type, '__typename', 'String!');
    }
    if (type === 'EnterpriseProblem')
      return this.#named(
        type,
        ...(chance.of([
          ['uscc', 'USCC!'],
          ['code', 'String!'],
          ['message', 'String!'],
        ]) as [string, string]),
      );
    if (type === 'Provenance') return this.#named(type, chance.of(PROVENANCE), 'leaf');
    if (type === 'Enterprise') return this.#ofEnterprise(depth);
    const category = [...this.categories.values()].find((one) => one.type === type);
    if (category) return this.#ofRow(category, depth);
    return this.#category(type, depth);
  }
  #ofEnterprise(depth: number): string {
    const { chance } = this;
    if (chance.is(0.12)) return this.#named('Enterprise', 'uscc', 'USCC!');
    if (chance.is(0.15)) {
      this.#note('name');
      return this.#named('Enterprise', 'name', 'String');
    }
    const domain = chance.of([...this.categories.values()]).domain;
    return this.#keyed('Enterprise', domain, '', `object ${domain}`, this.#set(recordsOf(domain), depth + 1));
  }
  #category(type: string, depth: number): string {
    const { chance } = this;
    const category = chance.of([...this.categories.values()].filter(({ domain }) => recordsOf(domain) === type));
    return this.#keyed(type, category.field, category.many ? this.#page() : '', `object ${category.type}`, this.#set(category.type, depth + 1));
  }
  #ofRow(category: CategoryFacts, depth: number): string {
    const { chance } = this;
    if (chance.is(0.16)) {
      this.#note('provenance');
      return this.#keyed(category.type, 'provenance', '', 'object Provenance', this.#set('Provenance', depth + 1));
    }
    if (category.many && chance.is(0.08)) {
      this.#note('cursor');
      return this.#named(category.type, 'cursor', 'String!');
    }
    // What rows are ordered by is asked more often than any other item, and so is what is no text.
    const unlike = category.items.filter(({ type }) => type === 'integer' || type === 'boolean');
    const chosen = unlike.length > 0 && chance.is(0.12) ? unlike : category.items;
    const item = category.orderedBy !== null && chance.is(0.15) ? category.orderedBy : chance.of(chosen).name;
    return this.#named(category.type, item, 'leaf');
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
            this.#declare('Int', (now) =>
              now.weighed<unknown>([
                [8, number(now)],
                [1, null],
                [1, MISSING],
              ]),
            ),
          ],
        ],
        [1, () => ['first by a variable that is never null', this.#declare('Int!', number)]],
        [2, () => ['first by a variable with a default', this.#declare('Int', (now) => (now.is(0.5) ? MISSING : number(now)), String(1 + chance.below(3)))]],
      ])();
      this.#note(feature);
      args.push(`first: ${text}`);
    }
    if (chance.is(0.025)) {
      const [feature, text] = chance.weighed<() => [string, string]>([
        [2, () => ['after', JSON.stringify(this.cursorOf(chance))]],
        [1, () => ['after: null', 'null']],
        [2, () => ['after by a variable', this.#declare('String', (now) => now.of<unknown>([null, MISSING, this.cursorOf(now)]))]],
      ])();
      this.#note(feature);
      args.splice(chance.below(2), 0, `after: ${text}`);
    }
    return args.length === 0 ? '' : `(${args.join(', ')})`;
  }

  #named(type: string, field: string, shape: string): string {
    return this.#keyed(type, field, '', shape, '');
  }
  /** A field under a response key that is free, or taken by the same field. */
  #keyed(type: string, field: string, args: string, shape: string, set: string): string {
    const { chance } = this;
    const own = `${field}${args}`;
    const fits = (key: string) =>
      (UNION.includes(type) ? UNION : [type]).every((one) => {
        const known = this.#keys.get(`${one} ${key}`);
        // Of two members of the union only the shape must be the same.
        const apart = one !== type && one !== 'EnterpriseResult' && type !== 'EnterpriseResult';
        return known === undefined || (apart ? known.shape === shape : known.own === own);
      });
    const wanted = this.#aliases < MOST_ALIASES && chance.is(0.25) ? [chance.of(['x', 'y', 'name', `a_${field}`])] : [];
    let key = [...wanted, field, `a_${field}`, `b_${field}`].find(fits);
    while (key === undefined) {
      const next = `k${this.#names++}_${field}`;
      if (fits(next)) key = next;
    }
    this.#keys.set(`${type} ${key}`, { own, shape });
    if (key !== field) {
      this.#aliases++;
      this.#note(`alias of ${shape.startsWith('object') ? 'a field with fields' : 'a leaf'}`);
    }
    return `${key === field ? '' : `${key}: `}${field}${args}${this.#directive(0.06)}${set === '' ? '' : ` ${set}`}`;
  }

  #directive(share = 0.12): string {
    if (this.#directives >= MOST_DIRECTIVES || !this.chance.is(share)) return '';
    const both = this.chance.is(0.1);
    this.#directives += both ? 2 : 1;
    const one = (name: string) => ` @${name}(if: ${this.#condition()})`;
    if (both) return this.chance.is(0.5) ? one('skip') + one('include') : one('include') + one('skip');
    return one(this.chance.of(['skip', 'include', 'include']));
  }
  #condition(): string {
    const yes = (now: Chance) => now.is(0.6);
    const [feature, text] = this.chance.weighed<() => [string, string]>([
      [3, () => ['a condition', String(yes(this.chance))]],
      [3, () => ['a condition by a variable', this.#declare('Boolean!', yes)]],
      [1, () => ['a condition by a variable with a default', this.#declare('Boolean!', (now) => (now.is(0.5) ? MISSING : yes(now)), String(yes(this.chance)))]],
      [
        1,
        () => [
          'a condition that may be null',
          this.#declare(
            'Boolean',
            (now) =>
              now.weighed<unknown>([
                [10, MISSING],
                [10, yes(now)],
                [1, null],
              ]),
            String(yes(this.chance)),
          ),
        ],
      ],
    ])();
    this.#note(feature);
    return text;
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
function kindOf(type: string): string {
  if (/^(Enterprise|EnterpriseResult|EnterpriseProblem|Provenance|Query)$/.test(type)) return type;
  return type.endsWith('Records') ? 'a domain' : 'a row';
}

function goodCode(chance: Chance): string {
  return chance.weighed<() => string>([
    [14, () => chance.of(FIRMS)],
    [2, () => typedOddly(chance.of(FIRMS))],
    [2, () => chance.of(STRANGERS)],
    [1, () => ` ${chance.of(STRANGERS).toLowerCase()} `],
  ])();
}
function anyCode(chance: Chance): string {
  return chance.is(0.08) ? chance.of([...BAD_CODES, '坏"码\u2028\u0000', '\ud83d']) : goodCode(chance);
}
function batchOf(chance: Chance): string[] {
  if (chance.is(0.06)) return [...FIRMS];
  const codes = Array.from({ length: chance.below(7) }, () => anyCode(chance));
  // One that was asked before, perhaps typed otherwise.
  if (codes.length > 0 && chance.is(0.3)) codes.push(chance.is(0.5) ? chance.of(codes) : typedOddly(chance.of(FIRMS)));
  return codes;
}
/** Full-width, lower case, with blanks. */
function typedOddly(code: string): string {
  const letters = [...code.toLowerCase()].map((letter, place) => (place % 5 === 1 ? String.fromCodePoint((letter.codePointAt(0) as number) + 0xfee0) : letter));
  return ` ${letters.join('')}\t`;
}
