// A closed loop of callers over raw sockets: requests are made as bytes beforehand and answers are only looked at as far as their
// length, so that the one who measures takes as little of its core as can be. Every status is checked, every 32nd answer is read.
import { connect } from 'node:net';

const READ_EVERY = 32;
const HEADER_END = Buffer.from('\r\n\r\n');
const CHUNK_END = Buffer.from('0\r\n\r\n');

/** The bytes of a POST. */
export function requestBytes({ path = '/graphql', headers = {}, body }) {
  const lines = Object.entries({ host: '127.0.0.1', 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers });
  return Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}`).join('\r\n')}\r\n\r\n${body}`);
}

/**
 * Sends `requests` (each once, in order, or round and round where `again`), until all are sent or `seconds` are over.
 * @returns requests answered with 200 and their number a second, latencies in ms, bytes of bodies, how many were refused (any other
 * status), and the share of its core that sending took.
 * @throws Error on an answer read that names errors, and when a connection breaks
 */
export async function send({ port, requests, callers, seconds, again = false }) {
  const latencies = [];
  let bytes = 0;
  let refused = 0;
  let next = 0;
  const cpu = process.cpuUsage();
  const started = performance.now();
  const until = started + seconds * 1000;
  const caller = async () => {
    const line = await openLine(port);
    try {
      for (;;) {
        const begun = performance.now();
        if (begun >= until || (!again && next >= requests.length)) return;
        const position = next++;
        const { status, size, text } = await line.ask(requests[position % requests.length], position % READ_EVERY === 0);
        if (status !== 200) {
          refused++;
          continue;
        }
        latencies.push(performance.now() - begun);
        bytes += size;
        if (text?.includes('"errors":[')) throw new Error(text.slice(text.indexOf('"errors":['), 400));
      }
    } finally {
      line.close();
    }
  };
  await Promise.all(Array.from({ length: Math.min(callers, again ? callers : requests.length) }, caller));
  const elapsed = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  latencies.sort((left, right) => left - right);
  const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))] ?? Number.NaN;
  return {
    requests: latencies.length,
    perSecond: latencies.length / elapsed,
    p50: at(0.5),
    p99: at(0.99),
    bytes,
    refused,
    sender: (user + system) / 1e6 / elapsed,
  };
}

/** One answer, whole. */
export async function askOnce(port, request) {
  const line = await openLine(port);
  try {
    const { status, text } = await line.ask(request, true);
    return { status, text };
  } finally {
    line.close();
  }
}

/** A kept-alive connection with one request under way at a time. */
async function openLine(port) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  let waiting = null;
  let reading = null;
  socket.on('data', (chunk) => {
    try {
      reading.take(chunk);
    } catch (error) {
      waiting.reject(error);
      return;
    }
    if (!reading.done) return;
    const { resolve } = waiting;
    resolve(reading);
  });
  socket.on('error', (error) => waiting?.reject(error));
  socket.on('close', () => waiting?.reject(new Error('the server closed the connection')));
  return {
    ask: (request, keep) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        reading = openReading(keep);
        socket.write(request);
      }),
    close() {
      waiting = null;
      socket.destroy();
    },
  };
}

/** An answer as it comes in: by its length, or chunk by chunk until the last. */
function openReading(keep) {
  let head = null;
  let left = 0;
  let chunked = false;
  let tail = Buffer.alloc(0);
  const kept = [];
  const reading = { status: 0, size: 0, done: false, text: null, take };
  return reading;

  function take(chunk) {
    let body = chunk;
    if (head === null) {
      tail = tail.length === 0 ? chunk : Buffer.concat([tail, chunk]);
      const end = tail.indexOf(HEADER_END);
      if (end < 0) return;
      head = tail.latin1Slice(0, end);
      body = tail.subarray(end + 4);
      tail = Buffer.alloc(0);
      reading.status = Number(head.slice(9, 12));
      const length = /\r\ncontent-length: *(\d+)/i.exec(head);
      chunked = length === null;
      if (chunked && !/\r\ntransfer-encoding: *chunked/i.test(head)) throw new Error('an answer of unknown length');
      left = chunked ? 0 : Number(length[1]);
    }
    reading.size += body.length;
    if (keep) kept.push(body);
    if (chunked) {
      tail = Buffer.concat([tail, body]).subarray(-CHUNK_END.length);
      reading.done = tail.equals(CHUNK_END);
    } else reading.done = reading.size >= left;
    if (reading.done && keep) reading.text = (chunked ? unchunked(Buffer.concat(kept)) : Buffer.concat(kept)).toString();
  }
}

function unchunked(bytes) {
  const parts = [];
  for (let at = 0; ; ) {
    const end = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.latin1Slice(at, end), 16);
    if (!size) return Buffer.concat(parts);
    parts.push(bytes.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}
