// A schema guarded by graphql-shield: a rule a coordinate, asked once a request where its answer cannot change.
import { makeExecutableSchema } from '@graphql-tools/schema';
import { applyMiddleware } from 'graphql-middleware';
import { rule, shield } from 'graphql-shield';
import { guarded, mayRead } from './duties.mjs';
import { shape } from './records.mjs';
import { resolversOf } from './resolvers.mjs';

export function schemaOf(duties) {
  const schema = makeExecutableSchema({ typeDefs: shape.sdl, resolvers: resolversOf(duties) });
  if (!duties) return schema;
  const rules = {};
  for (const [type, field] of guarded()) {
    const coordinate = `${type}.${field}`;
    rules[type] ??= {};
    rules[type][field] = rule(coordinate, { cache: 'contextual' })((_, __, { institution }) => mayRead(institution, coordinate));
  }
  return applyMiddleware(schema, shield(rules, { allowExternalErrors: true }));
}
