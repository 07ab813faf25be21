/**
 * Plans: how an operation that reads records is answered without graphql-js. What a plan does not cover (other root
 * fields, cursors, sizes of pages that are wrong) goes to graphql-js, which answers everything.
 */
import type { FieldNode, GraphQLFieldMap, GraphQLObjectType, SelectionSetNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Read } from '../access/inquiry.js';
import type { Category } from '../catalogue/model.js';
import { recordsTypeName } from '../catalogue/naming.js';
import { Fault } from '../faults.js';
import type { Provenance } from '../records/provenance.js';
import {
  type CategoryField,
  type DomainField,
  type EnterpriseField,
  openTemplate,
  type ProvenanceField,
  type RowField,
  type Template,
  type TypeField,
} from '../records/template.js';
import { LIMITS } from './limits.js';
import { decidingIn, selectionsOf, type Unfolding } from './unfold.js';

export type ProblemField = TypeField | { readonly kind: 'PROBLEM'; readonly key: string; readonly name: 'uscc' | 'code' | 'message' };
export type PlannedRoot =
  | TypeField
  | {
      readonly kind: 'READ';
      readonly key: string;
      /** Which of the operation's reads it is. */
      readonly position: number;
      readonly template: Template;
      /** What is written of a code of a batch that cannot be answered; null where one enterprise is asked. */
      readonly problem: readonly ProblemField[] | null;
    };
export interface Plan {
  readonly roots: readonly PlannedRoot[];
}

/** What a root field asks, and which of the two it is. */
export interface PlannableRead extends Read {
  readonly field: 'enterprise' | 'enterprises';
}

/** Plans of one operation, unfolded one way. */
export interface Plans {
  /** @returns null where no plan covers it. */
  of(unfolding: Unfolding, reads: readonly PlannableRead[]): Plan | null;
}

/** Sizes of pages may differ from request to request; more than these are made anew. */
const MOST_PLANS = 16;

export function openPlans(root: ReadonlyMap<string, readonly FieldNode[]>): Plans {
  const known = new LRUCache<string, { readonly plan: Plan | null }>({ max: MOST_PLANS });
  return {
    of(unfolding, reads) {
      const word = unfolding.wordOf(decidingIn(unfolding.source.document).pages);
      let made = known.get(word);
      if (!made) known.set(word, (made = { plan: planOf(root, unfolding, reads) }));
      return made.plan;
    },
  };
}

/** Something in the operation that no plan covers. */
class NotPlanned extends Error {}

function planOf(root: ReadonlyMap<string, readonly FieldNode[]>, unfolding: Unfolding, reads: readonly PlannableRead[]): Plan | null {
  if (reads.length === 0) return null;
  const drawing = new Drawing(unfolding);
  try {
    return {
      roots: [...root].map(([key, nodes]): PlannedRoot => {
        if (nameOf(nodes) === '__typename') return { kind: 'TYPE', key, type: 'Query' };
        const position = reads.findIndex((read) => read.key === key);
        const read = reads[position];
        if (!read) throw new NotPlanned();
        const sets = selectionsOf(nodes);
        const template = openTemplate({ asked: read.asked, name: read.name, fields: drawing.enterprise(sets) });
        return { kind: 'READ', key, position, template, problem: read.field === 'enterprises' ? drawing.problem(sets) : null };
      }),
    };
  } catch (error) {
    // Whatever graphql-js may find wrong, it says itself.
    if (error instanceof NotPlanned || error instanceof Fault) return null;
    throw error;
  }
}

const nameOf = (nodes: readonly FieldNode[]) => (nodes[0] as FieldNode).name.value;

class Drawing {
  constructor(private readonly unfolding: Unfolding) {}

  enterprise(sets: readonly SelectionSetNode[]): EnterpriseField[] {
    const { catalogue } = this.unfolding.source;
    return this.#fields(sets, ['Enterprise', 'EnterpriseResult'], 'Enterprise', (key, name, nodes): EnterpriseField => {
      if (name === 'uscc') return { kind: 'USCC', key };
      if (name === 'name') return { kind: 'NAME', key };
      const categories = catalogue.categories.filter(({ domain }) => domain === name);
      if (categories.length === 0) throw new NotPlanned();
      return { kind: 'DOMAIN', key, fields: this.#domain(name, categories, nodes) };
    });
  }

  problem(sets: readonly SelectionSetNode[]): ProblemField[] {
    return this.#fields(sets, ['EnterpriseProblem', 'EnterpriseResult'], 'EnterpriseProblem', (key, name): ProblemField => {
      if (name !== 'uscc' && name !== 'code' && name !== 'message') throw new NotPlanned();
      return { kind: 'PROBLEM', key, name };
    });
  }

  #domain(domain: string, categories: readonly Category[], nodes: readonly FieldNode[]): DomainField[] {
    const type = recordsTypeName(domain);
    return this.#fields(selectionsOf(nodes), null, type, (key, name, inner): CategoryField => {
      const category = categories.find(({ field }) => field === name);
      if (!category) throw new NotPlanned();
      return { kind: 'CATEGORY', key, category, first: this.#rowsOf(category, type, inner), fields: this.#row(category, inner) };
    });
  }

  #rowsOf(category: Category, type: string, nodes: readonly FieldNode[]): number {
    if (category.cardinality === 'ONE') return 1;
    const fields = (this.unfolding.source.schema.getType(type) as GraphQLObjectType).getFields() as GraphQLFieldMap<unknown, unknown>;
    const { first, after } = this.unfolding.argumentsOf(fields, nodes[0] as FieldNode) as { first?: number | null; after?: string | null };
    if (typeof after === 'string') throw new NotPlanned();
    const rows = first ?? LIMITS.rows;
    if (rows < 1 || rows > LIMITS.rows) throw new NotPlanned();
    return rows;
  }

  #row(category: Category, nodes: readonly FieldNode[]): RowField[] {
    return this.#fields(selectionsOf(nodes), null, category.type, (key, name, inner): RowField => {
      const item = category.itemsByName.get(name);
      if (item) return { kind: 'ITEM', key, item };
      if (name === 'cursor' && category.cardinality === 'MANY') return { kind: 'CURSOR', key };
      if (name !== 'provenance') throw new NotPlanned();
      const fields = this.#fields(
        selectionsOf(inner),
        null,
        'Provenance',
        (field, source): ProvenanceField => ({ kind: 'SOURCE', key: field, name: source as keyof Provenance }),
      );
      return { kind: 'PROVENANCE', key, fields };
    });
  }

  #fields<T>(
    sets: readonly SelectionSetNode[],
    types: readonly string[] | null,
    type: string,
    draw: (key: string, name: string, nodes: readonly FieldNode[]) => T,
  ): (T | TypeField)[] {
    return [...this.unfolding.fieldsOf(sets, types)].map(([key, nodes]) => {
      const name = nameOf(nodes);
      return name === '__typename' ? { kind: 'TYPE', key, type } : draw(key, name, nodes);
    });
  }
}
