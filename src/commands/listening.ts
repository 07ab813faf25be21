/** A gateway that listens, or why it does not. */
import type { Config } from '../config.js';
import { Fault } from '../faults.js';
import type { Gateway } from '../zone.js';

/** Time that requests under way have to end after a signal, in ms. */
export const DRAIN_MS = 10_000;

/** @returns the address. @throws Fault CONFIG_FAULTY where another listens there */
export function listening(gateway: Gateway, { port, host }: Pick<Config, 'port' | 'host'>): Promise<string> {
  return gateway.listen().catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'EADDRINUSE' ? 'another process listens there' : error.code;
    throw new Fault('CONFIG_FAULTY', { detail: `PORT ${port} on ${host}: ${why}`, cause: error });
  });
}
