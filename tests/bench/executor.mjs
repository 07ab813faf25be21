// The two ways into Apollo's pipeline for an answer that is bytes already: a plugin that responds for the operation, and an executor
// in the place of graphql-js. Same schema, document and bytes; nothing is read, decided or written, so that only the way is measured.
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { ApolloServer, HeaderMap } from '@apollo/server';
import { ApolloServerPluginCacheControlDisabled, ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import Table from 'cli-table3';
import { readConfig } from '../../dist/config.js';
import { PlannedData, textOf } from '../../dist/exchange/plannedData.js';
import { schemaOf } from '../../dist/exchange/schema.js';
import { viewOf } from '../../dist/exchange/views.js';
import { openCatalogue } from '../../dist/zone.js';
import { queryA } from './workloads.mjs';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
    bytes: { type: 'string', default: '4000' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(`node tests/bench/executor.mjs [--seconds 2] [--rounds 5] [--bytes 4000]
由插件作答与自带执行器 An answer by a plugin, and by an executor of our own, in turns.
例 Example: node tests/bench/executor.mjs --rounds 3`);
  process.exit(0);
}
const catalogue = openCatalogue(readConfig());
const schema = viewOf(schemaOf(catalogue), ['INSTITUTION']);
const query = queryA(catalogue);
const bytes = [Buffer.from(JSON.stringify({ enterprise: { text: 'x'.repeat(Number(values.bytes)) } }))];
const RECEIPT = { id: 'bench', time: '2026-11-01T00:00:00.000Z', leafHash: '0'.repeat(64) };
const quiet = () => undefined;

function serverOf({ gateway, plugin }) {
  return new ApolloServer({
    ...(gateway ? { gateway } : { schema }),
    persistedQueries: false,
    nodeEnv: 'production',
    stringifyResult: textOf,
    stopOnTerminationSignals: false,
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    plugins: [
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      {
        requestDidStart: async () => ({
          ...plugin,
          async willSendResponse({ response }) {
            response.body.singleResult.extensions = { receipt: RECEIPT };
          },
        }),
      },
    ],
  });
}
const responding = serverOf({
  plugin: {
    async responseForOperation({ contextValue, response }) {
      contextValue.data = new PlannedData(bytes);
      return { http: response.http, body: { kind: 'single', singleResult: { data: contextValue.data } } };
    },
  },
});
const executing = serverOf({
  plugin: {},
  gateway: {
    onSchemaLoadOrUpdate(callback) {
      callback({ apiSchema: schema, coreSupergraphSdl: '' });
      return quiet;
    },
    load: async () => ({
      async executor({ context }) {
        context.data = new PlannedData(bytes);
        return { data: context.data };
      },
    }),
    stop: async () => undefined,
  },
});

async function perSecond(apollo) {
  let answers = 0;
  const until = performance.now() + 1000 * Number(values.seconds);
  while (performance.now() < until) {
    const contextValue = { data: null };
    const headers = new HeaderMap([
      ['content-type', 'application/json'],
      ['accept', 'application/json'],
    ]);
    const body = { query, variables: { uscc: '91110113MA032KRC5U' } };
    const { status = 200 } = await apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: { method: 'POST', headers, search: '', body },
      context: async () => contextValue,
    });
    if (status !== 200 || contextValue.data?.body().length <= bytes[0].length) throw new Error(`not answered: ${status}`);
    answers++;
  }
  return answers / Number(values.seconds);
}

const ways = [
  ['responseForOperation', responding],
  ['executor', executing],
];
for (const [, apollo] of ways) await apollo.start();
const found = new Map(ways.map(([name]) => [name, []]));
for (let round = -1; round < Number(values.rounds); round++) {
  for (const [name, apollo] of round % 2 === 0 ? ways : [...ways].reverse()) {
    const rate = await perSecond(apollo);
    // The first round is for the compiler.
    if (round >= 0) found.get(name).push(rate);
  }
}
const middle = (rates) => [...rates].sort((left, right) => left - right)[Math.floor(rates.length / 2)];
const best = middle(found.get('responseForOperation'));
const table = new Table({ head: ['', 'answers/s', 'lowest', 'highest', 'of the first'], style: { head: [], border: [] } });
for (const [name, rates] of found)
  table.push([name, middle(rates).toFixed(0), Math.min(...rates).toFixed(0), Math.max(...rates).toFixed(0), (middle(rates) / best).toFixed(2)]);
console.log(table.toString());
console.log(`${cpus()[0].model.trim()}, ${cpus().length} cores, Node ${process.version}`);
process.exit(0);
