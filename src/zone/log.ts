/** The process's own log: lines of JSON on standard error, tokens left out. */
import { type Logger, pino } from 'pino';
import type { Config } from '../config.js';

export function openLog({ logLevel }: Pick<Config, 'logLevel'>): Logger {
  return pino({ level: logLevel, redact: ['authorization', '*.authorization', 'token', '*.token'] }, pino.destination({ dest: 2, sync: false }));
}
