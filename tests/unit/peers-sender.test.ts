import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { askOnce, requestBytes, send } from '../bench/peers/sender.mjs';

let close = () => {};
afterEach(() => close());

async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  close = () => {
    server.closeAllConnections();
    server.close();
  };
  return (server.address() as AddressInfo).port;
}

/** Says back what it was sent. */
const echo =
  (answer: (body: string) => { status?: number; chunks: string[]; length?: boolean }): RequestListener =>
  (request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      const { status = 200, chunks, length = false } = answer(body);
      response.writeHead(status, length ? { 'content-length': Buffer.byteLength(chunks.join('')) } : {});
      for (const chunk of chunks) response.write(chunk);
      response.end();
    });
  };
const bytes = (body: string) => requestBytes({ path: '/x', headers: { 'x-a': 'b' }, body });

describe('The sender', () => {
  test('reads an answer of a told length and one in chunks, letter for letter', async () => {
    for (const length of [true, false]) {
      const port = await serve(echo((body) => ({ chunks: ['北京'.repeat(40_000), body, '0\r\n'], length })));
      expect(await askOnce(port, bytes('问'))).toEqual({ status: 200, text: `${'北京'.repeat(40_000)}问0\r\n` });
      close();
    }
  });

  test('sends each request once, whatever the number of callers', async () => {
    const seen: string[] = [];
    const port = await serve(
      echo((body) => {
        seen.push(body);
        return { chunks: ['{}'], length: true };
      }),
    );
    const requests = Array.from({ length: 50 }, (_, position) => bytes(String(position)));
    const sent = await send({ port, requests, callers: 16, seconds: 20 });
    expect(sent).toMatchObject({ requests: 50, bytes: 100 });
    expect(seen.map(Number).sort((left, right) => left - right)).toEqual(Array.from({ length: 50 }, (_, position) => position));
    expect(sent.p99).toBeGreaterThanOrEqual(sent.p50);
  });

  test('goes round and round until its time is over', async () => {
    const port = await serve(echo(() => ({ chunks: ['{}'], length: true })));
    const sent = await send({ port, requests: [bytes('1')], callers: 2, seconds: 0.3, again: true });
    expect(sent.requests).toBeGreaterThan(2);
  });

  test('a status that is not 200 counts as refused and for nothing else', async () => {
    const port = await serve(echo((body) => ({ status: body === '7' ? 503 : 200, chunks: ['{}'], length: true })));
    const requests = Array.from({ length: 10 }, (_, position) => bytes(String(position)));
    expect(await send({ port, requests, callers: 3, seconds: 20 })).toMatchObject({ requests: 9, refused: 1, bytes: 18 });
  });

  test('an answer that names errors ends the run', async () => {
    const requests = [bytes('1')];
    const failing = await serve(echo(() => ({ chunks: ['{"errors":[{"message":"no"}]}'] })));
    await expect(send({ port: failing, requests, callers: 1, seconds: 20 })).rejects.toThrow('"errors":[');
  });

  test('a connection that the server closes is no answer', async () => {
    const port = await serve((request) => request.socket.destroy());
    await expect(send({ port, requests: [bytes('1')], callers: 1, seconds: 20 })).rejects.toThrow();
  });
});
