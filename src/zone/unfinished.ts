/** A zone that is being filled, or whose filling was broken off, is neither served nor delivered into. */
import { Fault } from '../faults.js';
import type { Postgres } from '../postgres.js';

/** @throws Fault ZONE_UNFINISHED, ZONE_UNAVAILABLE */
export async function refuseUnfinished(postgres: Postgres): Promise<void> {
  const [begun] = await postgres.query<{ reason: string }>({ text: 'select reason from seeding' });
  if (begun) throw new Fault('ZONE_UNFINISHED', { detail: begun.reason });
}
