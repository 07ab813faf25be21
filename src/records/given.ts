/**
 * What a caller is given of a template, told by its effects alone: the same for all to whom the same happens, whoever they
 * are, so that they share what was written.
 */
import { createHash } from 'node:crypto';
import type { Outcomes } from '../access/compile.js';
import { NAME_ITEM, type Permit } from '../access/decide.js';
import { isGiven } from '../access/outcome.js';
import type { Catalogue, Category } from '../catalogue/model.js';
import type { Uscc } from '../terms.js';
import { orderingMayShow } from './release.js';
import type { Template } from './template.js';

export interface Given {
  /** SHA-256 (base64url) over the effects. */
  readonly hash: string;
  /** Categories of which anything is given. */
  readonly fetched: readonly Category[];
  /** Rows from the front that are enough to write those of a list, where the order they lie in may show; one more than are written. */
  readonly frontRows: ReadonlyMap<Category, number>;
  /** Whether anything is looked up at all, so that an enterprise the zone does not hold may be told. */
  readonly looksUp: boolean;
}

export interface Givens {
  givenOf(permit: Permit, template: Template, uscc: Uscc): Given;
  /** The outcome of the name of an enterprise. */
  nameByteOf(permit: Permit, uscc: Uscc): number | undefined;
}

export function openGiven(catalogue: Catalogue): Givens {
  const nameItem = catalogue.item(NAME_ITEM);
  const nameCategory = catalogue.category(NAME_ITEM.slice(0, NAME_ITEM.lastIndexOf('.')));
  const nameByteOf = (permit: Permit, uscc: Uscc) => (nameItem && nameCategory ? permit.of(uscc, nameCategory).outcomes[nameItem.index] : undefined);

  /** Outcomes are arrays that many share, so what is given is found by their identity. */
  const known = new WeakMap<Template, Step>();
  function givenOf(permit: Permit, template: Template, uscc: Uscc): Given {
    let step = known.get(template);
    if (!step) known.set(template, (step = new Step()));
    for (const category of template.asked.keys()) step = step.to(permit.of(uscc, category).outcomes);
    if (nameCategory) step = step.to(permit.of(uscc, nameCategory).outcomes);
    return (step.given ??= judged(permit, template, uscc));
  }
  function judged(permit: Permit, { asked, name, reach }: Template, uscc: Uscc): Given {
    const nameByte = nameByteOf(permit, uscc);
    const fetched: Category[] = [];
    const frontRows = new Map<Category, number>();
    const effects = [...asked].map(([category, items]) => {
      // Not the same as nothing asked of what is given: whether there is a record is told then.
      if (!permit.fetches(uscc, category, items)) return null;
      fetched.push(category);
      const { outcomes } = permit.of(uscc, category);
      if (category.cardinality === 'MANY' && orderingMayShow(category, outcomes)) frontRows.set(category, (reach.get(category) ?? 0) + 1);
      // Also of the item that orders the rows: whether it is clear decides on their order.
      const ordering = category.itemsByName.get(category.orderedBy ?? '');
      return [...items, ...(ordering ? [ordering] : [])].map(({ index }) => (isGiven(outcomes[index]) ? outcomes[index] : 0)).join('');
    });
    const named = isGiven(nameByte) && (name || asked.size === 0);
    const text = JSON.stringify([effects, named ? nameByte : 0]);
    return { hash: createHash('sha256').update(text).digest('base64url').slice(0, 22), fetched, frontRows, looksUp: named || fetched.length > 0 };
  }
  return { givenOf, nameByteOf };
}

/** One step on the way from a template to what is given of it: by the outcomes of its categories, one after the other. */
class Step {
  given: Given | undefined;
  readonly #next = new WeakMap<Outcomes, Step>();
  to(outcomes: Outcomes): Step {
    let next = this.#next.get(outcomes);
    if (!next) this.#next.set(outcomes, (next = new Step()));
    return next;
  }
}
