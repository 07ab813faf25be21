/** An operation that shows a difference, made smaller as long as it still shows it. */
import { type ASTNode, type DocumentNode, Kind, parse, print, visit } from 'graphql';
import type { Asked } from './exchanges.js';

/** @returns the smallest found within the time; the operation itself where none is. */
export async function smaller(asked: Asked, differs: (asked: Asked) => Promise<boolean>, limitMs: number): Promise<Asked> {
  const until = performance.now() + limitMs;
  let smallest = asked;
  for (let found = true; found; ) {
    found = false;
    for (const candidate of candidatesOf(smallest)) {
      if (performance.now() > until) return smallest;
      if (!(await differs(candidate))) continue;
      smallest = candidate;
      found = true;
      break;
    }
  }
  return smallest;
}

function* candidatesOf(asked: Asked): Iterable<Asked> {
  const document = parse(asked.query, { noLocation: true });
  for (let place = 0; ; place++) {
    const query = without(document, place);
    if (query === null) break;
    const needed = new Set([...query.matchAll(/\$(\w+)/g)].map(([, name]) => name));
    yield { ...asked, query, variables: Object.fromEntries(Object.entries(asked.variables).filter(([name]) => needed.has(name))) };
  }
  for (const [name, value] of Object.entries(asked.variables)) {
    if (!Array.isArray(value)) continue;
    for (const place of value.keys()) yield { ...asked, variables: { ...asked.variables, [name]: value.filter((_, index) => index !== place) } };
  }
}

/** The document without the part that stands at a place; null where there is none any more. */
function without(document: DocumentNode, place: number): string | null {
  let met = -1;
  const removable = (node: ASTNode) => {
    met++;
    if (met !== place) return undefined;
    if (node.kind === Kind.FIELD && node.alias) return { ...node, alias: undefined };
    return null;
  };
  const cut = visit(document, {
    Field(node) {
      // First without its alias, then without itself.
      return node.alias ? (removable(node) ?? undefined) : removable(node);
    },
    InlineFragment: removable,
    FragmentSpread: removable,
    Directive: removable,
    Argument: (node) => (node.name.value === 'first' || node.name.value === 'after' ? removable(node) : undefined),
  });
  if (met < place) return null;
  return print(withoutUnused(cut));
}

function withoutUnused(document: DocumentNode): DocumentNode {
  for (;;) {
    const spread = new Set<string>();
    const used = new Set<string>();
    visit(document, {
      FragmentSpread: ({ name }) => void spread.add(name.value),
      VariableDefinition: () => false,
      Variable: ({ name }) => void used.add(name.value),
    });
    const cut: DocumentNode = visit(document, {
      FragmentDefinition: ({ name }) => (spread.has(name.value) ? undefined : null),
      VariableDefinition: ({ variable }) => (used.has(variable.name.value) ? false : null),
    });
    if (print(cut) === print(document)) return cut;
    document = cut;
  }
}
