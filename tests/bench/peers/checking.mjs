// Every contestant answers some of what it will be asked, and is compared with ours.
import { asksOf, SEARCH_FIRST } from './asks.mjs';
import { assertSame, masked } from './equality.mjs';
import { payloadsToOurData } from './payloads.mjs';
import { leavesIn, toOurData } from './postgraphile.mjs';
import { start, stop } from './processes.mjs';
import { askOnce, requestBytes } from './sender.mjs';
import { CALLER } from './servers/caller.mjs';

/** Compared of each workload. */
const SAMPLES = { A: 20, B: 2, B1000: 1, S: 3 };
const GATEWAY = new URL('../gateway.mjs', import.meta.url).pathname;

/** What we say to the samples, which coordinates came masked, and how long an answer of each kind is. */
export async function ourAnswers({ zone, graphql, usccs, workloads }) {
  const kinds = new Set(workloads.flatMap((workload) => (workload === 'mix' ? ['A', 'B'] : [workload])));
  const asks = [...kinds].flatMap((kind) => asksOf(kind, usccs, zone.names).slice(0, SAMPLES[kind]));
  if (workloads.includes('mix')) asks.push(...zone.names.slice(0, SAMPLES.S).map((name) => ({ kind: 'S', name })));
  const server = await start({ script: GATEWAY, env: zone.environment(null) });
  const answers = [];
  const bytes = {};
  const masked = new Set();
  try {
    const headers = await zone.headers();
    for (const ask of asks) {
      const { status, text } = await askOnce(server.port, requestBytes({ ...graphql(ask), headers }));
      const { data, errors, extensions } = JSON.parse(text);
      if (status !== 200 || errors || !data) throw new Error(`this gateway answers ${status}: ${text.slice(0, 500)}`);
      answers.push({ ask, data });
      bytes[ask.kind] = Math.max(bytes[ask.kind] ?? 0, Buffer.byteLength(text));
      for (const coordinate of extensions.access?.masked ?? []) masked.add(coordinate);
    }
  } finally {
    await stop(server);
  }
  return { answers, bytes, masked: [...masked] };
}

/** @throws Error that names who answers otherwise, and where */
export async function checkAnswers({ contestants, zone, env, shape, dialects, answers }) {
  for (const contestant of contestants.filter(({ dialect }) => dialect !== 'constant')) {
    const server = await start({ ...contestant, env });
    const audited = await auditRows(zone.owner);
    try {
      for (const { ask, data } of answers) {
        const { status, text } = await askOnce(server.port, requestBytes({ ...dialects[contestant.dialect](ask), headers: await zone.headers() }));
        if (status !== 200) throw new Error(`${contestant.label} answers ${status}: ${text.slice(0, 500)}`);
        compare({ contestant, ask, expected: data, got: JSON.parse(text), shape });
      }
      if (isPeerWithDuties(contestant))
        await checkStranger({ contestant, port: server.port, request: dialects[contestant.dialect](answers[0].ask), shape, ask: answers[0].ask });
    } finally {
      await stop(server);
    }
    const written = (await auditRows(zone.owner)) - audited;
    // With duties, each request and that of the stranger.
    const expected = isPeerWithDuties(contestant) ? answers.length + 1 : 0;
    if (written !== expected) throw new Error(`${contestant.label} wrote ${written} rows of audit instead of ${expected}`);
    console.log(`回答一致 same answers: ${contestant.label}`);
  }
}

function compare({ contestant, ask, expected, got, shape }) {
  if (got.errors) throw new Error(`${contestant.label}: ${JSON.stringify(got.errors).slice(0, 800)}`);
  if (contestant.dialect === 'graphql') {
    // Who has the duties must say what we say, letter for letter; the bare ones give the value itself, which is masked here.
    assertSame(expected, contestant.duties ? got.data : masked(got.data, shape), contestant.label);
    return;
  }
  const data = contestant.dialect === 'bare' ? payloadsToOurData(got, ask, shape, SEARCH_FIRST) : toOurData(got.data, ask, shape);
  assertSame(leavesIn(expected), leavesIn(masked(data, shape)), contestant.label);
}

const isPeerWithDuties = ({ name, duties }) => duties && !name.startsWith('ours');

/** Duties that refuse nobody are none: who was granted nothing must get no value of any record. */
async function checkStranger({ contestant, port, request, shape, ask }) {
  const { text } = await askOnce(port, requestBytes({ ...request, headers: { [CALLER]: 'nobody' } }));
  const { data } = JSON.parse(text);
  const mapped = data && contestant.dialect === 'postgraphile' ? toOurData(data, ask, shape) : data;
  const given = Object.keys(leavesIn(mapped ?? null)).filter((path) => !path.endsWith('.uscc'));
  if (given.length > 0) throw new Error(`${contestant.label} gives ${given[0]} to a caller that was granted nothing`);
}

async function auditRows(owner) {
  return Number((await owner.query({ text: 'select count(*) as rows from peers.audit' }))[0].rows);
}
