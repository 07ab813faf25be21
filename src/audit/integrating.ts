/**
 * Hands entries to who keeps an index of them, so that none can stop the log: what an index refuses because of what an entry
 * says is told and left out of that index, and the rest goes in. Anything else that fails, fails the step as before.
 */
import type { Client } from '../postgres.js';

/** Values that PostgreSQL does not take (22), and what is too large for it (54); everything else is no fault of an entry. */
const OF_VALUES = /^(22|54)/;

/** @returns those that were left out, each with why */
export async function integrateAll<Entry>(
  client: Client,
  integration: { integrate(client: Client, entries: readonly Entry[]): Promise<void> },
  entries: readonly Entry[],
): Promise<{ readonly entry: Entry; readonly error: unknown }[]> {
  if (entries.length === 0) return [];
  await client.query('savepoint integration');
  try {
    await integration.integrate(client, entries);
    await client.query('release savepoint integration');
    return [];
  } catch (error) {
    if (!isOfAnEntry(error)) throw error;
    await client.query('rollback to savepoint integration');
    await client.query('release savepoint integration');
    if (entries.length === 1) return [{ entry: entries[0] as Entry, error }];
    const half = Math.ceil(entries.length / 2);
    return [...(await integrateAll(client, integration, entries.slice(0, half))), ...(await integrateAll(client, integration, entries.slice(half)))];
  }
}

function isOfAnEntry(error: unknown): boolean {
  if (error instanceof TypeError || error instanceof RangeError) return true;
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && OF_VALUES.test(code);
}
