// The floor with a statement: node:http, the same select, the payloads written through as they lie. No GraphQL, no projection.
import { createServer } from 'node:http';
import { gramsOf } from '../../../../dist/catalogue/grams.js';
import { announce, openPool, SEARCH, SELECT, shape } from './records.mjs';

const pool = openPool();
const categories = shape.categories.map(({ id }) => id);
const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    answer(JSON.parse(Buffer.concat(chunks).toString())).then(
      (text) => send(response, 200, text),
      () => send(response, 500, '{}'),
    );
  });
});
server.listen(0, '127.0.0.1', () => announce(server.address().port));

async function answer({ usccs, name }) {
  if (name !== undefined) {
    const grams = gramsOf(name).filter((gram) => name.length === 1 || [...gram].length === 2);
    return JSON.stringify((await pool.query({ ...SEARCH, values: [grams, name, 21] })).rows);
  }
  const { rows } = await pool.query({ ...SELECT, values: [usccs, categories] });
  return `[${rows.map(({ uscc, category, payload }) => `{"uscc":"${uscc}","category":${category},"payload":${payload}}`).join(',')}]`;
}

function send(response, status, text) {
  const body = Buffer.from(text);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length });
  response.end(body);
}
