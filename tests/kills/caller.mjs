/**
 * The clients of a campaign, a process of its own: several callers ask whichever gateways serve just now, and each answer is
 * written down in full before its caller does anything else. What a client holds in its hands is what the log is held
 * against later: gateways and database may be killed, this file is not theirs.
 */
import { createHash } from 'node:crypto';
import { openSync, writeSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../../dist/config.js';
import { demoFirm } from '../../dist/synthetic/firm.js';
import { openIssuer } from '../../dist/zone/issuing.js';
import { openCatalogue } from '../../dist/zone.js';
import { chanceFrom } from './chance.mjs';
import { openQuestions } from './questions.mjs';

const { file, callers, seed, enterprises } = JSON.parse(process.argv[2]);
const config = readConfig();
const catalogue = openCatalogue(config);
const issuer = await openIssuer(config);
const chance = chanceFrom(seed);
const questions = openQuestions({ catalogue, chance, usccs: Array.from({ length: enterprises }, (_, index) => demoFirm(index, 1)) });
const out = openSync(file, 'a');
const write = (line) => writeSync(out, `${JSON.stringify(line)}\n`);
const agent = new Agent({ keepAlive: true, maxSockets: callers });
const LIMIT_MS = 8_000;

let ports = [];
let ending = false;
let received = 0;
process.on('message', (message) => {
  if (message.ports) ports = message.ports;
  if (message.end) ending = true;
});
const telling = setInterval(() => process.send({ received }), 50);

/** Tokens live five minutes; whoever asks takes one of the last minute. */
const tokens = new Map();
async function tokenFor(institution) {
  const known = tokens.get(institution);
  if (known && Date.now() - known.made < 60_000) return known.token;
  const made = { token: await issuer.tokenFor(institution), made: Date.now() };
  tokens.set(institution, made);
  return made.token;
}

const sha = (content) => createHash('sha256').update(content).digest('hex');
const categories = new Map(catalogue.categories.map(({ domain, field, code }) => [`${domain}.${field}`, code]));

/** Which items of which enterprises an answer holds a value of, by category. */
function givenIn(data) {
  const firms = [data?.enterprise, ...(data?.enterprises ?? [])].filter((firm) => firm?.uscc);
  return firms.map(({ uscc, ...domains }) => {
    const items = {};
    for (const [domain, records] of Object.entries(domains)) {
      for (const [field, content] of Object.entries(records ?? {})) {
        const rows = [content].flat().filter(Boolean);
        const names = new Set(rows.flatMap((row) => Object.keys(row).filter((name) => row[name] !== null)));
        if (names.size > 0) items[categories.get(`${domain}.${field}`)] = [...names];
      }
    }
    return { uscc, items };
  });
}

/** What an answer says, as far as the log must say it too. */
function toldBy(text) {
  const body = JSON.parse(text.toString('utf8'));
  const answered = body.data !== undefined && body.data !== null;
  const mutation = body.data?.registerConsent ?? body.data?.withdrawConsent;
  return {
    sha: sha(text),
    receipt: body.extensions?.receipt ?? null,
    answered,
    code: answered ? null : (body.errors?.[0]?.extensions?.code ?? null),
    given: givenIn(body.data),
    masked: body.extensions?.access?.masked ?? [],
    ...(mutation ? { change: { consent: mutation.consent?.id ?? null, errors: mutation.userErrors.map(({ code }) => code) } } : {}),
  };
}

function send(port, headers, body) {
  return new Promise((resolve, reject) => {
    // An answer that broke off in the middle tells by its head which entry it should have.
    let head = null;
    const failed = (error) => reject(Object.assign(error, { head }));
    const outgoing = request({ agent, port, host: '127.0.0.1', path: '/graphql', method: 'POST', headers }, (response) => {
      head = { status: response.statusCode, requestId: response.headers['x-request-id'] ?? null };
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', failed);
      response.on('aborted', () => failed(new Error('broken off')));
      response.on('end', () => (response.complete ? resolve({ ...head, text: Buffer.concat(chunks) }) : failed(new Error('broken off'))));
    });
    outgoing.setTimeout(LIMIT_MS, () => outgoing.destroy(new Error('no answer in time')));
    outgoing.on('error', failed);
    outgoing.end(body);
  });
}

let asked = 0;
async function call() {
  while (!ending) {
    const port = ports[Math.floor(Math.random() * ports.length)];
    if (port === undefined) {
      await sleep(20);
      continue;
    }
    const { document, variables, ...wanted } = questions.next();
    const body = JSON.stringify({ query: document, variables });
    const token = wanted.institution && (await tokenFor(wanted.institution));
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...(token ? { authorization: `Bearer ${token}` } : {}) };
    const line = { n: ++asked, at: new Date().toISOString(), port, operation: sha(document), ...wanted };
    try {
      const { status, requestId, text } = await send(port, headers, body);
      const told = toldBy(text);
      write({ ...line, event: 'RECEIVED', status, requestId, ...told });
      // Blows are counted by what was audited, so that each strikes a zone that works.
      if (told.receipt) received++;
      if (wanted.kind === 'REGISTER' && told.change?.consent) questions.registered({ ...wanted, consent: told.change.consent });
      // As clients do that were told to come again.
      if (status === 503 || status === 429) await sleep(30);
    } catch (error) {
      write({ ...line, event: 'UNANSWERED', error: error.code ?? error.message, head: error.head ?? null });
      await sleep(20);
    }
  }
}

process.send({ ready: true });
await Promise.all(Array.from({ length: callers }, call));
clearInterval(telling);
process.send({ received, done: true });
process.disconnect();
