// Apollo Server behind Fastify.
import { fastifyApolloHandler } from '@as-integrations/fastify';
import fastify from 'fastify';
import { startApollo } from './apollo.mjs';
import { CALLER } from './caller.mjs';
import { announce, openRecords } from './records.mjs';
import { contextOf } from './resolvers.mjs';

const records = openRecords();
const server = await startApollo(records, process.argv.includes('duties'));
const app = fastify({ logger: false, bodyLimit: 4 * 2 ** 20 });
app.post('/graphql', fastifyApolloHandler(server, { context: async (request) => contextOf(records, request.headers[CALLER]) }));
await app.listen({ port: 0, host: '127.0.0.1' });
announce(app.server.address().port);
