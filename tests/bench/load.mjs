// A closed loop of callers over kept-alive connections: each sends its next request when the last one was answered.
import { Agent, request } from 'node:http';

/** Sends `bodies` (each once, in order, or round and round until `seconds` are over). Latencies in ms. */
export async function load({ port, path = '/graphql', headers = {}, bodies, callers, seconds = null, check = null }) {
  const agent = new Agent({ keepAlive: true, maxSockets: callers });
  const latencies = [];
  const statuses = {};
  let next = 0;
  const until = seconds === null ? Number.POSITIVE_INFINITY : performance.now() + seconds * 1000;
  const started = performance.now();
  const caller = async () => {
    for (;;) {
      const position = next++;
      if (performance.now() >= until || (seconds === null && position >= bodies.length)) return;
      const begun = performance.now();
      const { status, text } = await send({ agent, port, path, headers, body: bodies[position % bodies.length] });
      const took = performance.now() - begun;
      latencies.push(took);
      statuses[status] = (statuses[status] ?? 0) + 1;
      if (check) check(status, text, took);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const elapsed = (performance.now() - started) / 1000;
  agent.destroy();
  latencies.sort((left, right) => left - right);
  const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))] ?? Number.NaN;
  return { requests: latencies.length, perSecond: latencies.length / elapsed, p50: at(0.5), p99: at(0.99), statuses };
}

export function send({ agent, port, path = '/graphql', headers, body }) {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        agent,
        port,
        host: '127.0.0.1',
        path,
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers },
      },
      (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode, text: Buffer.concat(chunks) }));
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
