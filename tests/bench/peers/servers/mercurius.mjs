// Mercurius with its JIT; the duties by mercurius-auth and a hook.
import fastify from 'fastify';
import mercurius from 'mercurius';
import mercuriusAuth from 'mercurius-auth';
import { CALLER } from './caller.mjs';
import { guarded, mayRead, writeAudit } from './duties.mjs';
import { announce, openRecords, shape } from './records.mjs';
import { contextOf, resolversOf } from './resolvers.mjs';

const duties = process.argv.includes('duties');
const records = openRecords();
const app = fastify({ logger: false, bodyLimit: 4 * 2 ** 20 });
await app.register(mercurius, {
  schema: duties ? guardedText() : shape.sdl,
  // Mercurius has its own name for what tells the type.
  resolvers: { ...resolversOf(duties), EnterpriseResult: { resolveType: () => 'Enterprise' } },
  context: (request) => contextOf(records, request.headers[CALLER]),
  jit: 1,
});
if (duties) {
  await app.register(mercuriusAuth, {
    authDirective: 'auth',
    applyPolicy: (_directive, _parent, _args, { institution }, info) => mayRead(institution, `${info.parentType.name}.${info.fieldName}`),
  });
  app.graphql.addHook('onResolution', async (_execution, context) => writeAudit(records.pool, context));
}
await app.listen({ port: 0, host: '127.0.0.1' });
announce(app.server.address().port);

/** The schema with @auth on every item, as one would write it. */
function guardedText() {
  const coordinates = new Set(guarded().map(([type, field]) => `${type}.${field}`));
  let type = '';
  const lines = shape.sdl.split('\n').map((line) => {
    const opened = /^type (\w+)/.exec(line);
    if (opened) type = opened[1];
    const field = /^ {2}(\w+)/.exec(line)?.[1];
    return field && coordinates.has(`${type}.${field}`) ? `${line} @auth` : line;
  });
  return `directive @auth on FIELD_DEFINITION\n${lines.join('\n')}`;
}
