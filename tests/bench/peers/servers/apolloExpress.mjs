// Apollo Server behind Express.
import { expressMiddleware } from '@as-integrations/express5';
import express from 'express';
import { startApollo } from './apollo.mjs';
import { CALLER } from './caller.mjs';
import { announce, openRecords } from './records.mjs';
import { contextOf } from './resolvers.mjs';

const records = openRecords();
const server = await startApollo(records, process.argv.includes('duties'));
const app = express();
const middleware = expressMiddleware(server, { context: async ({ req }) => contextOf(records, req.headers[CALLER]) });
app.use('/graphql', express.json({ limit: '4mb' }), middleware);
const listening = app.listen(0, '127.0.0.1', () => announce(listening.address().port));
