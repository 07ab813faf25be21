// The resolvers every GraphQL peer is given: records through the loader, leaves by default.
import { maskValue } from '../../../../dist/access/masks.js';
import { shape } from './records.mjs';

/** What one request has: its loader, and what the audit row of it will say. */
export function contextOf(records, institution) {
  return { loader: records.loader(), search: records.search, institution, inquiry: null, enterprises: [] };
}

/** @param duties with them, what the caller may only see masked is masked by a resolver of its own. */
export function resolversOf(duties) {
  const resolvers = {
    Query: {
      enterprise: (_, { uscc, inquiry }, context) => asked(context, [uscc], inquiry)[0],
      enterprises: (_, { usccs, inquiry }, context) => asked(context, usccs, inquiry),
    },
    EnterpriseResult: { __resolveType: () => 'Enterprise' },
    Enterprise: {},
  };
  if (shape.granted.includes('Query.searchEnterprises')) resolvers.Query.searchEnterprises = (_, { name, first }, context) => context.search(name, first);
  for (const { coordinate, id, domain, many } of shape.categories) {
    const [type, field] = coordinate.split('.');
    resolvers.Enterprise[domain] = itself;
    resolvers[type] ??= {};
    resolvers[type][field] = many
      ? ({ uscc }, { first }, { loader }) => loader.load({ uscc, category: id }).then((rows) => rows?.slice(0, first ?? 100) ?? null)
      : ({ uscc }, _, { loader }) => loader.load({ uscc, category: id });
  }
  if (duties) {
    for (const [coordinate, item] of Object.entries(shape.masks)) {
      const [type, field] = coordinate.split('.');
      resolvers[type] ??= {};
      resolvers[type][field] = (row) => (row[field] === undefined || row[field] === null ? null : maskValue(item, row[field]));
    }
  }
  return resolvers;
}

const itself = (enterprise) => enterprise;

function asked(context, usccs, inquiry) {
  context.inquiry = inquiry;
  context.enterprises.push(...usccs);
  return usccs.map((uscc) => ({ uscc }));
}
