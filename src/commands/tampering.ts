/**
 * One byte of one entry changed as the owner of the table, which nobody else can do, and put back. For the sandbox alone:
 * it shows that the verifier names the entry. The text as it was is kept in a file before anything is touched.
 */
import { writeFileSync } from 'node:fs';
import { Fault } from '../faults.js';
import type { Postgres } from '../postgres.js';

export interface Tampering {
  /** Owner of the table. */
  readonly postgres: Postgres;
  /** Entry that is changed. */
  readonly receipt: string;
  /** A text in the entry, whose last byte becomes another. */
  readonly within: string;
  /** File that keeps the entry as it was. */
  readonly kept: string;
}

/** Works while the byte is another one. The byte is put back whatever happens, Ctrl-C included. */
export async function whileTampered({ postgres, receipt, within, kept }: Tampering, work: () => Promise<unknown>): Promise<void> {
  const [row] = await postgres.query<{ entry: string }>({ text: 'select entry from audit_entry where id = $1', values: [receipt] });
  const place = row?.entry.indexOf(within) ?? -1;
  if (!row || place < 0) throw new Fault('RECEIPT_UNKNOWN');
  const { entry } = row;
  writeFileSync(kept, entry, { mode: 0o600 });
  const last = place + within.length - 1;
  const changed = `${entry.slice(0, last)}${entry[last] === '0' ? '1' : '0'}${entry.slice(last + 1)}`;
  const put = (text: string) => postgres.query({ text: 'update audit_entry set entry = $2 where id = $1', values: [receipt, text] });
  // A signal ends the process that verifies, and then this one, with the byte at its place again.
  const stay = () => undefined;
  for (const signal of SIGNALS) process.on(signal, stay);
  try {
    await put(changed);
    await work();
  } finally {
    await put(entry);
    for (const signal of SIGNALS) process.off(signal, stay);
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
