/**
 * What an operation asks, before it runs: which items of which enterprises, and why; and, where a plan can answer it, what
 * is to be written.
 */
import { type FieldNode, Kind, type OperationDefinitionNode } from 'graphql';
import type { Cause, Read } from '../access/inquiry.js';
import type { Category, Item } from '../catalogue/model.js';
import { Fault } from '../faults.js';
import type { Uscc } from '../terms.js';
import { LIMITS } from './limits.js';
import { openPlans, type Plan, type PlannableRead, type Plans } from './plan.js';
import type { TypedUscc } from './scalars.js';
import type { InquiryInput } from './types.js';
import { decidingIn, type OperationSource, selectionsOf, Unfolding } from './unfold.js';

export interface AskedOperation {
  readonly reads: readonly AskedRead[];
  /** null where the operation reads no record. */
  readonly cause: Cause | null;
  /** Root fields asked, by their names. */
  readonly fields: readonly string[];
  /** Records it answers at most: enterprises times categories, each as often as it is named, for each time is written out. */
  readonly cost: number;
  /** Values it answers, as estimated: lists without `first` count as ten rows. */
  readonly values: number;
}
export interface AskedRead extends PlannableRead {
  /** Codes of a batch that are not valid. */
  readonly invalid: number;
}

/** An operation read: what it asks, and how it would be answered without graphql-js. */
export interface ReadOperation {
  readonly asked: AskedOperation;
  /** null where no plan covers it; made on the first call. */
  plan(): PlannedOperation | null;
}
export interface PlannedOperation {
  readonly plan: Plan;
  /** Codes as they were typed, in order, of each read. */
  readonly typed: readonly (readonly TypedUscc[])[];
}

/**
 * Reads a validated operation.
 * @throws Fault BAD_USER_INPUT, INVALID_USCC, INVALID_INQUIRY, BATCH_TOO_LARGE, MIXED_INQUIRIES, MANY_MUTATIONS, QUERY_TOO_COSTLY
 */
export function readOperation(source: OperationSource): ReadOperation {
  const unfolding = new Unfolding(source);
  if (source.operation.operation === 'mutation')
    return { asked: { reads: [], cause: null, fields: mutationOf(unfolding, source), cost: 0, values: 0 }, plan: () => null };
  const selected = selectedBy(unfolding);
  const reads: AskedRead[] = [];
  const typed: TypedUscc[][] = [];
  const queries = source.schema.getQueryType()?.getFields();
  let cause: Cause | null = null;
  let cost = 0;
  let values = 0;
  for (const { key, field, nodes, asked, name, selected: categories, size } of selected.reads) {
    const args = unfolding.argumentsOf(queries, nodes[0] as FieldNode);
    const stated = causeOf(args.inquiry as InquiryInput);
    if (cause && JSON.stringify(cause) !== JSON.stringify(stated)) throw new Fault('MIXED_INQUIRIES');
    cause = stated;
    const codes = field === 'enterprise' ? [args.uscc as TypedUscc] : (args.usccs as TypedUscc[]);
    const { usccs, invalid, places } = enterprisesOf(field, codes);
    reads.push({ key, field, usccs, invalid, asked, name });
    typed.push(codes);
    // An enterprise of which no record is asked is looked up all the same.
    cost += places * Math.max(1, categories);
    values += places * size;
  }
  if (cost > LIMITS.cost) throw new Fault('QUERY_TOO_COSTLY', { detail: `${cost} > ${LIMITS.cost}`, facts: { cost, limit: LIMITS.cost } });
  if (values > LIMITS.recordValues)
    throw new Fault('QUERY_TOO_COSTLY', { detail: `~${values} > ${LIMITS.recordValues}: first`, facts: { values, limit: LIMITS.recordValues } });
  return {
    asked: { reads, cause, fields: selected.fields, cost, values },
    plan() {
      const plan = selected.plans.of(unfolding, reads);
      return plan && { plan, typed };
    },
  };
}

/** What an operation asks, where nobody answers it. @throws as `readOperation` does */
export function askedBy(source: OperationSource): AskedOperation {
  return readOperation(source).asked;
}

/** What an operation selects, whichever enterprises its variables name. */
interface Selected {
  /** Root fields by their names. */
  readonly fields: readonly string[];
  readonly reads: readonly SelectedRead[];
  readonly plans: Plans;
}
interface SelectedRead extends Pick<AskedRead, 'key' | 'field' | 'asked' | 'name'> {
  readonly nodes: readonly FieldNode[];
  /** Categories, each alias for itself. */
  readonly selected: number;
  readonly size: number;
}

/** By the node of the operation, which Apollo's store keeps, and by what the variables of its @skip and @include say. */
const selectedOf = new WeakMap<OperationDefinitionNode, Map<string, Selected>>();
/** More than that many ways to unfold one operation are nobody's habit. */
const MOST_WAYS = 32;

function selectedBy(unfolding: Unfolding): Selected {
  const { operation, document } = unfolding.source;
  let ways = selectedOf.get(operation);
  if (!ways) selectedOf.set(operation, (ways = new Map()));
  const word = unfolding.wordOf(decidingIn(document).selects);
  const known = ways.get(word);
  if (known) return known;
  const root = unfolding.fieldsOf([operation.selectionSet], ['Query']);
  const reads = [...root].flatMap(([key, nodes]) => {
    const field = (nodes[0] as FieldNode).name.value;
    return field === 'enterprise' || field === 'enterprises' ? [{ key, field, nodes, ...askedOf(unfolding, nodes) } as const] : [];
  });
  const found = { fields: [...root.values()].map((nodes) => (nodes[0] as FieldNode).name.value), reads, plans: openPlans(root) };
  if (ways.size >= MOST_WAYS) ways.clear();
  ways.set(word, found);
  return found;
}

/** A mutation and its audit entry are one transaction, so there is one of them an operation. */
function mutationOf(unfolding: Unfolding, { operation }: OperationSource): string[] {
  const fields = [...unfolding.fieldsOf([operation.selectionSet], ['Mutation']).values()].map((nodes) => (nodes[0] as FieldNode).name.value);
  if (fields.length > 1) throw new Fault('MANY_MUTATIONS', { detail: `${fields.length}` });
  return fields;
}

/** What the audit log can show: no control, no invisible and no unassigned character, and no break of line. */
const PRINTABLE = /^[^\p{C}\p{Zl}\p{Zp}]{1,64}$/u;

function causeOf({ purpose, caseNumber, operator }: InquiryInput): Cause {
  const stated = caseNumber.trim();
  if (!PRINTABLE.test(stated)) throw new Fault('INVALID_INQUIRY', { detail: 'caseNumber: 1 - 64' });
  const who = operator?.trim() || null;
  if (who !== null && !PRINTABLE.test(who)) throw new Fault('INVALID_INQUIRY', { detail: 'operator: 1 - 64' });
  return { purpose, caseNumber: stated, operator: who };
}

function enterprisesOf(field: AskedRead['field'], typed: readonly TypedUscc[]): { usccs: Uscc[]; invalid: number; places: number } {
  const [first] = typed;
  if (field === 'enterprise' && first && !first.ok) throw new Fault('INVALID_USCC', { detail: first.reason, facts: { reason: first.reason } });
  if (typed.length > LIMITS.enterprises) throw new Fault('BATCH_TOO_LARGE', { detail: `${typed.length} > ${LIMITS.enterprises}` });
  const valid = typed.flatMap((code) => (code.ok ? [code.uscc] : []));
  return { usccs: [...new Set(valid)], invalid: typed.length - valid.length, places: valid.length };
}

/** Items asked of each category below an enterprise; `selected` counts categories and `size` values, each alias for itself. */
function askedOf(unfolding: Unfolding, nodes: readonly FieldNode[]): Pick<Read, 'asked' | 'name'> & { selected: number; size: number } {
  const { catalogue } = unfolding.source;
  const asked = new Map<Category, Item[]>();
  const enterprise = unfolding.fieldsOf(selectionsOf(nodes), ['Enterprise', 'EnterpriseResult']);
  let name = false;
  let selected = 0;
  let size = 1;
  for (const domainNodes of enterprise.values()) {
    const domain = (domainNodes[0] as FieldNode).name.value;
    if (domain === 'name') name = true;
    const ofDomain = catalogue.categories.filter((category) => category.domain === domain);
    if (ofDomain.length === 0) continue;
    for (const categoryNodes of unfolding.fieldsOf(selectionsOf(domainNodes), null).values()) {
      const category = ofDomain.find(({ field }) => field === (categoryNodes[0] as FieldNode).name.value);
      if (!category) continue;
      selected++;
      const items = new Set(asked.get(category));
      const fields = unfolding.fieldsOf(selectionsOf(categoryNodes), null);
      size += rowsOf(category, categoryNodes[0] as FieldNode) * fields.size;
      for (const itemNodes of fields.values()) {
        const item = category.itemsByName.get((itemNodes[0] as FieldNode).name.value);
        if (item) items.add(item);
      }
      asked.set(category, [...items]);
    }
  }
  return { asked, name, selected, size };
}

/** Rows a list has where nobody says how many are wanted. */
const USUAL_ROWS = 10;

function rowsOf(category: Category, node: FieldNode): number {
  if (category.cardinality === 'ONE') return 1;
  const first = node.arguments?.find(({ name }) => name.value === 'first')?.value;
  return first?.kind === Kind.INT ? Math.max(1, Math.min(100, Number(first.value))) : USUAL_ROWS;
}
