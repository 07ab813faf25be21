/**
 * A document while it is being written: its variables and fragments, which response keys are taken, how many aliases and
 * directives there are already.
 */
import type { Chance } from './chance.js';

export interface Declared {
  readonly name: string;
  readonly type: string;
  readonly fallback: string | null;
  readonly sample: (chance: Chance) => unknown;
}
export interface Fragment {
  readonly name: string;
  readonly on: string;
  readonly text: string;
}
/** Below the limits of the gateway, so that a merge of both never passes them. */
const MOST_ALIASES = 45;
const MOST_DIRECTIVES = 45;
const UNION: readonly string[] = ['Enterprise', 'EnterpriseProblem', 'EnterpriseResult'];
/** In the place of the value of a variable that is left out. */
export const MISSING = Symbol('missing');

export class Draft {
  protected readonly features = new Set<string>();
  protected readonly declared: Declared[] = [];
  protected readonly fragments: Fragment[] = [];
  /** What stands under a response key of a type: fields that share one MUST be the same field with the same arguments. */
  readonly #keys = new Map<string, { readonly own: string; readonly shape: string }>();
  #names = 0;
  #aliases = 0;
  #directives = 0;

  constructor(protected readonly chance: Chance) {}

  protected note(feature: string): void {
    this.features.add(feature);
  }
  protected declare(type: string, sample: Declared['sample'], fallback: string | null = null): string {
    const name = `v${this.declared.length}`;
    this.declared.push({ name, type, fallback, sample });
    return `$${name}`;
  }
  /** A variable that is declared only where it is used; then always the same. */
  protected lazily(type: string, sample: Declared['sample']): () => string {
    let name: string | undefined;
    return () => (name ??= this.declare(type, sample));
  }

  protected spread({ name, on }: Fragment): string {
    this.note(`named fragment on ${kindOf(on)}`);
    const text = `...${name}${this.directive()}`;
    if (!this.chance.is(0.1)) return text;
    this.note('a fragment spread twice');
    return `${text} ...${name}`;
  }
  protected fragmentOf(on: string, text: string): Fragment {
    const made = { name: `F${this.#names++}`, on, text };
    this.fragments.push(made);
    return made;
  }

  protected named(type: string, field: string, shape: string): string {
    return this.keyed(type, field, '', shape, '');
  }
  /** A field under a response key that is free, or taken by the same field. */
  protected keyed(type: string, field: string, args: string, shape: string, set: string): string {
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
      this.note(`alias of ${shape.startsWith('object') ? 'a field with fields' : 'a leaf'}`);
    }
    return `${key === field ? '' : `${key}: `}${field}${args}${this.directive(0.06)}${set === '' ? '' : ` ${set}`}`;
  }

  protected directive(share = 0.12): string {
    if (this.#directives >= MOST_DIRECTIVES || !this.chance.is(share)) return '';
    const both = this.chance.is(0.1);
    this.#directives += both ? 2 : 1;
    const one = (name: string) => ` @${name}(if: ${this.condition()})`;
    if (both) return this.chance.is(0.5) ? one('skip') + one('include') : one('include') + one('skip');
    return one(this.chance.of(['skip', 'include', 'include']));
  }
  protected condition(): string {
    const yes = (now: Chance) => now.is(0.6);
    const [feature, text] = this.chance.weighed<() => [string, string]>([
      [3, () => ['a condition', String(yes(this.chance))]],
      [3, () => ['a condition by a variable', this.declare('Boolean!', yes)]],
      [1, () => ['a condition by a variable with a default', this.declare('Boolean!', (now) => (now.is(0.5) ? MISSING : yes(now)), String(yes(this.chance)))]],
      [
        1,
        () => [
          'a condition that may be null',
          this.declare(
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
    this.note(feature);
    return text;
  }
}

export function kindOf(type: string): string {
  if (/^(Enterprise|EnterpriseResult|EnterpriseProblem|Provenance|Query)$/.test(type)) return type;
  return type.endsWith('Records') ? 'a domain' : 'a row';
}
