/** The process's own log: lines of JSON on standard error, tokens left out. */
import { type Logger, pino } from 'pino';
import { causeOf } from '../cause.js';
import type { Config } from '../config.js';

export function openLog({ logLevel }: Pick<Config, 'logLevel'>): Logger {
  return pino({ level: logLevel, redact: ['authorization', '*.authorization', 'token', '*.token'] }, pino.destination({ dest: 2, sync: false }));
}

/** The same for one of several processes, whose lines say which. */
export function openLogOf(worker: number, config: Pick<Config, 'logLevel'>): Logger {
  return openLog(config).child({ worker });
}

/** Logs a failure of what goes on beside requests, and is tried again by itself. */
export function failing(log: Logger): (what: string) => (error: unknown) => void {
  return (what) => (error) => log.error({ cause: causeOf(error) ?? 'unknown' }, what);
}
