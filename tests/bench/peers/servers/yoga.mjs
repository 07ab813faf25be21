// GraphQL Yoga on node:http; the duties by graphql-shield and a plugin.
import { createServer } from 'node:http';
import { createYoga } from 'graphql-yoga';
import { CALLER } from './caller.mjs';
import { writeAudit } from './duties.mjs';
import { announce, openRecords } from './records.mjs';
import { contextOf } from './resolvers.mjs';
import { schemaOf } from './shielded.mjs';

const duties = process.argv.includes('duties');
const records = openRecords();
const audited = { onExecutionResult: ({ context }) => writeAudit(records.pool, context) };
const yoga = createYoga({
  schema: schemaOf(duties),
  context: ({ request }) => contextOf(records, request.headers.get(CALLER)),
  graphiql: false,
  landingPage: false,
  logging: false,
  plugins: duties ? [audited] : [],
});
const server = createServer(yoga);
server.listen(0, '127.0.0.1', () => announce(server.address().port));
