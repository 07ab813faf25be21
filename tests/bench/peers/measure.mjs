// One contestant, one workload, one round: cold, then from Redis, then from the process.
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds, residentMiB, start, stop } from './processes.mjs';
import { requestBytes, send } from './sender.mjs';

/** Asks repeated where the process is warm. */
const HOT = { A: 500, B: 5, B1000: 2, mix: 100 };
/** What the just-in-time compilers are given before anything is measured, on enterprises that are not. */
const WARMING_SLICE_SECONDS = 0.25;
/** Of the clock for one of the processor, where neighbours are on the core. */
const WARMING_PATIENCE = 8;
const WARMING_CALLERS = 4;
/** What is asked once may take longer than what is asked again and again. */
const ONCE = 4;
/** Peers write to Redis behind their answers. */
const SETTLE_MS = 300;
const FILLING_SECONDS = 120;
/** The target for a batch's p99 is told at this many callers. */
const TARGET_CALLERS = 8;

/**
 * @param asks `warming` ones, and `measured` ones that name other enterprises
 * @param took called with each measurement
 */
export async function measure({ contestant, workload, asks, dialect, zone, env, options, took }) {
  const { states, callers, seconds } = options;
  const wanted = contestant.states.filter((state) => states.includes(state));
  if (wanted.length === 0) return;
  // A token lives for minutes, so requests are made when they are needed.
  const requestsOf = async (some) => {
    const headers = await zone.headers();
    return some.map((ask) => requestBytes({ ...dialect(ask), headers }));
  };
  let parts = partsOf(asks.measured, callers.length);
  const begin = async () => {
    const server = await start({ ...contestant, env });
    await warm(server, await requestsOf(asks.warming), options.warming);
    return server;
  };
  const run = async (server, state, count, some, sending) => {
    const requests = await requestsOf(some);
    const before = cpuSeconds(server.child.pid);
    const sent = await send({ port: server.port, callers: count, requests, ...sending });
    const cpuMs = (1000 * (cpuSeconds(server.child.pid) - before)) / sent.requests;
    took({ workload, state, callers: count, contestant: contestant.name, ...sent, cpuMs, residentMiB: residentMiB(server.child.pid) });
    return some.slice(0, sent.requests + sent.refused);
  };
  /** Each part with its number of callers; what there was no time for is asked no more, so that the next state is what it is called. */
  const each = async (server, state) => {
    const asked = [];
    for (const [place, count] of callers.entries()) asked.push(await run(server, state, count, parts[place], { seconds: ONCE * seconds }));
    parts = asked;
  };
  const fill = async ({ port }, some) => {
    const { requests } = await send({ port, requests: await requestsOf(some), callers: WARMING_CALLERS, seconds: FILLING_SECONDS });
    if (requests < some.length) throw new Error(`${contestant.label} did not answer ${some.length} requests in ${FILLING_SECONDS} s`);
  };

  await zone.forget();
  let server = null;
  try {
    if (wanted.includes('cold')) {
      server = await begin();
      await each(server, 'cold');
    }
    if (wanted.includes('redis')) {
      // What is in Redis is what this contestant left there.
      server ??= await begin();
      if (!wanted.includes('cold')) await fill(server, parts.flat());
      await sleep(SETTLE_MS);
      await stop(server);
      server = await begin();
      await each(server, 'redis');
    }
    if (wanted.includes('process')) {
      server ??= await begin();
      const hot = asks.measured.slice(0, HOT[workload]);
      await fill(server, hot);
      const counts = workload === 'B' && contestant.name === 'ours' ? [...new Set([...callers, TARGET_CALLERS])] : callers;
      for (const count of counts) await run(server, 'process', count, hot, { seconds, again: true });
    }
  } finally {
    if (server) await stop(server);
  }
}

/** By the time it worked, not by the clock: a neighbour on the core would leave it cold. */
async function warm({ port, child }, requests, worked) {
  const until = cpuSeconds(child.pid) + worked;
  for (let waited = 0; waited < WARMING_PATIENCE * worked && !(cpuSeconds(child.pid) >= until); waited += WARMING_SLICE_SECONDS)
    await send({ port, requests, callers: WARMING_CALLERS, seconds: WARMING_SLICE_SECONDS, again: true });
}

/** Parts that share nothing: what was asked with one caller is cold no longer. More callers ask more. */
export function partsOf(requests, count) {
  const whole = (count * (count + 1)) / 2;
  let from = 0;
  return Array.from({ length: count }, (_, place) => {
    const until = place === count - 1 ? requests.length : from + Math.max(1, Math.floor((requests.length * (place + 1)) / whole));
    const part = requests.slice(from, until);
    from = until;
    return part;
  });
}
