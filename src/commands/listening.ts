/** A gateway that listens, or why it does not. */
import { createServer } from 'node:net';
import type { Config } from '../config.js';
import { Fault } from '../faults.js';
import type { Gateway } from '../zone.js';

/** Time that requests under way have to end after a signal, in ms. */
export const DRAIN_MS = 10_000;

/** @returns the address. @throws Fault CONFIG_FAULTY where another listens there */
export function listening(gateway: Gateway, config: Pick<Config, 'port' | 'host'>): Promise<string> {
  return gateway.listen().catch((error) => {
    throw taken(config, error);
  });
}

/** Told at once, and not only when processes that take seconds to begin come to listen. @throws Fault CONFIG_FAULTY where another listens there */
export async function demandFreePort({ port, host }: Pick<Config, 'port' | 'host'>): Promise<void> {
  const server = createServer();
  await new Promise<void>((free, failed) => server.once('error', failed).listen({ port, host, exclusive: true }, free)).catch((error) => {
    throw taken({ port, host }, error);
  });
  await new Promise((closed) => server.close(closed));
}

function taken({ port, host }: Pick<Config, 'port' | 'host'>, error: NodeJS.ErrnoException): Fault {
  const why = error.code === 'EADDRINUSE' ? 'another process listens there' : error.code;
  return new Fault('CONFIG_FAULTY', { detail: `PORT ${port} on ${host}: ${why}`, cause: error });
}
