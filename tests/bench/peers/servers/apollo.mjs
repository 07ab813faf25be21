// Apollo Server as it comes; the duties by graphql-shield and a plugin.
import { ApolloServer } from '@apollo/server';
import { writeAudit } from './duties.mjs';
import { schemaOf } from './shielded.mjs';

export async function startApollo(records, duties) {
  const audited = {
    requestDidStart: async () => ({ willSendResponse: ({ contextValue }) => writeAudit(records.pool, contextValue) }),
  };
  const server = new ApolloServer({ schema: schemaOf(duties), plugins: duties ? [audited] : [] });
  await server.start();
  return server;
}
